"""Where centers start. All draw raw words of the generator: those never change between versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kbatch.builtin.options import KMeansPlusPlusOptions
    from kbatch.data import F32, F64, Index, Points
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
        chosen = np.empty(count, np.intp)
        for place in range(count):
            chosen[place] = _draw(np.cumsum(weight), 1, rng)[0]
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
        x, weight = points.x, points.weight
        cost = np.full(len(x), np.inf, np.float32)
        for center in fixed:
            cost = np.minimum(cost, strategy.distance(x, center))
        behind = np.cumsum(weight * cost if len(fixed) else weight)
        chosen = np.empty((count, x.shape[1]), np.float32)
        for place in range(count):
            tried = x[_draw(behind, self._candidates, rng)]
            costs = [np.minimum(cost, strategy.distance(x, center)) for center in tried]
            burdens = [np.cumsum(weight * lower) for lower in costs]
            best = min(range(len(tried)), key=lambda index: float(burdens[index][-1]))
            chosen[place], cost, behind = tried[best], costs[best], burdens[best]
        return chosen


def _draw(behind: F64, count: int, rng: np.random.Generator) -> Index:
    """Draws `count` indices, each with a probability in proportion to its burden.

    Args:
        behind: float64 (n,), running sums of the burdens; one order of adding, the same everywhere.
        count: how many.
        rng: raw words are drawn, which no version of NumPy changes.
    """
    words = rng.bit_generator.random_raw(count) >> np.uint64(11)
    place = np.searchsorted(behind, words * 2.0**-53 * behind[-1], side="right")
    chosen: Index = np.minimum(place, len(behind) - 1)
    return chosen
