"""k-means++: centers far from those that are there (Arthur & Vassilvitskii 2007)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch.core.kernels.assign import part
from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, U8, U64


@kernel("UniTuple(u8, 2)(u1[:, ::1], i8[::1])")
def digest(rgba: U8, count: I64) -> tuple[Any, Any]:
    """Returns two words that tell colours and their counts from others (by multiply and shift).

    Args:
        rgba: uint8 (n, C).
        count: int64 (n,), pixels of each.
    """
    first, second = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
    for i in range(len(rgba)):
        word = np.uint64(count[i])
        for j in range(rgba.shape[1]):
            word = word << np.uint64(8) | np.uint64(rgba[i, j])
        first = (first ^ word) * np.uint64(0xBF58476D1CE4E5B9)
        first ^= first >> np.uint64(32)
        second = (second + word) * np.uint64(0x94D049BB133111EB)
        second ^= second >> np.uint64(29)
    return first, second


@kernel()
def find(behind: F64, word: int) -> int:
    """Returns the first point whose running sum is above a random share of the whole.

    Args:
        behind: float64 (n,), running sums.
        word: uint64, of which the upper 53 bits are the share.
    """
    sought = np.float64(word >> np.uint64(11)) * 2.0**-53 * behind[-1]
    low, high = 0, len(behind) - 1
    while low < high:
        middle = (low + high) // 2
        if behind[middle] > sought:
            high = middle
        else:
            low = middle + 1
    return low


@kernel("void(f4[:, ::1], f8[::1], f4[::1], u8[:, ::1], b1, i8[::1])")
def draw_far(
    x: F32,
    weight: F64,
    cost: F32,
    words: U64,
    squared: bool,
    chosen: I64,
) -> None:
    """Chooses points one by one, each the best of a few that are drawn in proportion to their cost.

    Args:
        x: float32 (d, n), a row a channel.
        weight: float64 (n,).
        cost: float32 (n,), distance to the nearest center so far, infinite where there is none.
        words: uint64 (count, candidates), random.
        squared: squared Euclidean distance, or else the sum of absolute differences.
        chosen: int64 (count,), filled with the points that become centers.
    """
    n = x.shape[1]
    count, candidates = words.shape
    nearest, behind = cost.copy(), np.empty(n, np.float64)
    lower, sums = np.empty(n, np.float32), np.empty(n, np.float64)
    best_lower, best_sums = np.empty(n, np.float32), np.empty(n, np.float64)
    loss = 0.0
    for i in range(n):
        loss += weight[i] * (np.float64(cost[i]) if cost[i] < np.inf else 1.0)
        behind[i] = loss
    for place in range(count):
        best = np.inf
        for candidate in range(candidates):
            point = find(behind, words[place, candidate])
            center = x[0, point]
            for i in range(n):
                lower[i] = part(x[0, i] - center, squared)
            for j in range(1, x.shape[0]):
                center = x[j, point]
                for i in range(n):
                    lower[i] += part(x[j, i] - center, squared)
            for i in range(n):
                lower[i] = min(lower[i], nearest[i])
            loss = 0.0
            for i in range(n):
                loss += weight[i] * np.float64(lower[i])
                sums[i] = loss
            if candidate == 0 or loss < best:
                best = loss
                chosen[place] = point
                lower, best_lower = best_lower, lower
                sums, best_sums = best_sums, sums
        nearest, best_lower = best_lower, nearest
        behind, best_sums = best_sums, behind
