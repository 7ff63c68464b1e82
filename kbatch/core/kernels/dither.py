"""Error diffusion with rows as lanes.

A pixel waits for its left neighbour and for three pixels above, so that a row can follow the row
above at a distance of two pixels. `LANES` rows go side by side, each two pixels behind the one
above: one vector loop, whose lanes don't wait for each other. At step t lane l is at x = t - 2 l.

Values are int32 in quarters of a level, premultiplied where there is alpha. Where they wait they
are packed: a word of 10 bits a channel, and alpha in a word of its own. What a step needs lies in
one array at fixed places, so that the compiler knows that nothing there overlaps, and indices are
unsigned where it can't see that they aren't negative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch.core.kernels.jit import kernel
from kbatch.core.kernels.lanes import (
    ALPHA,
    CELL,
    CHOSEN,
    COLOR,
    LANES,
    STATE,
    P,
    Q,
    R,
    S,
    learn,
    scan3,
    scan4,
)

if TYPE_CHECKING:
    from kbatch.data import I16, I32, U8

BEHIND = 2  # pixels that a row is behind the one above
LEAD = 3  # steps that an error goes forward at most
TOP = 1020  # 255 in quarters
CHANNEL = np.int32(1023)  # what a packed channel may be


@kernel(inline=True)
def to_be(own: Any, left: Any, right: Any, above: Any, corner: Any) -> Any:
    """Returns a value with the errors that came, clamped."""
    came = np.int32(np.int32(left + right) + np.int32(above + corner))
    to = np.int32(own + np.int32(np.int32(came + 128) >> 8))
    return min(max(to, np.int32(0)), np.int32(TOP))


@kernel(inline=True)
def place(value: Any, last: Any) -> Any:
    """Returns where a value is among the places of a channel."""
    return np.int32(np.int32(value * last) + 512) >> 10


def make_sweep(*, four: bool) -> Callable[..., Any]:
    """Returns the way of a group of rows, for four channels or three."""
    bits = np.int32(5 if four else 6)  # of a channel in a cell of the table
    last = np.int32((1 << bits) - 1)
    scan = scan4 if four else scan3

    @kernel(name=f"sweep{4 if four else 3}")
    def sweep(
        value: I32,
        entry: I16,
        error: I32,
        colors: I32,
        keys: I32,
        table: I16,
        middles: I32,
        weights: I32,
        work: I32,
    ) -> None:
        """Chooses the entries of `LANES` rows.

        Args:
            value: int32 (T, words, LANES) as `skew` left it.
            entry: int16 (T, LANES) as `skew` left it; filled with the entries chosen.
            error: int32 (LEAD + T, C, 1 + LANES), of all steps before; in front the row above.
            colors: int32 (words, k), the entries packed as values are.
            keys: as `scan` has them.
            table: int16, an entry a cell; -1 where it isn't known yet; empty to ask for each pixel.
            middles: int32 (places,), the value that a place of a cell stands for.
            weights: int32 (4,), in 256ths: from the left, from above on the right, from above, from
                above on the left.
            work: int32, a row of lanes each: values, cells, entries, whether a lane changed and
                then whether it hands errors on, colours.
        """
        a, b, c, d = weights[0], weights[1], weights[2], weights[3]
        for step in range(len(entry)):
            t = np.uint32(step)
            for lane in range(LANES):
                own = value[t, 0, lane]
                p, q, r = own & CHANNEL, (own >> 10) & CHANNEL, own >> 20
                p_to = to_be(
                    p,
                    a * error[t + 2, 0, lane + 1],
                    b * error[t + 2, 0, lane],
                    c * error[t + 1, 0, lane],
                    d * error[t, 0, lane],
                )
                q_to = to_be(
                    q,
                    a * error[t + 2, 1, lane + 1],
                    b * error[t + 2, 1, lane],
                    c * error[t + 1, 1, lane],
                    d * error[t, 1, lane],
                )
                r_to = to_be(
                    r,
                    a * error[t + 2, 2, lane + 1],
                    b * error[t + 2, 2, lane],
                    c * error[t + 1, 2, lane],
                    d * error[t, 2, lane],
                )
                changed = (p_to ^ p) | (q_to ^ q) | (r_to ^ r)
                cell = np.int32(np.int32(place(p_to, last) << bits) | place(q_to, last))
                cell = np.int32(np.int32(cell << bits) | place(r_to, last))
                work[P + lane], work[Q + lane], work[R + lane] = p_to, q_to, r_to
                if four:
                    s = value[t, 1, lane]
                    s_to = to_be(
                        s,
                        a * error[t + 2, 3, lane + 1],
                        b * error[t + 2, 3, lane],
                        c * error[t + 1, 3, lane],
                        d * error[t, 3, lane],
                    )
                    changed |= s_to ^ s
                    cell = np.int32(np.int32(cell << bits) | place(s_to, last))
                    work[S + lane] = s_to
                work[CELL + lane], work[STATE + lane] = cell, changed
            if len(table):
                unknown = np.int32(0)
                for lane in range(LANES):
                    found = np.int32(table[np.uint32(work[CELL + lane])])
                    work[CHOSEN + lane] = found
                    unknown |= found
                if unknown < 0:
                    learn(work, table, middles, keys)
            else:
                scan(work, keys)
            for lane in range(LANES):
                given = np.int32(entry[t, lane])
                kept = (work[STATE + lane] == 0) | (given < 0)
                new = work[CHOSEN + lane] & np.int32(255)
                work[CHOSEN + lane] = max(given, np.int32(-1 - given)) if kept else new
                work[STATE + lane] = ~(given >> 31)  # all bits, or none: no errors from here
            for lane in range(LANES):
                chosen = np.uint32(work[CHOSEN + lane])
                entry[t, lane] = work[CHOSEN + lane]
                work[COLOR + lane] = colors[0, chosen]
                if four:
                    work[ALPHA + lane] = colors[1, chosen]
            for lane in range(LANES):
                color, hands_on = work[COLOR + lane], work[STATE + lane]
                p, q, r = color & CHANNEL, (color >> 10) & CHANNEL, color >> 20
                error[t + LEAD, 0, lane + 1] = np.int32(work[P + lane] - p) & hands_on
                error[t + LEAD, 1, lane + 1] = np.int32(work[Q + lane] - q) & hands_on
                error[t + LEAD, 2, lane + 1] = np.int32(work[R + lane] - r) & hands_on
                if four:
                    off = np.int32(work[S + lane] - work[ALPHA + lane])
                    error[t + LEAD, 3, lane + 1] = off & hands_on

    return sweep


sweep3, sweep4 = make_sweep(four=False), make_sweep(four=True)


@kernel()
def skew(pixels: U8, given: U8, top: int, value: I32, entry: I16) -> None:
    """Lays rows out as lanes.

    Args:
        pixels: uint8 (H, W, C).
        given: uint8 (H, W), the nearest entry of each.
        top: the first row.
        value: int32 (T, words, LANES), filled where there are pixels.
        entry: int16 (T, LANES), filled with the entries given: e, or -1 - e where no error comes or
            goes, which are transparent pixels and places without any.
    """
    height, width, channels = pixels.shape
    entry[:] = -1
    for lane in range(min(LANES, height - top)):
        y = np.uint32(top + lane)
        for column in range(width):
            x, t = np.uint32(column), np.uint32(column + BEHIND * lane)
            p, q, r = (
                np.int32(pixels[y, x, 0]),
                np.int32(pixels[y, x, 1]),
                np.int32(pixels[y, x, 2]),
            )
            if channels == 3:
                entry[t, lane] = given[y, x]
                value[t, 0, lane] = p << 2 | q << 12 | r << 22
            else:
                alpha, mine = np.int32(pixels[y, x, 3]), np.int32(given[y, x])
                entry[t, lane] = mine if alpha else -1 - mine
                p, q, r = seen(p, alpha), seen(q, alpha), seen(r, alpha)
                value[t, 0, lane] = p | q << 10 | r << 20
                value[t, 1, lane] = alpha << 2


@kernel(inline=True)
def seen(level: Any, alpha: Any) -> Any:
    """Returns quarters of a premultiplied level."""
    return (8 * level * alpha + 255) // 510


@kernel()
def unskew(entry: I16, top: int, out: U8) -> None:
    """Lays lanes out as rows.

    Args:
        entry: int16 (T, LANES).
        top: the first row.
        out: uint8 (H, W), filled from there.
    """
    height, width = out.shape
    for lane in range(min(LANES, height - top)):
        y = np.uint32(top + lane)
        for x in range(width):
            out[y, np.uint32(x)] = entry[np.uint32(x + BEHIND * lane), lane]


@kernel(
    "void(Array(u1, 4, 'C', readonly=True), Array(u1, 3, 'C', readonly=True), "
    "i4[:, ::1], i4[:, ::1], i2[::1], i4[::1], i4[::1], u1[:, :, ::1])"
)
def diffuse(
    pixels: U8,
    given: U8,
    colors: I32,
    keys: I32,
    table: I16,
    middles: I32,
    weights: I32,
    out: U8,
) -> None:
    """Chooses entries from left to right and row by row, and hands on what each is off by.

    A pixel that nothing comes to keeps its entry; so does a transparent one, in any case.

    Args:
        pixels: uint8 (F, H, W, C).
        given: uint8 (F, H, W), the nearest entry of each.
        colors: int32 (words, k), the entries packed: see above.
        keys: int32 (C + 1, k) as `scan` has them.
        table: int16, an entry a cell, -1 where it isn't known yet; empty to ask for each pixel.
        middles: int32 (places,), the value that a place of a cell stands for.
        weights: as `sweep` has them.
        out: uint8 (F, H, W), filled.
    """
    frames, height, width, channels = pixels.shape
    steps = width + BEHIND * (LANES - 1)
    value = np.zeros((steps, len(colors), LANES), np.int32)
    entry = np.empty((steps, LANES), np.int16)
    error = np.zeros((LEAD + steps, channels, 1 + LANES), np.int32)
    work = np.empty(ALPHA + LANES, np.int32)
    for frame in range(frames):
        for top in range(0, height, LANES):
            skew(pixels[frame], given[frame], top, value, entry)
            for t in range(1, width + 1):  # the last lane becomes the row above
                for j in range(channels):
                    below = error[t + BEHIND * LANES, j, LANES]
                    error[t, j, 0] = below if top else np.int32(0)
            if channels == 3:
                sweep3(value, entry, error, colors, keys, table, middles, weights, work)
            else:
                sweep4(value, entry, error, colors, keys, table, middles, weights, work)
            unskew(entry, top, out[frame])
