"""Cores, threads, the environment of what is measured, and what to call the machine.

Imports nothing that starts threads.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
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
STAT = Path("/proc/stat")


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


@contextmanager
def all_cores() -> Iterator[None]:
    """Lets this thread, and those that it starts, run on every core for a while."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def limit_pools() -> str:
    """Limits the thread pools of the libraries that are loaded, and says how."""
    try:
        import threadpoolctl
    except ImportError:
        return "threads limited by the environment (threadpoolctl isn't installed)"
    threadpoolctl.threadpool_limits(limits=1)
    return "threads limited by the environment and threadpoolctl"


def environment(bytecode: Path) -> dict[str, str]:
    """Returns the environment of a Python process whose time is measured.

    Python keeps what it compiled of sources, as users have it, whatever it was told here.

    Args:
        bytecode: where it is kept; a folder of the measurement's own, which its warm-up fills.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(bytecode)}


def burdens() -> list[str]:
    """Returns what slows the start of programs here and not where users are."""
    if find_spec("coverage") is None:
        return []
    return [
        "coverage is installed, and Numba imports it: some 30 ms of a start, which users don't pay"
    ]


def neighbours() -> Callable[[], str]:
    """Begins to watch the cores; what it returns tells the share that others took since then."""
    if not STAT.exists():
        return lambda: "an unknown share"
    everything, mine, began = _worked(), time.process_time(), time.perf_counter()

    def share() -> str:
        others = _worked() - everything - (time.process_time() - mine)
        cores = (time.perf_counter() - began) * (os.cpu_count() or 1)
        return f"{max(0.0, others / cores):.0%}"

    return share


def _worked() -> float:
    """Returns the seconds that all cores have worked together."""
    user, nice, system, _, _, *interrupted = map(int, STAT.read_text().split(maxsplit=9)[1:9])
    return (user + nice + system + sum(interrupted)) / os.sysconf("SC_CLK_TCK")


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
