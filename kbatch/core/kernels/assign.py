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
    from kbatch.data import F32, I32, I64, U8

MOST = 512  # points of a block; their best distances stay in the first-level cache
FEW = 16  # centers up to which looking at all of them is cheaper than looking for those in question
SLACK = np.float32(1 + 1e-5)  # far more than a distance of four rounded terms can be off


@kernel()
def part(difference: Any, squared: Any) -> Any:
    """One channel's share of a distance; `squared` is a constant where this is inlined."""
    return difference * difference if squared else abs(difference)


def make_scan(dimensions: int, *, squared: bool) -> Callable[..., Any]:
    """Returns the inner loop for one number of dimensions and one distance.

    Args:
        dimensions: 3 or 4.
        squared: squared Euclidean distance, or else the sum of absolute differences.
    """
    four = dimensions == 4
    e = dimensions - 1

    @kernel()
    def scan(
        x: F32, start: int, size: int, chosen: F32, ids: I32, count: int, best: F32, label: I32
    ) -> None:
        """Finds the nearest of `count` centers for the points from `start`.

        Args:
            x: float32 (d, n).
            start: first point.
            size: how many points, at most `MOST`.
            chosen: float32 (d, count + 3), centers.
            ids: int32 (count + 3,), their indices, rising.
            count: how many; the three after it are overwritten.
            best: float32 (MOST,), filled with the distances.
            label: int32 (MOST,), filled with the indices of the nearest.
        """
        for extra in range(count, count + 3):  # the last one again: it never wins a tie
            ids[extra] = ids[count - 1]
            for j in range(dimensions):
                chosen[j, extra] = chosen[j, count - 1]
        for i in range(size):
            best[i] = np.float32(np.inf)
            label[i] = ids[0]
        first, second, third, last = x[0], x[1], x[2], x[e]
        for c in range(0, count, 4):
            c0, c1, c2, c3 = ids[c], ids[c + 1], ids[c + 2], ids[c + 3]
            p0, p1, p2, p3 = chosen[0, c], chosen[0, c + 1], chosen[0, c + 2], chosen[0, c + 3]
            q0, q1, q2, q3 = chosen[1, c], chosen[1, c + 1], chosen[1, c + 2], chosen[1, c + 3]
            r0, r1, r2, r3 = chosen[2, c], chosen[2, c + 1], chosen[2, c + 2], chosen[2, c + 3]
            s0, s1, s2, s3 = chosen[e, c], chosen[e, c + 1], chosen[e, c + 2], chosen[e, c + 3]
            for i in range(size):
                p, q, r = first[start + i], second[start + i], third[start + i]
                d0 = part(p - p0, squared) + part(q - q0, squared) + part(r - r0, squared)
                d1 = part(p - p1, squared) + part(q - q1, squared) + part(r - r1, squared)
                d2 = part(p - p2, squared) + part(q - q2, squared) + part(r - r2, squared)
                d3 = part(p - p3, squared) + part(q - q3, squared) + part(r - r3, squared)
                if four:
                    s = last[start + i]
                    d0 += part(s - s0, squared)
                    d1 += part(s - s1, squared)
                    d2 += part(s - s2, squared)
                    d3 += part(s - s3, squared)
                least, who = best[i], label[i]
                who = c0 if d0 < least else who
                least = d0 if d0 < least else least
                who = c1 if d1 < least else who
                least = d1 if d1 < least else least
                who = c2 if d2 < least else who
                least = d2 if d2 < least else least
                who = c3 if d3 < least else who
                least = d3 if d3 < least else least
                best[i], label[i] = least, who

    return scan


squared3 = make_scan(3, squared=True)
squared4 = make_scan(4, squared=True)
absolute3 = make_scan(3, squared=False)
absolute4 = make_scan(4, squared=False)


@kernel()
def in_question(
    low: F32, high: F32, b: int, centers: F32, squared: bool, near: F32, far: F32, keep: I32
) -> int:
    """Finds the centers that can be nearest to a point of a box.

    Args:
        low: float32 (d, m), lower corners of boxes.
        high: float32 (d, m), upper corners.
        b: which box.
        centers: float32 (d, k).
        squared: which distance.
        near: float32 (k,), scratch: least distance of each center to the box.
        far: float32 (k,), scratch: greatest distance.
        keep: int32 (k + 3,), filled with their indices, rising.

    Returns:
        How many there are.
    """
    dimensions, k = centers.shape
    for c in range(k):
        near[c] = far[c] = np.float32(0)
    for j in range(dimensions):
        bottom, top = low[j, b], high[j, b]
        for c in range(k):
            below, above = bottom - centers[j, c], centers[j, c] - top
            outside = below if below > above else above
            outside = outside if outside > np.float32(0) else np.float32(0)
            across = -below if below < above else -above
            near[c] += part(outside, squared)
            far[c] += part(across, squared)
    bits = far.view(np.int32)  # positive floats are in the order of their bits: a vector minimum
    least = bits[0]
    for c in range(1, k):
        least = bits[c] if bits[c] < least else least
    bits[0] = least
    bound = far[0] * SLACK
    count = 0
    for c in range(k):
        keep[count] = c
        count += near[c] <= bound
    return count


def make_assign(*, squared: bool) -> Callable[..., Any]:
    """Returns the assignment for one distance.

    Args:
        squared: squared Euclidean distance, or else the sum of absolute differences.
    """

    @kernel()
    def assign(
        x: F32,
        begins: I64,
        low: F32,
        high: F32,
        centers: F32,
        labels: U8,
        cost: F32,
    ) -> None:
        """Finds each point's nearest center; ties go to the lowest index.

        Args:
            x: float32 (d, n), a row a channel, d is 3 or 4.
            begins: int64 (m + 1,), where blocks of at most `MOST` points begin, and n.
            low: float32 (d, m), the lower corners of their boxes.
            high: float32 (d, m), the upper corners.
            centers: float32 (k, d).
            labels: uint8 (n,), filled.
            cost: float32 (n,), filled with the distances.
        """
        k, dimensions = centers.shape
        turned = np.empty((dimensions, k), np.float32)
        chosen = np.empty((dimensions, k + 3), np.float32)
        ids = np.empty(k + 3, np.int32)
        for c in range(k):
            ids[c] = c
            for j in range(dimensions):
                turned[j, c] = chosen[j, c] = centers[c, j]
        near, far = np.empty(k, np.float32), np.empty(k, np.float32)
        best, label = np.empty(MOST, np.float32), np.empty(MOST, np.int32)
        count = k
        for b in range(len(begins) - 1):
            start, size = begins[b], begins[b + 1] - begins[b]
            if k > FEW:
                count = in_question(low, high, b, turned, squared, near, far, ids)
                for i in range(count):
                    for j in range(dimensions):
                        chosen[j, i] = turned[j, ids[i]]
            if dimensions == 3:
                if squared:
                    squared3(x, start, size, chosen, ids, count, best, label)
                else:
                    absolute3(x, start, size, chosen, ids, count, best, label)
            elif squared:
                squared4(x, start, size, chosen, ids, count, best, label)
            else:
                absolute4(x, start, size, chosen, ids, count, best, label)
            for i in range(size):
                cost[start + i] = best[i]
                labels[start + i] = label[i]

    return assign


assign_squared = make_assign(squared=True)
assign_absolute = make_assign(squared=False)
