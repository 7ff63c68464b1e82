"""Measures against other libraries and plain NumPy; alpha, frames, tiny pictures."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kbatch import quantize
from kbatch.builtin.color_difference import ciede2000
from kbatch.builtin.opponent import Lab
from kbatch.core import prepare, similarity
from kbatch.core.kernels.similarity import TAPS
from kbatch.data import Indexed, Picture
from kbatch.stages import MeasureSpec, Options

if TYPE_CHECKING:
    from kbatch.data import F64, U8
    from kbatch.registry import Registry
    from kbatch.stages import Measure

pytestmark = pytest.mark.usefixtures("kernels", "compiled")

NAMES = ("mse", "psnr", "max_error", "ssim", "ms_ssim", "delta_e", "entropy")
PERFECT = {"mse": 0, "psnr": math.inf, "max_error": 0, "ssim": 1, "ms_ssim": 1, "delta_e": 0}
DIGITS = 1e-5  # of six
SHARMA = """
50 2.6772 -79.7751 50 0 -82.7485 2.0425
50 3.1571 -77.2803 50 0 -82.7485 2.8615
50 2.8361 -74.0200 50 0 -82.7485 3.4412
50 -1.3802 -84.2814 50 0 -82.7485 1.0000
50 -1.1848 -84.8006 50 0 -82.7485 1.0000
50 -0.9009 -85.5211 50 0 -82.7485 1.0000
50 0 0 50 -1 2 2.3669
50 -1 2 50 0 0 2.3669
50 2.49 -0.001 50 -2.49 0.0009 7.1792
50 2.49 -0.001 50 -2.49 0.0010 7.1792
50 2.49 -0.001 50 -2.49 0.0011 7.2195
50 2.49 -0.001 50 -2.49 0.0012 7.2195
50 -0.001 2.49 50 0.0009 -2.49 4.8045
50 -0.001 2.49 50 0.0010 -2.49 4.8045
50 -0.001 2.49 50 0.0011 -2.49 4.7461
50 2.5 0 50 0 -2.5 4.3065
50 2.5 0 73 25 -18 27.1492
50 2.5 0 61 -5 29 22.8977
50 2.5 0 56 -27 -3 31.9030
50 2.5 0 58 24 15 19.4535
50 2.5 0 50 3.1736 0.5854 1.0000
50 2.5 0 50 3.2972 0 1.0000
50 2.5 0 50 1.8634 0.5757 1.0000
50 2.5 0 50 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""


@pytest.fixture(scope="module")
def compiled() -> None:
    """The kernels of measures, compiled before hypothesis looks at the clock."""
    prepare("difference")
    prepare("similarity")


def built(registry: Registry, name: str) -> Measure:
    measure: Measure = registry.build("measure", name)
    return measure


def score(registry: Registry, name: str, picture: Picture, indexed: Indexed) -> dict[str, float]:
    return dict(built(registry, name).measure(picture, indexed))


def waves(height: int, width: int, seed: int = 0) -> U8:
    """Returns uint8 (H, W, 3), soft colours with some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    soft = np.stack([np.sin(x / 9 + y / 17), np.cos(x / 13 - y / 7), np.sin(x * y / 400)], axis=-1)
    pixels: U8 = np.clip(128 + 100 * soft + rng.normal(0, 8, soft.shape), 0, 255).astype(np.uint8)
    return pixels


def result(pixels: U8, k: int = 8, seed: int = 1) -> tuple[Picture, Indexed]:
    """Returns frames (F, H, W, C) as a picture, and each pixel's nearest of k colours."""
    rng = np.random.default_rng(seed)
    flat = pixels.reshape(-1, pixels.shape[-1]).astype(int)
    palette = flat[rng.integers(0, len(flat), k)]
    indices = ((flat[:, None] - palette) ** 2).sum(axis=-1).argmin(axis=1)
    full = np.full((k, 4), 255, np.uint8)
    full[:, : palette.shape[1]] = palette
    return Picture(pixels), Indexed(indices.reshape(pixels.shape[:3]).astype(np.uint8), full)


