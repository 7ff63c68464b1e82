"""`python -m benchmarks.dither`: ditherers beside libimagequant's, in time and in what is seen."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.tables import markdown, plain

if TYPE_CHECKING:
    from benchmarks.goals import Verdict
    from kbatch.data import F64, U8

OUTPUT = Path(__file__).parent / "out"
DISTRIBUTIONS = ("kbatch-image", "numpy", "numba", "imagequant")
DITHERERS = ("none", "floyd-steinberg", "sierra-lite", "ordered")
KS = (16, 64, 256)
REPEATS = 7
SIGMA = 1.5  # of the blur, in pixels
MOST_NS = {16: 10, 64: 12, 256: 12}
MOST_ERROR = {16: 0.82, 64: 0.58, 256: 0.52}
SPEED, SLOWEST = 8, 6
HEADER = ("K", "ditherer", "ns a pixel", "ms in all", "speed", "slowest", "MSE", "ratio")
NOTES = f"""\
From RGB array to palette and dithered index array, warm, on one core. The calls take turns in one
process, the best of {REPEATS} each. ns a pixel is of the ditherer alone, given the palette and the
nearest entries; ms in all is of `kbatch.quantize`, which computes the errors of the pixels too.
Speed is libimagequant's time (`quantize_raw_rgba_bytes`, dithering level 1) ÷ ours, mean and the
slowest picture. MSE is the mean squared error of a channel after a Gaussian blur of {SIGMA} pixels;
the ratio is to libimagequant's own dithered picture, a mean over the pictures."""

Numbers = Mapping[str, Sequence[float]]


def main(arguments: Sequence[str]) -> int:
    """Measures, prints a table and each goal as met or missed, and writes dither.md.

    Args:
        arguments: of the command line.

    Returns:
        0, also when a goal is missed: this is a measurement. 2 when there is nothing to measure.
    """
    given = _parser().parse_args(arguments)
    pinned = machine.one_core()
    # only now: these bring NumPy, which reads how many threads it may use
    from benchmarks.pictures import NoPicturesError, pictures

    try:
        found = pictures(given.pictures, given.limit)
    except NoPicturesError as error:
        print(error, file=sys.stderr)
        return 2
    facts = [
        f"Command: python -m benchmarks.dither {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(found)}",
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    rows: list[Sequence[str]] = [HEADER]
    verdicts: list[Sequence[str]] = [("verdict", "goal", "measured")]
    for k in KS:
        numbers = {name: measure(found, k, name) for name in DITHERERS}
        rows += [_row(k, name, mine) for name, mine in numbers.items()]
        verdicts += [verdict.row() for verdict in judge(k, numbers["floyd-steinberg"])]
    print(plain(rows), plain(verdicts), sep="\n\n")
    page = ["# Dithering", *("- " + fact for fact in facts), "\n" + NOTES]
    page += ["\n" + markdown(rows), "\n" + markdown(verdicts)]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "dither.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    return 0


def measure(pictures: Mapping[str, U8], k: int, name: str) -> Numbers:
    """Returns a number a picture of each kind: `ns`, `ms`, `speed`, `mse` and `ratio`.

    Args:
        pictures: uint8 (H, W, 3) by name.
        k: entries.
        name: of the ditherer.
    """
    from benchmarks.peers import libimagequant, rgba_bytes
    from benchmarks.turns import best
    from kbatch import quantize

    numbers: dict[str, list[float]] = {kind: [] for kind in ("ns", "ms", "speed", "mse", "ratio")}
    for pixels in pictures.values():
        prepared = rgba_bytes(pixels)
        theirs, peer = libimagequant(prepared, k, 1.0)
        result = quantize(pixels, k, dither=name)
        calls: list[Callable[[], object]] = [
            _alone(pixels, k, name),
            lambda pixels=pixels: quantize(pixels, k, dither=name),  # type: ignore[misc]
            lambda prepared=prepared: libimagequant(prepared, k, 1.0),  # type: ignore[misc]
        ]
        alone, ours, other = best(calls, REPEATS)
        seen = [
            blurred_error(pixels, palette[indices])
            for palette, indices in ((result.palette[:, :3], result.indices), (theirs, peer))
        ]
        numbers["ns"].append(alone * 1e9 / result.indices.size)
        numbers["ms"].append(ours * 1e3)
        numbers["speed"].append(other / ours)
        numbers["mse"].append(seen[0])
        numbers["ratio"].append(seen[0] / seen[1] if seen[1] else 1.0)
    return numbers


def judge(k: int, numbers: Numbers) -> Iterator[Verdict]:
    """Yields the goals of floyd-steinberg at one k."""
    from benchmarks.goals import Verdict

    ns, speed, slowest = fmean(numbers["ns"]), fmean(numbers["speed"]), min(numbers["speed"])
    ratio = fmean(numbers["ratio"])
    goal = f"floyd-steinberg alone, at most {MOST_NS[k]} ns a pixel (K = {k})"
    yield Verdict(goal, f"mean {ns:.1f}", ns <= MOST_NS[k])
    goal = f"quantise and dither, at least {SPEED} × libimagequant's speed, {SLOWEST} × (K = {k})"
    figure = f"mean {speed:.1f}, worst {slowest:.1f}"
    yield Verdict(goal, figure, speed >= SPEED and slowest >= SLOWEST)
    goal = f"blurred error, at most {MOST_ERROR[k]} of libimagequant's (K = {k})"
    yield Verdict(goal, f"mean {ratio:.3f}", ratio <= MOST_ERROR[k])


def blurred_error(pixels: U8, made: U8) -> float:
    """Returns the mean squared difference of a channel after a Gaussian blur.

    Args:
        pixels: uint8 (H, W, 3).
        made: the same with other colours.
    """
    import numpy as np

    off: F64 = pixels.astype(np.float64) - made
    return float((_blurred(_blurred(off, 0), 1) ** 2).mean())


def _blurred(values: F64, axis: int) -> F64:
    """Returns values blurred along an axis, mirrored at the edges."""
    import numpy as np

    reach = round(4 * SIGMA)
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SIGMA) ** 2)
    along = np.moveaxis(values, axis, 0)
    padded = np.pad(along, [(reach, reach), (0, 0), (0, 0)], mode="symmetric")
    parts = (w * padded[i : i + len(along)] for i, w in enumerate(weight / weight.sum()))
    blurred: F64 = np.moveaxis(sum(parts, start=np.zeros_like(along)), 0, axis)
    return blurred


