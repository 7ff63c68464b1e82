"""The loop of K-Means (Lloyd 1957/1982) and K-Medians (Bradley, Mangasarian & Street 1996).

Assign each point to its nearest center, move each center to the middle of its points, and repeat
until no label changes, the gain is small, or the limit is reached. One loop serves every strategy:
with compiled steps where it brings them, else with plain steps made of its `distance` and `update`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from kbatch.core.kernels import assign as assigning
from kbatch.core.kernels import update as updating
from kbatch.data import Descent, Points, Stop, Stopped
from kbatch.stages import CompiledStrategy, Strategy

if TYPE_CHECKING:
    from kbatch.data import F32, I32, U8


class Steps(Protocol):
    """The two steps of the loop."""

    def assign(self, centers: F32) -> tuple[U8, F32]:
        """Returns uint8 (n,) labels and float32 (n,) distances; ties go to the lowest index."""

    def update(self, labels: U8, cost: F32, fixed: int, centers: F32) -> None:
        """Moves all but the first `fixed` centers to the middle of their points, in place.

        A center without points goes to the point that costs most where it is now.
        """


class CompiledSteps:
    """Compiled steps: means under the squared distance, or medians under the absolute one.

    Args:
        points: what is clustered; d is 3 or 4.
        squared: which of the two.
    """

    def __init__(self, points: Points, *, squared: bool) -> None:
        self._channels = np.ascontiguousarray(points.x.T, np.float32)  # no copy of what is right
        self._weight = np.ascontiguousarray(points.weight, np.float64)
        self._squared = squared
        self._order = None if not squared else np.empty((0, 0), np.int32)

    def assign(self, centers: F32) -> tuple[U8, F32]:
        """See `Steps`."""
        labels = np.empty(self._channels.shape[1], np.uint8)
        cost = np.empty(self._channels.shape[1], np.float32)
        assigning.assign(self._channels, centers, self._squared, labels, cost)
        return labels, cost

    def update(self, labels: U8, cost: F32, fixed: int, centers: F32) -> None:
        """See `Steps`."""
        if self._order is None:
            self._order = _rising(self._channels)
        updating.update(self._channels, self._weight, self._order, labels, cost, fixed, centers)


class PlainSteps:
    """Steps made of a strategy's `distance` and `update`.

    Args:
        points: what is clustered.
        strategy: anything with `distance` and `update`.
    """

    def __init__(self, points: Points, strategy: Strategy) -> None:
        self._points = points
        self._strategy = strategy

    def assign(self, centers: F32) -> tuple[U8, F32]:
        """See `Steps`."""
        x = self._points.x
        labels = np.zeros(len(x), np.uint8)
        cost = np.full(len(x), np.inf, np.float32)
        for index, center in enumerate(centers):
            distance = self._strategy.distance(x, center)
            nearer = distance < cost
            labels[nearer] = index
            cost[nearer] = distance[nearer]
        if not np.isfinite(cost).all():
            raise ValueError("the strategy's distance is not a finite number for some points")
        return labels, cost

    def update(self, labels: U8, cost: F32, fixed: int, centers: F32) -> None:
        """See `Steps`."""
        x, weight = self._points.x, self._points.weight
        spare = weight * cost
        for index in range(fixed, len(centers)):
            mine = labels == index
            if mine.any():
                centers[index] = self._strategy.update(x[mine], weight[mine], centers[index])
        for index in range(fixed, len(centers)):
            worst = int(np.argmax(spare))
            if not (labels == index).any() and spare[worst] > 0:
                centers[index] = x[worst]
                spare[worst] = 0


def descend(points: Points, centers: F32, fixed: int, stop: Stop, steps: Steps) -> Descent:
    """Runs the loop from given centers and keeps the best iterate.

    Args:
        points: what is clustered.
        centers: float32 (k, d), where it starts; not changed.
        fixed: the first so many centers never move.
        stop: when it ends.
        steps: the two steps, made for these points.
    """
    best = np.ascontiguousarray(centers, np.float32)
    labels, cost = steps.assign(best)
    loss, _ = updating.compare(points.weight, cost, labels, labels)
    history = [loss]
    relax = np.float32(stop.relax)
    stopped: Stopped = "limit"
    for _ in range(stop.limit):
        trial = best.copy()
        steps.update(labels, cost, fixed, trial)
        if relax > 0:
            learnt = np.bincount(labels, minlength=len(best)) > 0  # others went where they must
            learnt[:fixed] = False
            trial[learnt] += relax * (trial[learnt] - best[learnt])
        trial_labels, trial_cost = steps.assign(trial)
        trial_loss, moved = updating.compare(points.weight, trial_cost, trial_labels, labels)
        gain = loss - trial_loss
        if gain > 0:
            best, labels, cost, loss = trial, trial_labels, trial_cost, trial_loss
            history.append(loss)
        if moved and gain > stop.tolerance * loss:
            continue
        if relax > 0:
            relax = np.float32(0)  # the last step is a plain one
            continue
        stopped = "tolerance" if moved else "labels"
        break
    per_weight = np.array(history) / points.weight.sum()
    return Descent(best, labels, cost, per_weight, stopped)


def descend_means(points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
    """K-Means: see `descend`; sums of whole-numbered points are exact."""
    return descend(points, centers, fixed, stop, CompiledSteps(points, squared=True))


def descend_medians(points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
    """K-Medians: see `descend`; medians are lower weighted medians of each channel."""
    return descend(points, centers, fixed, stop, CompiledSteps(points, squared=False))


def descend_with(
    strategy: Strategy, points: Points, centers: F32, fixed: int, stop: Stop
) -> Descent:
    """Runs the strategy's own loop where it has one, the plain loop elsewhere."""
    if isinstance(strategy, CompiledStrategy):
        return strategy.descend(points, centers, fixed, stop)
    return descend_plain(strategy, points, centers, fixed, stop)


def assign_with(strategy: Strategy, points: Points, centers: F32) -> tuple[U8, F32]:
    """Returns labels uint8 (n,) and distances float32 (n,) under a strategy."""
    if isinstance(strategy, CompiledStrategy):
        return strategy.assign(points, centers)
    return assign_plain(strategy, points, centers)


def descend_plain(
    strategy: Strategy, points: Points, centers: F32, fixed: int, stop: Stop
) -> Descent:
    """The loop made of a strategy's `distance` and `update`: see `descend`."""
    return descend(points, centers, fixed, stop, PlainSteps(points, strategy))


def assign_plain(strategy: Strategy, points: Points, centers: F32) -> tuple[U8, F32]:
    """The assignment made of a strategy's `distance`: see `Steps.assign`."""
    return PlainSteps(points, strategy).assign(centers)


def assign_nearest(points: Points, centers: F32, *, squared: bool) -> tuple[U8, F32]:
    """Compiled assignment under the squared Euclidean distance or the sum of absolute differences.

    Args:
        points: n points of 3 or 4 dimensions.
        centers: float32 (k, d).
        squared: which of the two.

    Returns:
        labels uint8 (n,), ties to the lowest index, and float32 (n,) distances.
    """
    return CompiledSteps(points, squared=squared).assign(np.ascontiguousarray(centers, np.float32))


def _rising(channels: F32) -> I32:
    """Returns int32 (d, n), each channel's points in rising order, ties in their own order."""
    small = channels.astype(np.uint8)
    keys = small if np.array_equal(small, channels) else channels  # bytes are sorted by counting
    return np.argsort(keys, axis=1, kind="stable").astype(np.int32)
