"""`python -m benchmarks.startup`: how long `kbatch --help` takes beside importing NumPy."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

from benchmarks import machine

PAIRS = 9
LIMIT = 2.0
HELP = ("-m", "kbatch", "--help")
NUMPY = ("-c", "import numpy")


def pairs(count: int) -> list[tuple[float, float]]:
    """Returns the seconds of so many alternating runs of both, as whole processes.

    Args:
        count: how many pairs; one more runs before them, so that files are in memory.
    """
    return [(_seconds(HELP), _seconds(NUMPY)) for _ in range(count + 1)][1:]


def report(found: Sequence[tuple[float, float]]) -> str:
    """Returns the medians of both, of the pairs' ratios, and whether the goal is met."""
    ratio = median(ours / theirs for ours, theirs in found)
    return "\n".join(
        (
            f"kbatch --help  {median(ours for ours, _ in found) * 1000:.0f} ms",
            f"import numpy   {median(theirs for _, theirs in found) * 1000:.0f} ms",
            f"{'PASS' if ratio <= LIMIT else 'FAIL'}  kbatch --help takes at most {LIMIT:g} times "
            f"as long: median ratio {ratio:.2f} of {len(found)} pairs",
        )
    )


def _seconds(arguments: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(machine.describe())
    print(machine.versions(("kbatch-image", "numpy")))
    print(report(pairs(PAIRS)))
