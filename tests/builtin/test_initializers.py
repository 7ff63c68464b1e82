"""Where centers start: different points, by weight and by cost, the same in every version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kbatch.builtin.initializers import KMeansPlusPlus, Maximin
from kbatch.builtin.options import KMeansPlusPlusOptions
from kbatch.builtin.wu import Wu, bipartition
from kbatch.core import Placed, cluster, collect
from kbatch.data import Points
from kbatch.stages import CompiledStrategy, Initializer, InitializerSpec, Options, Space, Strategy
from kbatch.testing import random_picture, random_points
from kbatch.variants import EFFORTS

if TYPE_CHECKING:
    from kbatch.data import F32, F64
    from kbatch.registry import Registry

Array = np.ndarray[Any, np.dtype[Any]]

pytestmark = pytest.mark.usefixtures("kernels")

NONE = np.empty((0, 3), np.float32)


@pytest.fixture(params=["random", "kmeans++", "maximin"])
def initializer(registry: Registry, request: pytest.FixtureRequest) -> Initializer:
    """Those whose centers are points."""
    made: Initializer = registry.build("init", request.param)
    return made


@pytest.fixture(scope="module")
def wu() -> Initializer:
    return Wu(Options())


@pytest.fixture(scope="module")
def maximin() -> Initializer:
    return Maximin(Options())


@pytest.fixture(scope="module", params=[Wu, Maximin])
def steady(request: pytest.FixtureRequest) -> Initializer:
    """Those that never ask for chance."""
    made: Initializer = request.param(Options())
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


@pytest.mark.parametrize("name", ["random", "kmeans++"])
def test_same_seed_same_centers(registry: Registry, name: str, strategy: CompiledStrategy) -> None:
    points = distinct_points(200)
    initializer = registry.build("init", name)
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


# ---- wu and maximin: no chance -------------------------------------------------------------------


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Points, F32, int]:
    """Points of 3 or 4 dimensions, many of them equal, fixed centers, and how many can be new."""
    dimensions, n = draw(st.sampled_from([3, 4])), draw(st.integers(1, 30))
    steps = draw(st.sampled_from([1, 3, 255]))
    x = draw(arrays(np.int64, (n, dimensions), elements=st.integers(0, steps)))
    weight = draw(arrays(np.float64, n, elements=st.floats(0.01, 1e6)))
    scale, shift = draw(st.sampled_from([(1.0, 0.0), (1 / 256, -0.5), (1000.0, -3e4)]))
    points = Points(np.asfortranarray(x * scale + shift, np.float32), weight)
    distinct = np.unique(points.x, axis=0)
    fixed = distinct[: draw(st.integers(0, min(4, len(distinct) - 1)))]
    return points, fixed, draw(st.integers(1, len(distinct) - len(fixed)))


@settings(max_examples=40)
@given(crowds())
def test_all_new_centers_differ_whatever_the_points(
    steady: Initializer, strategy: CompiledStrategy, crowd: tuple[Points, F32, int]
) -> None:
    points, fixed, count = crowd
    given_arrays: list[Array] = [points.x, points.weight, fixed]
    before = [array.copy() for array in given_arrays]
    found = steady.centers(points, count, fixed, strategy, generator(0))
    assert found.shape == (count, points.x.shape[1])
    assert found.dtype == np.float32
    assert len(rows(found) | rows(fixed)) == count + len(fixed)
    assert (found >= points.x.min(axis=0)).all()
    assert (found <= points.x.max(axis=0)).all()
    assert np.array_equal(found, steady.centers(points, count, fixed, strategy, generator(1)))
    assert all(map(np.array_equal, before, given_arrays))


@pytest.mark.parametrize("name", ["wu", "maximin", "split"])
def test_the_plan_knows_that_restarts_would_repeat_it(registry: Registry, name: str) -> None:
    entry = registry.find("init", name)
    assert entry is not None
    assert isinstance(entry.spec, InitializerSpec)
    assert entry.spec.deterministic


def test_one_point_again_and_again_where_there_is_no_other(
    steady: Initializer, strategy: CompiledStrategy
) -> None:
    points = Points(np.full((6, 4), 7, np.float32, order="F"), np.ones(6))
    for fixed in (np.empty((0, 4), np.float32), points.x[:1]):
        found = steady.centers(points, 3, fixed, strategy, generator(0))
        assert np.array_equal(found, np.full((3, 4), 7))


@pytest.mark.parametrize("dimensions", [3, 4])
def test_a_weighted_point_is_as_many_points(
    steady: Initializer, strategy: CompiledStrategy, dimensions: int
) -> None:
    x = distinct_points(150, dimensions).x
    weight = np.random.default_rng(3).integers(1, 9, len(x))
    copies = np.asfortranarray(np.repeat(x, weight, axis=0))
    once = Points(x, weight.astype(np.float64))
    one_by_one = Points(copies, np.ones(len(copies)))
    for count in (1, 9, 150):
        fixed = np.empty((0, dimensions), np.float32)
        first = steady.centers(once, count, fixed, strategy, generator(0))
        second = steady.centers(one_by_one, count, fixed, strategy, generator(0))
        assert np.array_equal(first, second)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_palette_starts_from_them(
    steady: Initializer, strategy: CompiledStrategy, rgb: Space, channels: int
) -> None:
    colors = collect(random_picture(np.random.default_rng(2), 20, 30, channels=channels, levels=9))
    for k in (2, 40):
        found = cluster(Placed(colors, rgb), k, strategy, steady, search=EFFORTS["plain"], seed=0)
        assert found.palette.shape == (k, channels)
        assert (channels == 3) or not found.palette[0].any()


# ---- wu ------------------------------------------------------------------------------------------


def squared_error(x: F32, weight: F64) -> float:
    mean = (weight[:, None] * x).sum(axis=0) / weight.sum()
    return float((weight[:, None] * (x - mean) ** 2).sum())


def boxes_by_hand(points: Points, count: int) -> list[F64]:
    """The means of boxes: of the one of largest error every cut is tried, by direct sums."""
    boxes = [np.arange(len(points.x))]
    while len(boxes) < count:
        worst = max(boxes, key=lambda box: squared_error(points.x[box], points.weight[box]))
        halves = [
            (worst[points.x[worst, axis] <= border], worst[points.x[worst, axis] > border])
            for axis in range(points.x.shape[1])
            for border in np.unique(points.x[worst, axis])[:-1]
        ]
        boxes = [box for box in boxes if box is not worst]
        boxes += min(
            halves,
            key=lambda pair: sum(squared_error(points.x[h], points.weight[h]) for h in pair),
        )
    return [np.average(points.x[box], axis=0, weights=points.weight[box]) for box in boxes]


@pytest.mark.parametrize(("dimensions", "cells"), [(3, 32), (4, 16)])
@pytest.mark.parametrize("span", [1.0, 0.01])
@pytest.mark.parametrize("seed", range(4))
def test_wu_cuts_as_trying_every_cut_does(
    wu: Initializer, l2: CompiledStrategy, dimensions: int, cells: int, span: float, seed: int
) -> None:
    """Every value has its own cell, so that cells are no limit."""
    rng = np.random.default_rng(seed)
    x = np.unique(rng.integers(0, cells, (80, dimensions)), axis=0)
    x[0], x[-1] = 0, cells - 1
    weight = rng.integers(1, 10**6, len(x)).astype(np.float64)
    points = Points(np.asfortranarray(x * span - 5, np.float32), weight)
    for count in (1, 2, 3, 8, 25, len(x)):
        fixed = np.empty((0, dimensions), np.float32)
        found = wu.centers(points, count, fixed, l2, generator(0))
        expected = np.array(boxes_by_hand(points, count))
        order, by_hand = np.lexsort(found.T), np.lexsort(expected.astype(np.float32).T)
        assert np.allclose(found[order], expected[by_hand], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("dimensions", [3, 4])
def test_more_boxes_have_less_error(dimensions: int, whole: bool) -> None:  # noqa: FBT001
    points = random_points(np.random.default_rng(4), 500, dimensions=dimensions, whole=whole)
    before, last = np.zeros(500, np.int64), np.inf
    for count in range(1, 25):
        boxes = bipartition(points, count)
        parts = [np.flatnonzero(boxes == box) for box in range(count)]
        error = sum(squared_error(points.x[part], points.weight[part]) for part in parts)
        assert error < last
        assert set(boxes[boxes != before]) <= {count - 1}
        before, last = boxes, error


def test_equal_colours_of_a_cube_are_cut_into_octants(
    wu: Initializer, l2: CompiledStrategy
) -> None:
    cube = np.stack(np.meshgrid(*[[0, 60, 180, 240]] * 3, indexing="ij"), -1).reshape(-1, 3)
    points = Points(np.asfortranarray(cube, np.float32), np.ones(64))
    found = wu.centers(points, 8, NONE, l2, generator(0))
    octants = np.stack(np.meshgrid(*[[30, 210]] * 3, indexing="ij"), -1).reshape(-1, 3)
    assert rows(found) == rows(octants.astype(np.float32))


def test_a_long_ramp_is_filled_up_beyond_its_cells(
    wu: Initializer, strategy: CompiledStrategy
) -> None:
    ramp = np.asfortranarray(np.repeat(np.arange(256), 3).reshape(-1, 3), np.float32)
    points = Points(ramp, np.ones(256))
    assert len(np.unique(bipartition(points, 40))) == 32
    assert len(rows(wu.centers(points, 40, NONE, strategy, generator(0)))) == 40
    far = np.vstack([ramp, np.full((1, 3), 1e6, np.float32)])
    crowded = Points(np.asfortranarray(far), np.ones(257))
    assert len(np.unique(bipartition(crowded, 40))) == 2
    assert len(rows(wu.centers(crowded, 40, NONE, strategy, generator(0)))) == 40


def test_a_box_whose_mean_is_fixed_gives_its_place_to_the_farthest_point(
    wu: Initializer, l2: CompiledStrategy
) -> None:
    x = np.asfortranarray([[0, 0, 0], [2, 0, 0], [90, 0, 0], [100, 0, 0]], np.float32)
    points = Points(x, np.array([1.0, 1.0, 3.0, 1.0]))
    assert rows(wu.centers(points, 2, NONE, l2, generator(0))) == {(1, 0, 0), (92.5, 0, 0)}
    fixed = np.array([[1, 0, 0], [7, 7, 7]], np.float32)
    assert rows(wu.centers(points, 2, fixed, l2, generator(0))) == {(92.5, 0, 0), (100, 0, 0)}


# ---- maximin -------------------------------------------------------------------------------------


def farthest_by_hand(points: Points, count: int, fixed: F32, strategy: Strategy) -> list[F32]:
    """Each point is compared with each center, one by one."""

    def distance(point: F32, center: F32) -> float:
        return float(strategy.distance(point[None], center)[0])

    new: list[F32] = []
    if not len(fixed):
        mean = np.average(points.x, axis=0, weights=points.weight).astype(np.float32)
        new.append(min(points.x, key=lambda point: distance(point, mean)))
    while len(new) < count:
        there = [*fixed, *new]
        new.append(max(points.x, key=lambda point: min(distance(point, c) for c in there)))
    return new


@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("fixed", [0, 3])
@pytest.mark.parametrize("which", ["l1", "l2", "chebyshev"])
def test_maximin_takes_the_farthest_as_comparing_all_does(
    maximin: Initializer,
    request: pytest.FixtureRequest,
    which: str,
    fixed: int,
    dimensions: int,
) -> None:
    strategy: Strategy = request.getfixturevalue(which)
    points = random_points(np.random.default_rng(5), 60, dimensions=dimensions)
    there = points.x[:fixed] + np.float32(0.5)
    found = maximin.centers(points, 12, there, strategy, generator(0))
    assert np.array_equal(found, farthest_by_hand(points, 12, there, strategy))


def test_no_point_twice_where_a_strategy_sees_no_distance(maximin: Initializer) -> None:
    class Lightness:
        def distance(self, x: F32, center: F32) -> F32:
            seen: F32 = abs(x.sum(axis=1) - center.sum())
            return seen

        def update(self, x: F32, weight: F64, center: F32) -> F32:
            return center

    x = np.asfortranarray([[9, 0, 0], [0, 9, 0], [0, 0, 9], [3, 3, 3], [1, 1, 1]], np.float32)
    points = Points(x, np.ones(5))
    found = maximin.centers(points, 4, x[4:], Lightness(), generator(0))
    assert rows(found) == rows(x[:4])
