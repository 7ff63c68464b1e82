"""The search: palettes that are complete, exact where they can be, and the same every time."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import kbatch
from kbatch.builtin.initializers import Split
from kbatch.core import Placed, assign_with, cluster, collect, errors, points, to_space
from kbatch.data import Clustering, Picture, Search
from kbatch.stages import CompiledStrategy, Initializer, Space, Strategy
from kbatch.testing import random_colors, random_picture
from kbatch.variants import EFFORTS

Array = np.ndarray[Any, np.dtype[Any]]

if TYPE_CHECKING:
    from kbatch.data import U8, Colors
    from kbatch.registry import Registry

pytestmark = pytest.mark.usefixtures("kernels")

FAST, BALANCED, PLAIN = EFFORTS["fast"], EFFORTS["balanced"], EFFORTS["plain"]


class Engine:
    """`cluster` with everything but colours, k and strategy chosen."""

    def __init__(self, space: Space, initializer: Initializer) -> None:
        self.space = space
        self.initializer = initializer

    def __call__(
        self, colors: Colors, k: int, strategy: Strategy, *, search: Search = FAST, seed: int = 0
    ) -> Clustering:
        placed = Placed(colors, self.space)
        return cluster(placed, k, strategy, self.initializer, search=search, seed=seed)

    def loss(self, colors: Colors, palette: U8, strategy: Strategy) -> float:
        made = points(colors, self.space)
        labels, cost = assign_with(strategy, made, to_space(palette, self.space))
        return errors(colors.rgba, colors.count, labels, palette, cost).loss


@pytest.fixture(scope="module")
def engine(rgb: Space, plusplus: Initializer) -> Engine:
    return Engine(rgb, plusplus)


@pytest.fixture(scope="module", params=["random", "kmeans++", "split"])
def any_engine(rgb: Space, registry: Registry, request: pytest.FixtureRequest) -> Engine:
    return Engine(rgb, registry.build("init", request.param))


def picture(n: int, *, channels: int = 3, levels: int = 256, seed: int = 0) -> Picture:
    return random_picture(
        np.random.default_rng(seed), 10, n // 10, channels=channels, levels=levels
    )


def check_palette(colors: Colors, palette: U8, k: int, strategy: Strategy, space: Space) -> None:
    """Complete, distinct, every entry used, in a stable order."""
    assert palette.dtype == np.uint8
    assert palette.shape == (min(k, len(colors.rgba)), colors.rgba.shape[1])
    assert len(np.unique(palette, axis=0)) == len(palette)
    labels, _ = assign_with(strategy, points(colors, space), to_space(palette, space))
    assert len(np.unique(labels)) == len(palette)
    values = palette.astype(int)
    alpha = values[:, 3] if values.shape[1] == 4 else np.zeros(len(values), int)
    luma = values[:, :3] @ (299, 587, 114)
    order = list(zip(alpha, luma, *values[:, :3].T, strict=True))
    assert order == sorted(order)


def check_falls(found: Clustering, search: Search) -> None:
    """With tolerance 0, labels may still change where the loss does not."""
    steps = np.diff(found.history)
    assert (steps <= 0).all() if search.tolerance == 0 else (steps < 0).all()


# ---- palettes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [FAST, BALANCED, PLAIN], ids=["fast", "balanced", "plain"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("k", [1, 2, 3, 17, 256])
def test_palettes_are_complete(
    any_engine: Engine, strategy: CompiledStrategy, k: int, channels: int, search: Search
) -> None:
    colors = collect(picture(6000, channels=channels))
    found = any_engine(colors, k, strategy, search=search)
    check_palette(colors, found.palette, k, strategy, any_engine.space)
    check_falls(found, search)
    assert found.stopped in ("labels", "tolerance", "limit")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [100, 200, 256])
def test_dark_pictures_use_all_entries(
    any_engine: Engine, strategy: CompiledStrategy, k: int, seed: int
) -> None:
    """Few values a channel: rounding makes many centers equal."""
    rng = np.random.default_rng(seed)
    rgba = np.unique(rng.integers(0, 10, (330, 3)), axis=0)[:300].astype(np.uint8)
    pixels = np.repeat(rgba, rng.geometric(0.05, len(rgba)), axis=0)[None, None]
    colors = collect(Picture(pixels))
    found = any_engine(colors, k, strategy)
    check_palette(colors, found.palette, k, strategy, any_engine.space)


pixels = st.sampled_from([3, 4]).flatmap(
    lambda channels: arrays(
        np.uint8,
        array_shapes(min_dims=3, max_dims=3, max_side=6).map(lambda shape: (*shape, channels)),
        elements=st.one_of(st.sampled_from([0, 1, 2, 254, 255]), st.integers(0, 255)),
    )
)


@given(pixels, st.integers(1, 40), st.sampled_from(["l1", "l2"]), st.integers(0, 2**40))
def test_small_pictures(
    engine: Engine,
    l1: CompiledStrategy,
    l2: CompiledStrategy,
    pixels: U8,
    k: int,
    which: str,
    seed: int,
) -> None:
    if pixels.shape[-1] == 4:
        pixels[pixels[..., 3] == 0] = 0
    colors = collect(Picture(pixels))
    strategy = {"l1": l1, "l2": l2}[which]
    for search in (FAST, PLAIN):
        found = engine(colors, k, strategy, search=search, seed=seed)
        check_palette(colors, found.palette, k, strategy, engine.space)
        if k >= len(colors.rgba):
            assert {*map(tuple, found.palette)} == {*map(tuple, colors.rgba)}


@pytest.mark.parametrize("channels", [3, 4])
def test_enough_entries_give_exactly_the_colours(
    engine: Engine, strategy: CompiledStrategy, channels: int
) -> None:
    colors = collect(picture(200, channels=channels))
    n = len(colors.rgba)
    for k in (n, n + 1, 256):
        found = engine(colors, k, strategy)
        assert {*map(tuple, found.palette)} == {*map(tuple, colors.rgba)}
        assert engine.loss(colors, found.palette, strategy) == 0
        assert (found.history.tolist(), found.stopped) == ([0.0], "labels")


def test_one_colour(engine: Engine, strategy: CompiledStrategy) -> None:
    for colour in ([7, 8, 9], [0, 0, 0, 0], [1, 2, 3, 4]):
        colors = collect(Picture(np.full((2, 3, 4, len(colour)), colour, np.uint8)))
        for k in (1, 2, 256):
            assert engine(colors, k, strategy).palette.tolist() == [colour]


@pytest.mark.parametrize("search", [FAST, BALANCED, PLAIN], ids=["fast", "balanced", "plain"])
def test_one_entry_is_the_mean_or_the_median(
    engine: Engine, l1: CompiledStrategy, l2: CompiledStrategy, search: Search
) -> None:
    made = picture(5010, levels=100)  # an even number of pixels
    flat = made.pixels.reshape(-1, 3)
    colors = collect(made)
    mean = engine(colors, 1, l2, search=search).palette[0]
    assert mean.tolist() == np.rint(flat.mean(axis=0)).tolist()
    median = engine(colors, 1, l1, search=search).palette[0]
    assert median.tolist() == np.sort(flat, axis=0)[(len(flat) - 1) // 2].tolist()


@pytest.mark.parametrize("k", [2, 3, 16, 200])
def test_transparency_has_its_entry(any_engine: Engine, strategy: CompiledStrategy, k: int) -> None:
    for seed in range(3):
        made = picture(3000, channels=4, seed=seed)
        found = any_engine(collect(made), k, strategy)
        assert found.palette[0].tolist() == [0, 0, 0, 0]
        assert (found.palette[1:, 3] > 0).all()


def test_one_transparent_pixel_is_enough(engine: Engine, strategy: CompiledStrategy) -> None:
    pixels = picture(3000, channels=4).pixels.copy()
    pixels[pixels[..., 3] == 0] = 200
    colors = collect(Picture(pixels))
    assert engine(colors, 4, strategy).palette[0].tolist() != [0, 0, 0, 0]
    pixels[0, 3, 3] = 0
    assert engine(collect(Picture(pixels)), 4, strategy).palette[0].tolist() == [0, 0, 0, 0]


# ---- how good ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "fast", "balanced", "thorough"])
def test_the_end_is_better_than_the_start(
    any_engine: Engine, strategy: CompiledStrategy, name: str
) -> None:
    colors = collect(picture(4000, levels=40))
    search = EFFORTS[name]
    found = any_engine(colors, 12, strategy, search=replace(search, max_iterations=200))
    short = replace(search, restarts=1, max_iterations=0)
    start, swapped = (
        any_engine.loss(colors, any_engine(colors, 12, strategy, search=one).palette, strategy)
        for one in (replace(short, swaps=0), short)
    )
    assert found.history[-1] <= found.history[0]
    rounded = any_engine.loss(colors, found.palette, strategy)
    assert rounded < start
    assert rounded <= swapped
    assert rounded == pytest.approx(found.history[-1], rel=0.02)


def test_more_effort_is_hardly_ever_worse(engine: Engine, strategy: CompiledStrategy) -> None:
    losses = dict.fromkeys(("plain", "fast", "balanced", "thorough"), 0.0)
    for seed in range(4):
        colors = collect(picture(4000, levels=60, seed=seed))
        for name in losses:
            found = engine(colors, 10, strategy, search=EFFORTS[name], seed=seed)
            losses[name] += engine.loss(colors, found.palette, strategy)
    assert losses["thorough"] < losses["plain"]
    assert losses["fast"] < 1.03 * losses["plain"]  # which converges on all colours
    for less, more in itertools.pairwise(("fast", "balanced", "thorough")):
        assert losses[more] < 1.005 * losses[less]


def test_plain_effort_is_the_textbook_loop() -> None:
    assert Search(1, 0, 1, coarse=0, tolerance=0.0, max_iterations=10_000, relax=0.0) == PLAIN


def test_each_pixel_twice_is_about_the_same(engine: Engine, strategy: CompiledStrategy) -> None:
    one = picture(3000, levels=50)
    two = Picture(np.repeat(one.pixels, 2, axis=2))
    single, double = collect(one), collect(two)
    assert np.array_equal(double.count, 2 * single.count)
    loss, other = (
        engine.loss(colors, engine(colors, 16, strategy, search=BALANCED).palette, strategy)
        for colors in (single, double)
    )
    assert other == pytest.approx(loss, rel=0.03)
    n = len(single.rgba)
    few = collect(picture(100)), collect(Picture(np.repeat(picture(100).pixels, 2, axis=1)))
    first, second = (engine(colors, n, strategy).palette for colors in few)
    assert np.array_equal(first, second)


# ---- the same every time -------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [3, 4])
def test_places_of_pixels_mean_nothing(
    any_engine: Engine, strategy: CompiledStrategy, channels: int
) -> None:
    made = picture(3000, channels=channels)
    shuffled = np.random.default_rng(1).permutation(made.pixels.reshape(-1, channels))
    other = Picture(np.ascontiguousarray(shuffled.reshape(5, 30, 20, channels)))
    first, second = (any_engine(collect(one), 20, strategy).palette for one in (made, other))
    assert np.array_equal(first, second)


def test_the_seed_decides(any_engine: Engine, l2: CompiledStrategy) -> None:
    """But a start by splitting, which is always the same; further starts are by chance again."""
    colors = collect(picture(4000))
    split = isinstance(any_engine.initializer, Split)

    def distinct(restarts: int) -> int:
        search = replace(PLAIN, restarts=restarts, varies=not split)
        first, again, *others = (
            any_engine(colors, 30, l2, search=search, seed=seed).palette.tobytes()
            for seed in (0, 0, 1, 2)
        )
        assert first == again
        return len({first, *others})

    assert distinct(restarts=1) == (1 if split else 3)
    assert distinct(restarts=6) == 3


def test_any_number_of_threads_gives_the_same_bytes(
    engine: Engine, strategy: CompiledStrategy
) -> None:
    many = [
        random_colors(np.random.default_rng(seed), 2500, channels=3 + seed % 2)
        for seed in range(16)
    ]

    def run(colors: Colors) -> tuple[bytes, bytes, str]:
        found = engine(colors, 24, strategy)
        return found.palette.tobytes(), found.history.tobytes(), found.stopped

    expected = [run(colors) for colors in many]
    for threads in (1, 2, 8):
        with ThreadPoolExecutor(threads) as pool:
            assert list(pool.map(run, many)) == expected


def test_clustering_leaves_the_colours_as_they_were(
    engine: Engine, strategy: CompiledStrategy
) -> None:
    colors = collect(picture(3000, channels=4))
    arrays: tuple[Array, ...] = (colors.rgba, colors.count, colors.cells)
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    engine(colors, 20, strategy)
    assert all(map(np.array_equal, arrays, before))


# ---- somebody's strategy -------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("search", [FAST, PLAIN], ids=["fast", "plain"])
def test_a_plain_numpy_strategy(
    any_engine: Engine, chebyshev: Strategy, channels: int, search: Search
) -> None:
    colors = collect(picture(2000, channels=channels, levels=60))
    for k in (1, 2, 9, 60):
        found = any_engine(colors, k, chebyshev, search=search)
        check_palette(colors, found.palette, k, chebyshev, any_engine.space)
        check_falls(found, search)


def test_what_is_nearly_clear_gets_an_entry_where_it_is_much() -> None:
    pixels = np.zeros((64, 100, 4), np.uint8)
    pixels[:30, :, 3] = 1  # nearest to the transparent entry, which is never moved
    pixels[40] = np.arange(100, dtype=np.uint8)[:, None]
    pixels[40, :, 3] = 255
    palette = kbatch.quantize(pixels, 12).palette.tolist()
    assert [0, 0, 0, 0] in palette
    assert [0, 0, 0, 1] in palette
