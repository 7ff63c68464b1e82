"""`python -m benchmarks.alpha`: pictures with alpha beside libimagequant, in error and in time."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.tables import UNKNOWN, markdown, plain

if TYPE_CHECKING:
    from benchmarks.goals import Verdict
    from kbatch.data import I64, U8

OUTPUT = Path(__file__).parent / "out"
DISTRIBUTIONS = ("kbatch-image", "numpy", "numba", "imagequant", "scikit-image", "pillow")
KS = (16, 64, 256)
REPEATS = 5
MOST_ERROR = 0.95  # of libimagequant's, the mean of the pictures
GROUNDS = {"black": 0, "white": 255}
HEADER = (
    *("K", "pictures", "over black", "worst", "over white", "worst"),
    *("ms", "speed", "slowest"),
)
NOTES = f"""\
From RGBA array to palette and index array by `kbatch.quantize` and by `quantize_raw_rgba_bytes`
without dithering, warm, on one core. The calls take turns in one process, the best of {REPEATS}
each. Errors are squared, summed over the channels of pixels laid on black and on white; shown are
ours ÷ libimagequant's, the mean and the worst of the pictures that have more colours than
entries: both keep the others as they are. Speed is libimagequant's time ÷ ours."""

Numbers = Mapping[str, Sequence[float]]


def main(arguments: Sequence[str]) -> int:
    """Measures, prints a table and each goal as met or missed, and writes alpha.md.

    Args:
        arguments: of the command line.

    Returns:
        0, also when a goal is missed: this is a measurement. 2 when there is nothing to measure.
    """
    given = _parser().parse_args(arguments)
    pinned = machine.one_core()
    # only now: these bring NumPy, which reads how many threads it may use
    from benchmarks.pictures import NoPicturesError, with_alpha

    try:
        found = with_alpha(given.pictures)
    except NoPicturesError as error:
        print(error, file=sys.stderr)
        return 2
    facts = [
        f"Command: python -m benchmarks.alpha {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(found)}",
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    rows: list[Sequence[str]] = [HEADER]
    verdicts: list[Sequence[str]] = [("verdict", "goal", "measured")]
    for k in KS:
        numbers = measure(found, k)
        rows.append(_row(k, numbers))
        verdicts += [verdict.row() for verdict in judge(k, numbers)]
    print(plain(rows), plain(verdicts), sep="\n\n")
    page = ["# Pictures with alpha", *("- " + fact for fact in facts), "\n" + NOTES]
    page += ["\n" + markdown(rows), "\n" + markdown(verdicts)]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "alpha.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    return 0


def measure(pictures: Mapping[str, U8], k: int) -> Numbers:
    """Returns a number a picture of each kind: `ms`, `speed`, and the ratios `black` and `white`.

    Args:
        pictures: uint8 (H, W, 4) by name; those of at most k colours are left out of the ratios.
        k: entries.
    """
    from benchmarks.peers import libimagequant_rgba, rgba_bytes
    from benchmarks.turns import best
    from kbatch import quantize

    numbers: dict[str, list[float]] = {kind: [] for kind in ("ms", "speed", *GROUNDS)}
    for pixels in pictures.values():
        prepared = rgba_bytes(pixels)
        result, (theirs, peer) = quantize(pixels, k), libimagequant_rgba(prepared, k)
        calls: list[Callable[[], object]] = [
            lambda pixels=pixels: quantize(pixels, k),  # type: ignore[misc]
            lambda prepared=prepared: libimagequant_rgba(prepared, k),  # type: ignore[misc]
        ]
        ours, other = best(calls, REPEATS)
        numbers["ms"].append(ours * 1e3)
        numbers["speed"].append(other / ours)
        if colors(pixels) <= k:
            continue
        for name, ground in GROUNDS.items():
            mine = error_over(ground, pixels, result.palette[result.indices])
            their = error_over(ground, pixels, theirs[peer])
            numbers[name].append(mine / their if their else 1.0)
    return numbers


def judge(k: int, numbers: Numbers) -> Iterator[Verdict]:
    """Yields the goals at one k."""
    from benchmarks.goals import Verdict

    for name in GROUNDS:
        goal = f"error over {name}, at most {MOST_ERROR} of libimagequant's (K = {k})"
        if not numbers[name]:
            yield Verdict(goal, "no picture has more colours than entries", None)
            continue
        mean = fmean(numbers[name])
        yield Verdict(goal, f"mean {mean:.3f}", mean <= MOST_ERROR)


def colors(pixels: U8) -> int:
    """Counts the distinct colours of uint8 (H, W, 4) pixels."""
    import numpy as np

    return len(np.unique(pixels.view(np.uint32)))


def error_over(ground: int, pixels: U8, made: U8) -> float:
    """Returns the squared error of what is seen on a grey, summed over the channels, a pixel.

    Args:
        ground: the grey, 0 to 255, that both are laid on in stored values, as browsers do.
        pixels: uint8 (H, W, 4), straight alpha.
        made: the same with other colours.
    """
    import numpy as np

    def seen(rgba: U8) -> I64:  # 255 times too large, and so exact
        color, alpha = rgba[..., :3].astype(np.int64), rgba[..., 3:].astype(np.int64)
        return color * alpha + ground * (255 - alpha)

    off = (seen(pixels) - seen(made)) / 255
    return float((off**2).sum(axis=2).mean())


def _row(k: int, numbers: Numbers) -> Sequence[str]:
    black, white, speed = numbers["black"], numbers["white"], numbers["speed"]
    errors = (fmean(black), max(black), fmean(white), max(white)) if black else ()
    return (
        str(k),
        f"{len(black)} of {len(speed)}",
        *([f"{figure:.3f}" for figure in errors] or [UNKNOWN] * 4),
        f"{fmean(numbers['ms']):.1f}",
        f"{fmean(speed):.1f}",
        f"{min(speed):.1f}",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.alpha", description=__doc__)
    add = parser.add_argument
    add("--pictures", type=Path, metavar="DIR", help="default: made of what scikit-image brings")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where alpha.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
