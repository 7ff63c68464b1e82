"""Splits and swaps: putting centers where they take most off the error.

A start by splitting cuts the clusters of largest gain until there are enough (after Orchard and
Bouman 1991). A swap takes away the center that is missed least and cuts another cluster in two
instead (after Fritzke 1997 and Fränti 2018). What is gained is estimated from the distance of the
halves; whether a swap stays is decided by the loss of the strategy, whatever it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels import split
from kbatch.core.lloyd import descend_with
from kbatch.data import Descent, Points, Stop

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, U8
    from kbatch.stages import Strategy

STEP = Stop(limit=1, tolerance=0.0)
AFTER_SWAP = Stop(limit=3, tolerance=0.0, relax=0.8)
HOPE = 0.5  # a swap is tried where the gain is at least this share of what it costs
PATIENCE = 5  # single swaps tried in vain before it ends
BATCH = 0.15  # of the centers are swapped at once, at first


@dataclass(frozen=True)
class Halves:
    """Every cluster cut in two: float64 arrays, a row a cluster; see `kernels.split.children`."""

    mass: F64
    mean: F64
    left: F64
    right: F64
    gain: F64


def halves(points: Points, labels: U8, k: int, *, squared: bool) -> Halves:
    """Cuts every cluster at its mean, across its longest axis."""
    x = np.ascontiguousarray(points.x.T)
    mass, gain = np.empty(k), np.empty(k)
    mean, left, right = (np.empty((k, len(x))) for _ in range(3))
    split.children(x, points.weight, labels, squared, mass, mean, left, right, gain)
    return Halves(mass, mean, left, right, gain)


def split_centers(points: Points, count: int, fixed: F32, strategy: Strategy) -> F32:
    """Starts with one cluster and cuts those of largest gain, half as many again a round.

    Args:
        points: what is clustered.
        count: how many centers are wanted.
        fixed: float32 (f, d), centers that are already there.
        strategy: whose step follows each round.

    Returns:
        float32 (count, d), new centers only.
    """
    middle = np.average(points.x, axis=0, weights=points.weight)
    centers = np.vstack([fixed, middle[None]]).astype(np.float32)
    wanted = len(fixed) + count
    labels = descend_with(strategy, points, centers, len(fixed), Stop(0, 0.0)).labels
    while len(centers) < wanted:
        cut = halves(points, labels, len(centers), squared=_squared(strategy))
        cut.gain[: len(fixed)] = 0
        room = min(wanted - len(centers), max(1, (len(centers) - len(fixed)) // 2))
        chosen = np.argsort(-cut.gain, kind="stable")[:room]
        centers[chosen] = cut.left[chosen]
        grown = np.vstack([centers, cut.right[chosen]]).astype(np.float32)
        step = descend_with(strategy, points, grown, len(fixed), STEP)
        centers, labels = step.centers, step.labels
    return centers[len(fixed) :]


def swap(points: Points, start: Descent, fixed: int, strategy: Strategy, rounds: int) -> Descent:
    """Moves centers that are missed least to where a cut gains most, as long as the loss falls.

    Args:
        points: what is clustered.
        start: where to begin.
        fixed: the first so many centers never move.
        strategy: whose loss decides.
        rounds: most trials.
    """
    best, squared = start, _squared(strategy)
    batch = max(1, int(BATCH * len(start.centers)))
    failed: set[int] = set()  # centers whose removal was tried in vain since the last success
    for _ in range(rounds):
        cut = halves(points, best.labels, len(best.centers), squared=squared)
        loss, heir = np.empty(len(cut.mass)), np.empty(len(cut.mass), np.int64)
        split.missed(cut.mean, cut.mass, fixed, squared, loss, heir)
        centers, gone = _swapped(best.centers, cut, loss, heir, fixed, batch, failed)
        if not gone:
            break
        trial = descend_with(strategy, points, centers, fixed, AFTER_SWAP)
        if trial.history[-1] < best.history[-1]:
            best = trial
            failed.clear()
        elif batch > 1:
            batch //= 2
        else:
            failed.update(gone)
            if len(failed) == PATIENCE:
                break
    return best


def _swapped(
    centers: F32, cut: Halves, loss: F64, heir: I64, fixed: int, batch: int, failed: set[int]
) -> tuple[F32, list[int]]:
    """Returns the centers after the best swaps that don't meet, and those that were taken away."""
    centers = centers.copy()
    busy = set(range(fixed))
    gainers = np.argsort(-cut.gain, kind="stable").tolist()
    taken: list[int] = []
    for gone in np.argsort(loss, kind="stable").tolist():
        near = int(heir[gone])
        if len(taken) == batch or gone < fixed:
            break
        if gone in failed or gone in busy or near in busy:
            continue
        new = next((c for c in gainers if c not in busy and c not in (gone, near)), None)
        if new is None or cut.gain[new] <= HOPE * loss[gone]:
            break
        centers[new], centers[gone] = cut.left[new], cut.right[new]
        busy.update((gone, near, new))
        taken.append(gone)
    return centers, taken


def _squared(strategy: Strategy) -> bool:
    return getattr(strategy, "metric", "squared") == "squared"
