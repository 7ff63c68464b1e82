"""How far pixels are from the entries that stand for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import U8


@kernel(
    "UniTuple(i8, 2)(Array(u1, 2, 'C', readonly=True), Array(u1, 1, 'C', readonly=True), "
    "u1[:, ::1])"
)
def difference(pixels: U8, indices: U8, palette: U8) -> tuple[int, int]:
    """Returns the sum of squared differences of all channels, and the largest difference.

    Args:
        pixels: uint8 (n, 3).
        indices: uint8 (n,).
        palette: uint8 (256, 3), what the indices mean.
    """
    squares, largest = np.int64(0), np.int32(0)
    for i in range(len(indices)):
        entry = indices[i]
        for j in range(3):
            off = np.int32(pixels[i, j]) - np.int32(palette[entry, j])
            squares += np.int64(off * off)
            largest = max(largest, abs(off))
    return squares, np.int64(largest)  # type: ignore[return-value]
