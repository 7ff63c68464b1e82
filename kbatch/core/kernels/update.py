"""Moving the centers: weighted means for K-Means, weighted medians for K-Medians."""

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
    sums = np.zeros((len(centers), dimensions), np.float64)
    for i in range(n):
        label = labels[i]
        for j in range(dimensions):
            sums[label, j] += weight[i] * np.float64(x[j, i])
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


@kernel("void(f4[:, ::1], f8[::1], i4[:, ::1], u1[::1], f4[::1], i8, f4[:, ::1])")
def update(
    x: F32, weight: F64, order: I32, labels: U8, cost: F32, fixed: int, centers: F32
) -> None:
    """Moves the centers to the means or the medians of their points.

    Args:
        x: float32 (d, n), a row a channel.
        weight: float64 (n,).
        order: int32 (d, n), the points of each channel in rising order, for medians; int32 (0, 0)
            for means.
        labels: uint8 (n,), the nearest center of each point.
        cost: float32 (n,), the distance to it.
        fixed: the first so many centers never move.
        centers: float32 (k, d), overwritten.
    """
    mass = np.zeros(len(centers), np.float64)
    for i in range(len(labels)):
        mass[labels[i]] += weight[i]
    for c in range(fixed):
        mass[c] = 0.0
    if len(order) == 0:
        means(x, weight, labels, centers, mass)
    else:
        medians(x, weight, order, labels, centers, mass)
    refill(x, weight, cost, fixed, centers, mass)


@kernel("UniTuple(f8, 2)(f8[::1], f4[::1], u1[::1], u1[::1])")
def compare(weight: F64, cost: F32, labels: U8, others: U8) -> tuple[float, float]:
    """Returns the sum of the weighted distances, and how many labels differ."""
    loss, moved = 0.0, 0
    for i in range(len(labels)):
        loss += weight[i] * np.float64(cost[i])
        moved += labels[i] != others[i]
    return loss, float(moved)
