"""The contract of a strategy, as a check that says which part of it is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kbatch.core import assign_plain, descend_plain
from kbatch.data import Descent, Points, Stop
from kbatch.stages import CompiledStrategy, Strategy
from kbatch.testing.samples import random_points

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbatch.data import F32, U8

T = TypeVar("T")

CLOSE = 1e-6  # relative, for distances and losses
CENTER = 1e-3  # absolute, for the coordinates of centers
TO_THE_END = Stop(limit=1000, tolerance=0.0)


def check_strategy(strategy: Strategy, *, seed: int = 0) -> None:
    """Checks that a strategy keeps its contract on random weighted points of 3 and 4 dimensions.

    Distances have their shape and dtype, are never negative and nowhere less than at the center;
    updates are one finite point; inputs are not changed; calls repeat. The compiled methods of a
    `CompiledStrategy` agree with the plain loop made of its `distance` and `update`.

    Args:
        strategy: what is checked.
        seed: of the random points.

    Raises:
        AssertionError: a part of the contract is broken; the text says which.
    """
    rng = np.random.default_rng(seed)
    for dimensions in (3, 4):
        for whole in (True, False):
            points = random_points(rng, 700, dimensions=dimensions, whole=whole)
            _check_distance(strategy, points)
            _check_update(strategy, points)
            if isinstance(strategy, CompiledStrategy):
                for k in (1, 6, 13):
                    centers = points.x[rng.choice(700, k, replace=False)]
                    _check_assign(strategy, points, centers)
                    _check_descend(strategy, points, centers, fixed=0)
                    _check_descend(strategy, points, centers, fixed=k // 3)
                _check_crowd(strategy, points)


# ---- the plain methods ---------------------------------------------------------------------------


def _check_distance(strategy: Strategy, points: Points) -> None:
    for center in (points.x[0], points.x.mean(axis=0)):
        distance = _undisturbed("distance", strategy.distance, points.x, center)
        _expect_array("distance", distance, (len(points.x),))
        assert (distance >= 0).all(), f"distance is negative: {distance.min()} at center {center}"
        here = strategy.distance(np.asfortranarray(center[None]), center)[0]
        assert here <= distance.min(), (
            f"distance is {here} at the center {center} itself, {distance.min()} elsewhere"
        )


def _check_update(strategy: Strategy, points: Points) -> None:
    for size in (1, 2, len(points.x)):
        x, weight = points.x[:size], points.weight[:size]
        center = _undisturbed("update", strategy.update, x, weight, points.x[-1])
        _expect_array("update", center, (x.shape[1],))


def _expect_array(method: str, value: Any, shape: tuple[int, ...]) -> None:
    assert isinstance(value, np.ndarray), f"{method} returned {type(value).__name__}, not an array"
    assert value.shape == shape, f"{method} returned the shape {value.shape}, expected {shape}"
    assert value.dtype == np.float32, f"{method} returned {value.dtype}, expected float32"
    assert np.isfinite(value).all(), f"{method} returned values that are not finite"


# ---- the compiled methods ------------------------------------------------------------------------


def _check_assign(strategy: CompiledStrategy, points: Points, centers: F32) -> None:
    labels, cost = _undisturbed("assign", strategy.assign, points, centers)
    _expect_labels("assign", labels, points, centers)
    _expect_array("assign", cost, (len(points.x),))
    plain_labels, plain_cost = assign_plain(strategy, points, centers)
    _expect_close("assign's distances", cost, plain_cost)
    for i in np.flatnonzero(labels != plain_labels):
        taken = strategy.distance(points.x[i : i + 1], centers[labels[i]])
        tie = taken[0] != plain_cost[i] and np.allclose(taken[0], plain_cost[i], rtol=CLOSE)
        assert tie, (
            f"assign gave point {points.x[i]} to center {labels[i]}, "
            f"nearest by distance is {plain_labels[i]} (ties go to the lowest index)"
        )


def _check_descend(strategy: CompiledStrategy, points: Points, centers: F32, fixed: int) -> None:
    found = _undisturbed("descend", strategy.descend, points, centers, fixed, TO_THE_END)
    plain = descend_plain(strategy, points, centers, fixed, TO_THE_END)
    _expect_descent(strategy, points, found, centers, fixed)
    _expect_close("the final loss of descend", found.history[-1], plain.history[-1])
    away = float(np.abs(found.centers - plain.centers).max())
    assert away <= CENTER, (
        f"descend's centers are up to {away} from those of the plain loop (fixed={fixed})"
    )


def _check_crowd(strategy: CompiledStrategy, points: Points) -> None:
    """More centers than different points, some of them equal: none of it is an error."""
    few = Points(np.asfortranarray(points.x[:5]), points.weight[:5])
    centers = np.vstack([points.x[:4], points.x[:4], points.x[10:14]])
    _check_assign(strategy, points, centers)
    _check_descend(strategy, few, centers, fixed=0)
    _check_descend(strategy, few, centers, fixed=6)


def _expect_descent(
    strategy: CompiledStrategy, points: Points, found: Descent, centers: F32, fixed: int
) -> None:
    _expect_array("descend", found.centers, centers.shape)
    _expect_labels("descend", found.labels, points, centers)
    assert np.array_equal(found.centers[:fixed], centers[:fixed]), "descend moved fixed centers"
    assert (np.diff(found.history) <= 0).all(), "descend's history rises"
    labels, cost = strategy.assign(points, found.centers)
    assert np.array_equal(labels, found.labels), "descend's labels are not those of its centers"
    assert np.array_equal(cost, found.cost), "descend's costs are not those of its centers"
    loss = np.average(found.cost.astype(np.float64), weights=points.weight)
    _expect_close("the end of descend's history", found.history[-1], loss)


def _expect_labels(method: str, labels: U8, points: Points, centers: F32) -> None:
    assert labels.dtype == np.uint8, f"{method} returned {labels.dtype} labels, expected uint8"
    assert labels.shape == (len(points.x),), f"{method} returned {labels.shape} labels"
    assert labels.max() < len(centers), f"{method} returned a label without a center"


def _expect_close(what: str, value: Any, plain: Any) -> None:
    assert np.allclose(value, plain, rtol=CLOSE, atol=CLOSE), (
        f"{what} disagree with the plain loop: off by {np.abs(value - plain).max()}"
    )


# ---- repeatable, and without side effects --------------------------------------------------------


def _undisturbed(method: str, call: Callable[..., T], *given: Any) -> T:
    """Calls twice and expects one result, and the arguments as they were."""
    before = [array.copy() for array in _arrays(given)]
    first, second = call(*given), call(*given)
    assert _same(before, _arrays(given)), f"{method} changed its arguments"
    assert _same(_arrays((first,)), _arrays((second,))), (
        f"{method} returned something else when it was called again"
    )
    return first


def _same(first: list[Any], second: list[Any]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(one, other, equal_nan=True) for one, other in pairs)


def _arrays(values: Any) -> list[Any]:
    """Returns the arrays among values, their records and tuples."""
    found = []
    for value in values:
        if isinstance(value, np.ndarray):
            found.append(value)
        elif isinstance(value, tuple):
            found += _arrays(value)
        elif isinstance(value, Points):
            found += [value.x, value.weight]
        elif isinstance(value, Descent):
            found += [value.centers, value.labels, value.cost, value.history]
    return found
