"""What strangers hand in is refused in words, or does no harm."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kbatch import pipeline
from kbatch.core import Placed, cluster, collect, descend_means, descend_medians, split_centers
from kbatch.core.kernels import jit
from kbatch.core.lloyd import OwnLoop, loop_of
from kbatch.data import Blocks, Picture, Points, Stop
from kbatch.testing import random_picture
from kbatch.variants import EFFORTS

if TYPE_CHECKING:
    from kbatch.data import F32, U8
    from kbatch.registry import Registry
    from kbatch.stages import CompiledStrategy, Strategy

pytestmark = pytest.mark.usefixtures("kernels")

STOP = Stop(20, 0.0, 0.8)


@pytest.fixture
def placed(registry: Registry) -> Placed:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 60, 60, 3), np.uint8)
    return Placed(collect(Picture(pixels)), registry.build("space", "rgb"))


@dataclasses.dataclass
class Gives:
    """An initializer that gives what it was told to."""

    made: F32

    def centers(self, points: Points, count: int, fixed: F32, strategy: Strategy, rng: Any) -> F32:
        return self.made


@pytest.mark.parametrize(
    "made",
    [np.zeros((9, 3)), np.zeros((7, 3)), np.zeros((8, 4)), np.full((8, 3), np.nan)],
    ids=["too many", "too few", "another space", "NaN"],
)
def test_centers_of_a_careless_initializer_are_refused(
    placed: Placed, strategy: CompiledStrategy, made: F32
) -> None:
    with pytest.raises(ValueError, match="gave no 8 finite centers"):
        cluster(placed, 8, strategy, Gives(made), search=EFFORTS["balanced"], seed=0)


@pytest.mark.parametrize("descend", [descend_means, descend_medians])
def test_weights_that_are_no_pixels_are_tallied_anew_though_there_are_blocks(
    placed: Placed, descend: Any
) -> None:
    changed = dataclasses.replace(placed.points, weight=placed.points.weight**0.5 + 0.01)
    start = np.ascontiguousarray(changed.x[::180][:20])
    alone = dataclasses.replace(changed, blocks=None)
    first, second = (descend(points, start, 0, STOP) for points in (changed, alone))
    assert np.array_equal(first.centers, second.centers)
    assert first.centers.min() >= 0
    assert first.centers.max() <= 255


def test_blocks_that_are_too_long_are_refused() -> None:
    x = np.asfortranarray(np.random.default_rng(1).random((600, 3)), np.float32)
    one = Blocks(np.array([0, 600]), x.min(axis=0)[None], x.max(axis=0)[None])
    with pytest.raises(ValueError, match="more than 512 points"):
        descend_means(Points(x, np.ones(600), one), x[:2].copy(), 0, STOP)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_coordinates_that_are_no_numbers_are_refused(value: float) -> None:
    x = np.asfortranarray(np.random.default_rng(2).random((50, 3)), np.float32)
    x[20, 1] = value
    with pytest.raises(ValueError, match=r"not finite|not numbers"):
        descend_means(Points(x, np.ones(50)), np.ascontiguousarray(x[19:22]), 0, STOP)


@pytest.mark.parametrize("shape", [(3, 2), (3, 5), (257, 3), (0, 3)])
def test_shapes_that_no_kernel_knows_are_refused(shape: tuple[int, int]) -> None:
    points = Points(np.zeros((300, shape[1]), np.float32, order="F"), np.ones(300))
    with pytest.raises(ValueError, match="centers for points"):
        descend_means(points, np.zeros(shape, np.float32), 0, STOP)


def test_points_of_doubles_are_taken(strategy: CompiledStrategy) -> None:
    x = np.random.default_rng(3).random((200, 3)) * 255
    points = Points(x, np.ones(200))  # type: ignore[arg-type]
    assert split_centers(points, 5, np.empty((0, 3), np.float32), strategy).shape == (5, 3)


@pytest.mark.parametrize("name", [None, "euclidean", "ciede2000"])
def test_a_metric_that_core_does_not_know_is_the_strategys_own(l2: Strategy, name: Any) -> None:
    class Named:
        metric = name

        def distance(self, x: F32, center: F32) -> F32:
            return l2.distance(x, center)

        def update(self, x: F32, weight: Any, center: F32) -> F32:
            return l2.update(x, weight, center)

    points = Points(np.zeros((2, 3), np.float32, order="F"), np.ones(2))
    assert isinstance(loop_of(Named(), points, 1), OwnLoop)


@dataclasses.dataclass
class Careless:
    """A ditherer that gives what a function makes of the indices."""

    make: Any

    def dither(self, pixels: U8, indices: U8, palette: U8, nearest: Any) -> U8:
        made: U8 = self.make(indices)
        return made


def in_place(indices: U8) -> U8:
    indices[:] = 0
    return indices


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda indices: indices.astype(np.int64), "expected uint8"),
        (lambda indices: indices[:, 1:].copy(), "expected uint8"),
        (lambda indices: indices + np.uint8(8), "below 8"),
        (in_place, "read-only"),
    ],
    ids=["dtype", "shape", "no entry", "in place"],
)
def test_what_a_careless_ditherer_gives_is_refused(
    registry: Registry, l2: CompiledStrategy, make: Any, why: str
) -> None:
    picture = random_picture(np.random.default_rng(4), 20, 20)
    space, writer = registry.build("space", "rgb"), registry.build("writer", "png")
    parts = pipeline.Parts(l2, registry.build("init", "split"), space, Careless(make), writer)
    placed = Placed(collect(picture), space)
    palette = placed.colors.rgba[:8]
    with pytest.raises(ValueError, match=why):
        pipeline.render(picture, placed, palette, parts)


def test_threads_that_ask_for_kernels_at_once_make_them_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []
    barrier = threading.Barrier(4)
    monkeypatch.setattr(jit, "_compile", lambda modules, folder: made.append(modules))
    jit._prepare.cache_clear()

    def ask() -> None:
        barrier.wait()
        jit.prepare()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
