"""The PNG writer: indexed colour, the fewest bits, the same bytes on every machine."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

import deflate
import numpy as np

from kbatch.builtin.options import PngOptions
from kbatch.data import Indexed

if TYPE_CHECKING:
    from kbatch.data import U8

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3  # the colour type
INCH = 0.0254  # metres
LARGEST = 2**31 - 1  # of PNG's integers


class PngWriter:
    """Writes the first frame as a PNG with a palette."""

    def __init__(self, options: PngOptions) -> None:
        self._level = options.level

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`.

        Raises:
            ValueError: the palette has not 1 to 256 entries, an index is not in it, or there is
                no pixel.
        """
        indices, palette, meta = indexed.indices[0], indexed.palette, indexed.meta
        _check(indices, palette)
        height, width = indices.shape
        bits = next(bits for bits in (1, 2, 4, 8) if len(palette) <= 1 << bits)
        stream.write(SIGNATURE)
        _chunk(stream, b"IHDR", struct.pack(">IIBBBBB", width, height, bits, INDEXED, 0, 0, 0))
        if meta.icc:
            _chunk(stream, b"iCCP", b"ICC profile\0\0" + self._compress(meta.icc))
        if density := _density(meta.dpi):
            _chunk(stream, b"pHYs", density)
        _chunk(stream, b"PLTE", palette[:, :3].tobytes())
        if transparent := _transparency(palette[:, 3]):
            _chunk(stream, b"tRNS", transparent)
        _chunk(stream, b"IDAT", self._compress(_rows(indices, bits)))
        _chunk(stream, b"IEND", b"")

    def _compress(self, data: bytes | U8) -> bytearray:
        return deflate.zlib_compress(data, self._level)


def _check(indices: U8, palette: U8) -> None:
    if not indices.size:
        raise ValueError(f"a PNG can't be {indices.shape[1]}×{indices.shape[0]} pixels")
    if not 1 <= len(palette) <= 256:
        raise ValueError(f"a PNG's palette has 1 to 256 entries, not {len(palette)}")
    if indices.max() >= len(palette):
        raise ValueError(f"index {indices.max()} is not in a palette of {len(palette)}")


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
