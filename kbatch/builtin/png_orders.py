"""Orders of a palette in which pixels may pack better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.data import Indexed

if TYPE_CHECKING:
    from kbatch.data import I64, U8, Index

NEAR = 1 << 20  # the weight of a neighbour at distance 1; integers are the same everywhere


def first_met(indexed: Indexed) -> Index:
    """Returns entries in the order in which pixels meet them, unused ones last."""
    used, place = np.unique(indexed.indices, return_index=True)
    met: Index = used[np.argsort(place)].astype(np.intp)
    return np.concatenate([met, np.setdiff1d(np.arange(len(indexed.palette)), met)])


def side_by_side(indexed: Indexed) -> Index:
    """Returns entries so that those which touch in the picture are near in the palette.

    Entries are put one by one at the end where they touch more (Zeng, Li, Lei 2000, with the
    weights of Pinho, Neves 2004, nearly: 1 ÷ distance).
    """
    touching = _touching(indexed.indices, len(indexed.palette))
    if len(touching) < 3 or not touching.any():
        return np.arange(len(touching))
    placed = [int(end) for end in divmod(int(touching.argmax()), len(touching))]
    to_placed = touching[placed].sum(axis=0)
    to_placed[placed] = -1
    while len(placed) < len(touching):
        entry = int(to_placed.argmax())
        near = NEAR // np.arange(1, len(placed) + 1)
        touches = touching[entry, placed]
        left, right = int(touches @ near), int(touches @ near[::-1])
        placed.insert(0 if left > right else len(placed), entry)
        to_placed += np.where(to_placed < 0, 0, touching[entry])
        to_placed[entry] = -1
    return np.array(placed)


def reordered(indexed: Indexed, order: Index) -> Indexed:
    """Returns the same picture with its palette in another order."""
    place = np.zeros(256, np.uint8)
    place[order] = np.arange(len(order), dtype=np.uint8)
    return Indexed(place[indexed.indices], indexed.palette[order], indexed.meta)


def _touching(indices: U8, entries: int) -> I64:
    """Returns int64 (k, k), how often two entries lie side by side, in either order."""
    touching = np.zeros(entries * entries, np.int64)
    for frame in indices.astype(np.intp):
        for one, other in ((frame[:, :-1], frame[:, 1:]), (frame[:-1], frame[1:])):
            pairs = one.ravel() * entries + other.ravel()
            touching += np.bincount(pairs, minlength=entries * entries)
    square = touching.reshape(entries, entries)
    both: I64 = square + square.T
    np.fill_diagonal(both, 0)
    return both
