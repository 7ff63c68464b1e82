"""Ramps, dark and near-grey pictures gain as much as any: the search adapts to the picture."""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from oracles import best_of_greys, distinct, of_colours, picture, shared, squared_error

import kbatch
from kbatch.variants import EFFORTS

if TYPE_CHECKING:
    from kbatch.data import I64, U8
    from kbatch.registry import Registry

pytestmark = pytest.mark.usefixtures("kernels")

COARSE = [name for name, search in EFFORTS.items() if search.coarse]
GREYS = [(grey,) * 3 for grey in range(256)]
EVEN = np.array(GREYS, np.uint8)[None]
UNEVEN = of_colours(GREYS)


def sse(pixels: U8, k: int, effort: str = "balanced") -> int:
    """Returns the summed squared error of all pixels under K-Means with k entries."""
    result = kbatch.quantize(pixels, k, "l2", effort=effort)  # type: ignore[arg-type]
    assert len(result.palette) == k
    difference = result.palette[result.indices][..., :3].astype(np.int64) - pixels
    return int((difference**2).sum())


# ---- ramps ---------------------------------------------------------------------------------------


def test_the_oracle_of_greys_finds_what_trying_all_palettes_finds() -> None:
    rng = np.random.default_rng(0)
    for k in (1, 2, 3):
        grey = np.sort(rng.choice(12, 8, replace=False))
        count = rng.integers(1, 9, 8)
        tried = (
            (((grey[:, None] - palette) ** 2).min(axis=1) * count).sum()
            for palette in itertools.combinations(range(12), k)
        )
        assert best_of_greys(grey, count, k) == min(tried)


@pytest.mark.parametrize("strategy", ["l2", "l1"])
@pytest.mark.parametrize("effort", COARSE)
def test_a_ramp_of_256_greys_is_exact_with_256_entries(effort: str, strategy: str) -> None:
    for pixels in (EVEN, UNEVEN):
        result = kbatch.quantize(pixels, 256, strategy, effort=effort)  # type: ignore[arg-type]
        assert np.array_equal(result.palette[result.indices][..., :3], pixels)
        assert (result.rendered.sse, result.rendered.sad) == (0, 0)


@pytest.mark.parametrize("effort", COARSE)
@pytest.mark.parametrize("k", [12, 48, 128, 255])
@pytest.mark.parametrize("pixels", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_a_ramp_of_256_greys_is_near_its_optimum(pixels: U8, k: int, effort: str) -> None:
    colours, count, _ = distinct(pixels)
    grey = colours[:, 0].astype(np.int64)
    order = np.argsort(grey)
    best = 3 * best_of_greys(grey[order], count[order], k)
    near = {"balanced": 1.05, "thorough": 1.03}.get(effort, 1.1) if k == 48 else 1.1
    if k == 128:
        near = 1.15  # two greys an entry: rounding decides
    assert best <= sse(pixels, k, effort) <= near * best


# ---- dark and near-grey pictures, against scikit-learn -------------------------------------------


def scikit_learn(colours: U8, count: I64, k: int) -> int:
    """Returns the summed squared error of its K-Means on distinct colours, its palette rounded."""
    cluster = pytest.importorskip("sklearn.cluster")
    model = cluster.KMeans(k, n_init=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(colours.astype(float), sample_weight=count)
    return squared_error(colours, count, np.rint(model.cluster_centers_).astype(np.uint8))


def check(pixels: U8, k: int) -> None:
    colours, count, _ = distinct(pixels)
    assert sse(pixels, k) <= 1.01 * scikit_learn(colours, count, k)


@pytest.mark.parametrize("k", [12, 48])
@pytest.mark.parametrize("kind", ["dark", "near_grey", "ramp", "noise", "two_clouds"])
def test_generated_pictures_are_as_good_as_scikit_learns(kind: str, k: int) -> None:
    check(picture(kind, height=120, width=160), k)


@pytest.mark.parametrize("k", [12, 48])
@pytest.mark.parametrize("name", ["night-lossless.png", "artificial_gray16.png"])
def test_real_pictures_are_as_good_as_scikit_learns(name: str, k: int, registry: Registry) -> None:
    check(shared(f"photos/{name}", registry), k)
