"""What stands beside the pixels: what is kept of it, and what never is."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import ExifTags, Image

if TYPE_CHECKING:
    from kbatch.data import Picture

log = logging.getLogger(__name__)

PREFIX = b"Exif\0\0"

# What tells of the picture and not of the file that it was in. No places, no orientation, and no
# profile or packet that another word of `keep` is for.
TAGS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
    ExifTags.IFD.Exif,
)

# An XMP property as an attribute and as an element of text, with any prefix. Neither runs over
# the next `<`, so that hostile packets take no longer than others.
FORMS = (
    r"\s[\w.-]+:{0}\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')",
    r"<([\w.-]+:{0})(?:\s[^<>]*)?(?:/>|>[^<]*</\1\s*>)",
)
UNWANTED = [
    re.compile(form.format(name).encode()) for name in (r"GPS\w*", "Orientation") for form in FORMS
]


def kept(picture: Picture, keep: Collection[str], name: str) -> Picture:
    """Returns a picture with what is to be written beside its pixels.

    Places (GPS) are removed from EXIF and XMP, and the orientation too: pixels are upright. EXIF
    comes without the prefix that JPEG files have before it.

    Args:
        picture: as the loader gave it.
        keep: those of `icc`, `exif`, `dpi` and `xmp` that are wanted.
        name: what to call the picture in warnings.
    """
    meta = picture.meta
    beside = replace(
        meta,
        icc=meta.icc if "icc" in keep else None,
        dpi=meta.dpi if "dpi" in keep else None,
        exif=_exif(meta.exif, name) if meta.exif and "exif" in keep else None,
        xmp=_xmp(meta.xmp, name) if meta.xmp and "xmp" in keep else None,
    )
    return replace(picture, meta=beside)


def _exif(stored: bytes, name: str) -> bytes | None:
    """Returns a TIFF block without what must not be in it, or nothing where none is left."""
    exif = Image.Exif()
    try:
        exif.load(stored if stored.startswith(PREFIX) else PREFIX + stored)
        for tag in set(exif) - set(TAGS):
            del exif[tag]
        # Camera makers' own data breaks when it moves, and may tell places.
        exif.get_ifd(ExifTags.IFD.Exif).pop(ExifTags.Base.MakerNote, None)
        return exif.tobytes().removeprefix(PREFIX) if exif else None
    except Exception as error:  # damaged EXIF raises anything, and the pixels are fine
        log.warning("%s: damaged EXIF left out, %s", name, error)
        return None


def _xmp(stored: bytes, name: str) -> bytes | None:
    """Returns a packet without what must not be in it, or nothing where that can't be done."""
    for pattern in UNWANTED:
        stored = pattern.sub(b"", stored)
    if b"GPS" in stored.replace(b"\0", b""):  # also in packets of 16 or 32 bits a character
        log.warning("%s: XMP left out, the places in it can't be removed", name)
        return None
    return stored
