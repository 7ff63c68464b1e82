"""The two strategies keep the contract, and the check of the contract finds who doesn't."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kbatch.data import Descent, Points, Stop
from kbatch.stages import CompiledStrategy, Strategy
from kbatch.testing import check_strategy

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.mark.parametrize("seed", range(3))
def test_the_contract(strategy: CompiledStrategy, seed: int) -> None:
    check_strategy(strategy, seed=seed)


def test_l2_is_the_squared_distance_and_the_mean(l2: CompiledStrategy) -> None:
    x = np.asfortranarray([[0, 0, 0], [3, 4, 12]], np.float32)
    assert l2.distance(x, x[0]).tolist() == [0, 169]
    assert l2.update(x, np.array([2.0, 1.0]), x[0]).tolist() == pytest.approx([1, 4 / 3, 4])


def test_l1_is_the_absolute_distance_and_the_lower_median(l1: CompiledStrategy) -> None:
    x = np.asfortranarray([[0, 7, 0], [3, 4, 12], [9, 1, 1]], np.float32)
    assert l1.distance(x, x[0]).tolist() == [0, 18, 16]
    assert l1.update(x, np.array([1.0, 1.0, 1.0]), x[0]).tolist() == [3, 4, 1]
    assert l1.update(x, np.array([2.0, 1.0, 1.0]), x[0]).tolist() == [0, 4, 0]
    assert l1.update(x[:2], np.array([1.0, 1.0]), x[0]).tolist() == [0, 4, 0]


# ---- the check itself ----------------------------------------------------------------------------


def test_a_sound_plain_strategy_passes(chebyshev: Strategy) -> None:
    check_strategy(chebyshev)


def halved_in_place(self: Any, x: F32, center: F32) -> F32:
    x *= np.float32(0.5)
    return np.abs(x - center).max(axis=1)  # type: ignore[no-any-return]


def random_each_time(self: Any, x: F32, center: F32) -> F32:
    return np.random.default_rng().random(len(x)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "method", "telling"),
    [
        ("distance", lambda _, x, c: (x - c) ** 2, "distance returned the shape"),
        ("distance", lambda _, x, c: ((x - c) ** 2).sum(1).astype(float), "float64"),
        ("distance", lambda _, x, c: list(x[:, 0]), "list"),
        ("distance", lambda _, x, c: (x - c).sum(axis=1), "negative"),
        ("distance", lambda _, x, c: 1000 - np.abs(x - c).max(axis=1), "at the center"),
        ("distance", lambda _, x, c: x[:, 0] / np.float32(np.inf) * np.float32("nan"), "finite"),
        ("distance", halved_in_place, "distance changed its arguments"),
        ("distance", random_each_time, "called again"),
        ("update", lambda _, x, w, c: x.astype(float).mean(axis=0), "update returned float64"),
        ("update", lambda _, x, w, c: x[:, 0], "update returned the shape"),
        ("update", lambda _, x, w, c: w.fill(1) or c, "update changed its arguments"),
    ],
)
def test_each_broken_part_is_named(
    chebyshev: Strategy, name: str, method: Callable[..., Any], telling: str
) -> None:
    broken = type("Broken", (type(chebyshev),), {name: method})()
    with pytest.raises(AssertionError, match=telling):
        check_strategy(broken)


class Proxy:
    """A compiled strategy whose methods can be broken."""

    def __init__(self, sound: CompiledStrategy) -> None:
        self._sound = sound

    def distance(self, x: F32, center: F32) -> F32:
        return self._sound.distance(x, center)

    def update(self, x: F32, weight: F64, center: F32) -> F32:
        return self._sound.update(x, weight, center)

    def assign(self, points: Points, centers: F32) -> tuple[U8, F32]:
        return self._sound.assign(points, centers)

    def descend(self, points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
        return self._sound.descend(points, centers, fixed, stop)


class Farther(Proxy):
    def distance(self, x: F32, center: F32) -> F32:
        return self._sound.distance(x, center) * np.float32(1.001)


class LastOfTies(Proxy):
    def assign(self, points: Points, centers: F32) -> tuple[U8, F32]:
        labels, cost = self._sound.assign(points, centers[::-1])
        return (len(centers) - 1 - labels).astype(np.uint8), cost


class MovesFixed(Proxy):
    def descend(self, points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
        return self._sound.descend(points, centers, 0, stop)


class StopsEarly(Proxy):
    def descend(self, points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
        return self._sound.descend(points, centers, fixed, Stop(2, 0.0))


class OldLabels(Proxy):
    def descend(self, points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
        found = self._sound.descend(points, centers, fixed, stop)
        labels, cost = self._sound.assign(points, centers)
        return Descent(found.centers, labels, cost, found.history, found.stopped)


class Counts(Proxy):
    def __init__(self, sound: CompiledStrategy) -> None:
        super().__init__(sound)
        self._calls = 0

    def descend(self, points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
        self._calls += 1
        return self._sound.descend(points, centers, fixed, Stop(self._calls, 0.0))


@pytest.mark.parametrize(
    ("broken", "telling"),
    [
        (Farther, "assign's distances disagree"),
        (LastOfTies, "ties go to the lowest index"),
        (MovesFixed, "moved fixed centers"),
        (StopsEarly, "final loss of descend"),
        (OldLabels, "descend's (labels|costs) are not"),
        (Counts, "descend returned something else"),
    ],
)
def test_each_disagreement_is_named(
    strategy: CompiledStrategy, broken: type[Proxy], telling: str
) -> None:
    with pytest.raises(AssertionError, match=telling):
        check_strategy(broken(strategy))
    check_strategy(Proxy(strategy))
