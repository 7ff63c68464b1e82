"""Where centers start. All draw raw words of the generator: those never change between versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import draw, far_points, split_centers

if TYPE_CHECKING:
    from kbatch.builtin.options import KMeansPlusPlusOptions
    from kbatch.data import F32, Points
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
