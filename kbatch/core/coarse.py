"""The coarse set: a few thousand weighted points that stand for all colours in the search.

It adapts to the picture: octree cells with the largest inner squared error are split first
(Gervautz & Purgathofer 1988 gave the tree), so a grey ramp or a night scene keeps its colours.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.colors import morton, runs_of
from kbatch.data import Colors, Points

if TYPE_CHECKING:
    from kbatch.data import F64, I64, Bool


def coarse_runs(colors: Colors, target: int) -> I64:
    """Chooses runs of neighbouring colours, each of which becomes one point.

    Args:
        colors: n distinct colours.
        target: how many runs are wanted; a few more come when cells are split.

    Returns:
        int64 (m + 1,), where the runs begin, and n.
    """
    n, channels = colors.rgba.shape
    if n <= target:
        return np.arange(n + 1)
    codes = morton(colors.rgba)
    levels = [runs_of(codes, level, channels) for level in range(9)]
    error = _inner_error(colors)
    errors = [error(runs) for runs in levels[:-1]]
    children = [np.diff(np.searchsorted(finer, runs)) for runs, finer in itertools.pairwise(levels)]
    split = _largest(np.concatenate(errors), np.concatenate(children), target)
    begins = np.zeros(n + 1, bool)
    begins[[0, n]] = True
    place = 0
    for finer, count in zip(levels[1:], children, strict=True):
        chosen = np.repeat(split[place : place + len(count)], count)
        begins[finer[:-1][chosen]] = True
        place += len(count)
    return np.flatnonzero(begins)


def coarse_points(points: Points, runs: I64) -> Points:
    """Replaces each run of points by its weighted mean.

    Args:
        points: n points in the order of their colours.
        runs: int64 (m + 1,), where runs begin, and n.
    """
    if len(runs) == len(points.weight) + 1:
        return points
    weight = np.add.reduceat(points.weight, runs[:-1])
    sums = np.add.reduceat(points.x * points.weight[:, None], runs[:-1], axis=0)
    return Points(np.asfortranarray(sums / weight[:, None], np.float32), weight)


def _inner_error(colors: Colors) -> Callable[[I64], F64]:
    """Returns a function from runs to the squared error inside each, exact up to one division."""
    values = colors.rgba.astype(np.int64)
    weight = _running(colors.count)
    sums = _running(values * colors.count[:, None])
    squares = _running((values * values).sum(axis=1) * colors.count)

    def error(runs: I64) -> F64:
        mass = np.diff(weight[runs]).astype(np.float64)
        middle = np.diff(sums[runs], axis=0).astype(np.float64)
        spread: F64 = np.diff(squares[runs]) - (middle * middle).sum(axis=1) / mass
        return spread

    return error


def _running(values: I64) -> I64:
    return np.concatenate([np.zeros((1, *values.shape[1:]), np.int64), np.cumsum(values, axis=0)])


def _largest(error: F64, children: I64, target: int) -> Bool:
    """Marks the cells of largest error until the target is met; a parent's is never less."""
    costs = error[(children > 1) & (error > 0)]
    order = np.argsort(-costs, kind="stable")
    points = 1 + np.cumsum(children[(children > 1) & (error > 0)][order] - 1)
    last = min(int(np.searchsorted(points, target)), len(order) - 1)
    split: Bool = error >= costs[order[last]]
    return split
