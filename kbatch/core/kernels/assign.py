"""The kernel that matters: the nearest of k centers for each of n points.

Centers are the outer loop, four at a time, points the inner one, and each choice is a select and
not a branch: LLVM turns it into vector code without reordering a single operation. Exact: the
distance of a point to a center is the same float32 whatever else is computed beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, U8

BLOCK = 512  # points whose best distance so far stays in the first-level cache


@kernel()
def part(difference: Any, squared: Any) -> Any:
    """One channel's share of a distance; `squared` is a constant where this is inlined."""
    return difference * difference if squared else abs(difference)


def make_assign(dimensions: int, *, squared: bool) -> Callable[..., Any]:
    """Returns the loop of `assign` for one number of dimensions and one distance.

    Args:
        dimensions: 3 or 4.
        squared: squared Euclidean distance, or else the sum of absolute differences.
    """
    four = dimensions == 4
    e = dimensions - 1

    @kernel()
    def nearest(x: F32, centers: F32, labels: U8, cost: F32) -> None:
        k = centers.shape[0]
        n = x.shape[1]
        first, second, third, last = x[0], x[1], x[2], x[e]
        best = np.empty(BLOCK, np.float32)
        label = np.empty(BLOCK, np.int32)
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            for i in range(size):
                best[i] = np.float32(np.inf)
                label[i] = 0
            for c in range(0, k, 4):
                # past the end the last center stands again: it never wins a tie
                c0, c1 = np.int32(c), np.int32(min(c + 1, k - 1))
                c2, c3 = np.int32(min(c + 2, k - 1)), np.int32(min(c + 3, k - 1))
                a0, a1, a2, a3 = centers[c0, 0], centers[c1, 0], centers[c2, 0], centers[c3, 0]
                b0, b1, b2, b3 = centers[c0, 1], centers[c1, 1], centers[c2, 1], centers[c3, 1]
                g0, g1, g2, g3 = centers[c0, 2], centers[c1, 2], centers[c2, 2], centers[c3, 2]
                e0, e1, e2, e3 = centers[c0, e], centers[c1, e], centers[c2, e], centers[c3, e]
                for i in range(size):
                    p, q, r = first[start + i], second[start + i], third[start + i]
                    d0 = part(p - a0, squared) + part(q - b0, squared) + part(r - g0, squared)
                    d1 = part(p - a1, squared) + part(q - b1, squared) + part(r - g1, squared)
                    d2 = part(p - a2, squared) + part(q - b2, squared) + part(r - g2, squared)
                    d3 = part(p - a3, squared) + part(q - b3, squared) + part(r - g3, squared)
                    if four:
                        s = last[start + i]
                        d0 += part(s - e0, squared)
                        d1 += part(s - e1, squared)
                        d2 += part(s - e2, squared)
                        d3 += part(s - e3, squared)
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
            for i in range(size):
                cost[start + i] = best[i]
                labels[start + i] = label[i]

    return nearest


squared3 = make_assign(3, squared=True)
squared4 = make_assign(4, squared=True)
absolute3 = make_assign(3, squared=False)
absolute4 = make_assign(4, squared=False)


@kernel("void(f4[:, ::1], f4[:, ::1], b1, u1[::1], f4[::1])")
def assign(x: F32, centers: F32, squared: bool, labels: U8, cost: F32) -> None:  # noqa: FBT001
    """Finds each point's nearest center; ties go to the lowest index.

    Args:
        x: float32 (d, n), a row a channel, d is 3 or 4.
        centers: float32 (k, d).
        squared: squared Euclidean distance, or else the sum of absolute differences.
        labels: uint8 (n,), filled.
        cost: float32 (n,), filled with the distances.
    """
    if x.shape[0] == 3:
        if squared:
            squared3(x, centers, labels, cost)
        else:
            absolute3(x, centers, labels, cost)
    elif squared:
        squared4(x, centers, labels, cost)
    else:
        absolute4(x, centers, labels, cost)
