"""`effort: plain` is Lloyd's loop and its sister for medians; `labels` is said when it is so."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from oracles import distance, nearest, picture

import kbatch
from kbatch.core import Placed, cluster, collect, points
from kbatch.core.compiled import CompiledLoop
from kbatch.core.lloyd import loop_of
from kbatch.data import Clustering, Colors, Descent, Picture, Points, Stop
from kbatch.variants import EFFORTS

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, Stopped
    from kbatch.stages import CompiledStrategy, Initializer, Space, Strategy

pytestmark = pytest.mark.usefixtures("kernels")

TO_THE_END = Stop(limit=10_000, tolerance=0.0)


class WatchedLoop:
    """A loop that keeps where its runs ended."""

    def __init__(
        self, loop: CompiledLoop, points: Points, kept: list[tuple[Points, Descent]]
    ) -> None:
        self._loop, self._points, self._kept = loop, points, kept
        self.labels, self.cost = loop.labels, loop.cost

    def descend(self, centers: F32, fixed: int, stop: Stop) -> tuple[F64, Stopped]:
        history, stopped = self._loop.descend(centers, fixed, stop)
        self.labels, self.cost = self._loop.labels, self._loop.cost
        ended = Descent(centers.copy(), self.labels.copy(), self.cost.copy(), history, stopped)
        self._kept.append((self._points, ended))
        return history, stopped


class Watched:
    """An initializer and loops as the search has them, which keep where it began and ended."""

    def __init__(self, strategy: CompiledStrategy, initializer: Initializer) -> None:
        self.strategy, self._initializer = strategy, initializer
        self.start = np.empty((0, 3), np.float32)
        self.descents: list[tuple[Points, Descent]] = []

    def centers(self, points: Points, count: int, fixed: F32, strategy: Strategy, rng: Any) -> F32:
        self.start = self._initializer.centers(points, count, fixed, strategy, rng)
        return self.start

    def loop(self, placed: Placed, strategy: Strategy, k: int, size: int = 0) -> WatchedLoop:
        points = placed.coarse(size, strategy) if size else placed.points
        loop = loop_of(strategy, points, k)
        assert isinstance(loop, CompiledLoop)
        return WatchedLoop(loop, points, self.descents)


def searched(
    colors: Colors,
    k: int,
    space: Space,
    watched: Watched,
    *,
    effort: str = "plain",
    seed: int = 0,
) -> Clustering:
    placed = Placed(colors, space)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Placed, "loop", lambda *asked: watched.loop(*asked))
        return cluster(placed, k, watched.strategy, watched, search=EFFORTS[effort], seed=seed)


# ---- the loop, the long way ----------------------------------------------------------------------


def middle(x: Any, weight: I64, metric: str) -> Any:
    """Returns float64 (d,): the weighted mean, or each channel's lower weighted median."""
    if metric == "l2":
        return (x * weight[:, None]).sum(axis=0) / weight.sum()
    flat = np.sort(np.repeat(x, weight, axis=0), axis=0)
    return flat[(len(flat) - 1) // 2]


def textbook(x: Any, weight: I64, centers: Any, metric: str) -> tuple[I64, Any, float]:
    """Runs the loop until no label changes: labels, centers and the loss of all pixels."""
    labels, _ = nearest(x, centers, metric)
    while True:
        assert len(np.unique(labels)) == len(centers), "no center is without points"
        centers = np.array(
            [middle(x[labels == i], weight[labels == i], metric) for i in range(len(centers))]
        )
        before = labels
        labels, cost = nearest(x, centers, metric)
        if np.array_equal(labels, before):
            return labels, centers, float(cost @ weight)


def colours_of(kind: str, seed: int) -> Colors:
    return collect(Picture(picture(kind, seed, 40, 50)[None]))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [2, 5, 12, 30])
@pytest.mark.parametrize("kind", ["noise", "ramp", "two_clouds"])
def test_plain_effort_from_random_colours_is_the_textbook_loop(
    strategy: CompiledStrategy, random: Initializer, rgb: Space, kind: str, k: int, seed: int
) -> None:
    metric = type(strategy).__name__.lower()
    colors = colours_of(kind, seed)
    watched = Watched(strategy, random)
    found = searched(colors, k, rgb, watched, seed=seed)
    x = colors.rgba.astype(float)
    labels, centers, loss = textbook(x, colors.count, watched.start.astype(float), metric)
    (_, descent), *others = watched.descents
    assert not others
    assert found.stopped == descent.stopped == "labels"
    assert np.array_equal(descent.labels, labels)
    if metric == "l2":  # several medians can be equally good
        assert np.allclose(descent.centers, centers, rtol=1e-6)
    assert found.history[-1] * colors.count.sum() == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("metric", ["l2", "l1"])
def test_a_watched_search_finds_what_quantize_finds(
    l2: CompiledStrategy, l1: CompiledStrategy, random: Initializer, rgb: Space, metric: str
) -> None:
    pixels = picture("noise", 1, 40, 50)
    watched = Watched({"l2": l2, "l1": l1}[metric], random)
    for effort in EFFORTS:
        found = searched(collect(Picture(pixels[None])), 12, rgb, watched, effort=effort)
        usual = kbatch.quantize(pixels, 12, metric, init="random", effort=effort)  # type: ignore[arg-type]
        assert np.array_equal(usual.palette[:, :3], found.palette)
        assert np.array_equal(usual.clustering.history, found.history)


