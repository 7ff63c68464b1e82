"""Every built-in writer, by decoding what it wrote."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from documents import ROOT, quoted, table
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, ImageSequence, features

from kbatch.data import Indexed, Meta
from kbatch.registry import Registry
from kbatch.stages import WriterSpec

Pixels = np.ndarray[Any, np.dtype[Any]]

NAMES = ("png", "gif", "webp", "tiff", "bmp", "avif")  # `original` writes as these do
ANIMATED = ("png", "gif", "webp", "tiff")
needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
WRITERS = [pytest.param(name, marks=[needs_avif] if name == "avif" else []) for name in NAMES]
OFF = {"avif": 3}  # what is not exact, and by how much


def written(registry: Registry, name: str, indexed: Indexed, **options: Any) -> bytes:
    stream = io.BytesIO()
    registry.build("writer", name, options).write(indexed, stream)
    return stream.getvalue()


def spec_of(registry: Registry, name: str) -> WriterSpec:
    entry = registry.find("writer", name)
    assert entry is not None
    assert isinstance(entry.spec, WriterSpec)
    return entry.spec


def decoded(data: bytes) -> Pixels:
    """Returns the composed frames that Pillow sees: uint8 (F, H, W, 4)."""
    with Image.open(io.BytesIO(data)) as image:
        frames = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]
    return np.stack(frames)


def times_of(data: bytes) -> list[float]:
    with Image.open(io.BytesIO(data)) as image:
        frames = ImageSequence.Iterator(image)
        return [frame.info["duration"] for frame in frames if frame.load() is not None]


def clear(pixels: Pixels) -> Pixels:
    """Returns pixels in which what can't be seen has no colour."""
    return np.where(pixels[..., 3:] == 0, 0, pixels).astype(int)


