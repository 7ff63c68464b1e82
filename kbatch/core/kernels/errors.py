"""Squared and absolute errors of colours and the entries that stand for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, I64, U8


@kernel("UniTuple(f8, 3)(u1[:, ::1], i8[::1], u1[::1], u1[:, ::1], f4[::1], i8[::1])")
def compare(
    colors: U8, count: I64, chosen: U8, palette: U8, cost: F32, counts: I64
) -> tuple[float, float, float]:
    """Sums errors over the channels, premultiplied where there is alpha; exact without.

    Args:
        colors: uint8 (n, C).
        count: int64 (n,), pixels of each.
        chosen: uint8 (n,), the entry of each.
        palette: uint8 (k, C).
        cost: float32 (n,), their distances.
        counts: int64 (k,), zeros; filled with the pixels of each entry.

    Returns:
        The sum of the distances, of squared and of absolute errors of all pixels.
    """
    loss = squares = absolutes = 0.0
    whole_squares = whole_absolutes = np.int64(0)
    for i in range(len(colors)):
        entry, pixels = chosen[i], count[i]
        counts[entry] += pixels
        loss += np.float64(pixels) * np.float64(cost[i])
        if colors.shape[1] == 3:
            square = absolute = np.int64(0)
            for j in range(3):
                difference = np.int64(colors[i, j]) - np.int64(palette[entry, j])
                square += difference * difference
                absolute += abs(difference)
            whole_squares += pixels * square
            whole_absolutes += pixels * absolute
        else:
            here, there = np.int64(colors[i, 3]), np.int64(palette[entry, 3])
            rest = np.float64(here - there)
            square_sum, absolute_sum = rest * rest, abs(rest)
            for j in range(3):
                one = np.int64(colors[i, j]) * here - np.int64(palette[entry, j]) * there
                rest = np.float64(one) / 255.0
                square_sum += rest * rest
                absolute_sum += abs(rest)
            squares += np.float64(pixels) * square_sum
            absolutes += np.float64(pixels) * absolute_sum
    return loss, squares + np.float64(whole_squares), absolutes + np.float64(whole_absolutes)
