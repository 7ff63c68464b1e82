"""Splits and swaps: putting centers where they take most off the error.

A start by splitting cuts the clusters of largest gain until there are enough (after Orchard and
Bouman 1991). A swap takes away the center that is missed least and cuts another cluster in two
instead (after Fritzke 1997 and Fränti 2018). What is gained is estimated from the distance of the
halves; whether a swap stays is decided by the loss of the strategy, whatever it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.compiled import ASSIGN
from kbatch.core.kernels import split
from kbatch.core.lloyd import Found, Loop, is_squared, loop_of
from kbatch.data import Points, Stop

if TYPE_CHECKING:
    from kbatch.data import F32, I64, U8
    from kbatch.stages import Strategy

AFTER_SWAP = Stop(limit=3, tolerance=0.0)
LONGER = Stop(limit=6, tolerance=1e-3)  # for a single one, which needs time to pay
NEAR = 1.01  # where its loss is at most this share of the best by then
PATIENCE = 5  # a round in so many may be a single swap tried in vain
BATCH = 0.15  # of the centers are swapped at once, at first


class Proposals:
    """Where other centers may be better, by cutting every cluster in two; see `kernels.split`."""

    def __init__(self, points: Points, strategy: Strategy, k: int) -> None:
        x = np.ascontiguousarray(points.x.T, np.float32)
        weight, d = np.ascontiguousarray(points.weight, np.float64), len(x)
        self._cloud = x, weight, is_squared(strategy)
        self._halves = (
            np.empty(k),
            np.empty((k, d)),
            np.empty((k, d)),
            np.empty((k, d)),
            np.empty(k),
        )

    def more(self, labels: U8, centers: F32, count: int, fixed: int) -> int:
        """Puts more centers where cuts gain most, and returns how many there are now."""
        anew, vain, gone = True, np.empty(0, np.uint8), np.empty(0, np.int64)
        return split.propose(
            *self._cloud, labels, anew, *self._halves, centers, count, fixed, vain, gone
        )

    def swaps(
        self, labels: U8, centers: F32, fixed: int, vain: U8, batch: int, *, anew: bool
    ) -> I64:
        """Moves centers that are missed least to where cuts gain most, and returns which.

        Args:
            labels: uint8 (n,), the cluster of each point.
            centers: float32 (k, d), changed.
            fixed: the first so many never move.
            vain: uint8 (k,), 1 for centers that are not taken away.
            batch: most swaps.
            anew: whether the labels are new; else the cuts are those of before.
        """
        gone, count = np.empty(batch, np.int64), len(centers)
        swaps = split.propose(
            *self._cloud, labels, anew, *self._halves, centers, count, fixed, vain, gone
        )
        return gone[:swaps]


def split_centers(points: Points, count: int, fixed: F32, strategy: Strategy) -> F32:
    """Starts with one cluster and cuts those of largest gain, round by round.

    Args:
        points: what is clustered.
        count: how many centers are wanted.
        fixed: float32 (f, d), centers that are already there.
        strategy: whose distance says which points belong to which center.

    Returns:
        float32 (count, d), new centers only.
    """
    there, wanted, d = len(fixed), len(fixed) + count, points.x.shape[1]
    centers = np.empty((wanted, d), np.float32)
    centers[:there] = fixed
    loop, proposals = loop_of(strategy, points, wanted), Proposals(points, strategy, wanted)
    labels, now = np.full(len(points.x), there, np.uint8), there + 1
    while True:
        now = proposals.more(labels, centers, now, there)
        if now == wanted:
            return centers[there:]
        loop.descend(centers[:now], there, ASSIGN)
        labels = loop.labels


def swap(
    loop: Loop,
    points: Points,
    start: Found,
    fixed: int,
    strategy: Strategy,
    rounds: int,
    relax: float,
) -> Found:
    """Moves centers that are missed least to where a cut gains most, as long as the loss falls.

    Args:
        loop: over the points, as it ended with the start.
        points: what is clustered.
        start: where to begin.
        fixed: the first so many centers never move.
        strategy: whose loss decides.
        rounds: most trials.
        relax: over-relaxation of the steps after a swap.
    """
    after, longer = replace(AFTER_SWAP, relax=relax), replace(LONGER, relax=relax)
    best, better, k = start, True, len(start.centers)
    proposals = Proposals(points, strategy, k)
    batch = max(1, int(BATCH * k))
    vain = np.zeros(k, np.uint8)  # centers whose removal was tried in vain since the last success
    for _ in range(rounds):
        centers = best.centers.copy()
        gone = proposals.swaps(loop.labels, centers, fixed, vain, batch, anew=better)
        if not len(gone):
            break
        trial = Found(centers, *loop.descend(centers, fixed, after))
        if batch == 1 and trial.history[-1] < NEAR * best.history[-1]:
            trial = Found(centers, *loop.descend(centers, fixed, longer))
        better = bool(trial.history[-1] < best.history[-1])
        if better:
            best = trial
            vain[:] = 0
        elif batch > 1:
            batch //= 2
        else:
            vain[gone] = 1
            if vain.sum() >= rounds / PATIENCE:
                break
    return best