# ---- against scikit-learn ------------------------------------------------------------------------


@pytest.mark.parametrize("effort", ["plain", "balanced"])
def test_plain_effort_takes_plain_steps_also_after_swaps(
    effort: str,
    strategy: CompiledStrategy,
    random: Initializer,
    rgb: Space,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, taken = CompiledLoop.descend, []

    def watched(loop: CompiledLoop, *asked: Any) -> tuple[F64, Stopped]:
        taken.append(asked[2])
        return whole(loop, *asked)

    monkeypatch.setattr(CompiledLoop, "descend", watched)
    search = replace(EFFORTS[effort], swaps=9, budget=0)
    cluster(Placed(colours_of("noise", 1), rgb), 12, strategy, random, search=search, seed=0)
    steps = [stop.relax for stop in taken if stop.limit]
    assert len(steps) > 4
    assert set(steps) == {0.0 if effort == "plain" else 0.8}


def tied(x: Any, centers: Any) -> bool:
    """Whether a point has two nearest centers, of which each program may take one."""
    every = np.sort([distance(x, center, "l2") for center in centers], axis=0)
    return bool((every[0] == every[1]).any())


@pytest.mark.parametrize(
    ("kind", "k"),
    [("noise", 3), ("noise", 12), ("noise", 32), ("ramp", 3), ("ramp", 12), ("near_grey", 12)],
)
def test_plain_effort_from_random_colours_equals_scikit_learn(
    l2: CompiledStrategy, random: Initializer, rgb: Space, kind: str, k: int
) -> None:
    sklearn = pytest.importorskip("sklearn.cluster")
    compared = 0
    for seed in range(60):
        colors = colours_of(kind, seed)
        x = np.ascontiguousarray(colors.rgba, float)
        watched = Watched(l2, random)
        found = searched(colors, k, rgb, watched, seed=seed)
        if tied(x, watched.start.astype(float)):
            continue
        model = sklearn.KMeans(
            k,
            init=watched.start.astype(float),
            n_init=1,
            algorithm="lloyd",
            tol=0,
            max_iter=10_000,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, sample_weight=colors.count)
        (_, descent), *_ = watched.descents
        assert np.array_equal(descent.labels, model.labels_)
        assert np.allclose(descent.centers, model.cluster_centers_, rtol=1e-6)
        assert found.history[-1] * colors.count.sum() == pytest.approx(model.inertia_, rel=1e-6)
        compared += 1
        if compared == 2:
            return
    assert compared, "every start had ties"


# ---- when it says that labels stay ---------------------------------------------------------------


def check_that_labels_stay(colors: Colors, descent: Descent, metric: str) -> None:
    """One more full pass of plain steps moves no label."""
    x = colors.rgba.astype(float)
    centers = np.array(
        [
            middle(x[descent.labels == i], colors.count[descent.labels == i], metric)
            for i in range(len(descent.centers))
        ]
    )
    labels, _ = nearest(x, centers.astype(np.float32).astype(float), metric)
    assert np.array_equal(labels, descent.labels)


@pytest.mark.parametrize("tolerance", [0.0, 3e-4])
@pytest.mark.parametrize("relax", [0.0, 0.8])
def test_labels_is_said_of_a_descent_only_when_they_stay(
    strategy: CompiledStrategy, rgb: Space, relax: float, tolerance: float
) -> None:
    said = 0
    for seed, kind in enumerate(("noise", "dark", "ramp", "near_grey", "two_clouds")):
        colors = colours_of(kind, seed)
        whole = points(colors, rgb)
        chosen = np.random.default_rng(seed).permutation(len(whole.x))
        for k in (2, 9, 40):
            start = np.ascontiguousarray(whole.x[chosen[:k]])
            descent = strategy.descend(whole, start, 0, Stop(10_000, tolerance, relax))
            if descent.stopped == "labels":
                check_that_labels_stay(colors, descent, type(strategy).__name__.lower())
                said += 1
    assert said > 3


@pytest.mark.parametrize("effort", list(EFFORTS))
def test_labels_is_said_of_a_search_only_when_they_stay_for_all_colours(
    strategy: CompiledStrategy, random: Initializer, rgb: Space, effort: str
) -> None:
    said = 0
    for seed, kind in enumerate(("noise", "dark", "ramp", "near_grey", "two_clouds")):
        colors = colours_of(kind, seed)
        for k in (2, 9, 40):
            watched = Watched(strategy, random)
            found = searched(colors, k, rgb, watched, effort=effort, seed=seed)
            last, descent = watched.descents[-1]
            assert found.stopped == descent.stopped
            if found.stopped == "labels":
                assert len(last.x) == len(colors.rgba)
                check_that_labels_stay(colors, descent, type(strategy).__name__.lower())
                said += 1
    assert said


@pytest.mark.parametrize("kind", ["noise", "dark", "ramp", "near_grey", "two_clouds"])
def test_plain_effort_goes_on_until_labels_stay(
    strategy: CompiledStrategy, random: Initializer, rgb: Space, kind: str
) -> None:
    for seed in range(3):
        for k in (2, 9, 40):
            watched = Watched(strategy, random)
            found = searched(colours_of(kind, seed), k, rgb, watched, seed=seed)
            assert found.stopped == "labels"
