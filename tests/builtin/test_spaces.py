"""Spaces are what the literature says, the same bits everywhere, and have a way back."""

from __future__ import annotations

import hashlib
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import kbatch
from kbatch.builtin.opponent import cube_root
from kbatch.builtin.spaces import light_of_bytes
from kbatch.core import Placed, assign_plain, assign_with, collect, from_space, points, to_space
from kbatch.core.palette import make_palette
from kbatch.data import Picture

if TYPE_CHECKING:
    from kbatch.data import F64, U8
    from kbatch.registry import Registry
    from kbatch.stages import Space

ROOT = Path(__file__).parents[2]
NAMES = ("rgb", "linear", "oklab", "lab", "gray")
EXACT = NAMES[:4]  # those that tell all colours apart
METRICS = ("l2", "l1")

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture(scope="module", params=NAMES)
def space(registry: Registry, request: pytest.FixtureRequest) -> Space:
    built: Space = registry.build("space", request.param)
    return built


@pytest.fixture(scope="module", params=EXACT)
def exact(registry: Registry, request: pytest.FixtureRequest) -> Space:
    built: Space = registry.build("space", request.param)
    return built


@pytest.fixture(scope="module", params=["oklab", "lab"])
def opponent(registry: Registry, request: pytest.FixtureRequest) -> Space:
    built: Space = registry.build("space", request.param)
    return built


def lattice(step: int) -> U8:
    """Returns uint8 (n, 3): every colour of a lattice, black and white among them."""
    values = np.arange(0, 256, step, dtype=np.uint8)
    return np.stack(np.meshgrid(values, values, values, indexing="ij"), -1).reshape(-1, 3)


def random_rgb(seed: int, count: int) -> U8:
    drawn: U8 = np.random.default_rng(seed).integers(0, 256, (count, 3)).astype(np.uint8)
    return drawn


# ---- what they are -------------------------------------------------------------------------------

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)

# Oklab as in CSS Color 4, which has Ottosson's matrices of 2021; L*a*b* by Lindbloom's calculator.
KNOWN = {
    ("oklab", RED): (0.62796, 0.22486, 0.12585),
    ("oklab", GREEN): (0.86644, -0.23389, 0.17950),
    ("oklab", BLUE): (0.45201, -0.03246, -0.31153),
    ("oklab", WHITE): (1, 0, 0),
    ("oklab", GREY): (0.59987, 0, 0),
    ("oklab", BLACK): (0, 0, 0),
    ("lab", RED): (53.2408, 80.0925, 67.2032),
    ("lab", GREEN): (87.7347, -86.1827, 83.1793),
    ("lab", BLUE): (32.2970, 79.1875, -107.8602),
    ("lab", WHITE): (100, 0, 0),
    ("lab", GREY): (53.5850, 0, 0),
    ("lab", BLACK): (0, 0, 0),
    ("linear", RED): (1, 0, 0),
    ("linear", WHITE): (1, 1, 1),
    ("linear", GREY): (0.21586, 0.21586, 0.21586),
    ("gray", RED): (76, 76, 76),
    ("gray", GREEN): (150, 150, 150),
    ("gray", BLUE): (29, 29, 29),
    ("gray", GREY): (128, 128, 128),
}
SCALE = {"oklab": 255, "lab": 2.55, "linear": 255, "gray": 1}


@pytest.mark.parametrize(("name", "rgb"), KNOWN)
def test_known_values(registry: Registry, name: str, rgb: tuple[int, int, int]) -> None:
    (x,) = registry.build("space", name).forward(np.array([rgb], np.uint8))
    known = np.array(KNOWN[name, rgb])
    assert x / SCALE[name] == pytest.approx(known, rel=0, abs=6e-5 if known.max() < 2 else 1e-4)


def textbook_light(rgb: U8) -> F64:
    value = rgb / 255
    light: F64 = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return light


def textbook_oklab(rgb: U8) -> F64:
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    oklab: F64 = 255 * np.cbrt(textbook_light(rgb) @ np.transpose(to_lms)) @ np.transpose(to_lab)
    return oklab


def textbook_lab(rgb: U8) -> F64:
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    t = textbook_light(rgb) @ np.transpose(to_xyz) / [0.95047, 1, 1.08883]
    x, y, z = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29).T
    return 2.55 * np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


