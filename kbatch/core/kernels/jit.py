"""How kernels are declared, compiled once a machine, and found again.

The cache is a folder named after this version, a hash of the kernels' sources, and what compiled
them: a changed kernel never meets an old binary, also when only a callee in another file changed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import logging
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import llvmlite.binding
import numba
import platformdirs
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher
from numba.core.runtime.nrt import rtsys

from kbatch.version import __version__

log = logging.getLogger(__name__)
_lock = threading.Lock()

F = TypeVar("F", bound=Callable[..., Any])

MODULES = (  # of the engine; the others take about as long as the first, and the second core
    "descend3",
    "histogram",
    "blocks",
    "errors",
    "octree",
    "seeding",
    "split",
)
STAMP = "complete"


class Cache(FunctionCache):
    """Numba's cache, without what only a compiler needs.

    Numba's own imports all that it can compile, SciPy among it, before it looks for a kernel that
    is compiled already: a third of a second. When there is none, the compiler imports that itself.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Returns the compiled kernel of a signature, or None."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]


def kernel(*signatures: str, inline: bool = False) -> Callable[[F], F]:
    """Declares a compiled loop.

    Args:
        signatures: Numba signatures that `prepare` compiles; none for a helper of other kernels.
        inline: a helper that is used once: put in its place before it is compiled, which is faster
            than to compile it, and then again where it is used.
    """

    def declare(function: F) -> F:
        # Numba links by name and a number that each process counts anew: without names of their
        # own, what one factory made could be taken for each other when both come from the cache.
        made_for = [str(cell.cell_contents) for cell in function.__closure__ or ()]
        function.__qualname__ = "_".join([function.__qualname__, *made_for])
        compiled: Any = numba.njit(
            nogil=True, error_model="numpy", inline="always" if inline else "never"
        )(function)
        compiled.wanted = signatures
        return compiled  # type: ignore[no-any-return]

    return declare


def cache_folder() -> Path:
    """Returns where compiled kernels are kept; `KBATCH_CACHE_DIR` moves it."""
    sources = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        sources.update(file.name.encode() + file.read_bytes())
    made_by = f"{sys.implementation.cache_tag}-numba{numba.__version__}-llvm{llvmlite.__version__}"
    cpu = os.environ.get("NUMBA_CPU_NAME") or llvmlite.binding.get_host_cpu_name()
    features = hashlib.sha256(llvmlite.binding.get_host_cpu_features().flatten().encode())
    machine = f"{platform.machine()}-{cpu}-{features.hexdigest()[:8]}"
    root = os.environ.get("KBATCH_CACHE_DIR") or platformdirs.user_cache_path("kbatch")
    return Path(root) / f"kernels-{__version__}-{sources.hexdigest()[:12]}-{made_by}-{machine}"


def prepare(*modules: str) -> None:
    """Makes kernels ready: loads them from the cache, or compiles them and fills the cache.

    Says on the log that it compiles, since that takes seconds. A damaged cache is made anew, one
    that can't be written is done without. Threads that come meanwhile wait.

    Args:
        modules: of kernels that only some components need; none for those of the engine.
    """
    with _lock:
        _prepare(modules or MODULES)


@functools.cache
def _prepare(modules: tuple[str, ...]) -> None:
    folder = cache_folder()
    if not _writable(folder):
        log.warning(
            "compiling the kernels for this run only, since %s can't be written: "
            "set KBATCH_CACHE_DIR to a folder that can",
            folder,
        )
        return _compile(modules, None)
    try:
        if all((folder / name / STAMP).exists() for name in modules):
            _compile(modules, folder)
        else:
            _fill(modules, folder)
    except Exception:  # whatever unpickling a damaged file raises
        log.warning("the kernels kept in %s are damaged: compiling them anew", folder)
        log.debug("damaged kernels", exc_info=True)
        for name in modules:
            shutil.rmtree(folder / name, ignore_errors=True)
        _compile(modules, folder)  # without the stamp: what was loaded before is not kept again
    return None


def compile_into(folder: str, *modules: str) -> None:
    """Compiles some kernel modules into a cache folder; what the second process runs."""
    _compile(modules, Path(folder))


def _fill(modules: tuple[str, ...], folder: Path) -> None:
    log.info(
        "compiling the kernels for this machine, once, %s (kept in %s)",
        "about ten seconds" if modules == MODULES else f"those for {', '.join(modules)}",
        folder,
    )
    started = time.perf_counter()
    first, others = modules[:1], modules[1:]
    with _second_process(folder, others):
        _compile(first, folder)
    _compile(others, folder)  # finds what the second process made
    for name in modules:
        (folder / name / STAMP).touch()
    log.info("kernels compiled in %.1f s", time.perf_counter() - started)


@contextlib.contextmanager
def _second_process(folder: Path, modules: tuple[str, ...]) -> Iterator[None]:
    """Compiles kernel modules beside the block, which is left when that is done."""
    if not modules:
        yield
        return
    call = f"import sys; from {__name__} import compile_into; compile_into(*sys.argv[1:])"
    command = [sys.executable, "-c", call, str(folder), *modules]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        yield


def _compile(modules: tuple[str, ...], folder: Path | None) -> None:
    for name in modules:
        module = importlib.import_module(f"{__package__}.{name}")
        # A folder each: two loops made by one factory would share an index, and two processes that
        # fill it at once would each call their own code its first entry.
        place = None if folder is None else folder / name
        with _caching_in(place):
            for function in vars(module).values():
                if isinstance(function, Dispatcher):
                    _ready(function, place)


def _ready(function: Any, folder: Path | None) -> None:
    if folder is not None and function.wanted:
        function._cache = Cache(function.py_func)  # type: ignore[no-untyped-call]
    for signature in function.wanted:
        function.compile(signature)


@contextlib.contextmanager
def _caching_in(folder: Path | None) -> Iterator[None]:
    """Points Numba's cache at our folder for as long as we compile, and at the user's again."""
    config: Any = numba.config
    before = config.CACHE_DIR
    if folder is not None:
        config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
