"""What becomes of transparency before colours are collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.data import Picture

if TYPE_CHECKING:
    from kbatch.data import U8, Alpha


def apply(picture: Picture, alpha: Alpha) -> Picture:
    """Returns a picture with its transparency as it is wanted.

    Args:
        picture: pixels uint8 (F, H, W, C).
        alpha: `keep` returns it as it is; a number makes pixels of at least so much alpha opaque
            and the others vanish; a colour `#rrggbb` is what they are laid on, in stored values
            as browsers do.
    """
    if alpha == "keep" or picture.pixels.shape[3] == 3:
        return picture
    if isinstance(alpha, int):
        return without(Picture(_cut(picture.pixels, alpha), picture.meta))
    return Picture(_laid(picture.pixels, alpha), picture.meta)


def without(picture: Picture) -> Picture:
    """Returns a picture without alpha where all of it is opaque."""
    pixels = picture.pixels
    if pixels.shape[3] == 3 or pixels[..., 3].min() < 255:
        return picture
    return Picture(np.ascontiguousarray(pixels[..., :3]), picture.meta)


def _cut(pixels: U8, threshold: int) -> U8:
    seen = pixels[..., 3] >= threshold
    cut = np.where(seen[..., np.newaxis], pixels, np.uint8(0))
    cut[..., 3] = np.where(seen, np.uint8(255), np.uint8(0))
    return cut


def _laid(pixels: U8, color: str) -> U8:
    under = np.frombuffer(bytes.fromhex(color[1:]), np.uint8)
    laid = np.empty((*pixels.shape[:3], 3), np.uint8)
    alpha = pixels[..., 3].astype(np.uint32)
    for channel in range(3):  # one at a time: all at once would need thrice the memory
        mixed = pixels[..., channel] * alpha + np.uint32(under[channel]) * (255 - alpha)
        laid[..., channel] = (mixed + 127) // 255
    return laid