TEXTBOOK: dict[str, Callable[[U8], Any]] = {
    "rgb": lambda rgb: rgb,
    "linear": lambda rgb: 255 * textbook_light(rgb),
    "oklab": textbook_oklab,
    "lab": textbook_lab,
    "gray": lambda rgb: np.asarray(Image.fromarray(rgb[None]).convert("L"))[0, :, None],
}


@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_the_textbook(registry: Registry, name: str) -> None:
    for rgb in (lattice(15), random_rgb(0, 20_000), random_rgb(1, 20_000) // 20):
        made = registry.build("space", name).forward(rgb)
        assert made.shape == rgb.shape
        assert made.dtype == np.float32
        assert made.flags.f_contiguous
        off = np.abs(made - TEXTBOOK[name](rgb)).max()
        assert off == 0 if name in ("rgb", "gray") else off < 1e-4


def test_greys_rise_and_have_no_colour(space: Space) -> None:
    x = space.forward(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
    lightness, second, third = x.T
    assert (np.diff(lightness) > 0).all()
    assert (lightness[0], lightness[255]) == (0, pytest.approx(255, abs=1e-4))
    other = lightness if second[128] > 1 else np.zeros(256)
    assert np.abs(np.stack([second, third]) - other).max() < 1e-4


# ---- how they are computed -----------------------------------------------------------------------


def test_light_of_bytes_is_rounded_correctly() -> None:
    """In fractions: what is to the power of 12 is compared with the fifth power of floats."""
    for byte, light in enumerate(light_of_bytes().tolist()):
        below, above = (Fraction(np.nextafter(light, side)) for side in (-1, 2))
        low, high = (below + Fraction(light)) / 2, (above + Fraction(light)) / 2
        value = Fraction(byte, 255)
        if value <= Fraction("0.04045"):
            assert low <= value / Fraction("12.92") <= high
        else:
            power = ((value + Fraction("0.055")) / Fraction("1.055")) ** 12
            assert low**5 < power < high**5


def test_cube_roots() -> None:
    x = np.concatenate([np.logspace(-25, 1, 5000), np.linspace(0.001, 1, 5000)])
    assert cube_root(x) == pytest.approx(np.cbrt(x), rel=1e-12)
    assert cube_root(np.zeros(3)).astype(np.float32).tolist() == [0, 0, 0]


def test_a_point_does_not_depend_on_its_company(space: Space) -> None:
    rgb = random_rgb(2, 9001)
    x = space.forward(rgb)
    for part in (slice(0, 1), slice(4095, 4098), slice(1, None, 3), slice(None, None, -1)):
        assert np.array_equal(space.forward(rgb[part]), x[part])
    assert space.forward(rgb[:0]).shape == space.inverse(x[:0]).shape == (0, 3)


BITS = {  # of float32, little end first, of every 17th value of each channel
    "rgb": "2aedbebc510701b3",
    "linear": "9949ad32f881f210",
    "oklab": "90a4d42675800995",
    "lab": "7444d644a5116b10",
    "gray": "35d55053e6885ca8",
}


def bits(registry: Registry) -> dict[str, str]:
    made = {name: registry.build("space", name).forward(lattice(17)) for name in NAMES}
    return {
        name: hashlib.sha256(np.ascontiguousarray(x, "<f4").tobytes()).hexdigest()[:16]
        for name, x in made.items()
    }


def test_bits_are_the_same_on_every_machine(registry: Registry) -> None:
    assert bits(registry) == BITS


def test_bits_are_the_same_without_the_instructions_of_this_processor() -> None:
    numpy: Any = importlib.import_module("numpy._core._multiarray_umath")
    used = [name for name in numpy.__cpu_dispatch__ if numpy.__cpu_features__.get(name)]
    if not used:
        pytest.skip("NumPy has no code for this processor in particular")
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    env = os.environ | {"PYTHONPATH": paths, "NPY_DISABLE_CPU_FEATURES": " ".join(used)}
    code = (
        "from numpy._core._multiarray_umath import __cpu_features__ as has; "
        "from kbatch.registry import discover; import test_spaces as t; "
        "assert t.bits(discover()) == t.BITS; "
        f"assert not any(has[name] for name in {used})"
    )
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=300)


# ---- the way back --------------------------------------------------------------------------------


def test_every_colour_of_a_sample_comes_back(exact: Space) -> None:
    for rgb in (lattice(17), lattice(51) // 51, random_rgb(3, 10_000), random_rgb(4, 5000) // 16):
        assert np.array_equal(exact.inverse(exact.forward(rgb)), rgb)


@pytest.mark.slow
def test_every_colour_comes_back(exact: Space) -> None:
    blue = np.arange(256, dtype=np.uint8)
    for red in range(256):
        rgb = np.stack(np.meshgrid(red, blue, blue, indexing="ij"), -1).reshape(-1, 3)
        assert np.array_equal(exact.inverse(exact.forward(rgb.astype(np.uint8))), rgb)


def test_every_colour_comes_back_as_its_grey(registry: Registry) -> None:
    gray, rgb = registry.build("space", "gray"), random_rgb(5, 20_000)
    luma = np.asarray(Image.fromarray(rgb[None]).convert("L"))[0]
    assert np.array_equal(gray.inverse(gray.forward(rgb)), np.repeat(luma[:, None], 3, axis=1))


def cost_of(space: Space, rgb: U8, x: Any) -> F64:
    """Returns float64 (m, n), squared distances of n colours to m points."""
    made = space.forward(rgb.reshape(-1, 3)).astype(np.float64)
    cost: F64 = ((made[None] - x[:, None].astype(np.float64)) ** 2).sum(axis=2)
    return cost


@pytest.mark.parametrize("seed", range(3))
def test_the_inverse_is_the_nearest_of_many(space: Space, seed: int) -> None:
    """Of a box around it that is the nearest; in a few of thousands another is nearer by a hair."""
    first, second = space.forward(random_rgb(seed, 60)), space.forward(random_rgb(seed + 9, 60))
    x = (first + second) / np.float32(2)
    found = space.inverse(x)
    for colour, point in zip(found, x, strict=True):
        ranges = (range(max(v - 7, 0), min(v + 8, 256)) for v in colour.tolist())
        box = np.stack(np.meshgrid(*ranges, indexing="ij"), -1).reshape(-1, 3).astype(np.uint8)
        had = cost_of(space, colour, point[None])[0, 0]
        assert had <= 1.01 * cost_of(space, box, point[None]).min() + 1e-9


def test_points_of_no_colour_go_to_the_nearest_there_is(opponent: Space) -> None:
    rng = np.random.default_rng(6)
    x = opponent.forward(random_rgb(7, 200)) * np.array([1, 1.8, 1.8], np.float32)
    x[:, 0] += rng.normal(0, 20, 200).astype(np.float32)
    had = np.array(
        [
            cost_of(opponent, *pair)[0, 0]
            for pair in zip(opponent.inverse(x), x[:, None], strict=True)
        ]
    )
    assert (had <= cost_of(opponent, lattice(15), x).min(axis=1)).mean() > 0.99


def test_points_beyond_measure_go_to_some_colour(space: Space) -> None:
    x = np.array([[1e10, 9e9, 8e9], [-1e10, 0, 0], [0, -1e10, 1e10]], np.float32)
    assert space.inverse(x).dtype == np.uint8
    assert space.inverse(x)[1].tolist() == [0, 0, 0]


# ---- alpha ---------------------------------------------------------------------------------------


def test_every_colour_with_alpha_comes_back(exact: Space) -> None:
    rgba = np.random.default_rng(8).integers(0, 256, (20_000, 4)).astype(np.uint8)
    rgba[::2, 3] //= 50
    rgba[rgba[:, 3] == 0] = 0
    assert np.array_equal(from_space(to_space(rgba, exact), exact), rgba)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", EXACT)
def test_entries_with_alpha_are_those_of_their_pixels(name: str, metric: str) -> None:
    """Two colours an entry, a pixel more of one: saturated ones, whose axes are below 0 too."""
    colours = np.array([[0, 0, 0, 0], [0, 90, 255, 128], [30, 200, 20, 200], [255, 30, 40, 3]])
    near = colours + np.array([[0, 0, 0, 0], [2, 2, -2, 0], [2, 2, 2, 0], [-2, 2, 2, 0]])
    pixels = np.concatenate([colours.repeat(4, axis=0), near.repeat(3, axis=0)])
    result = kbatch.quantize(pixels[None].astype(np.uint8), 4, metric, space=name)
    assert result.palette[0].tolist() == [0, 0, 0, 0]
    for entry, colour, other in zip(
        result.palette[1:], colours[[3, 1, 2]], near[[3, 1, 2]], strict=True
    ):
        low, high = np.minimum(colour, other), np.maximum(colour, other)
        assert ((low <= entry) & (entry <= high)).all(), (entry, colour, other)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_clear_stays_clear_and_costs_nothing(name: str, metric: str) -> None:
    pixels = np.random.default_rng(9).integers(0, 256, (40, 50, 4)).astype(np.uint8)
    pixels[:20, :, 3] = 0
    pixels[20:30, :, 3] = 255
    result = kbatch.quantize(pixels, 12, metric, space=name)
    made = result.palette[result.indices]
    assert not made[:20].any()
    assert made[20:30, :, 3].mean() > 220
    pixels[:20, :, :3] = 99
    again = kbatch.quantize(pixels, 12, metric, space=name)
    assert np.array_equal(again.palette[again.indices], made)


# ---- clustering in them --------------------------------------------------------------------------


def some_picture(seed: int, channels: int = 3) -> U8:
    """Returns uint8 (24, 32, C): noise over a gradient, or over greys."""
    rng = np.random.default_rng(seed)
    slopes = rng.uniform(-8, 8, (2, channels)) if seed % 3 else np.full((2, channels), 3.3)
    y, x = np.mgrid[:24, :32]
    plain = 128 + (x - 16)[..., None] * slopes[0] + (y - 12)[..., None] * slopes[1]
    made: U8 = (plain + rng.integers(-9, 10, plain.shape)).clip(0, 255).astype(np.uint8)
    return made


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.sampled_from(METRICS),
    st.integers(0, 2**32 - 1),
    st.integers(1, 256),
    st.sampled_from([3, 4]),
)
def test_any_palette_is_assigned_exactly(
    registry: Registry, name: str, metric: str, seed: int, k: int, channels: int
) -> None:
    """The compiled search against one center after the other: the same labels and distances."""
    strategy, space = registry.build("strategy", metric), registry.build("space", name)
    colors = collect(Picture(some_picture(seed, channels)[None]))
    palette = np.random.default_rng(seed).choice(colors.rgba, k)
    where = points(colors, space)
    labels, cost = assign_with(strategy, where, to_space(palette, space))
    expected, least = assign_plain(strategy, where, to_space(palette, space))
    assert np.array_equal(labels, expected)
    assert np.array_equal(cost, least)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.sampled_from(METRICS),
    st.integers(0, 2**32 - 1),
    st.integers(1, 256),
    st.sampled_from(["plain", "fast", "balanced"]),
)
def test_each_pixel_has_its_nearest_entry_and_each_entry_a_pixel(
    registry: Registry, name: str, metric: str, seed: int, k: int, effort: Any
) -> None:
    strategy, space = registry.build("strategy", metric), registry.build("space", name)
    pixels = some_picture(seed)
    result = kbatch.quantize(pixels, k, metric, space=name, effort=effort)
    centers = space.forward(result.palette[:, :3])
    x = points(collect(Picture(pixels.reshape(1, 1, -1, 3))), space)
    flat = space.forward(pixels.reshape(-1, 3))
    cost = np.stack([strategy.distance(flat, center) for center in centers])
    assert np.array_equal(result.indices.reshape(-1), cost.argmin(axis=0))
    assert np.bincount(result.indices.reshape(-1)).min() > 0
    assert result.rendered.loss == pytest.approx(cost.min(axis=0).mean(), rel=1e-5)
    assert len(result.palette) == min(k, len(np.unique(x.x, axis=0)))
    off = result.palette[result.indices][..., :3].astype(float) - pixels
    assert result.rendered.sse == pytest.approx((off**2).sum(axis=2).mean())
    assert result.rendered.sad == pytest.approx(np.abs(off).sum(axis=2).mean())


