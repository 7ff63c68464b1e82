"""Animated PNG files of 16 bits: brought to 8 before Pillow composes frames, which it does in 8.

Pillow would take the high byte of each sample. So each frame is decoded as a picture of its own,
rounded as stills are, and stored again.
"""

from __future__ import annotations

import io
import itertools
import logging
import struct
from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

import deflate
import numpy as np

from kbatch.builtin import pillow_depth
from kbatch.builtin.png_chunks import SIGNATURE, chunks, write_chunk
from kbatch.images import from_image

if TYPE_CHECKING:
    from PIL import ImageFile

log = logging.getLogger(__name__)

HEADER = (
    ">IIBBBBB"  # width, height, bits, colour type, two that are 0, and whether it is interlaced
)
ALPHA = 4  # what alpha adds to a colour type
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type
LEVEL = 1  # of a compression that lasts for as long as the picture is loaded

Chunk = tuple[bytes, "bytes | memoryview"]


def rounded(data: bytes, most: int) -> bytes | None:
    """Stores the frames of an animated PNG in 8 bits.

    Args:
        data: a file whose header Pillow could read.
        most: frames that are wanted; the file ends after them.

    Returns:
        Such a file, or None when it has no 16 bits or is damaged: Pillow knows what can be made
        of it.
    """
    try:
        return _rounded(list(chunks(data)), most)
    except Exception as error:  # whatever a damaged frame raises
        log.debug("frames are not rounded", exc_info=error)
        return None


def _rounded(stored: list[Chunk], most: int) -> bytes | None:
    width, height, bits, color, *others = struct.unpack(HEADER, stored[0][1])
    if bits != 16:
        return None
    key = [chunk for chunk in stored if chunk[0] == b"tRNS"]
    kept = color | ALPHA if key else color
    stream, numbers, size, frames = io.BytesIO(), itertools.count(), (width, height), 0
    stream.write(SIGNATURE)
    for kind, run in itertools.groupby(stored, itemgetter(0)):
        bodies = [body for _, body in run]
        if kind == b"IHDR":
            write_chunk(stream, kind, struct.pack(HEADER, width, height, 8, kept, 0, 0, 0))
        elif kind == b"fcTL":
            size = struct.unpack_from(">II", bodies[-1], 4)
            write_chunk(stream, kind, struct.pack(">I", next(numbers)) + bodies[-1][4:])
        elif kind in (b"IDAT", b"fdAT"):
            if size[0] > width or size[1] > height:
                raise ValueError(f"a frame of {size} pixels is larger than the picture")
            numbered = kind == b"fdAT"
            parts = [body[4:] for body in bodies] if numbered else bodies
            head = b"IHDR", struct.pack(HEADER, *size, 16, color, *others)
            pixels = _pixels([head, *key, *((b"IDAT", part) for part in parts)], CHANNELS[kept])
            number = struct.pack(">I", next(numbers)) if numbered else b""
            write_chunk(stream, kind, number + pixels)
            frames += 1
            if frames == most:
                break
        elif kind == b"IEND":
            break
        elif kind != b"tRNS":
            for body in bodies:
                write_chunk(stream, kind, body)
    else:
        raise ValueError("the file ends too early")
    write_chunk(stream, b"IEND", b"")
    return stream.getvalue()


def _pixels(still: Iterable[Chunk], channels: int) -> bytes:
    """Returns the pixels of a still, rounded, as they are stored in a PNG of 8 bits."""
    from PIL import PngImagePlugin  # readers are imported when they are needed

    file = io.BytesIO()
    file.write(SIGNATURE)
    for kind, body in (*still, (b"IEND", b"")):
        write_chunk(file, kind, body)

    def opened() -> ImageFile.ImageFile:
        return PngImagePlugin.PngImageFile(io.BytesIO(file.getvalue()))

    image = opened()
    pillow_depth.decode(image, opened, lambda one: one.load())
    pixels = from_image(image, icc="ignore").pixels[0]
    made = np.full((*pixels.shape[:2], channels), 255, np.uint8)
    colors = channels - (channels + 1) % 2  # alpha is last of an even number
    made[..., :colors] = pixels[..., :colors]
    if pixels.shape[2] == 4:
        made[..., colors:] = pixels[..., 3:]
    rows = np.zeros((image.height, 1 + image.width * channels), np.uint8)  # 0: no filter
    rows[:, 1:] = made.reshape(image.height, -1)
    return bytes(deflate.zlib_compress(rows.tobytes(), LEVEL))
