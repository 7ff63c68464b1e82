"""The two variants of the study: K-Means under L2, K-Medians under L1.

Each has plain NumPy methods, which say what it is, and compiled ones, which must agree with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import assign_nearest, descend_means, descend_medians

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8, Descent, Points, Stop
    from kbatch.stages import Options


class L2:
    """Squared Euclidean distance and weighted means (K-Means, Lloyd 1957/1982)."""

    metric = "squared"

    def __init__(self, _options: Options) -> None:
        pass

    def distance(self, x: F32, center: F32) -> F32:
        """See `kbatch.stages.Strategy`."""
        difference = x - center
        squares = difference * difference
        cost: F32 = sum(squares.T[1:], start=squares[:, 0])
        return cost

    def update(self, x: F32, weight: F64, center: F32) -> F32:  # noqa: ARG002
        """See `kbatch.stages.Strategy`."""
        mean: F64 = (weight[:, None] * x).sum(axis=0) / weight.sum()
        return mean.astype(np.float32)

    def assign(self, points: Points, centers: F32) -> tuple[U8, F32]:
        """See `kbatch.stages.CompiledStrategy`."""
        return assign_nearest(points, centers, squared=True)

    def descend(self, points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
        """See `kbatch.stages.CompiledStrategy`."""
        return descend_means(points, centers, fixed, stop)


class L1:
    """Sum of absolute differences and weighted medians of each channel (K-Medians)."""

    metric = "absolute"

    def __init__(self, _options: Options) -> None:
        pass

    def distance(self, x: F32, center: F32) -> F32:
        """See `kbatch.stages.Strategy`."""
        difference = np.abs(x - center)
        cost: F32 = sum(difference.T[1:], start=difference[:, 0])
        return cost

    def update(self, x: F32, weight: F64, center: F32) -> F32:  # noqa: ARG002
        """Returns the lower weighted median of each channel."""
        order = np.argsort(x, axis=0, kind="stable")
        behind = np.cumsum(weight[order], axis=0)
        place = (behind < 0.5 * weight.sum()).sum(axis=0)
        median: F32 = np.take_along_axis(np.take_along_axis(x, order, 0), place[None], 0)[0]
        return median

    def assign(self, points: Points, centers: F32) -> tuple[U8, F32]:
        """See `kbatch.stages.CompiledStrategy`."""
        return assign_nearest(points, centers, squared=False)

    def descend(self, points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
        """See `kbatch.stages.CompiledStrategy`."""
        return descend_medians(points, centers, fixed, stop)
