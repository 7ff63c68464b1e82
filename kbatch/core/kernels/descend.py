"""The loop of K-Means and K-Medians; `kbatch.core.lloyd` says it in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch.core.kernels.assign import assign_absolute, assign_squared
from kbatch.core.kernels.jit import kernel
from kbatch.core.kernels.update import begin, means, medians, refill

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I32, I64, U8

LABELS, TOLERANCE, LIMIT = 0, 1, 2


@kernel()
def total(weight: F64, cost: F32) -> float:
    """Sums weighted distances, in four sums that take turns: one order, and no waiting."""
    a = b = c = d = 0.0
    whole = len(cost) // 4 * 4
    for i in range(0, whole, 4):
        a += weight[i] * np.float64(cost[i])
        b += weight[i + 1] * np.float64(cost[i + 1])
        c += weight[i + 2] * np.float64(cost[i + 2])
        d += weight[i + 3] * np.float64(cost[i + 3])
    for i in range(whole, len(cost)):
        a += weight[i] * np.float64(cost[i])
    return (a + b) + (c + d)


def make_descend(*, squared: bool) -> Callable[..., Any]:
    """Returns the loop for one distance.

    Args:
        squared: means under the squared Euclidean distance, or else medians under the sum of
            absolute differences.
    """

    @kernel(
        "Tuple((i8, i8))(f4[:, ::1], f8[::1], i8[::1], f4[:, ::1], f4[:, ::1], i4[:, ::1], "
        "f4[:, ::1], i8, i8, f8, f8, u1[::1], f4[::1], f8[::1])"
    )
    def descend(
        x: F32,
        weight: F64,
        begins: I64,
        low: F32,
        high: F32,
        order: I32,
        centers: F32,
        fixed: int,
        limit: int,
        tolerance: float,
        relax: float,
        labels: U8,
        cost: F32,
        history: F64,
    ) -> tuple[int, int]:
        """Runs the loop from given centers, keeps the best iterate; with a limit of 0 it assigns.

        Args:
            x: float32 (d, n), a row a channel, d is 3 or 4.
            weight: float64 (n,).
            begins: int64 (m + 1,), where blocks begin, and n; see `assign`.
            low: float32 (d, m), the lower corners of their boxes.
            high: float32 (d, m), the upper corners.
            order: int32 (d, n), the points of each channel in rising order; (0, 0) for means.
            centers: float32 (k, d), where it starts; overwritten with the best iterate.
            fixed: the first so many centers never move.
            limit: most iterations; see `kbatch.data.Stop`.
            tolerance: see there.
            relax: see there.
            labels: uint8 (n,), filled with the nearest of the best centers.
            cost: float32 (n,), filled with the distances to them.
            history: float64 (limit + 1,), filled with the loss of each accepted iterate.

        Returns:
            How many iterates were accepted, and why it stopped.
        """
        k, n = len(centers), x.shape[1]
        trial, mass = np.empty((k, x.shape[0]), np.float32), np.empty(k, np.float64)
        for c in range(k):
            for j in range(x.shape[0]):
                trial[c, j] = centers[c, j]
        now_labels, now_cost = np.empty(n, np.uint8), np.empty(n, np.float32)
        old_labels, old_cost = labels, cost
        loss, iterates, stopped = np.inf, 0, LIMIT
        for step in range(limit + 1):
            if step > 0:
                begin(weight, old_labels, fixed, centers, trial, mass)
                if squared:
                    means(x, weight, old_labels, trial, mass)
                else:
                    medians(x, weight, order, old_labels, trial, mass)
                refill(x, weight, old_cost, fixed, trial, mass)
                for c in range(fixed, k):
                    if mass[c] > 0.0:  # one without points went where it must
                        for j in range(x.shape[0]):
                            trial[c, j] += np.float32(relax) * (trial[c, j] - centers[c, j])
            if squared:
                assign_squared(x, begins, low, high, trial, now_labels, now_cost)
            else:
                assign_absolute(x, begins, low, high, trial, now_labels, now_cost)
            now_loss = total(weight, now_cost)
            moved = step == 0
            for i in range(n):
                moved |= now_labels[i] != old_labels[i]
            gain = loss - now_loss
            if gain > 0.0:
                loss = now_loss
                history[iterates] = loss
                iterates += 1
                for c in range(k):
                    for j in range(x.shape[0]):
                        centers[c, j] = trial[c, j]
                old_labels, now_labels = now_labels, old_labels
                old_cost, now_cost = now_cost, old_cost
            if not moved or gain <= tolerance * loss:
                if relax == 0.0:
                    stopped = TOLERANCE if moved else LABELS
                    break
                relax = 0.0  # the last step is a plain one
        if iterates % 2 == 1:  # the best labels are in our own arrays
            for i in range(n):
                labels[i], cost[i] = old_labels[i], old_cost[i]
        return iterates, stopped

    return descend
