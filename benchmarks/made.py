"""Pictures that are made for measuring: a photo at any size or cut out, any number of colours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from kbatch.data import I64, U8

NOISE = 0.5  # levels, a standard deviation
SIDE = 4096  # of a picture that can hold every colour once
EVERY = 256**3
BAND = 256  # rows that are worked on at once, so that large pictures are made in little memory


def resized(photo: U8, megapixels: float) -> U8:
    """Returns a photo at another size, with as many distinct colours as a photo of that size.

    Bicubic interpolation, enlarged or reduced, then Gaussian noise of half a level on each channel,
    so that no enlarged area is quite smooth.

    Args:
        photo: uint8 (H, W, 3).
        megapixels: how large it becomes, nearly.
    """
    scale = math.sqrt(megapixels * 1e6 * 3 / photo.size)
    height, width = (max(1, round(side * scale)) for side in photo.shape[:2])
    pixels = np.array(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))
    rng = np.random.default_rng(0)
    for start in range(0, height, BAND):
        band = pixels[start : start + BAND]
        noise = rng.standard_normal(band.shape, np.float32) * np.float32(NOISE)
        band[:] = np.rint(band + noise).clip(0, 255)
    return pixels


def with_colors(count: int, side: int = SIDE) -> U8:
    """Returns a picture of random distinct colours, each nearly as often, at random places.

    Args:
        count: distinct colours, at most 256³ and side².
        side: height and width.

    Returns:
        uint8 (side, side, 3).
    """
    rng = np.random.default_rng(0)
    chosen: I64 = rng.choice(EVERY, count, replace=False)
    codes = rng.permutation(chosen[np.arange(side * side) % count])
    channels = [(codes >> shift).astype(np.uint8) for shift in (16, 8, 0)]
    return np.stack(channels, axis=1).reshape(side, side, 3)


def distinct(pixels: U8) -> int:
    """Counts the distinct colours of uint8 (H, W, 3) pixels."""
    seen = np.zeros(EVERY, bool)
    for start in range(0, len(pixels), BAND):
        band = pixels[start : start + BAND].astype(np.int32)
        seen[band[..., 0] << 16 | band[..., 1] << 8 | band[..., 2]] = True
    return int(seen.sum())


def cut_out(photo: U8) -> U8:
    """Returns an oval of a photo with soft edges above its soft shadow, all else transparent.

    Args:
        photo: uint8 (H, W, 3).

    Returns:
        uint8 (H, W, 4), straight alpha.
    """
    height, width = photo.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    alpha = ((0.85 - np.hypot(x, y)) * 25).clip(0, 1)
    shadow = ((1 - np.hypot(x - 0.08, y - 0.08)) * 4).clip(0, 1) * 0.5
    whole = alpha + shadow * (1 - alpha)
    color = photo * (alpha / np.maximum(whole, 1e-9))[..., np.newaxis]
    pixels: U8 = np.dstack([color, whole * 255]).round().astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    return pixels
