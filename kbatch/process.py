"""What the command line sets for its own process, and a library must not."""

from __future__ import annotations

import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of glibc's malloc.h
LARGEST, KEPT = 64 << 20, 256 << 20  # bytes


def keep_freed_memory() -> None:
    """Tells the C library to keep what is freed, where it can be told.

    Pictures come and go: memory that is new from the system each time costs a tenth of a run.
    """
    if sys.platform != "linux":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # as in glibc
        mallopt(MMAP_THRESHOLD, LARGEST)
        mallopt(TRIM_THRESHOLD, KEPT)
