"""The loader of HEIC and HEIF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pillow_heif
from PIL import Image

from kbatch import PictureError
from kbatch.data import Picture
from kbatch.images import from_frames
from kbatch_heif.options import LoaderOptions

BOXES = (b"ftyp", b"meta", b"mdat", b"moov", b"free")  # others may be what a program put behind
BESIDE = ("exif", "xmp", "icc_profile")


class HeifLoader:
    """Decodes HEIC and HEIF; thumbnails, depth maps and other auxiliary images are no frames."""

    def __init__(self, options: LoaderOptions) -> None:
        self._options = options

    def load(self, stream: BinaryIO, name: str) -> Picture:
        """Decodes one file: the primary image first, then others of its size.

        Args:
            stream: the file's bytes, at their start.
            name: what to call it in errors and warnings.

        Raises:
            PictureError: it is no HEIF, too large, truncated, damaged or of another codec.
        """
        data = stream.read()
        if not data:
            raise PictureError(f"{name} is empty")
        if data[4:8] != b"ftyp":
            raise PictureError(f"{name} is no HEIF, its first bytes are {data[:8]!r}")
        if missing := _missing(data):
            raise PictureError(f"{name} is truncated: {missing:,} bytes are missing at its end")
        try:
            # Our own way to 8 bits, since libheif's cuts what is below.
            file = pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
            images = _wanted(file, self._options, name)
            del file  # what is decoded lives as long
            return from_frames(_decoded(images), icc=self._options.icc, name=name)
        except PictureError:
            raise
        except Exception as error:  # a damaged file can make a decoder raise anything
            raise PictureError(f"{name} {_reason(error)}") from error


def _wanted(file: pillow_heif.HeifFile, options: LoaderOptions, name: str) -> list[Any]:
    """Returns the images that are frames; nothing is decoded.

    Raises:
        PictureError: there are too many frames or pixels.
    """
    primary = file[file.primary_index]
    _check(1, primary.size, options, name)
    others = [image for image in file if image is not primary]
    if options.frames == "first" or any(image.size != primary.size for image in others):
        return [primary]
    if len(others) >= options.max_frames:
        raise PictureError(
            f"{name} has more images than max_frames ({options.max_frames:,}); "
            "raise max_frames in the job, or take the first by frames: first"
        )
    _check(1 + len(others), primary.size, options, name)
    return [primary, *others]


def _check(count: int, size: tuple[int, int], options: LoaderOptions, name: str) -> None:
    width, height = size
    if (pixels := count * width * height) > options.max_pixels:
        frames = f"{count:,} images of {width:,}×{height:,} have " if count > 1 else ""
        mend = ", or take the first image by frames: first" if count > 1 else " to accept it"
        raise PictureError(
            f"{name} is too large: {frames}{pixels:,} pixels, more than max_pixels "
            f"({options.max_pixels:,}); raise max_pixels in the job{mend}"
        )


def _decoded(images: list[Any]) -> Iterator[Image.Image]:
    """Yields each image as PIL's, of 8 bits, and lets go of it."""
    while images:
        stored = images.pop(0)
        mode, _, depth = stored.mode.partition(";")
        stored.load()
        if depth:
            rounded: Any = _to_bytes(np.asarray(stored), int(depth)).data.cast("B")
            image = Image.frombytes("L" if mode == "I" else mode, stored.size, rounded)
        else:
            image = Image.frombytes(mode, stored.size, stored.data, "raw", mode, stored.stride)
        image.info = {key: stored.info[key] for key in BESIDE if stored.info.get(key)}
        # Pixels come upright: libheif turns them as the file says, and what EXIF says is that.
        pillow_heif.set_orientation(image.info)
        del stored
        yield image


def _to_bytes(values: np.ndarray[Any, Any], depth: int) -> np.ndarray[Any, Any]:
    """Returns samples of so many bits rounded to 8."""
    top = (1 << depth) - 1
    table = ((np.arange(top + 1) * 255 + top // 2) // top).astype(np.uint8)
    rounded = np.empty(values.shape, np.uint8)
    for into, row in zip(rounded, values, strict=True):  # all at once, NumPy takes 8 bytes a sample
        np.take(table, row, mode="clip", out=into)
    return rounded


def _missing(data: bytes) -> int:
    """Returns how many bytes of a file's last box are not there (ISO/IEC 14496-12, 4.2).

    libheif leaves out tiles that a file ends before, as if that were a picture.
    """
    place = 0
    while place + 16 <= len(data) and data[place + 4 : place + 8] in BOXES:
        size = int.from_bytes(data[place : place + 4])
        if size == 1:  # too long for 32 bits
            size = int.from_bytes(data[place + 8 : place + 16])
        if size < 8:  # 0 is: up to the end
            return 0
        place += size
    return max(0, place - len(data))


def _reason(error: Exception) -> str:
    """Returns the rest of a sentence that begins with the picture."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if isinstance(error, IndexError):
        return "is damaged: it has no image that can be decoded"
    if "Unsupported" in text:
        return f"is of a kind that can't be decoded: {text}"
    return f"is damaged: {text}"
