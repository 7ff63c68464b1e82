"""The coarse set: a few thousand weighted points that stand for all colours in the search.

It adapts to the picture: octree cells with the largest inner squared error are split first
(Gervautz & Purgathofer 1988 gave the tree), so a grey ramp or a night scene keeps its colours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.blocks import blocks_of
from kbatch.core.kernels import octree
from kbatch.core.lloyd import is_squared
from kbatch.data import Points

if TYPE_CHECKING:
    from kbatch.data import I64, Colors
    from kbatch.stages import Strategy


def coarse_runs(colors: Colors, target: int) -> I64:
    """Chooses runs of neighbouring colours, each of which becomes one point.

    Args:
        colors: n distinct colours.
        target: how many runs are wanted; a few more come when cells are split.

    Returns:
        int64 (m + 1,), where the runs begin, and n.
    """
    n = len(colors.rgba)
    if n <= target:
        return np.arange(n + 1)
    runs = np.empty(n + 1, np.int64)
    parts = octree.cut_cells(colors.rgba, colors.count, colors.cells, target, runs)
    return runs[: parts + 1].copy()


def coarse_points(points: Points, runs: I64, strategy: Strategy) -> Points:
    """Replaces each run of points by its weighted mean.

    Args:
        points: n points in the order of their colours.
        runs: int64 (m + 1,), where runs begin, and n.
        strategy: whole-numbered points stay so where it asks for medians.
    """
    if len(runs) == len(points.weight) + 1:
        return points
    x = np.ascontiguousarray(points.x.T)
    mean, mass = np.empty((len(x), len(runs) - 1), np.float32), np.empty(len(runs) - 1)
    octree.merge(x, points.weight, runs, mean, mass)
    if not is_squared(strategy) and np.array_equal(x, np.rint(x)):
        mean = np.rint(mean)  # medians of whole numbers are found by counting
    return Points(mean.T, mass, blocks_of(mean.T))
