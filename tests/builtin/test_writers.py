"""Every built-in writer, by decoding what it wrote."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence, features

from kbatch.data import Indexed, Meta
from kbatch.registry import Registry
from kbatch.stages import WriterSpec

Pixels = np.ndarray[Any, np.dtype[Any]]

NAMES = ("png", "gif", "webp", "tiff", "bmp", "avif")
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
