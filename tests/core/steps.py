"""The two steps of the compiled loop, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import assign_nearest
from kbatch.core.compiled import CompiledLoop, lay_out
from kbatch.core.kernels.cloud import Cloud, Tally
from kbatch.core.kernels.update import enter, move, refill, update
from kbatch.core.lloyd import assign_plain, update_plain

if TYPE_CHECKING:
    from kbatch.data import F32, U8, Points
    from kbatch.stages import Strategy


class Compiled:
    """As `kernels.descend` does them: what is tallied is kept from one update to the next."""

    def __init__(self, points: Points, *, squared: bool) -> None:
        self._points, self._squared = points, squared
        self._loop: CompiledLoop | None = None

    def assign(self, centers: F32) -> tuple[U8, F32]:
        return assign_nearest(self._points, centers, squared=self._squared)

    def update(self, labels: U8, cost: F32, fixed: int, centers: F32) -> F32:
        counted = self._loop is not None
        layout = lay_out(self._points, squared=self._squared)
        loop = self._loop = self._loop or CompiledLoop(layout, len(centers))
        cloud, tally = Cloud(*layout.cloud), Tally(*loop._tally)
        if counted:
            move(cloud, tally, labels, loop.labels)
        else:
            loop.labels[:] = labels
            enter(cloud, tally, loop.labels)
        moved = np.empty_like(centers)
        update(cloud, tally, loop.labels, fixed, centers, moved)
        refill(cloud, cost, tally.mass, fixed, moved)
        return moved


class Plain:
    """As `descend_plain` does them."""

    def __init__(self, points: Points, strategy: Strategy) -> None:
        self._points, self._strategy = points, strategy

    def assign(self, centers: F32) -> tuple[U8, F32]:
        return assign_plain(self._strategy, self._points, centers)

    def update(self, labels: U8, cost: F32, fixed: int, centers: F32) -> F32:
        return update_plain(self._strategy, self._points, labels, cost, fixed, centers)
