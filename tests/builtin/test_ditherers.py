"""Ditherers in the pipeline: through every space, strategy and kind of picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import kbatch
from kbatch import core, pipeline
from kbatch.core import Placed, collect
from kbatch.core.colors import as_seen
from kbatch.core.kernels import dither as diffusion
from kbatch.core.kernels import errors, ordered
from kbatch.data import Picture
from kbatch.pipeline import Parts
from kbatch.testing import random_picture

if TYPE_CHECKING:
    from kbatch.data import F32, U8
    from kbatch.registry import Registry
    from kbatch.stages import Strategy

pytestmark = pytest.mark.usefixtures("kernels")

DITHERERS = ("floyd-steinberg", "sierra-lite", "ordered")


class Weighted:
    """A space in which green counts for more."""

    def forward(self, rgb: U8) -> F32:
        return np.asfortranarray(rgb * np.array([1, 2, 1], np.float32))

    def inverse(self, x: F32) -> U8:
        rgb: U8 = np.rint(x / np.array([1, 2, 1])).clip(0, 255).astype(np.uint8)
        return rgb


def ramp(channels: int = 3) -> U8:
    """Returns uint8 (60, 80, C), smooth in all channels, transparent at the left."""
    y, x = np.mgrid[:60, :80]
    alpha = np.clip(x * 8 - 100, 0, 255)
    pixels = np.stack([x * 3, y * 4, 255 - x * 2, alpha][:channels], axis=-1).astype(np.uint8)
    if channels == 4:
        pixels[alpha == 0] = 0
    return pixels


def blurred_error(pixels: U8, made: U8) -> float:
    """Returns the squared error of means of 5 x 5 pixels, premultiplied where there is alpha."""
    values = [each.astype(float) for each in (pixels, made)]
    for value in values:
        if pixels.shape[-1] == 4:
            value[..., :3] *= value[..., 3:] / 255
    off = (values[0] - values[1]).reshape(12, 5, 16, 5, -1).mean(axis=(1, 3))
    return float((off**2).mean())


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dither", DITHERERS)
def test_areas_come_closer_than_without(dither: str, channels: int) -> None:
    pixels = ramp(channels)
    found = {}
    for name in ("none", dither):
        result = kbatch.quantize(pixels, 12, dither=name)
        found[name] = blurred_error(pixels, result.palette[result.indices][..., :channels])
    assert found[dither] < 0.6 * found["none"]


@pytest.mark.parametrize("strategy", ["l2", "l1", "chebyshev"])
@pytest.mark.parametrize("space", ["rgb", "weighted"])
@pytest.mark.parametrize("dither", DITHERERS)
def test_every_space_and_strategy_is_dithered(
    registry: Registry, chebyshev: Strategy, strategy: str, space: str, dither: str
) -> None:
    pixels = ramp()
    picture = Picture(pixels[None])
    parts = Parts(
        chebyshev if strategy == "chebyshev" else registry.build("strategy", strategy),
        registry.build("init", "random"),
        Weighted() if space == "weighted" else registry.build("space", "rgb"),
        registry.build("dither", dither),
        registry.build("writer", "png"),
    )
    palette = kbatch.quantize(pixels, 40).palette[:, :3]
    rendered = pipeline.render(picture, Placed(collect(picture), parts.space), palette, parts)
    assert rendered.counts.sum() == pixels[..., 0].size
    difference = palette[rendered.indexed.indices[0]].astype(float) - pixels
    assert rendered.sse == pytest.approx((difference**2).sum(axis=-1).mean())
    if (space, strategy) == ("rgb", "l2"):
        assert rendered.loss == pytest.approx(rendered.sse)
    nearest = pipeline._Nearest(palette, parts)
    plain = palette[nearest(pixels.reshape(-1, 3))].reshape(pixels.shape)
    assert blurred_error(pixels, palette[rendered.indexed.indices[0]]) < blurred_error(
        pixels, plain
    )


@pytest.mark.parametrize("space", ["gray", "lab", "oklab"])
def test_the_nearest_entry_is_that_of_the_space(registry: Registry, space: str) -> None:
    pixels = ramp()
    picture = Picture(pixels[None])
    found = []
    for strength in (0.0, 0.875):
        options = {"strength": strength}
        parts = Parts(
            registry.build("strategy", "l2"),
            registry.build("init", "split"),
            registry.build("space", space),
            registry.build("dither", "floyd-steinberg", options),
            registry.build("writer", "png"),
        )
        palette = kbatch.quantize(pixels, 12, space=space).palette[:, :3]
        rendered = pipeline.render(picture, Placed(collect(picture), parts.space), palette, parts)
        found.append(rendered.indexed.indices[0])
    nearest = pipeline._Nearest(palette, parts)
    plain = nearest(pixels.reshape(-1, 3)).reshape(pixels.shape[:2])
    assert not nearest.euclidean
    assert np.array_equal(found[0], plain)
    assert not np.array_equal(found[1], plain)
    seen = as_seen(pixels.reshape(-1, 3), parts.space).reshape(pixels.shape)
    ratio = blurred_error(seen, palette[found[1]]) / blurred_error(seen, palette[plain])
    assert ratio < 0.8


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dither", DITHERERS)
def test_lines_and_single_entries_are_dithered(dither: str, channels: int) -> None:
    line = ramp(channels).reshape(1, -1, channels)[:, 100:400]
    for pixels in (line, line.transpose(1, 0, 2)):
        for k in (1, 5):
            result = kbatch.quantize(pixels, k, dither=dither)
            assert result.indices.shape == pixels.shape[:2]
            assert result.indices.max() < len(result.palette) <= k
            if k == 1:
                assert not result.indices.any()


def over(rgba: U8, ground: int) -> U8:
    """Returns what is seen of a picture on a grey ground."""
    alpha = rgba[..., 3:] / 255
    seen: U8 = np.rint(rgba[..., :3] * alpha + ground * (1 - alpha)).astype(np.uint8)
    return seen


@pytest.mark.parametrize("dither", DITHERERS)
@pytest.mark.parametrize("ground", [0, 255])
def test_alpha_comes_closer_over_black_and_over_white(dither: str, ground: int) -> None:
    pixels = ramp(4)
    for k in (12, 40):
        error = []
        for name in ("none", dither):
            result = kbatch.quantize(pixels, k, dither=name)
            made = result.palette[result.indices]
            assert not made[pixels[..., 3] == 0].any()
            error.append(blurred_error(over(pixels, ground), over(made, ground)))
        assert error[1] < 0.8 * error[0]


def test_only_squared_distances_of_stored_values_are_euclidean(
    registry: Registry, chebyshev: Strategy
) -> None:
    l1, l2 = (registry.build("strategy", name) for name in ("l1", "l2"))
    rgb = registry.build("space", "rgb")
    assert core.is_euclidean(l2, rgb)
    assert not core.is_euclidean(l1, rgb)
    assert not core.is_euclidean(chebyshev, rgb)
    assert not core.is_euclidean(l2, Weighted())


@pytest.mark.parametrize("dither", DITHERERS)
def test_a_picture_with_few_colours_stays_as_it_is(dither: str) -> None:
    rng = np.random.default_rng(1)
    for channels in (3, 4):
        for k in (7, 60):
            some = random_picture(rng, 1, k, channels=channels).pixels[0, 0]
            pixels = some[rng.integers(0, len(some), (30, 40))]
            result = kbatch.quantize(pixels, k, dither=dither)
            assert np.array_equal(result.palette[result.indices][..., :channels], pixels)


def test_no_kernel_is_compiled_for_a_second_type() -> None:
    kernels: list[Any] = [diffusion.diffuse, ordered.pair, ordered.paint, errors.compare]
    for name in DITHERERS:
        kbatch.quantize(ramp(), 8, dither=name)
    before = [len(kernel.signatures) for kernel in kernels]  # other tests call some their own way
    for channels in (3, 4):
        pixels = ramp(channels)
        pixels.flags.writeable = False
        for k in (8, 40):
            for name in DITHERERS:
                kbatch.quantize(pixels, k, dither=name)
    assert [len(kernel.signatures) for kernel in kernels] == before
    assert max(before[:3]) == 1


def test_less_strength_hands_less_on() -> None:
    pixels = ramp()
    plain = kbatch.quantize(pixels, 8)
    differing = [
        np.count_nonzero(dithered(pixels, 8, strength) != plain.indices)
        for strength in (0, 0.3, 0.875)
    ]
    assert 0 == differing[0] < differing[1] < differing[2]


def dithered(pixels: U8, k: int, strength: float) -> U8:
    dither: Any = {"name": "floyd-steinberg", "strength": strength}
    return kbatch.quantize(pixels, k, dither=dither).indices


def test_more_strength_than_there_is_error_is_refused() -> None:
    with pytest.raises(kbatch.JobError, match="strength"):
        dithered(ramp(), 8, 1.01)


def test_jobs_dither(tmp_path: Any) -> None:
    from PIL import Image

    Image.fromarray(ramp()).save(tmp_path / "ramp.png")
    job = {
        "input": str(tmp_path / "ramp.png"),
        "output": str(tmp_path / "out"),
        "k": 8,
        "dither": ["none", *DITHERERS],
    }
    records = kbatch.run_job(job)
    assert [record.status for record in records] == ["done"] * 4
    assert [record.dither for record in records] == ["none", *DITHERERS]
    least, *others = (record.sse or 0.0 for record in records)
    assert all(0 < least < sse for sse in others)
