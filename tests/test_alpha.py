"""What becomes of transparency, pixel by pixel."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kbatch.alpha import apply, without
from kbatch.data import Meta, Picture

if TYPE_CHECKING:
    from kbatch.data import U8

SHAPE = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.just(4))
PIXELS = arrays.arrays(np.uint8, SHAPE)


@given(pixels=PIXELS, threshold=st.integers(1, 255))
def test_binary_alpha_keeps_the_colours_that_are_seen(pixels: U8, threshold: int) -> None:
    meta = Meta(dpi=(72, 72))
    before = pixels.copy()
    cut = apply(Picture(pixels, meta), threshold)
    assert cut.meta == meta
    assert np.array_equal(pixels, before)
    assert cut.pixels.flags.c_contiguous
    opaque = bool((pixels[..., 3] >= threshold).all())
    assert cut.pixels.shape == (*pixels.shape[:3], 3 if opaque else 4)
    found = cut.pixels.reshape(-1, cut.pixels.shape[3]).tolist()
    for (*rgb, alpha), one in zip(_listed(pixels), found, strict=True):
        seen = [*rgb, 255] if alpha >= threshold else [0, 0, 0, 0]
        assert one == seen[: len(one)]


def _listed(pixels: U8) -> list[list[int]]:
    listed: list[list[int]] = pixels.reshape(-1, 4).tolist()
    return listed


@given(pixels=PIXELS, color=st.tuples(*[st.integers(0, 255)] * 3))
def test_a_matte_shows_through_by_as_much_as_alpha_says(
    pixels: U8, color: tuple[int, int, int]
) -> None:
    laid = apply(Picture(pixels), "#{:02x}{:02X}{:02x}".format(*color)).pixels
    assert laid.shape == (*pixels.shape[:3], 3)
    for (*rgb, alpha), found in zip(_listed(pixels), laid.reshape(-1, 3).tolist(), strict=True):
        exact = [
            Fraction(over * alpha + under * (255 - alpha), 255)
            for over, under in zip(rgb, color, strict=True)
        ]
        assert max(abs(a - b) for a, b in zip(found, exact, strict=True)) <= Fraction(1, 2)


@pytest.mark.parametrize("alpha", ["keep", 1, 255, "#123456"])
def test_opaque_pictures_are_left_alone(alpha: int | str) -> None:
    picture = Picture(np.zeros((1, 2, 2, 3), np.uint8))
    assert apply(picture, alpha) is picture


def test_alpha_that_is_nowhere_is_left_out() -> None:
    pixels = np.full((2, 2, 3, 4), 255, np.uint8)
    pixels[1, 0, 0, 3] = 254
    whole = Picture(pixels)
    assert without(whole) is whole
    first = without(Picture(pixels[:1]))
    assert np.array_equal(first.pixels, pixels[:1, ..., :3])
    assert without(first) is first


def test_alpha_is_kept_where_that_is_wanted() -> None:
    picture = Picture(np.full((1, 2, 2, 4), 7, np.uint8))
    assert apply(picture, "keep") is picture
