"""Samples of more than 8 bits, in files made by hand: compared with their own rounded values."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kbatch.builtin.options import PillowOptions
from kbatch.builtin.pillow_loader import PillowLoader
from kbatch.images import bands

Array = np.ndarray[Any, np.dtype[Any]]

RNG = np.random.default_rng(5)
DEEP = RNG.integers(0, 65536, (11, 13, 4), np.uint16)
GREY = DEEP[..., 0]
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, INKS = 0, 1, 2, 5
ALPHA, PREMULTIPLIED = 2, 1


def load(data: bytes) -> Array:
    pixels: Array = PillowLoader(PillowOptions()).load(io.BytesIO(data), "it").pixels[0]
    return pixels


def rounded(samples: Array) -> Array:
    return np.floor(samples / 257 + 0.5).astype(np.uint8)


def tiff(planes: Sequence[bytes], size: tuple[int, int], end: str = "<", **tags: Any) -> bytes:
    """Returns an uncompressed TIFF of one strip a plane."""
    numbers = {"bits": 258, "photometric": 262, "channels": 277, "planar": 284, "extra": 338}
    numbers |= {"format": 339}
    entries: dict[int, Sequence[int]] = {
        256: (size[0],),
        257: (size[1],),
        259: (1,),
        278: (size[1],),
    }
    entries |= {numbers[key]: np.ravel(value).tolist() for key, value in tags.items()}
    start = 8
    entries[273] = [start + sum(map(len, planes[:i])) for i in range(len(planes))]
    entries[279] = [len(plane) for plane in planes]
    body = b"".join(planes)
    directory = start + len(body)
    far = directory + 2 + 12 * len(entries) + 4
    head, tail = struct.pack(f"{end}H", len(entries)), b""
    for tag, values in sorted(entries.items()):
        packed = struct.pack(f"{end}{len(values)}I", *values)
        head += struct.pack(f"{end}HHI", tag, 4, len(values))
        if len(values) == 1:
            head += packed
        else:
            head += struct.pack(f"{end}I", far + len(tail))
            tail += packed
    order = b"II*\0" if end == "<" else b"MM\0*"
    return order + struct.pack(f"{end}I", directory) + body + head + bytes(4) + tail


def deep_tiff(samples: Array, end: str = "<", **tags: Any) -> bytes:
    channels = samples.shape[2] if samples.ndim == 3 else 1
    stored = samples.astype(f"{end}{samples.dtype.kind}{samples.dtype.itemsize}")
    bits = [8 * samples.dtype.itemsize] * channels
    if tags.get("planar") == 2:
        planes = [stored[..., channel].tobytes() for channel in range(channels)]
    else:
        planes = [stored.tobytes()]
    return tiff(planes, samples.shape[1::-1], end, bits=bits, channels=channels, **tags)


def packed(samples: Array) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples))


def png(samples: Array, color: int, *, interlaced: bool = False, **chunks: bytes) -> bytes:
    """Returns a PNG with chunks before its pixels, and after them where `_` precedes their name."""
    height, width = samples.shape[:2]
    assert not interlaced or (height, width) == (1, 1)  # then its one pass is the plain picture
    header = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, interlaced)
    data = b"\x89PNG\r\n\x1a\n"
    before = {kind: body for kind, body in chunks.items() if kind[0] != "_"}
    parts = {"IHDR": header, **before, "IDAT": packed(samples), **chunks, "IEND": b""}
    for kind, body in parts.items():
        named = kind.removeprefix("_").encode() + body
        data += struct.pack(">I", len(body)) + named + struct.pack(">I", zlib.crc32(named))
    return data


# ---- PNG ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("color", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bit_pngs_are_rounded(color: int, channels: int) -> None:
    pixels = load(png(DEEP[..., :channels], color))
    expected = rounded(DEEP[..., :channels])
    if channels in (1, 2):
        expected = np.dstack([expected[..., :1]] * 3 + [expected[..., 1:]])
    expected[(expected[..., 3:] == 0).all(axis=2) & (channels in (2, 4))] = 0
    assert np.array_equal(pixels, expected)


@pytest.mark.parametrize(("color", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_an_interlaced_one_is_rounded_too(color: int, channels: int) -> None:
    one = np.full((1, 1, channels), 300, np.uint16)
    one[..., -1] = 65535 if channels in (2, 4) else 300
    assert load(png(one, color, interlaced=True))[0, 0].tolist() == [1, 1, 1]


def test_a_transparent_colour_is_compared_at_its_depth() -> None:
    samples = np.array([[[1000, 2000, 3000], [1000, 2000, 3001], [40000, 128, 129]]], np.uint16)
    pixels = load(png(samples, 2, tRNS=struct.pack(">3H", 1000, 2000, 3000)))
    assert pixels[0].tolist() == [[0, 0, 0, 0], [4, 8, 12, 255], [156, 0, 1, 255]]


def test_bands_meet_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "BAND", 30)
    assert np.array_equal(load(png(DEEP[..., :3], 2)), rounded(DEEP[..., :3]))
    key = struct.pack(">3H", *DEEP[9, 3, :3])
    pixels = load(png(DEEP[..., :3], 2, tRNS=key))
    assert np.argwhere(pixels[..., 3] == 0).tolist() == [[9, 3]]
    wide = np.tile(GREY, (1, 5))  # a band is less than a row
    assert np.array_equal(load(png(wide, 0))[..., 0], rounded(wide))


# ---- TIFF --------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["<", ">"])
@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize(("channels", "extra"), [(3, {}), (4, {"extra": ALPHA})])
def test_sixteen_bit_colour_tiffs_are_rounded(
    end: str, planar: int, channels: int, extra: dict[str, int]
) -> None:
    samples = DEEP[..., :channels]
    data = deep_tiff(samples, end, photometric=RGB, planar=planar, **extra)
    expected = rounded(samples)
    if extra:
        expected[expected[..., 3] == 0] = 0
    assert np.array_equal(load(data), expected)


def test_an_unnamed_fourth_channel_is_no_alpha() -> None:
    assert np.array_equal(load(deep_tiff(DEEP, photometric=RGB, extra=0)), rounded(DEEP[..., :3]))


def test_premultiplied_colours_are_divided_at_their_depth() -> None:
    samples = DEEP.copy()
    samples[..., :3] = np.minimum(samples[..., :3], samples[..., 3:])
    pixels = load(deep_tiff(samples, photometric=RGB, extra=PREMULTIPLIED))
    straight = samples[..., :3] / np.maximum(samples[..., 3:], 1) * 65535
    visible = pixels[..., 3] > 0
    assert np.abs(pixels[visible][:, :3] - straight[visible] / 257).max() < 0.51
    assert np.array_equal(pixels[..., 3], rounded(samples[..., 3]))


def test_sixteen_bit_inks_are_rounded() -> None:
    samples = DEEP.copy()
    samples[..., 3] = 0
    pixels = load(deep_tiff(samples, photometric=INKS))
    assert np.array_equal(pixels, 255 - rounded(samples[..., :3]))


def test_compressed_ones_are_rounded() -> None:
    stored = io.BytesIO(deep_tiff(DEEP[..., :3], photometric=RGB))
    packed = zlib.compress(stored.getvalue()[8 : 8 + DEEP[..., :3].nbytes])
    data = tiff([packed], (13, 11), bits=[16] * 3, channels=3, photometric=RGB)
    at = data.rfind(struct.pack("<HHI", 259, 4, 1))
    data = data[: at + 8] + struct.pack("<I", 8) + data[at + 12 :]
    assert np.array_equal(load(data), rounded(DEEP[..., :3]))


@pytest.mark.parametrize("end", ["<", ">"])
def test_sixteen_bit_grey_is_rounded(end: str) -> None:
    pixels = load(deep_tiff(GREY, end, photometric=BLACK_IS_ZERO))
    assert np.array_equal(pixels[..., 1], rounded(GREY))


def test_white_is_zero_is_turned_over() -> None:
    pixels = load(deep_tiff(GREY, photometric=WHITE_IS_ZERO))
    assert np.array_equal(pixels[..., 1], rounded(65535 - GREY.astype(int)))


def test_twelve_bits_are_not_dark() -> None:
    values = np.array([[0, 1, 2047, 2048, 4094, 4095]])
    packed = b""
    for one, two in values.reshape(-1, 2).tolist():
        packed += (one << 12 | two).to_bytes(3, "big")
    data = tiff([packed], (6, 1), bits=12, channels=1, photometric=BLACK_IS_ZERO)
    expected = values * 255 / 4095
    assert np.abs(load(data)[..., 0] - expected).max() <= 0.51
    assert load(data)[0, -1, 0] == 255


@pytest.mark.parametrize(
    ("kind", "top"), [(np.uint32, 2**32 - 1), (np.int32, 2**31 - 1), (np.int16, 2**15 - 1)]
)
def test_other_whole_numbers_reach_from_black_to_white(kind: type, top: int) -> None:
    values: Array = (np.linspace(0, 1, 7) * top).astype(kind).reshape(1, 7)
    values[0, 3] = top // 2
    signed = 2 if np.dtype(kind).kind == "i" else 1
    pixels = load(deep_tiff(values, photometric=BLACK_IS_ZERO, format=signed))[0, :, 0]
    assert np.abs(pixels - values[0] / top * 255).max() <= 0.51
    if signed == 2:
        assert not load(deep_tiff(-values, photometric=BLACK_IS_ZERO, format=2)).any()


def test_floats_from_0_to_1() -> None:
    values: Array = np.array([[0, 0.25, 0.5, 1]], np.float32)
    pixels = load(deep_tiff(values, photometric=BLACK_IS_ZERO, format=3))
    assert pixels[0, :, 0].tolist() == [0, 64, 128, 255]


# ---- others ------------------------------------------------------------------------------------


def test_sixteen_bit_pgm_is_rounded() -> None:
    data = b"P5 13 11 65535\n" + GREY.astype(">u2").tobytes()
    assert np.array_equal(load(data)[..., 2], rounded(GREY))


def test_a_16_bit_jpeg_2000_is_near() -> None:
    stream = io.BytesIO()
    Image.fromarray(GREY).save(stream, "JPEG2000", irreversible=False)
    assert np.array_equal(load(stream.getvalue())[..., 0], rounded(GREY))
