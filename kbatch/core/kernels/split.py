"""Cutting clusters in two, across their longest axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.assign import part
from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, U8

POWERS = 3  # steps towards the main axis: a good direction is enough


@kernel(
    "void(f4[:, ::1], f8[::1], u1[::1], b1, f8[::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], f8[::1])"
)
def children(
    x: F32,
    weight: F64,
    labels: U8,
    squared: bool,
    mass: F64,
    mean: F64,
    left: F64,
    right: F64,
    gain: F64,
) -> None:
    """Cuts every cluster at its mean, across its principal axis.

    Args:
        x: float32 (d, n), a row a channel, d is at most 4.
        weight: float64 (n,).
        labels: uint8 (n,), the cluster of each point.
        squared: which distance the gain is of.
        mass: float64 (k,), filled with the weight of each cluster.
        mean: float64 (k, d), filled with its mean; 0 where it has no points.
        left: float64 (k, d), filled with the mean of one half.
        right: float64 (k, d), filled with the mean of the other.
        gain: float64 (k,), filled with about what the cut takes off the loss.
    """
    dimensions, n = x.shape
    k = len(mass)
    for c in range(k):
        mass[c] = gain[c] = 0.0
        for j in range(dimensions):
            mean[c, j] = left[c, j] = right[c, j] = 0.0
    for i in range(n):
        c = labels[i]
        mass[c] += weight[i]
        for j in range(dimensions):
            mean[c, j] += weight[i] * np.float64(x[j, i])
    for c in range(k):
        for j in range(dimensions):
            mean[c, j] /= max(mass[c], 1e-300)
    spread = np.zeros((k, dimensions, dimensions), np.float64)
    for i in range(n):
        c = labels[i]
        for j in range(dimensions):
            here = weight[i] * (np.float64(x[j, i]) - mean[c, j])
            for m in range(j + 1):
                spread[c, j, m] += here * (np.float64(x[m, i]) - mean[c, m])
    axis = np.zeros((k, dimensions), np.float64)
    for c in range(k):
        widest = 0
        for j in range(dimensions):
            for m in range(j):
                spread[c, m, j] = spread[c, j, m]
            if spread[c, j, j] > spread[c, widest, widest]:
                widest = j
        for j in range(dimensions):
            axis[c, j] = spread[c, widest, j]
        for _ in range(POWERS):
            length = 1e-300
            for j in range(dimensions):
                length = max(length, abs(axis[c, j]))
            turned = np.zeros(4, np.float64)
            for j in range(dimensions):
                for m in range(dimensions):
                    turned[j] += spread[c, j, m] * (axis[c, m] / length)
            for j in range(dimensions):
                axis[c, j] = turned[j]
    half = np.zeros(k, np.float64)
    for i in range(n):
        c = labels[i]
        along = 0.0
        for j in range(dimensions):
            along += axis[c, j] * (np.float64(x[j, i]) - mean[c, j])
        if along < 0.0:
            half[c] += weight[i]
            for j in range(dimensions):
                left[c, j] += weight[i] * np.float64(x[j, i])
    for c in range(k):
        rest = mass[c] - half[c]
        if half[c] <= 0.0 or rest <= 0.0:
            for j in range(dimensions):
                left[c, j] = right[c, j] = mean[c, j]
            continue
        apart = 0.0
        for j in range(dimensions):
            right[c, j] = (mean[c, j] * mass[c] - left[c, j]) / rest
            left[c, j] /= half[c]
            apart += part(left[c, j] - right[c, j], squared)
        gain[c] = half[c] * rest / mass[c] * apart


@kernel("void(f8[:, ::1], f8[::1], i8, b1, f8[::1], i8[::1])")
def missed(mean: F64, mass: F64, fixed: int, squared: bool, loss: F64, heir: I64) -> None:
    """Finds what taking each center away costs when its cheapest neighbour inherits (Ward 1963).

    Args:
        mean: float64 (k, d).
        mass: float64 (k,).
        fixed: the first so many centers are never taken away.
        squared: which distance the loss is of.
        loss: float64 (k,), filled with about what the loss rises by; infinite for fixed ones.
        heir: int64 (k,), filled with the neighbour.
    """
    k, dimensions = mean.shape
    for c in range(k):
        loss[c] = np.inf
        heir[c] = c
        for other in range(k):
            if other == c or c < fixed:
                continue
            apart = 0.0
            for j in range(dimensions):
                apart += part(mean[c, j] - mean[other, j], squared)
            rise = apart * mass[c] * mass[other] / max(mass[c] + mass[other], 1e-300)
            if rise < loss[c]:
                loss[c] = rise
                heir[c] = other
