"""Where centers start: different points, by weight and by cost, the same in every version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from kbatch.builtin.initializers import KMeansPlusPlus
from kbatch.builtin.options import KMeansPlusPlusOptions
from kbatch.data import Points
from kbatch.stages import CompiledStrategy, Initializer
from kbatch.testing import random_points

if TYPE_CHECKING:
    from kbatch.data import F32
    from kbatch.registry import Registry

pytestmark = pytest.mark.usefixtures("kernels")

NONE = np.empty((0, 3), np.float32)


@pytest.fixture(params=["random", "kmeans++"])
def initializer(registry: Registry, request: pytest.FixtureRequest) -> Initializer:
    made: Initializer = registry.build("init", request.param)
    return made


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def distinct_points(n: int, dimensions: int = 3) -> Points:
    made = random_points(np.random.default_rng(0), 4 * n, dimensions=dimensions)
    x = np.unique(made.x, axis=0)[:n]
    assert len(x) == n
    return Points(np.asfortranarray(x), made.weight[:n])


def rows(x: F32) -> set[tuple[float, ...]]:
    return {tuple(row) for row in x.tolist()}


@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("count", [1, 7, 50, 100])
def test_as_many_different_points_as_wanted(
    initializer: Initializer, strategy: CompiledStrategy, count: int, dimensions: int
) -> None:
    points = distinct_points(100, dimensions)
    before = points.x.copy(), points.weight.copy()
    for seed in range(10):
        fixed = np.empty((0, dimensions), np.float32)
        found = initializer.centers(points, count, fixed, strategy, generator(seed))
        assert found.shape == (count, dimensions)
        assert found.dtype == np.float32
        assert len(rows(found)) == count
        assert rows(found) <= rows(points.x)
    assert np.array_equal(points.x, before[0])
    assert np.array_equal(points.weight, before[1])


def test_never_a_point_that_is_fixed(initializer: Initializer, strategy: CompiledStrategy) -> None:
    points = distinct_points(30)
    for seed in range(20):
        fixed = points.x[seed : seed + 10].copy()
        found = initializer.centers(points, 20, fixed, strategy, generator(seed))
        assert rows(found) == rows(points.x) - rows(fixed)


def test_fixed_centers_need_not_be_points(
    initializer: Initializer, strategy: CompiledStrategy
) -> None:
    points = distinct_points(30)
    fixed = np.full((2, 3), -7, np.float32)
    found = initializer.centers(points, 30, fixed, strategy, generator(0))
    assert rows(found) == rows(points.x)


def test_a_point_that_comes_twice_is_taken_once(
    plusplus: Initializer, strategy: CompiledStrategy
) -> None:
    once = distinct_points(12)
    points = Points(np.asfortranarray(np.repeat(once.x, 5, axis=0)), np.repeat(once.weight, 5))
    for seed in range(10):
        found = plusplus.centers(points, 12, NONE, strategy, generator(seed))
        assert rows(found) == rows(once.x)


def test_heavy_differences_do_not_hide_light_points(
    initializer: Initializer, strategy: CompiledStrategy
) -> None:
    """All of 60 points are found though their weights differ by ten orders of magnitude."""
    points = distinct_points(60)
    uneven = Points(points.x, np.logspace(0, 10, 60))
    found = initializer.centers(uneven, 60, NONE, strategy, generator(1))
    assert rows(found) == rows(points.x)


def test_random_draws_colours_as_random_pixels_would(
    random: Initializer, l2: CompiledStrategy
) -> None:
    x = np.asfortranarray([[0, 0, 0], [50, 0, 0], [99, 0, 0], [200, 0, 0]], np.float32)
    weight = np.array([1.0, 2.0, 3.0, 14.0])
    draws = 4000
    drawn = np.zeros(4)
    second = np.zeros(4)
    for seed in range(draws):
        found = random.centers(Points(x, weight), 2, NONE, l2, generator(seed))
        first, other = (int(np.flatnonzero((x == row).all(axis=1))[0]) for row in found)
        drawn[first] += 1
        if first == 3:
            second[other] += 1
    share = weight / weight.sum()
    assert np.abs(drawn / draws - share).max() < 4 * 0.5 / draws**0.5
    rest = np.array([1, 2, 3, 0]) / 6
    assert np.abs(second / drawn[3] - rest).max() < 4 * 0.5 / drawn[3] ** 0.5


def test_plusplus_draws_by_weighted_cost(strategy: CompiledStrategy) -> None:
    """With one candidate, the second center's chances are weight × cost at the first."""
    init = KMeansPlusPlus(KMeansPlusPlusOptions(candidates=1))
    x = np.asfortranarray([[0, 0, 0], [10, 0, 0], [20, 0, 0], [30, 0, 0]], np.float32)
    weight = np.array([1.0, 9.0, 4.0, 1.0])
    burden = weight * strategy.distance(x, x[0])
    draws = 4000
    drawn = np.zeros(4)
    for seed in range(draws):
        found = init.centers(Points(x, weight), 1, x[:1], strategy, generator(seed))
        drawn += (x == found).all(axis=1)
    assert np.abs(drawn / draws - burden / burden.sum()).max() < 4 * 0.5 / draws**0.5


def test_more_candidates_start_better(strategy: CompiledStrategy) -> None:
    points = random_points(np.random.default_rng(1), 800)
    losses = []
    for candidates in (1, 8):
        init = KMeansPlusPlus(KMeansPlusPlusOptions(candidates=candidates))
        total = 0.0
        for seed in range(8):
            centers = init.centers(points, 10, NONE, strategy, generator(seed))
            total += float(points.weight @ strategy.assign(points, centers)[1])
        losses.append(total)
    assert losses[1] < 0.95 * losses[0]


def test_same_seed_same_centers(initializer: Initializer, strategy: CompiledStrategy) -> None:
    points = distinct_points(200)
    first, again, other = (
        initializer.centers(points, 12, NONE, strategy, generator(seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


PINNED = {
    ("random", "l1"): [96, 54, 108, 86, 12, 122, 94, 97],
    ("random", "l2"): [96, 54, 108, 86, 12, 122, 94, 97],
    ("kmeans++", "l1"): [55, 94, 10, 102, 17, 117, 96, 27],
    ("kmeans++", "l2"): [55, 114, 9, 96, 16, 51, 81, 54],
}


@pytest.mark.parametrize("name", ["random", "kmeans++"])
@pytest.mark.parametrize("which", ["l1", "l2"])
def test_the_choice_for_a_seed_never_changes(registry: Registry, name: str, which: str) -> None:
    grid = np.stack(np.meshgrid(*[np.arange(0, 250, 50)] * 3, indexing="ij"), -1).reshape(-1, 3)
    points = Points(
        np.asfortranarray(grid, np.float32), (1 + np.arange(125) % 7).astype(np.float64)
    )
    strategy, init = registry.build("strategy", which), registry.build("init", name)
    found = init.centers(points, 8, NONE, strategy, generator(42))
    chosen = [int(np.flatnonzero((points.x == row).all(axis=1))[0]) for row in found]
    assert chosen == PINNED[name, which]
