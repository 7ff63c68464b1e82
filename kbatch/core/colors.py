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
        return Colors(*histogram.distinct(np.ascontiguousarray(pixels), _bits_apart(3)))
    # Sorting codes with their places behind them is much faster than sorting places by codes.
    keys = morton(pixels).astype(np.uint64) << np.uint64(32)
    keys |= np.arange(len(pixels), dtype=np.uint64)
    keys.sort()
    codes, places = (keys >> np.uint64(32)).astype(np.uint32), keys.astype(np.uint32)
    begins = np.append(True, codes[1:] != codes[:-1])
    inverse = np.empty(len(pixels), np.int32)
    inverse[places] = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    count = np.diff(np.append(first, len(pixels)))
    return Colors(pixels[places[first]], count, cells_of(codes[first], channels), inverse)


def pixels_of(labels: U8, colors: Colors) -> U8:
    """Returns uint8 (F*H*W,), each pixel's label.

    Args:
        labels: uint8 (n,), a label a colour.
        colors: the colours, with the way back to the pixels.
    """
    assert colors.inverse is not None
    indices = np.empty(len(colors.inverse), np.uint8)
    histogram.to_pixels(labels, colors.inverse, indices)
    return indices


def morton(rgba: U8) -> U32:
    """Interleaves the bits of the channels (Morton 1966).

    Args:
        rgba: uint8 (n, C).

    Returns:
        uint32 (n,): the highest bit of each channel first, C bits a level of the octree.
    """
    channels = rgba.shape[1]
    apart = _bits_apart(channels)
    code = np.zeros(len(rgba), np.uint32)
    for channel in range(channels):
        code |= apart[rgba[:, channel]] << np.uint32(channels - 1 - channel)
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
    """Returns float32 (n, d) points in Fortran order.

    With alpha, what can't be seen costs nothing: colours are premultiplied by it as differences
    from middle grey, and it comes last, in such a unit that a squared distance is the mean of those
    over a black and a white ground. (Over black e = Δp, over white e = Δp - Δa in each channel, and
    the mean of e² is (Δp - Δa/2)² + (Δa/2)².)

    Args:
        rgba: uint8 (n, 3) or (n, 4).
        space: the space of the first three dimensions.
    """
    straight = space.forward(np.ascontiguousarray(rgba[:, :3]))
    if straight.size and not -LARGEST < straight.min() <= straight.max() < LARGEST:  # nor NaN
        raise ValueError("the space's coordinates are too large, infinite or NaN")
    if rgba.shape[1] == 3:
        return np.asfortranarray(straight, np.float32)
    x, (grey, unit) = np.empty(rgba.shape, np.float32, order="F"), _ground(space)
    alpha = rgba[:, 3:].astype(np.float32) / np.float32(255)
    x[:, :3] = (straight - grey) * alpha
    x[:, 3:] = alpha * unit
    return x


def from_space(x: F32, space: Space) -> U8:
    """Returns the nearest uint8 (n, 3) or (n, 4) colours of float32 (n, d) points of a space."""
    if x.shape[1] == 3:
        return space.inverse(x)
    grey, unit = _ground(space)
    alpha = x[:, 3:] / unit
    straight = x[:, :3] / np.maximum(alpha, np.float32(1e-6)) + grey
    opacity = np.clip(np.rint(alpha * 255), 0, 255).astype(np.uint8)
    rgba = np.hstack([space.inverse(straight), opacity])
    rgba[rgba[:, 3] == 0] = 0
    return rgba


def as_seen(rgba: U8, space: Space) -> U8:
    """Returns uint8 (n, C), what a space makes of colours: themselves, or greys, or the like."""
    return from_space(to_space(rgba, space), space)


def _ground(space: Space) -> tuple[F32, np.float32]:
    """Returns float32 (3,), middle grey in a space, and half the distance from black to white."""
    black, white = space.forward(np.array([[0, 0, 0], [255, 255, 255]], np.uint8))
    half = (white - black) / np.float32(2)
    length = np.sqrt(half[0] * half[0] + half[1] * half[1] + half[2] * half[2])
    return black + half, max(length, np.float32(1))  # a space may tell them not apart


@functools.cache
def _bits_apart(channels: int) -> U32:
    """Returns uint32 (256,): each byte with its bits `channels` apart."""
    byte = np.arange(256, dtype=np.uint32)
    apart = np.zeros(256, np.uint32)
    for bit in range(8):
        apart |= ((byte >> np.uint32(bit)) & np.uint32(1)) << np.uint32(bit * channels)
    return apart


def cells_of(codes: U32, channels: int) -> I64:
    """Returns int64 (m + 1,): where the cells begin in rising codes, and n."""
    cells = codes >> np.uint32(channels * (8 - CELL_BITS))
    starts = np.flatnonzero(cells[1:] != cells[:-1]) + 1
    return np.concatenate([[0], starts, [len(codes)]]).astype(np.int64)
