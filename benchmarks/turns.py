"""Times of several calls that take turns, so that a noisy machine is unfair to none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

LONG = 5.0  # seconds; what takes longer is called once: noise of milliseconds doesn't matter there


def best(
    calls: Sequence[Callable[[], object]],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Returns the best seconds of each call.

    Args:
        calls: what is timed, in this order, again and again.
        repeats: how often.
        clock: what tells the seconds.
    """
    found = [float("inf")] * len(calls)
    for repeat in range(repeats):
        for place, call in enumerate(calls):
            if repeat and found[place] > LONG:
                continue
            started = clock()
            call()
            found[place] = min(found[place], clock() - started)
    return found
