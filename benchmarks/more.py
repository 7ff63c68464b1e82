"""`python -m benchmarks.more`: the goals that are not in the main table, met or missed."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.tables import markdown

if TYPE_CHECKING:
    from benchmarks.goals import Verdict
    from kbatch.data import U8

OUTPUT = Path(__file__).parent / "out"
DISTRIBUTIONS = ("kbatch-image", "numpy", "numba", "imagequant", "pillow")
# in this order: what `threads` sets stays set
PARTS = ("memory", "study", "strategies", "large", "literature", "restarts", "threads")
LARGE = (2e6, 10e6)  # pixels
PAIRS = 25  # of a set of pictures on one thread and on two
AT_ONCE = 1.8  # least speed of two threads ÷ that of one
NOTES = f"""\
From RGB array to palette and index array by `kbatch.quantize`, warm, on one core but for the two
threads. Times of one line take turns in one process, the best of 5 or 7 calls each; ratios are a
picture's own, mean and worst. On two threads, all pictures go through each of them, in order and in
reverse, right after they went through one alone: the median of {PAIRS} such pairs, which means
nothing where other programs take a share of the cores. There the process is set up as `kbatch run`
sets itself up, which keeps freed memory: memory that is new from the system has to be cleared, for
which the threads of a process wait in turn. Memory is what a fresh process needs at its highest
during the call beyond what was resident before it, the result included. The ten variants are the
study's (K = 3, 6, 12, 24, 48 with l1 and l2) by a job's worker: counting colours, clustering,
rendering; the best of five times of each are added."""


def main(arguments: Sequence[str]) -> int:
    """Measures, prints each goal as met or missed, and writes more.md.

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
        big = _large(given.large)
    except NoPicturesError as error:
        print(error, file=sys.stderr)
        return 2
    facts = [
        f"Command: python -m benchmarks.more {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(found)}; large: {', '.join(big) or 'none'}",
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    wanted = given.parts or [part for part in PARTS if given.slow or part != "restarts"]
    parts = [part for part in PARTS if part in wanted]
    rows: list[Sequence[str]] = [("verdict", "goal", "measured")]
    for verdict in _measure(parts, found, big):
        rows.append(verdict.row())
        print("{}: {}: {}".format(*verdict.row()), flush=True)
    page = ["# More goals", *("- " + fact for fact in facts), "\n" + NOTES, "\n" + markdown(rows)]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "more.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    return 0


def _measure(parts: Sequence[str], found: dict[str, U8], big: dict[str, U8]) -> Iterator[Verdict]:
    from benchmarks import goals
    from kbatch import quantize

    corner = next(iter(found.values()))[:96, :96]
    for strategy in ("l2", "l1"):  # warm, whatever is measured
        quantize(corner, 48, strategy)
    given = {"memory": found | big, "large": big}
    for part in parts:
        measure = threads if part == "threads" else getattr(goals, part)
        yield from measure(given.get(part, found))


def threads(pictures: dict[str, U8]) -> Iterator[Verdict]:
    """All pictures on one thread alone and on each of two at once, as `kbatch run` is set up.

    That can't be taken back: whatever is measured later in this process is set up so too.
    """
    from benchmarks.goals import Verdict
    from kbatch import process, quantize

    goal = f"two pictures at once on two threads, at least {AT_ONCE} × one by one (K = 48, l2)"
    if (os.cpu_count() or 1) < 2:
        yield Verdict(goal, "this machine has one core", None)
        return
    process.start_lean()
    process.keep_freed_memory()

    def run(order: Sequence[U8]) -> None:
        for pixels in order:
            quantize(pixels, 48)

    there = list(pictures.values())
    back = there[::-1]
    others = machine.neighbours()
    with machine.all_cores(), ThreadPoolExecutor(2) as pool:
        pairs = [
            (_seconds(pool, run, there), _seconds(pool, run, there, back)) for _ in range(PAIRS + 1)
        ]
    yield at_once(goal, pairs[1:], others())  # memory is kept from then on


def at_once(goal: str, pairs: Sequence[tuple[float, float]], others: str) -> Verdict:
    """Judges two threads.

    Args:
        goal: in words.
        pairs: seconds of a set of pictures on one thread, and of twice as many on two.
        others: share of the cores that other programs took.
    """
    from benchmarks.goals import Verdict

    ratio = median(2 * alone / both for alone, both in pairs)
    alone, both = (median(each) * 1000 for each in zip(*pairs, strict=True))
    figure = (
        f"median {ratio:.2f} of {len(pairs)} pairs: {alone:.1f} ms alone, {both:.1f} ms for two; "
        f"other programs took {others} of the cores"
    )
    return Verdict(goal, figure, ratio >= AT_ONCE)


def _seconds(
    pool: ThreadPoolExecutor, run: Callable[[Sequence[U8]], None], *orders: Sequence[U8]
) -> float:
    """Returns how long it takes to run all orders at once, each on a thread."""
    started = time.perf_counter()
    for future in [pool.submit(run, order) for order in orders]:
        future.result()
    return time.perf_counter() - started


def _large(folder: Path | None) -> dict[str, U8]:
    """Returns the RGB photos of 2 to 10 megapixels in a folder."""
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    from benchmarks.pictures import NoPicturesError

    if folder is None:
        return {}
    if not folder.is_dir():
        raise NoPicturesError(f"{folder} is no folder: name another one with --large")
    found = {}
    for path in sorted(folder.iterdir()):
        try:
            with Image.open(path) as image:
                if image.mode == "RGB" and LARGE[0] <= image.width * image.height <= LARGE[1]:
                    found[path.name] = np.array(image)
        except (UnidentifiedImageError, IsADirectoryError, PermissionError):
            continue  # not a picture; a damaged one is an error that should be seen
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.more", description=__doc__)
    add = parser.add_argument
    add("--pictures", type=Path, metavar="DIR", help="default: photos that scikit-image brings")
    add("--large", type=Path, metavar="DIR", help="where photos of 2 to 10 megapixels are")
    add("--limit", type=int, metavar="N", help="only the first N pictures")
    add("--slow", action="store_true", help="also against slow K-Medians: minutes a picture")
    add("--parts", nargs="+", choices=PARTS, metavar="PART", help=f"only these: {', '.join(PARTS)}")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where more.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
