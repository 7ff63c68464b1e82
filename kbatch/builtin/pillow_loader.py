"""The loader of common formats, by Pillow."""

from __future__ import annotations

import functools
import io
import logging
import warnings
from collections.abc import Iterator
from typing import BinaryIO

from PIL import ImageFile

from kbatch.builtin.options import PillowOptions
from kbatch.builtin.pillow_frames import check_size, frames
from kbatch.builtin.pillow_readers import Reader, reader_of
from kbatch.builtin.pillow_reasons import reason
from kbatch.builtin.png_rounded import rounded
from kbatch.builtin.png_unpacked import unpacked
from kbatch.data import Picture
from kbatch.errors import PictureError
from kbatch.images import from_frames

# Factor from stored samples to Pillow's, which it forgets to apply to a PNG's transparent colour.
GREY_STEPS = {"L;2": 85, "L;4": 17}


class PillowLoader:
    """Decodes pictures and animations of the formats in `pillow_readers`."""

    def __init__(self, options: PillowOptions) -> None:
        self._options = options
        # Pillow warns of oddities in metadata and of large sizes, neither of which is in the way.
        # One filter that stays, because `catch_warnings` is not safe between threads.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        logger = logging.getLogger("PIL")  # what it says of a file that fails is in the record
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())

    def load(self, stream: BinaryIO, name: str) -> Picture:
        """Decodes one picture.

        Args:
            stream: the file's bytes, seekable, at their start.
            name: what to call it in errors; tells a TGA by its suffix.

        Raises:
            PictureError: it is none of the formats, too large, truncated or damaged.
        """
        try:
            reader = reader_of(stream.read(16), name)
            image = _opened(reader, stream)
            check_size(image.width, image.height, self._options.max_pixels, name)
            source = self._prepared(image, stream) or stream
            if source is not stream:
                image = _opened(reader, source)
            again = functools.partial(_opened, reader, source)
            decoded = frames(image, again, self._options, name)
            if source is not stream and not _is_animated(image):
                decoded = _let_go(decoded, source)
            return from_frames(decoded, icc=self._options.icc, name=name)
        except PictureError:
            raise
        except Exception as error:  # a damaged file can make a decoder raise anything
            raise PictureError(f"{name} {reason(error)}") from error

    def _prepared(self, image: ImageFile.ImageFile, stream: BinaryIO) -> BinaryIO | None:
        """Returns a PNG that Pillow decodes faster or better than the one that there is, if any."""
        if image.format != "PNG":
            return None
        stream.seek(0)
        data = stream.read()
        if not _is_animated(image):
            made = unpacked(data)
        elif self._options.frames == "first":
            made = rounded(data, 1)
        else:  # one more than the limits allow, and one that is no frame
            within = self._options.max_pixels // max(1, image.width * image.height)
            made = rounded(data, min(self._options.max_frames, within) + 2)
        return None if made is None else io.BytesIO(made)


def _opened(reader: Reader, stream: BinaryIO) -> ImageFile.ImageFile:
    """Reads the header of a picture."""
    stream.seek(0)
    image = reader(stream)
    if image.format == "PNG":
        _scale_key(image)
    return image


def _is_animated(image: ImageFile.ImageFile) -> bool:
    return bool(getattr(image, "is_animated", False))


def _let_go(
    decoded: Iterator[ImageFile.ImageFile], stream: BinaryIO
) -> Iterator[ImageFile.ImageFile]:
    """Yields the only frame of a stream, whose memory is free again by then."""
    for image in decoded:
        stream.close()
        yield image


def _scale_key(image: ImageFile.ImageFile) -> None:
    """Brings the transparent colour of a PNG to 8 bits where its samples are, too."""
    key, stored = image.info.get("transparency"), image.tile[0][3] if image.tile else None
    if stored in GREY_STEPS and isinstance(key, int):
        image.info["transparency"] = key * GREY_STEPS[stored]
    elif isinstance(key, tuple) and stored == "RGB;16B" and _is_animated(image):
        image.info["transparency"] = tuple(value >> 8 for value in key)
