"""Squared and absolute errors of colours and the entries that stand for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import I64, U8


@kernel("UniTuple(f8, 2)(u1[:, ::1], i8[::1], u1[::1], u1[:, ::1])")
def compare(colors: U8, count: I64, chosen: U8, palette: U8) -> tuple[float, float]:
    """Sums errors over the channels, premultiplied where there is alpha; exact without.

    Args:
        colors: uint8 (n, C).
        count: int64 (n,), pixels of each.
        chosen: uint8 (n,), the entry of each.
        palette: uint8 (k, C).

    Returns:
        The sum of squared and of absolute errors of all pixels.
    """
    squares, absolutes = 0.0, 0.0
    channels = colors.shape[1]
    for i in range(len(colors)):
        entry = chosen[i]
        if channels == 3:
            square, absolute = np.int64(0), np.int64(0)
            for j in range(3):
                difference = np.int64(colors[i, j]) - np.int64(palette[entry, j])
                square += difference * difference
                absolute += abs(difference)
            squares += np.float64(count[i] * square)
            absolutes += np.float64(count[i] * absolute)
        else:
            here, there = np.int64(colors[i, 3]), np.int64(palette[entry, 3])
            rest = np.float64(here - there)
            square_sum, absolute_sum = rest * rest, abs(rest)
            for j in range(3):
                one = np.int64(colors[i, j]) * here - np.int64(palette[entry, j]) * there
                rest = np.float64(one) / 255.0
                square_sum += rest * rest
                absolute_sum += abs(rest)
            squares += np.float64(count[i]) * square_sum
            absolutes += np.float64(count[i]) * absolute_sum
    return squares, absolutes
