"""`python -m benchmarks.startup`: how long commands take to start, beside importing NumPy."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks import machine

PAIRS = 9
NUMPY = ("-c", "import numpy")
HELP = ("-m", "kbatch", "--help")
LIMIT = 2.0
QUANTIZE = ("-m", "kbatch", "quantize", "--force")
QUANTIZE_LIMIT = 6.0
NOTES = """\
Whole processes take turns. Python keeps the bytecode of all sources in a folder of the measurement,
which a pair that doesn't count has filled, and the kernels are compiled: as on a user's machine.
"""


def pairs(count: int, ours: Sequence[str] = HELP) -> list[tuple[float, float]]:
    """Returns the seconds of so many alternating runs of both, as whole processes.

    Args:
        count: how many pairs; one more runs before them, so that files are in memory, and sources
            and kernels compiled.
        ours: arguments of Python that are measured beside `import numpy`.
    """
    with tempfile.TemporaryDirectory(prefix="kbatch-bytecode-") as bytecode:
        environment = machine.environment(Path(bytecode))
        return [
            (_seconds(ours, environment), _seconds(NUMPY, environment)) for _ in range(count + 1)
        ][1:]


def report(
    found: Sequence[tuple[float, float]], name: str = "kbatch --help", limit: float = LIMIT
) -> str:
    """Returns the medians of both, of the pairs' ratios, and whether the goal is met.

    Args:
        found: what `pairs` returned.
        name: of what was measured.
        limit: most that the median ratio may be.
    """
    ratio = median(ours / theirs for ours, theirs in found)
    width = len(name) + 2
    return "\n".join(
        (
            f"{name:{width}}{median(ours for ours, _ in found) * 1000:.0f} ms",
            f"{'import numpy':{width}}{median(theirs for _, theirs in found) * 1000:.0f} ms",
            f"{'PASS' if ratio <= limit else 'FAIL'}  {name} takes at most {limit:g} times "
            f"as long: median ratio {ratio:.2f} of {len(found)} pairs",
        )
    )


def quantize_tiny(folder: Path) -> tuple[str, ...]:
    """Returns arguments of Python that compress a tiny picture, which is written into a folder."""
    from PIL import Image

    Image.linear_gradient("L").resize((16, 16)).convert("RGB").save(folder / "tiny.png")
    return (*QUANTIZE, str(folder / "tiny.png"))


def _seconds(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    command = [sys.executable, *arguments]
    started = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    print(machine.describe())
    print(machine.versions(("kbatch-image", "numpy", "numba")))
    print("\n".join((*machine.burdens(), "", NOTES)))
    print(report(pairs(PAIRS)))
    with tempfile.TemporaryDirectory() as scratch:
        tiny = pairs(PAIRS, quantize_tiny(Path(scratch)))
    print(report(tiny, "kbatch quantize tiny.png", QUANTIZE_LIMIT))
