"""The two steps of the compiled loop, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import assign_nearest
from kbatch.core.kernels import update as kernel
from kbatch.core.lloyd import assign_plain, update_plain

if TYPE_CHECKING:
    from kbatch.data import F32, U8, Points
    from kbatch.stages import Strategy


class Compiled:
    """As `kernels.descend` does them."""

    def __init__(self, points: Points, *, squared: bool) -> None:
        self._points, self._squared = points, squared

    def assign(self, centers: F32) -> tuple[U8, F32]:
        return assign_nearest(self._points, centers, squared=self._squared)

    def update(self, labels: U8, cost: F32, fixed: int, centers: F32) -> F32:
        x = np.ascontiguousarray(self._points.x.T)
        order = np.empty((0, 0), np.int32)
        if not self._squared:
            order = np.argsort(x, axis=1, kind="stable").astype(np.int32)
        moved, mass = np.empty_like(centers), np.empty(len(centers))
        weight = self._points.weight
        kernel.begin(weight, labels, fixed, centers, moved, mass)
        if self._squared:
            kernel.means(x, weight, labels, moved, mass)
        else:
            kernel.medians(x, weight, order, labels, moved, mass)
        kernel.refill(x, weight, cost, fixed, moved, mass)
        return moved


class Plain:
    """As `descend_plain` does them."""

    def __init__(self, points: Points, strategy: Strategy) -> None:
        self._points, self._strategy = points, strategy

    def assign(self, centers: F32) -> tuple[U8, F32]:
        return assign_plain(self._strategy, self._points, centers)

    def update(self, labels: U8, cost: F32, fixed: int, centers: F32) -> F32:
        return update_plain(self._strategy, self._points, labels, cost, fixed, centers)