def shown(indexed: Indexed) -> U8:
    """Returns uint8 (H, W, 3), the first frame of an opaque result."""
    made: U8 = indexed.palette[indexed.indices[0]][..., :3]
    return made


def luma(pixels: U8) -> F64:
    plane: F64 = pixels.astype(float) @ [0.299, 0.587, 0.114]
    return plane


# ---- pixels ------------------------------------------------------------------------------------


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**32))
def test_errors_are_those_of_numpy(
    registry: Registry, height: int, width: int, k: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (1, height, width, 3)).astype(np.uint8)
    picture, indexed = result(pixels, k, seed)
    off = pixels[0].astype(int) - shown(indexed)
    mse = score(registry, "mse", picture, indexed)
    assert mse == {"mse": pytest.approx((off**2).mean(), rel=1e-14)}
    assert score(registry, "max_error", picture, indexed) == {"max_error": np.abs(off).max()}


def test_errors_are_those_of_scikit_image(registry: Registry) -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="what is compared with")
    picture, indexed = result(waves(60, 70)[None])
    first, second = picture.pixels[0], shown(indexed)
    mse, psnr = (score(registry, name, picture, indexed)[name] for name in ("mse", "psnr"))
    assert mse == pytest.approx(metrics.mean_squared_error(first, second), rel=1e-12)
    theirs = metrics.peak_signal_noise_ratio(first, second)
    assert psnr == pytest.approx(theirs, rel=DIGITS)
    assert psnr == pytest.approx(20 * math.log10(255 / math.sqrt(mse)), rel=DIGITS)


def test_entropy_is_that_of_others(registry: Registry) -> None:
    skimage = pytest.importorskip("skimage.measure", reason="what is compared with")
    picture, indexed = result(waves(60, 70)[None])
    entropy = score(registry, "entropy", picture, indexed)["entropy"]
    share = np.bincount(indexed.indices.reshape(-1), minlength=256) / indexed.indices.size
    logs = np.log(share, out=np.zeros(256), where=share > 0)
    assert entropy == pytest.approx(-(share * logs).sum() / np.log(2), rel=DIGITS)
    assert entropy == pytest.approx(skimage.shannon_entropy(indexed.indices[0]), rel=DIGITS)


@pytest.mark.parametrize(("k", "bits"), [(1, 0), (2, 1), (16, 4), (256, 8)])
def test_entries_that_are_as_frequent_take_their_bits(
    registry: Registry, k: int, bits: int
) -> None:
    indices = np.arange(256).reshape(1, 16, 16) % k
    palette = np.zeros((k, 4), np.uint8)
    indexed = Indexed(indices.astype(np.uint8), palette)
    picture = Picture(np.zeros((1, 16, 16, 3), np.uint8))
    assert score(registry, "entropy", picture, indexed) == {"entropy": bits}


# ---- structure ---------------------------------------------------------------------------------


def windowed(x: F64, y: F64) -> tuple[float, float]:
    """Returns the SSIM, and contrast × structure, window by window as the paper says it."""
    along = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weight = np.outer(along, along) / along.sum() ** 2
    a, b = (np.lib.stride_tricks.sliding_window_view(plane, (11, 11)) for plane in (x, y))
    mean_a, mean_b = (a * weight).sum(axis=(2, 3)), (b * weight).sum(axis=(2, 3))
    off_a, off_b = a - mean_a[..., None, None], b - mean_b[..., None, None]
    spread_a = (off_a**2 * weight).sum(axis=(2, 3))
    spread_b = (off_b**2 * weight).sum(axis=(2, 3))
    together = (off_a * off_b * weight).sum(axis=(2, 3))
    c1, c2 = 2.55**2, 7.65**2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    structure = (2 * together + c2) / (spread_a + spread_b + c2)
    return float((luminance * structure).mean()), float(structure.mean())


