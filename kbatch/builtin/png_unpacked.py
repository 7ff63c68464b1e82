"""PNG files whose pixels are stored, not packed: libdeflate unpacks in half of Pillow's time."""

from __future__ import annotations

import struct

import deflate

CHUNKS = 8  # where they begin, behind the signature
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
LARGEST = 32 << 20  # bytes of pixels; two more of them in memory cost more than they save


def unpacked(data: bytes) -> bytes | None:
    """Stores the pixels of a PNG file as they are; whoever reads it finds the same picture.

    Args:
        data: a file whose header Pillow could read.

    Returns:
        The file with one IDAT chunk that is not compressed, or None when its pixels are interlaced,
        huge, damaged or incomplete: Pillow knows what can be made of them.
    """
    if data[CHUNKS + 4 : CHUNKS + 8] != b"IHDR":
        return None
    width, height, bits, color, *_, interlaced = struct.unpack_from(">IIBBBBB", data, CHUNKS + 8)
    size = height * (1 + -(-width * bits * CHANNELS.get(color, 0) // 8))  # with the rows' filters
    begin, end, parts = _pixel_data(data)
    if interlaced or size > LARGEST:
        return None
    try:
        rows = deflate.zlib_decompress(b"".join(parts), size)
    except deflate.DeflateError:
        return None
    if len(rows) != size:
        return None
    stored = deflate.zlib_compress(rows, 0)
    del rows
    length = struct.pack(">I", len(stored))
    crc = struct.pack(">I", deflate.crc32(stored, deflate.crc32(b"IDAT")))
    return b"".join([data[:begin], length, b"IDAT", stored, crc, data[end:]])


def _pixel_data(data: bytes) -> tuple[int, int, list[memoryview]]:
    """Returns where the first run of IDAT chunks begins and ends, and what is in each."""
    whole = memoryview(data)
    parts: list[memoryview] = []
    begin = at = CHUNKS
    while at + 12 <= len(data):
        after = at + 12 + int.from_bytes(data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            parts.append(whole[at + 8 : after - 4])
        elif parts:
            break
        else:
            begin = after
        at = after
    return begin, at, parts