@st.composite
def pictures(draw: st.DrawFn, alpha: str = "full", frames: int = 1) -> Indexed:
    """Makes palettes of any size with straight alpha, and frames of which parts are the same."""
    entries = draw(st.integers(1, 256) | st.integers(1, 5))
    shape = draw(st.tuples(st.integers(1, 19), st.integers(1, 19)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    palette = rng.integers(0, 256, (entries, 4), np.uint8)
    if alpha == "none" or draw(st.booleans()):
        palette[:, 3] = 255
    elif alpha == "binary":
        palette[:, 3] = np.where(palette[:, 3] < 100, 0, 255)
    palette[palette[:, 3] == 0] = 0
    count = draw(st.integers(1, frames))
    indices = rng.integers(0, entries, (count, *shape), np.uint8)
    for place in range(1, count):
        same = rng.random(shape) < draw(st.sampled_from([0, 0.5, 0.98, 1]))
        indices[place][same] = indices[place - 1][same]
    durations = tuple(draw(st.integers(1, 9)) * 50 for _ in range(count)) if count > 1 else ()
    return Indexed(indices, palette, Meta(durations=durations, loop=draw(st.integers(0, 4))))


@pytest.mark.parametrize("name", WRITERS)
@given(data=st.data())
@settings(max_examples=60)
def test_what_is_written_is_the_palette_at_the_indices(
    registry: Registry, name: str, data: st.DataObject
) -> None:
    spec = spec_of(registry, name)
    made = data.draw(pictures(spec.alpha, 5 if spec.frames else 1))
    found = clear(decoded(written(registry, name, made)))
    expected = clear(made.palette[made.indices])
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= OFF.get(name, 0)


@pytest.mark.parametrize("name", ["png", "gif", "webp"])
@given(data=st.data())
@settings(max_examples=40)
def test_frames_times_and_loops_survive(registry: Registry, name: str, data: st.DataObject) -> None:
    made = data.draw(pictures("binary", 5).filter(lambda made: len(made.indices) > 1))
    encoded = written(registry, name, made)
    assert times_of(encoded) == list(made.meta.durations)
    with Image.open(io.BytesIO(encoded)) as image:
        assert getattr(image, "n_frames", 1) == len(made.indices)
        loop = image.info.get("loop")
    if name == "gif":  # what a GIF tells is how often it repeats after the first time
        loop = {None: 1, 0: 0}.get(loop, (loop or 0) + 1)
    assert loop == made.meta.loop


# ---- beside the pixels ---------------------------------------------------------------------------


def exif() -> bytes:
    block = Image.Exif()
    block[ExifTags.Base.Artist] = "Mara"
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.LensModel] = "50 mm"
    return block.tobytes()


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><odd/></x:xmpmeta>'
HELD = {
    "png": {"icc", "exif", "dpi", "xmp"},
    "gif": set(),
    "webp": {"icc", "exif", "xmp"},
    "tiff": {"icc", "exif", "dpi", "xmp"},
    "bmp": {"dpi"},
    "avif": {"icc", "exif", "xmp"},
}


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("alpha", [0, 255])
@pytest.mark.parametrize("name", WRITERS)
def test_what_stands_beside_the_pixels_survives(
    registry: Registry, name: str, alpha: int, frames: int
) -> None:
    indices = np.arange(12, dtype=np.uint8).reshape(1, 3, 4).repeat(frames, axis=0)
    palette = np.arange(48, dtype=np.uint8).reshape(12, 4) + 99
    palette[:, 3] = 255
    palette[0] = 0, 0, 0, alpha
    meta = Meta(SRGB, exif().removeprefix(b"Exif\0\0"), XMP, (300, 72), (70,) * frames, 0)
    data = written(registry, name, Indexed(indices, palette, meta))
    off = clear(decoded(data))[0, ..., :3] - clear(palette[indices[0]])[..., :3]
    assert np.abs(off).max() <= OFF.get(name, 0)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        block = image.getexif()
        found: dict[str, Any] = {
            "icc": image.info.get("icc_profile"),
            "exif": block.get(ExifTags.Base.Artist),
            "dpi": image.info.get("dpi"),
            "xmp": image.info.get("xmp"),
        }
        assert {kind for kind, value in found.items() if value} == HELD[name]
        if "exif" in HELD[name]:
            assert block[ExifTags.Base.Artist] == "Mara"
            nested = block.get_ifd(ExifTags.IFD.Exif)
            assert name == "tiff" or nested[ExifTags.Base.LensModel] == "50 mm"
    assert found["icc"] in (None, SRGB)
    assert found["xmp"] in (None, XMP)
    assert found["dpi"] is None or found["dpi"] == pytest.approx((300, 72), abs=0.02)


def test_the_documents_tell_what_each_format_holds(registry: Registry) -> None:
    rows = table(ROOT / "docs" / "jobs.md", "| writer | alpha |")
    assert [quoted(name)[0] for name, *_ in rows] == list(NAMES)
    for (_, alpha, frames, beside, _), name in zip(rows, NAMES, strict=True):
        spec = spec_of(registry, name)
        assert alpha == spec.alpha
        assert spec.frames == (frames != "the first")
        assert HELD[name] == set(beside.split(", ")) - {"nothing"}


# ---- animations ----------------------------------------------------------------------------------


def moving(count: int = 4) -> Indexed:
    """A square of 2 × 2 that goes from left to right over a ground that stays."""
    indices = np.random.default_rng(1).integers(0, 9, (1, 50, 60), np.uint8).repeat(count, axis=0)
    for place in range(count):
        indices[place, 20:22, 8 * place : 8 * place + 2] = 9
    palette = np.full((10, 4), 255, np.uint8)
    palette[:, 0] = np.arange(10) * 20
    return Indexed(indices, palette, Meta(durations=(70,) * count, loop=0))


@pytest.mark.parametrize("name", ["png", "gif", "webp"])
def test_what_does_not_move_is_stored_once(registry: Registry, name: str) -> None:
    one, many = moving(1), moving(8)
    assert len(written(registry, name, many)) < 1.5 * len(written(registry, name, one)) + 600
    assert np.array_equal(decoded(written(registry, name, many)), many.palette[many.indices])


def test_a_gif_wipes_its_frames_only_where_something_vanishes(registry: Registry) -> None:
    made = moving()
    made.palette[9] = 0  # a hole that wanders: what it covered comes back, and what it covers goes
    data = written(registry, "gif", made)
    assert np.array_equal(clear(decoded(data)), clear(made.palette[made.indices]))
    made.indices[:, 20:22] = 9  # a hole that stays
    made.indices[1:, :5] = 3
    smaller = written(registry, "gif", made)
    assert len(smaller) < len(data) / 2
    assert np.array_equal(clear(decoded(smaller)), clear(made.palette[made.indices]))


def test_a_gif_takes_the_nearer_of_drawn_and_transparent(registry: Registry) -> None:
    palette = np.array(
        [[9, 9, 9, 100], [50, 0, 0, 127], [70, 0, 0, 128], [0, 80, 0, 255]], np.uint8
    )
    data = written(registry, "gif", Indexed(np.arange(4, dtype=np.uint8).reshape(1, 2, 2), palette))
    assert decoded(data)[0, ..., 3].tolist() == [[0, 0], [255, 255]]
    assert decoded(data)[0, 1].tolist() == [[70, 0, 0, 255], [0, 80, 0, 255]]


@pytest.mark.parametrize("name", ["png", "gif", "webp"])
@pytest.mark.parametrize("time", [0, 20, 65_530, 65_540, 655_340, 700_000, 6_553_500])
def test_times_are_as_near_as_the_format_comes(registry: Registry, name: str, time: int) -> None:
    made = moving(2)
    still = Indexed(made.indices, made.palette, Meta(durations=(time, 70)))
    longest = 655_350 if name == "gif" else time
    assert times_of(written(registry, name, still)) == [min(time, longest), 70]


def test_frames_that_tell_no_time_get_one_and_play_for_ever(registry: Registry) -> None:
    made = moving(3)
    for name in ("png", "gif", "webp"):
        untold = Indexed(made.indices, made.palette)
        data = written(registry, name, untold)
        assert times_of(data) == [100, 100, 100]
        with Image.open(io.BytesIO(data)) as image:
            assert image.info["loop"] == 0


@pytest.mark.parametrize("name", ["gif", "webp"])
def test_what_a_format_can_not_hold_is_refused(registry: Registry, name: str) -> None:
    palette = np.zeros((1, 4), np.uint8)
    for shape in ((1, 0, 4), (1, 1, 65536)):
        with pytest.raises(ValueError, match="can't be"):
            written(registry, name, Indexed(np.zeros(shape, np.uint8), palette))
    with pytest.raises(ValueError, match="is not in a palette of 1"):
        written(registry, name, Indexed(np.ones((1, 2, 2), np.uint8), palette))
