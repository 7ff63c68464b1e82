"""What the command line sets for its own process, and a library must not."""

from __future__ import annotations

import gc
import os
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of glibc's malloc.h
LARGEST, KEPT = 32 << 20, 256 << 20  # bytes; glibc takes no larger threshold
NEW_OBJECTS = 200_000  # that live, between two searches for garbage; a start makes fewer


def start_lean() -> None:
    """Leaves out what a short run pays for and has nothing of.

    Python searches for garbage two hundred times in a start, which drops little. BLAS, which
    NumPy brings, makes a thread a core, which spins for a while; nothing here asks for it, and
    pictures run side by side already. Who sets OPENBLAS_NUM_THREADS decides.
    """
    gc.set_threshold(NEW_OBJECTS)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


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
