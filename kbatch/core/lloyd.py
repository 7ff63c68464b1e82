"""The loop of K-Means (Lloyd 1957/1982) and K-Medians (Bradley, Mangasarian & Street 1996).

Assign each point to its nearest center, move each center to the middle of its points, and repeat
until no label changes, the gain is small, or the limit is reached. `descend_plain` says it in plain
Python for any strategy; `kernels.descend` is the same, compiled, for the two of the study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np

from kbatch.core.compiled import CompiledLoop, lay_out
from kbatch.data import Descent, Points, Stop, Stopped
from kbatch.stages import CompiledStrategy, Strategy

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8


class Found(NamedTuple):
    """Where a descent ended: centers, float32 (k, d), the loss on the way, and why it stopped."""

    centers: F32
    history: F64
    stopped: Stopped


class Loop(Protocol):
    """A strategy's loop over some points, which may be run again and again.

    Attributes:
        labels: uint8 (n,), the nearest of the centers that the last run ended with.
    """

    labels: U8

    def descend(self, centers: F32, fixed: int, stop: Stop) -> tuple[F64, Stopped]:
        """Runs the loop.

        Args:
            centers: float32 (k, d), C order, where it starts; overwritten with the best iterate.
            fixed: the first so many centers never move.
            stop: when it ends.

        Returns:
            float64 (iterations + 1,), the loss of each accepted iterate, a unit of weight, and why
            it stopped.
        """
        ...


def loop_of(strategy: Strategy, points: Points, k: int) -> Loop:
    """Returns the compiled loop for a strategy that names its metric, its own for another.

    Args:
        strategy: whose distance and update count.
        points: what is clustered.
        k: most centers that it will be asked for.
    """
    metric = metric_of(strategy)
    if metric is None:
        return OwnLoop(strategy, points)
    return CompiledLoop(lay_out(points, squared=metric == "squared"), k)


def metric_of(strategy: Strategy) -> Literal["squared", "absolute"] | None:
    """Returns the compiled distance that a strategy names, or None."""
    metric = getattr(strategy, "metric", None)
    return metric if metric in ("squared", "absolute") else None


def is_squared(strategy: Strategy) -> bool:
    """Tells whether the distance is squared, or taken for it; else it is absolute."""
    return metric_of(strategy) != "absolute"


class OwnLoop:
    """The loop of a strategy that brings its own, or the plain one; see `Loop`."""

    def __init__(self, strategy: Strategy, points: Points) -> None:
        self._strategy, self._points = strategy, points
        self.labels = np.zeros(len(points.x), np.uint8)

    def descend(self, centers: F32, fixed: int, stop: Stop) -> tuple[F64, Stopped]:
        """See `Loop`."""
        found = descend_with(self._strategy, self._points, centers, fixed, stop)
        self.labels = found.labels
        centers[:] = found.centers
        return found.history, found.stopped


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
    loss = _total(points, cost)
    history = [loss]
    relax = np.float32(stop.relax)
    stopped: Stopped = "limit"
    for _ in range(stop.limit):
        trial = update_plain(strategy, points, labels, cost, fixed, best)
        learnt = np.bincount(labels, minlength=len(best)) > 0  # others went where they must
        refilled = not learnt[fixed:].all()
        learnt[:fixed] = False
        trial[learnt] += relax * (trial[learnt] - best[learnt])
        trial_labels, trial_cost = assign_plain(strategy, points, trial)
        trial_loss = _total(points, trial_cost)
        moved = bool((trial_labels != labels).any())
        gain = loss - trial_loss
        level = gain == 0 and stop.tolerance == 0 and moved  # to the last label, so go on
        if gain > 0 or level:
            best, labels, cost, loss = trial, trial_labels, trial_cost, trial_loss
            history.append(loss)
        settled = not moved and not (refilled and gain > 0)  # a refilled one may not be a mean
        if settled or (gain <= stop.tolerance * loss and not level):
            if relax == 0:
                stopped = "labels" if settled else "tolerance"
                break
            relax = np.float32(0)  # the last step is a plain one
    return Descent(best, labels, cost, np.array(history) / np.cumsum(points.weight)[-1], stopped)


def _total(points: Points, cost: F32) -> float:
    return float(np.cumsum(points.weight * cost)[-1])  # one order of adding, the same everywhere


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
