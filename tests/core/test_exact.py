"""Each pixel has exactly its nearest entry, and each entry earns its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import KINDS, SHARED, check, distance, nearest, of_colours, photo, picture, shared

from kbatch.core import assign_with, collect, points, to_space
from kbatch.data import Picture
from kbatch.registry import Registry
from kbatch.stages import CompiledStrategy, Space

pytestmark = pytest.mark.usefixtures("kernels")

METRICS = ("l2", "l1")
SOME = (
    "kodak/kodim03.png",
    "graphics/terminal.png",
    "graphics/pixelart/level1.png",
    "graphics/icons/actions-edit-redo.png",
    "photos/night-lossless.png",
)
ALL = sorted(
    path.relative_to(SHARED).as_posix()
    for folder in ("kodak", "graphics", "photos", "seed")
    for path in (SHARED / folder).rglob("*.*")
)

kinds = st.sampled_from(list(KINDS))
seeds = st.integers(0, 2**32 - 1)
entries = st.one_of(st.integers(1, 256), st.sampled_from([1, 2, 16, 17, 64, 255, 256]))
metrics = st.sampled_from(METRICS)

# ---- whole results -------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    kinds,
    seeds,
    st.integers(1, 70),
    st.integers(1, 90),
    entries,
    metrics,
    st.sampled_from(["plain", "fast", "balanced"]),
)
def test_any_picture(
    kind: str, seed: int, height: int, width: int, k: int, metric: str, effort: str
) -> None:
    check(picture(kind, seed, height, width), k, metric, effort)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [7, 60])
@pytest.mark.parametrize("kind", list(KINDS))
def test_thorough_effort(kind: str, k: int, metric: str) -> None:
    check(picture(kind), k, metric, "thorough")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [5, 48, 256])
@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_photos(name: str, k: int, metric: str) -> None:
    check(photo(name), k, metric, "fast" if k == 256 else "balanced")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [12, 200])
@pytest.mark.parametrize("name", SOME)
def test_some_real_pictures(name: str, k: int, metric: str, registry: Registry) -> None:
    check(shared(name, registry), k, metric, "fast")


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_all_real_pictures(name: str, registry: Registry) -> None:
    pixels = shared(name, registry)
    for metric in METRICS:
        for k in (2, 17, 48, 256):
            check(pixels, k, metric)


# ---- every entry counts --------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("effort", ["plain", "fast", "balanced"])
@pytest.mark.parametrize("n", [2, 3, 17, 100, 255, 256, 257])
def test_about_as_many_entries_as_colours(n: int, effort: str, metric: str) -> None:
    rng = np.random.default_rng(n)
    colours = rng.permutation(8**3)[:n]  # neighbours, so that rounding may merge their means
    pixels = of_colours(zip(colours % 8, colours // 8 % 8, colours // 64, strict=True))
    for k in (n - 1, n, n + 1):
        if k <= 256:
            check(pixels, k, metric, effort)


NEAR_GREYS = [(g + r, g + h, g + b) for g in range(255) for r, h, b in np.ndindex(2, 2, 2)]
TINY_CUBE = list(np.ndindex(7, 7, 7))[:300]
THIN_LINE = [(100 + i // 30, 100, i) for i in range(256)]
FAR_AND_TIGHT = [(255, 255, 255), *((i % 5, i // 5 % 5, i // 25) for i in range(125)), (0, 255, 0)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("effort", ["plain", "fast", "balanced"])
@pytest.mark.parametrize(
    "colours",
    [NEAR_GREYS, TINY_CUBE, THIN_LINE, FAR_AND_TIGHT],
    ids=["near greys", "tiny cube", "thin line", "far and tight"],
)
def test_entries_that_rounding_merges_come_to_use(
    colours: list[tuple[int, ...]], effort: str, metric: str
) -> None:
    for seed, k in enumerate((60, 126, 200, 255, 256)):
        check(of_colours(colours, seed), k, metric, effort)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [2, 40, 200])
def test_alpha_counts_too(k: int, metric: str) -> None:
    rng = np.random.default_rng(k)
    pixels = rng.integers(0, 256, (40, 50, 4)).astype(np.uint8)
    pixels[..., 3] //= rng.choice([1, 60], (40, 50)).astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    check(pixels, k, metric)


# ---- assignment alone, whatever the palette ------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(kinds, seeds, st.sampled_from([*KINDS, "its own"]), entries, metrics, st.booleans())
def test_any_palette(
    rgb: Space,
    l1: CompiledStrategy,
    l2: CompiledStrategy,
    kind: str,
    seed: int,
    of: str,
    k: int,
    metric: str,
    lattice: bool,  # noqa: FBT001
) -> None:
    """Also palettes with equal entries, and on a lattice, where most colours have ties."""
    rng = np.random.default_rng(seed)
    colors = collect(Picture(picture(kind, seed)[None]))
    others = colors.rgba if of == "its own" else picture(of, seed + 1).reshape(-1, 3)
    palette = others[rng.integers(0, len(others), k)]
    if lattice:
        palette = palette // 16 * 16
    strategy = {"l1": l1, "l2": l2}[metric]
    labels, cost = assign_with(strategy, points(colors, rgb), to_space(palette, rgb))
    expected, least = nearest(colors.rgba.astype(np.int64), palette.astype(np.int64), metric)
    assert np.array_equal(labels, expected)
    assert np.array_equal(cost, least)


@pytest.mark.parametrize("metric", METRICS)
def test_every_k_on_a_photo(
    rgb: Space, l1: CompiledStrategy, l2: CompiledStrategy, metric: str
) -> None:
    colors = collect(Picture(photo("chelsea")[None, ::2, ::2].copy()))
    whole, x = points(colors, rgb), colors.rgba.astype(np.int64)
    strategy = {"l1": l1, "l2": l2}[metric]
    chosen = np.random.default_rng(0).permutation(len(x))[:256]
    least, expected = distance(x, x[chosen[0]], metric), np.zeros(len(x), np.int64)
    for k in range(1, 257):  # one more center each time
        other = distance(x, x[chosen[k - 1]], metric)
        expected[other < least] = k - 1
        least = np.minimum(least, other)
        labels, _ = assign_with(strategy, whole, to_space(colors.rgba[chosen[:k]], rgb))
        assert np.array_equal(labels, expected)
