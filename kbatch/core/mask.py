"""A mask of thresholds without a pattern to it, by void-and-cluster (Ulichney 1993)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kbatch.data import I16, I64, Bool

SIDE = 64
FIRST = SIDE * SIDE // 10  # points of the pattern that ranks are counted from


@functools.cache
def blue_noise() -> I16:
    """Returns int16 (64, 64), each number below 4096 once, so that any share of them lies evenly.

    The mask goes on at its edges as if it were repeated. Whole numbers only: it is the same on
    every machine.
    """
    pattern = _spread_evenly()
    ranks = np.empty(SIDE * SIDE, np.int16)
    points = Pattern(pattern)
    for rank in reversed(range(FIRST)):
        place = points.tightest()
        points.toggle(place)
        ranks[place] = rank
    points = Pattern(pattern)
    for rank in range(FIRST, SIDE * SIDE):
        place = points.widest()
        points.toggle(place)
        ranks[place] = rank
    return ranks.reshape(SIDE, SIDE)


def _spread_evenly() -> Bool:
    """Returns bool (4096,): scattered points, moved from clusters to voids until that ends."""
    scattered = np.zeros(SIDE * SIDE, np.bool_)
    words = np.random.PCG64(0).random_raw(SIDE * SIDE)  # which no version of NumPy changes
    scattered[np.argsort(words)[:FIRST]] = True
    points = Pattern(scattered)
    while True:
        cluster = points.tightest()
        points.toggle(cluster)
        void = points.widest()
        points.toggle(void)
        if void == cluster:
            return points.there


class Pattern:
    """Points on the grid, and how crowded each place is.

    Args:
        there: bool (4096,), where the points are.
    """

    def __init__(self, there: Bool) -> None:
        self.there = np.zeros_like(there)
        self._crowd = np.zeros((SIDE, SIDE), np.int64)
        for place in np.flatnonzero(there):
            self.toggle(int(place))

    def toggle(self, place: int) -> None:
        """Adds a point, or takes it away."""
        y, x = divmod(place, SIDE)
        near = _nearness()[SIDE - y : 2 * SIDE - y, SIDE - x : 2 * SIDE - x]
        self._crowd += -near if self.there[place] else near
        self.there[place] = not self.there[place]

    def tightest(self) -> int:
        """Returns the point in the largest crowd."""
        return int(np.where(self.there, self._crowd.ravel(), -1).argmax())

    def widest(self) -> int:
        """Returns the place without a point in the smallest crowd."""
        crowd = np.where(self.there, np.iinfo(np.int64).max, self._crowd.ravel())
        return int(crowd.argmin())


@functools.cache
def _nearness() -> I64:
    """Returns int64 (128, 128): (4/5)^d² at distance d from place (0, 0), a Gaussian of 1.5."""
    steps = [min(i % SIDE, SIDE - i % SIDE) ** 2 for i in range(2 * SIDE)]
    weight = [2**56 * 4**square // 5**square for square in range(2 * (SIDE // 2) ** 2 + 1)]
    return np.array([[weight[y + x] for x in steps] for y in steps])
