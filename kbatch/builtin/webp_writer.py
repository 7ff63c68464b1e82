"""The WebP writer: lossless, animated where there are several frames.

Each frame is packed by libwebp through Pillow. The container of animations is written here (RFC
9649), since libwebp's merges frames that are equal.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

from kbatch.builtin.frames import Box, changes, check, durations
from kbatch.builtin.options import WebpOptions
from kbatch.data import Indexed

if TYPE_CHECKING:
    from kbatch.data import U8

LARGEST = 16383
LONGEST = (1 << 24) - 1  # milliseconds of a frame
ICC, ALPHA, EXIF, XMP, ANIMATED = 0x20, 0x10, 0x08, 0x04, 0x02
REPLACE = 0x02  # a frame takes the place of what was there, and is not laid over it


class WebpWriter:
    """Writes lossless WebP."""

    def __init__(self, options: WebpOptions) -> None:
        self._effort = options.effort

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`.

        Raises:
            ValueError: the palette has not 1 to 256 entries, an index is not in it, there is no
                pixel, or more than 16,383 of them in a row or column.
        """
        check(indexed, "a WebP", LARGEST)
        chunks = b"".join(_chunk(*chunk) for chunk in self._chunks(indexed))
        stream.write(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks)

    def _chunks(self, indexed: Indexed) -> Iterator[tuple[bytes, bytes]]:
        meta, (frames, height, width) = indexed.meta, indexed.indices.shape
        exif = (meta.exif or b"").removeprefix(b"Exif\0\0")
        opaque = indexed.palette[:, 3].min() == 255
        has = ((meta.icc, ICC), (not opaque, ALPHA), (exif, EXIF), (meta.xmp, XMP))
        flags = sum(flag for given, flag in (*has, (frames > 1, ANIMATED)) if given)
        if flags & ~ALPHA:
            yield b"VP8X", struct.pack("<I", flags) + _u24(width - 1) + _u24(height - 1)
        if meta.icc:
            yield b"ICCP", meta.icc
        if frames == 1:
            yield b"VP8L", self._packed(indexed, indexed.indices[0])
        else:
            yield b"ANIM", struct.pack("<IH", 0, min(meta.loop or 0, 65535))
            boxes = changes(indexed.indices, step=2)
            times = durations(meta, frames)
            for frame, box, time in zip(indexed.indices, boxes, times, strict=True):
                part = self._packed(indexed, box.of(frame))
                yield b"ANMF", _control(box, time) + _chunk(b"VP8L", part)
        if exif:
            yield b"EXIF", exif
        if meta.xmp:
            yield b"XMP ", meta.xmp

    def _packed(self, indexed: Indexed, indices: U8) -> bytes:
        """Returns a lossless bit stream."""
        pixels = indexed.palette[indices]
        if indexed.palette[:, 3].min() == 255:
            pixels = pixels[..., :3].copy()
        stream = io.BytesIO()
        image = Image.fromarray(pixels)
        image.save(stream, "WEBP", lossless=True, exact=True, method=self._effort)
        return _part(stream.getvalue(), b"VP8L")


def _control(box: Box, time: int) -> bytes:
    """Returns where a frame lies, its time, and that it replaces what was there."""
    place = _u24(box.left // 2) + _u24(box.top // 2)
    size = _u24(box.width - 1) + _u24(box.height - 1)
    return place + size + _u24(min(time, LONGEST)) + bytes([REPLACE])


def _part(data: bytes, wanted: bytes) -> bytes:
    """Returns what is in the first chunk of a kind."""
    at = 12
    while at < len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == wanted:
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise ValueError(f"libwebp wrote no {wanted.decode()}")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _u24(value: int) -> bytes:
    return value.to_bytes(3, "little")
