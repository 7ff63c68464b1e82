"""`python -m benchmarks.growth`: how time and memory grow with pixels, colours and K."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.growth_report import STRATEGIES, Point, growth, plot, table, verdicts
from benchmarks.tables import markdown, plain

if TYPE_CHECKING:
    from kbatch.data import U8

OUTPUT = Path(__file__).parent / "out"
DISTRIBUTIONS = ("kbatch-image", "numpy", "numba", "pillow")
REPEATS = 5
K = 48  # where k is not what grows
MEGAPIXELS, QUICK_MEGAPIXELS = (0.1, 0.3, 1, 3, 10, 30, 100), (0.1, 1, 10)
COLORS, QUICK_COLORS = (100, 1000, 10**4, 10**5, 10**6, 4 * 10**6, 256**3), (100, 10**4, 10**6)
SIDE, QUICK_SIDE = 4096, 1024
KS, QUICK_KS = (2, 4, 8, 16, 32, 64, 128, 256), (4, 32, 256)
NOTES = f"""\
From RGB array to palette and index array by `kbatch.quantize` at its defaults, warm, on one core:
best of {REPEATS} calls, or the only one where it takes longer than 5 s; l2 and l1 take turns.
K = {K} where K is not what grows. Memory is what a fresh process needs beyond program, kernels and
picture at its highest, the result included. An exponent is the slope on logarithmic scales.

- Pixels: the photo at other sizes by bicubic interpolation, then Gaussian noise of half a level on
  each channel; the table says how many distinct colours that gives.
- Colours: {SIDE}×{SIDE} pixels ({QUICK_SIDE}×{QUICK_SIDE} with --quick), their colours drawn evenly
  from all 16.7 million, each nearly as often, at random places, which is the hardest case for a
  processor's caches. The last picture has every colour once.
- K: the photo as it is."""


@dataclass(frozen=True)
class Series:
    """What grows.

    Attributes:
        name: `pixels`, `colours` or `K`.
        steps: the number that grows, how to make its picture, and k.
    """

    name: str
    steps: Sequence[tuple[float, Callable[[], U8], int]]


def all_series(photo: U8, *, quick: bool) -> list[Series]:
    """Returns the three things that grow.

    Args:
        photo: uint8 (H, W, 3).
        quick: fewer steps, and small ones.
    """
    from benchmarks.made import resized, with_colors

    sizes = QUICK_MEGAPIXELS if quick else MEGAPIXELS
    counts, side = (QUICK_COLORS, QUICK_SIDE) if quick else (COLORS, SIDE)
    ks = QUICK_KS if quick else KS
    return [
        Series("pixels", [(size, partial(resized, photo, size), K) for size in sizes]),
        Series("colours", [(count, partial(with_colors, count, side), K) for count in counts]),
        Series("K", [(k, lambda: photo, k) for k in ks]),
    ]


def measure(series: Series) -> Iterator[Point]:
    """Yields each step of a series with its times and memory."""
    from benchmarks.made import distinct
    from benchmarks.memory import beyond
    from benchmarks.turns import best
    from kbatch import quantize

    for x, make, k in series.steps:
        pixels = make()
        calls = [partial(quantize, pixels, k, strategy) for strategy in STRATEGIES]
        times = best(calls, REPEATS)
        yield Point(
            series=series.name,
            x=x,
            pixels=pixels.size // 3,
            colors=distinct(pixels),
            ms={name: seconds * 1000 for name, seconds in zip(STRATEGIES, times, strict=True)},
            beyond={name: beyond(pixels, k, name) for name in STRATEGIES},
        )


def main(arguments: Sequence[str]) -> int:
    """Measures, prints the tables, and writes growth.md and growth.svg.

    Args:
        arguments: of the command line.

    Returns:
        0, also when a goal is missed: this is a measurement. 2 when there is nothing to measure.
    """
    given = _parser().parse_args(arguments)
    pinned = machine.one_core()
    # only now: these bring NumPy, which reads how many threads it may use
    from benchmarks.pictures import NoPicturesError, pictures
    from kbatch import quantize

    try:
        ((name, photo),) = pictures(given.pictures, 1).items()
    except NoPicturesError as error:
        print(error, file=sys.stderr)
        return 2
    facts = [
        f"Command: python -m benchmarks.growth {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Photo: {name}, {photo.shape[1]}×{photo.shape[0]}",
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    for strategy in STRATEGIES:
        quantize(photo[:96, :96], K, strategy)
    points = []
    for series in all_series(photo, quick=given.quick):
        for point in measure(series):
            points.append(point)
            times = ", ".join(f"{name} {ms:.3g} ms" for name, ms in point.ms.items())
            print(f"{series.name} {point.x:,.12g}: {times}", file=sys.stderr, flush=True)
    report(facts, points, given.output)
    return 0


def report(facts: Sequence[str], points: Sequence[Point], folder: Path) -> None:
    """Prints the tables, and writes them as growth.md with a plot beside it.

    Args:
        facts: of the run, a line each.
        points: of all series.
        folder: where to; it is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = dict.fromkeys(point.series for point in points)
    tables = {
        f"Against {name}": table(
            "megapixels" if name == "pixels" else name,
            [point for point in points if point.series == name],
        )
        for name in names
    } | {"Exponents": growth(points)}
    goals = verdicts(points)
    for title, rows in tables.items():
        print(f"\n{title}\n{plain(rows)}")
    print("\nGoals", *goals, sep="\n")
    problem = plot(points, folder / "growth.svg")
    page = [
        "# Growth",
        *("- " + fact for fact in facts),
        "\n" + NOTES,
        "\n" + (problem or "![Time and memory against pixels, colours and K](growth.svg)"),
        *(f"\n## {title}\n\n{markdown(rows)}" for title, rows in tables.items()),
        "\n## Goals\n",
        *("- " + goal for goal in goals),
    ]
    (folder / "growth.md").write_text("\n".join(page) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.growth", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="three steps of each, and small ones: half a minute")
    add("--pictures", type=Path, metavar="DIR", help="its first picture; default: scikit-image's")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where growth.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
