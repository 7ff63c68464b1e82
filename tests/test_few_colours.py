"""A picture of at most k colours comes out as it was, with the smallest palette and depth."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import kbatch

Pixels = np.ndarray[Any, np.dtype[Any]]

pytestmark = pytest.mark.usefixtures("kernels")


def depth_and_entries(data: bytes) -> tuple[int, int]:
    """Returns the bits of a PNG's pixels and the length of its palette."""
    at, depth, entries = 8, 0, 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR":
            depth = data[at + 16]
        if kind == b"PLTE":
            entries = size // 3
        at += 12 + size
    return depth, entries


def decoded(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))


def fewest_bits(entries: int) -> int:
    return next(bits for bits in (1, 2, 4, 8) if entries <= 1 << bits)


@pytest.mark.parametrize("strategy", ["l1", "l2"])
@pytest.mark.parametrize("levels", [1, 2, 3, 4, 5, 16, 17, 255, 256])
def test_grey_ramps(levels: int, strategy: str) -> None:
    ramp = np.linspace(0, 255, levels).round().astype(np.uint8)[None].repeat(3, axis=0)
    data = kbatch.quantize(ramp, k=256, strategy=strategy).to_bytes()
    assert np.array_equal(decoded(data)[..., :3], ramp[..., None].repeat(3, axis=2))
    assert depth_and_entries(data) == (fewest_bits(levels), levels)


@given(data=st.data())
@settings(max_examples=60)
def test_any_colours_with_alpha(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 256) | st.sampled_from([2, 4, 16, 17, 256]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    colors = rng.integers(0, 256, (count, 4), np.uint8)
    colors[:, 3] = rng.choice(
        data.draw(st.sampled_from([[255], [0, 255], [0, 1, 128, 255]])), count
    )
    height, width = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    pixels = colors[rng.integers(0, count, (height, width))]
    seen = np.where(pixels[..., 3:] == 0, 0, pixels)
    entries = len(np.unique(seen.reshape(-1, 4), axis=0))
    result = kbatch.quantize(pixels, k=entries, strategy=data.draw(st.sampled_from(["l1", "l2"])))
    encoded = result.to_bytes()
    assert np.array_equal(decoded(encoded), seen)
    assert depth_and_entries(encoded) == (fewest_bits(entries), entries)
    assert result.rendered.sse == 0