def scikit(x: F64, y: F64, **more: float) -> float:
    metrics = pytest.importorskip("skimage.metrics", reason="what is compared with")
    means: float = metrics.structural_similarity(
        x, y, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, **more
    )
    return means


@pytest.mark.parametrize("size", [(11, 11), (11, 40), (40, 11), (33, 47)])
def test_ssim_is_that_of_others(registry: Registry, size: tuple[int, int]) -> None:
    picture, indexed = result(waves(*size)[None], 6)
    planes = luma(picture.pixels[0]), luma(shown(indexed))
    ssim = score(registry, "ssim", picture, indexed)["ssim"]
    assert 0 < ssim < 0.99
    assert ssim == pytest.approx(windowed(*planes)[0], abs=1e-11)
    assert ssim == pytest.approx(scikit(*planes), abs=1e-11)


def test_contrast_and_structure_are_those_of_others() -> None:
    x, y = luma(waves(40, 50)), luma(waves(40, 50, seed=2))
    ssim, structure = similarity(x, y)
    assert (ssim, structure) == pytest.approx(windowed(x, y), abs=1e-11)
    # a luminance that is 1 everywhere, as a constant without end makes it
    assert structure == pytest.approx(scikit(x, y, K1=1e6), abs=1e-9)


def test_the_window_is_a_gaussian_that_sums_to_one() -> None:
    along = [math.exp(-0.5 * (distance / 1.5) ** 2) for distance in range(-5, 6)]
    share = [weight / math.fsum(along) for weight in along]
    assert pytest.approx(share[:6], rel=1e-15) == TAPS


def test_ssim_is_the_same_either_way_and_one_only_for_the_same() -> None:
    x, y = luma(waves(30, 30)), luma(waves(30, 30, seed=5))
    assert similarity(x, y) == similarity(y, x)
    assert similarity(x, x) == (1.0, 1.0)
    assert similarity(x, y)[0] < 1
    assert similarity(x, 255 - x)[1] < 0


WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@pytest.mark.parametrize("size", [(161, 161), (176, 190), (163, 225)])
def test_ms_ssim_is_that_of_others(registry: Registry, size: tuple[int, int]) -> None:
    transform = pytest.importorskip("skimage.transform", reason="what is compared with")
    picture, indexed = result(waves(*size)[None], 6)
    x, y = luma(picture.pixels[0]), luma(shown(indexed))
    ours = score(registry, "ms_ssim", picture, indexed)["ms_ssim"]
    plain = theirs = 1.0
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        plain *= windowed(x, y)[0 if last else 1] ** weight
        theirs *= (scikit(x, y) if last else scikit(x, y, K1=1e6)) ** weight
        odd = [(0, side % 2) for side in x.shape]
        x, y = (
            transform.downscale_local_mean(np.pad(plane, odd, mode="symmetric"), (2, 2))
            for plane in (x, y)
        )
    assert 0 < ours < 0.999
    assert ours == pytest.approx(plain, rel=DIGITS)
    assert ours == pytest.approx(theirs, rel=DIGITS)


def test_a_negative_picture_has_no_ms_ssim_at_all(registry: Registry) -> None:
    pixels = np.repeat(waves(161, 161)[..., :1], 3, axis=-1)
    picture, indexed = result(pixels[None], 32)
    negative = replace(indexed, palette=indexed.palette ^ np.array([255, 255, 255, 0], np.uint8))
    assert score(registry, "ms_ssim", picture, negative) == {"ms_ssim": 0}


# ---- colour ------------------------------------------------------------------------------------


def sharma() -> tuple[F64, F64, F64]:
    rows = np.array([line.split() for line in SHARMA.split("\n") if line], float)
    assert rows.shape == (34, 7)
    return rows[:, :3].T, rows[:, 3:6].T, rows[:, 6]


