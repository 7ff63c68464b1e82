"""Moving the centers: weighted means for K-Means, weighted medians for K-Medians.

First `begin`, then one of the two, then `refill`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I32, U8


@kernel()
def means(x: F32, weight: F64, labels: U8, centers: F32, mass: F64) -> None:
    """Moves each center with points to their weighted mean; sums of whole numbers are exact."""
    dimensions, n = x.shape
    sums = np.zeros((len(centers), 4), np.float64)
    first, second, third, last = x[0], x[1], x[2], x[dimensions - 1]
    for i in range(n):
        own = sums[labels[i]]
        own[0] += weight[i] * np.float64(first[i])
        own[1] += weight[i] * np.float64(second[i])
        own[2] += weight[i] * np.float64(third[i])
        if dimensions == 4:
            own[3] += weight[i] * np.float64(last[i])
    for c in range(len(centers)):
        if mass[c] > 0.0:
            for j in range(dimensions):
                centers[c, j] = np.float32(sums[c, j] / mass[c])


@kernel()
def medians(x: F32, weight: F64, order: I32, labels: U8, centers: F32, mass: F64) -> None:
    """Moves each center with points to their lower weighted median in each channel.

    Walks the points of a channel in rising order until half of a cluster's weight is behind.
    """
    behind = np.zeros(len(centers), np.float64)
    for j in range(x.shape[0]):
        for c in range(len(centers)):
            behind[c] = 0.0
        for place in range(x.shape[1]):
            i = order[j, place]
            label = labels[i]
            before = behind[label]
            behind[label] = before + weight[i]
            if before < 0.5 * mass[label] <= behind[label]:
                centers[label, j] = x[j, i]


@kernel()
def refill(x: F32, weight: F64, cost: F32, fixed: int, centers: F32, mass: F64) -> None:
    """Moves each center without points to the point that costs most where it is now.

    Points that cost as much come in their order; `mass` tells which centers have points.
    """
    last, before = np.inf, -1
    for c in range(fixed, len(centers)):
        if mass[c] > 0.0:
            continue
        worst, most = -1, 0.0
        for i in range(x.shape[1]):
            here = weight[i] * np.float64(cost[i])
            if here > most and (here < last or (here == last and i > before)):
                worst, most = i, here
        if worst < 0:
            return
        last, before = most, worst
        for j in range(x.shape[0]):
            centers[c, j] = x[j, worst]


@kernel()
def begin(weight: F64, labels: U8, fixed: int, centers: F32, moved: F32, mass: F64) -> None:
    """Copies the centers, and weighs the points of each that may move.

    Args:
        weight: float64 (n,).
        labels: uint8 (n,), the nearest center of each point.
        fixed: the first so many centers never move.
        centers: float32 (k, d).
        moved: float32 (k, d), filled with the same.
        mass: float64 (k,), filled with the weight of their points, 0 for those that are fixed.
    """
    k, dimensions = centers.shape
    for c in range(k):
        mass[c] = 0.0
        for j in range(dimensions):
            moved[c, j] = centers[c, j]
    for i in range(len(labels)):
        mass[labels[i]] += weight[i]
    for c in range(fixed):
        mass[c] = 0.0
