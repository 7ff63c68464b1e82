"""The PNG writer: indexed colour, the fewest bits, the same bytes on every machine.

Several frames make an animated PNG (APNG, the third edition of the format, 2025); a viewer that
doesn't know of them shows the first.
"""

from __future__ import annotations

import io
import itertools
import struct
from typing import TYPE_CHECKING, BinaryIO

import deflate
import numpy as np

from kbatch.builtin.frames import Box, changes, check, durations
from kbatch.builtin.options import PngOptions
from kbatch.builtin.png_chunks import SIGNATURE, write_chunk
from kbatch.builtin.png_orders import first_met, reordered, side_by_side
from kbatch.data import Indexed, Meta
from kbatch.errors import KbatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kbatch.data import U8

LEVELS = {"off": 0, "fast": 10, "max": 12}  # from which the compression is
OXIPNG = 4  # its level: more takes many times as long for next to nothing
SUB, PAETH = 1, 4  # filters: what is stored is the difference to the left, or to Paeth's guess
BAND = 64  # rows that are filtered at once
INDEXED = 3  # the colour type
INCH = 0.0254  # metres
LARGEST = 2**31 - 1  # of PNG's integers
LONGEST = 65535  # of the two that make a time
XMP = b"XML:com.adobe.xmp\0\0\0\0\0"  # keyword, not compressed, no language, no translation


class PngWriter:
    """Writes a PNG with a palette; several frames become an animation."""

    def __init__(self, options: PngOptions) -> None:
        self._level = max(options.level, LEVELS[options.optimize])
        self._pack = _oxipng() if options.optimize == "max" else None

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`.

        Raises:
            ValueError: the palette has not 1 to 256 entries, an index is not in it, or there is
                no pixel.
        """
        check(indexed, "a PNG", LARGEST)
        bits = next(bits for bits in (1, 2, 4, 8) if len(indexed.palette) <= 1 << bits)
        if self._pack is None:
            stream.write(self.encoded(indexed, bits))
        else:
            smallest = min(self._tried(indexed, bits), key=len)
            stream.write(min(smallest, self._pack(smallest), key=len))

    def _tried(self, indexed: Indexed, bits: int) -> Iterator[bytes]:
        """Yields files of the same picture, any of which may be the smallest."""
        yield self.encoded(indexed, bits)
        yield self.encoded(reordered(indexed, first_met(indexed)), bits)
        near = reordered(indexed, side_by_side(indexed))
        yield self.encoded(near, 8, SUB)
        yield self.encoded(near, 8, PAETH)
        if bits < 8:
            yield self.encoded(indexed, 8)

    def encoded(self, indexed: Indexed, bits: int, kind: int = 0) -> bytes:
        """Returns a file.

        Args:
            indexed: a picture that a PNG can hold.
            bits: of each pixel.
            kind: the filter of all rows: 0 for none, `SUB` or `PAETH`.
        """
        palette = indexed.palette
        count, height, width = indexed.indices.shape
        stream = io.BytesIO()
        stream.write(SIGNATURE)
        write_chunk(stream, b"IHDR", struct.pack(">IIBBBBB", width, height, bits, INDEXED, 0, 0, 0))
        for name, data in self._beside(indexed.meta):
            write_chunk(stream, name, data)
        write_chunk(stream, b"PLTE", palette[:, :3].tobytes())
        if transparent := _transparency(palette[:, 3]):
            write_chunk(stream, b"tRNS", transparent)
        if count > 1:
            self._animation(stream, indexed, bits, kind)
        else:
            rows = _rows(indexed.indices[0], bits, kind)
            write_chunk(stream, b"IDAT", self._compress(rows))
        write_chunk(stream, b"IEND", b"")
        return stream.getvalue()

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

    def _animation(self, stream: BinaryIO, indexed: Indexed, bits: int, kind: int) -> None:
        """Writes frames: of each the part that changes, which replaces what was there."""
        times = durations(indexed.meta, len(indexed.indices))
        write_chunk(stream, b"acTL", struct.pack(">II", len(times), indexed.meta.loop or 0))
        numbers = itertools.count()
        parts = zip(changes(indexed.indices), indexed.indices, times, strict=True)
        for place, (box, frame, time) in enumerate(parts):
            write_chunk(stream, b"fcTL", struct.pack(">I", next(numbers)) + _control(box, time))
            data = self._compress(_rows(box.of(frame), bits, kind))
            if place == 0:  # what viewers of stills see
                write_chunk(stream, b"IDAT", data)
            else:
                write_chunk(stream, b"fdAT", struct.pack(">I", next(numbers)) + data)

    def _compress(self, data: bytes | U8) -> bytearray:
        return deflate.zlib_compress(data, self._level)


def _control(box: Box, time: int) -> bytes:
    """Returns where a frame lies and its time; it replaces what was there, and stays."""
    unit = next(unit for unit in (1000, 100, 10, 1) if time * unit <= LONGEST * 1000 or unit == 1)
    ticks = min(LONGEST, (time * unit + 500) // 1000)
    return struct.pack(">IIIIHHBB", box.width, box.height, box.left, box.top, ticks, unit, 0, 0)


def _rows(indices: U8, bits: int, kind: int) -> U8:
    """Returns uint8 (H, 1 + bytes): rows with their filter, leftmost pixel in high bits."""
    height, width = indices.shape
    a_byte = 8 // bits
    rows = np.zeros((height, 1 + -(-width // a_byte)), np.uint8)
    rows[:, 0] = kind
    for place in range(a_byte):
        pixels = indices[:, place::a_byte]
        rows[:, 1 : 1 + pixels.shape[1]] |= pixels << (8 - bits * (place + 1))
    if kind == SUB:
        rows[:, 2:] -= rows[:, 1:-1].copy()
    if kind == PAETH:
        _subtract_guesses(rows)
    return rows


def _subtract_guesses(rows: U8) -> None:
    """Takes from each byte its neighbour that is nearest to left + up - corner (Paeth 1991)."""
    height, width = rows.shape
    stored = np.zeros((height + 1, width), np.uint8)
    stored[1:, 1:] = rows[:, 1:]
    for top in range(0, height, BAND):
        band = stored[top : top + 1 + BAND].astype(np.int16)
        left, up, corner = band[1:, :-1], band[:-1, 1:], band[:-1, :-1]
        to_left, to_up = abs(up - corner), abs(left - corner)
        to_corner = abs(left + up - 2 * corner)
        guess = np.where(to_up <= to_corner, up, corner)
        guess = np.where((to_left <= to_up) & (to_left <= to_corner), left, guess)
        rows[top : top + BAND, 1:] -= guess.astype(np.uint8)


def _oxipng() -> Callable[[bytes], bytes]:
    """Returns what packs a PNG in the smallest way that oxipng finds."""
    try:
        import oxipng
    except ImportError as error:
        raise KbatchError(
            "optimize: max needs the package pyoxipng: pip install 'kbatch-image[optimize]'"
        ) from error
    pack: Callable[..., bytes] = oxipng.optimize_from_memory
    return lambda data: pack(data, level=OXIPNG)


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
