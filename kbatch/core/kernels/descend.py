"""The loop of K-Means and K-Medians; `kbatch.core.lloyd` says it in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.assign import assign
from kbatch.core.kernels.cloud import Cloud, Tally
from kbatch.core.kernels.jit import kernel
from kbatch.core.kernels.update import differing, enter, move, refill, update

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I32, I64, U8

LABELS, TOLERANCE, LIMIT = 0, 1, 2  # in the order of `kbatch.data.Stopped`


@kernel()
def copy(here: F32, there: F32) -> None:
    """Copies centers; a loop compiles in a tenth of the time of an assignment of arrays."""
    for c in range(len(here)):
        for j in range(here.shape[1]):
            there[c, j] = here[c, j]


@kernel(inline=True)
def rename(here: U8, there: U8) -> None:
    """Copies labels."""
    for i in range(len(here)):
        there[i] = here[i]


@kernel(inline=True)
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


SIGNATURE = (
    "Tuple((i8, i8, b1))(f4[:, ::1], f8[::1], i8[::1], f4[:, ::1], f4[:, ::1], i4[:, ::1], b1, "
    "f8[::1], f8[:, ::1], f8[:, :, ::1], i8[:, ::1], f8[:, ::1], "
    "f4[:, ::1], i8, i8, f8, f8, b1, u1[::1], f4[::1], f8[::1])"
)


def make_descend(*, four: bool) -> Callable[..., tuple[int, int, bool]]:
    """Returns the loop for points of four dimensions, or of three.

    A module each, so that the first picture with alpha compiles what it needs, and no other does.
    """

    @kernel(SIGNATURE, name=f"descend{4 if four else 3}")
    def descend(
        x: F32,
        weight: F64,
        begins: I64,
        low: F32,
        high: F32,
        order: I32,
        squared: bool,
        mass: F64,
        sums: F64,
        bins: F64,
        at: I64,
        under: F64,
        centers: F32,
        fixed: int,
        limit: int,
        tolerance: float,
        relax: float,
        whole: bool,
        labels: U8,
        cost: F32,
        history: F64,
    ) -> tuple[int, int, bool]:
        """Runs the loop from given centers and keeps the best iterate; a limit of 0 assigns.

        Args:
            x: the first of the seven arrays of a `Cloud`, which says what they are.
            weight: see there.
            begins: see there.
            low: see there.
            high: see there.
            order: see there.
            squared: see there.
            mass: the first of the five arrays of a `Tally`, which says what they are: of the
                labels, and kept so. Where it is empty the labels mean nothing; a limit of 0 leaves
                it empty.
            sums: see there.
            bins: see there.
            at: see there.
            under: see there.
            centers: float32 (k, d), where it starts; overwritten with the best iterate.
            fixed: the first so many centers never move.
            limit: most iterations; see `kbatch.data.Stop`.
            tolerance: see there.
            relax: see there.
            whole: weights are whole numbers, so that what is added and taken away leaves nothing;
                else the points are tallied anew in each step.
            labels: uint8 (n,), overwritten with the nearest of the best centers.
            cost: float32 (n,), filled with the distances to them.
            history: float64 (limit + 1,), filled with the loss of each accepted iterate.

        Returns:
            How many iterates were accepted, why it stopped, and whether the last was one of them:
            else the cost is that of the last.
        """
        cloud = Cloud(x, weight, begins, low, high, order, squared)
        tally = Tally(mass, sums, bins, at, under)
        now = np.empty(len(labels), np.uint8)
        middle, trial = np.empty(centers.shape, np.float32), np.empty(centers.shape, np.float32)
        copy(centers, trial)
        known = False  # whether there are labels already
        for c in range(len(mass)):
            known |= mass[c] > 0.0
        loss, iterates, step, refilled = np.inf, 0, 0, False
        while True:
            assign(cloud, four, trial, now, cost)
            now_loss = total(cloud.weight, cost)
            gain = loss - now_loss
            moved = differing(labels, now)
            level = gain == 0.0 and tolerance == 0.0 and moved > 0  # to the last label, so go on
            better = gain > 0.0 or level
            if better:
                loss = now_loss
                history[iterates] = loss
                iterates += 1
                copy(trial, centers)
                if known and whole:
                    move(cloud, tally, now, labels)
                else:
                    rename(now, labels)
                    known = True
                    if limit > 0:
                        enter(cloud, tally, labels)
            settled = moved == 0 and not (
                refilled and gain > 0.0
            )  # a refilled one may not be a mean
            if step > 0 and (settled or (gain <= tolerance * loss and not level)):
                if relax == 0.0:
                    return iterates, LABELS if settled else TOLERANCE, better
                relax = 0.0  # the last step is a plain one
            if step == limit:
                return iterates, LIMIT, better
            step += 1
            if better:
                update(cloud, tally, labels, fixed, centers, middle)
                refilled = refill(cloud, cost, tally.mass, fixed, middle)
            for c in range(len(centers)):
                far = np.float32(relax) if tally.mass[c] > 0.0 else np.float32(0)
                for j in range(len(cloud.x)):
                    trial[c, j] = middle[c, j] + far * (middle[c, j] - centers[c, j])

    return descend
