"""The loop of K-Means (Lloyd 1957/1982) and K-Medians (Bradley, Mangasarian & Street 1996).

Assign each point to its nearest center, move each center to the middle of its points, and repeat
until no label changes, the gain is small, or the limit is reached. `descend_plain` says it in plain
Python for any strategy; `kernels.descend` is the same, compiled, for the two of the study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np

from kbatch.core.kernels import blocks, kmeans, kmedians
from kbatch.data import Descent, Points, Stop, Stopped
from kbatch.stages import CompiledStrategy, Strategy

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I32, I64, U8

BLOCK = 96  # points: fewer make tighter boxes, more make fewer of them
SMALL_BLOCK = 32  # of a coarse set, whose points are farther apart
ASSIGN = Stop(limit=0, tolerance=0.0)


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


# ---- compiled ----------------------------------------------------------------------------------


def descend_means(points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
    """K-Means: see `descend_plain`; sums of whole-numbered points are exact."""
    return _descend(points, centers, fixed, stop, squared=True)


def descend_medians(points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
    """K-Medians: see `descend_plain`; medians are lower weighted medians of each channel."""
    return _descend(points, centers, fixed, stop, squared=False)


def assign_nearest(points: Points, centers: F32, *, squared: bool) -> tuple[U8, F32]:
    """Compiled assignment under the squared Euclidean distance or the sum of absolute differences.

    Args:
        points: n points of 3 or 4 dimensions.
        centers: float32 (k, d).
        squared: which of the two.

    Returns:
        labels uint8 (n,), ties to the lowest index, and float32 (n,) distances.
    """
    found = _descend(points, centers, 0, ASSIGN, squared=squared)
    return found.labels, found.cost


def _descend(points: Points, centers: F32, fixed: int, stop: Stop, *, squared: bool) -> Descent:
    x = np.ascontiguousarray(points.x.T, np.float32)  # no copy of what is in Fortran order
    weight = np.ascontiguousarray(points.weight, np.float64)
    best = np.array(centers, np.float32, order="C")
    begins = _blocks(points)
    low = np.empty((len(x), len(begins) - 1), np.float32)
    high = np.empty_like(low)
    blocks.boxes(x, begins, low, high)
    medians = not squared and stop.limit > 0
    order = _rising(x) if medians else np.empty((0, 0), np.int32)
    labels, cost = np.empty(len(weight), np.uint8), np.empty(len(weight), np.float32)
    history = np.empty(stop.limit + 1, np.float64)
    descend = kmeans.descend if squared else kmedians.descend
    iterates, stopped = descend(
        x,
        weight,
        begins,
        low,
        high,
        order,
        best,
        fixed,
        stop.limit,
        stop.tolerance,
        stop.relax,
        labels,
        cost,
        history,
    )
    per_weight = history[:iterates] / weight.sum()
    return Descent(best, labels, cost, per_weight, get_args(Stopped)[stopped])


def _blocks(points: Points) -> I64:
    """Returns int64 (m + 1,): where blocks of neighbouring points begin, and n."""
    n = len(points.weight)
    if points.cells is None:
        return np.append(np.arange(0, n, SMALL_BLOCK), n)
    begins = np.empty(len(points.cells) + n // BLOCK + 1, np.int64)
    return begins[: blocks.pack(points.cells, BLOCK, begins) + 1]


def _rising(channels: F32) -> I32:
    """Returns int32 (d, n), each channel's points in rising order, ties in their own order."""
    small = channels.astype(np.uint8)
    keys = small if np.array_equal(small, channels) else channels  # bytes are sorted by counting
    return np.argsort(keys, axis=1, kind="stable").astype(np.int32)


# ---- in plain Python ---------------------------------------------------------------------------


def descend_plain(
    strategy: Strategy, points: Points, centers: F32, fixed: int, stop: Stop
) -> Descent:
    """Runs the loop from given centers, by a strategy's `distance` and `update`.

    Args:
        strategy: anything that has these two.
        points: what is clustered.
        centers: float32 (k, d), where it starts; not changed.
        fixed: the first so many centers never move.
        stop: when it ends.

    Returns:
        The best iterate.
    """
    best = np.array(centers, np.float32, order="C")
    labels, cost = assign_plain(strategy, points, best)
    loss = float((points.weight * cost).sum())
    history = [loss]
    relax = np.float32(stop.relax)
    stopped: Stopped = "limit"
    for _ in range(stop.limit):
        trial = update_plain(strategy, points, labels, cost, fixed, best)
        learnt = np.bincount(labels, minlength=len(best)) > 0  # others went where they must
        learnt[:fixed] = False
        trial[learnt] += relax * (trial[learnt] - best[learnt])
        trial_labels, trial_cost = assign_plain(strategy, points, trial)
        trial_loss = float((points.weight * trial_cost).sum())
        moved = bool((trial_labels != labels).any())
        gain = loss - trial_loss
        if gain > 0:
            best, labels, cost, loss = trial, trial_labels, trial_cost, trial_loss
            history.append(loss)
        if not moved or gain <= stop.tolerance * loss:
            if relax == 0:
                stopped = "tolerance" if moved else "labels"
                break
            relax = np.float32(0)  # the last step is a plain one
    return Descent(best, labels, cost, np.array(history) / points.weight.sum(), stopped)


def assign_plain(strategy: Strategy, points: Points, centers: F32) -> tuple[U8, F32]:
    """Returns uint8 (n,) labels and float32 (n,) distances; ties go to the lowest index."""
    labels = np.zeros(len(points.x), np.uint8)
    cost = np.full(len(points.x), np.inf, np.float32)
    for index, center in enumerate(centers):
        distance = strategy.distance(points.x, center)
        nearer = distance < cost
        labels[nearer] = index
        cost[nearer] = distance[nearer]
    if not np.isfinite(cost).all():
        raise ValueError("the strategy's distance is not a finite number for some points")
    return labels, cost


def update_plain(
    strategy: Strategy, points: Points, labels: U8, cost: F32, fixed: int, centers: F32
) -> F32:
    """Returns float32 (k, d): all but the first `fixed` centers in the middle of their points.

    A center without points goes to the point that costs most where it is now.
    """
    x, weight = points.x, points.weight
    moved = centers.copy()
    used = np.bincount(labels, minlength=len(centers)) > 0
    spare: F64 = weight * cost
    for index in range(fixed, len(centers)):
        if used[index]:
            mine = labels == index
            moved[index] = strategy.update(x[mine], weight[mine], centers[index])
        elif spare.max() > 0:
            worst = int(np.argmax(spare))
            moved[index] = x[worst]
            spare[worst] = 0
    return moved
