"""One core, one thread, and what to call the machine. Imports nothing that starts threads."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from pathlib import Path

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
)


def one_core() -> str:
    """Confines this process to one core and one thread a library, and says how far that went.

    Call it before NumPy or a peer is imported: libraries read the environment only once.
    """
    for name in THREADS:
        os.environ[name] = "1"
    if not hasattr(os, "sched_setaffinity"):
        return "one thread a library (this system can't pin a process to a core)"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return f"core {core} only, one thread a library"


def limit_pools() -> str:
    """Limits the thread pools of the libraries that are loaded, and says how."""
    try:
        import threadpoolctl
    except ImportError:
        return "threads limited by the environment (threadpoolctl isn't installed)"
    threadpoolctl.threadpool_limits(limits=1)
    return "threads limited by the environment and threadpoolctl"


def describe() -> str:
    """Returns the processor, its cores, and the system."""
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def versions(distributions: Iterable[str]) -> str:
    """Returns the version of Python and of each distribution that is installed."""
    told = [f"Python {platform.python_version()}"]
    for name in distributions:
        try:
            told.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(told)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or "unknown processor"
