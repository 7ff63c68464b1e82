"""From centers to a palette, and the errors of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from oracles import placed

from kbatch.core import Placed, collect, costs, errors, points, to_space
from kbatch.core.palette import make_palette, ordered
from kbatch.data import Picture
from kbatch.stages import CompiledStrategy, Space
from kbatch.testing import random_colors

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8, Colors

pytestmark = pytest.mark.usefixtures("kernels")

NONE = np.empty((0, 3), np.uint8)  # no fixed entry


def few(*rows: tuple[tuple[int, int, int], int]) -> Colors:
    """Colours with their counts."""
    pixels = [colour for colour, count in rows for _ in range(count)]
    return collect(Picture(np.array([[pixels]], np.uint8)))


def test_entries_that_rounding_makes_equal_are_replaced_by_what_costs_most(
    rgb: Space, strategy: CompiledStrategy
) -> None:
    colors = few(((0, 0, 0), 50), ((0, 0, 1), 9), ((90, 90, 90), 3), ((200, 0, 0), 7))
    centers = np.array([[0, 0, 0.1], [0, 0, 0.4], [0.2, 0, 0.3]], np.float32)
    palette = make_palette(centers, Placed(colors, rgb), strategy, NONE)
    assert palette.tolist() == [[0, 0, 0], [200, 0, 0], [90, 90, 90]]


def test_entries_that_nothing_is_nearest_to_are_replaced(
    rgb: Space, strategy: CompiledStrategy
) -> None:
    colors = few(((10, 10, 10), 5), ((12, 10, 10), 5), ((99, 99, 99), 1))
    centers = np.array([[11, 10, 10], [255, 255, 255], [250, 0, 0]], np.float32)
    palette = make_palette(centers, Placed(colors, rgb), strategy, NONE)
    assert len(palette) == 3
    assert [99, 99, 99] in palette.tolist()


class Offset:
    """Even a point at the center costs something: allowed, as long as elsewhere it costs more."""

    def __init__(self) -> None:
        self.calls = 0

    def distance(self, x: F32, center: F32) -> F32:
        self.calls += 1
        assert self.calls < 1000, "the palette is never complete"
        distance: F32 = np.sqrt(((x - center) ** 2).sum(axis=1) + np.float32(1))
        return distance

    def update(self, x: F32, weight: F64, center: F32) -> F32:
        return center


class Tinted(Offset):
    """Nearest to a colour is not its own entry: not allowed, but no reason to hang."""

    def distance(self, x: F32, center: F32) -> F32:
        return super().distance(x, center + np.float32(3))


@pytest.mark.parametrize(("strange", "least"), [(Offset, 3), (Tinted, 1)])
def test_a_palette_is_made_for_any_distance(rgb: Space, strange: type[Offset], least: int) -> None:
    colors = few(((0, 0, 0), 5000), ((0, 0, 1), 9), ((90, 90, 90), 3), ((200, 0, 0), 7))
    centers = np.array([[0, 0, 0.1], [0, 0, 0.4], [90, 90, 90]], np.float32)
    palette = make_palette(centers, Placed(colors, rgb), strange(), NONE)
    assert least <= len(palette) <= 3


def test_order_is_alpha_then_luma_then_channels() -> None:
    rows = [[9, 9, 9, 255], [0, 0, 0, 0], [200, 0, 0, 5], [0, 200, 0, 5], [9, 9, 9, 255]]
    expected = [[0, 0, 0, 0], [200, 0, 0, 5], [0, 200, 0, 5], [9, 9, 9, 255]]
    assert ordered(np.array(rows, np.uint8)).tolist() == expected
    equal = [[0, 0, 200, 255], [38, 0, 100, 255], [38, 0, 101, 255]]
    assert 299 * 38 + 114 * 100 < 114 * 200 < 299 * 38 + 114 * 101
    assert ordered(np.array(equal, np.uint8)).tolist() == [equal[1], equal[0], equal[2]]


def by_pixel(colors: Colors, chosen: U8, palette: U8, *, squared: bool) -> tuple[float, ...]:
    """Loss, squared and absolute error of one pixel after the other, in float64."""
    rows = np.repeat(np.arange(len(colors.rgba)), colors.count)
    seen, given = colors.rgba[rows].astype(float), palette[chosen[rows]].astype(float)
    if seen.shape[1] == 4:
        seen[:, :3] *= seen[:, 3:] / 255
        given[:, :3] *= given[:, 3:] / 255
    difference = seen - given
    sse = (difference**2).sum(axis=1).mean()
    sad = np.abs(difference).sum(axis=1).mean()
    if seen.shape[1] == 4:
        difference = placed(colors.rgba[rows]) - placed(palette[chosen[rows]])
    loss = (difference**2 if squared else np.abs(difference)).sum(axis=1).mean()
    return loss, sse, sad


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("k", [1, 5, 256])
def test_errors_are_those_of_each_pixel(
    rgb: Space, strategy: CompiledStrategy, channels: int, k: int
) -> None:
    rng = np.random.default_rng(k)
    colors = random_colors(rng, 4000, channels=channels, levels=10)
    palette = rng.integers(0, 256, (k, channels)).astype(np.uint8)
    chosen = rng.integers(0, k, len(colors.rgba)).astype(np.uint8)
    cost = costs(points(colors, rgb).x, chosen, to_space(palette, rgb), strategy)
    found = errors(colors.rgba, colors.count, chosen, palette, cost)
    squared = type(strategy).__name__ == "L2"
    expected = by_pixel(colors, chosen, palette, squared=squared)
    assert (found.loss, found.sse, found.sad) == pytest.approx(expected, rel=1e-6)
    counts = np.bincount(np.repeat(chosen, colors.count), minlength=k)
    assert np.array_equal(found.counts, counts)


def test_errors_of_exact_entries_are_zero(rgb: Space, strategy: CompiledStrategy) -> None:
    colors = random_colors(np.random.default_rng(0), 200, channels=4)
    chosen = np.arange(len(colors.rgba), dtype=np.uint8)
    x = points(colors, rgb).x
    found = errors(colors.rgba, colors.count, chosen, colors.rgba, costs(x, chosen, x, strategy))
    assert (found.loss, found.sse, found.sad) == (0, 0, 0)
