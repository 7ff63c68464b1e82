"""Entries that are not learnt: they stay as they are, and the others are learnt around them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import distance, placed
from test_kmeans import Engine, picture

from kbatch.core import Placed, cluster, collect
from kbatch.data import Clustering, Picture, Search
from kbatch.stages import CompiledStrategy, Space, Strategy
from kbatch.testing import random_colors
from kbatch.variants import EFFORTS

if TYPE_CHECKING:
    from kbatch.data import F32, U8, Colors
    from kbatch.registry import Registry

pytestmark = pytest.mark.usefixtures("kernels")

INITIALIZERS = ("split", "wu", "maximin", "kmeans++", "random")
HARD = replace(EFFORTS["balanced"], restarts=4, swaps=40, finalists=2, budget=0, extra=0)


@pytest.fixture(scope="module", params=INITIALIZERS)
def engine(rgb: Space, registry: Registry, request: pytest.FixtureRequest) -> Engine:
    return Engine(rgb, registry.build("init", request.param))


def found(
    engine: Engine,
    colors: Colors,
    k: int,
    strategy: Strategy,
    fixed: U8,
    search: Search = EFFORTS["balanced"],
) -> Clustering:
    placed = Placed(colors, engine.space)
    return cluster(placed, k, strategy, engine.initializer, search=search, seed=0, fixed=fixed)


def entries(count: int, channels: int, seed: int = 0) -> U8:
    """Distinct colours; with alpha, some of them transparent and one of them fully."""
    rgba = np.random.default_rng(seed).integers(0, 256, (count, channels)).astype(np.uint8)
    if channels == 4:
        rgba[0] = 0
        rgba[1::2, 3] = 255
    return np.unique(rgba, axis=0)


def rows(palette: U8) -> set[tuple[int, ...]]:
    return set(map(tuple, palette.tolist()))


@pytest.mark.parametrize("search", [EFFORTS["plain"], HARD], ids=["plain", "hard"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("k", "count"), [(2, 1), (9, 3), (40, 39)])
def test_fixed_entries_are_exact_and_all_others_used(
    engine: Engine,
    strategy: CompiledStrategy,
    k: int,
    count: int,
    channels: int,
    search: Search,
) -> None:
    colors = collect(picture(2000, channels=channels))
    fixed = entries(count, channels)
    made = found(engine, colors, k, strategy, fixed, search)
    palette = made.palette
    assert rows(fixed) <= rows(palette)
    assert len(palette) == len(rows(palette)) == k
    counts = Placed(colors, engine.space).errors(palette, strategy).counts
    used = rows(palette[counts > 0])
    assert rows(palette) - rows(fixed) <= used
    assert (np.diff(made.history) <= 0).all()


@pytest.mark.parametrize("channels", [3, 4])
def test_entries_that_nothing_is_near_stay(
    engine: Engine, strategy: CompiledStrategy, channels: int
) -> None:
    dark = picture(1000, channels=channels, levels=20)
    fixed = np.full((3, channels), 255, np.uint8)
    fixed[:, 1] = [200, 230, 255]
    palette = found(engine, collect(dark), 8, strategy, fixed).palette
    assert len(palette) == 8
    assert rows(fixed) <= rows(palette)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("count", [1, 7, 256])
def test_nothing_to_learn_is_a_remap_to_the_nearest(
    engine: Engine, strategy: CompiledStrategy, channels: int, count: int
) -> None:
    colors = random_colors(np.random.default_rng(count), 900, channels=channels)
    fixed = entries(count, channels, seed=1)
    made = found(engine, colors, len(fixed), strategy, fixed)
    assert rows(made.palette) == rows(fixed)
    assert (len(made.history), made.stopped) == (1, "labels")
    x, centers = (values.astype(float) for values in (colors.rgba, made.palette))
    if channels == 4:
        x, centers = placed(colors.rgba), placed(made.palette)
    metric = type(strategy).__name__.lower()
    least = np.min([distance(x, center, metric) for center in centers], axis=0)
    assert made.history[0] == pytest.approx(np.average(least, weights=colors.count), rel=1e-5)


def test_what_is_learnt_around_them_is_better_than_what_was_learnt_without(
    engine: Engine, strategy: CompiledStrategy
) -> None:
    colors = collect(picture(4000))
    fixed = entries(6, 3)
    around = found(engine, colors, 12, strategy, fixed).palette
    alone = engine(colors, 6, strategy, search=EFFORTS["balanced"]).palette
    together = np.vstack([fixed, alone])
    assert engine.loss(colors, around, strategy) < engine.loss(colors, together, strategy)
    assert engine.loss(colors, around, strategy) < engine.loss(colors, fixed, strategy)


def test_learning_gains_as_much_as_textbook_runs_do(
    engine: Engine, strategy: CompiledStrategy, rgb: Space, registry: Registry
) -> None:
    colors = random_colors(np.random.default_rng(5), 800, channels=3)
    fixed = entries(3, 3)
    made = engine.loss(colors, found(engine, colors, 8, strategy, fixed).palette, strategy)
    textbook = Engine(rgb, registry.build("init", "random"))
    search = replace(EFFORTS["plain"], restarts=8)
    best = found(textbook, colors, 8, strategy, fixed, search).palette
    assert made <= 1.03 * engine.loss(colors, best, strategy)


def test_few_colours_are_exact_where_there_is_room(
    engine: Engine, strategy: CompiledStrategy
) -> None:
    colors = random_colors(np.random.default_rng(0), 6, channels=3, levels=256)
    n = len(colors.rgba)
    fixed = np.vstack([colors.rgba[:2], entries(3, 3)])
    made = found(engine, colors, n + 3, strategy, fixed)
    assert rows(made.palette) == rows(fixed) | rows(colors.rgba)
    assert (made.history.tolist(), made.stopped) == ([0.0], "labels")
    larger = found(engine, colors, 200, strategy, fixed)
    assert rows(larger.palette) == rows(made.palette)


@pytest.mark.parametrize("search", EFFORTS.values(), ids=EFFORTS)
def test_few_colours_are_learnt_where_there_is_too_little_room(
    engine: Engine, strategy: CompiledStrategy, search: Search
) -> None:
    """More entries than colours, yet not enough to learn: every one of these must be used."""
    colors = random_colors(np.random.default_rng(0), 12, channels=3, levels=100)
    fixed = entries(30, 3)[-24:] | np.array([128, 0, 0], np.uint8)
    room = 3
    palette = found(engine, colors, len(fixed) + room, strategy, fixed, search).palette
    assert rows(fixed) <= rows(palette)
    assert len(palette) == len(fixed) + room
    assert rows(palette) - rows(fixed) <= rows(
        palette[Placed(colors, engine.space).errors(palette, strategy).counts > 0]
    )


class Rough:
    """A space that gives back another colour than it was given."""

    def forward(self, rgb: U8) -> F32:
        return np.asfortranarray(rgb, np.float32)

    def inverse(self, x: F32) -> U8:
        return np.clip(np.rint(x), 0, 255).astype(np.uint8) ^ np.uint8(1)


@pytest.mark.parametrize("k", [5, 6, 20])
def test_no_space_changes_them(strategy: CompiledStrategy, split: Engine, k: int) -> None:
    fixed = entries(5, 3)
    rough = Engine(Rough(), split.initializer)
    palette = found(rough, collect(picture(600)), k, strategy, fixed).palette
    assert len(palette) == k
    assert rows(fixed) <= rows(palette)


def clear_and(*others: tuple[int, int, int, int]) -> Colors:
    return collect(Picture(np.array([[[(0, 0, 0, 0), *others]]], np.uint8)))


def test_a_transparent_entry_is_added_where_there_is_room(
    engine: Engine, strategy: CompiledStrategy
) -> None:
    colors = clear_and(*((9 * n, 7 * n % 256, n, 255) for n in range(28)))
    red = np.array([[255, 0, 0, 255]], np.uint8)
    clear = (0, 0, 0, 0)
    assert clear in rows(found(engine, colors, 3, strategy, red).palette)
    assert rows(found(engine, colors, 2, strategy, red).palette) == {clear, (255, 0, 0, 255)}
    assert rows(found(engine, colors, 1, strategy, red).palette) == {(255, 0, 0, 255)}
    two = np.array([[0, 0, 255, 255], [255, 0, 0, 255]], np.uint8)
    assert rows(found(engine, colors, 2, strategy, two).palette) == rows(two)
    given = np.array([[0, 0, 0, 0], [255, 0, 0, 255]], np.uint8)
    palette = found(engine, colors, 3, strategy, given).palette
    assert len(palette) == 3
    assert rows(given) <= rows(palette)


def test_a_strategy_in_plain_numpy_keeps_them_too(engine: Engine, chebyshev: Strategy) -> None:
    fixed = entries(4, 3)
    palette = found(engine, collect(picture(600)), 9, chebyshev, fixed).palette
    assert len(palette) == 9
    assert rows(fixed) <= rows(palette)


@given(
    st.integers(3, 4), st.integers(0, 20), st.integers(1, 12), st.integers(1, 60), st.integers(0, 9)
)
def test_any_number_of_entries_and_colours(
    split: Engine, l1: CompiledStrategy, l2: CompiledStrategy,
    channels: int, count: int, room: int, n: int, seed: int,
) -> None:  # fmt: skip
    colors = random_colors(np.random.default_rng(seed), n, channels=channels, levels=1 + 3 * seed)
    fixed = entries(count + 2, channels, seed)[:count]
    k = max(1, len(fixed) + room - 1)
    for strategy in (l1, l2):
        palette = found(split, colors, k, strategy, fixed).palette
        wanted = rows(fixed) | rows(colors.rgba)
        assert rows(fixed) <= rows(palette)
        assert len(palette) == len(rows(palette)) == min(k, len(wanted))
        if len(wanted) <= k:
            assert rows(palette) == wanted


@pytest.fixture(scope="module")
def split(rgb: Space, registry: Registry) -> Engine:
    return Engine(rgb, registry.build("init", "split"))


def test_no_entries_are_the_same_as_none_given(split: Engine, strategy: CompiledStrategy) -> None:
    colors = collect(picture(3000, channels=4))
    none = np.empty((0, 4), np.uint8)
    given, plain = found(split, colors, 20, strategy, none), split(colors, 20, strategy)
    again = split(colors, 20, strategy, search=EFFORTS["balanced"])
    assert np.array_equal(given.palette, again.palette)
    assert given.history.tolist() == again.history.tolist()
    assert plain.palette.shape == given.palette.shape
