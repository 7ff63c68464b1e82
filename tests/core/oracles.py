"""What results are compared with: pictures of every kind, and the long way to each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import kbatch

if TYPE_CHECKING:
    from kbatch.api import Quantized
    from kbatch.data import F64, I64, U8
    from kbatch.registry import Registry

SHARED = Path(__file__).parents[3] / "shared" / "images"  # beside the checkout, if anywhere

# ---- pictures ------------------------------------------------------------------------------------


def noise(rng: np.random.Generator, height: int, width: int) -> Any:
    return rng.integers(0, 256, (height, width, 3))


def dark(rng: np.random.Generator, height: int, width: int) -> Any:
    return rng.integers(0, 16, (height, width, 3))


def ramp(rng: np.random.Generator, height: int, width: int) -> Any:
    y, x = np.mgrid[:height, :width]
    slopes = rng.uniform(-3, 3, (2, 3))
    return 128 + (x - width / 2)[..., None] * slopes[0] + (y - height / 2)[..., None] * slopes[1]


def near_grey(rng: np.random.Generator, height: int, width: int) -> Any:
    grey = np.linspace(0, 255, width)[None, :, None]
    return grey + rng.integers(-1, 2, (height, width, 3))


def two_clouds(rng: np.random.Generator, height: int, width: int) -> Any:
    middles = rng.uniform(30, 225, (2, 3))
    return middles[rng.integers(0, 2, (height, width))] + rng.normal(0, 6, (height, width, 3))


def few_colours(rng: np.random.Generator, height: int, width: int) -> Any:
    some = rng.integers(0, 256, (rng.integers(1, 60), 3))
    return some[rng.integers(0, len(some), (height, width))]


KINDS: dict[str, Callable[[np.random.Generator, int, int], Any]] = {
    kind.__name__: kind for kind in (noise, dark, ramp, near_grey, two_clouds, few_colours)
}


def picture(kind: str, seed: int = 0, height: int = 60, width: int = 80) -> U8:
    """Returns uint8 (height, width, 3)."""
    pixels = KINDS[kind](np.random.default_rng(seed), height, width)
    made: U8 = np.rint(pixels).clip(0, 255).astype(np.uint8)
    return made


def of_colours(rows: Iterable[Iterable[int]], seed: int = 0) -> U8:
    """Returns uint8 (1, width, C): each colour at least once, some a hundred times."""
    colours = np.array(list(rows), np.uint8)
    count = np.random.default_rng(seed).geometric(0.05, len(colours))
    return np.repeat(colours, count, axis=0)[None]


def photo(name: str) -> U8:
    """Returns a photo of scikit-image's wheel, or skips the test."""
    data = pytest.importorskip("skimage.data", reason="the photo is scikit-image's")
    pixels: U8 = getattr(data, name)()
    return pixels


def shared(name: str, registry: Registry) -> U8:
    """Returns the first frame of a picture of the collection, or skips the test."""
    from kbatch.pipeline import Loaders, load

    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"shared/images/{name} is not beside the checkout")
    data = path.read_bytes()
    loader = Loaders({"icc": "ignore"}, registry).pick(path.name, data)
    first: U8 = load(data, path.name, loader).pixels[0]
    return first


# ---- the long way --------------------------------------------------------------------------------


def distinct(pixels: U8) -> tuple[U8, I64, I64]:
    """Returns uint8 (n, C) colours, int64 (n,) pixels of each, int64 (H*W,) each pixel's row."""
    padded = np.full((pixels[..., 0].size, 4), 255, np.uint8)
    padded[:, : pixels.shape[-1]] = pixels.reshape(-1, pixels.shape[-1])
    codes, row, count = np.unique(
        padded.view(np.uint32)[:, 0], return_inverse=True, return_counts=True
    )
    colours = np.ascontiguousarray(codes).view(np.uint8).reshape(-1, 4)
    return colours[:, : pixels.shape[-1]], count.astype(np.int64), row.reshape(-1).astype(np.int64)


def distance(x: Any, center: Any, metric: str) -> Any:
    """Returns (n,) distances, in whatever numbers x and center are."""
    difference = x - center
    return (difference**2 if metric == "l2" else abs(difference)).sum(axis=1)


def nearest(x: Any, centers: Any, metric: str) -> tuple[I64, Any]:
    """Returns the labels, ties to the lowest index, and the distances: one center at a time."""
    least = distance(x, centers[0], metric)
    labels = np.zeros(len(x), np.int64)
    for index, center in enumerate(centers[1:], 1):
        other = distance(x, center, metric)
        labels[other < least] = index
        least = np.minimum(least, other)
    return labels, least


def placed(rgba: U8) -> F64:
    """Returns float64 (n, 4): where colours with alpha are, seen from middle grey."""
    alpha = rgba[..., 3:].astype(float) / 255
    return np.concatenate([(rgba[..., :3] - 127.5) * alpha, alpha * 127.5 * 3**0.5], axis=-1)


def squared_error(colours: U8, count: I64, palette: U8) -> int:
    """Returns the summed squared error of opaque colours at their nearest entries."""
    _, least = nearest(colours.astype(np.int64), palette[:, :3].astype(np.int64), "l2")
    return int(least @ count)


def best_of_greys(grey: I64, count: I64, k: int) -> int:
    """Returns the least squared error that any k greys have, by dynamic programming.

    Args:
        grey: rising values.
        count: pixels of each.
        k: entries.
    """
    mass, first, second = (
        np.concatenate([[0], np.cumsum(count * grey**power)]) for power in range(3)
    )
    weight, total, squares = (sums[None] - sums[:, None] for sums in (mass, first, second))
    middle = (2 * total + weight) // np.maximum(2 * weight, 1)  # the nearest whole number
    cost = squares - 2 * middle * total + middle**2 * weight  # of one entry for begin to end
    never = np.iinfo(np.int64).max // 4
    cost[weight <= 0] = never
    least = cost[0]
    for _ in range(k - 1):
        least = np.minimum(least, (least[:, None] + cost).min(axis=0))
    return int(least[-1])


# ---- what every result must be -------------------------------------------------------------------


def check_result(pixels: U8, result: Quantized, k: int, metric: str) -> None:
    """Each pixel has its nearest entry, each entry a pixel, and no entry is missing or twice."""
    colours, _, row = distinct(pixels)
    palette, chosen = result.palette[:, : pixels.shape[-1]], result.indices.reshape(-1)
    assert len(palette) == min(k, len(colours))
    assert len(np.unique(palette, axis=0)) == len(palette)
    counts = np.bincount(chosen, minlength=len(palette))
    assert counts.min() > 0
    assert np.array_equal(result.rendered.counts, counts)
    if pixels.shape[-1] == 3:
        labels, _ = nearest(colours.astype(np.int64), palette.astype(np.int64), metric)
        assert np.array_equal(chosen, labels[row])
    else:  # in float32: nearest up to its rounding
        x, centers = placed(colours)[row], placed(palette)
        _, least = nearest(placed(colours), centers, metric)
        difference = x - centers[chosen]
        had = (difference**2 if metric == "l2" else abs(difference)).sum(axis=1)
        assert (had <= least[row] * (1 + 1e-5) + 1e-4).all()


def check(pixels: U8, k: int, metric: str, effort: Any = "balanced") -> None:
    """Quantises a picture and checks the result."""
    check_result(pixels, kbatch.quantize(pixels, k, metric, effort=effort), k, metric)
