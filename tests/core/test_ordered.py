"""Ordered dithering: the best pair of each colour, by the long way; a mask without a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kbatch.core import mix
from kbatch.core.mask import SIDE, blue_noise

if TYPE_CHECKING:
    from kbatch.data import F64, U8

pytestmark = pytest.mark.usefixtures("kernels")

CONTRAST = 0.2


def premultiplied(rgba: U8) -> F64:
    values = rgba.astype(float)
    if rgba.shape[-1] == 4:
        values[..., :3] = np.floor(values[..., :3] * values[..., 3:] * 4 / 255 + 0.5) / 4
    return values


def made(channels: int, k: int, seed: int = 0) -> tuple[U8, U8, U8]:
    """Returns pixels, their nearest entries, and a palette."""
    rng = np.random.default_rng([seed, channels, k])
    pixels = rng.integers(0, 256, (2, 21, 33, channels), dtype=np.uint8)
    palette = rng.integers(0, 256, (k, 4), dtype=np.uint8)
    palette[0] = 0
    if channels == 3:
        palette[:, 3] = 255
    else:
        pixels[rng.random(pixels.shape[:3]) < 0.3] = 0
        pixels[pixels[..., 3] == 0] = 0
    entries = premultiplied(palette[:, :channels])
    distance = ((premultiplied(pixels)[..., None, :] - entries) ** 2).sum(axis=-1)
    return pixels, distance.argmin(axis=-1).astype(np.uint8), palette


def gains(x: F64, entries: F64, first: int) -> tuple[Any, Any]:
    """Returns how far each second entry lowers what is minimised, and its share."""
    step = entries - entries[first]
    size, along = (step**2).sum(axis=1), step @ (x - entries[first])
    share = np.clip(along / np.maximum(size, 1e-9), 0, 0.5)
    mixed = entries[first] + share[:, None] * step
    cost = ((x - mixed) ** 2).sum(axis=1) + CONTRAST * share * (1 - share) * size
    return cost - ((x - entries[first]) ** 2).sum(), share


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("k", [1, 2, 9, 256])
def test_each_pixel_gets_one_of_the_best_pair_by_its_place(channels: int, k: int) -> None:
    pixels, given, palette = made(channels, k)
    entries, values = premultiplied(palette[:, :channels]), premultiplied(pixels)
    luma = entries[:, :3] @ [299, 587, 114]
    chosen = mix(pixels, given, palette)
    mixed = 0
    for place in np.ndindex(given.shape):
        first = int(given[place])
        gain, share = gains(values[place], entries, first)
        second = int(gain.argmin())
        if gain[second] > -1e-6 or (channels == 4 and pixels[place][3] == 0):
            assert chosen[place] == first
            continue
        close = np.flatnonzero(gain < gain[second] + 1e-3)  # as float32 may see it
        if len(close) > 1:
            assert chosen[place] in (first, *close)
            continue
        threshold = (blue_noise()[place[1] % SIDE, place[2] % SIDE] + 0.5) / 4096
        brighter = luma[second] > luma[first]
        bright = threshold < (share[second] if brighter else 1 - share[second])
        expected = second if bright == brighter else first
        if abs(threshold - share[second]) > 1e-3 < abs(threshold - 1 + share[second]):
            assert chosen[place] == expected
            mixed += 1
    assert mixed > 50 or k == 1


def test_what_stands_still_does_not_flicker() -> None:
    pixels, given, palette = made(3, 12)
    still = np.s_[:, 5:15, 7:30]
    pixels[1][5:15, 7:30] = pixels[0][5:15, 7:30]
    given[1][5:15, 7:30] = given[0][5:15, 7:30]
    first, second = mix(pixels, given, palette)[still]
    assert np.array_equal(first, second)


def test_exact_colours_stay_as_they_are() -> None:
    _, given, palette = made(3, 40)
    assert np.array_equal(mix(palette[given][..., :3], given, palette), given)


def test_a_mix_has_the_shares_of_its_colour() -> None:
    palette = np.array([[0, 0, 0, 255], [200, 200, 200, 255]], np.uint8)
    for level in (0, 20, 50, 99):
        for pair in (palette, palette[::-1].copy()):
            pixels = np.full((1, SIDE, SIDE, 3), level, np.uint8)
            given = np.full((1, SIDE, SIDE), int(pair[1, 0] == 0), np.uint8)
            mean = pair[mix(pixels, given, pair)][..., 0].mean()
            # what lowers the error by less than the contrast costs is not mixed
            assert mean == pytest.approx(level if level >= 50 else 0, abs=0.03)


def test_the_mask_has_each_threshold_once_and_always_is_the_same() -> None:
    mask = blue_noise()
    assert np.array_equal(np.sort(mask.ravel()), np.arange(SIDE * SIDE))
    blue_noise.cache_clear()
    assert np.array_equal(blue_noise(), mask)


def test_the_mask_has_no_coarse_pattern_at_any_level() -> None:
    steps = np.fft.fftfreq(SIDE)
    radius = np.hypot(steps[:, None], steps)
    for share in (0.1, 0.25, 0.5, 0.75):
        points = (blue_noise() < share * SIDE * SIDE) - share
        power = np.abs(np.fft.fft2(points)) ** 2
        low = power[(radius > 0) & (radius < 0.1)].mean()
        assert low < 0.06 * power.mean(), share  # white noise has as much there as anywhere
