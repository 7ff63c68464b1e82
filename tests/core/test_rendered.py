"""Rendering: what is reported is what the pixels have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from oracles import placed

from kbatch import pipeline
from kbatch.core import Placed, collect
from kbatch.data import Picture
from kbatch.pipeline import Parts
from kbatch.stages import CompiledStrategy, Ditherer, Nearest
from kbatch.testing import random_picture

if TYPE_CHECKING:
    from kbatch.data import U8
    from kbatch.registry import Registry

pytestmark = pytest.mark.usefixtures("kernels")


@dataclass
class Scatter:
    """Gives every third pixel some entry or other."""

    entries: int

    def dither(self, pixels: U8, indices: U8, palette: U8, nearest: Nearest) -> U8:
        assert palette.shape == (self.entries, 4)
        assert np.array_equal(nearest(pixels.reshape(-1, pixels.shape[-1])), indices.reshape(-1))
        changed = indices.copy()
        rng = np.random.default_rng(0)
        changed.reshape(-1)[::3] = rng.integers(0, self.entries, len(changed.reshape(-1)[::3]))
        return changed


@dataclass
class Unused:
    """Gives every pixel the last entry."""

    def dither(self, pixels: U8, indices: U8, palette: U8, nearest: Nearest) -> U8:
        return np.full_like(indices, len(palette) - 1)


def parts(registry: Registry, strategy: CompiledStrategy, ditherer: Ditherer | None) -> Parts:
    return Parts(
        strategy,
        registry.build("init", "random"),
        registry.build("space", "rgb"),
        ditherer or registry.build("dither", "none"),
        registry.build("writer", "png"),
    )


def premultiplied(rgba: U8) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    values = rgba.astype(float)
    values[..., :3] *= values[..., 3:] / 255
    return values


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("which", ["none", "scatter", "unused"])
def test_errors_and_counts_are_those_of_the_pixels(
    registry: Registry, strategy: CompiledStrategy, channels: int, which: str
) -> None:
    rng = np.random.default_rng(channels)
    frame = random_picture(rng, 40, 30, channels=channels, levels=9).pixels
    picture = Picture(np.concatenate([frame, frame[:, ::-1] // 2 * 2]))
    if channels == 4:
        picture.pixels[picture.pixels[..., 3] == 0] = 0
    palette = rng.integers(0, 256, (20, channels)).astype(np.uint8)
    ditherer = {"none": None, "scatter": Scatter(20), "unused": Unused()}[which]
    made = parts(registry, strategy, ditherer)
    before = picture.pixels.copy()
    rendered = pipeline.render(picture, Placed(collect(picture), made.space), palette, made)
    indices, full = rendered.indexed.indices, rendered.indexed.palette
    assert indices.dtype == np.uint8
    assert indices.shape == (2, 40, 30)
    assert np.array_equal(full[:, :channels], palette)
    assert channels == 4 or (full[:, 3] == 255).all()
    opaque = np.full((*picture.pixels.shape[:3], 1), 255, np.uint8)
    pixels = picture.pixels if channels == 4 else np.concatenate([picture.pixels, opaque], axis=3)
    difference = premultiplied(pixels) - premultiplied(full)[indices]
    sse = (difference**2).sum(axis=-1).mean()
    sad = np.abs(difference).sum(axis=-1).mean()
    loss = sse if type(strategy).__name__ == "L2" else sad
    if channels == 4:
        apart = placed(pixels) - placed(full)[indices]
        squared = type(strategy).__name__ == "L2"
        loss = (apart**2 if squared else np.abs(apart)).sum(axis=-1).mean()
    assert (rendered.loss, rendered.sse, rendered.sad) == pytest.approx((loss, sse, sad), rel=1e-6)
    assert np.array_equal(rendered.counts, np.bincount(indices.reshape(-1), minlength=20))
    assert np.array_equal(picture.pixels, before)


def test_without_dithering_each_pixel_gets_its_nearest_entry(
    registry: Registry, l2: CompiledStrategy
) -> None:
    rng = np.random.default_rng(0)
    picture = random_picture(rng, 20, 20)
    palette = rng.integers(0, 256, (30, 3)).astype(np.uint8)
    made = parts(registry, l2, None)
    rendered = pipeline.render(picture, Placed(collect(picture), made.space), palette, made)
    distance = ((picture.pixels[..., None, :].astype(int) - palette.astype(int)) ** 2).sum(axis=-1)
    assert np.array_equal(rendered.indexed.indices, distance.argmin(axis=-1))
