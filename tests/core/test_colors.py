"""Distinct colours: what they are, where they stand, and the way back to the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from oracles import placed

from kbatch.core import Placed, collect, from_space, points, to_space
from kbatch.core.colors import morton
from kbatch.core.kernels import histogram
from kbatch.data import Picture
from kbatch.testing import random_picture

if TYPE_CHECKING:
    from kbatch.data import U8, Colors
    from kbatch.stages import Space

pytestmark = pytest.mark.usefixtures("kernels")

small = st.sampled_from([3, 4]).flatmap(
    lambda channels: arrays(
        np.uint8,
        array_shapes(min_dims=3, max_dims=3, max_side=6).map(lambda shape: (*shape, channels)),
        elements=st.one_of(st.sampled_from([0, 1, 7, 8, 255]), st.integers(0, 255)),
    )
)


def code_of(colour: U8) -> int:
    """The Morton code by the book: bit by bit, highest first, first channel first."""
    bits = [f"{value:08b}"[place] for place in range(8) for value in colour]
    return int("".join(bits), 2)


def check(pixels: U8) -> Colors:
    before = pixels.copy()
    colors = collect(Picture(pixels))
    channels = pixels.shape[-1]
    rows, counts = np.unique(pixels.reshape(-1, channels), axis=0, return_counts=True)
    by_rows = np.lexsort(colors.rgba.T[::-1])
    assert np.array_equal(colors.rgba[by_rows], rows)
    assert np.array_equal(colors.count[by_rows], counts)
    assert colors.inverse is not None
    assert np.array_equal(colors.rgba[colors.inverse].reshape(pixels.shape), pixels)
    codes = [code_of(colour) for colour in colors.rgba]
    assert codes == sorted(codes)
    cells = [tuple(colour >> 2) for colour in colors.rgba]
    begins = [i for i in range(len(cells)) if i == 0 or cells[i] != cells[i - 1]]
    assert colors.cells.tolist() == [*begins, len(cells)]
    assert len(begins) == len(set(cells)), "a cell is one run"
    made = (colors.rgba, colors.count, colors.inverse, colors.cells)
    assert [array.dtype.name for array in made] == ["uint8", "int64", "int32", "int64"]
    assert np.array_equal(pixels, before)
    return colors


@given(small)
def test_colours_counts_order_cells_and_the_way_back(pixels: U8) -> None:
    check(pixels)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("levels", [2, 5, 256])
def test_random_pictures(channels: int, levels: int) -> None:
    rng = np.random.default_rng(levels)
    picture = random_picture(rng, 40, 50, channels=channels, levels=levels)
    check(picture.pixels)


def test_one_pixel_and_one_colour() -> None:
    assert check(np.array([[[[1, 2, 3]]]], np.uint8)).count.tolist() == [1]
    one = check(np.full((2, 30, 20, 4), 9, np.uint8))
    assert (one.rgba.tolist(), one.count.tolist()) == ([[9, 9, 9, 9]], [1200])


def test_all_greys_are_kept_apart() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 16, 16, 3)
    colors = check(ramp)
    assert colors.rgba[:, 0].tolist() == list(range(256))
    assert len(colors.cells) == 65


def test_frames_are_counted_together() -> None:
    rng = np.random.default_rng(0)
    one = random_picture(rng, 20, 20, levels=4).pixels
    both = check(np.concatenate([one, one[:, ::-1]]))
    assert np.array_equal(both.count, 2 * collect(Picture(one)).count)


@pytest.mark.parametrize("channels", [3, 4])
def test_read_only_and_strided_pixels(channels: int) -> None:
    pixels = random_picture(np.random.default_rng(1), 30, 30, channels=channels).pixels
    pixels.flags.writeable = False
    check(pixels)
    check(pixels[:, ::2, ::-1])


def test_digest_tells_colours_and_counts_but_not_places(rgb: Space) -> None:
    def digest(pixels: U8) -> tuple[int, int]:
        return Placed(collect(Picture(pixels)), rgb).digest

    rng = np.random.default_rng(2)
    pixels = random_picture(rng, 20, 20, levels=3).pixels
    flat = pixels.reshape(-1, 3)
    shuffled = rng.permutation(flat).reshape(1, 40, 10, 3)
    other_count, other_colour = flat.copy(), flat.copy()
    other_count[0] = flat[np.flatnonzero((flat != flat[0]).any(axis=1))[0]]
    other_colour[0] = (1, 2, 3)
    expected = digest(pixels)
    assert all(0 <= word < 2**64 for word in expected)
    assert digest(shuffled) == expected
    others = other_count, other_colour, np.concatenate([pixels, pixels])
    for other in others:
        words = zip(digest(other.reshape(-1, 1, 1, 3)), expected, strict=True)
        assert all(one != word for one, word in words)


@settings(deadline=None)  # compiled when first called
@given(st.integers(0, 2**64 - 1))
def test_ones_counts_bits(word: int) -> None:
    assert histogram.ones(np.uint64(word)) == word.bit_count()


def test_the_kernels_do_what_their_python_says() -> None:
    rng = np.random.default_rng(3)
    pixels = random_picture(rng, 1, 60, levels=4).pixels.reshape(-1, 3)
    apart = np.array([sum((b >> i & 1) << 3 * i for i in range(8)) for b in range(256)], np.uint32)
    results = []
    for mark, count, colours in (
        (histogram.mark, histogram.count, histogram.colours),
        (histogram.mark.py_func, histogram.count.py_func, histogram.colours.py_func),  # type: ignore[attr-defined]
    ):
        bitmap, rank = np.zeros(1 << 18, np.uint64), np.zeros(1 << 18, np.uint32)
        codes = np.zeros(len(pixels), np.uint32)
        n = mark(pixels, apart, bitmap, rank, codes)
        rgb, counts = np.zeros((n, 3), np.uint8), np.zeros(n, np.int64)
        count(bitmap, rank, codes, counts)
        cells = np.zeros(n + 1, np.int64)
        assert colours(bitmap, rgb, cells) <= n
        results.append((bitmap, rank, codes, rgb, counts, cells))
    for compiled, plain in zip(*results, strict=True):
        assert np.array_equal(compiled, plain)


@given(arrays(np.uint8, st.tuples(st.integers(0, 20), st.sampled_from([3, 4]))))
def test_morton_interleaves_bits(rgba: U8) -> None:
    assert morton(rgba).tolist() == [code_of(colour) for colour in rgba]


def test_distances_are_the_mean_of_those_over_black_and_over_white(rgb: Space) -> None:
    colors = collect(random_picture(np.random.default_rng(4), 30, 30, channels=4))
    made = points(colors, rgb)
    assert np.allclose(made.x, placed(colors.rgba), atol=1e-4)
    alpha = colors.rgba[:, 3:].astype(float) / 255
    grounds = [colors.rgba[:, :3] * alpha + ground * (1 - alpha) for ground in (0, 255)]
    for one, other in np.random.default_rng(5).integers(0, len(made.x), (50, 2)):
        over = [((seen[one] - seen[other]) ** 2).sum() for seen in grounds]
        apart = ((made.x[one].astype(float) - made.x[other]) ** 2).sum()
        assert apart == pytest.approx(np.mean(over), abs=0.01)
    assert made.x.dtype == np.float32
    assert made.x.flags.f_contiguous
    assert np.array_equal(made.weight, colors.count)
    assert made.weight.dtype == np.float64


def test_every_colour_comes_back_from_the_space(rgb: Space) -> None:
    values = np.array([0, 1, 2, 100, 127, 128, 254, 255], np.uint8)
    grid = np.stack(np.meshgrid(values, values, values, np.arange(1, 256)), -1).reshape(-1, 4)
    rgba = np.vstack([grid, [[0, 0, 0, 0]]]).astype(np.uint8)
    assert np.array_equal(from_space(to_space(rgba, rgb), rgb), rgba)
    assert np.array_equal(from_space(to_space(rgba[:, :3], rgb), rgb), rgba[:, :3])


def test_what_is_nearly_transparent_becomes_the_transparent_entry(rgb: Space) -> None:
    seen = placed(np.array([[120, 60, 0, 1]], np.uint8))
    x = np.asfortranarray(np.vstack([0.4 * seen, 0.6 * seen]), np.float32)
    assert from_space(x, rgb).tolist() == [[0, 0, 0, 0], [120, 60, 0, 1]]
