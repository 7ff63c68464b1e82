"""Animations, pages, limits and truncated files, as the loader sees them."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin, features

from kbatch.builtin.options import PillowOptions
from kbatch.builtin.pillow_loader import PillowLoader
from kbatch.data import Picture
from kbatch.errors import PictureError

RNG = np.random.default_rng(3)
FRAMES = [RNG.integers(0, 256, (9, 13, 3), np.uint8) for _ in range(4)]
FRAMES[2][:, :6] = FRAMES[1][:, :6]  # so that a writer stores a part of it only
TIMES = [100, 250, 40, 1000]


def load(data: bytes, **options: Any) -> Picture:
    return PillowLoader(PillowOptions(**options)).load(io.BytesIO(data), "it.gif")


def reason(data: bytes, **options: Any) -> str:
    with pytest.raises(PictureError) as caught:
        load(data, **options)
    return str(caught.value)


def animation(kind: str, frames: list[Any] = FRAMES, **options: Any) -> bytes:
    images = [
        frame if isinstance(frame, Image.Image) else Image.fromarray(frame) for frame in frames
    ]
    stream = io.BytesIO()
    images[0].save(stream, kind, save_all=True, append_images=images[1:], **options)
    return stream.getvalue()


def few(frame: Any) -> Image.Image:
    """Returns a frame whose colours a GIF can hold."""
    return Image.fromarray(frame // 64 * 64).convert("P", palette=Image.Palette.ADAPTIVE)


# ---- animations --------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_all_frames_come_in_as_they_are_seen(kind: str, options: dict[str, Any]) -> None:
    picture = load(animation(kind, duration=TIMES, loop=3, **options))
    assert np.array_equal(picture.pixels, FRAMES)
    assert picture.meta.durations == tuple(TIMES)
    assert picture.meta.loop == 3


def test_all_frames_of_a_gif_come_in_with_their_own_palettes() -> None:
    images = [few(frame) for frame in FRAMES]
    picture = load(animation("GIF", images, duration=TIMES, loop=0))
    assert np.array_equal(picture.pixels, [np.asarray(image.convert("RGB")) for image in images])
    assert picture.meta.durations == tuple(TIMES)
    assert picture.meta.loop == 0


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_an_avif_sequence_comes_in() -> None:
    smooth = [np.full((16, 16, 3), value, np.uint8) for value in (10, 120, 240)]
    picture = load(animation("AVIF", smooth, duration=[100, 200, 300], quality=100))
    assert np.abs(picture.pixels.astype(int) - smooth).max() <= 3
    assert picture.meta.durations == (100, 200, 300)


@pytest.mark.parametrize(("stored", "plays"), [(None, 1), (0, 0), (1, 2), (4, 5)])
def test_a_gif_plays_once_more_than_it_is_repeated(stored: int | None, plays: int) -> None:
    options = {} if stored is None else {"loop": stored}
    assert load(animation("GIF", [few(frame) for frame in FRAMES], **options)).meta.loop == plays


def test_alpha_of_one_frame_is_alpha_of_the_picture() -> None:
    clear = np.dstack([FRAMES[1], np.full((9, 13), 128, np.uint8)])
    images = [Image.fromarray(FRAMES[0]).convert("RGBA"), Image.fromarray(clear)]
    pixels = load(animation("PNG", images, disposal=1, blend=0)).pixels
    assert pixels.shape == (2, 9, 13, 4)
    assert np.array_equal(pixels[0, ..., :3], FRAMES[0])
    assert (pixels[0, ..., 3] == 255).all()
    assert np.array_equal(pixels[1], clear)


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_the_first_frame_is_a_still(kind: str, options: dict[str, Any]) -> None:
    picture = load(animation(kind, duration=TIMES, **options), frames="first")
    assert np.array_equal(picture.pixels, FRAMES[:1])
    assert picture.meta.durations == ()
    assert picture.meta.loop is None


def test_a_still_has_no_times() -> None:
    picture = load(animation("GIF", [few(FRAMES[0])], duration=100))
    assert len(picture.pixels) == 1
    assert picture.meta.durations == ()
    assert picture.meta.loop is None


def test_the_picture_for_programs_that_cannot_play_an_apng_is_no_frame() -> None:
    data = animation("PNG", default_image=True, duration=TIMES[1:])
    assert np.array_equal(load(data).pixels, FRAMES[1:])
    assert load(data).meta.durations == tuple(TIMES[1:])
    assert np.array_equal(load(data, frames="first").pixels, FRAMES[:1])


def test_layers_and_other_pictures_of_a_file_are_no_frames() -> None:
    data = animation("MPO", [np.full((8, 8, 3), value, np.uint8) for value in (9, 99)])
    assert load(data).pixels.shape[0] == 1
    icon = io.BytesIO()
    Image.fromarray(np.full((32, 32, 4), 77, np.uint8)).save(
        icon, "ICO", sizes=[(16, 16), (32, 32)]
    )
    assert load(icon.getvalue()).pixels.shape == (1, 32, 32, 4)


# ---- pages -------------------------------------------------------------------------------------


def test_pages_of_one_size_are_frames_without_times() -> None:
    picture = load(animation("TIFF", compression="tiff_lzw"))
    assert np.array_equal(picture.pixels, FRAMES)
    assert picture.meta.durations == ()
    assert load(animation("TIFF"), frames="first").pixels.shape[0] == 1


def test_of_pages_of_different_sizes_the_first_is_the_picture() -> None:
    data = animation("TIFF", [FRAMES[0], FRAMES[1], FRAMES[2][:-1]])
    assert np.array_equal(load(data).pixels, FRAMES[:1])


@pytest.mark.parametrize("kind", [1, 4])
def test_a_thumbnail_or_a_mask_of_the_same_size_is_no_page(kind: int) -> None:
    stream = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(stream, new=True) as writer:
        for frame, subfile in zip(FRAMES[:2], (0, kind), strict=True):
            Image.fromarray(frame).save(writer, "TIFF", tiffinfo={254: subfile})
            writer.newFrame()
    assert np.array_equal(load(stream.getvalue()).pixels, FRAMES[:1])


def test_a_later_page_that_cannot_be_read_leaves_the_first() -> None:
    data = bytearray(animation("TIFF", FRAMES[:2]))
    at = data.rfind(struct.pack("<HHI", 262, 3, 1))
    data[at + 8] = 77  # no known kind of pixels
    assert np.array_equal(load(bytes(data)).pixels, FRAMES[:1])


# ---- limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
def test_more_frames_than_allowed_are_refused(kind: str) -> None:
    frames = [few(frame) for frame in FRAMES] if kind == "GIF" else FRAMES
    data = animation(kind, frames)
    assert len(load(data, max_frames=4).pixels) == 4
    assert reason(data, max_frames=3) == (
        "it.gif has more frames than max_frames (3); raise max_frames in the job, "
        "or take the first frame by frames: first"
    )
    assert len(load(data, max_frames=3, frames="first").pixels) == 1


def test_the_pixels_of_all_frames_count() -> None:
    data = animation("PNG")
    assert len(load(data, max_pixels=4 * 9 * 13).pixels) == 4
    text = reason(data, max_pixels=4 * 9 * 13 - 1)
    assert text.startswith("it.gif is too large: 4 frames of 13×9 pixels are more than max_pixels")
    assert "frames: first" in text


def test_a_later_frame_that_is_damaged_is_told_by_its_number() -> None:
    data = bytearray(animation("GIF", [few(frame) for frame in FRAMES]))
    data = data[: len(data) * 5 // 8]
    assert ", in frame 3; take the first frame by frames: first" in reason(bytes(data))
    assert len(load(bytes(data), frames="first").pixels) == 1


def test_a_gif_that_grows_beyond_memory_is_refused() -> None:
    data = bytearray(animation("GIF", [few(frame) for frame in FRAMES[:2]]))
    at = data.rfind(b",\0\0\0\0")
    data[at + 5 : at + 9] = struct.pack("<HH", 65535, 65535)
    text = reason(bytes(data))
    assert "is larger than Pillow decodes" in text
    assert "in frame 2" in text


# ---- truncated files ---------------------------------------------------------------------------

SMOOTH = np.dstack([np.add.outer(np.arange(64), np.arange(64)) + 60] * 3).astype(np.uint8)


def cut(kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(SMOOTH).save(stream, kind, **options)
    data = stream.getvalue()
    return data[: len(data) * 3 // 4]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 95}),
        ("BMP", {}),
        ("PPM", {}),
        ("TGA", {}),
        ("TIFF", {"tiffinfo": {278: 8}}),
    ],
)
def test_a_truncated_picture_is_accepted_when_the_job_says_so(
    kind: str, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    data = cut(kind, **options)
    loader = PillowLoader(PillowOptions(truncated="accept"))
    with pytest.raises(PictureError, match="truncated"):
        PillowLoader(PillowOptions()).load(io.BytesIO(data), "it.tga")
    with caplog.at_level(logging.WARNING):
        pixels = loader.load(io.BytesIO(data), "it.tga").pixels[0]
    assert caplog.text.count("it.tga is truncated: taken as far as it goes") == 1
    assert pixels.shape[:2] == (64, 64)
    whole = np.abs(pixels[..., :3].astype(int) - SMOOTH).max(axis=(1, 2)) <= 6
    assert 8 <= whole.sum() < 64


def test_a_truncated_deep_picture_is_accepted_too() -> None:
    samples = RNG.integers(0, 65536, (40, 20, 3), np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", 20, 40, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0))):
        data += (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )
    pixels = load(data[: len(data) // 2], truncated="accept").pixels[0]
    assert np.array_equal(pixels[:18], np.floor(samples[:18] / 257 + 0.5))


def test_of_a_truncated_animation_the_whole_frames_are_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = animation("GIF", [few(frame) for frame in FRAMES], duration=TIMES)
    whole = load(data).pixels
    data = data[: len(data) * 5 // 8]
    picture = load(data, truncated="accept")
    assert np.array_equal(picture.pixels, whole[:2])
    assert picture.meta.durations == tuple(TIMES[:2])
    assert "it.gif is truncated" in caplog.text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "PPM", "GIF", "WEBP", "JPEG2000"])
def test_a_cut_anywhere_is_accepted_or_a_picture_error(kind: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(SMOOTH).save(stream, kind)
    data = stream.getvalue()
    for length in range(1, len(data), max(1, len(data) // 40)):
        with suppress(PictureError):
            assert load(data[:length], truncated="accept").pixels.shape == (1, 64, 64, 3)


def test_damage_is_not_accepted_as_a_truncation() -> None:
    stream = io.BytesIO()
    Image.fromarray(SMOOTH).save(stream, "PNG")
    data = bytearray(stream.getvalue())
    data[20] ^= 1
    assert "is damaged" in reason(bytes(data), truncated="accept")
