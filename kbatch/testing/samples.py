"""Random pictures, colours and points; the same for the same generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import collect
from kbatch.data import Picture, Points

if TYPE_CHECKING:
    from kbatch.data import Colors


def random_picture(
    rng: np.random.Generator, height: int, width: int, *, channels: int = 3, levels: int = 256
) -> Picture:
    """Returns one frame of independent pixels.

    Args:
        rng: where chance comes from.
        height: in pixels.
        width: in pixels.
        channels: 3, or 4 for one whose pixels are transparent, translucent and opaque alike.
        levels: how many values each channel takes: few levels make few colours.
    """
    values = np.linspace(0, 255, levels).round().astype(np.uint8)
    pixels = values[rng.integers(0, levels, (1, height, width, channels))]
    if channels == 4:
        pixels[rng.random((1, height, width)) < 0.2, 3] = 0
        pixels[pixels[..., 3] == 0] = 0
    return Picture(pixels)


def random_colors(
    rng: np.random.Generator, n: int, *, channels: int = 3, levels: int = 256
) -> Colors:
    """Returns the colours of a random picture of n pixels; see `random_picture`."""
    return collect(random_picture(rng, 1, n, channels=channels, levels=levels))


def random_points(
    rng: np.random.Generator, n: int, *, dimensions: int = 3, whole: bool = True
) -> Points:
    """Returns n weighted points between 0 and 255 in a few clouds, some of them equal.

    Args:
        rng: where chance comes from.
        n: how many.
        dimensions: 3 or 4.
        whole: points and weights are whole numbers, as distinct colours are in RGB.
    """
    middles = rng.uniform(0, 255, (8, dimensions))
    x = middles[rng.integers(0, 8, n)] + rng.normal(0, 25, (n, dimensions))
    weight = rng.integers(1, 100, n).astype(np.float64)
    if whole:
        x = np.rint(x)
    else:
        weight *= rng.uniform(0.5, 1.5, n)
    return Points(np.asfortranarray(np.clip(x, 0, 255), np.float32), weight)
