"""Starting from the colours of a palette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kbatch.core import Placed, cluster, collect, points, split_centers, to_space
from kbatch.data import Picture
from kbatch.stages import CompiledStrategy, Initializer, Space, SpacedInitializer
from kbatch.testing import random_colors
from kbatch.variants import EFFORTS

if TYPE_CHECKING:
    from kbatch.data import F32, Colors
    from kbatch.registry import Registry

pytestmark = pytest.mark.usefixtures("kernels")

NONE = np.empty((0, 3), np.float32)


@pytest.fixture(scope="module")
def colors() -> Colors:
    return random_colors(np.random.default_rng(0), 500, channels=3)


def start(registry: Registry, space: Space, *given: str) -> Initializer:
    built = registry.build("init", "palette", {"from": given})
    assert isinstance(built, SpacedInitializer)
    return built.in_space(space)


def centers(
    initializer: Initializer, colors: Colors, space: Space, count: int, fixed: F32, strategy: Any
) -> list[list[float]]:
    rng = np.random.default_rng(0)
    made = initializer.centers(points(colors, space), count, fixed, strategy, rng)
    assert made.dtype == np.float32
    assert made.shape == (count, points(colors, space).x.shape[1])
    return [list(map(float, row)) for row in made]


def test_as_many_colours_as_are_wanted_are_the_start(
    registry: Registry, rgb: Space, colors: Colors, strategy: CompiledStrategy
) -> None:
    begin = start(registry, rgb, "#ff0000", "#010203")
    assert centers(begin, colors, rgb, 2, NONE, strategy) == [[255, 0, 0], [1, 2, 3]]


def test_of_more_colours_those_that_most_pixels_are_near_are_taken(
    registry: Registry, rgb: Space, strategy: CompiledStrategy
) -> None:
    pixels = [[0, 0, 9]] * 5 + [[250, 0, 0]] * 3 + [[0, 250, 0]] * 4
    some = collect(Picture(np.array([[pixels]], np.uint8)))
    begin = start(registry, rgb, "#ffffff", "#ff0000", "#000000", "#00ff00")
    made = centers(begin, some, rgb, 2, NONE, strategy)
    assert made == [[0, 0, 0], [0, 255, 0]]


def test_the_rest_are_splits_around_them(
    registry: Registry, rgb: Space, colors: Colors, strategy: CompiledStrategy
) -> None:
    fixed = np.array([[9, 9, 9]], np.float32)
    begin = start(registry, rgb, "#ff0000", "#010203")
    made = centers(begin, colors, rgb, 7, fixed, strategy)
    assert made[:2] == [[255, 0, 0], [1, 2, 3]]
    there = np.array([[9, 9, 9], *made[:2]], np.float32)
    assert made[2:] == split_centers(points(colors, rgb), 5, there, strategy).tolist()


def test_colours_that_are_fixed_are_not_started_from_again(
    registry: Registry, rgb: Space, colors: Colors, strategy: CompiledStrategy
) -> None:
    fixed = np.array([[255, 0, 0]], np.float32)
    begin = start(registry, rgb, "#ff0000", "#010203")
    assert centers(begin, colors, rgb, 1, fixed, strategy) == [[1, 2, 3]]


def test_opaque_pictures_start_from_opaque_colours_others_from_all(
    registry: Registry, rgb: Space, colors: Colors, strategy: CompiledStrategy
) -> None:
    begin = start(registry, rgb, "#ff000080", "#010203")
    assert centers(begin, colors, rgb, 1, NONE, strategy) == [[1, 2, 3]]
    some = random_colors(np.random.default_rng(0), 500, channels=4)
    none = np.empty((0, 4), np.float32)
    (first, second) = centers(begin, some, rgb, 2, none, strategy)
    given = to_space(np.array([[255, 0, 0, 128], [1, 2, 3, 255]], np.uint8), rgb)
    assert [first, second] == given.tolist()


def test_only_translucent_colours_leave_an_opaque_picture_to_splits(
    registry: Registry, rgb: Space, colors: Colors, strategy: CompiledStrategy
) -> None:
    made = centers(start(registry, rgb, "#0000"), colors, rgb, 4, NONE, strategy)
    assert made == split_centers(points(colors, rgb), 4, NONE, strategy).tolist()


def test_the_start_counts_and_is_learnt_from(
    registry: Registry, rgb: Space, strategy: CompiledStrategy
) -> None:
    """From a solution that the textbook loop leaves where it is, it ends there."""
    clouds = np.random.default_rng(1).normal(0, 3, (3, 200, 3)) + np.array(
        [[[40, 40, 40]], [[200, 60, 60]], [[60, 200, 200]]]
    )
    pixels = clouds.round().clip(0, 255).astype(np.uint8).reshape(1, 1, -1, 3)
    placed = Placed(collect(Picture(pixels)), rgb)
    begin = start(registry, rgb, "#101010", "#ff0000", "#00ffff")
    plain = EFFORTS["plain"]
    made = cluster(placed, 3, strategy, begin, search=plain, seed=0)
    middles = np.array([[40, 40, 40], [200, 60, 60], [60, 200, 200]])
    assert np.abs(made.palette.astype(int) - middles).max() <= 2
    assert len(made.history) > 1
    assert made.history[0] > made.history[-1]