def test_ciede2000_is_that_of_its_published_pairs() -> None:
    first, second, expected = sharma()
    assert np.abs(ciede2000(first, second) - expected).max() <= 0.5e-4 + 1e-9
    assert np.abs(ciede2000(second, first) - expected).max() <= 0.5e-4 + 1e-9


def many_labs() -> tuple[F64, F64]:
    rng = np.random.default_rng(0)
    first, second = rng.uniform(-1, 1, (2, 3, 3000)) * np.array([[50], [100], [100]])
    second[:, ::2] = first[:, ::2] + rng.normal(0, 2, (3, 1500))
    first[1:, :50] = 0
    for lab in (first, second):
        lab[0] += 50
    return first, second


def colour_science() -> Any:
    """Imports it, without the stand-ins for Matplotlib that it leaves where there is none."""
    found = pytest.importorskip("colour.difference", reason="what is compared with")
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "matplotlib" and not isinstance(module, ModuleType):
            del sys.modules[name]
    return found


def test_ciede2000_is_that_of_scikit_image() -> None:
    color = pytest.importorskip("skimage.color", reason="what is compared with")
    first, second = many_labs()
    theirs = color.deltaE_ciede2000(first.T, second.T)
    assert np.abs(ciede2000(first, second) - theirs).max() < 1e-9


def test_ciede2000_is_that_of_colour_science() -> None:
    difference = colour_science()
    first, second = many_labs()
    theirs = difference.delta_E_CIE2000(first.T, second.T)
    assert np.abs(ciede2000(first, second) - theirs).max() < 1e-9


def test_lab_of_colours_is_that_of_scikit_image() -> None:
    color = pytest.importorskip("skimage.color", reason="what is compared with")
    rgb = np.random.default_rng(0).integers(0, 256, (500, 3)).astype(np.uint8)
    lab = Lab(Options()).place(rgb).T / 2.55
    assert np.abs(lab - color.rgb2lab(rgb[None])[0]).max() < 0.01  # digits of the white point


@pytest.mark.parametrize("k", [1, 7])
def test_delta_e_is_that_of_all_pixels(registry: Registry, k: int) -> None:
    picture, indexed = result(waves(40, 50)[None], k)
    lab = Lab(Options())
    first = lab.place(picture.pixels[0].reshape(-1, 3)) / 2.55
    off = ciede2000(first, lab.place(shown(indexed).reshape(-1, 3)) / 2.55)
    told = score(registry, "delta_e", picture, indexed)
    assert told["delta_e"] == pytest.approx(off.mean(), rel=DIGITS)
    at = np.percentile(off, 95, method="inverted_cdf")
    assert told["delta_e_p95"] == pytest.approx(at, rel=DIGITS)


def test_delta_e_of_a_picture_is_that_of_other_libraries(registry: Registry) -> None:
    color = pytest.importorskip("skimage.color", reason="what is compared with")
    picture, indexed = result(waves(40, 50)[None])
    labs = color.rgb2lab(picture.pixels[0]), color.rgb2lab(shown(indexed))
    told = score(registry, "delta_e", picture, indexed)
    assert told["delta_e"] == pytest.approx(color.deltaE_ciede2000(*labs).mean(), rel=1e-3)
    difference = colour_science()
    off = difference.delta_E_CIE2000(*labs)
    assert told["delta_e"] == pytest.approx(off.mean(), rel=1e-3)
    assert told["delta_e_p95"] == pytest.approx(np.percentile(off, 95), rel=1e-2)


# ---- what they are for ------------------------------------------------------------------------


