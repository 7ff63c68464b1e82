"""What stands beside the pixels of a PIL image: orientation, EXIF, XMP, resolution, times."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

if TYPE_CHECKING:
    from kbatch.data import U8

log = logging.getLogger(__name__)

# What brings an array (H, W, …) of each EXIF orientation upright.
TURNS: dict[int, Callable[[U8], U8]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}

# Of a TIFF, whose EXIF stands among what tells how its pixels are stored.
TOLD = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)
BLOCKS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)


def exif_of(image: Image.Image, name: str) -> tuple[int, bytes | None]:
    """Returns the EXIF orientation, 1 to 8, and the EXIF block of the picture once upright.

    Args:
        image: with its pixels loaded, since EXIF may follow them.
        name: what to call it in warnings.

    Returns:
        The block begins with its byte order. It is as stored, or without orientation where the
        pixels have to be turned; None when there is none, or a damaged one.
    """
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        orientation = int(orientation) if orientation in range(1, 9) else 1
        stored = image.info.get("exif")
        if hasattr(image, "tag_v2"):
            stored = _of_tiff(exif)
        elif stored and orientation != 1:
            upright = Image.Exif()
            upright.load(stored)
            del upright[ExifTags.Base.Orientation]
            stored = upright.tobytes()
    except Exception as error:  # damaged EXIF raises anything, and the pixels are fine
        log.warning("%s: damaged EXIF left out, %s", name, error)
        return 1, None
    return orientation, stored.removeprefix(b"Exif\0\0") if stored else None


def _of_tiff(exif: Image.Exif) -> bytes | None:
    told = Image.Exif()
    for tag in TOLD:
        if tag in exif:
            told[tag] = exif[tag]
    for block in BLOCKS:
        if values := exif.get_ifd(block):
            told[block] = dict(values)
    return told.tobytes() if len(told) else None


def xmp_of(image: Image.Image) -> bytes | None:
    """Returns the XMP packet, without the orientation that EXIF has no more either."""
    stored = image.info.get("xmp")
    if not isinstance(stored, bytes) or not stored:
        return None
    return re.sub(rb'tiff:Orientation="\d"|<tiff:Orientation>\d</tiff:Orientation>', b"", stored)


def dpi_of(image: Image.Image) -> tuple[float, float] | None:
    """Returns the resolution when there are two numbers that can be one.

    Formats without a unit tell 1 × 1, which is an aspect and not a resolution.
    """
    told: Any = image.info.get("dpi")
    try:
        x, y = (float(number) for number in told)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (x, y) if 1 < x < math.inf and 1 < y < math.inf else None


def loop_of(image: Image.Image) -> int | None:
    """Returns how often an animation plays, 0 for ever.

    A GIF tells how often it is repeated after the first time, and nothing when it isn't.
    """
    told: int | None = image.info.get("loop")
    if image.format != "GIF":
        return told
    return told + 1 if told else told if told == 0 else 1


def times_of(stored: Sequence[float | None]) -> tuple[int, ...]:
    """Returns milliseconds of each frame; none for a still, and where no frame has any."""
    if len(stored) < 2 or all(time is None for time in stored):
        return ()
    return tuple(round(time or 0) for time in stored)
