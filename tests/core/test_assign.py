"""Assignment: the nearest center of each point, to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch.core import assign_nearest
from kbatch.data import Points
from kbatch.testing import random_points

if TYPE_CHECKING:
    from kbatch.data import F32, U8

pytestmark = pytest.mark.usefixtures("kernels")


def brute(x: F32, centers: F32, *, squared: bool) -> tuple[U8, F32]:
    """Every distance in float32, channels added from the first to the last."""
    difference = x[:, None, :] - centers[None]
    parts = difference * difference if squared else np.abs(difference)
    distance = parts[..., 0]
    for channel in range(1, x.shape[1]):
        distance = distance + parts[..., channel]
    assert distance.dtype == np.float32
    labels = distance.argmin(axis=1)
    return labels.astype(np.uint8), distance[np.arange(len(x)), labels]


def check(points: Points, centers: F32, *, squared: bool) -> None:
    before = points.x.copy(), centers.copy()
    labels, cost = assign_nearest(points, centers, squared=squared)
    expected_labels, expected_cost = brute(points.x, centers, squared=squared)
    assert np.array_equal(labels, expected_labels)
    assert np.array_equal(cost, expected_cost)
    assert labels.dtype == np.uint8
    assert cost.dtype == np.float32
    assert np.array_equal(points.x, before[0])
    assert np.array_equal(centers, before[1])


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("whole", [True, False])
def test_every_k(dimensions: int, *, squared: bool, whole: bool) -> None:
    rng = np.random.default_rng(dimensions)
    points = random_points(rng, 150, dimensions=dimensions, whole=whole)
    centers = random_points(rng, 256, dimensions=dimensions, whole=whole).x
    for k in range(1, 257):
        check(points, centers[:k], squared=squared)


@pytest.mark.parametrize("n", [1, 2, 511, 512, 513, 1024, 1500])
@pytest.mark.parametrize("squared", [True, False])
def test_every_length_of_the_last_block(n: int, *, squared: bool) -> None:
    rng = np.random.default_rng(n)
    for dimensions in (3, 4):
        points = random_points(rng, n, dimensions=dimensions, whole=False)
        check(points, random_points(rng, 7, dimensions=dimensions).x, squared=squared)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 9, 128])
def test_ties_go_to_the_lowest_index(k: int, *, squared: bool) -> None:
    rng = np.random.default_rng(k)
    points = random_points(rng, 600)
    centers = np.repeat(random_points(rng, k).x, 2, axis=0)
    once = assign_nearest(points, centers[::2], squared=squared)[0]
    labels, _ = assign_nearest(points, centers, squared=squared)
    assert np.array_equal(labels, 2 * once)
    labels, _ = assign_nearest(points, np.vstack([centers[::2]] * 2), squared=squared)
    assert np.array_equal(labels, once)


@given(
    st.sampled_from([3, 4]).flatmap(
        lambda d: st.tuples(
            st.lists(st.tuples(*[st.integers(0, 3)] * d), min_size=1, max_size=20),
            st.lists(st.tuples(*[st.integers(0, 6)] * d), min_size=1, max_size=11),
        )
    ),
    st.booleans(),
)
def test_small_sets_with_many_ties(
    sets: tuple[list[tuple[int, ...]], list[tuple[int, ...]]],
    squared: bool,  # noqa: FBT001
) -> None:
    x = np.asfortranarray(sets[0], np.float32)
    centers = np.array(sets[1], np.float32) / np.float32(2)
    check(Points(x, np.ones(len(x))), centers, squared=squared)


def test_centers_of_any_layout() -> None:
    rng = np.random.default_rng(0)
    points = random_points(rng, 100)
    centers = random_points(rng, 20).x
    expected = assign_nearest(points, np.ascontiguousarray(centers), squared=True)
    layouts: list[Any] = [np.asfortranarray(centers), centers.astype(np.float64)]
    for other in layouts:
        found = assign_nearest(points, other, squared=True)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])
