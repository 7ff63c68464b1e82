"""Executors of one process: pictures side by side in threads, or one after the other."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

from kbatch.data import Item, Outcome
from kbatch.stages import ExecutorOptions

log = logging.getLogger(__name__)

# Windows runs signal handlers only between waits.
WAIT = 0.1  # seconds


class Serial:
    """Works on one item after the other in the calling thread."""

    def __init__(self, options: ExecutorOptions) -> None:
        self.options = options

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def run(
        self,
        function: Callable[[Item], Any],
        items: Iterable[Item],
        window: int,  # noqa: ARG002
    ) -> Generator[Outcome, None, None]:
        """Yields an outcome for each item, in their order; see `kbatch.stages.Executor`."""
        for item in items:
            yield _outcome(function, item)


class Threads:
    """Works on `workers` items at once; the kernels and Pillow let threads run side by side."""

    def __init__(self, options: ExecutorOptions) -> None:
        self._pool = ThreadPoolExecutor(options.workers, thread_name_prefix="kbatch")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        wait = exc[0] is not KeyboardInterrupt  # somebody wants to leave at once
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def run(
        self, function: Callable[[Item], Any], items: Iterable[Item], window: int
    ) -> Generator[Outcome, None, None]:
        """Yields outcomes as they are ready; see `kbatch.stages.Executor`.

        When it is closed early, items that have begun go on to their end unseen.
        """
        ahead = iter(items)
        ready: queue.SimpleQueue[Future[Outcome]] = queue.SimpleQueue()
        running: set[Future[Outcome]] = set()
        more = True
        try:
            while True:
                while more and len(running) < window:
                    item = next(ahead, None)
                    if item is None:
                        more = False
                        break
                    future = self._pool.submit(_outcome, function, item)
                    running.add(future)
                    future.add_done_callback(ready.put)
                if not running:
                    return
                future = _first(ready)
                running.remove(future)
                yield future.result()
        finally:
            for future in running:
                future.cancel()


def _first(ready: queue.SimpleQueue[Future[Outcome]]) -> Future[Outcome]:
    while True:
        try:
            return ready.get(timeout=WAIT)
        except queue.Empty:
            continue


def _outcome(function: Callable[[Item], Any], item: Item) -> Outcome:
    try:
        return Outcome(item, value=function(item))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin's sys.exit() or a Rust panic ends its item only
        log.debug("%s failed", item, exc_info=True)
        text = str(error)
        name = type(error).__name__
        return Outcome(item, failure=f"{name}: {text}" if text else name)
