"""Moving the centers: weighted means for K-Means, weighted medians for K-Medians.

What the clusters add up to is kept from step to step, and only points that change their cluster
are counted anew. Weights of colours are whole numbers, and so are coordinates in RGB: exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.cloud import Cloud, Tally
from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I32, I64, U8


@kernel()
def add(x: F32, i: int, weight: float, sums: F64, c: int) -> None:
    """Adds a point to the sums (k, d) of a cluster, or takes it away by a negative weight."""
    for j in range(3):
        sums[c, j] += weight * np.float64(x[j, i])
    if len(x) == 4:
        sums[c, 3] += weight * np.float64(x[3, i])


@kernel(inline=True)
def drop(x: F32, i: int, j: int, weight: float, bins: F64, at: I64, under: F64, c: int) -> None:
    """Drops a point into a bin of a cluster's channel, or takes it out by a negative weight."""
    value = np.uint8(x[j, i])
    bins[c, j, value] += weight
    if value < at[c, j]:
        under[c, j] += weight


@kernel()
def drop_all(x: F32, i: int, weight: float, bins: F64, at: I64, under: F64, c: int) -> None:
    """Does so in each channel; written out, since a loop over so few takes twice as long."""
    drop(x, i, 0, weight, bins, at, under, c)
    drop(x, i, 1, weight, bins, at, under, c)
    drop(x, i, 2, weight, bins, at, under, c)
    if len(x) == 4:
        drop(x, i, 3, weight, bins, at, under, c)


@kernel(inline=True)
def enter(cloud: Cloud, tally: Tally, labels: U8) -> None:
    """Puts all points where they belong, into a tally that is emptied before."""
    x, weight, squared, binned = cloud.x, cloud.weight, cloud.squared, tally.bins.size > 0
    mass, sums, bins, at, under = tally.mass, tally.sums, tally.bins, tally.at, tally.under
    for c in range(len(mass)):
        mass[c] = 0.0
        for j in range(len(x)):
            sums[c, j] = under[c, j] = 0.0
            at[c, j] = 0
            for value in range(bins.shape[2]):
                bins[c, j, value] = 0.0
    for i in range(len(labels)):
        c, more = labels[i], weight[i]
        mass[c] += more
        if squared:
            add(x, i, more, sums, c)
        elif binned:
            drop_all(x, i, more, bins, at, under, c)


@kernel(inline=True)
def move(cloud: Cloud, tally: Tally, new: U8, labels: U8) -> None:
    """Lets points follow their new labels.

    Args:
        cloud: n points.
        tally: of the labels; kept so.
        new: uint8 (n,).
        labels: uint8 (n,), overwritten with the new ones.
    """
    x, weight, squared, binned = cloud.x, cloud.weight, cloud.squared, tally.bins.size > 0
    mass, sums, bins, at, under = tally.mass, tally.sums, tally.bins, tally.at, tally.under
    for i in range(len(new)):
        old, c, more = labels[i], new[i], weight[i]
        if c == old:
            continue
        labels[i] = c
        mass[old] -= more
        mass[c] += more
        if squared:
            add(x, i, -more, sums, old)
            add(x, i, more, sums, c)
        elif binned:
            drop_all(x, i, -more, bins, at, under, old)
            drop_all(x, i, more, bins, at, under, c)


@kernel(inline=True)
def differing(labels: U8, new: U8) -> int:
    """Counts the points whose labels differ."""
    count = 0
    for i in range(len(new)):
        count += labels[i] != new[i]
    return count


@kernel(inline=True)
def update(cloud: Cloud, tally: Tally, labels: U8, fixed: int, centers: F32, moved: F32) -> None:
    """Finds the mean or the lower weighted median of each cluster.

    Args:
        cloud: n points of d dimensions.
        tally: of the labels.
        labels: uint8 (n,).
        fixed: the first so many centers never move.
        centers: float32 (k, d), which those without points keep.
        moved: float32 (k, d), filled.
    """
    mass, sums, squared, binned = tally.mass, tally.sums, cloud.squared, tally.bins.size > 0
    bins, at, under = tally.bins, tally.at, tally.under
    for c in range(len(centers)):
        for j in range(centers.shape[1]):
            moved[c, j] = centers[c, j]
            if c < fixed or mass[c] <= 0.0:
                continue
            if squared:
                moved[c, j] = np.float32(sums[c, j] / mass[c])
            elif binned:
                at[c, j], under[c, j] = median(bins, c, j, 0.5 * mass[c], at[c, j], under[c, j])
                moved[c, j] = np.float32(at[c, j])
    if not squared and not binned:
        rising_medians(cloud.x, cloud.weight, cloud.order, mass, labels, fixed, moved)


@kernel()
def median(bins: F64, c: int, j: int, half: float, at: int, under: float) -> tuple[int, float]:
    """Walks from where a cluster's median was to where it is, and to the weight below that."""
    while under >= half:
        at -= 1
        under -= bins[c, j, at]
    while under + bins[c, j, at] < half:
        under += bins[c, j, at]
        at += 1
    return at, under


@kernel()
def rising_medians(
    x: F32, weight: F64, order: I32, mass: F64, labels: U8, fixed: int, centers: F32
) -> None:
    """Walks the points of a channel in rising order until half of a cluster's weight is behind."""
    behind = np.empty(len(mass), np.float64)
    for j in range(len(x)):
        for c in range(len(mass)):
            behind[c] = 0.0
        for place in order[j]:
            i = np.uint32(place)  # who is below 0 would be sought from the end
            label = labels[i]
            before = behind[label]
            after = before + weight[i]
            behind[label] = after
            if before < 0.5 * mass[label] <= after and label >= fixed:
                centers[label, j] = x[j, i]


@kernel(inline=True)
def refill(cloud: Cloud, cost: F32, mass: F64, fixed: int, centers: F32) -> bool:
    """Moves each center without points to the point that costs most where it is now.

    Points that cost as much come in their order.

    Args:
        cloud: n points of d dimensions.
        cost: float32 (n,), their distances.
        mass: float64 (k,), the weight of each cluster.
        fixed: the first so many centers never move.
        centers: float32 (k, d), changed.

    Returns:
        Whether there were any.
    """
    x, weight = cloud.x, cloud.weight
    last, before, refilled = np.inf, -1, False
    for c in range(fixed, len(centers)):
        if mass[c] > 0.0:
            continue
        worst, most = -1, 0.0
        for i in range(len(cost)):
            here = weight[i] * np.float64(cost[i])
            if here > most and (here < last or (here == last and i > before)):
                worst, most = i, here
        if worst < 0:
            break
        refilled = True
        last, before = most, worst
        for j in range(len(x)):
            centers[c, j] = x[j, worst]
    return refilled
