"""Memory that `kbatch.quantize` takes beyond its picture, measured in a fresh process each time.

The system's own count of resident memory (`/proc/self/status`): the highest during the call, less
what was resident just before it, when program, kernels and picture were loaded and a corner had
been quantised. The result counts, a byte a pixel. `ru_maxrss` would not do: on Linux a new process
begins with its parent's peak.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbatch.data import U8

ROOT = Path(__file__).parents[1]
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
WARM_UP = 96  # pixels of the corner's sides
# What is freed goes back to the system at once, so that leftovers of the corner hide nothing.
GLIBC = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


def beyond(pixels: U8, k: int, strategy: str = "l2") -> int | None:
    """Returns the bytes that one call takes beyond the picture, None where the system can't tell.

    Args:
        pixels: uint8 (H, W, 3).
        k: number of colours.
        strategy: `l2` or `l1`.
    """
    if not STATUS.exists():
        return None
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pixels.npy")
        np.save(file, pixels)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", str(file), str(k), strategy],
            cwd=ROOT,
            env=os.environ | GLIBC,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return int(done.stdout)


def main(arguments: Sequence[str]) -> None:
    """Prints the bytes for one picture.

    Args:
        arguments: a .npy file of uint8 (H, W, 3), the number of colours, and the strategy.
    """
    import numpy as np

    from kbatch import quantize

    file, k, strategy = arguments
    pixels = np.load(file)
    quantize(pixels[:WARM_UP, :WARM_UP], int(k), strategy)
    _forget_peak()
    before = _kilobytes("VmRSS")
    result = quantize(pixels, int(k), strategy)
    taken = _kilobytes("VmHWM") - before
    assert result.indices.shape == pixels.shape[:2]
    print(taken * 1024)


def _kilobytes(name: str) -> int:
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def _forget_peak() -> None:
    try:
        RESET.write_text("5")
    except OSError:  # then an earlier peak may count too: the figure is never too small
        return


if __name__ == "__main__":
    main(sys.argv[1:])
