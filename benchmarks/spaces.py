"""`python -m benchmarks.spaces`: how long each space takes, ÷ the time of `rgb`."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.tables import markdown, plain

if TYPE_CHECKING:
    from kbatch.data import U8

OUTPUT = Path(__file__).parent / "out"
DISTRIBUTIONS = ("kbatch-image", "numpy", "numba")
SPACES = ("rgb", "linear", "oklab", "lab", "gray")
STRATEGIES = ("l2", "l1")
KS = (12, 48, 256)
REPEATS = 7
MOST = 2.0  # times the time of rgb, of oklab
HEADER = ("strategy", "K", "rgb, ms", *(f"{space} ÷ rgb" for space in SPACES[1:]))
NOTES = f"""\
`kbatch.quantize` of an RGB array, warm, on one core. The spaces take turns in one process; the
least processor time of {REPEATS} calls counts, since others may want the core. Ratios are means
over the pictures."""

Times = Sequence[Sequence[float]]


def main(arguments: Sequence[str]) -> int:
    """Measures, prints a table and the goal as met or missed, and writes spaces.md.

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
        f"Command: python -m benchmarks.spaces {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(found)}",
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    rows: list[Sequence[str]] = [HEADER]
    verdicts: list[Sequence[str]] = [("verdict", "goal", "measured")]
    for strategy in STRATEGIES:
        for k in KS:
            times = measure(found, k, strategy)
            rows.append(row(strategy, k, times))
            verdicts.append(judge(strategy, k, times))
    print(plain(rows), plain(verdicts), sep="\n\n")
    page = ["# Spaces", *("- " + fact for fact in facts), "\n" + NOTES]
    page += ["\n" + markdown(rows), "\n" + markdown(verdicts)]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "spaces.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    return 0


def measure(pictures: Mapping[str, U8], k: int, strategy: str) -> Times:
    """Returns the seconds of each space, for each picture.

    Args:
        pictures: uint8 (H, W, 3) by name.
        k: entries.
        strategy: by its name.
    """
    from benchmarks.turns import best
    from kbatch import quantize

    times = []
    for pixels in pictures.values():
        calls = [partial(quantize, pixels, k, strategy=strategy, space=name) for name in SPACES]
        times.append(best(calls, REPEATS, clock=time.process_time))
    return times


def ratios(times: Times) -> Mapping[str, float]:
    """Returns the time of each space ÷ that of rgb, a mean over the pictures."""
    return {
        space: fmean(mine[place] / mine[0] for mine in times) for place, space in enumerate(SPACES)
    }


def row(strategy: str, k: int, times: Times) -> Sequence[str]:
    """Returns a line of the table."""
    _, *others = ratios(times).values()
    rgb = fmean(mine[0] for mine in times) * 1e3
    return strategy, str(k), f"{rgb:.1f}", *(f"{other:.2f}" for other in others)


def judge(strategy: str, k: int, times: Times) -> Sequence[str]:
    """Returns the goal of oklab as met or missed."""
    from benchmarks.goals import Verdict

    measured = ratios(times)["oklab"]
    goal = f"oklab at most {MOST:.0f} × the time of rgb ({strategy}, K = {k})"
    return Verdict(goal, f"mean {measured:.2f}", measured <= MOST).row()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.spaces", description=__doc__)
    add = parser.add_argument
    add("--pictures", type=Path, metavar="DIR", help="default: photos that scikit-image brings")
    add("--limit", type=int, metavar="N", help="only the first N pictures")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where spaces.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
