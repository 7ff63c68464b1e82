"""Smaller PNGs of the same picture."""

from __future__ import annotations

import io
import sys
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from kbatch.builtin.options import PngOptions
from kbatch.builtin.png_orders import first_met, reordered, side_by_side
from kbatch.builtin.png_writer import PAETH, SUB, PngWriter
from kbatch.data import Indexed, Meta
from kbatch.errors import KbatchError

Pixels = np.ndarray[Any, np.dtype[Any]]
Optimize = Literal["off", "fast", "max"]


def written(indexed: Indexed, optimize: Optimize, level: int = 6) -> bytes:
    if optimize == "max":
        pytest.importorskip("oxipng", reason="needs pyoxipng")
    stream = io.BytesIO()
    PngWriter(PngOptions(level=level, optimize=optimize)).write(indexed, stream)
    return stream.getvalue()


def decoded(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        frames = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]
    return np.stack(frames)


def clear(pixels: Pixels) -> Pixels:
    return np.where(pixels[..., 3:] == 0, 0, pixels)


@st.composite
def pictures(draw: st.DrawFn, most: int = 256) -> Indexed:
    entries = draw(st.integers(1, most))
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    palette = rng.integers(0, 256, (entries, 4), np.uint8)
    if draw(st.booleans()):
        palette[:, 3] = 255
    palette[palette[:, 3] == 0] = 0
    indices = rng.integers(0, draw(st.integers(1, entries)), shape, np.uint8)
    return Indexed(indices, palette, Meta(durations=(50,) * shape[0] if shape[0] > 1 else ()))


@pytest.mark.parametrize("optimize", ["fast", "max"])
@given(made=pictures())
@settings(max_examples=40)
def test_the_picture_stays_the_same(optimize: Optimize, made: Indexed) -> None:
    found = decoded(written(made, optimize))
    assert np.array_equal(clear(found), clear(made.palette[made.indices]))


@pytest.mark.parametrize("kind", [0, SUB, PAETH])
@given(made=pictures(), bits=st.sampled_from([1, 2, 4, 8]), tall=st.booleans())
@settings(max_examples=40)
def test_filters_are_undone_by_decoders(*, kind: int, bits: int, tall: bool, made: Indexed) -> None:
    palette = made.palette[: 1 << bits]
    indices = np.minimum(made.indices[:1], len(palette) - 1)
    if tall:  # more than one band of rows
        indices = indices.repeat(12, axis=1)
    found = decoded(PngWriter(PngOptions()).encoded(Indexed(indices, palette), bits, kind))
    assert np.array_equal(clear(found), clear(palette[indices]))


@given(made=pictures(40))
def test_orders_have_every_entry_and_change_no_pixel(made: Indexed) -> None:
    for order in (first_met(made), side_by_side(made)):
        assert sorted(order.tolist()) == list(range(len(made.palette)))
        found = reordered(made, order)
        assert found.meta == made.meta
        assert np.array_equal(found.palette[found.indices], made.palette[made.indices])


def test_entries_are_met_from_the_top_left() -> None:
    indices = np.array([[[3, 3, 1], [0, 1, 3]]], np.uint8)
    made = Indexed(indices, np.zeros((5, 4), np.uint8))
    assert first_met(made).tolist() == [3, 1, 0, 2, 4]
    assert reordered(made, first_met(made)).indices.tolist() == [[[0, 0, 1], [2, 1, 0]]]


def test_a_shuffled_ramp_is_put_in_order_again() -> None:
    shuffled = np.random.default_rng(2).permutation(32).astype(np.uint8)
    ramp = np.repeat(np.arange(32), 3)[None].repeat(4, axis=0)
    made = Indexed(shuffled[ramp][None], np.zeros((32, 4), np.uint8))
    found = shuffled.argsort()[side_by_side(made)]
    assert found.tolist() in (list(range(32)), list(range(32))[::-1])


def gradient() -> Indexed:
    """A sky with some noise: what filters and orders are for."""
    y, x = np.mgrid[:120, :160]
    noise = np.random.default_rng(3).integers(0, 3, y.shape)
    shuffled = np.random.default_rng(4).permutation(200).astype(np.uint8)
    palette = np.full((200, 4), 255, np.uint8)
    palette[shuffled, 2] = np.arange(200)
    return Indexed(shuffled[y + x // 4 + noise][None], palette)


def test_more_effort_makes_fewer_bytes() -> None:
    off, fast, most = (len(written(gradient(), how)) for how in ("off", "fast", "max"))
    assert most < 0.9 * fast
    assert fast < 0.99 * off


def test_a_higher_level_is_not_lowered() -> None:
    assert written(gradient(), "fast", 12) == written(gradient(), "off", 12)
    assert written(gradient(), "fast") == written(gradient(), "off", 10)


def test_what_stands_beside_the_pixels_survives() -> None:
    made = gradient()
    meta = Meta(icc=b"icc" * 50, exif=b"MM\0*", xmp=b"<x/>", dpi=(300, 300))
    with Image.open(io.BytesIO(written(Indexed(made.indices, made.palette, meta), "max"))) as image:
        assert image.info["icc_profile"] == meta.icc
        assert image.info["exif"].endswith(b"MM\0*")
        assert image.info["xmp"] == meta.xmp
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)


def test_what_is_missing_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "oxipng", None)
    with pytest.raises(KbatchError, match=r"pip install 'kbatch-image\[optimize\]'"):
        PngWriter(PngOptions(optimize="max"))
