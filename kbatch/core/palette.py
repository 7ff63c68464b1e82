"""From centers to a palette: rounded, distinct, complete, in a stable order; and its errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.colors import from_space, morton
from kbatch.core.kernels import errors as comparing

if TYPE_CHECKING:
    from kbatch.core.placed import Placed
    from kbatch.data import F32, I64, U8
    from kbatch.stages import Strategy

AT_ONCE = 1 << 16  # pixels that are compared with their entries at once
LUMA = np.array([299, 587, 114], np.int64)  # ITU-R BT.601, in thousandths


def make_palette(centers: F32, placed: Placed, strategy: Strategy) -> U8:
    """Rounds centers to uint8 and keeps the palette as large as they are many.

    Entries that rounding made equal, and entries that are nearest to nothing, are replaced by the
    colours that cost most, so that every entry is used.

    Args:
        centers: float32 (k, d), k at most the number of colours.
        placed: the picture's distinct colours, in the space of the centers.
        strategy: the distance that counts.

    Returns:
        uint8 (k, C), distinct, by rising alpha, then luma, then channels.
    """
    rgba, weight = placed.colors.rgba, placed.points.weight
    palette = ordered(from_space(centers, placed.space))
    before = np.inf
    while True:
        used = placed.errors(palette, strategy).counts > 0
        missing = len(centers) - np.count_nonzero(used)
        if missing == 0:
            return palette
        burden = weight * placed.nearest(palette, strategy)[1]
        loss = np.cumsum(burden)[-1]
        if not loss < before:  # a strange distance must not go on for ever
            return palette[used]
        before, palette = loss, palette[used]
        burden[np.isin(morton(rgba), morton(palette))] = 0
        worst = np.argsort(-burden, kind="stable")[:missing]
        palette = ordered(np.vstack([palette, rgba[worst[burden[worst] > 0]]]))


def ordered(palette: U8) -> U8:
    """Returns the distinct entries by rising alpha, then luma, then channels."""
    luma = (palette[:, :3] * LUMA).sum(axis=1)  # whole numbers
    alpha = palette[:, 3:].T
    rising = palette[np.lexsort([*palette[:, 2::-1].T, luma, *alpha])]
    again = (rising[1:] == rising[:-1]).all(axis=1)
    return np.concatenate([rising[:1], rising[1:][~again]])


@dataclass(frozen=True)
class Errors:
    """Errors of a palette, a pixel, and the pixels of each entry; see `kbatch.data.Rendered`."""

    loss: float
    sse: float
    sad: float
    counts: I64


def errors(colors: U8, count: I64, chosen: U8, palette: U8, cost: F32) -> Errors:
    """Compares colours with the entries that stand for them.

    Args:
        colors: uint8 (n, C).
        count: int64 (n,), pixels of each.
        chosen: uint8 (n,), the entry that each got.
        palette: uint8 (k, C).
        cost: float32 (n,), the distances in the space of the loss.
    """
    counts = np.zeros(len(palette), np.int64)
    sums = comparing.compare(
        np.ascontiguousarray(colors), count, chosen, np.ascontiguousarray(palette), cost, counts
    )
    pixels = int(count.sum())
    loss, squares, absolutes = (total / pixels for total in sums)
    return Errors(loss, squares, absolutes, counts)


def errors_of_pixels(pixels: U8, indices: U8, palette: U8) -> Errors:
    """Compares pixels with the entries that they got; the loss is the squared error.

    Args:
        pixels: uint8 (F, H, W, C).
        indices: uint8 (F, H, W).
        palette: uint8 (k, C).
    """
    flat, chosen = pixels.reshape(-1, pixels.shape[-1]), indices.reshape(-1)
    entries, counts = np.ascontiguousarray(palette), np.zeros(len(palette), np.int64)
    sums = np.zeros(3)
    one, nothing = np.ones(AT_ONCE, np.int64), np.zeros(AT_ONCE, np.float32)
    for start in range(0, len(flat), AT_ONCE):
        some = flat[start : start + AT_ONCE].copy(), chosen[start : start + AT_ONCE].copy()
        n = len(some[0])
        sums += np.array(comparing.compare(some[0], one[:n], some[1], entries, nothing[:n], counts))
    _, squares, absolutes = sums / len(flat)
    return Errors(squares, squares, absolutes, counts)


def costs(x: F32, chosen: U8, centers: F32, strategy: Strategy) -> F32:
    """Returns float32 (n,), the distance of each point to the center that was chosen for it.

    Args:
        x: float32 (n, d).
        chosen: uint8 (n,), a center a point.
        centers: float32 (k, d).
        strategy: whose distance counts.
    """
    order = np.argsort(chosen, kind="stable")
    begins = np.searchsorted(chosen[order], np.arange(len(centers) + 1))
    sorted_x = np.asfortranarray(x[order])
    cost = np.empty(len(x), np.float32)
    for index, center in enumerate(centers):
        mine = slice(begins[index], begins[index + 1])
        cost[order[mine]] = strategy.distance(sorted_x[mine], center)
    return cost
