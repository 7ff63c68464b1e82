"""What measures are made of: differences of pixels, luma, and likeness of small surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.dithering import read_only
from kbatch.core.kernels import difference as differing
from kbatch.core.kernels import similarity as alike
from kbatch.core.kernels.jit import prepare
from kbatch.core.palette import LUMA

if TYPE_CHECKING:
    from kbatch.data import F64, U8


def difference(pixels: U8, indices: U8, palette: U8) -> tuple[int, int]:
    """Compares opaque pixels with the entries that they got, exactly.

    Args:
        pixels: uint8 (…, 3).
        indices: uint8 (…).
        palette: uint8 (k, 3).

    Returns:
        The sum of squared differences of all channels, and the largest difference.
    """
    prepare("difference")
    entries = np.zeros((256, 3), np.uint8)  # any index is within
    entries[: len(palette)] = palette
    squares, largest = differing.difference(
        read_only(pixels.reshape(-1, 3)), read_only(indices.reshape(-1)), entries
    )
    return int(squares), int(largest)


def luma(pixels: U8, indices: U8, palette: U8) -> F64:
    """Returns the luma (ITU-R BT.601) of opaque pixels and of their entries, not rounded.

    Args:
        pixels: uint8 (H, W, 3).
        indices: uint8 (H, W).
        palette: uint8 (k, 3).

    Returns:
        float64 (2, H, W), 0 to 255.
    """
    prepare("similarity")
    entries = np.zeros(256)
    entries[: len(palette)] = (palette * LUMA).sum(axis=1) / 1000
    planes = np.empty((2, *indices.shape))  # at once: pages that are new cost more than the rest
    alike.luma(read_only(pixels), read_only(indices), entries, planes)
    return planes


def similarity(x: F64, y: F64) -> tuple[float, float]:
    """Compares small surroundings of the pixels of two planes (Wang et al. 2004).

    A Gaussian window of 11 × 11 pixels with a deviation of 1.5, wherever it fits; constants for
    values of 0 to 255.

    Args:
        x: float64 (H, W).
        y: float64 (H, W).

    Returns:
        The means of luminance × contrast × structure, which is the SSIM, and of contrast ×
        structure alone; NaN where a side is shorter than the window.
    """
    if min(x.shape) < alike.WINDOW:
        return np.nan, np.nan
    prepare("similarity")
    ssim, structure = alike.similarity(np.ascontiguousarray(x), np.ascontiguousarray(y))
    return float(ssim), float(structure)
