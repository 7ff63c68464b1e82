"""From centers to a palette: rounded, distinct, complete, in a stable order; and its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.colors import as_seen, from_space, morton
from kbatch.core.kernels import errors as comparing

if TYPE_CHECKING:
    from kbatch.core.placed import Placed
    from kbatch.data import F32, I64, U8, Bool, Index
    from kbatch.stages import Strategy

AT_ONCE = 1 << 16  # pixels that are compared with their entries at once
HUES = 1 << 16  # steps of a sixth of a turn
LUMA = np.array([299, 587, 114], np.int64)  # ITU-R BT.601, in thousandths


def make_palette(centers: F32, placed: Placed, strategy: Strategy, fixed: U8) -> U8:
    """Rounds centers to uint8 and keeps the palette as large as they are many.

    Entries that rounding made equal, and learnt ones that are nearest to nothing, are replaced by
    the colours that cost most, so that every learnt entry is used.

    Args:
        centers: float32 (k, d), the fixed ones first.
        placed: the picture's distinct colours, in the space of the centers; those that are not
            fixed are at least as many as the entries to be learnt.
        strategy: the distance that counts.
        fixed: uint8 (f, C), distinct entries that stay whatever they are nearest to.

    Returns:
        uint8 (k, C), distinct, by rising alpha, then luma, then channels.
    """
    rgba, weight = placed.colors.rgba, placed.points.weight
    learnt = from_space(centers[len(fixed) :], placed.space)
    palette = ordered(np.vstack([fixed, learnt]))
    before = np.inf
    while True:
        used = placed.errors(palette, strategy).counts > 0
        if len(fixed):
            used |= np.isin(morton(palette), morton(fixed))
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
        more = as_seen(rgba[worst[burden[worst] > 0]], placed.space)
        palette = ordered(np.vstack([palette, more]))


def ordered(palette: U8) -> U8:
    """Returns the distinct entries by rising alpha, then luma, then channels."""
    luma = (palette[:, :3] * LUMA).sum(axis=1)  # whole numbers
    alpha = palette[:, 3:].T
    rising = palette[np.lexsort([*palette[:, 2::-1].T, luma, *alpha])]
    again = (rising[1:] == rising[:-1]).all(axis=1)
    return np.concatenate([rising[:1], rising[1:][~again]])


def arrangement(
    palette: U8, counts: I64, order: str, fixed: Sequence[tuple[int, int, int, int]] = ()
) -> Index:
    """Returns the entries of a palette in another order; ties stay as they are.

    Args:
        palette: uint8 (k, 4), in order of luminance.
        counts: int64 (k,), pixels of each entry.
        order: `luminance`; `count`, most pixels first; `hue`, by alpha, greys before colours, and
            these by rising hue from red; or `fixed`, these first, as they were given.
        fixed: entries that were.

    Returns:
        intp (k,): which entry comes first, second, …
    """
    if order == "count":
        return np.argsort(-counts, kind="stable")
    if order == "hue":
        return np.lexsort(_hue(palette))
    if order == "fixed":
        place = {color: index for index, color in enumerate(fixed)}
        ranks = [place.get(tuple(row), len(place)) for row in palette.tolist()]
        return np.argsort(ranks, kind="stable")
    return np.arange(len(palette))


def _hue(palette: U8) -> tuple[I64, Bool, U8]:
    """Returns the hue in whole numbers, whether there is one, and alpha, an entry each."""
    red, green, blue = palette[:, :3].T.astype(np.int64)
    top = np.maximum(np.maximum(red, green), blue)
    chroma = top - np.minimum(np.minimum(red, green), blue)
    sixths = np.select(  # of a turn, times the chroma
        [chroma == 0, top == red, top == green],
        [0, (green - blue) % np.maximum(6 * chroma, 1), blue - red + 2 * chroma],
        red - green + 4 * chroma,
    )
    return sixths * HUES // np.maximum(chroma, 1), chroma > 0, palette[:, 3]


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
