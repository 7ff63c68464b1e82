"""Error diffusion with rows as lanes.

A pixel waits for its left neighbour and for three pixels above, so that a row can follow the row
above at a distance of two pixels. `LANES` rows go side by side, each two pixels behind the one
above: one vector loop, whose lanes don't wait for each other. At step t lane l is at x = t - 2 l.

Values are int32 in quarters of a level, premultiplied where there is alpha.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import I16, I32, U8

LANES = 16  # fewer make no vector code
LEAD = 3  # steps that an error goes forward at most
TOP = 1020  # 255 in quarters
NEVER = np.int32(2**31 - 1)


def make_scan(*, four: bool) -> Callable[..., Any]:
    """Returns the search for the nearest entries, for four channels or three."""

    @kernel()
    def scan(value: I32, keys: I32, least: I32) -> None:
        """Finds the least key of each lane; its lowest byte is the entry.

        Args:
            value: int32 (C, LANES).
            keys: int32 (C + 1, k), k even: see `kbatch.core.dithering`.
            least: int32 (LANES,), filled.
        """
        for lane in range(LANES):
            least[lane] = NEVER
        for c in range(0, keys.shape[1], 2):
            o0, o1, p0, p1 = keys[0, c], keys[0, c + 1], keys[1, c], keys[1, c + 1]
            q0, q1, r0, r1 = keys[2, c], keys[2, c + 1], keys[3, c], keys[3, c + 1]
            if four:
                s0, s1 = keys[4, c], keys[4, c + 1]
            for lane in range(LANES):
                p, q, r = value[0, lane], value[1, lane], value[2, lane]
                d0 = np.int32(o0 - np.int32(p * p0) - np.int32(q * q0) - np.int32(r * r0))
                d1 = np.int32(o1 - np.int32(p * p1) - np.int32(q * q1) - np.int32(r * r1))
                if four:
                    s = value[3, lane]
                    d0, d1 = np.int32(d0 - np.int32(s * s0)), np.int32(d1 - np.int32(s * s1))
                least[lane] = min(least[lane], min(d0, d1))

    return scan


scan3 = make_scan(four=False)
scan4 = make_scan(four=True)


@kernel()
def middle(cell: Any, bits: Any, channel: Any, channels: Any) -> Any:
    """Returns the value of a channel that a cell of the table stands for; 0 and 1020 do exactly."""
    last = np.int32((1 << bits) - 1)
    place = (cell >> bits * (channels - 1 - channel)) & last
    return np.int32((2 * TOP * place + last) // (2 * last))


@kernel()
def sought(cell: Any, bits: Any, keys: I32) -> Any:
    """Returns the entry nearest to what a cell of the table stands for.

    Args:
        cell: int32, its places in the channels, of so many bits each.
        bits: int32.
        keys: as `scan` has them.
    """
    channels = keys.shape[0] - 1
    p, q = middle(cell, bits, 0, channels), middle(cell, bits, 1, channels)
    r, s = middle(cell, bits, 2, channels), middle(cell, bits, channels - 1, channels)
    s = s if channels == 4 else np.int32(0)
    first, second, third, last = keys[1], keys[2], keys[3], keys[channels]
    least = NEVER
    for c in range(keys.shape[1]):
        key = np.int32(keys[0, c] - np.int32(p * first[c]) - np.int32(q * second[c]))
        key = np.int32(key - np.int32(r * third[c]) - np.int32(s * last[c]))
        least = min(least, key)
    return np.int32(least & 255)


@kernel(inline=True)
def skew(pixels: U8, given: U8, top: int, value: I16, entry: I16) -> None:
    """Lays rows out as lanes.

    Args:
        pixels: uint8 (H, W, C).
        given: uint8 (H, W), the nearest entry of each.
        top: the first row.
        value: int16 (T, C, LANES), filled where there are pixels.
        entry: int16 (T, LANES), filled with the entries given: e, or -1 - e where no error comes or
            goes, which are transparent pixels and places without any.
    """
    height, width, channels = pixels.shape
    for lane in range(LANES):
        y, start = top + lane, 2 * lane
        for t in range(len(entry)):
            entry[t, lane] = -1
        if y >= height:
            continue
        for x in range(width):
            t = start + x
            if channels == 3:
                entry[t, lane] = given[y, x]
                for j in range(3):
                    value[t, j, lane] = np.int32(pixels[y, x, j]) << 2
            else:
                alpha, mine = np.int32(pixels[y, x, 3]), np.int32(given[y, x])
                entry[t, lane] = mine if alpha else -1 - mine
                value[t, 3, lane] = alpha << 2
                for j in range(3):
                    whole = np.int32(pixels[y, x, j]) * alpha
                    value[t, j, lane] = (8 * whole + 255) // 510


@kernel(inline=True)
def pull(
    value: I16,
    entry: I16,
    error: I32,
    weights: I32,
    t: int,
    bits: Any,
    now: I32,
    cell: I32,
    moved: I32,
) -> None:
    """Adds to each lane's pixel what comes from its neighbours.

    Args:
        value: int16 (T, C, LANES) as `skew` left it.
        entry: int16 (T, LANES) as `skew` left it.
        error: int32 (LEAD + T, C, 1 + LANES), of all steps before; in front the row above.
        weights: int32 (4,), in 256ths: from the left, from above on the right, from above, from
            above on the left.
        t: the step.
        bits: of a channel in a cell.
        now: int32 (C, LANES), filled with the values.
        cell: int32 (LANES,), filled with their cells of the table.
        moved: int32 (LANES,), filled with 0 where nothing came.
    """
    last = np.int32((1 << bits) - 1)
    a, b, c, d = weights[0], weights[1], weights[2], weights[3]
    for lane in range(LANES):
        cell[lane] = moved[lane] = 0
    for j in range(value.shape[1]):
        for lane in range(LANES):
            came = np.int32(
                np.int32(a * error[t + 2, j, lane + 1])
                + np.int32(b * error[t + 2, j, lane])
                + np.int32(c * error[t + 1, j, lane])
                + np.int32(d * error[t, j, lane])
            )
            own = np.int32(value[t, j, lane])
            to = np.int32(own + np.int32(np.int32(came + 128) >> 8))
            to = min(max(to, np.int32(0)), np.int32(TOP))
            to = own if entry[t, lane] < 0 else to
            now[j, lane] = to
            moved[lane] |= to ^ own
            place = np.int32(np.int32(to * last) + 512) >> 10
            cell[lane] = np.int32(np.int32(cell[lane] << bits) | place)


@kernel(inline=True)
def by_table(cell: I32, table: I16, bits: Any, keys: I32, chosen: I32) -> None:
    """Looks the entries of all lanes up, and seeks those that nobody asked for before.

    Args:
        cell: int32 (LANES,).
        table: int16, an entry a cell; -1 where it isn't known yet.
        bits: of a channel in a cell.
        keys: as `scan` has them.
        chosen: int32 (LANES,), filled.
    """
    unknown = np.int32(0)
    for lane in range(LANES):
        chosen[lane] = table[np.uint32(cell[lane])]
        unknown |= chosen[lane]
    if unknown < 0:
        for lane in range(LANES):
            if chosen[lane] < 0:
                table[cell[lane]] = chosen[lane] = sought(cell[lane], bits, keys)


@kernel(
    "void(Array(u1, 4, 'C', readonly=True), Array(u1, 3, 'C', readonly=True), "
    "i4[:, ::1], i4[:, ::1], i2[::1], i4[::1], u1[:, :, ::1])"
)
def diffuse(
    pixels: U8, given: U8, entries: I32, keys: I32, table: I16, weights: I32, out: U8
) -> None:
    """Chooses entries from left to right and row by row, and hands on what each is off by.

    A pixel that nothing comes to keeps its entry; so does a transparent one, in any case.

    Args:
        pixels: uint8 (F, H, W, C).
        given: uint8 (F, H, W), the nearest entry of each.
        entries: int32 (C, k), in quarters.
        keys: int32 (C + 1, k) as `scan` has them.
        table: int16, an entry a cell, -1 where it isn't known yet; empty to ask for each pixel.
        weights: as `pull` has them.
        out: uint8 (F, H, W), filled.
    """
    frames, height, width, channels = pixels.shape
    steps = width + 2 * (LANES - 1)
    bits = np.int32(6) if channels == 3 else np.int32(5)  # of a channel in a cell of the table
    value = np.zeros((steps, channels, LANES), np.int16)
    entry = np.empty((steps, LANES), np.int16)
    error = np.zeros((LEAD + steps, channels, 1 + LANES), np.int32)
    now = np.empty((channels, LANES), np.int32)
    cell, chosen = np.empty(LANES, np.int32), np.empty(LANES, np.int32)
    moved = np.empty(LANES, np.int32)
    for frame in range(frames):
        for top in range(0, height, LANES):
            skew(pixels[frame], given[frame], top, value, entry)
            for t in range(1, width + 1):  # the last lane becomes the row above
                for j in range(channels):
                    error[t, j, 0] = error[t + 2 * LANES, j, LANES] if top else np.int32(0)
            for t in range(steps):
                pull(value, entry, error, weights, t, bits, now, cell, moved)
                if len(table):
                    by_table(cell, table, bits, keys, chosen)
                elif channels == 3:
                    scan3(now, keys, chosen)
                else:
                    scan4(now, keys, chosen)
                for lane in range(LANES):
                    mine = np.int32(entry[t, lane])
                    new = chosen[lane] & np.int32(255)
                    chosen[lane] = new if moved[lane] else max(mine, np.int32(-1 - mine))
                for j in range(channels):
                    for lane in range(LANES):
                        off = np.int32(now[j, lane] - entries[j, np.uint32(chosen[lane])])
                        error[t + LEAD, j, lane + 1] = np.int32(0) if entry[t, lane] < 0 else off
                for lane in range(LANES):
                    entry[t, lane] = chosen[lane]
            for lane in range(min(LANES, height - top)):
                for x in range(width):
                    out[frame, top + lane, x] = entry[x + 2 * lane, lane]
