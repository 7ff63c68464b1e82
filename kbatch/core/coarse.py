"""The coarse set: a few thousand weighted points that stand for all colours in the search.

It adapts to the picture: octree cells with the largest inner squared error are split first
(Gervautz & Purgathofer 1988 gave the tree), so a grey ramp or a night scene keeps its colours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.colors import morton
from kbatch.core.kernels import octree
from kbatch.data import Points

if TYPE_CHECKING:
    from kbatch.data import I64, Colors


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
    error = np.empty(n)
    octree.split_errors(morton(colors.rgba), colors.rgba, colors.count, error)
    least = np.partition(error, n - target)[n - target]
    return np.append(np.flatnonzero(error >= least), n)


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
