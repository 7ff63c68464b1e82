"""Error diffusion: the same as the plain serial loop, and what a ditherer must keep."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kbatch.core import diffuse
from kbatch.core.kernels.lanes import LANES
from kbatch.testing import random_picture

if TYPE_CHECKING:
    from kbatch.data import I64, U8

pytestmark = pytest.mark.usefixtures("kernels")

WEIGHTS = np.array([98, 42, 70, 14])  # Floyd and Steinberg's at 0.875
FEW = 32
SIZES = ((1, 1), (1, 40), (40, 1), (2, 2), (LANES - 1, 7), (LANES, 33), (LANES + 1, 3), (50, 70))


class Stored:
    """The nearest entry by squared differences of stored values, premultiplied."""

    euclidean = True

    def __init__(self, palette: U8) -> None:
        self._palette = palette

    def __call__(self, rgba: U8) -> U8:
        palette = self._palette[:, : rgba.shape[1]]
        x, entries = (quarters(colours) for colours in (rgba, palette))
        distance = ((x[:, None] - entries) ** 2).sum(axis=-1)
        chosen: U8 = distance.argmin(axis=1).astype(np.uint8)
        return chosen


class Manhattan(Stored):
    """The same by absolute differences, which no loop knows."""

    euclidean = False

    def __call__(self, rgba: U8) -> U8:
        palette = self._palette[:, : rgba.shape[1]].astype(int)
        distance = np.abs(rgba.astype(int)[:, None] - palette).sum(axis=-1)
        chosen: U8 = distance.argmin(axis=1).astype(np.uint8)
        return chosen


def quarters(rgba: U8) -> I64:
    """Returns quarters of a level, premultiplied, rounded half up."""
    values = 4 * rgba.astype(np.int64)
    if rgba.shape[-1] == 4:
        values[..., :3] = (2 * values[..., :3] * rgba[..., 3:].astype(int) + 255) // 510
    return values


def serial(pixels: U8, given: U8, palette: U8, nearest: Any, weights: Any) -> U8:
    """Diffuses errors pixel by pixel, in whole numbers of Python."""
    channels = pixels.shape[-1]
    values, entries = quarters(pixels), quarters(palette[:, :channels])
    chosen = given.copy()
    for frame, picture in enumerate(values):
        height, width = picture.shape[:2]
        error = np.zeros((height + 1, width + 2, channels), np.int64)
        for y in range(height):
            for x in range(width):
                if channels == 4 and pixels[frame, y, x, 3] == 0:
                    continue
                came = (
                    weights[0] * error[y + 1, x]
                    + weights[1] * error[y, x + 2]
                    + weights[2] * error[y, x + 1]
                    + weights[3] * error[y, x]
                )
                to = np.clip(picture[y, x] + (came + 128 >> 8), 0, 1020)
                label = given[frame, y, x]
                if (to != picture[y, x]).any():
                    label = choose(to, palette, entries, nearest)
                chosen[frame, y, x] = label
                error[y + 1, x + 1] = to - entries[label]
    return chosen


def by_table(palette: U8, nearest: Any) -> bool:
    return len(palette) > FEW or not getattr(nearest, "euclidean", False)


def choose(to: I64, palette: U8, entries: I64, nearest: Any) -> int:
    """Returns the entry nearest to a value, or to the middle of its cell."""
    if by_table(palette, nearest):
        last = 63 if len(to) == 3 else 31
        cell = to * last + 512 >> 10
        if getattr(nearest, "euclidean", False):
            to = (2 * 1020 * cell + last) // (2 * last)
        else:
            return int(nearest(straight(cell, last))[0])
    return int(((to - entries) ** 2).sum(axis=1).argmin())


def straight(cell: I64, last: int) -> U8:
    """Returns the colour of a cell's middle, no brighter than its alpha allows."""
    if len(cell) == 4:
        cell[:3] = np.minimum(cell[:3], cell[3])
        bright = max(int(cell[3]), 1)
        colour = [(510 * int(place) + bright) // (2 * bright) for place in cell[:3]]
        colour.append((510 * int(cell[3]) + last) // (2 * last))
        return np.array([colour], np.uint8)
    return ((510 * cell[None] + last) // (2 * last)).astype(np.uint8)


def made(
    channels: int, k: int, height: int, width: int, frames: int = 1, seed: int = 0
) -> tuple[U8, U8]:
    """Returns smooth and noisy pixels in turn, and a palette with a transparent entry."""
    rng = np.random.default_rng([seed, channels, k, height, width])
    pixels = rng.integers(0, 256, (frames, height, width, channels), dtype=np.uint8)
    pixels[:, :, width // 2 :] = np.linspace(0, 255, width - width // 2, dtype=np.uint8)[:, None]
    if channels == 4:
        alpha = rng.choice(np.array([0, 1, 100, 254, 255, 255], np.uint8), pixels.shape[:3])
        pixels[..., 3] = alpha
        pixels[alpha == 0] = 0
    palette = rng.integers(0, 256, (k, 4), dtype=np.uint8)
    palette[0] = 0
    palette[1:, 3] |= 255 * (rng.random(k - 1) < 0.5).astype(np.uint8)
    if channels == 3:
        palette[:, 3] = 255
    return pixels, palette


def nearest_of(pixels: U8, nearest: Any) -> U8:
    flat: U8 = nearest(pixels.reshape(-1, pixels.shape[-1]))
    return flat.reshape(pixels.shape[:3])


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_any_size_gives_the_serial_result(channels: int, size: tuple[int, int]) -> None:
    for k, kind in ((5, Stored), (40, Stored), (5, Manhattan)):
        pixels, palette = made(channels, k, *size)
        nearest = kind(palette)
        given = nearest_of(pixels, nearest)
        chosen = diffuse(pixels, given, palette, nearest, WEIGHTS)
        assert np.array_equal(chosen, serial(pixels, given, palette, nearest, WEIGHTS))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("k", [1, 2, 31, 32, 33, 255, 256])
def test_any_palette_gives_the_serial_result(channels: int, k: int) -> None:
    pixels, palette = made(channels, k, 33, 19, frames=2)
    nearest = Stored(palette)
    given = nearest_of(pixels, nearest)
    for weights in (WEIGHTS, [128, 64, 64, 0], [0, 0, 0, 0], [0, 0, 0, 256]):
        chosen = diffuse(pixels, given, palette, nearest, np.array(weights))
        assert np.array_equal(chosen, serial(pixels, given, palette, nearest, weights))


def test_colours_at_the_ends_of_the_range_overflow_nothing() -> None:
    for channels in (3, 4):
        for k in (8, 256):
            corners = np.array(np.meshgrid(*[[0, 255]] * channels)).T.reshape(-1, channels)
            palette = np.full((k, 4), 255, np.uint8)
            palette[:, :channels] = corners[np.arange(k) % len(corners)]
            pixels = corners[np.arange(600) * 7 % len(corners)].astype(np.uint8)
            pixels = pixels.reshape(1, 20, 30, channels)
            given = np.full(pixels.shape[:3], k - 1, np.uint8)
            nearest = Stored(palette)
            chosen = diffuse(pixels, given, palette, nearest, WEIGHTS)
            assert np.array_equal(chosen, serial(pixels, given, palette, nearest, WEIGHTS))


def test_frames_are_diffused_one_by_one() -> None:
    pixels, palette = made(3, 12, 33, 20, frames=3)
    nearest = Stored(palette)
    given = nearest_of(pixels, nearest)
    chosen = diffuse(pixels, given, palette, nearest, WEIGHTS)
    for frame in range(3):
        one = slice(frame, frame + 1)
        alone = diffuse(pixels[one], given[one], palette, nearest, WEIGHTS)
        assert np.array_equal(chosen[one], alone)


@pytest.mark.parametrize("k", [20, 200])
def test_a_picture_whose_colours_are_all_there_stays_as_it_is(k: int) -> None:
    rng = np.random.default_rng(k)
    palette = np.full((k, 4), 255, np.uint8)  # neighbours share cells of a table
    palette[:, :3] = np.stack(np.unravel_index(np.arange(k), (6, 6, 6)), axis=1) + 100
    given = rng.integers(0, k, (1, 40, 40)).astype(np.uint8)
    pixels = palette[given][..., :3]
    assert np.array_equal(diffuse(pixels, given, palette, Stored(palette), WEIGHTS), given)


def test_transparent_pixels_keep_their_entry_and_part_what_is_beside_them() -> None:
    pixels, palette = made(4, 6, 20, 30)
    pixels[:, :, 15] = 0  # no error comes through a transparent column of two
    pixels[:, :, 16] = 0
    nearest = Stored(palette)
    given = nearest_of(pixels, nearest)
    chosen = diffuse(pixels, given, palette, nearest, WEIGHTS)
    assert (chosen[pixels[..., 3] == 0] == 0).all()
    right = np.s_[:, :, 17:]
    alone = diffuse(pixels[right], given[right], palette, nearest, WEIGHTS)
    assert np.array_equal(chosen[right], alone)


def test_no_error_comes_to_a_transparent_pixel_or_from_it() -> None:
    pixels, palette = made(4, 40, 20, 30)
    nearest = Manhattan(palette)  # as every picture with alpha: by table
    given = nearest_of(pixels, nearest)
    clear = pixels[..., 3] == 0
    given[clear] = 7  # far from what a transparent pixel is
    chosen = diffuse(pixels, given, palette, nearest, WEIGHTS)
    assert (chosen[clear] == 7).all()
    given[clear] = 0
    again = diffuse(pixels, given, palette, nearest, WEIGHTS)
    assert np.array_equal(chosen[~clear], again[~clear])


def test_what_is_given_is_not_changed_and_need_not_be_contiguous() -> None:
    pixels, palette = made(3, 50, 30, 20)
    nearest = Stored(palette)
    given = nearest_of(pixels, nearest)
    before = pixels.copy(), given.copy(), palette.copy()
    chosen = diffuse(pixels, given, palette, nearest, WEIGHTS)
    turned = np.asfortranarray(pixels), np.asfortranarray(given), np.asfortranarray(palette)
    assert np.array_equal(diffuse(*turned, nearest, WEIGHTS), chosen)
    for was, now in zip(before, (pixels, given, palette), strict=True):
        assert np.array_equal(was, now)


def test_threads_at_once_give_the_same() -> None:
    pixels, palette = made(3, 100, 120, 90)
    nearest = Stored(palette)
    given = nearest_of(pixels, nearest)
    found: list[U8] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(diffuse(pixels, given, palette, nearest, WEIGHTS))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(found[0], other) for other in found)


CHECKSUM = """
import zlib
from test_dither import WEIGHTS, Stored, diffuse, made, nearest_of
for channels in (3, 4):
    for k in (16, 100):
        pixels, palette = made(channels, k, 40, 50)
        given = nearest_of(pixels, Stored(palette))
        print(zlib.crc32(diffuse(pixels, given, palette, Stored(palette), WEIGHTS)))
"""


@pytest.mark.slow
def test_any_processor_gives_the_same() -> None:
    here, root = Path(__file__).parent, Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(here)])}
    found = [
        subprocess.run(
            [sys.executable, "-c", CHECKSUM],
            env=environment | more,
            capture_output=True,
            check=True,
        ).stdout
        for more in ({}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""})
    ]
    assert found[0] == found[1] != b""


def test_areas_look_right_from_afar() -> None:
    picture = random_picture(np.random.default_rng(0), 64, 64)
    ramp = np.linspace(40, 200, 64).astype(np.uint8)
    pixels = np.broadcast_to(ramp[:, None], picture.pixels.shape).copy()
    palette = np.full((4, 4), 255, np.uint8)
    palette[:, :3] = np.array([0, 80, 160, 255], np.uint8)[:, None]
    nearest = Stored(palette)
    given = nearest_of(pixels, nearest)
    strong = np.array([112, 48, 80, 16])
    chosen = diffuse(pixels, given, palette, nearest, strong)
    off = [
        np.abs(blocks(palette[indices][..., :3]) - blocks(pixels)).max()
        for indices in (given, chosen)
    ]
    assert off[1] < 8 < 30 < off[0]


def blocks(pixels: U8) -> Any:
    """Returns means of 16 x 8 pixels."""
    return pixels.reshape(4, 16, 8, 8, 3).mean(axis=(1, 3))
