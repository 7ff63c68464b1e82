"""Small pictures of sources, which reports show where the sources are far away."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from kbatch.images.modes import split
from kbatch.images.profiles import Profile

if TYPE_CHECKING:
    from kbatch.data import Picture

SIDE = 320  # most pixels of a side
FEW = 256  # colours up to which it is stored without loss: icons and pixel art
QUALITY = 80


def preview(picture: Picture) -> bytes:
    """Returns the first frame as a small WebP in sRGB, never larger than the picture.

    Args:
        picture: pixels uint8 (F, H, W, C); the profile beside them is converted.
    """
    image = Image.fromarray(picture.pixels[0])
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if picture.meta.icc:
        colors, alpha = split(image)
        image = Profile(picture.meta.icc, "convert", "a preview").apply(colors)
        if alpha is not None:
            image.putalpha(Image.fromarray(alpha))
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=QUALITY, lossless=image.getcolors(FEW) is not None)
    return stream.getvalue()
