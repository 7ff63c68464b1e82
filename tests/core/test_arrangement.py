"""Palettes in other orders."""

from __future__ import annotations

import colorsys
import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch.core import arrangement
from kbatch.core.palette import ordered
from kbatch.data import Indexed, Rendered, Variant
from kbatch.job import check
from kbatch.job.document import parse
from kbatch.pipeline import arrange
from kbatch.variants import variants

if TYPE_CHECKING:
    from pathlib import Path

    from kbatch.data import I64, U8
    from kbatch.registry import Registry

ORDERS = ("luminance", "count", "hue", "fixed")

palettes = st.lists(st.tuples(*[st.integers(0, 255)] * 4), min_size=1, max_size=40).map(
    lambda rows: ordered(np.array(rows, np.uint8))
)


def sorted_by(palette: U8, order: str, counts: I64, *fixed: tuple[int, int, int, int]) -> U8:
    return palette[arrangement(palette, counts, order, fixed)]


def test_most_pixels_come_first_and_ties_by_luminance() -> None:
    palette = ordered(np.array([[n, n, n, 255] for n in range(6)], np.uint8))
    counts = np.array([3, 9, 3, 0, 9, 3])
    assert arrangement(palette, counts, "count").tolist() == [1, 4, 0, 2, 5, 3]


def test_fixed_entries_come_first_as_they_were_given() -> None:
    palette = ordered(np.array([[n, n, n, 255] for n in range(6)], np.uint8))
    fixed = [(4, 4, 4, 255), (1, 1, 1, 255), (5, 5, 5, 255)]
    found = sorted_by(palette, "fixed", np.ones(6, np.int64), *fixed)
    assert found[:, 0].tolist() == [4, 1, 5, 0, 2, 3]


def test_hues_go_round_from_red_after_greys_and_alpha() -> None:
    rows = [
        (0, 0, 0, 0),
        (9, 0, 0, 7),
        (10, 10, 10, 255),
        (200, 200, 200, 255),
        (200, 0, 0, 255),
        (255, 128, 0, 255),
        (255, 255, 0, 255),
        (0, 90, 0, 255),
        (0, 200, 0, 255),
        (0, 255, 255, 255),
        (0, 0, 255, 255),
        (255, 0, 255, 255),
        (255, 0, 1, 255),
    ]
    mixed = np.random.default_rng(0).permutation(np.array(rows, np.uint8))
    found = sorted_by(ordered(mixed), "hue", np.ones(len(rows), np.int64))
    assert list(map(tuple, found.tolist())) == rows


def exact_hue(rgb: tuple[int, int, int]) -> Fraction:
    hue, _, _ = colorsys.rgb_to_hsv(*map(float, rgb))
    return Fraction(hue).limit_denominator(6 * 255 * 255)


@given(palettes)
def test_hue_is_what_others_call_hue(palette: U8) -> None:
    found = sorted_by(palette, "hue", np.ones(len(palette), np.int64)).tolist()
    keys = [(a, len({r, g, b}) > 1, exact_hue((r, g, b))) for r, g, b, a in found]
    steps = Fraction(1, 6 << 16)  # closer ones are equal
    for before, after in itertools.pairwise(keys):
        assert before[:2] <= after[:2]
        assert before[:2] < after[:2] or before[2] < after[2] + steps


def variant(order: str, registry: Registry, base: Path) -> Variant:
    (base / "a.png").touch()
    text = f"input: a.png\noutput: out\norder: {order}\nfixed: ['#ff0000', '#00000000']\nk: 40"
    (made,) = variants(check(parse(text, "job.yaml"), registry, base), registry)
    return made


@pytest.mark.parametrize("order", ORDERS)
def test_pixels_keep_their_colours(order: str, registry: Registry, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [[*rgb, 255] for rgb in rng.integers(0, 255, (30, 3))]
    palette = ordered(np.array([*rows, (255, 0, 0, 255), (0, 0, 0, 0)], np.uint8))
    indices = rng.integers(0, len(palette), (2, 9, 11)).astype(np.uint8)
    counts = np.bincount(indices.reshape(-1), minlength=len(palette))
    rendered = Rendered(Indexed(indices, palette), 1.0, 2.0, 3.0, counts)
    made = arrange(rendered, variant(order, registry, tmp_path))
    assert np.array_equal(made.indexed.palette[made.indexed.indices], palette[indices])
    assert made.indexed.indices.dtype == np.uint8
    assert np.array_equal(made.counts, np.bincount(made.indexed.indices.reshape(-1), minlength=32))
    assert sorted(made.indexed.palette.tolist()) == sorted(palette.tolist())
    assert (made.indexed.palette.tolist() == palette.tolist()) == (order == "luminance")
