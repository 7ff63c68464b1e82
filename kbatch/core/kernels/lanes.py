"""The nearest entries for one step of error diffusion: a lane is a row, see `kernels.dither`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import I16, I32

LANES = 16  # fewer make no vector code
NEVER = np.int32(2**31 - 1)
# what a step needs, a row of lanes each: values, cells, entries, state, colours
P, Q, R, S, CELL, CHOSEN, STATE, COLOR, ALPHA = (row * LANES for row in range(9))


@kernel()
def sought(cell: Any, middles: I32, keys: I32) -> Any:
    """Returns the entry nearest to what a cell of the table stands for.

    Args:
        cell: int32, its places in the channels.
        middles: int32 (places,), the value that a place stands for.
        keys: as `scan` has them.
    """
    channels, last = keys.shape[0] - 1, np.int32(len(middles) - 1)
    bits = 5 if channels == 4 else 6
    p = middles[cell >> bits * (channels - 1) & last]
    q = middles[cell >> bits * (channels - 2) & last]
    r = middles[cell >> bits * (channels - 3) & last]
    least = NEVER
    if channels == 3:
        for c in range(keys.shape[1]):
            key = np.int32(keys[0, c] - np.int32(p * keys[1, c]) - np.int32(q * keys[2, c]))
            least = min(least, np.int32(key - np.int32(r * keys[3, c])))
    else:
        s = middles[cell & last]
        for c in range(keys.shape[1]):
            key = np.int32(keys[0, c] - np.int32(p * keys[1, c]) - np.int32(q * keys[2, c]))
            key = np.int32(key - np.int32(r * keys[3, c]) - np.int32(s * keys[4, c]))
            least = min(least, key)
    return np.int32(least & 255)


@kernel()
def learn(work: I32, table: I16, middles: I32, keys: I32) -> None:
    """Seeks the entries that the table doesn't know yet, and keeps them there."""
    for lane in range(LANES):
        if work[CHOSEN + lane] < 0:
            cell = np.uint32(work[CELL + lane])
            if table[cell] < 0:  # no lane before had the same
                table[cell] = sought(work[CELL + lane], middles, keys)
            work[CHOSEN + lane] = table[cell]


def make_scan(*, four: bool) -> Callable[..., Any]:
    """Returns the search for the nearest entries, for four channels or three."""

    @kernel(name=f"scan{4 if four else 3}")
    def scan(work: I32, keys: I32) -> None:
        """Finds the least key of each lane; its lowest byte is the entry.

        Args:
            work: as `sweep` has it.
            keys: int32 (C + 1, k), k even: see `kbatch.core.dithering`.
        """
        for lane in range(LANES):
            work[CHOSEN + lane] = NEVER
        for c in range(0, keys.shape[1], 2):
            o0, o1, p0, p1 = keys[0, c], keys[0, c + 1], keys[1, c], keys[1, c + 1]
            q0, q1, r0, r1 = keys[2, c], keys[2, c + 1], keys[3, c], keys[3, c + 1]
            if four:
                s0, s1 = keys[4, c], keys[4, c + 1]
            for lane in range(LANES):
                p, q, r = work[P + lane], work[Q + lane], work[R + lane]
                d0 = np.int32(o0 - np.int32(p * p0) - np.int32(q * q0) - np.int32(r * r0))
                d1 = np.int32(o1 - np.int32(p * p1) - np.int32(q * q1) - np.int32(r * r1))
                if four:
                    s = work[S + lane]
                    d0, d1 = np.int32(d0 - np.int32(s * s0)), np.int32(d1 - np.int32(s * s1))
                work[CHOSEN + lane] = min(work[CHOSEN + lane], min(d0, d1))

    return scan


scan3, scan4 = make_scan(four=False), make_scan(four=True)
