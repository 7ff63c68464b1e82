"""From centers to a palette: rounded, distinct, complete, in a stable order; and its errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.colors import from_space, morton, to_space
from kbatch.core.kernels import errors as comparing
from kbatch.core.lloyd import assign_with

if TYPE_CHECKING:
    from kbatch.data import F32, I64, U8, Colors, Points
    from kbatch.stages import Space, Strategy

LUMA = np.array([299, 587, 114], np.int64)  # ITU-R BT.601, in thousandths


def make_palette(
    centers: F32, colors: Colors, points: Points, space: Space, strategy: Strategy
) -> U8:
    """Rounds centers to uint8 and keeps the palette as large as they are many.

    Entries that rounding made equal, and entries that are nearest to nothing, are replaced by the
    colours that cost most, so that every entry is used.

    Args:
        centers: float32 (k, d), k at most the number of colours.
        colors: the picture's distinct colours.
        points: the same in the space.
        space: of the centers.
        strategy: the distance that counts.

    Returns:
        uint8 (k, C), distinct, by rising alpha, then luma, then channels.
    """
    palette = ordered(from_space(centers, space))
    codes = morton(colors.rgba)
    before = np.inf
    while True:
        labels, cost = assign_with(strategy, points, to_space(palette, space))
        palette = palette[np.bincount(labels, minlength=len(palette)) > 0]
        burden = points.weight * cost
        loss = burden.sum()
        missing = len(centers) - len(palette)
        if missing == 0 or not loss < before:  # a strange distance must not go on for ever
            return palette
        before = loss
        burden[np.isin(codes, morton(palette))] = 0
        worst = np.argsort(-burden, kind="stable")[:missing]
        palette = ordered(np.vstack([palette, colors.rgba[worst[burden[worst] > 0]]]))


def ordered(palette: U8) -> U8:
    """Returns the distinct entries by rising alpha, then luma, then channels."""
    _, first = np.unique(morton(palette), return_index=True)
    distinct = palette[first]
    luma = distinct[:, :3].astype(np.int64) @ LUMA
    channels = [distinct[:, channel] for channel in (2, 1, 0)]
    alpha = distinct[:, 3] if distinct.shape[1] == 4 else np.zeros(len(distinct), np.uint8)
    return distinct[np.lexsort([*channels, luma, alpha])]


@dataclass(frozen=True)
class Errors:
    """Errors of a palette, a pixel; see `kbatch.data.Rendered`."""

    loss: float
    sse: float
    sad: float


def errors(
    colors: U8,
    count: I64,
    chosen: U8,
    palette: U8,
    space: Space,
    strategy: Strategy,
    cost: F32 | None = None,
) -> Errors:
    """Compares colours with the entries that stand for them.

    Args:
        colors: uint8 (n, C).
        count: int64 (n,), pixels of each.
        chosen: uint8 (n,), the entry that each got.
        palette: uint8 (k, C).
        space: where the loss is taken.
        strategy: the distance of the loss.
        cost: float32 (n,), the distances, where they are known already.
    """
    if cost is None:
        cost = _cost(to_space(colors, space), chosen, to_space(palette, space), strategy)
    squares, absolutes = comparing.compare(
        np.ascontiguousarray(colors), count, chosen, np.ascontiguousarray(palette)
    )
    pixels = int(count.sum())
    loss = float((count * cost.astype(np.float64)).sum())
    return Errors(loss / pixels, squares / pixels, absolutes / pixels)


def _cost(x: F32, chosen: U8, centers: F32, strategy: Strategy) -> F32:
    """Returns float32 (n,), the distance of each point to its own center."""
    order = np.argsort(chosen, kind="stable")
    begins = np.searchsorted(chosen[order], np.arange(len(centers) + 1))
    sorted_x = np.asfortranarray(x[order])
    cost = np.empty(len(x), np.float32)
    for index, center in enumerate(centers):
        mine = slice(begins[index], begins[index + 1])
        cost[order[mine]] = strategy.distance(sorted_x[mine], center)
    return cost
