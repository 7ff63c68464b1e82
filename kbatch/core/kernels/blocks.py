"""Blocks of neighbouring points and the boxes around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, I64


@kernel("i8(i8[::1], i8, i8[::1])")
def pack(cells: I64, most: int, begins: I64) -> int:
    """Packs whole cells into blocks; a cell that is larger than a block is cut.

    Args:
        cells: int64 (m + 1,), where cells begin, and n.
        most: points of a block.
        begins: int64, long enough, filled with where blocks begin, and n.

    Returns:
        How many blocks.
    """
    blocks, start = 0, 0
    begins[0] = 0
    for cell in range(1, len(cells)):
        end = cells[cell]
        if end - start <= most:
            continue
        if cells[cell - 1] > start:
            start = cells[cell - 1]
            blocks += 1
            begins[blocks] = start
        while end - start > most:
            start += most
            blocks += 1
            begins[blocks] = start
    blocks += 1
    begins[blocks] = cells[-1]
    return blocks


@kernel("void(f4[:, ::1], i8[::1], f4[:, ::1], f4[:, ::1])")
def boxes(x: F32, begins: I64, low: F32, high: F32) -> None:
    """Finds the tight box around each block.

    Args:
        x: float32 (d, n), a row a channel.
        begins: int64 (m + 1,), where blocks begin, and n.
        low: float32 (m, d), filled with the lower corners.
        high: float32 (m, d), filled with the upper corners.
    """
    for j in range(x.shape[0]):
        for b in range(len(begins) - 1):
            least = most = x[j, begins[b]]
            for i in range(begins[b], begins[b + 1]):
                value = x[j, i]
                least = value if value < least else least
                most = value if value > most else most
            low[b, j], high[b, j] = least, most
