"""The GIF writer: one palette for all frames, every frame kept, one entry transparent.

The container is written here, since Pillow's merges frames that are equal; the pixels are packed by
Pillow (LZW, Welch 1984).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from kbatch.builtin.frames import Box, changes, check, durations
from kbatch.data import Indexed
from kbatch.stages import Options

if TYPE_CHECKING:
    from kbatch.data import U8

LARGEST = 65535
OPAQUE = 128  # alpha from which an entry is drawn
STAY, CLEAR = 1, 2  # what becomes of a frame before the next one: it stays, or is wiped out


class GifWriter:
    """Writes a GIF of 2 to 256 colours, animated where there are several frames."""

    def __init__(self, _options: Options) -> None:
        pass

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`; entries below half alpha become transparent.

        Raises:
            ValueError: the palette has not 1 to 256 entries, an index is not in it, there is no
                pixel, or more than 65,535 of them in a row or column.
        """
        check(indexed, "a GIF", LARGEST)
        indices, transparent = _one_transparent(indexed)
        bits = max(1, (len(indexed.palette) - 1).bit_length())
        frames, height, width = indices.shape
        stream.write(b"GIF89a")
        stream.write(struct.pack("<HHBBB", width, height, 0x80 | 0x70 | (bits - 1), 0, 0))
        stream.write(indexed.palette[:, :3].tobytes().ljust(3 << bits, b"\0"))
        plays = indexed.meta.loop or 0
        if frames > 1 and plays != 1:  # else it plays once; what is told are the times it repeats
            repeats = min(plays, LARGEST + 1) - 1 if plays else 0
            stream.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repeats) + b"\0")
        wiped = transparent is not None and _uncovers(indices, transparent)
        boxes = [Box(0, 0, width, height)] * frames if wiped else changes(indices)
        times = durations(indexed.meta, frames)
        for frame, box, time in zip(indices, boxes, times, strict=True):
            if frames > 1 or transparent is not None:
                stream.write(_control(time, CLEAR if wiped else STAY, transparent))
            stream.write(b"," + struct.pack("<HHHHB", box.left, box.top, box.width, box.height, 0))
            stream.write(_packed(box.of(frame), max(2, bits)))
        stream.write(b";")


def _one_transparent(indexed: Indexed) -> tuple[U8, int | None]:
    """Returns indices in which all transparent entries are one, and which that is."""
    clear = np.flatnonzero(indexed.palette[:, 3] < OPAQUE)
    if not clear.size:
        return indexed.indices, None
    table = np.arange(256, dtype=np.uint8)
    table[clear] = clear[0]
    return table[indexed.indices], int(clear[0])


def _uncovers(indices: U8, transparent: int) -> bool:
    """Returns whether a pixel that is drawn in one frame is transparent in the next.

    Only wiping can do that: a frame is painted over the one before.
    """
    gone = indices == transparent
    return bool((gone[1:] & ~gone[:-1]).any())


def _control(time: int, disposal: int, transparent: int | None) -> bytes:
    """Returns the extension before a frame: its time in 1/100 s, disposal and transparent entry."""
    flags = disposal << 2 | (transparent is not None)
    ticks = min(LARGEST, (time + 5) // 10)
    return b"\x21\xf9\x04" + struct.pack("<BHBB", flags, ticks, transparent or 0, 0)


def _packed(indices: U8, bits: int) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(indices))
    return bytes([bits]) + image.tobytes("gif", "L", bits, 0) + b"\0"
