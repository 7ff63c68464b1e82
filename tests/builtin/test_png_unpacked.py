"""PNG files with their pixels unpacked, on files made by hand."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kbatch.builtin.png_unpacked import CHANNELS, unpacked

KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8)]
KINDS += [(4, 8), (4, 16), (6, 8), (6, 16)]  # colour type and bits of a sample
RGB = (2, 8)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def rows(kind: tuple[int, int], width: int, height: int, seed: int) -> bytes:
    """Returns rows of any bytes, each with any of the five filters."""
    color, bits = kind
    rng = np.random.default_rng(seed)
    each = -(-width * bits * CHANNELS[color] // 8)
    made = rng.integers(0, 256, (height, 1 + each), np.uint8)
    made[:, 0] = rng.integers(0, 5, height)
    return made.tobytes()


def png(
    kind: tuple[int, int],
    size: tuple[int, int],
    packed: bytes,
    *,
    pieces: int = 1,
    interlaced: int = 0,
) -> bytes:
    """Returns a file whose packed pixels stand in so many chunks, with chunks before and after."""
    color, bits = kind
    header = struct.pack(">IIBBBBB", *size, bits, color, 0, 0, interlaced)
    step = -(-len(packed) // pieces)
    parts = [packed[at : at + step] for at in range(0, len(packed), step)]
    before = chunk(b"IHDR", header) + chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1))
    before += chunk(b"PLTE", bytes(range(256)) * 3) if color == 3 else b""
    after = chunk(b"tEXt", b"Title\0it") + chunk(b"IEND", b"")
    return SIGNATURE + before + b"".join(chunk(b"IDAT", part) for part in parts) + after


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    at, found = len(SIGNATURE), []
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert data[at : at + 12 + length] == chunk(kind, body)
        found.append((kind, body))
        at += 12 + length
    return found


def pixels(data: bytes) -> tuple[str, bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return image.mode, image.tobytes()


@given(
    kind=st.sampled_from(KINDS),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 2**32 - 1),
    pieces=st.integers(1, 4),
)
def test_pillow_finds_the_same_pixels_of_every_kind(
    kind: tuple[int, int], size: tuple[int, int], seed: int, pieces: int
) -> None:
    data = png(kind, size, zlib.compress(rows(kind, *size, seed)), pieces=pieces)
    stored = unpacked(data)
    assert stored is not None
    assert pixels(stored) == pixels(data)


def test_only_the_pixels_are_stored_anew_in_one_chunk() -> None:
    raw = rows(RGB, 300, 200, 0)
    data = png(RGB, (300, 200), zlib.compress(raw), pieces=3)
    before, stored = chunks(data), chunks(unpacked(data) or b"")
    kept = [each for each in before if each[0] != b"IDAT"]
    assert [each for each in stored if each[0] != b"IDAT"] == kept
    assert [kind for kind, _ in stored] == [b"IHDR", b"pHYs", b"IDAT", b"tEXt", b"IEND"]
    body = dict(stored)[b"IDAT"]
    assert zlib.decompress(body) == raw
    assert len(body) > len(raw)


def test_what_follows_the_end_of_the_file_stays() -> None:
    data = png(RGB, (2, 2), zlib.compress(rows(RGB, 2, 2, 0))) + b"and more"
    assert (unpacked(data) or b"").endswith(chunk(b"IEND", b"") + b"and more")


RAW = rows(RGB, 20, 10, 1)
PACKED = zlib.compress(RAW)


@pytest.mark.parametrize(
    "data",
    [
        png(RGB, (20, 10), PACKED, interlaced=1),
        png(RGB, (20, 10), zlib.compress(RAW[:-1])),
        png(RGB, (20, 10), zlib.compress(RAW + b"x")),
        png(RGB, (20, 10), PACKED[:-1]),
        png(RGB, (20, 10), PACKED[:-1] + bytes([PACKED[-1] ^ 1])),
        png(RGB, (20, 10), b"no stream of zlib"),
        png(RGB, (20, 10), PACKED)[:200],
        png(RGB, (2**31 - 1, 2**31 - 1), PACKED),
        png((7, 8), (20, 10), PACKED),
        SIGNATURE + chunk(b"IEND", b""),
        SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 20, 10, 8, 2, 0, 0, 0)),
    ],
    ids=[
        "interlaced",
        "a byte too few",
        "a byte too many",
        "the checksum is cut",
        "the checksum is wrong",
        "not packed",
        "truncated",
        "larger than memory",
        "unknown colours",
        "no header",
        "no pixels",
    ],
)
def test_what_is_not_whole_and_plain_is_left_to_pillow(data: bytes) -> None:
    assert unpacked(data) is None
