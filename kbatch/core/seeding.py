"""Starting points far from each other: k-means++ with a few candidates for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels import seeding
from kbatch.core.lloyd import metric_of

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, U64, Points
    from kbatch.stages import Strategy


def far_points(points: Points, fixed: F32, strategy: Strategy, words: U64) -> I64:
    """Chooses points one by one, each the best of a few that are drawn in proportion to their cost.

    Args:
        points: what is clustered.
        fixed: float32 (f, d), centers that are already there.
        strategy: the distance; compiled where it names its metric.
        words: uint64 (count, candidates), random: a row for each point that is wanted.

    Returns:
        int64 (count,), indices of points; none twice while another has a cost.
    """
    cost = np.full(len(points.x), np.inf, np.float32)
    for center in fixed:
        cost = np.minimum(cost, strategy.distance(points.x, center))
    chosen = np.empty(len(words), np.int64)
    metric = metric_of(strategy)
    if metric is None:
        _draw_far(points, cost, words, strategy, chosen)
    else:
        x, weight = np.ascontiguousarray(points.x.T), np.ascontiguousarray(points.weight)
        seeding.draw_far(x, weight, cost, words, metric == "squared", chosen)
    return chosen


def draw(behind: F64, words: U64) -> I64:
    """Draws indices, each with a probability in proportion to its weight.

    Args:
        behind: float64 (n,), running sums of the weights: one order of adding, the same everywhere.
        words: uint64 (m,), random.

    Returns:
        int64 (m,).
    """
    place = np.searchsorted(behind, (words >> np.uint64(11)) * 2.0**-53 * behind[-1], side="right")
    chosen: I64 = np.minimum(place, len(behind) - 1)
    return chosen


def _draw_far(points: Points, cost: F32, words: U64, strategy: Strategy, chosen: I64) -> None:
    """The same in plain NumPy, for any distance."""
    x, weight = points.x, points.weight
    behind = np.cumsum(np.where(np.isfinite(cost), weight * cost, weight))
    for place, row in enumerate(words):
        tried = draw(behind, row)
        costs = [np.minimum(cost, strategy.distance(x, x[point])) for point in tried]
        sums = [np.cumsum(weight * lower) for lower in costs]
        best = min(range(len(tried)), key=lambda index: float(sums[index][-1]))
        chosen[place], cost, behind = tried[best], costs[best], sums[best]
