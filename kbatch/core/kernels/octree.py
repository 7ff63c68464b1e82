"""The octree of colours in Morton order, whose cells are runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F64, I64, U8, U32


@kernel("void(u4[::1], u1[:, ::1], i8[::1], f8[::1])")
def split_errors(codes: U32, rgba: U8, count: I64, error: F64) -> None:
    """Tells for each colour the error of the cell that must be split for it to begin a part.

    The error is the sum of squared distances to the cell's mean, weighted by the pixels: a part
    never has more than the whole, so that splitting all above a threshold is splitting top down.

    Args:
        codes: uint32 (n,), rising Morton codes, C bits a level.
        rgba: uint8 (n, C).
        count: int64 (n,), pixels of each colour.
        error: float64 (n,), filled; the first one infinite.
    """
    n, channels = rgba.shape
    level = np.empty(n + 1, np.int64)  # the coarsest at which a colour begins a cell
    level[0] = level[n] = 0
    for i in range(1, n):
        differing, depth = codes[i] ^ codes[i - 1], 8
        while differing >> np.uint32(channels) != np.uint32(0):
            differing >>= np.uint32(channels)
            depth -= 1
        level[i] = depth
    weight = np.zeros(n + 1, np.int64)
    squares = np.zeros(n + 1, np.int64)
    sums = np.zeros((n + 1, 4), np.int64)
    for i in range(n):
        weight[i + 1] = weight[i] + count[i]
        squares[i + 1] = squares[i]
        for j in range(channels):
            value = np.int64(rgba[i, j])
            sums[i + 1, j] = sums[i, j] + count[i] * value
            squares[i + 1] += count[i] * value * value
    error[0] = np.inf
    for depth in range(8):
        start = 0
        for end in range(1, n + 1):
            if level[end] > depth:
                continue
            if end - start > 1:
                middle = 0.0
                for j in range(channels):
                    total = np.float64(sums[end, j] - sums[start, j])
                    middle += total * total
                spread = np.float64(squares[end] - squares[start])
                spread -= middle / np.float64(weight[end] - weight[start])
                for i in range(start + 1, end):
                    if level[i] == depth + 1:
                        error[i] = spread
            start = end
