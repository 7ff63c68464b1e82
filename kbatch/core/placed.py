"""A picture's colours in a space: what all variants that cluster there share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.coarse import coarse_points, coarse_runs
from kbatch.core.colors import points, to_space
from kbatch.core.compiled import ASSIGN, CompiledLoop, Layout, lay_out
from kbatch.core.kernels import seeding
from kbatch.core.lloyd import Loop, OwnLoop, assign_with, is_squared, metric_of
from kbatch.core.palette import Errors, errors

if TYPE_CHECKING:
    from kbatch.data import F32, I64, U8, Colors, Points
    from kbatch.stages import Space, Strategy


class Placed:
    """Colours, their points in a space, and coarse sets of these; each is made once.

    Belongs to one thread, as a picture does.

    Args:
        colors: n distinct colours.
        space: where they are clustered.
    """

    def __init__(self, colors: Colors, space: Space) -> None:
        self.colors, self.space = colors, space
        self._runs: dict[int, I64] = {}
        self._coarse: dict[tuple[int, bool], Points] = {}
        self._layouts: dict[tuple[int, bool], Layout] = {}
        self._nearest: tuple[Strategy, bytes, tuple[U8, F32]] | None = None
        self._errors: Errors | None = None

    @cached_property
    def points(self) -> Points:
        """The colours in the space; made after the coarse runs, which need memory of their own."""
        return points(self.colors, self.space)

    @cached_property
    def digest(self) -> tuple[int, int]:
        """Two words that identify the colours and their counts."""
        first, second = seeding.digest(np.ascontiguousarray(self.colors.rgba), self.colors.count)
        return int(first), int(second)

    def coarse(self, size: int, strategy: Strategy) -> Points:
        """Returns about `size` points that stand for all of them.

        Args:
            size: how many are wanted.
            strategy: that they are for.
        """
        key = size, is_squared(strategy)
        if key not in self._coarse:
            if size not in self._runs:
                self._runs[size] = coarse_runs(self.colors, size)
            self._coarse[key] = coarse_points(self.points, self._runs[size], strategy)
        return self._coarse[key]

    def loop(self, strategy: Strategy, k: int, size: int = 0) -> Loop:
        """Returns the strategy's loop over all points, or over the coarse ones.

        Args:
            strategy: whose distance and update count.
            k: most centers that it will be asked for.
            size: of the coarse set, 0 for all points.
        """
        points = self.coarse(size, strategy) if size else self.points
        if metric_of(strategy) is None:
            return OwnLoop(strategy, points)
        return self._compiled(points, k, size, squared=is_squared(strategy))

    def nearest(self, palette: U8, strategy: Strategy) -> tuple[U8, F32]:
        """Returns uint8 (n,) labels and float32 (n,) distances of the colours to a palette.

        The last answer is kept: who makes a palette asks the same as who paints with it.

        Args:
            palette: uint8 (k, C).
            strategy: whose distance counts.
        """
        key = palette.tobytes()
        if self._nearest is None or self._nearest[0] is not strategy or self._nearest[1] != key:
            centers = to_space(palette, self.space)
            if metric_of(strategy) is None:
                found = assign_with(strategy, self.points, centers)
            else:
                loop = self._compiled(self.points, len(centers), 0, squared=is_squared(strategy))
                loop.descend(np.ascontiguousarray(centers), 0, ASSIGN)
                found = loop.labels, loop.cost
            self._nearest, self._errors = (strategy, key, found), None
        return self._nearest[2]

    def errors(self, palette: U8, strategy: Strategy) -> Errors:
        """Compares the colours with their nearest entries; kept with these.

        Args:
            palette: uint8 (k, C).
            strategy: whose distance counts.
        """
        labels, cost = self.nearest(palette, strategy)
        if self._errors is None:
            self._errors = errors(self.colors.rgba, self.colors.count, labels, palette, cost)
        return self._errors

    def _compiled(self, points: Points, k: int, size: int, *, squared: bool) -> CompiledLoop:
        key = size, squared
        if key not in self._layouts:
            self._layouts[key] = lay_out(points, squared=squared)
        return CompiledLoop(self._layouts[key], k)
