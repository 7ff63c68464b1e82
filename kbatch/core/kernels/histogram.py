"""Distinct colours with their counts, by a bitmap over all 2²⁴ colours and without sorting.

A colour's Morton code interleaves the bits of its channels (Morton 1966), so that colours whose
codes are neighbours are near in space too, and every octree cell is one contiguous run of codes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import I32, I64, U8, U32, U64


@kernel()
def ones(word: Any) -> Any:
    """Counts the set bits of a uint64 by adding neighbours, then pairs, then nibbles."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel("i8(Array(u1, 2, 'C', readonly=True), u4[::1], u8[::1], u4[::1], u4[::1])")
def mark(pixels: U8, apart: U32, bitmap: U64, rank: U32, codes: U32) -> Any:
    """Finds which colours occur.

    Args:
        pixels: uint8 (N, 3).
        apart: uint32 (256,), each byte with its bits three apart.
        bitmap: uint64 (2¹⁸,), zeros; a bit is set for each code that occurs.
        rank: uint32 (2¹⁸,), filled with how many codes occur below each word's first.
        codes: uint32 (N,), filled with each pixel's code.

    Returns:
        The number of distinct colours.
    """
    for i in range(pixels.shape[0]):
        codes[i] = (
            (apart[pixels[i, 0]] << np.uint32(2))
            | (apart[pixels[i, 1]] << np.uint32(1))
            | apart[pixels[i, 2]]
        )
    for i in range(codes.shape[0]):
        code = codes[i]
        bitmap[code >> np.uint32(6)] |= np.uint64(1) << np.uint64(code & np.uint32(63))
    below = np.uint32(0)
    for word in range(bitmap.shape[0]):
        rank[word] = below
        below += np.uint32(ones(bitmap[word]))
    return np.int64(below)


@kernel("void(u8[::1], u4[::1], u4[::1], i8[::1])")
def count(bitmap: U64, rank: U32, codes: U32, counts: I64) -> None:
    """Turns codes into ranks among the codes that occur, and counts each.

    Args:
        bitmap: as `mark` left it.
        rank: as `mark` left it.
        codes: uint32 (N,), codes; overwritten with ranks.
        counts: int64 (n,), zeros; filled.
    """
    for i in range(codes.shape[0]):
        code = codes[i]
        word = code >> np.uint32(6)
        lower = (np.uint64(1) << np.uint64(code & np.uint32(63))) - np.uint64(1)
        row = rank[word] + np.uint32(ones(bitmap[word] & lower))
        codes[i] = row
        counts[row] += 1


@kernel()
def every_third(code: Any) -> Any:
    """Returns the bits 0, 3, … 15 of a uint32 next to each other."""
    code &= np.uint32(0x9249)
    code = (code | code >> np.uint32(2)) & np.uint32(0x30C3)
    code = (code | code >> np.uint32(4)) & np.uint32(0xF00F)
    return (code | code >> np.uint32(8)) & np.uint32(0x3F)


@kernel("i8(u8[::1], u1[:, ::1], i8[::1])")
def colours(bitmap: U64, rgb: U8, cells: I64) -> int:
    """Lists the colours that occur in Morton order; a word of the bitmap is a cube of 4 × 4 × 4.

    Args:
        bitmap: as `mark` left it; emptied, which is faster here than as a whole.
        rgb: uint8 (n, 3), filled.
        cells: int64, long enough, filled with where the words begin that occur, and n.

    Returns:
        How many such words there are.
    """
    row = found = 0
    one = np.uint32(1)
    for word in range(bitmap.shape[0]):
        bits = bitmap[word]
        if bits == np.uint64(0):
            continue
        bitmap[word] = np.uint64(0)
        cells[found] = row
        found += 1
        high = np.uint32(word)
        red = every_third(high >> np.uint32(2)) << np.uint32(2)
        green = every_third(high >> np.uint32(1)) << np.uint32(2)
        blue = every_third(high) << np.uint32(2)
        while bits != np.uint64(0):
            low = np.uint32(ones((bits & (~bits + np.uint64(1))) - np.uint64(1)))
            rgb[row, 0] = red | (low >> np.uint32(4) & np.uint32(2)) | (low >> np.uint32(2) & one)
            rgb[row, 1] = green | (low >> np.uint32(3) & np.uint32(2)) | (low >> one & one)
            rgb[row, 2] = blue | (low >> np.uint32(2) & np.uint32(2)) | (low & one)
            row += 1
            bits &= bits - np.uint64(1)
    cells[found] = row
    return found


@kernel("void(u1[::1], i4[::1], u1[::1])")
def to_pixels(labels: U8, inverse: I32, indices: U8) -> None:
    """Gives each pixel the label of its colour.

    Args:
        labels: uint8 (n,), a label a colour.
        inverse: int32 (N,), each pixel's colour.
        indices: uint8 (N,), filled.
    """
    for i in range(len(inverse)):
        indices[i] = labels[np.uint32(inverse[i])]


class _Kept(threading.local):
    """Scratch of a thread, 3 MB: new memory every time would cost as much as the counting."""

    spare: tuple[U64, U32] | None = None  # zeros, and anything; not there while it is in use


_kept = _Kept()


def distinct(pixels: U8, tables: U32) -> tuple[U8, I64, I64, I32]:
    """Returns the distinct colours of opaque pixels.

    Args:
        pixels: uint8 (N, 3), C-contiguous.
        tables: uint32 (256,), each byte with its bits three apart.

    Returns:
        uint8 (n, 3) colours in Morton order, int64 (n,) counts, int64 (m + 1,) where the cubes of
        4 × 4 × 4 colours begin and n, int32 (N,) each pixel's row.
    """
    bitmap, rank = _kept.spare or (np.zeros(1 << 18, np.uint64), np.empty(1 << 18, np.uint32))
    _kept.spare = None  # whoever breaks off leaves no half-full bitmap
    codes = np.empty(len(pixels), np.uint32)
    view = pixels.view()
    view.flags.writeable = False  # the one type that the kernel is compiled for
    size = mark(view, tables, bitmap, rank, codes)
    rgb = np.empty((size, 3), np.uint8)
    counts = np.zeros(size, np.int64)
    cells = np.empty(size + 1, np.int64)
    count(bitmap, rank, codes, counts)
    found = colours(bitmap, rgb, cells)
    _kept.spare = bitmap, rank
    return rgb, counts, cells[: found + 1].copy(), codes.view(np.int32)
