"""The octree of colours in Morton order, whose cells are runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, U8


LEVELS = 8  # a bit of each channel each
FINE = 17  # bits of a float32 below its bin: positive floats are in the order of their bits
UNIT = 6  # cells of this level, 4 × 4 × 4 colours, are looked into only where that may matter


@kernel()
def walk(
    rgba: U8, count: I64, start: int, end: int, unit: int, first: I64, level: U8, behind: F64
) -> int:
    """Walks over colours, and notes where parts begin and what is behind there.

    Args:
        rgba: uint8 (n, C), in Morton order.
        count: int64 (n,), pixels of each colour.
        start: of the walk.
        end: of the walk.
        unit: the level of the cells that are parts; those at `LEVELS` are the colours.
        first: int64 (parts + 1,), filled with where they begin, and the end.
        level: uint8 (parts + 1,), filled with the coarsest level at which each begins a cell.
        behind: float64 (parts + 1, 6), filled with running sums: the pixels, the squares of their
            channels, each channel. Whole numbers, so exact.

    Returns:
        How many parts there are.
    """
    last = rgba.shape[1] - 1
    pixels = squares = red = green = blue = alpha = np.int64(0)
    parts = 0
    for i in range(start, end + 1):
        depth = 0
        if start < i < end:
            differing = rgba[i, last] ^ rgba[i - 1, last]
            for j in range(3):  # loops over constants cost nothing
                differing |= rgba[i, j] ^ rgba[i - 1, j]
            depth = LEVELS
            for bit in range(1, LEVELS):
                depth -= differing >= 1 << bit
        first[parts], level[parts] = i, depth  # kept where a part begins: no branch to be guessed
        behind[parts, 0], behind[parts, 1] = pixels, squares
        behind[parts, 2], behind[parts, 3] = red, green
        behind[parts, 4], behind[parts, 5] = blue, alpha
        parts += depth <= unit
        if i < end:
            here, r, g = count[i], np.int64(rgba[i, 0]), np.int64(rgba[i, 1])
            b = np.int64(rgba[i, 2])
            a = np.int64(rgba[i, 3]) if last == 3 else np.int64(0)
            pixels += here
            squares += here * (r * r + g * g + b * b + a * a)
            red += here * r
            green += here * g
            blue += here * b
            alpha += here * a
    return parts - 1


@kernel()
def spread(behind: F64, first: int, end: int) -> float:
    """Returns the squared distances to their mean, summed over the pixels of some rows."""
    middle = 0.0
    for j in range(2, 6):
        total = behind[end, j] - behind[first, j]
        middle += total * total
    whole: float = behind[end, 1] - behind[first, 1]
    whole -= middle / (behind[end, 0] - behind[first, 0])
    return whole


@kernel()
def nested(level: U8, behind: F64, n: int, bottom: int, error: F32) -> None:
    """Finds the error of the cell that each part is cut from, in one walk.

    Args:
        level: uint8 (n + 1,), the coarsest level at which a part begins a cell; at the end, and of
            the first, that of the cell around all of them.
        behind: float64 (n + 1, 6), running sums, see `walk`.
        n: parts.
        bottom: level of the parts.
        error: float32 (n,), filled but for the first.
    """
    start = np.zeros(LEVELS, np.int64)  # of the cell at each level that is not yet at its end
    inside = np.zeros(LEVELS + 1, np.int64)  # parts that have begun at a level in the cell above
    for end in range(1, n + 1):
        for depth in range(bottom - 1, np.int64(level[end]) - 1, -1):
            if inside[depth + 1] > 0:
                whole = spread(behind, start[depth], end)
                for i in range(start[depth] + 1, end):
                    if level[i] == depth + 1:
                        error[i] = whole
                inside[depth + 1] = 0
            start[depth] = end
        inside[level[end]] += 1


@kernel("void(u1[:, ::1], i8[::1], i8, f4[::1])")
def split_errors(rgba: U8, count: I64, target: int, error: F32) -> None:
    """Tells for each colour the error of the cell that must be split for it to begin a part.

    The error is the sum of squared distances to the cell's mean, weighted by the pixels: a part
    never has more than the whole, so that splitting all above a threshold is splitting top down.

    Args:
        rgba: uint8 (n, C), in Morton order.
        count: int64 (n,), pixels of each colour.
        target: parts that are wanted: errors too small to be among them are given as 0.
        error: float32 (n,), filled; the first one infinite.
    """
    n, channels = rgba.shape
    most = min(n, 1 << channels * UNIT) + 1
    first, level = np.empty(most, np.int64), np.empty(most, np.uint8)
    behind = np.empty((most, 6), np.float64)
    units = walk(rgba, count, 0, n, UNIT, first, level, behind)
    whole = np.empty(units, np.float32)
    whole[0] = np.inf
    nested(level, behind, units, UNIT, whole)
    bound = np.array([threshold(whole, target) << FINE], np.int32).view(np.float32)[0]
    most = (1 << channels * (LEVELS - UNIT)) + 1
    inner_first, inner_level = np.empty(most, np.int64), np.empty(most, np.uint8)
    inner_behind, inner = np.empty((most, 6), np.float64), np.empty(most, np.float32)
    for unit in range(units):
        start, end = first[unit], first[unit + 1]
        error[start] = whole[unit]
        for i in range(start + 1, end):
            error[i] = 0.0
        if end - start == 1 or spread(behind, unit, unit + 1) < bound:
            continue
        walk(rgba, count, start, end, LEVELS, inner_first, inner_level, inner_behind)
        inner_level[0] = inner_level[end - start] = UNIT
        nested(inner_level, inner_behind, end - start, LEVELS, inner)
        for i in range(start + 1, end):
            error[i] = inner[i - start]


@kernel(inline=True)
def threshold(error: F32, target: int) -> int:
    """Returns the bin of errors that together with those above it has `target` of them, or 0."""
    bits = error.view(np.int32)
    bins = np.zeros(1 << 14, np.int64)
    for i in range(len(error)):
        bins[bits[i] >> FINE] += 1
    least, above = len(bins), 0
    while least > 0 and above < target:
        least -= 1
        above += bins[least]
    return least


@kernel("i8(f4[::1], i8, i8[::1])")
def largest(error: F32, target: int, runs: I64) -> int:
    """Finds where parts begin when the cells with the largest errors are split.

    Args:
        error: float32 (n,), see `split_errors`.
        target: parts that are wanted; there are a few more where errors are alike.
        runs: int64 (n + 1,), filled with where they begin, and n.

    Returns:
        How many parts there are.
    """
    least, bits = threshold(error, target), error.view(np.int32)
    parts = 0
    for i in range(len(error)):
        runs[parts] = i
        parts += bits[i] >> FINE >= least
    runs[parts] = len(error)
    return parts


@kernel("void(f4[:, ::1], f8[::1], i8[::1], f4[:, ::1], f8[::1])")
def merge(x: F32, weight: F64, runs: I64, mean: F32, mass: F64) -> None:
    """Finds the weighted mean of each run of points.

    Args:
        x: float32 (d, n), a row a channel.
        weight: float64 (n,).
        runs: int64 (m + 1,), where runs begin, and n.
        mean: float32 (d, m), filled.
        mass: float64 (m,), filled with the weight of each run.
    """
    for run in range(len(mass)):
        total = 0.0
        for i in range(runs[run], runs[run + 1]):
            total += weight[i]
        mass[run] = total
        for j in range(len(x)):
            total = 0.0
            for i in range(runs[run], runs[run + 1]):
                total += weight[i] * np.float64(x[j, i])
            mean[j, run] = np.float32(total / mass[run])