def _alone(pixels: U8, k: int, name: str) -> Callable[[], object]:
    """Returns a call of the ditherer with all that it is given ready."""
    from kbatch import core, pipeline, quantize
    from kbatch.data import Picture
    from kbatch.registry import discover

    registry = discover()
    strategy, space = registry.build("strategy", "l2"), registry.build("space", "rgb")
    ditherer = registry.build("dither", name)
    palette = quantize(pixels, k).palette
    picture = Picture(pixels[None])
    colors = core.collect(picture)
    labels, _ = core.Placed(colors, space).nearest(palette[:, :3], strategy)
    indices = core.pixels_of(labels, colors).reshape(picture.pixels.shape[:3])
    start, writer = registry.build("init", "split"), registry.build("writer", "png")
    parts = pipeline.Parts(strategy, start, space, ditherer, writer)
    nearest = pipeline._Nearest(palette[:, :3], parts)
    return lambda: ditherer.dither(picture.pixels, indices, palette, nearest)


def _row(k: int, name: str, numbers: Numbers) -> Sequence[str]:
    mean = {kind: fmean(found) for kind, found in numbers.items()}
    return (
        str(k),
        name,
        f"{mean['ns']:.1f}",
        f"{mean['ms']:.1f}",
        f"{mean['speed']:.1f}",
        f"{min(numbers['speed']):.1f}",
        f"{mean['mse']:.2f}",
        f"{mean['ratio']:.3f}",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.dither", description=__doc__)
    add = parser.add_argument
    add("--pictures", type=Path, metavar="DIR", help="default: photos that scikit-image brings")
    add("--limit", type=int, metavar="N", help="only the first N pictures")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where dither.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
