"""Writers by Pillow: TIFF, BMP and AVIF."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO

from PIL import ExifTags, Image, features

from kbatch.data import Indexed
from kbatch.errors import KbatchError
from kbatch.images import to_array, to_image
from kbatch.stages import Options

XMP = 700  # the tag of TIFF


class TiffWriter:
    """Writes a TIFF: with a palette where all is opaque, else RGBA; frames become pages."""

    def __init__(self, _options: Options) -> None:
        pass

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`."""
        meta = indexed.meta
        first, *others = _images(indexed)
        tags = _tags(meta.exif) | ({XMP: meta.xmp} if meta.xmp else {})
        beside = {"icc_profile": meta.icc, "dpi": meta.dpi}
        first.save(
            stream,
            "TIFF",
            compression="tiff_adobe_deflate",
            save_all=True,
            append_images=others,
            tiffinfo=tags,
            **{key: value for key, value in beside.items() if value},
        )


class BmpWriter:
    """Writes the first frame as a BMP of 8 bits with a palette; alpha is left out."""

    def __init__(self, _options: Options) -> None:
        pass

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`."""
        image = to_image(indexed)
        image.save(stream, "BMP", **({"dpi": indexed.meta.dpi} if indexed.meta.dpi else {}))


class AvifWriter:
    """Writes the first frame as an AVIF of full colour, as near as the format comes.

    Colours are stored as luma and chroma of 8 bits, so that channels may be off by up to 3.
    """

    def __init__(self, _options: Options) -> None:
        if not features.check("avif"):
            raise KbatchError("this Pillow can't write AVIF: install Pillow 11.3 or later")

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`."""
        meta = indexed.meta
        beside = {"icc_profile": meta.icc, "exif": meta.exif, "xmp": meta.xmp}
        _images(indexed)[0].save(
            stream,
            "AVIF",
            quality=100,
            subsampling="4:4:4",
            max_threads=1,  # pictures run side by side already
            **{key: value for key, value in beside.items() if value},
        )


def _tags(exif: bytes | None) -> dict[int, Any]:
    """Returns the tags of EXIF that TIFF has itself; Pillow packs no nested ones."""
    block = Image.Exif()
    if exif:
        block.load(exif)
    return {tag: block[tag] for tag in block if tag not in set(ExifTags.IFD)}


def _images(indexed: Indexed) -> list[Image.Image]:
    """Returns each frame, of mode P where all entries are opaque, else RGBA."""
    if indexed.palette[:, 3].min() < 255:
        return [Image.fromarray(frame) for frame in to_array(indexed)]
    frames = (frame[None] for frame in indexed.indices)
    return [to_image(replace(indexed, indices=frame)) for frame in frames]
