"""The update step: means, medians, and what becomes of centers without points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import Compiled, Plain

from kbatch.core.compiled import _rising
from kbatch.data import Points
from kbatch.stages import CompiledStrategy
from kbatch.testing import random_points

Array = np.ndarray[Any, np.dtype[Any]]

if TYPE_CHECKING:
    from kbatch.data import F32

pytestmark = pytest.mark.usefixtures("kernels")


def moved(points: Points, centers: F32, *, squared: bool, fixed: int = 0) -> F32:
    """The centers after one assignment and one update."""
    steps = Compiled(points, squared=squared)
    labels, cost = steps.assign(centers)
    arrays: tuple[Array, ...] = (points.x, points.weight, labels, cost)
    before = [array.copy() for array in arrays]
    after = steps.update(labels, cost, fixed, centers)
    assert all(map(np.array_equal, arrays, before))
    return after


@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("k", [1, 7, 40])
def test_means(dimensions: int, k: int, *, whole: bool) -> None:
    points = random_points(np.random.default_rng(k), 900, dimensions=dimensions, whole=whole)
    centers = np.ascontiguousarray(points.x[:k])
    labels, _ = Compiled(points, squared=True).assign(centers)
    after = moved(points, centers, squared=True)
    for c in range(k):
        mine = labels == c
        if mine.any():
            mean = np.average(points.x[mine].astype(float), axis=0, weights=points.weight[mine])
            assert np.allclose(after[c], mean, rtol=1e-6)


def test_means_of_whole_numbers_are_exact() -> None:
    """2³³ pixels of one colour and one of another: nothing is lost in the sum."""
    x = np.asfortranarray([[255, 1, 0], [254, 0, 0], [255, 0, 3]], np.float32)
    weight = np.array([2.0**33, 1.0, 2.0**33])
    after = moved(Points(x, weight), np.zeros((1, 3), np.float32), squared=True)
    sums = [int(w) * v.astype(int) for w, v in zip(weight, x, strict=True)]
    expected = np.float32(sum(sums) / float(weight.sum()))
    assert np.array_equal(after[0], expected)


@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("k", [1, 7, 40])
def test_medians(dimensions: int, k: int, *, whole: bool) -> None:
    """Against the median of the expanded pixels; of an even number, the lower of the middle two."""
    rng = np.random.default_rng(k)
    x = random_points(rng, 900, dimensions=dimensions, whole=whole).x
    points = Points(x, rng.integers(1, 6, 900).astype(float))
    centers = np.ascontiguousarray(points.x[:k])
    labels, _ = Compiled(points, squared=False).assign(centers)
    after = moved(points, centers, squared=False)
    odd = 0
    for c in range(k):
        mine = labels == c
        if mine.any():
            pixels = np.sort(np.repeat(x[mine], points.weight[mine].astype(int), axis=0), axis=0)
            assert np.array_equal(after[c], pixels[(len(pixels) - 1) // 2])
            if len(pixels) % 2:
                odd += 1
                assert np.array_equal(after[c], np.median(pixels, axis=0))
    assert k == 1 or odd > 0


@settings(deadline=None)  # compiled when first called
@given(st.lists(st.tuples(*[st.integers(-5, 300)] * 3, st.integers(1, 4)), min_size=1, max_size=12))
def test_lower_weighted_median_of_small_sets(rows: list[tuple[int, int, int, int]]) -> None:
    x = np.asfortranarray([row[:3] for row in rows], np.float32) / np.float32(2)
    weight = np.array([row[3] for row in rows], float)
    after = moved(Points(x, weight), np.full((1, 3), 40, np.float32), squared=False)
    pixels = np.sort(np.repeat(x, weight.astype(int), axis=0), axis=0)
    assert np.array_equal(after[0], pixels[(len(pixels) - 1) // 2])


@pytest.mark.parametrize("squared", [True, False])
def test_fixed_centers_never_move(*, squared: bool) -> None:
    points = random_points(np.random.default_rng(0), 500)
    centers = np.ascontiguousarray(points.x[:9])
    centers[1] = 1e4  # without points
    after = moved(points, centers, squared=squared, fixed=4)
    assert np.array_equal(after[:4], centers[:4])
    assert not np.array_equal(after[4:], centers[4:])
    assert np.array_equal(moved(points, centers, squared=squared, fixed=9), centers)


@pytest.mark.parametrize("kind", ["compiled", "plain"])
def test_empty_centers_go_to_the_points_that_cost_most(
    strategy: CompiledStrategy, kind: str
) -> None:
    rng = np.random.default_rng(1)
    points = random_points(rng, 300)
    centers = np.vstack([points.x[:2], np.full((3, 3), 1e4, np.float32)])
    squared = type(strategy).__name__ == "L2"
    steps: Compiled | Plain = (
        Compiled(points, squared=squared) if kind == "compiled" else Plain(points, strategy)
    )
    labels, cost = steps.assign(centers)
    worst = np.argsort(-points.weight * cost, kind="stable")[:3]
    moved = steps.update(labels, cost, 0, centers)
    assert np.array_equal(moved[2:], points.x[worst])


@pytest.mark.parametrize("kind", ["compiled", "plain"])
def test_empty_centers_stay_where_nothing_costs(l2: CompiledStrategy, kind: str) -> None:
    x = np.asfortranarray([[1, 2, 3], [9, 9, 9]], np.float32)
    points = Points(x, np.ones(2))
    centers = np.ascontiguousarray(np.vstack([x, x, x]))
    steps: Compiled | Plain = (
        Compiled(points, squared=True) if kind == "compiled" else Plain(points, l2)
    )
    labels, cost = steps.assign(centers)
    after = steps.update(labels, cost, 0, centers)
    assert np.array_equal(after, centers)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_kept_from_step_to_step_is_as_if_counted_anew(
    dimensions: int, *, squared: bool, whole: bool
) -> None:
    rng = np.random.default_rng(dimensions)
    x = random_points(rng, 700, dimensions=dimensions, whole=whole).x
    points = Points(x, rng.integers(1, 100, 700).astype(float))
    centers, kept = np.ascontiguousarray(x[:12]), Compiled(points, squared=squared)
    for used in (12, 3, 1, 12, 2, 9):  # clusters that lose all their points, and get some again
        labels = rng.integers(0, used, 700).astype(np.uint8)
        cost = rng.random(700, np.float32)
        after = kept.update(labels, cost, 2, centers)
        anew = Compiled(points, squared=squared).update(labels, cost, 2, centers)
        if whole or not squared:
            assert np.array_equal(after, anew)
        else:  # the sums of fractions are rounded
            assert np.allclose(after, anew, rtol=1e-5)


@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("fixed", [0, 3])
def test_compiled_steps_are_the_plain_ones(
    strategy: CompiledStrategy, dimensions: int, fixed: int, *, whole: bool
) -> None:
    rng = np.random.default_rng(dimensions)
    points = random_points(rng, 600, dimensions=dimensions, whole=whole)
    compiled = Compiled(points, squared=type(strategy).__name__ == "L2")
    plain = Plain(points, strategy)
    centers = np.ascontiguousarray(points.x[:15])
    centers[[4, 9]] = 1e4  # without points
    for _ in range(4):
        labels, cost = compiled.assign(centers)
        expected_labels, expected_cost = plain.assign(centers)
        assert np.array_equal(labels, expected_labels)
        assert np.allclose(cost, expected_cost, rtol=1e-5)
        after = compiled.update(labels, cost, fixed, centers)
        assert np.allclose(after, plain.update(labels, cost, fixed, centers), rtol=1e-5)
        centers = after


@pytest.mark.parametrize("kind", ["normal", "ties", "tiny"])
def test_points_rise_as_a_stable_sort_puts_them(kind: str) -> None:
    rng = np.random.default_rng(0)
    made = {
        "normal": rng.normal(size=(3, 5000)) * 1e3,
        "ties": rng.integers(-3, 4, (4, 5000)) * -0.5,  # −0 too, which equals 0
        "tiny": rng.choice([0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e15], (3, 500)),
    }
    x = made[kind].astype(np.float32)
    assert np.array_equal(_rising(x), np.argsort(x, axis=1, kind="stable"))