@pytest.mark.parametrize("name", EXACT)
def test_a_picture_of_few_colours_keeps_them(name: str) -> None:
    pixels = some_picture(1, 4)[:4, :50]
    pixels[pixels[..., 3] == 0] = 0
    result = kbatch.quantize(pixels, 256, space=name)
    assert np.array_equal(result.palette[result.indices], pixels)


@pytest.mark.parametrize("metric", METRICS)
def test_a_space_is_where_its_own_loss_is_least(registry: Registry, metric: str) -> None:
    """Whoever clusters elsewhere pays for it here, on a picture of all hues."""
    strategy = registry.build("strategy", metric)
    y, x = np.mgrid[:80, :120]
    pixels = np.stack([2 * x, 3 * y, 255 - x - y], axis=2).astype(np.uint8)
    where = {
        name: points(collect(Picture(pixels[None])), registry.build("space", name))
        for name in EXACT
    }
    palettes = {
        name: kbatch.quantize(pixels, 24, metric, space=name).palette[:, :3] for name in EXACT
    }
    for name, here in where.items():
        space = registry.build("space", name)
        losses = {
            other: float(here.weight @ assign_with(strategy, here, to_space(palette, space))[1])
            for other, palette in palettes.items()
        }
        assert min(losses, key=losses.__getitem__) == name


