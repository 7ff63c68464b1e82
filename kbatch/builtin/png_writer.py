"""The PNG writer: indexed colour, the fewest bits, the same bytes on every machine.

Several frames make an animated PNG (APNG, the third edition of the format, 2025); a viewer that
doesn't know of them shows the first.
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, BinaryIO

import deflate
import numpy as np

from kbatch.builtin.frames import Box, changes, check, durations
from kbatch.builtin.options import PngOptions
from kbatch.data import Indexed, Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbatch.data import U8

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3  # the colour type
INCH = 0.0254  # metres
LARGEST = 2**31 - 1  # of PNG's integers
LONGEST = 65535  # of the two that make a time
XMP = b"XML:com.adobe.xmp\0\0\0\0\0"  # keyword, not compressed, no language, no translation


class PngWriter:
    """Writes a PNG with a palette; several frames become an animation."""

    def __init__(self, options: PngOptions) -> None:
        self._level = options.level

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`.

        Raises:
            ValueError: the palette has not 1 to 256 entries, an index is not in it, or there is
                no pixel.
        """
        check(indexed, "a PNG", LARGEST)
        palette = indexed.palette
        count, height, width = indexed.indices.shape
        bits = next(bits for bits in (1, 2, 4, 8) if len(palette) <= 1 << bits)
        stream.write(SIGNATURE)
        _chunk(stream, b"IHDR", struct.pack(">IIBBBBB", width, height, bits, INDEXED, 0, 0, 0))
        for kind, data in self._beside(indexed.meta):
            _chunk(stream, kind, data)
        _chunk(stream, b"PLTE", palette[:, :3].tobytes())
        if transparent := _transparency(palette[:, 3]):
            _chunk(stream, b"tRNS", transparent)
        if count > 1:
            self._animation(stream, indexed, bits)
        else:
            _chunk(stream, b"IDAT", self._compress(_rows(indexed.indices[0], bits)))
        _chunk(stream, b"IEND", b"")

    def _beside(self, meta: Meta) -> Iterator[tuple[bytes, bytes]]:
        """Yields the chunks of what stands beside the pixels."""
        if meta.icc:
            yield b"iCCP", b"ICC profile\0\0" + self._compress(meta.icc)
        if density := _density(meta.dpi):
            yield b"pHYs", density
        if meta.exif:
            yield b"eXIf", meta.exif.removeprefix(b"Exif\0\0")
        if meta.xmp:
            yield b"iTXt", XMP + meta.xmp

    def _animation(self, stream: BinaryIO, indexed: Indexed, bits: int) -> None:
        """Writes frames: of each the part that changes, which replaces what was there."""
        times = durations(indexed.meta, len(indexed.indices))
        _chunk(stream, b"acTL", struct.pack(">II", len(times), indexed.meta.loop or 0))
        numbers = itertools.count()
        parts = zip(changes(indexed.indices), indexed.indices, times, strict=True)
        for place, (box, frame, time) in enumerate(parts):
            _chunk(stream, b"fcTL", struct.pack(">I", next(numbers)) + _control(box, time))
            data = self._compress(_rows(box.of(frame), bits))
            if place == 0:  # what viewers of stills see
                _chunk(stream, b"IDAT", data)
            else:
                _chunk(stream, b"fdAT", struct.pack(">I", next(numbers)) + data)

    def _compress(self, data: bytes | U8) -> bytearray:
        return deflate.zlib_compress(data, self._level)


def _control(box: Box, time: int) -> bytes:
    """Returns where a frame lies and its time; it replaces what was there, and stays."""
    unit = next(unit for unit in (1000, 100, 10, 1) if time * unit <= LONGEST * 1000 or unit == 1)
    ticks = min(LONGEST, (time * unit + 500) // 1000)
    return struct.pack(">IIIIHHBB", box.width, box.height, box.left, box.top, ticks, unit, 0, 0)


def _rows(indices: U8, bits: int) -> U8:
    """Returns uint8 (H, 1 + bytes): rows with their filter type 0, leftmost pixel in high bits."""
    height, width = indices.shape
    a_byte = 8 // bits
    rows = np.zeros((height, 1 + -(-width // a_byte)), np.uint8)
    if a_byte == 1:
        rows[:, 1:] = indices
        return rows
    for place in range(a_byte):
        pixels = indices[:, place::a_byte]
        rows[:, 1 : 1 + pixels.shape[1]] |= pixels << (8 - bits * (place + 1))
    return rows


def _transparency(alpha: U8) -> bytes:
    """Returns alpha up to the last entry that needs it."""
    needed = np.flatnonzero(alpha < 255)
    return alpha[: needed[-1] + 1].tobytes() if needed.size else b""


def _density(dpi: tuple[float, float] | None) -> bytes:
    """Returns pixels a metre, or nothing when they can't be told in a PNG."""
    if not dpi or not all(0.5 <= value / INCH <= LARGEST for value in dpi):
        return b""
    x, y = (round(value / INCH) for value in dpi)
    return struct.pack(">IIB", x, y, 1)


def _chunk(stream: BinaryIO, kind: bytes, data: bytes | bytearray) -> None:
    stream.write(struct.pack(">I", len(data)) + kind)
    stream.write(data)
    stream.write(struct.pack(">I", deflate.crc32(data, deflate.crc32(kind))))
