"""What the command line sets for its own process, and a library must not."""

from __future__ import annotations

import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of glibc's malloc.h
LARGEST, KEPT = 32 << 20, 256 << 20  # bytes; glibc takes no larger threshold


def keep_freed_memory() -> None:
    """Tells the C library to keep what is freed, where it can be told.

    Pictures come and go: memory that is new from the system each time costs a tenth of a run.
    """
    if sys.platform != "linux":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and mallopt(MMAP_THRESHOLD, LARGEST):  # as in glibc
        mallopt(TRIM_THRESHOLD, KEPT)
