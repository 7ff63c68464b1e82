"""The kernel that matters: the nearest of k centers for each of n points.

Two ideas. Neighbouring points go in blocks: a center that is farther from the whole box of a block
than another center can be from any point of it is out for the block. For those that remain, centers
are the outer loop, four at a time, points the inner one, and each choice is a select and not a
branch: LLVM turns it into vector code without reordering a single operation. Exact: the distance of
a point to a center is the same float32 whatever else is computed beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.core.kernels.cloud import Cloud
    from kbatch.data import F32, I32, U8

MOST = 512  # points of a block; their distances stay in the first-level cache
FEW = 8  # centers up to which looking at all of them is cheaper than looking for those in question
SLACK = np.float32(1e-5)  # far more than a distance of four rounded terms can be off


@kernel()
def part(difference: Any, squared: Any) -> Any:
    """One channel's share of a distance."""
    return difference * difference if squared else abs(difference)


def make_scan(*, four: bool, squared: bool) -> Callable[..., Any]:
    """Returns the inner loop for one number of dimensions and one distance.

    Args:
        four: four dimensions, or else three.
        squared: squared Euclidean distance, or else the sum of absolute differences.
    """

    @kernel(name=f"scan_{'squared' if squared else 'absolute'}{4 if four else 3}")
    def scan(
        x: F32, start: Any, end: Any, near: F32, ids: I32, count: int, cost: F32, label: I32
    ) -> None:
        """Finds the nearest of `count` centers for the points of a block.

        Args:
            x: float32 (d, n), the points.
            start: uint64, of the block: unsigned, since what can be negative is tested for
                that, and no vector code made.
            end: uint64, of the block.
            near: float32 (d, count + 3), centers.
            ids: int32 (count + 3,), their indices, rising.
            count: how many; the three after it are overwritten.
            cost: float32 (n,), filled with the distances.
            label: int32 (MOST,), filled with the indices of the nearest.
        """
        for extra in range(count, count + 3):  # the last one again: it never wins a tie
            ids[extra] = ids[count - 1]
            for j in range(near.shape[0]):
                near[j, extra] = near[j, count - 1]
        first, second, third, last = x[0], x[1], x[2], x[x.shape[0] - 1]
        e = near.shape[0] - 1
        for i in range(start, end):
            cost[i] = np.float32(np.inf)
            label[i - start] = ids[0]
        for c in range(0, count, 4):
            c0, c1, c2, c3 = ids[c], ids[c + 1], ids[c + 2], ids[c + 3]
            p0, p1, p2, p3 = near[0, c], near[0, c + 1], near[0, c + 2], near[0, c + 3]
            q0, q1, q2, q3 = near[1, c], near[1, c + 1], near[1, c + 2], near[1, c + 3]
            r0, r1, r2, r3 = near[2, c], near[2, c + 1], near[2, c + 2], near[2, c + 3]
            s0, s1, s2, s3 = near[e, c], near[e, c + 1], near[e, c + 2], near[e, c + 3]
            for i in range(start, end):
                p, q, r = first[i], second[i], third[i]
                d0 = part(p - p0, squared) + part(q - q0, squared) + part(r - r0, squared)
                d1 = part(p - p1, squared) + part(q - q1, squared) + part(r - r1, squared)
                d2 = part(p - p2, squared) + part(q - q2, squared) + part(r - r2, squared)
                d3 = part(p - p3, squared) + part(q - q3, squared) + part(r - r3, squared)
                if four:
                    s = last[i]
                    d0 += part(s - s0, squared)
                    d1 += part(s - s1, squared)
                    d2 += part(s - s2, squared)
                    d3 += part(s - s3, squared)
                least, who = cost[i], label[i - start]
                who = c0 if d0 < least else who
                least = d0 if d0 < least else least
                who = c1 if d1 < least else who
                least = d1 if d1 < least else least
                who = c2 if d2 < least else who
                least = d2 if d2 < least else least
                who = c3 if d3 < least else who
                least = d3 if d3 < least else least
                cost[i], label[i - start] = least, who

    return scan


