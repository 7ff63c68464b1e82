"""Splits and swaps: putting centers where they take most off the error.

A start by splitting cuts the clusters of largest gain until there are enough (after Orchard and
Bouman 1991). A swap takes away the center that is missed least and cuts another cluster in two
instead (after Fritzke 1997 and Fränti 2018). What is gained is estimated from the distance of the
halves; whether a swap stays is decided by the loss of the strategy, whatever it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.compiled import ASSIGN
from kbatch.core.kernels import cut, split
from kbatch.core.lloyd import Found, Loop, is_squared, loop_of
from kbatch.data import Points, Stop

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, U8
    from kbatch.stages import Strategy

AFTER_SWAP = Stop(limit=3, tolerance=0.0, relax=0.8)
LONGER = Stop(limit=6, tolerance=1e-3, relax=0.8)  # for a single one, which needs time to pay
NEAR = 1.01  # where its loss is at most this share of the best by then
PATIENCE = 5  # a round in so many may be a single swap tried in vain
BATCH = 0.15  # of the centers are swapped at once, at first


class Halves:
    """Every cluster of some points cut in two; see `kernels.cut.cut`."""

    def __init__(self, points: Points, k: int, *, squared: bool) -> None:
        self._x = np.ascontiguousarray(points.x.T, np.float32)
        self._weight, self._squared = np.ascontiguousarray(points.weight, np.float64), squared
        d = len(self._x)
        self._mass, self._gain = np.empty(k), np.empty(k)
        self.mean, self._left, self._right = np.empty((k, d)), np.empty((k, d)), np.empty((k, d))

    def cut(self, labels: U8, count: int) -> None:
        """Cuts the first so many clusters, across their longest axes."""
        cut.cut(self._x, self._weight, labels, self._squared, *self._first(count))

    def grow(self, centers: F32, count: int, fixed: int) -> int:
        """Puts more centers where cuts gain most, and returns how many there are now."""
        mass, mean, left, right, gain = self._first(count)
        return split.grow(mass, mean, left, right, gain, centers, count, fixed)

    def exchange(self, centers: F32, fixed: int, batch: int, vain: U8) -> I64:
        """Moves centers that are missed least to where cuts gain most, and returns which."""
        taken = np.empty(batch, np.int64)
        mass, mean, left, right, gain = self._first(len(centers))
        count = split.exchange(
            mass, mean, left, right, gain, centers, fixed, self._squared, batch, vain, taken
        )
        return taken[:count]

    def _first(self, count: int) -> tuple[F64, ...]:
        arrays = self._mass, self.mean, self._left, self._right, self._gain
        return tuple(array[:count] for array in arrays)


def split_centers(points: Points, count: int, fixed: F32, strategy: Strategy) -> F32:
    """Starts with one cluster and cuts those of largest gain, half as many again a round.

    Args:
        points: what is clustered.
        count: how many centers are wanted.
        fixed: float32 (f, d), centers that are already there.
        strategy: whose distance says which points belong to which center.

    Returns:
        float32 (count, d), new centers only.
    """
    there, wanted = len(fixed), len(fixed) + count
    centers = np.empty((wanted, points.x.shape[1]), np.float32)
    centers[:there] = fixed
    loop = loop_of(strategy, points, wanted)
    halves = Halves(points, wanted, squared=is_squared(strategy))
    halves.cut(np.zeros(len(points.x), np.uint8), 1)
    centers[there] = halves.mean[0]
    now = there + 1
    while now < wanted:
        loop.descend(centers[:now], there, ASSIGN)
        halves.cut(loop.labels, now)
        now = halves.grow(centers, now, there)
    return centers[there:]


def swap(
    loop: Loop, points: Points, start: Found, fixed: int, strategy: Strategy, rounds: int
) -> Found:
    """Moves centers that are missed least to where a cut gains most, as long as the loss falls.

    Args:
        loop: over the points, as it ended with the start.
        points: what is clustered.
        start: where to begin.
        fixed: the first so many centers never move.
        strategy: whose loss decides.
        rounds: most trials.
    """
    best, k = start, len(start.centers)
    batch = max(1, int(BATCH * k))
    vain = np.zeros(k, np.uint8)  # centers whose removal was tried in vain since the last success
    halves = Halves(points, k, squared=is_squared(strategy))
    halves.cut(loop.labels, k)
    for _ in range(rounds):
        centers = best.centers.copy()
        gone = halves.exchange(centers, fixed, batch, vain)
        if not len(gone):
            break
        trial = Found(centers, *loop.descend(centers, fixed, AFTER_SWAP))
        if batch == 1 and trial.history[-1] < NEAR * best.history[-1]:
            trial = Found(centers, *loop.descend(centers, fixed, LONGER))
        if trial.history[-1] < best.history[-1]:
            best = trial
            vain[:] = 0
            halves.cut(loop.labels, k)
        elif batch > 1:
            batch //= 2
        else:
            vain[gone] = 1
            if vain.sum() >= rounds / PATIENCE:
                break
    return best