def test_linear_keeps_the_light_of_a_picture() -> None:
    pixels = some_picture(2)
    light = textbook_light(pixels).mean(axis=(0, 1))
    off = {}
    for name in ("linear", "rgb"):
        result = kbatch.quantize(pixels, 4, space=name)
        made = textbook_light(result.palette[result.indices][..., :3]).mean(axis=(0, 1))
        off[name] = np.abs(made / light - 1).max()
    assert off["linear"] < 0.01 < 0.03 < off["rgb"]


# ---- gray ----------------------------------------------------------------------------------------


def is_grey(palette: U8) -> bool:
    return bool((palette[:, :1] == palette[:, 1:3]).all())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("init", ["split", "wu", "maximin", "kmeans++", "random"])
def test_gray_finds_every_grey_there_is(init: str, metric: str) -> None:
    pixels = random_rgb(10, 1200).reshape(30, 40, 3) // 3
    greys = np.unique(np.asarray(Image.fromarray(pixels).convert("L")))
    for k in (len(greys), 256):
        result = kbatch.quantize(pixels, k, metric, init=init, space="gray")
        assert result.palette[:, 0].tolist() == greys.tolist()
        assert is_grey(result.palette)
        assert result.rendered.loss == 0
        assert result.rendered.sse > 0


@pytest.mark.parametrize("k", [1, 2, 30, 256])
def test_gray_has_only_greys(k: int) -> None:
    assert is_grey(kbatch.quantize(some_picture(1), k, space="gray").palette)
    few = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 0, 0]]], np.uint8)
    assert is_grey(kbatch.quantize(few, k, space="gray").palette)