def test_dithering_is_better_from_afar_only(registry: Registry) -> None:
    """What docs/jobs.md says of a gradient in few colours."""
    steps = np.linspace(0, 255, 320)
    gradient = np.stack([steps * 0.5 + 60, steps * 0.3 + 100, 255 - steps * 0.4], axis=-1)
    pixels = np.repeat(gradient[None].astype(np.uint8), 200, axis=0)
    told = {}
    for dither in ("none", "floyd-steinberg"):
        made = quantize(pixels, 8, dither=dither)
        indexed = Indexed(made.indices.reshape(1, 200, 320), made.palette)
        told[dither] = {
            name: score(registry, name, Picture(pixels[None]), indexed)[name] for name in NAMES
        }
    bands, grain = told["none"], told["floyd-steinberg"]
    assert bands["ssim"] > 0.97
    assert bands["ssim"] > grain["ssim"] + 0.05
    assert bands["psnr"] > grain["psnr"] + 1
    assert bands["ms_ssim"] < grain["ms_ssim"]


# ---- what they have in common ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_columns_are_announced(registry: Registry, name: str) -> None:
    entry = registry.find("measure", name)
    assert entry is not None
    assert isinstance(entry.spec, MeasureSpec)
    picture, indexed = result(np.stack([waves(20, 20), waves(20, 20, seed=3)]))
    told = score(registry, name, picture, indexed)
    assert list(told) == [column.name for column in entry.spec.columns]
    first = Picture(picture.pixels[:1]), replace(indexed, indices=indexed.indices[:1])
    still = score(registry, name, *first)
    assert list(still) == [column for column in told if not column.endswith("_worst")]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "entropy"])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_perfect_result_gets_the_best_number(
    registry: Registry, name: str, channels: int
) -> None:
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (9, 4)).astype(np.uint8)
    palette[:, 3] = 255 if channels == 3 else palette[:, 3]
    indices = rng.integers(0, 9, (1, 165, 165)).astype(np.uint8)
    picture = Picture(np.ascontiguousarray(palette[indices][..., :channels]))
    told = score(registry, name, picture, Indexed(indices, palette))
    assert told[name] == PERFECT[name]
    if name == "delta_e":
        assert told["delta_e_p95"] == 0


def on(ground: int, rgba: U8) -> U8:
    """Lays colours on a grey, as Pillow does."""
    below = Image.new("RGBA", rgba.shape[1::-1], (ground, ground, ground, 255))
    below.alpha_composite(Image.fromarray(rgba))
    return np.asarray(below.convert("RGB"))


