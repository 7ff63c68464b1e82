"""What the command line sets for its own process, and a library must not."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STDERR = 2  # as the system counts

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


@contextmanager
def libraries_silenced() -> Iterator[None]:
    """Sends what C libraries write to stderr nowhere; what Python writes goes where it went.

    libtiff tells of every odd tag of a damaged file in words for its developers, and can't be
    told not to; the reason of a failure is in its record.
    """
    theirs = sys.stderr
    try:
        real = theirs.fileno() == STDERR
    except (AttributeError, OSError, ValueError):  # there is none, or it is replaced already
        real = False
    if not real:
        yield
        return
    theirs.flush()
    descriptor = os.dup(STDERR)
    ours = open(  # noqa: SIM115, PTH123 - closed below, and no path
        descriptor, "w", buffering=1, encoding=theirs.encoding, errors=theirs.errors
    )
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), STDERR)
    sys.stderr = ours
    try:
        yield
    finally:
        sys.stderr = theirs
        os.dup2(descriptor, STDERR)
        with suppress(OSError):  # whoever read it has gone
            ours.close()
