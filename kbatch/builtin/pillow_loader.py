"""The loader of common formats, by Pillow."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import BinaryIO

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile, DibImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from kbatch.builtin.options import PillowOptions
from kbatch.builtin.png_unpacked import unpacked
from kbatch.data import Picture
from kbatch.errors import PictureError
from kbatch.images import from_image

# Content decides, and only these: none of Pillow's readers that start a program is here.
# Not `Image.open`: it refuses by a limit of the whole process where ours is the job's,
# and hides why a file that it knows can't be opened.
READERS: tuple[tuple[str, bytes, Callable[[BinaryIO], ImageFile.ImageFile]], ...] = (
    ("PNG", rb"\x89PNG\r\n\x1a\n", PngImageFile),
    ("JPEG", rb"\xff\xd8\xff", jpeg_factory),  # and MPO
    ("WebP", rb"RIFF....WEBP", WebPImageFile),
    ("GIF", rb"GIF8[79]a", GifImageFile),
    ("BMP", rb"BM", BmpImageFile),
    ("TIFF", rb"II[*+]\0|MM\0[*+]", TiffImageFile),
    ("PPM", rb"P[1-6f]\s", PpmImageFile),
    ("DIB", rb"\x0c\0{3}.{4}\x01\0|[\x28\x34\x38\x40\x6c\x7c]\0{3}.{8}\x01\0", DibImageFile),
)

# Factor from stored samples to Pillow's, which it forgets to apply to a PNG's transparent colour.
GREY_STEPS = {"L;2": 85, "L;4": 17}


class PillowLoader:
    """Decodes the first frame of PNG, JPEG, MPO, WebP, GIF, BMP, DIB, TIFF and PPM."""

    def __init__(self, options: PillowOptions) -> None:
        self._options = options
        # Pillow warns of oddities in metadata and of large sizes, neither of which is in the way.
        # One filter that stays, because `catch_warnings` is not safe between threads.
        warnings.filterwarnings("ignore", module=r"PIL\.")

    def load(self, stream: BinaryIO, name: str) -> Picture:
        """Decodes one picture.

        Args:
            stream: the file's bytes, seekable, at their start.
            name: what to call it in errors.

        Raises:
            PictureError: it is none of the formats, too large, truncated or damaged.
        """
        try:
            image = _open(stream, name)
            self._check_size(image, name)
            if isinstance(image, PngImageFile):
                image = _decoded(image, stream)
            return from_image(image, icc=self._options.icc, name=name)
        except PictureError:
            raise
        except Exception as error:  # a damaged file can make a decoder raise anything
            raise PictureError(f"{name} {_reason(error)}") from error

    def _check_size(self, image: Image.Image, name: str) -> None:
        pixels, limit = image.width * image.height, self._options.max_pixels
        if pixels > limit:
            raise PictureError(
                f"{name} is too large: {pixels:,} pixels is more than max_pixels ({limit:,}); "
                "raise max_pixels in the job to accept it"
            )


def _open(stream: BinaryIO, name: str) -> ImageFile.ImageFile:
    """Reads the header of a picture."""
    head = stream.read(16)
    if not head:
        raise PictureError(f"{name} is empty")
    stream.seek(0)
    for _, magic, reader in READERS:
        if re.match(magic, head, re.DOTALL):
            return reader(stream)
    formats = ", ".join(kind for kind, _, _ in READERS)
    raise PictureError(
        f"{name} is in no format that kbatch reads (its first bytes are {head[:8]!r}; "
        f"formats: {formats})"
    )


def _decoded(image: PngImageFile, stream: BinaryIO) -> PngImageFile:
    """Returns the image of a PNG, decoded in less time than Pillow alone takes if that can be."""
    place = stream.tell()
    stream.seek(0)
    data = unpacked(stream.read())
    stream.seek(place)  # Pillow goes on here
    if data is None:
        _scale_key(image)
        return image
    with io.BytesIO(data) as quick:  # the image would keep it in memory
        image = PngImageFile(quick)
        _scale_key(image)
        image.load()
    return image


def _scale_key(image: PngImageFile) -> None:
    """Brings the transparent colour of a PNG to 8 bits, like its samples."""
    key, stored = image.info.get("transparency"), image.tile[0][3] if image.tile else None
    if stored in GREY_STEPS and isinstance(key, int):
        image.info["transparency"] = key * GREY_STEPS[stored]
    elif stored == "RGB;16B" and isinstance(key, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _reason(error: Exception) -> str:
    """Returns what is wrong with a file that can't be decoded."""
    text = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if isinstance(error, Image.DecompressionBombError):
        return f"is larger than Pillow decodes in this format: {text.partition(',')[0]}"
    if isinstance(error, EOFError) or re.search("truncat|EOF|end of", text, re.IGNORECASE):
        return f"is truncated: {text}"
    if re.search("support|unknown", text, re.IGNORECASE):
        return f"is of a kind that can't be decoded: {text}"
    if "not identified by this driver" in text:
        text = "its header has no valid size or kind of pixels"
    return f"is damaged: {text}"
