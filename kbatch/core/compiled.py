"""The loop of K-Means and K-Medians, compiled; `kbatch.core.lloyd` says it in plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from kbatch.core.blocks import blocks_of
from kbatch.core.kernels import descend3, descend4
from kbatch.core.kernels.assign import MOST
from kbatch.core.kernels.jit import prepare
from kbatch.data import Blocks, Descent, Points, Stop, Stopped

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I32, I64, U8

ASSIGN = Stop(limit=0, tolerance=0.0)
NO_ORDER = np.empty((0, 0), np.int32)


class Layout(NamedTuple):
    """Points as the loop wants them, under one of the two distances.

    Attributes:
        cloud: the arrays of a `kernels.cloud.Cloud`.
        whole: whether all weights are whole numbers.
        weight: their sum.
    """

    cloud: tuple[F32, F64, I64, F32, F32, I32, bool]
    whole: bool
    weight: float


def lay_out(points: Points, *, squared: bool) -> Layout:
    """Lays points out for any number of loops.

    Args:
        points: n points of d dimensions.
        squared: the squared Euclidean distance, or the sum of absolute differences.
    """
    x = np.ascontiguousarray(points.x.T, np.float32)  # no copy of what is in Fortran order
    weight = np.ascontiguousarray(points.weight, np.float64)
    blocks = points.blocks or blocks_of(x.T)
    if np.diff(blocks.begins).max() > MOST:
        raise ValueError(f"a block has more than {MOST} points")
    order = NO_ORDER if squared or _are_bytes(x, blocks) else _rising(x)
    whole = bool((weight == np.rint(weight)).all())
    # whole numbers add up to the same in any order, and faster in NumPy's
    total = float(weight.sum() if whole else np.cumsum(weight)[-1])
    return Layout((x, weight, blocks.begins, blocks.low, blocks.high, order, squared), whole, total)


class CompiledLoop:
    """The loop under the squared Euclidean distance or the sum of absolute differences.

    What the clusters add up to is kept from run to run, so that only points which change their
    cluster are counted anew. See `kbatch.core.lloyd.Loop`.
    """

    def __init__(self, layout: Layout, k: int) -> None:
        self._layout = layout
        x, _, _, _, _, order, squared = layout.cloud
        d, n = x.shape
        bins = 0 if squared or order.size else 256
        if d == 4:
            prepare("descend4")
        self._run = descend4.descend if d == 4 else descend3.descend
        self.labels, self.cost = np.empty(n, np.uint8), np.empty(n, np.float32)
        self.current = True  # whether the cost is that of the centers
        self._tally = (
            np.zeros(k),
            np.zeros((k, d)),
            np.zeros((k, d, bins)),
            np.zeros((k, d), np.int64),
            np.zeros((k, d)),
        )

    def descend(self, centers: F32, fixed: int, stop: Stop) -> tuple[F64, Stopped]:
        """See `kbatch.core.lloyd.Loop`."""
        history = np.empty(stop.limit + 1)
        accepted, why, self.current = self._run(
            *self._layout.cloud,
            *self._tally,
            centers,
            fixed,
            stop.limit,
            stop.tolerance,
            stop.relax,
            self._layout.whole,
            self.labels,
            self.cost,
            history,
        )
        if not accepted:
            raise ValueError("the distances are not numbers: is a coordinate infinite or NaN?")
        return history[:accepted] / self._layout.weight, get_args(Stopped)[why]


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
    best = np.array(centers, np.float32, order="C")
    k, d = best.shape
    if not (1 <= k <= 256 and d in (3, 4) and points.x.shape[1] == d and len(points.x)):
        raise ValueError(f"{k} centers for points of shape {points.x.shape}")
    if not np.isfinite(best).all():
        raise ValueError("a center is not finite")
    loop = CompiledLoop(lay_out(points, squared=squared), k)
    history, stopped = loop.descend(best, fixed, stop)
    if not loop.current:
        loop.descend(best, fixed, ASSIGN)
    return Descent(best, loop.labels, loop.cost, history, stopped)


def _are_bytes(channels: F32, blocks: Blocks) -> bool:
    if not (blocks.low.min() >= 0 and blocks.high.max() <= 255):
        return False
    return np.array_equal(channels.astype(np.uint8), channels)


def _rising(channels: F32) -> I32:
    """Returns int32 (d, n), each channel's points in rising order, ties in their own order.

    Sorting values with their places behind them takes a tenth of the time of sorting places by
    values. The bits of floats rise as these do, once those of negative ones are turned over.
    """
    bits = (channels + np.float32(0)).view(np.uint32)  # −0 becomes 0, which it equals
    negative = bits >> np.uint32(31) != 0
    rising = np.where(negative, ~bits, bits | np.uint32(1 << 31))
    keys = rising.astype(np.uint64) << np.uint64(32)
    keys |= np.arange(channels.shape[1], dtype=np.uint64)
    keys.sort(axis=1)
    return keys.astype(np.uint32).view(np.int32)
