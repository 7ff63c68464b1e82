"""The PNG writer, by Pillow and by a decoder of its own."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from kbatch.builtin.options import PngOptions
from kbatch.builtin.png_writer import PngWriter
from kbatch.data import Indexed, Meta

Pixels = np.ndarray[Any, np.dtype[Any]]


def written(indexed: Indexed, level: int = 6) -> bytes:
    stream = io.BytesIO()
    PngWriter(PngOptions(level=level)).write(indexed, stream)
    return stream.getvalue()


def picture(entries: int, shape: tuple[int, int], seed: int, *, alpha: bool = False) -> Indexed:
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (entries, 4), np.uint8)
    if not alpha:
        palette[:, 3] = 255
    indices = rng.integers(0, entries, (1, *shape), np.uint8)
    indices[0, -1, -1] = entries - 1
    return Indexed(indices, palette)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields each chunk's kind and data after a check of its CRC."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(body),)
        yield body[:4], body[4:]
        at += 12 + length
    assert at == len(data)


def decoded(data: bytes) -> Pixels:
    """Decodes an indexed PNG without filters, independently of Pillow: uint8 (H, W, 4)."""
    parts = dict(chunks(data))
    width, height, bits, kind, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (kind, rest) == (3, [0, 0, 0])
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    assert rows.shape[1] == 1 + (width * bits + 7) // 8
    singles = np.unpackbits(rows[:, 1:], axis=1)
    values = singles.reshape(height, -1, bits) @ (1 << np.arange(bits)[::-1])
    assert not values[:, width:].any()
    palette = np.full((len(parts[b"PLTE"]) // 3, 4), 255, np.uint8)
    palette[:, :3] = np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3)
    alpha = np.frombuffer(parts.get(b"tRNS", b""), np.uint8)
    palette[: len(alpha), 3] = alpha
    return palette[values[:, :width]]


@given(
    entries=st.integers(1, 256),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 2**32 - 1),
    alpha=st.booleans(),
    level=st.integers(0, 12),
)
def test_two_decoders_get_back_every_pixel(
    *, entries: int, shape: tuple[int, int], seed: int, alpha: bool, level: int
) -> None:
    given = picture(entries, shape, seed, alpha=alpha)
    data = written(given, level)
    expected = given.palette[given.indices[0]]
    assert np.array_equal(decoded(data), expected)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image.convert("RGBA")), expected)
    assert written(given, level) == data


@pytest.mark.parametrize(
    ("entries", "bits"),
    [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (256, 8)],
)
@pytest.mark.parametrize("width", [1, 7, 8, 9])
def test_the_fewest_bits_that_hold_the_palette(entries: int, bits: int, width: int) -> None:
    data = written(picture(entries, (3, width), 1))
    assert dict(chunks(data))[b"IHDR"][8] == bits
    assert len(decoded(data)) == 3


def test_chunks_come_in_the_order_that_the_format_asks_for() -> None:
    given = picture(5, (4, 4), 2, alpha=True)
    given.palette[:, 3] = 100
    full = Indexed(given.indices, given.palette, Meta(icc=b"profile", dpi=(72, 72)))
    kinds = [kind for kind, _ in chunks(written(full))]
    assert kinds == [b"IHDR", b"iCCP", b"pHYs", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    plain = [kind for kind, _ in chunks(written(picture(5, (4, 4), 2)))]
    assert plain == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]


@pytest.mark.parametrize(
    ("alpha", "stored"),
    [
        ([0, 255, 255], b"\x00"),
        ([255, 9, 255], b"\xff\x09"),
        ([255, 255, 254], b"\xff\xff\xfe"),
        ([255, 255, 255], None),
    ],
)
def test_transparency_ends_with_the_last_entry_that_needs_it(
    alpha: list[int], stored: bytes | None
) -> None:
    given = picture(3, (2, 2), 3)
    given.palette[:, 3] = alpha
    assert dict(chunks(written(given))).get(b"tRNS") == stored


def test_resolution_and_profile_survive() -> None:
    icc = bytes(range(256)) * 9
    given = picture(3, (2, 2), 4)
    data = written(Indexed(given.indices, given.palette, Meta(icc=icc, dpi=(300, 72))))
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["dpi"] == pytest.approx((300, 72), abs=0.02)
        assert image.info["icc_profile"] == icc


@pytest.mark.parametrize("dpi", [None, (0, 72), (-1, -1), (float("nan"), 1), (1e12, 1)])
def test_a_resolution_that_a_png_can_not_tell_is_left_out(dpi: Any) -> None:
    given = picture(3, (2, 2), 4)
    data = written(Indexed(given.indices, given.palette, Meta(dpi=dpi)))
    assert b"pHYs" not in dict(chunks(data))


def test_only_the_first_frame_is_written_and_views_are_taken() -> None:
    frames = np.random.default_rng(5).integers(0, 9, (2, 10, 14), np.uint8)[:, ::-2, ::2]
    palette = picture(9, (1, 1), 5).palette
    before = frames.copy()
    assert np.array_equal(decoded(written(Indexed(frames, palette))), palette[frames[0]])
    assert np.array_equal(frames, before)


@pytest.mark.parametrize("entries", [0, 257])
def test_a_palette_of_no_or_too_many_entries_is_refused(entries: int) -> None:
    given = Indexed(np.zeros((1, 2, 2), np.uint8), np.zeros((entries, 4), np.uint8))
    with pytest.raises(ValueError, match=f"1 to 256 entries, not {entries}"):
        written(given)


def test_an_index_outside_the_palette_is_refused() -> None:
    given = Indexed(np.array([[[0, 3]]], np.uint8), np.zeros((3, 4), np.uint8))
    with pytest.raises(ValueError, match="index 3 is not in a palette of 3"):
        written(given)


def test_a_picture_without_pixels_is_refused() -> None:
    given = Indexed(np.zeros((1, 0, 4), np.uint8), np.zeros((3, 4), np.uint8))
    with pytest.raises(ValueError, match="4×0"):
        written(given)


def test_levels_change_the_size_and_not_the_picture() -> None:
    rng = np.random.default_rng(6)
    indices = np.repeat(rng.integers(0, 40, (1, 60, 20), np.uint8), 4, axis=2)
    given = Indexed(indices, picture(40, (1, 1), 6).palette)
    stored, fast, small = (written(given, level) for level in (0, 1, 12))
    assert len(small) < len(fast) < len(stored)
    assert np.array_equal(decoded(stored), decoded(small))


@pytest.mark.parametrize("level", [-1, 13])
def test_levels_that_are_none_are_refused(level: int) -> None:
    with pytest.raises(ValidationError):
        PngOptions(level=level)
