"""How alike two pictures are in small surroundings of each pixel, row by row.

Sums are over a Gaussian window, across and then down. What is across stays in a ring of as many
rows as the window has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F64, U8

WINDOW = 11
HALF = WINDOW // 2
# exp(-d² / (2 · 1.5²)) at d = 5, 4, … 0, as shares; written down, since libraries differ in exp
TAPS = (
    0.0010283800844791092,
    0.007598758135239185,
    0.03600077212843083,
    0.10936068950970002,
    0.2130055377112537,
    0.26601172486179436,
)
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


@kernel(
    "void(Array(u1, 3, 'C', readonly=True), Array(u1, 2, 'C', readonly=True), f8[::1], "
    "f8[:, :, ::1])"
)
def luma(pixels: U8, indices: U8, entries: F64, out: F64) -> None:
    """Fills two planes with luma (ITU-R BT.601), 0 to 255.

    Args:
        pixels: uint8 (H, W, 3).
        indices: uint8 (H, W).
        entries: float64 (256,), the luma of each.
        out: float64 (2, H, W), filled with that of the pixels and that of their entries.
    """
    height, width = indices.shape
    for y in range(height):
        for x in range(width):
            red, green, blue = pixels[y, x, 0], pixels[y, x, 1], pixels[y, x, 2]
            whole = np.int32(299 * np.int32(red) + 587 * np.int32(green) + 114 * np.int32(blue))
            out[0, y, x] = np.float64(whole) / 1000.0
            out[1, y, x] = entries[indices[y, x]]


@kernel()
def multiply(x: F64, y: F64, squares: F64, product: F64) -> None:
    """Fills a row with x² + y², and one with x · y."""
    for j in range(len(x)):
        squares[j] = x[j] * x[j] + y[j] * y[j]
        product[j] = x[j] * y[j]


@kernel()
def across(row: F64, out: F64) -> None:
    """Sums a row over the window, pairs from the outside in."""
    a, b, c, d, e, f = TAPS
    for j in range(len(out)):
        out[j] = (
            a * (row[j] + row[j + 10])
            + b * (row[j + 1] + row[j + 9])
            + c * (row[j + 2] + row[j + 8])
            + d * (row[j + 3] + row[j + 7])
            + e * (row[j + 4] + row[j + 6])
            + f * row[j + 5]
        )


@kernel()
def add(share: float, above: F64, below: F64, out: F64) -> None:
    """Adds two rows to a sum."""
    for j in range(len(out)):
        out[j] += share * (above[j] + below[j])


@kernel()
def begin(share: float, middle: F64, out: F64) -> None:
    """Begins a sum with its middle row."""
    for j in range(len(out)):
        out[j] = share * middle[j]


@kernel()
def compare(x: F64, y: F64, squares: F64, product: F64, out: F64) -> None:
    """Adds each pixel's luminance × contrast × structure, and these two alone.

    Args:
        x: float64 (w,), the mean around each pixel.
        y: likewise of the other picture.
        squares: the mean of x² + y².
        product: the mean of x · y.
        out: float64 (2, w), added to.
    """
    for j in range(len(x)):
        both = x[j] * y[j]
        power = x[j] * x[j] + y[j] * y[j]
        structure = (2.0 * (product[j] - both) + C2) / (squares[j] - power + C2)
        out[0, j] += structure * ((2.0 * both + C1) / (power + C1))
        out[1, j] += structure


@kernel("UniTuple(f8, 2)(f8[:, ::1], f8[:, ::1])")
def similarity(x: F64, y: F64) -> tuple[float, float]:
    """Returns the means of the SSIM, and of contrast × structure, where the window fits.

    Args:
        x: float64 (H, W), neither side shorter than the window.
        y: float64 (H, W).
    """
    height, width = x.shape
    inner = width - WINDOW + 1
    squares, product = np.empty(width), np.empty(width)
    ring = np.empty((4, WINDOW, inner))
    mean, sums = np.empty((4, inner)), np.zeros((2, inner))
    for i in range(height):
        multiply(x[i], y[i], squares, product)
        place = i % WINDOW
        across(x[i], ring[0, place])
        across(y[i], ring[1, place])
        across(squares, ring[2, place])
        across(product, ring[3, place])
        if i < WINDOW - 1:
            continue
        first = i + 1  # of the ring, the oldest row
        for m in range(4):
            begin(TAPS[HALF], ring[m, (first + HALF) % WINDOW], mean[m])
            for t in range(HALF):
                above = ring[m, (first + t) % WINDOW]
                below = ring[m, (first + WINDOW - 1 - t) % WINDOW]
                add(TAPS[t], above, below, mean[m])
        compare(mean[0], mean[1], mean[2], mean[3], sums)
    ssim = structure = 0.0
    for j in range(inner):
        ssim += sums[0, j]
        structure += sums[1, j]
    pixels = np.float64(inner) * np.float64(height - WINDOW + 1)
    return ssim / pixels, structure / pixels
