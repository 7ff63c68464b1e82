"""Animated PNGs of 16 bits, against frames composed in 16 bits and rounded at the end."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from kbatch.builtin.options import PillowOptions
from kbatch.builtin.pillow_loader import PillowLoader
from kbatch.builtin.png_rounded import CHANNELS, rounded
from kbatch.data import Picture
from kbatch.errors import PictureError

Array = np.ndarray[Any, np.dtype[Any]]

WIDTH, HEIGHT = 13, 9
STAY, CLEAR, BACK = range(3)  # what becomes of a frame before the next
REPLACE, OVER = range(2)


class Frame(NamedTuple):
    samples: Array  # (h, w, channels)
    left: int
    top: int
    disposal: int
    blend: int


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def apng(
    frames: list[Frame], color: int, *, key: bytes = b"", default: Array | None = None
) -> bytes:
    """Returns an animation whose frames are in two chunks each."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, color, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    made += chunk(b"acTL", struct.pack(">II", len(frames), 3))
    made += chunk(b"tRNS", key) if key else b""
    made += b"" if default is None else chunk(b"IDAT", packed(default))
    number = 0
    for place, (samples, left, top, disposal, blend) in enumerate(frames):
        size = samples.shape[1::-1]
        control = struct.pack(">5I2H2B", number, *size, left, top, 1, 10, disposal, blend)
        made += chunk(b"fcTL", control)
        number += 1
        data = packed(samples)
        for part in (data[:20], data[20:]):
            if place == 0 and default is None:
                made += chunk(b"IDAT", part)
            else:
                made += chunk(b"fdAT", struct.pack(">I", number) + part)
                number += 1
    return made + chunk(b"IEND", b"")


def packed(samples: Array) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples))


def animation(color: int, seed: int = 0) -> list[Frame]:
    """Returns frames that are placed, disposed of and laid over each other in all ways."""
    rng, made = np.random.default_rng(seed), []
    boxes = [(13, 9, 0, 0), (5, 4, 3, 2), (13, 9, 0, 0), (6, 3, 7, 6), (4, 9, 0, 0), (1, 1, 12, 8)]
    # Pillow keeps a frame that is laid over another, also where it should be gone: no BACK, OVER
    ways = [
        (STAY, REPLACE),
        (BACK, REPLACE),
        (STAY, OVER),
        (CLEAR, REPLACE),
        (STAY, OVER),
        (STAY, REPLACE),
    ]
    for (width, height, left, top), way in zip(boxes, ways, strict=True):
        samples = rng.integers(0, 65536, (height, width, CHANNELS[color]), np.uint16)
        if color in (4, 6) and way[1] == OVER:  # Pillow's own way with half transparent ones
            samples[..., -1] = rng.choice([0, 65535], (height, width))
        made.append(Frame(samples, left, top, *way))
    return made


def composed(frames: list[Frame], key: tuple[int, ...] = ()) -> Array:
    """Plays an animation in 16 bits, RGBA, as the format's third edition says."""
    canvas = np.zeros((HEIGHT, WIDTH, 4), np.uint16)
    seen = []
    for samples, left, top, disposal, blend in frames:
        height, width, channels = samples.shape
        rgba = np.full((height, width, 4), 65535, np.uint16)
        colors = 3 if channels >= 3 else 1
        rgba[..., :3] = samples[..., :colors]
        if channels in (2, 4):
            rgba[..., 3] = samples[..., -1]
        elif key:
            rgba[(samples == key).all(axis=2), 3] = 0
        before = canvas.copy()
        box = canvas[top : top + height, left : left + width]
        shown = np.ones((height, width), bool) if blend == REPLACE else rgba[..., 3] > 0
        box[shown] = rgba[shown]
        seen.append(canvas.copy())
        if disposal == BACK:
            canvas = before
        elif disposal == CLEAR:
            box[:] = 0
    return np.array(seen)


def load(data: bytes, **options: Any) -> Picture:
    return PillowLoader(PillowOptions(**options)).load(io.BytesIO(data), "it.png")