squared3 = make_scan(four=False, squared=True)
squared4 = make_scan(four=True, squared=True)
absolute3 = make_scan(four=False, squared=False)
absolute4 = make_scan(four=True, squared=False)


@kernel(inline=True)
def in_question(
    low: F32,
    high: F32,
    b: int,
    centers: F32,
    squared: bool,
    gap: F32,
    bits: I32,
    kept: F32,
    kept_ids: I32,
) -> int:
    """Keeps the centers that can be nearest to a point of a box.

    The rival is the center nearest to the middle. Another one is nowhere nearer if it isn't so in
    that corner of the box which lies towards it: the difference of the two distances is the sum of
    one function a channel, and each of these only falls in that direction.

    Args:
        low: float32 (m, d), lower corners of boxes.
        high: float32 (m, d), upper corners.
        b: which box.
        centers: float32 (d, k).
        squared: which distance.
        gap: float32 (k,), scratch.
        bits: int32 (k,), the same memory: positive floats are in the order of their bits, and only
            integers have a least one that vector code finds.
        kept: float32 (d, k), filled with those that are in question.
        kept_ids: int32 (k,), filled with their indices, rising.

    Returns:
        How many there are.
    """
    dimensions, count = centers.shape
    for c in range(count):
        gap[c] = np.float32(0)
    for j in range(dimensions):
        middle = (low[b, j] + high[b, j]) * np.float32(0.5)
        for c in range(count):
            gap[c] += part(middle - centers[j, c], squared)
    least = bits[0]
    for c in range(1, count):
        least = bits[c] if bits[c] < least else least
    rival = 0
    while bits[rival] != least:
        rival += 1
    slack = np.float32(0)
    for j in range(dimensions):
        place = centers[j, rival]
        reach = max(abs(low[b, j] - place), abs(high[b, j] - place))
        slack += part(reach, squared)
    for c in range(count):
        gap[c] = -SLACK * slack
    for j in range(dimensions):
        bottom, top, place = low[b, j], high[b, j], centers[j, rival]
        under, over = part(bottom - place, squared), part(top - place, squared)
        for c in range(count):
            center = centers[j, c]
            corner = top if center > place else bottom
            theirs = over if center > place else under
            gap[c] += part(corner - center, squared) - theirs
    remaining = 0
    for c in range(count):
        kept_ids[remaining] = c
        remaining += not gap[c] > np.float32(0)
    for place in range(remaining):
        for j in range(dimensions):
            kept[j, place] = centers[j, kept_ids[place]]
    return remaining


@kernel(inline=True)
def assign(cloud: Cloud, four: bool, centers: F32, labels: U8, cost: F32) -> None:
    """Finds each point's nearest center; ties go to the lowest index.

    Args:
        cloud: n points of d dimensions in m blocks.
        four: whether d is 4; a constant, so that only the loops in use are compiled.
        centers: float32 (k, d).
        labels: uint8 (n,), filled.
        cost: float32 (n,), filled with the distances.
    """
    x, squared, count = cloud.x, cloud.squared, len(centers)
    begins, low, high = cloud.begins, cloud.low, cloud.high
    dimensions, blocks = len(x), len(begins) - 1
    turned = np.empty((dimensions, count), np.float32)
    near, ids = np.empty((dimensions, count + 3), np.float32), np.empty(count + 3, np.int32)
    for c in range(count):
        ids[c] = c
        for j in range(dimensions):
            turned[j, c] = near[j, c] = centers[c, j]
    gap = np.empty(count, np.float32)
    bits = gap.view(np.int32)
    label = np.empty(MOST, np.int32)
    left = count
    for b in range(blocks):
        if count > FEW:
            left = in_question(low, high, b, turned, squared, gap, bits, near, ids)
        start, end = np.uint64(begins[b]), np.uint64(begins[b + 1])
        if four:
            if squared:
                squared4(x, start, end, near, ids, left, cost, label)
            else:
                absolute4(x, start, end, near, ids, left, cost, label)
        elif squared:
            squared3(x, start, end, near, ids, left, cost, label)
        else:
            absolute3(x, start, end, near, ids, left, cost, label)
        for i in range(start, end):
            labels[i] = label[i - start]