@pytest.mark.parametrize("name", ["mse", "psnr", "max_error", "ssim", "ms_ssim", "delta_e"])
@pytest.mark.parametrize("dark", [True, False])
def test_alpha_is_compared_on_the_ground_where_it_is_worse(
    registry: Registry, name: str, *, dark: bool
) -> None:
    """Dark shadows are seen on white, and light ones on black."""
    shade = waves(165, 170)
    pixels = np.dstack([shade // 8 if dark else 255 - shade // 8, shade[..., :1]])
    picture, indexed = result(pixels[None], 5)
    worse = 255 if dark else 0
    told = score(registry, name, picture, indexed)
    expected = {}
    for ground in (0, 255):
        opaque = Picture(on(ground, pixels)[None])
        palette = on(ground, indexed.palette[None])[0]
        full = np.dstack([palette[None], np.full((1, 5), 255, np.uint8)])[0]
        expected[ground] = score(registry, name, opaque, replace(indexed, palette=full))
    assert expected[0][name] != expected[255][name]
    # Pillow's rounding is another: half a level here and there
    assert told[name] == pytest.approx(expected[worse][name], rel=0.02)
    assert told[name] != pytest.approx(expected[255 - worse][name], rel=0.02)


def test_what_cant_be_seen_counts_nothing(registry: Registry) -> None:
    pixels = np.zeros((1, 20, 20, 4), np.uint8)
    pixels[0, :, :10] = 200, 100, 50, 255
    palette = np.array([[0, 0, 0, 0], [200, 100, 50, 255]], np.uint8)
    indices = (pixels[..., 3] > 0).astype(np.uint8)
    for name in ("mse", "ssim", "delta_e"):
        told = score(registry, name, Picture(pixels), Indexed(indices, palette))
        assert told[name] == PERFECT[name]
    palette[0] = 90, 80, 70, 0
    assert score(registry, "mse", Picture(pixels), Indexed(indices, palette)) == {"mse": 0}


def test_a_transparent_result_of_an_opaque_picture_is_wrong(registry: Registry) -> None:
    picture = Picture(np.full((1, 2, 2, 3), 255, np.uint8))
    indexed = Indexed(np.zeros((1, 2, 2), np.uint8), np.zeros((1, 4), np.uint8))
    assert score(registry, "max_error", picture, indexed) == {"max_error": 255}


@pytest.mark.parametrize("name", ["mse", "ssim", "ms_ssim", "delta_e"])
def test_frames_have_a_mean_and_a_worst(registry: Registry, name: str) -> None:
    pixels = np.stack([waves(165, 165, seed) for seed in range(3)])
    pixels[1] //= 2
    picture, indexed = result(pixels, 6)
    each = [
        score(registry, name, Picture(pixels[[i]]), replace(indexed, indices=indexed.indices[[i]]))
        for i in range(3)
    ]
    scores = [one[name] for one in each]
    assert len(set(scores)) == 3
    told = score(registry, name, picture, indexed)
    assert told[name] == pytest.approx(np.mean(scores), rel=DIGITS)
    assert told[f"{name}_worst"] == (min if "ssim" in name else max)(scores)
    if name == "delta_e":
        tails = [one["delta_e_p95"] for one in each]
        assert told["delta_e_p95"] == pytest.approx(np.mean(tails), rel=DIGITS)


def test_psnr_of_frames_is_that_of_their_mean_error(registry: Registry) -> None:
    pixels = np.stack([np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 10, np.uint8)])
    indexed = Indexed(np.zeros((2, 4, 4), np.uint8), np.array([[0, 0, 0, 255]], np.uint8))
    told = score(registry, "psnr", Picture(pixels), indexed)
    assert told["psnr"] == pytest.approx(10 * math.log10(255**2 / 50), rel=DIGITS)
    assert told["psnr_worst"] == pytest.approx(10 * math.log10(255**2 / 100), rel=DIGITS)
    assert score(registry, "max_error", Picture(pixels), indexed) == {"max_error": 10}


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (10, 200), (11, 1), (160, 400)])
@pytest.mark.parametrize("channels", [3, 4])
def test_what_a_window_doesnt_fit_in_has_no_number(
    registry: Registry, size: tuple[int, int], channels: int
) -> None:
    pixels = np.dstack([waves(*size), waves(*size, seed=1)])[..., :channels]
    picture, indexed = result(np.ascontiguousarray(pixels)[None])
    told = {
        name: number
        for measure in NAMES
        for name, number in score(registry, measure, picture, indexed).items()
    }
    unknown = {name for name, number in told.items() if math.isnan(number)}
    assert unknown == ({"ssim", "ms_ssim"} if min(size) < 11 else {"ms_ssim"})


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 9))
def test_the_order_of_entries_means_nothing(registry: Registry, seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (1, 12, 13, 4)).astype(np.uint8)
    picture, indexed = result(pixels, k, seed)
    order = rng.permutation(k)
    place = np.argsort(order).astype(np.uint8)
    other = replace(indexed, palette=indexed.palette[order], indices=place[indexed.indices])
    for name in NAMES:
        told = score(registry, name, picture, indexed)
        assert score(registry, name, picture, other) == pytest.approx(told, rel=1e-5, nan_ok=True)


def test_inputs_are_never_changed(registry: Registry) -> None:
    picture, indexed = result(np.dstack([waves(20, 20), waves(20, 20)[..., :1]])[None])
    arrays: list[Any] = [picture.pixels, indexed.indices, indexed.palette]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    for name in NAMES:
        score(registry, name, picture, indexed)
    assert all(map(np.array_equal, arrays, before))
