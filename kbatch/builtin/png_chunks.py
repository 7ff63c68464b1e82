"""The chunks that a PNG file is made of."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import deflate

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yields the kind and the body of each whole chunk of a file, whatever its checksum says."""
    whole, at = memoryview(data), len(SIGNATURE)
    while (after := at + 12 + int.from_bytes(whole[at : at + 4])) <= len(data):
        yield bytes(whole[at + 4 : at + 8]), whole[at + 8 : after - 4]
        at = after


def write_chunk(stream: BinaryIO, kind: bytes, data: bytes | bytearray | memoryview) -> None:
    """Writes a chunk with its length and checksum."""
    stream.write(struct.pack(">I", len(data)) + kind)
    stream.write(data)
    stream.write(struct.pack(">I", deflate.crc32(data, deflate.crc32(kind))))
