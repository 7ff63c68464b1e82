"""PIL images of every mode to colours and alpha of 8 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from kbatch.images.bands import array_of
from kbatch.images.values import from_floats, to_bytes

if TYPE_CHECKING:
    from kbatch.data import U8

COLORS = ("RGB", "L", "CMYK", "LAB")  # what colours can be in


def split(image: Image.Image) -> tuple[Image.Image, U8 | None]:
    """Returns the colours in mode RGB, L, CMYK or LAB, and alpha (H, W) if there is any."""
    mode = image.mode
    if mode in ("P", "PA"):
        return _look_up(image)
    if mode in ("LA", "La", "RGBA", "RGBa"):
        straight = image if mode.endswith("A") else image.convert(mode.replace("a", "A"))
        alpha = array_of(straight.getchannel("A"))
        return straight.convert(mode[:-1]), None if alpha.min() == 255 else alpha
    if mode == "F":
        return Image.fromarray(from_floats(array_of(image))), None
    if mode.startswith("I"):
        stored = np.empty((image.height, image.width), np.uint16)
        np.clip(array_of(image), 0, 65535, out=stored, casting="unsafe")
        return Image.fromarray(to_bytes(stored)), _keyed(image)
    if mode in ("1", "L", "RGB"):
        image = image.convert("L") if mode == "1" else image
        return image, _keyed(image)
    return (image if mode in COLORS else image.convert("RGB")), None


def _look_up(image: Image.Image) -> tuple[Image.Image, U8 | None]:
    """Returns the colours of a palette image in mode RGB, and alpha if any entry has it."""
    palette = np.tile(np.array([0, 0, 0, 255], np.uint8), (256, 1))
    listed = np.array(image.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    palette[: len(listed)] = listed
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        entries = np.frombuffer(transparency[:256], np.uint8)
        palette[: len(entries), 3] = entries
    elif isinstance(transparency, int) and transparency in range(256):
        palette[transparency, 3] = 0
    stored = array_of(image)
    indices, alpha = (stored[..., 0], stored[..., 1]) if image.mode == "PA" else (stored, None)
    if alpha is None and palette[:, 3].min() < 255:
        alpha = palette[:, 3][indices]
    return Image.fromarray(palette[:, :3][indices]), alpha


def _keyed(image: Image.Image) -> U8 | None:
    """Returns alpha where one stored colour stands for transparent, else None."""
    key = image.info.get("transparency")
    if not isinstance(key, int | tuple):
        return None
    stored = array_of(image)
    if np.shape(key) != stored.shape[2:]:
        return None
    # A loop over channels: `stored == key` would need a mask thrice as large.
    planes = [stored] if stored.ndim == 2 else list(np.moveaxis(stored, 2, 0))
    hit = np.ones(stored.shape[:2], bool)
    for plane, value in zip(planes, np.ravel(key), strict=True):
        hit &= plane == value
    return np.where(hit, np.uint8(0), np.uint8(255))
