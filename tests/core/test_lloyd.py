"""The loop: it never gets worse, ends when it says, and does the same every time."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from steps import Compiled

from kbatch.core import assign_with, points
from kbatch.core.lloyd import descend_plain, descend_with
from kbatch.data import Descent, Points, Stop
from kbatch.stages import CompiledStrategy, Space, Strategy
from kbatch.testing import random_colors, random_points

if TYPE_CHECKING:
    from kbatch.data import F32, F64

pytestmark = pytest.mark.usefixtures("kernels")

PLAIN = Stop(limit=10_000, tolerance=0.0)


class Astray:
    """A strategy whose update makes things worse."""

    def distance(self, x: F32, center: F32) -> F32:
        largest: F32 = np.abs(x - center).max(axis=1)
        return largest

    def update(self, x: F32, weight: F64, center: F32) -> F32:
        return center + np.float32(30)


def same(first: Descent, second: Descent) -> bool:
    return first.stopped == second.stopped and all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("centers", "labels", "cost", "history")
    )


@pytest.mark.parametrize("relax", [0.0, 0.8, 1.5])
@pytest.mark.parametrize("k", [1, 5, 60])
def test_history_never_rises_and_tells_the_loss(
    strategy: CompiledStrategy, k: int, relax: float
) -> None:
    made = random_points(np.random.default_rng(k), 2000, whole=False)
    start = made.x[:k].copy()
    found = strategy.descend(made, start, 0, Stop(50, 0.0, relax))
    assert (np.diff(found.history) < 0).all()
    assert len(found.history) > 1
    for loss, centers in ((found.history[0], start), (found.history[-1], found.centers)):
        labels, cost = assign_with(strategy, made, centers)
        assert loss == pytest.approx(np.average(cost.astype(float), weights=made.weight))
    assert np.array_equal(labels, found.labels)
    assert np.array_equal(cost, found.cost)
    assert np.array_equal(start, made.x[:k])


@pytest.mark.parametrize("relax", [0.0, 0.8])
@pytest.mark.parametrize("seed", range(5))
def test_labels_means_that_nothing_would_change(
    strategy: CompiledStrategy, seed: int, relax: float
) -> None:
    made = random_points(np.random.default_rng(seed), 1500)
    found = strategy.descend(made, made.x[:20].copy(), 0, Stop(10_000, 0.0, relax))
    assert found.stopped == "labels"
    steps = Compiled(made, squared=type(strategy).__name__ == "L2")
    further = steps.update(found.labels, found.cost, 0, found.centers)
    labels, _ = steps.assign(further)
    assert np.array_equal(labels, found.labels)
    assert np.allclose(further, found.centers, atol=1e-3)


def test_limit(strategy: CompiledStrategy) -> None:
    made = random_points(np.random.default_rng(0), 3000)
    for limit in (0, 1, 4):
        found = strategy.descend(made, made.x[:30].copy(), 0, Stop(limit, 0.0))
        assert (len(found.history), found.stopped) == (limit + 1, "limit")


def test_tolerance_is_the_relative_gain_of_the_last_step(strategy: CompiledStrategy) -> None:
    made = random_points(np.random.default_rng(1), 3000)
    start = made.x[:30].copy()
    whole = strategy.descend(made, start, 0, PLAIN).history
    found = strategy.descend(made, start, 0, Stop(10_000, 1e-2))
    assert found.stopped == "tolerance"
    assert np.array_equal(found.history, whole[: len(found.history)])
    gains = -np.diff(found.history) / found.history[1:]
    assert (gains[:-1] > 1e-2).all()
    assert gains[-1] <= 1e-2


def test_relaxed_steps_converge_in_fewer_iterations(l2: CompiledStrategy) -> None:
    fewer = 0
    for seed in range(6):
        made = random_points(np.random.default_rng(seed), 3000)
        plain, relaxed = (
            l2.descend(made, made.x[:20].copy(), 0, Stop(10_000, 0.0, relax))
            for relax in (0.0, 0.8)
        )
        fewer += len(relaxed.history) < len(plain.history)
    assert fewer >= 5


def test_empty_centers_come_to_use(strategy: CompiledStrategy) -> None:
    made = random_points(np.random.default_rng(2), 3000)
    start = np.repeat(made.x[:8], 4, axis=0)
    found = strategy.descend(made, start, 0, Stop(12, 1e-3))
    assert len(np.unique(found.labels)) == 32


def test_empty_centers_come_to_use_in_relaxed_steps_too(strategy: CompiledStrategy) -> None:
    made = random_points(np.random.default_rng(2), 3000)
    start = np.repeat(made.x[:8], 4, axis=0)
    found = strategy.descend(made, start, 0, Stop(12, 1e-3, relax=0.8))
    assert len(np.unique(found.labels)) == 32


@pytest.mark.parametrize("relax", [0.0, 0.8])
def test_fixed_centers_stay(strategy: CompiledStrategy, relax: float) -> None:
    made = random_points(np.random.default_rng(3), 1000)
    start = made.x[:12].copy()
    start[0] = -500
    found = strategy.descend(made, start, 5, Stop(100, 0.0, relax))
    assert np.array_equal(found.centers[:5], start[:5])
    assert not np.array_equal(found.centers[5:], start[5:])


def test_plain_numpy_strategies_run_in_the_same_loop(chebyshev: Strategy) -> None:
    made = random_points(np.random.default_rng(4), 800)
    for relax in (0.0, 0.8):
        found = descend_with(chebyshev, made, made.x[:10].copy(), 2, Stop(100, 0.0, relax))
        assert (np.diff(found.history) < 0).all()
        assert len(found.history) > 1
        assert np.array_equal(found.centers[:2], made.x[:2])


def test_an_update_that_makes_it_worse_does_no_harm() -> None:
    made = random_points(np.random.default_rng(5), 500)
    start = made.x[:6].copy()
    for relax in (0.0, 0.8):
        found = descend_with(Astray(), made, start, 0, Stop(100, 0.0, relax))
        assert found.history[-1] <= found.history[0]
        if len(found.history) == 1:
            assert np.array_equal(found.centers, start)


def test_same_bits_when_repeated_and_from_many_threads(strategy: CompiledStrategy) -> None:
    made = random_points(np.random.default_rng(6), 4000, dimensions=4, whole=False)
    start = made.x[:50].copy()
    stop = Stop(30, 0.0, 0.8)
    expected = strategy.descend(made, start, 0, stop)
    with ThreadPoolExecutor(8) as pool:
        runs = pool.map(lambda _: strategy.descend(made, start, 0, stop), range(24))
        assert all(same(run, expected) for run in runs)


# ---- against scikit-learn ------------------------------------------------------------------------


def scikit_learn(made: Points, start: F32) -> tuple[float, F64]:
    """Inertia and centers of its Lloyd, run until no label changes."""
    cluster = pytest.importorskip("sklearn.cluster")
    from sklearn.exceptions import ConvergenceWarning

    model = cluster.KMeans(
        len(start),
        init=start.astype(np.float64),
        n_init=1,
        algorithm="lloyd",
        tol=0,
        max_iter=10_000,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(np.ascontiguousarray(made.x, np.float64), sample_weight=made.weight)
    return model.inertia_, model.cluster_centers_


def check_against_scikit_learn(l2: CompiledStrategy, made: Points, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = made.x[rng.choice(len(made.x), k, replace=False)]
    start += rng.random(start.shape, np.float32)  # no ties, which each may break as it likes
    inertia, centers = scikit_learn(made, start)
    found = l2.descend(made, start, 0, PLAIN)
    assert found.history[-1] * made.weight.sum() == pytest.approx(inertia, rel=1e-6)
    distance = ((made.x[:, None].astype(float) - centers[None]) ** 2).sum(axis=2)
    ours = distance[np.arange(len(made.x)), found.labels]
    assert np.allclose(ours, distance.min(axis=1), rtol=1e-4, atol=1e-3), "same labels up to ties"


@pytest.mark.parametrize("k", [2, 8, 32])
@pytest.mark.parametrize("dimensions", [3, 4])
@pytest.mark.parametrize("whole", [True, False])
def test_textbook_loop_equals_scikit_learn(
    l2: CompiledStrategy, k: int, dimensions: int, *, whole: bool
) -> None:
    rng = np.random.default_rng(k)
    made = random_points(rng, 1500, dimensions=dimensions, whole=whole)
    check_against_scikit_learn(l2, made, k, seed=k)


@pytest.mark.parametrize("channels", [3, 4])
def test_textbook_loop_equals_scikit_learn_on_a_picture(
    l2: CompiledStrategy, rgb: Space, channels: int
) -> None:
    colors = random_colors(np.random.default_rng(7), 6000, channels=channels, levels=12)
    check_against_scikit_learn(l2, points(colors, rgb), 16, seed=7)


def test_the_plain_steps_equal_scikit_learn_too(l2: CompiledStrategy) -> None:
    made = random_points(np.random.default_rng(8), 1000)
    start = made.x[:10].copy()
    inertia, _ = scikit_learn(made, start)
    found = descend_plain(l2, made, start, 0, PLAIN)
    assert found.history[-1] * made.weight.sum() == pytest.approx(inertia, rel=1e-6)


@pytest.mark.parametrize("relax", [0.0, 0.8])
def test_fractional_weights_leave_nothing_behind(strategy: CompiledStrategy, relax: float) -> None:
    for seed in range(20):  # clusters empty and fill: what is left of one must not move a center
        rng = np.random.default_rng(seed)
        x = np.asfortranarray(rng.integers(0, 256, (60, 3)), np.float32)
        made = Points(x, rng.random(60) + 0.01)
        start = np.ascontiguousarray(x[rng.permutation(60)[:20]])
        stop = Stop(50, 0.0, relax)
        found, plain = (
            descend(made, start, 0, stop)
            for descend in (strategy.descend, lambda *given: descend_plain(strategy, *given))
        )
        assert found.history[-1] == pytest.approx(plain.history[-1], rel=0.02)
        assert np.bincount(found.labels, minlength=20).all()
