"""Wall time by verb, and what went wrong in the last one."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kbatch.errors import KbatchError

log = logging.getLogger(__name__)


class Clock:
    """Wall time by verb, and the verb that something went wrong in."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def verb(self, name: str) -> Iterator[None]:
        """Times a block."""
        started = time.perf_counter()
        self._seconds[name] = 0.0
        try:
            yield
        finally:
            self._seconds[name] = time.perf_counter() - started

    def columns(self) -> dict[str, Any]:
        """Returns `seconds_<verb>` of each verb so far, and their sum."""
        times: dict[str, Any] = {
            f"seconds_{verb}": seconds for verb, seconds in self._seconds.items()
        }
        return times | {"seconds": sum(self._seconds.values())}

    def explain(self, error: Exception) -> str:
        """Returns what went wrong in the last verb, for a person."""
        verb = list(self._seconds)[-1]
        if isinstance(error, KbatchError):
            return str(error)
        log.debug("%s failed", verb, exc_info=error)
        if isinstance(error, OSError) and error.strerror:
            return f"can't {verb}: {error.strerror}"
        return f"{verb} failed: {type(error).__name__}: {error}"
