"""Wu's greedy orthogonal bipartition (Xiaolin Wu 1991, 1992), for any space of 3 or 4 dimensions.

The points' bounding box is a grid of cells. It is cut in two, then again and again the box of
largest squared error, each where the two halves have least. Cumulative moments of the grid give
the error of any box from its corners.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kbatch.builtin.initializers import farthest_first

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, Index, Points
    from kbatch.stages import Options, Strategy

Box = tuple[tuple[int, int], ...]
"""Where its cells begin and end on each axis."""


class Wu:
    """The means of boxes, each cut where that leaves least squared error; always the same.

    Boxes are cut along the axes and at the borders of cells, of which there are 32 an axis, or 16
    where there is alpha. Where cells run out, the points that are farthest from all centers follow.
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
        means = _means(points, bipartition(points, count))
        new: F32 = means[(means[:, None] != fixed).any(axis=2).all(axis=1)]
        if len(new) == count:
            return new
        there = np.vstack([fixed, new])
        more = farthest_first(points, there, count - len(new), strategy)
        return np.vstack([new, points.x[more]])


def bipartition(points: Points, count: int) -> I64:
    """Cuts the points' bounding box into `count` boxes, or fewer where cells run out.

    Returns:
        int64 (n,), the number of each point's box. A cut leaves it to one half, the other gets the
        next.
    """
    grid = (32,) * 3 if points.x.shape[1] == 3 else (16,) * points.x.shape[1]
    place = _places(points.x, grid)
    table = _cumulative(points, place, grid)
    box_of = np.zeros(grid, np.int64)
    made = 1
    queue: list[tuple[float, int, Box]] = [(0.0, 0, tuple((0, cells) for cells in grid))]
    while queue and made < count:
        _, index, box = heappop(queue)
        halves = _cut(table, box)
        if not halves:
            continue  # all its points are in one cell
        (left, left_error), (right, right_error) = halves
        box_of[tuple(slice(*ends) for ends in right)] = made
        heappush(queue, (-left_error, index, left))
        heappush(queue, (-right_error, made, right))
        made += 1
    boxes: I64 = box_of.ravel()[place]
    return boxes


def _places(x: F32, grid: tuple[int, ...]) -> Index:
    """Returns the flat index of each point's cell."""
    low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
    scale = grid / np.where(high > low, high - low, 1)
    cells = np.minimum((x - low) * scale, np.array(grid) - 1).astype(np.intp)
    places: Index = np.ravel_multi_index(tuple(cells.T), grid)
    return places


def _cumulative(points: Points, place: Index, grid: tuple[int, ...]) -> F64:
    """Returns moments of all cells below each corner of the grid.

    Returns:
        float64 (cells + 1, …, d + 2): weight, weighted sums of the channels, of their squares.
    """
    x = (points.x - points.x.min(axis=0).astype(np.float64)).T
    moments = [points.weight, *(points.weight * x), points.weight * sum(x * x)]
    table = np.zeros((*(cells + 1 for cells in grid), len(moments)))
    inner = table[(slice(1, None),) * len(grid)]
    for index, moment in enumerate(moments):
        inner[..., index] = np.bincount(place, moment, int(np.prod(grid))).reshape(grid)
    for axis in range(len(grid)):
        for below, layer in pairwise(np.moveaxis(table, axis, 0)):
            layer += below
    return table


def _cut(table: F64, box: Box) -> list[tuple[Box, float]]:
    """Returns the two halves of least error, with their errors; none where one cell has it all."""
    best: list[tuple[Box, float]] = []
    least = np.inf
    for axis, (begin, end) in enumerate(box):
        below = _profile(table, box, axis)
        left, right = _error(below[1:-1] - below[0]), _error(below[-1] - below[1:-1])
        if end - begin == 1 or (left + right).min() >= least:
            continue
        cut = int((left + right).argmin())
        least = float(left[cut] + right[cut])
        middle = begin + 1 + cut
        best = [
            ((*box[:axis], (begin, middle), *box[axis + 1 :]), float(left[cut])),
            ((*box[:axis], (middle, end), *box[axis + 1 :]), float(right[cut])),
        ]
    return best


def _profile(table: F64, box: Box, axis: int) -> F64:
    """Returns float64 (m + 1, d + 2), moments below each border of the box's m cells on an axis."""
    below: F64 = np.moveaxis(table, axis, -2)
    for other, (begin, end) in enumerate(box):
        if other != axis:
            below = below[end] - below[begin]
    begin, end = box[axis]
    return below[begin : end + 1]


def _error(moments: F64) -> F64:
    """Returns the squared error of moments (m, d + 2) about their means, infinite where empty."""
    weight, *sums, squares = moments.T
    empty = weight <= 0
    error = squares - sum(channel * channel for channel in sums) / np.where(empty, 1, weight)
    return np.where(empty, np.inf, error)


def _means(points: Points, boxes: I64) -> F32:
    """Returns the weighted mean of each box that has points."""
    weight = np.bincount(boxes, points.weight)
    sums = [np.bincount(boxes, points.weight * channel) for channel in points.x.T]
    full = weight > 0
    means: F32 = (np.stack(sums, axis=1)[full] / weight[full, None]).astype(np.float32)
    return means
