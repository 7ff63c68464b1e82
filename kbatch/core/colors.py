"""From pixels to distinct weighted colours, and from colours to points of a space.

Never cluster pixels: a photo of 400,000 pixels has some 50,000 distinct colours.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.blocks import blocks_of
from kbatch.core.kernels import histogram
from kbatch.data import Colors, Picture, Points

if TYPE_CHECKING:
    from kbatch.data import F32, I64, U8, U32
    from kbatch.stages import Space

LARGEST = 1e15  # coordinate whose square is still a float32
CELL_BITS = 6  # a cell is a cube of 4 × 4 × 4 colours


def collect(picture: Picture) -> Colors:
    """Counts the distinct colours of all frames.

    Args:
        picture: uint8 (F, H, W, C) pixels.
    """
    channels = picture.pixels.shape[-1]
    pixels = picture.pixels.reshape(-1, channels)
    if channels == 3:
        return Colors(*histogram.distinct(np.ascontiguousarray(pixels), _spread(3)))
    codes, first, inverse, count = np.unique(
        morton(pixels), return_index=True, return_inverse=True, return_counts=True
    )
    cells = cells_of(codes, channels)
    return Colors(pixels[first], count, cells, inverse.astype(np.int32).reshape(-1))


def pixels_of(labels: U8, colors: Colors) -> U8:
    """Returns uint8 (F*H*W,), each pixel's label.

    Args:
        labels: uint8 (n,), a label a colour.
        colors: the colours, with the way back to the pixels.
    """
    assert colors.inverse is not None
    indices = np.empty(len(colors.inverse), np.uint8)
    histogram.spread(labels, colors.inverse, indices)
    return indices


def morton(rgba: U8) -> U32:
    """Interleaves the bits of the channels (Morton 1966).

    Args:
        rgba: uint8 (n, C).

    Returns:
        uint32 (n,): the highest bit of each channel first, C bits a level of the octree.
    """
    channels = rgba.shape[1]
    spread = _spread(channels)
    code = np.zeros(len(rgba), np.uint32)
    for channel in range(channels):
        code |= spread[rgba[:, channel]] << np.uint32(channels - 1 - channel)
    return code


def points(colors: Colors, space: Space) -> Points:
    """Places the colours in a space.

    Args:
        colors: n distinct colours.
        space: where they are clustered.
    """
    x = to_space(colors.rgba, space)
    return Points(x, colors.count.astype(np.float64), blocks_of(x, colors.cells))


def to_space(rgba: U8, space: Space) -> F32:
    """Returns float32 (n, d) points in Fortran order; with alpha premultiplied and alpha last.

    Args:
        rgba: uint8 (n, 3) or (n, 4).
        space: the space of the first three dimensions.
    """
    straight = space.forward(np.ascontiguousarray(rgba[:, :3]))
    if straight.size and not -LARGEST < straight.min() <= straight.max() < LARGEST:  # nor NaN
        raise ValueError("the space's coordinates are too large, infinite or NaN")
    if rgba.shape[1] == 3:
        return np.asfortranarray(straight, np.float32)
    x = np.empty(rgba.shape, np.float32, order="F")
    x[:, 3] = rgba[:, 3]
    x[:, :3] = straight * (x[:, 3:] / np.float32(255))
    return x


def from_space(x: F32, space: Space) -> U8:
    """Returns the nearest uint8 (n, 3) or (n, 4) colours of float32 (n, d) points of a space."""
    if x.shape[1] == 3:
        return space.inverse(x)
    alpha = np.clip(np.rint(x[:, 3:]), 0, 255)
    straight = (x[:, :3] * 255 / np.maximum(x[:, 3:], 1e-6)).astype(np.float32)
    rgba = np.hstack([space.inverse(straight), alpha.astype(np.uint8)])
    rgba[rgba[:, 3] == 0] = 0
    return rgba


def as_seen(rgba: U8, space: Space) -> U8:
    """Returns uint8 (n, C), what a space makes of colours: themselves, or greys, or the like."""
    return from_space(to_space(rgba, space), space)


@functools.cache
def _spread(channels: int) -> U32:
    """Returns uint32 (256,): each byte with its bits `channels` apart."""
    byte = np.arange(256, dtype=np.uint32)
    spread = np.zeros(256, np.uint32)
    for bit in range(8):
        spread |= ((byte >> np.uint32(bit)) & np.uint32(1)) << np.uint32(bit * channels)
    return spread


def cells_of(codes: U32, channels: int) -> I64:
    """Returns int64 (m + 1,): where the cells begin in rising codes, and n."""
    cells = codes >> np.uint32(channels * (8 - CELL_BITS))
    starts = np.flatnonzero(cells[1:] != cells[:-1]) + 1
    return np.concatenate([[0], starts, [len(codes)]]).astype(np.int64)
