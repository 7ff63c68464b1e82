"""Dithering: entries chosen so that areas look right from afar.

Errors are diffused in quarters of a level: colours premultiplied where there is alpha, times four.
The nearest entry e of a value x is the least |e|² - 2 e·x, times 256 so that the entry's index is
the lowest byte: one integer to compare, and ties go to the lowest index.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.colors import as_seen, collect
from kbatch.core.kernels import dither, lanes, ordered
from kbatch.core.kernels.jit import prepare
from kbatch.core.lloyd import metric_of
from kbatch.core.mask import blue_noise
from kbatch.core.palette import LUMA
from kbatch.data import Picture

if TYPE_CHECKING:
    from kbatch.data import I16, I32, U8, Colors
    from kbatch.stages import Nearest, Space, Strategy

FEW = 32  # entries up to which asking for each pixel is as fast as a table


def diffuse(pixels: U8, indices: U8, palette: U8, nearest: Nearest, weights: I32) -> U8:
    """Diffuses errors to the right and to the row below (Floyd & Steinberg 1976).

    Values are clamped, errors aren't. A pixel that nothing comes to keeps its entry. Transparent
    ones take no part. Where `nearest` is Euclidean and the palette small, each pixel gets the
    nearest entry of what it should be; else that of the middle of a cell, of which there are 64 a
    channel, 32 with alpha: what that is off by is handed on as well.

    Args:
        pixels: uint8 (F, H, W, C).
        indices: uint8 (F, H, W), the nearest entry of each.
        palette: uint8 (k, 4), k at most 256.
        nearest: finds the nearest entry of any colour.
        weights: int32 (4,), shares in 256ths, all together at most 256: to the right, to below on
            the left, below, below on the right.

    Returns:
        uint8 (F, H, W) indices.
    """
    prepare("dither")
    channels = pixels.shape[-1]
    entries = quarters(palette[:, :channels])
    chosen = np.empty(indices.shape, np.uint8)
    dither.diffuse(
        read_only(pixels),
        read_only(indices),
        _packed(entries),
        keys_of(entries),
        _table(channels, len(palette), nearest),
        _middles(channels),
        np.asarray(weights, np.int32),
        chosen,
    )
    return chosen


def mix(pixels: U8, indices: U8, palette: U8) -> U8:
    """Mixes two entries a colour by a mask of thresholds, at fixed places.

    A colour between its nearest entry and another one gets both, in the shares that come closest to
    it. What a pixel gets depends on its colour and its place only, so that what stands still in an
    animation doesn't flicker. Transparent pixels keep their entry.

    Args:
        pixels: uint8 (F, H, W, C).
        indices: uint8 (F, H, W), the nearest entry of each.
        palette: uint8 (k, 4).

    Returns:
        uint8 (F, H, W) indices.
    """
    prepare("ordered")
    colors = collect(Picture(pixels))
    assert colors.inverse is not None
    channels, size = colors.rgba.shape[1], len(colors.rgba)
    whole = size + -size % ordered.LANES
    x = np.zeros((channels, whole), np.float32)
    x[:, :size] = quarters(colors.rgba).T
    first = np.zeros(whole, np.uint8)
    first[colors.inverse] = indices.reshape(-1)
    entries = quarters(palette[:, :channels])
    level = (entries[:, :3] * LUMA).sum(axis=1).astype(np.int32)
    pairs, share = np.empty((whole, 2), np.uint8), np.empty(whole, np.int16)
    ordered.pair(x, first, entries.T.astype(np.float32, order="C"), level, pairs, share)
    if channels == 4:
        pairs[:size][colors.rgba[:, 3] == 0] = first[:size][colors.rgba[:, 3] == 0, None]
    chosen = np.empty(indices.shape, np.uint8)
    ordered.paint(colors.inverse, pairs, share, blue_noise(), chosen)
    return chosen


def is_euclidean(strategy: Strategy, space: Space) -> bool:
    """Tells whether a strategy takes squared distances in a space of values as they are stored."""
    some = np.arange(256, dtype=np.uint8)[:, None] * np.array([1, 3, 7], np.uint8)
    return metric_of(strategy) == "squared" and np.array_equal(space.forward(some), some)


def seen_in(space: Space, picture: Picture, colors: Colors) -> U8:
    """Returns the pixels as a space sees them: `gray` makes greys of them.

    What a palette of greys can't give must not be handed on as an error: it would only grow.

    Args:
        space: where entries are nearest.
        picture: the pixels.
        colors: their distinct colours, with the way back.

    Returns:
        uint8 (F, H, W, C); those of the picture where the space tells colours apart.
    """
    levels = np.arange(256, dtype=np.uint8)
    some: U8 = np.stack([levels, levels[::-1], levels // 2], axis=1)
    if np.array_equal(as_seen(some, space), some):
        return picture.pixels
    assert colors.inverse is not None
    rgba = colors.rgba.copy()
    rgba[:, :3] = as_seen(np.ascontiguousarray(rgba[:, :3]), space)
    if rgba.shape[1] == 4:
        rgba[rgba[:, 3] == 0] = 0
    pixels: U8 = rgba[colors.inverse].reshape(picture.pixels.shape)
    return pixels


def quarters(rgba: U8) -> I32:
    """Returns int32 (n, C), colours in quarters of a level, premultiplied and rounded half up."""
    whole = rgba.astype(np.int32)
    if rgba.shape[1] == 3:
        return whole * 4
    whole[:, :3] = (8 * whole[:, :3] * whole[:, 3:] + 255) // 510
    whole[:, 3] *= 4
    return whole


def keys_of(entries: I32) -> I32:
    """Returns what the least key is sought with: for a value x, row 0 - x · the other rows.

    Args:
        entries: int32 (k, C), in quarters.

    Returns:
        int32 (C + 1, k), and one column more that is never the least where k is odd.
    """
    count, channels = entries.shape
    keys = np.zeros((channels + 1, count + count % 2), np.int32)
    keys[0] = lanes.NEVER
    keys[0, :count] = (entries * entries).sum(axis=1) * 256 + np.arange(count)
    keys[1:, :count] = entries.T * 512
    return keys


def _packed(entries: I32) -> I32:
    """Returns int32 (words, k): 10 bits a colour channel, and alpha in a word of its own."""
    words = [entries[:, 0] | entries[:, 1] << 10 | entries[:, 2] << 20, *entries[:, 3:].T]
    return np.ascontiguousarray(words, np.int32)


def _middles(channels: int) -> I32:
    """Returns int32 (places,), the value that a place of a cell stands for; 0 and 1020 do so."""
    last = 63 if channels == 3 else 31
    return (2 * dither.TOP * np.arange(last + 1, dtype=np.int32) + last) // (2 * last)


def _table(channels: int, entries: int, nearest: Nearest) -> I16:
    """Returns the entry of each cell, -1 where the kernel may seek it itself; or nothing."""
    if getattr(nearest, "euclidean", False):
        size = 0 if entries <= FEW else 1 << (18 if channels == 3 else 20)
        return np.full(size, -1, np.int16)
    colors, place = _cells(channels)
    return nearest(colors).astype(np.int16)[place]


@functools.cache
def _cells(channels: int) -> tuple[U8, I32]:
    """Returns what the cells stand for: uint8 (m, C) colours, int32 (cells,) a row for each.

    With alpha, a cell whose colour is brighter than its alpha allows stands for the brightest that
    it does.
    """
    bits = 6 if channels == 3 else 5
    last = (1 << bits) - 1
    cells = np.arange(1 << bits * channels, dtype=np.int32)
    places = [cells >> bits * (channels - 1 - j) & last for j in range(channels)]
    if channels == 3:
        levels = [(510 * place + last) // (2 * last) for place in places]
        return np.stack(levels, axis=1).astype(np.uint8), cells
    alpha = places[3]
    possible = [np.minimum(place, alpha) for place in places]
    codes = sum(place << bits * (3 - j) for j, place in enumerate(possible))
    distinct, rows = np.unique(codes, return_inverse=True)
    alpha = np.maximum(distinct & last, 1)
    straight = [
        (510 * (distinct >> bits * (3 - j) & last) + alpha) // (2 * alpha) for j in range(3)
    ]
    straight.append((510 * (distinct & last) + last) // (2 * last))
    return np.stack(straight, axis=1).astype(np.uint8), rows.reshape(-1).astype(np.int32)


def read_only(array: U8) -> U8:
    """Returns an array as the kernel is compiled for it."""
    view: U8 = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
