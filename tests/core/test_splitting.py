"""Splits and swaps: halves against plain NumPy, and losses that never rise."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from kbatch.core.kernels import cut
from kbatch.core.lloyd import Found, Loop, assign_with, loop_of
from kbatch.core.splitting import split_centers, swap
from kbatch.data import Points, Stop
from kbatch.stages import CompiledStrategy, Strategy
from kbatch.testing import random_points

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8

pytestmark = pytest.mark.usefixtures("kernels")

START = Stop(limit=3, tolerance=0.0)


def none(dimensions: int) -> F32:
    return np.empty((0, dimensions), np.float32)


class Cut(NamedTuple):
    """Clusters cut in two; see `kernels.cut.cut`."""

    mass: F64
    mean: F64
    left: F64
    right: F64
    gain: F64


def cut_of(points: Points, labels: U8, k: int, *, squared: bool) -> Cut:
    d = points.x.shape[1]
    made = Cut(np.empty(k), np.empty((k, d)), np.empty((k, d)), np.empty((k, d)), np.empty(k))
    cut.cut(np.ascontiguousarray(points.x.T), points.weight, labels, squared, k, *made)
    return made


def started(
    strategy: Strategy, points: Points, centers: F32, fixed: int = 0, stop: Stop = START
) -> tuple[Loop, Found]:
    """A loop and where it went from some centers."""
    loop, start = loop_of(strategy, points, len(centers)), np.array(centers, order="C")
    return loop, Found(start, *loop.descend(start, fixed, stop))


@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("squared", [True, False])
def test_halves_are_cut_at_the_mean_across_the_longest_axis(
    dimensions: int, *, squared: bool
) -> None:
    rng = np.random.default_rng(dimensions)
    made = random_points(rng, 900, dimensions=dimensions, whole=False)
    x = made.x.astype(float) * np.arange(1, dimensions + 1)  # one axis is clearly the longest
    made = Points(np.asfortranarray(x, np.float32), made.weight)
    labels = rng.integers(0, 5, 900).astype(np.uint8)
    cut = cut_of(made, labels, 6, squared=squared)
    assert (cut.mass[5], cut.gain[5]) == (0, 0)
    for c in range(5):
        mine, weight = made.x[labels == c].astype(float), made.weight[labels == c]
        mean = np.average(mine, axis=0, weights=weight)
        assert np.allclose(cut.mean[c], mean)
        axis = np.linalg.eigh(np.cov(mine.T, aweights=weight))[1][:, -1]
        side = (mine - mean) @ axis < 0
        two = [np.average(mine[s], axis=0, weights=weight[s]) for s in (side, ~side)]
        found = sorted([cut.left[c], cut.right[c]], key=lambda half: float(half @ axis))
        assert np.allclose(found, two, rtol=0.05)  # a few power iterations come near the axis
        half = weight[side].sum()
        apart = np.abs(found[0] - found[1])
        apart = (apart**2).sum() if squared else apart.sum()
        expected = half * (cut.mass[c] - half) / cut.mass[c] * apart
        assert cut.gain[c] == pytest.approx(expected, rel=0.05)


def test_the_gain_of_a_cut_is_what_it_takes_off_the_squared_error() -> None:
    made = random_points(np.random.default_rng(1), 500)
    cut = cut_of(made, np.zeros(500, np.uint8), 1, squared=True)
    before = made.weight @ ((made.x - cut.mean[0]) ** 2).sum(axis=1)
    nearer = np.stack([((made.x - half[0]) ** 2).sum(axis=1) for half in (cut.left, cut.right)])
    assert before - made.weight @ nearer.min(axis=0) >= cut.gain[0] * (1 - 1e-6) > 0


@pytest.mark.parametrize("count", [1, 2, 7, 64])
@pytest.mark.parametrize("dimensions", [3, 4])
def test_a_split_start_is_complete_always_the_same_and_good(
    strategy: CompiledStrategy, count: int, dimensions: int
) -> None:
    made = random_points(np.random.default_rng(count), 3000, dimensions=dimensions)
    found = split_centers(made, count, none(dimensions), strategy)
    assert found.shape == (count, dimensions)
    assert np.array_equal(found, split_centers(made, count, none(dimensions), strategy))
    _, cost = assign_with(strategy, made, found)
    _, other = assign_with(strategy, made, made.x[:count].copy())
    assert made.weight @ cost <= made.weight @ other


def test_fixed_centers_are_split_around(strategy: CompiledStrategy) -> None:
    made = random_points(np.random.default_rng(3), 2000)
    fixed = np.array([[0, 0, 0], [255, 255, 255]], np.float32)
    found = split_centers(made, 9, fixed, strategy)
    assert found.shape == (9, 3)
    loop, start = started(strategy, made, np.vstack([fixed, found]), 2)
    swapped = swap(loop, made, start, 2, strategy, 20, 0.8)
    assert np.array_equal(swapped.centers[:2], fixed)


@pytest.mark.parametrize("k", [1, 2, 12, 100])
@pytest.mark.parametrize("seed", range(3))
def test_swaps_never_raise_the_loss(strategy: CompiledStrategy, k: int, seed: int) -> None:
    made = random_points(np.random.default_rng(seed), 2500)
    loop, start = started(strategy, made, made.x[:k])
    before = start.centers.copy()
    found = swap(loop, made, start, 0, strategy, 15, 0.8)
    assert found.history[-1] <= start.history[-1]
    for end in (start, found):
        _, cost = assign_with(strategy, made, end.centers)
        loss = np.average(cost.astype(float), weights=made.weight)
        assert end.history[-1] == pytest.approx(loss)
    assert np.array_equal(start.centers, before)


def test_swaps_mend_a_start_with_all_centers_in_one_corner(strategy: CompiledStrategy) -> None:
    made = random_points(np.random.default_rng(5), 4000)
    near = made.x[np.argsort(made.x.sum(axis=1))[:20]].copy()
    _, plain = started(strategy, made, near, stop=Stop(limit=200, tolerance=0.0))
    loop, start = started(strategy, made, near, stop=Stop(limit=1, tolerance=0.0))
    found = swap(loop, made, start, 0, strategy, 40, 0.8)
    assert found.history[-1] < 1.01 * plain.history[-1]
    assert found.history[-1] < 0.9 * start.history[-1]


def test_any_strategy_can_be_split_and_swapped(chebyshev: Strategy) -> None:
    made = random_points(np.random.default_rng(6), 400)
    centers = split_centers(made, 6, none(3), chebyshev)
    loop, start = started(chebyshev, made, centers)
    assert swap(loop, made, start, 0, chebyshev, 5, 0.8).history[-1] <= start.history[-1]
