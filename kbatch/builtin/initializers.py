"""Where centers start. All draw raw words of the generator: those never change between versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import draw, far_points, split_centers

if TYPE_CHECKING:
    from kbatch.builtin.options import KMeansPlusPlusOptions
    from kbatch.data import F32, I64, Points
    from kbatch.stages import Options, Strategy


class Random:
    """The colours of k random pixels, all different: how the study starts (Forgy 1965)."""

    def __init__(self, _options: Options) -> None:
        pass

    def centers(
        self, points: Points, count: int, fixed: F32, strategy: Strategy, rng: np.random.Generator
    ) -> F32:
        """See `kbatch.stages.Initializer`."""
        weight = points.weight.copy()
        for center in fixed:
            weight[strategy.distance(points.x, center) == 0] = 0
        chosen = np.empty(count, np.int64)
        for place in range(count):
            chosen[place] = draw(np.cumsum(weight), rng.bit_generator.random_raw(1))[0]
            weight[chosen[place]] = 0
        return points.x[chosen]


class KMeansPlusPlus:
    """Far from what is there, as likely as it is costly (Arthur & Vassilvitskii 2007).

    Of a few candidates for each center the one that lowers the loss most is taken.
    """

    def __init__(self, options: KMeansPlusPlusOptions) -> None:
        self._candidates = options.candidates

    def centers(
        self, points: Points, count: int, fixed: F32, strategy: Strategy, rng: np.random.Generator
    ) -> F32:
        """See `kbatch.stages.Initializer`."""
        words = rng.bit_generator.random_raw(count * self._candidates)
        return points.x[far_points(points, fixed, strategy, words.reshape(count, -1))]


class Split:
    """One cluster, cut again and again where that takes most off the error; always the same."""

    def __init__(self, _options: Options) -> None:
        pass

    def centers(
        self,
        points: Points,
        count: int,
        fixed: F32,
        strategy: Strategy,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> F32:
        """See `kbatch.stages.Initializer`."""
        return split_centers(points, count, fixed, strategy)


class Maximin:
    """Each center the point that is farthest from all before it (Gonzalez 1985); always the same.

    Where no center is fixed, the first is the point nearest the weighted mean.
    """

    def __init__(self, _options: Options) -> None:
        pass

    def centers(
        self,
        points: Points,
        count: int,
        fixed: F32,
        strategy: Strategy,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> F32:
        """See `kbatch.stages.Initializer`."""
        if len(fixed):
            return points.x[farthest_first(points, fixed, count, strategy)]
        middle = strategy.distance(points.x, _mean(points)).argmin()
        first = points.x[[middle]]
        more = farthest_first(points, first, count - 1, strategy)
        return np.vstack([first, points.x[more]])


def farthest_first(points: Points, centers: F32, count: int, strategy: Strategy) -> I64:
    """Chooses points one by one, each the farthest from the nearest of all that are there.

    Args:
        points: what is clustered.
        centers: float32 (c, d), what is there, c ≥ 1.
        count: how many points are wanted.
        strategy: the distance that counts; ties go to the lowest index.

    Returns:
        int64 (count,), indices of points; none twice while there are others.
    """
    cost = np.full(len(points.x), np.inf, np.float32)
    for center in centers:
        cost = np.minimum(cost, strategy.distance(points.x, center))
    chosen = np.empty(count, np.int64)
    for place in range(count):
        chosen[place] = cost.argmax()
        cost = np.minimum(cost, strategy.distance(points.x, points.x[chosen[place]]))
        cost[chosen[place]] = -1  # a strategy may see no distance between points that differ
    return chosen


def _mean(points: Points) -> F32:
    """Returns the weighted mean; running sums have one order of adding, the same everywhere."""
    sums = np.cumsum(points.x * points.weight[:, None], axis=0)[-1]
    mean: F32 = (sums / np.cumsum(points.weight)[-1]).astype(np.float32)
    return mean
