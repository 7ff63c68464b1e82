"""Putting more centers where cuts gain most, and moving those that are missed least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.assign import part
from kbatch.core.kernels.cut import cut
from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, U8

CROWD = 32  # centers from which on cuts are chosen with more care
HOPE = 0.5  # several swaps at once: where the gain is at least this share of what each costs
LITTLE_HOPE = 0.1  # a single one, since gains are often larger than they look


@kernel(inline=True)
def hold(
    mass: F64,
    mean: F64,
    left: F64,
    right: F64,
    gain: F64,
    centers: F32,
    fixed: int,
    squared: bool,
) -> None:
    """Lets fixed centers stay when their clusters are cut: the other half is what gains most.

    That is the whole cluster, or the half that is farther away.

    Args:
        mass: float64 (k,), see `kernels.cut`.
        mean: float64 (k, d), see there.
        left: float64 (k, d), see there; overwritten with the fixed centers.
        right: float64 (k, d), see there; overwritten with what may be cut off.
        gain: float64 (k,), see there; raised.
        centers: float32 (k, d).
        fixed: how many stay.
        squared: which distance the gain is of.
    """
    for c in range(fixed):
        whole = one = other = 0.0
        for j in range(centers.shape[1]):
            place = np.float64(centers[c, j])
            whole += part(mean[c, j] - place, squared)
            one += part(left[c, j] - place, squared)
            other += part(right[c, j] - place, squared)
        all_gain = whole * mass[c] > gain[c]
        if all_gain:
            gain[c] = whole * mass[c]
        for j in range(centers.shape[1]):
            if all_gain:
                right[c, j] = mean[c, j]
            elif one > other:
                right[c, j] = left[c, j]
            left[c, j] = centers[c, j]


@kernel(inline=True)
def grow(
    mass: F64, mean: F64, left: F64, right: F64, gain: F64, centers: F32, count: int, fixed: int
) -> int:
    """Moves all centers to their means and cuts those that gain most.

    There are twice as many then, and from `CROWD` on half as many again, since the fewer are cut
    at once, the better they are chosen.

    Args:
        mass: float64 (k,), see `kernels.cut`.
        mean: float64 (k, d), see there.
        left: float64 (k, d), see there.
        right: float64 (k, d), see there.
        gain: float64 (k,), see there; used up.
        centers: float32 (k, d), changed; there are never more than k.
        count: centers that there are.
        fixed: the first so many are left as they are.

    Returns:
        How many centers there are now.
    """
    k: int = len(centers)
    d: int = centers.shape[1]
    for c in range(fixed, count):
        if mass[c] > 0.0:
            for j in range(d):
                centers[c, j] = mean[c, j]
    learnt = count - fixed
    room = min(k - count, learnt if learnt < CROWD else max(1, learnt // 2))
    for new in range(count, count + room):
        best = 0
        for c in range(1, count):
            if gain[c] > gain[best]:
                best = c
        gain[best] = -1.0
        for j in range(d):
            centers[best, j], centers[new, j] = left[best, j], right[best, j]
    return count + room


@kernel(inline=True)
def missed(mass: F64, mean: F64, fixed: int, squared: bool, loss: F64, heir: I64) -> None:
    """Finds what taking each center away costs when its cheapest neighbour inherits (Ward 1963).

    Args:
        mass: float64 (k,), see `kernels.cut`.
        mean: float64 (k, d), see there.
        fixed: the first so many centers are never taken away.
        squared: which distance the loss is of.
        loss: float64 (k,), filled with about what the loss rises by; infinite for fixed ones.
        heir: int64 (k,), filled with the neighbour.
    """
    k, d = mean.shape
    for c in range(k):
        loss[c], heir[c] = np.inf, c
    for c in range(fixed, k):
        if mass[c] <= 0.0:
            loss[c] = 0.0
    for c in range(k):
        for other in range(c):
            if mass[c] <= 0.0 or mass[other] <= 0.0:
                continue
            apart = 0.0
            for j in range(d):
                apart += part(mean[c, j] - mean[other, j], squared)
            rise = apart * mass[c] * mass[other] / (mass[c] + mass[other])
            if c >= fixed and rise < loss[c]:
                loss[c], heir[c] = rise, other
            if other >= fixed and rise < loss[other]:
                loss[other], heir[other] = rise, c


@kernel(inline=True)
def exchange(
    mass: F64,
    mean: F64,
    left: F64,
    right: F64,
    gain: F64,
    centers: F32,
    fixed: int,
    squared: bool,
    vain: U8,
    taken: I64,
) -> int:
    """Takes away the centers that are missed least and cuts others in two, none of them neighbours.

    Args:
        mass: float64 (k,), see `kernels.cut`.
        mean: float64 (k, d), see there.
        left: float64 (k, d), see there.
        right: float64 (k, d), see there.
        gain: float64 (k,), see there.
        centers: float32 (k, d), changed.
        fixed: the first so many never move.
        squared: which distance the loss is of.
        vain: uint8 (k,), 1 for centers that are not taken away.
        taken: int64, as long as there may be swaps, filled with those that were.

    Returns:
        How many were taken away.
    """
    k, d = centers.shape
    batch = len(taken)
    loss, heir = np.empty(k, np.float64), np.empty(k, np.int64)
    missed(mass, mean, fixed, squared, loss, heir)
    busy = np.zeros(k, np.uint8)
    swaps = 0
    while swaps < batch:
        gone = least_free(loss, vain)
        if gone < 0:
            break
        lost, near = loss[gone], heir[gone]
        loss[gone] = np.inf
        if busy[gone] or busy[near]:
            continue
        busy[gone] = busy[near] = 1
        new = 0
        for c in range(k):
            if busy[new] or (not busy[c] and gain[c] > gain[new]):
                new = c
        if busy[new] or gain[new] <= (HOPE if batch > 1 else LITTLE_HOPE) * lost:
            break
        busy[new] = 1
        for j in range(d):
            centers[new, j], centers[gone, j] = left[new, j], right[new, j]
        taken[swaps] = gone
        swaps += 1
    return swaps


@kernel(inline=True)
def least_free(loss: F64, vain: U8) -> int:
    """Returns the first of those that cost least, or -1 where none costs less than infinity."""
    least = -1
    for c in range(len(loss)):
        if not vain[c] and loss[c] < np.inf and (least < 0 or loss[c] < loss[least]):
            least = c
    return least


@kernel(
    "i8(f4[:, ::1], f8[::1], b1, u1[::1], b1, f8[::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], "
    "f8[::1], f4[:, ::1], i8, i8, u1[::1], i8[::1])"
)
def propose(
    x: F32,
    weight: F64,
    squared: bool,
    labels: U8,
    anew: bool,
    mass: F64,
    mean: F64,
    left: F64,
    right: F64,
    gain: F64,
    centers: F32,
    count: int,
    fixed: int,
    vain: U8,
    taken: I64,
) -> int:
    """Puts more centers where cuts gain most, or moves some of them there.

    Args:
        x: float32 (d, n), a row a channel.
        weight: float64 (n,).
        squared: which distance the loss is of.
        labels: uint8 (n,), the cluster of each point.
        anew: whether they are new, and to be cut; else the next five are those of before.
        mass: float64 (k,), see `kernels.cut`.
        mean: float64 (k, d), see there.
        left: float64 (k, d), see there.
        right: float64 (k, d), see there.
        gain: float64 (k,), see there.
        centers: float32 (k, d), changed.
        count: centers that there are.
        fixed: the first so many never move.
        vain: uint8 (k,), 1 for centers that are not taken away.
        taken: int64, as long as there may be swaps, filled with those that were; empty for more
            centers.

    Returns:
        How many centers there are now, or how many were moved.
    """
    if anew:
        cut(x, weight, labels, squared, count, mass, mean, left, right, gain)
        hold(mass, mean, left, right, gain, centers, fixed, squared)
    if len(taken) == 0:
        return grow(mass, mean, left, right, gain, centers, count, fixed)
    return exchange(mass, mean, left, right, gain, centers, fixed, squared, vain, taken)
