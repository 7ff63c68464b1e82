"""The coarse set: a partition that adapts to the picture."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kbatch.core import collect, points
from kbatch.core.coarse import coarse_points, coarse_runs
from kbatch.data import Colors, Picture
from kbatch.stages import Space
from kbatch.testing import random_colors

pytestmark = pytest.mark.usefixtures("kernels")


def inner_error(colors: Colors, runs: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """Squared error of the colours against the weighted mean of their run, the long way."""
    total = 0.0
    for begin, end in itertools.pairwise(runs):
        x, weight = colors.rgba[begin:end].astype(float), colors.count[begin:end]
        middle = np.average(x, axis=0, weights=weight)
        total += float((weight[:, None] * (x - middle) ** 2).sum())
    return total


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("target", [1, 2, 100, 1000, 5000])
def test_runs_partition_the_colours_and_meet_the_target(channels: int, target: int) -> None:
    colors = random_colors(np.random.default_rng(target), 20_000, channels=channels, levels=40)
    n = len(colors.rgba)
    assert n > target
    runs = coarse_runs(colors, target)
    assert (runs[0], runs[-1]) == (0, n)
    assert (np.diff(runs) > 0).all()
    assert target <= len(runs) - 1 < target + 2**channels


def test_few_colours_are_taken_as_they_are(rgb: Space) -> None:
    colors = random_colors(np.random.default_rng(0), 500)
    n = len(colors.rgba)
    runs = coarse_runs(colors, n)
    assert runs.tolist() == list(range(n + 1))
    every = points(colors, rgb)
    assert coarse_points(every, runs) is every


@pytest.mark.parametrize("channels", [3, 4])
def test_weights_and_sums_are_preserved(rgb: Space, channels: int) -> None:
    colors = random_colors(np.random.default_rng(1), 30_000, channels=channels, levels=30)
    every = points(colors, rgb)
    runs = coarse_runs(colors, 700)
    coarse = coarse_points(every, runs)
    assert coarse.weight.sum() == every.weight.sum()
    assert np.allclose(coarse.weight @ coarse.x, every.weight @ every.x, rtol=1e-6)
    assert coarse.x.dtype == np.float32
    assert coarse.x.flags.f_contiguous
    for run in (0, 5, len(runs) - 2):
        part = slice(runs[run], runs[run + 1])
        mean = np.average(every.x[part], axis=0, weights=every.weight[part])
        assert np.allclose(coarse.x[run], mean, rtol=1e-6)


def test_a_grey_ramp_keeps_its_greys(rgb: Space) -> None:
    ramp = np.tile(np.repeat(np.arange(256, dtype=np.uint8), 3), 10).reshape(1, 64, 40, 3)
    colors = collect(Picture(ramp))
    assert len(coarse_points(points(colors, rgb), coarse_runs(colors, 256)).weight) == 256
    assert len(coarse_runs(colors, 100)) - 1 >= 100


def test_a_dark_picture_gets_as_many_points_as_asked_for() -> None:
    rng = np.random.default_rng(2)
    colors = collect(Picture(rng.integers(0, 32, (1, 200, 200, 3)).astype(np.uint8)))
    assert len(colors.rgba) > 10_000
    assert 2048 <= len(coarse_runs(colors, 2048)) - 1 < 2056


def test_what_has_most_error_is_split_first() -> None:
    rng = np.random.default_rng(3)
    dark = rng.integers(0, 24, (20_000, 3))
    wide = rng.normal(140, 45, (8_000, 3)).clip(0, 255)
    pixels = np.vstack([dark, wide]).astype(np.uint8).reshape(1, 100, 280, 3)
    colors = collect(Picture(pixels))
    grid = colors.cells  # a plain grid of 32 × 32 × 32
    assert len(colors.rgba) > len(grid) > 1000
    adapted = coarse_runs(colors, len(grid) - 9)
    assert len(adapted) <= len(grid)
    assert inner_error(colors, adapted) < 0.95 * inner_error(colors, grid)


def test_many_pixels_do_not_blur_the_choice() -> None:
    """A cell of two colours is split though one of them has a billion pixels."""
    rgba = np.array([[0, 0, 0], [0, 0, 1], [200, 0, 0], [255, 255, 255]], np.uint8)
    count = np.array([10**9, 1, 10**9, 10**9])
    colors = Colors(rgba, count, np.array([0, 2, 3, 4]), None, b"")
    assert len(coarse_runs(colors, 3)) - 1 == 3
