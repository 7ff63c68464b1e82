"""Which formats are read, and by which of Pillow's readers."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import PurePath
from typing import BinaryIO

from PIL import ImageFile

from kbatch.errors import PictureError

# Content decides, and only these: none of Pillow's readers that start a program is here.
# Not `Image.open`: it refuses by a limit of the whole process where ours is the job's,
# and hides why a file that it knows can't be opened. A reader is imported when it is needed.
READERS = (
    ("PNG", rb"\x89PNG\r\n\x1a\n", "PngImagePlugin:PngImageFile"),  # and APNG
    ("JPEG", rb"\xff\xd8\xff", "JpegImagePlugin:jpeg_factory"),  # and MPO
    ("WebP", rb"RIFF....WEBP", "WebPImagePlugin:WebPImageFile"),
    ("AVIF", rb"....ftyp(avif|avis|mif1|msf1)", "AvifImagePlugin:AvifImageFile"),
    ("GIF", rb"GIF8[79]a", "GifImagePlugin:GifImageFile"),
    ("BMP", rb"BM", "BmpImagePlugin:BmpImageFile"),
    ("TIFF", rb"II[*+]\0|MM\0[*+]", "TiffImagePlugin:TiffImageFile"),
    ("PPM", rb"P[1-6fy]\s", "PpmImagePlugin:PpmImageFile"),
    ("ICO", rb"\0\0\x01\0", "IcoImagePlugin:IcoImageFile"),
    ("QOI", rb"qoif", "QoiImagePlugin:QoiImageFile"),
    ("JPEG 2000", rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n", "Jpeg2KImagePlugin:Jpeg2KImageFile"),
    ("PSD", rb"8BPS", "PsdImagePlugin:PsdImageFile"),
    ("DDS", rb"DDS ", "DdsImagePlugin:DdsImageFile"),
    ("PCX", rb"\n[\x00\x02\x03\x05][\x00\x01]", "PcxImagePlugin:PcxImageFile"),
    ("SGI", rb"\x01\xda", "SgiImagePlugin:SgiImageFile"),
    ("XPM", rb"/\* XPM \*/", "XpmImagePlugin:XpmImageFile"),
    (
        "DIB",
        rb"\x0c\0{3}.{4}\x01\0|[\x28\x34\x38\x40\x6c\x7c]\0{3}.{8}\x01\0",
        "BmpImagePlugin:DibImageFile",
    ),
)
TGA = "TgaImagePlugin:TgaImageFile"
BY_SUFFIX = {  # most TGAs begin as cursors do
    **dict.fromkeys((".tga", ".icb", ".vda", ".vst"), TGA),
    ".cur": "CurImagePlugin:CurImageFile",
}

Reader = Callable[[BinaryIO], ImageFile.ImageFile]


def reader_of(head: bytes, name: str) -> Reader:
    """Returns what reads the header of a picture.

    Args:
        head: its first 16 bytes.
        name: what it is called; decides only where the first bytes can't.

    Raises:
        PictureError: it is empty or in no format that is read.
    """
    if not head:
        raise PictureError(f"{name} is empty")
    for _, magic, found in READERS:
        if re.match(magic, head, re.DOTALL):
            return _imported(found)
    if reader := BY_SUFFIX.get(PurePath(name).suffix.lower()):
        return _imported(reader)
    if b"PNG" in head[:4]:
        raise PictureError(
            f"{name} is damaged: it begins nearly as a PNG does "
            f"(its first bytes are {head[:8]!r}), as when it was sent as text; copy it again"
        )
    formats = ", ".join(kind for kind, _, _ in READERS)
    raise PictureError(
        f"{name} is in no format that kbatch reads (its first bytes are {head[:8]!r}; "
        f"formats: {formats}, and TGA, CUR by suffix)"
    )


def _imported(reader: str) -> Reader:
    module, _, name = reader.partition(":")
    made: Reader = getattr(importlib.import_module(f"PIL.{module}"), name)
    return made