def test_entries_that_come_to_use_late_are_grey_too(registry: Registry) -> None:
    space, strategy = registry.build("space", "gray"), registry.build("strategy", "l2")
    colours = np.array([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 0, 0]]]], np.uint8)
    centers = np.array([[3, 3, 3], [3.2, 3.2, 3.2], [3.1, 3.1, 3.1]], np.float32)
    palette = make_palette(
        centers, Placed(collect(Picture(colours)), space), strategy, np.empty((0, 3), np.uint8)
    )
    assert palette.tolist() == [[3, 3, 3], [76, 76, 76], [150, 150, 150]]


@pytest.mark.parametrize("metric", METRICS)
def test_gray_and_rgb_are_one_for_a_grey_picture(metric: str) -> None:
    pixels = np.repeat(some_picture(2)[..., :1], 3, axis=2)
    gray, rgb = (kbatch.quantize(pixels, 9, metric, space=name) for name in ("gray", "rgb"))
    assert np.array_equal(gray.palette, rgb.palette)
    assert np.array_equal(gray.indices, rgb.indices)
    assert (gray.rendered.loss, gray.rendered.sse) == (rgb.rendered.loss, rgb.rendered.sse)


# ---- in a job ------------------------------------------------------------------------------------


def test_a_job_over_all_spaces(tmp_path: Path) -> None:
    Image.fromarray(some_picture(4)).save(tmp_path / "some.png")
    keys = {"input": str(tmp_path / "some.png"), "output": str(tmp_path / "out"), "k": 8}
    records = kbatch.run_job(keys | {"space": list(NAMES), "strategy": list(METRICS)})
    assert [record.status for record in records] == ["done"] * 10
    assert [record.output for record in records] == [
        f"some_K8_{metric.upper()}_{name}.png" for metric in METRICS for name in NAMES
    ]
    for record in records:
        with Image.open(tmp_path / "out" / str(record.output)) as image:
            off = np.asarray(image.convert("RGB"), float) - some_picture(4)
        assert record.space in NAMES
        assert record.sse == pytest.approx((off**2).sum(axis=2).mean())
        assert (record.loss == pytest.approx(record.sse)) == (
            (record.space, record.strategy) == ("rgb", "l2")
        )