def seen(picture: Picture) -> Array:
    """Returns the pixels as RGBA."""
    full = np.full((*picture.pixels.shape[:3], 4), 255, np.uint8)
    full[..., : picture.pixels.shape[3]] = picture.pixels
    return full


def in_bytes(samples: Array) -> Array:
    exact = np.floor(samples / 257 + 0.5).astype(np.uint8)
    exact[exact[..., 3] == 0] = 0
    return exact


@pytest.mark.parametrize("color", [4, 6])
def test_frames_with_alpha_are_rounded_and_composed(color: int) -> None:
    frames = animation(color)
    picture = load(apng(frames, color))
    assert np.array_equal(seen(picture), in_bytes(composed(frames)))
    assert picture.meta.loop == 3
    assert picture.meta.durations == (100,) * 6


@pytest.mark.parametrize("color", [0, 2])
def test_opaque_frames_are_rounded_and_composed(color: int) -> None:
    frames = [frame._replace(disposal=frame.disposal % 2 * 2) for frame in animation(color)]
    assert np.array_equal(seen(load(apng(frames, color))), in_bytes(composed(frames)))


@pytest.mark.parametrize("color", [0, 2])
def test_one_transparent_colour_is_compared_at_its_depth(color: int) -> None:
    key = (1000, 2000, 3000)[: CHANNELS[color]]
    near = (1000, 2000, 3001) if color == 2 else (1001,)  # of the same high bytes
    frames = animation(color)
    for frame in frames:
        frame.samples[::2, ::2], frame.samples[1::2, ::2] = key, near
    data = apng(frames, color, key=struct.pack(f">{len(key)}H", *key))
    assert np.array_equal(seen(load(data)), in_bytes(composed(frames, key)))


def test_the_still_for_other_programs_is_no_frame_but_may_be_asked_for() -> None:
    frames, still = animation(6), animation(6, seed=1)[0]
    data = apng(frames, 6, default=still.samples)
    assert np.array_equal(seen(load(data)), in_bytes(composed(frames)))
    assert np.array_equal(seen(load(data, frames="first")), in_bytes(composed([still])))


def test_no_more_frames_are_decoded_than_are_wanted() -> None:
    data = apng(animation(2), 2)
    for most in range(1, 7):
        made = rounded(data, most)
        assert made is not None
        assert made.count(b"fcTL") == most


@pytest.mark.parametrize(("option", "limit"), [("max_frames", 5), ("max_pixels", 6 * 13 * 9 - 1)])
def test_limits_hold(option: str, limit: int) -> None:
    data = apng(animation(2), 2)
    assert len(load(data, **{option: limit + 1}).pixels) == 6
    with pytest.raises(PictureError, match=option):
        load(data, **{option: limit})


def test_a_damaged_frame_fails_as_it_does_in_eight_bits() -> None:
    data = bytearray(apng(animation(2), 2))
    place = data.rindex(b"fdAT", 0, -60) + 12
    data[place : place + 4] = b"\xff" * 4
    assert rounded(bytes(data), 9) is None
    with pytest.raises(PictureError, match="in frame"):
        load(bytes(data))


def test_a_truncated_one_has_the_frames_that_are_whole() -> None:
    frames = animation(6)
    data = apng(frames, 6)
    cut = data[: data.index(b"fdAT") + 12]
    with pytest.raises(PictureError, match="truncated"):
        load(cut)
    picture = load(cut, truncated="accept")
    assert len(picture.pixels) == 1


def test_a_frame_larger_than_the_picture_is_not_decoded() -> None:
    frames = animation(2)
    large = np.zeros((HEIGHT, WIDTH + 1, 3), np.uint16)
    assert rounded(apng([frames[0], Frame(large, 0, 0, 0, 0)], 2), 9) is None


def test_what_has_eight_bits_is_left_alone() -> None:
    stream = io.BytesIO()
    image = Image.new("RGB", (2, 2))
    image.save(stream, "PNG", save_all=True, append_images=[Image.new("RGB", (2, 2), "red")])
    assert rounded(stream.getvalue(), 9) is None
