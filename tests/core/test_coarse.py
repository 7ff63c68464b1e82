"""The coarse set: a partition that adapts to the picture."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kbatch.core import collect, points
from kbatch.core.coarse import coarse_points, coarse_runs
from kbatch.data import Colors, Picture
from kbatch.stages import CompiledStrategy, Space
from kbatch.testing import random_colors

if TYPE_CHECKING:
    from kbatch.data import F64, I64, Index

pytestmark = pytest.mark.usefixtures("kernels")

ALIKE = 2**-6  # relative difference of errors up to which they may be taken for equal


def inner_error(colors: Colors, runs: I64) -> float:
    """Squared error of the colours against the weighted mean of their run, the long way."""
    total = 0.0
    for begin, end in itertools.pairwise(runs):
        x, weight = colors.rgba[begin:end].astype(float), colors.count[begin:end]
        middle = np.average(x, axis=0, weights=weight)
        total += float((weight[:, None] * (x - middle) ** 2).sum())
    return total


def cell_errors(colors: Colors) -> F64:
    """Error of the cell that must be split for each colour to begin a part, level by level."""
    x, weight = colors.rgba.astype(np.int64), colors.count
    found, begun = np.full(len(x), np.inf), np.arange(len(x)) == 0
    for level in range(8):
        cells, parts = begins(colors, level), begins(colors, level + 1)
        mass = np.add.reduceat(weight, cells)
        sums = np.add.reduceat(weight[:, None] * x, cells)
        squares = np.add.reduceat(weight * (x**2).sum(axis=1), cells)
        error = squares - (sums.astype(float) ** 2).sum(axis=1) / mass
        new = parts[~begun[parts]]
        found[new] = error[np.searchsorted(cells, new, side="right") - 1]
        begun[parts] = True
    return found


def begins(colors: Colors, level: int) -> Index:
    """Where the octree cells of a level begin."""
    cells = colors.rgba.astype(int) >> (8 - level)
    return np.append(0, np.flatnonzero((cells[1:] != cells[:-1]).any(axis=1)) + 1)


def check_split(colors: Colors, runs: I64, target: int) -> None:
    """Parts are those of largest error, and no more than have about as much as the last one."""
    error = cell_errors(colors)
    last = float(np.sort(error)[-target])
    least, most = ((error >= last * rest).sum() for rest in (1 + ALIKE, 1 - ALIKE))
    assert max(int(least), target) <= len(runs) - 1 <= most
    assert error[runs[:-1]].min() >= last * (1 - ALIKE)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("target", [1, 2, 100, 1000, 5000])
def test_runs_partition_the_colours_and_meet_the_target(channels: int, target: int) -> None:
    colors = random_colors(np.random.default_rng(target), 20_000, channels=channels, levels=40)
    n = len(colors.rgba)
    assert n > target
    runs = coarse_runs(colors, target)
    assert (runs[0], runs[-1]) == (0, n)
    assert (np.diff(runs) > 0).all()
    check_split(colors, runs, target)


def test_few_colours_are_taken_as_they_are(rgb: Space, strategy: CompiledStrategy) -> None:
    colors = random_colors(np.random.default_rng(0), 500)
    n = len(colors.rgba)
    runs = coarse_runs(colors, n)
    assert runs.tolist() == list(range(n + 1))
    every = points(colors, rgb)
    assert coarse_points(every, runs, strategy) is every


@pytest.mark.parametrize("channels", [3, 4])
def test_weights_and_sums_are_preserved(rgb: Space, l2: CompiledStrategy, channels: int) -> None:
    colors = random_colors(np.random.default_rng(1), 30_000, channels=channels, levels=30)
    every = points(colors, rgb)
    runs = coarse_runs(colors, 700)
    coarse = coarse_points(every, runs, l2)
    assert coarse.weight.sum() == every.weight.sum()
    assert np.allclose(coarse.weight @ coarse.x, every.weight @ every.x, rtol=1e-6, atol=1)
    assert coarse.x.dtype == np.float32
    assert coarse.x.flags.f_contiguous
    for run in (0, 5, len(runs) - 2):
        part = slice(runs[run], runs[run + 1])
        mean = np.average(every.x[part], axis=0, weights=every.weight[part])
        assert np.allclose(coarse.x[run], mean, rtol=1e-6, atol=1e-5)


def test_a_grey_ramp_keeps_its_greys(rgb: Space, strategy: CompiledStrategy) -> None:
    ramp = np.tile(np.repeat(np.arange(256, dtype=np.uint8), 3), 10).reshape(1, 64, 40, 3)
    colors = collect(Picture(ramp))
    coarse = coarse_points(points(colors, rgb), coarse_runs(colors, 256), strategy)
    assert len(coarse.weight) == 256
    assert len(coarse_runs(colors, 100)) - 1 >= 100


def test_a_dark_picture_gets_as_many_points_as_asked_for() -> None:
    rng = np.random.default_rng(2)
    colors = collect(Picture(rng.integers(0, 32, (1, 200, 200, 3)).astype(np.uint8)))
    assert len(colors.rgba) > 10_000
    runs = coarse_runs(colors, 2048)
    assert len(runs) - 1 < 1.05 * 2048
    check_split(colors, runs, 2048)


def test_what_has_most_error_is_split_first() -> None:
    rng = np.random.default_rng(3)
    dark = rng.integers(0, 24, (20_000, 3))
    wide = rng.normal(140, 45, (8_000, 3)).clip(0, 255)
    pixels = np.vstack([dark, wide]).astype(np.uint8).reshape(1, 100, 280, 3)
    colors = collect(Picture(pixels))
    cubes = colors.rgba >> 3  # a plain grid of 32 × 32 × 32
    grid = np.append(0, 1 + np.flatnonzero((cubes[1:] != cubes[:-1]).any(axis=1)))
    grid = np.append(grid, len(cubes))
    assert len(colors.rgba) > len(grid) > 1000
    adapted = coarse_runs(colors, len(grid) - 9)
    assert len(adapted) <= len(grid)
    assert inner_error(colors, adapted) < 0.95 * inner_error(colors, grid)


def test_many_pixels_do_not_blur_the_choice() -> None:
    """A cell of two colours is split though one of them has a billion pixels."""
    rgba = np.array([[0, 0, 0], [0, 0, 1], [200, 0, 0], [255, 255, 255]], np.uint8)
    count = np.array([10**9, 1, 10**9, 10**9])
    colors = Colors(rgba, count, np.array([0, 2, 3, 4]), None)
    assert len(coarse_runs(colors, 3)) - 1 == 3


@pytest.mark.parametrize("channels", [3, 4])
def test_medians_of_whole_numbers_stay_whole(
    rgb: Space, l1: CompiledStrategy, l2: CompiledStrategy, channels: int
) -> None:
    colors = random_colors(np.random.default_rng(4), 5000, channels=channels)
    every, runs = points(colors, rgb), coarse_runs(colors, 300)
    rounded, exact = (coarse_points(every, runs, strategy) for strategy in (l1, l2))
    assert (exact.x != np.rint(exact.x)).any()
    if channels == 3:
        assert np.array_equal(rounded.x, np.rint(exact.x))
    else:  # premultiplied colours are no whole numbers
        assert np.array_equal(rounded.x, exact.x)
    assert np.array_equal(rounded.weight, exact.weight)
