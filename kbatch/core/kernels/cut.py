"""Cutting clusters in two, across their longest axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.assign import part
from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8

POWERS = 3  # steps towards the main axis: a good direction is enough


@kernel(inline=True)
def moments(x: F32, weight: F64, labels: U8, mass: F64, mean: F64, spread: F64) -> None:
    """Finds the weight, the mean and the summed squares about the mean (d, d) of each cluster."""
    d, k = len(x), len(spread)
    for c in range(k):
        mass[c] = 0.0
        for j in range(d):
            mean[c, j] = 0.0
            for m in range(d):
                spread[c, j, m] = 0.0
    for i in range(len(labels)):
        c = labels[i]
        mass[c] += weight[i]
        for j in range(3):  # loops over constants cost nothing
            here = weight[i] * np.float64(x[j, i])
            mean[c, j] += here
            for m in range(j + 1):
                spread[c, j, m] += here * np.float64(x[m, i])
        if d == 4:
            here = weight[i] * np.float64(x[3, i])
            mean[c, 3] += here
            for m in range(4):
                spread[c, 3, m] += here * np.float64(x[m, i])
    for c in range(k):
        for j in range(d):
            mean[c, j] /= max(mass[c], 1e-300)
        for j in range(d):
            for m in range(j + 1):
                spread[c, j, m] -= mass[c] * mean[c, j] * mean[c, m]
                spread[c, m, j] = spread[c, j, m]


@kernel(inline=True)
def longest(spread: F64, axis: F64) -> None:
    """Finds about the direction in which a cluster is longest, by the power method.

    Args:
        spread: float64 (d, d), summed squares about the mean.
        axis: float64 (d,), filled.
    """
    d, widest = len(axis), 0
    for j in range(1, d):
        if spread[j, j] > spread[widest, widest]:
            widest = j
    for j in range(d):
        axis[j] = spread[widest, j]
    turned = np.empty(d, np.float64)
    for _ in range(POWERS):
        length = 1e-300
        for j in range(d):
            length = max(length, abs(axis[j]))
        for j in range(d):
            turned[j] = 0.0
            for m in range(d):
                turned[j] += spread[j, m] * (axis[m] / length)
        for j in range(d):
            axis[j] = turned[j]


@kernel()
def cut(
    x: F32,
    weight: F64,
    labels: U8,
    squared: bool,
    count: int,
    mass: F64,
    mean: F64,
    left: F64,
    right: F64,
    gain: F64,
) -> None:
    """Cuts every cluster at its mean, across its principal axis.

    Args:
        x: float32 (d, n), a row a channel.
        weight: float64 (n,).
        labels: uint8 (n,), the cluster of each point.
        squared: which distance the gain is of.
        count: clusters, at most k.
        mass: float64 (k,), filled with the weight of each cluster.
        mean: float64 (k, d), filled with its mean; 0 where it has no points.
        left: float64 (k, d), filled with the mean of one half.
        right: float64 (k, d), filled with the mean of the other.
        gain: float64 (k,), filled with about what the cut takes off the loss.
    """
    d, k = len(x), count
    spread = np.empty((k, d, d), np.float64)
    moments(x, weight, labels, mass, mean, spread)
    axis = np.empty((k, d), np.float64)
    level = np.zeros(k, np.float64)  # of the mean along the axis
    for c in range(k):
        longest(spread[c], axis[c])
        for j in range(d):
            level[c] += axis[c, j] * mean[c, j]
    half = np.zeros(k, np.float64)
    for c in range(k):
        gain[c] = 0.0
        for j in range(d):
            left[c, j] = 0.0
    for i in range(len(labels)):
        c = labels[i]
        along = 0.0
        for j in range(3):
            along += axis[c, j] * np.float64(x[j, i])
        if d == 4:
            along += axis[c, 3] * np.float64(x[3, i])
        share = weight[i] if along < level[c] else 0.0
        half[c] += share
        for j in range(3):
            left[c, j] += share * np.float64(x[j, i])
        if d == 4:
            left[c, 3] += share * np.float64(x[3, i])
    for c in range(k):
        rest = mass[c] - half[c]
        if half[c] <= 0.0 or rest <= 0.0:
            for j in range(d):
                left[c, j] = right[c, j] = mean[c, j]
            continue
        apart = 0.0
        for j in range(d):
            right[c, j] = (mean[c, j] * mass[c] - left[c, j]) / rest
            left[c, j] /= half[c]
            apart += part(left[c, j] - right[c, j], squared)
        gain[c] = half[c] * rest / mass[c] * apart
