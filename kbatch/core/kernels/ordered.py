"""Ordered dithering by pairs of entries, sought once a colour and spread over its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, I16, I32, U8

LANES = 16  # colours that are looked at side by side
CONTRAST = np.float32(0.2)  # what contrast within a pair costs, against what it is off by
HALF, ONE, TWO = np.float32(0.5), np.float32(1), np.float32(2)
LEAST = np.float32(1)  # squared distance of two entries that differ


@kernel("void(f4[:, ::1], u1[::1], f4[:, ::1], i4[::1], u1[:, ::1], i2[::1])")
def pair(x: F32, nearest: U8, entries: F32, level: I32, pairs: U8, share: I16) -> None:
    """Finds the entry that each colour's nearest one is best mixed with.

    The second entry minimises |x - m|² + c·t·(1 - t)·|second - first|², where m is the mix with a
    share t of the second that comes closest to x, and c is `CONTRAST`.

    Args:
        x: float32 (d, n), colours in quarters of a level; n is a multiple of `LANES`.
        nearest: uint8 (n,), the first entry of each.
        entries: float32 (d, k), likewise.
        level: int32 (k,), by which one entry is brighter than another.
        pairs: uint8 (n, 2), filled with the darker and the brighter one.
        share: int16 (n,), filled with 0 to 4096ths of the brighter one.
    """
    dimensions, count = entries.shape
    off = np.empty((dimensions, LANES), np.float32)
    first = np.empty((dimensions, LANES), np.float32)
    least, part = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    size, along = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    second = np.empty(LANES, np.int32)
    for start in range(0, x.shape[1], LANES):
        for lane in range(LANES):
            mine = nearest[start + lane]
            least[lane] = part[lane] = np.float32(0)
            second[lane] = mine
            for j in range(dimensions):
                first[j, lane] = entries[j, mine]
                off[j, lane] = x[j, start + lane] - entries[j, mine]
        for c in range(count):
            for lane in range(LANES):
                size[lane] = along[lane] = np.float32(0)
            for j in range(dimensions):
                place = entries[j, c]
                for lane in range(LANES):
                    step = place - first[j, lane]
                    size[lane] += step * step
                    along[lane] += step * off[j, lane]
            for lane in range(LANES):
                d, a = size[lane], along[lane]
                t = min(max(a, np.float32(0)) / max(d, LEAST), HALF)
                gain = t * ((t + CONTRAST * (ONE - t)) * d - TWO * a)
                better = gain < least[lane]
                second[lane] = np.int32(c) if better else second[lane]
                part[lane] = t if better else part[lane]
                least[lane] = gain if better else least[lane]
        for lane in range(LANES):
            mine, partner = np.int32(nearest[start + lane]), second[lane]
            t = np.int32(part[lane] * np.float32(4096) + HALF)
            brighter = level[partner] > level[mine]
            pairs[start + lane, 0] = mine if brighter else partner
            pairs[start + lane, 1] = partner if brighter else mine
            share[start + lane] = t if brighter else np.int32(4096) - t


@kernel("void(i4[::1], u1[:, ::1], i2[::1], i2[:, ::1], u1[:, :, ::1])")
def paint(inverse: I32, pairs: U8, share: I16, mask: I16, out: U8) -> None:
    """Gives each pixel one of its colour's pair, by its place only.

    Args:
        inverse: int32 (F*H*W,), each pixel's colour.
        pairs: uint8 (n, 2), the darker and the brighter entry of each.
        share: int16 (n,), 0 to 4096ths of the brighter one.
        mask: int16 (64, 64), each number below 4096 once.
        out: uint8 (F, H, W), filled.
    """
    frames, height, width = out.shape
    i = 0
    for frame in range(frames):
        for y in range(height):
            for x in range(width):
                row = np.uint32(inverse[i])
                bright = mask[y & 63, x & 63] < share[row]
                out[frame, y, x] = pairs[row, 1] if bright else pairs[row, 0]
                i += 1
