"""Distinct colours with their counts, by a bitmap over all 2²⁴ colours and without sorting.

A colour's Morton code interleaves the bits of its channels (Morton 1966), so that colours whose
codes are neighbours are near in space too, and every octree cell is one contiguous run of codes.
"""

from __future__ import annotations

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
def mark(pixels: U8, spread: U32, bitmap: U64, rank: U32, codes: U32) -> Any:
    """Finds which colours occur.

    Args:
        pixels: uint8 (N, 3).
        spread: uint32 (256,), each byte with its bits three apart.
        bitmap: uint64 (2¹⁸,), zeros; a bit is set for each code that occurs.
        rank: uint32 (2¹⁸,), filled with how many codes occur below each word's first.
        codes: uint32 (N,), filled with each pixel's code.

    Returns:
        The number of distinct colours.
    """
    for i in range(pixels.shape[0]):
        code = (
            (spread[pixels[i, 0]] << np.uint32(2))
            | (spread[pixels[i, 1]] << np.uint32(1))
            | spread[pixels[i, 2]]
        )
        codes[i] = code
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


@kernel("void(u8[::1], u1[:, ::1])")
def colours(bitmap: U64, rgb: U8) -> None:
    """Lists the colours that occur in Morton order.

    Args:
        bitmap: as `mark` left it.
        rgb: uint8 (n, 3), filled.
    """
    row = 0
    for word in range(bitmap.shape[0]):
        bits = bitmap[word]
        while bits != np.uint64(0):
            lowest = bits & (~bits + np.uint64(1))
            code = np.uint32(word * 64) + np.uint32(ones(lowest - np.uint64(1)))
            for channel in range(3):
                value = np.uint32(0)
                for bit in range(8):
                    place = np.uint32(3 * bit + 2 - channel)
                    value |= ((code >> place) & np.uint32(1)) << np.uint32(bit)
                rgb[row, channel] = value
            row += 1
            bits ^= lowest


def distinct(pixels: U8, spread: U32) -> tuple[U8, I64, I32]:
    """Returns the distinct colours of opaque pixels.

    Args:
        pixels: uint8 (N, 3), C-contiguous.
        spread: uint32 (256,), each byte with its bits three apart.

    Returns:
        uint8 (n, 3) colours in Morton order, int64 (n,) counts, int32 (N,) each pixel's row.
    """
    bitmap = np.zeros(1 << 18, np.uint64)
    rank = np.empty(1 << 18, np.uint32)
    codes = np.empty(len(pixels), np.uint32)
    view = pixels.view()
    view.flags.writeable = False  # the one type that the kernel is compiled for
    size = mark(view, spread, bitmap, rank, codes)
    rgb = np.empty((size, 3), np.uint8)
    counts = np.zeros(size, np.int64)
    count(bitmap, rank, codes, counts)
    colours(bitmap, rgb)
    return rgb, counts, codes.view(np.int32)
