"""The octree of colours in Morton order, whose cells are runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels.jit import kernel

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I64, U8


LEVELS = np.int64(8)  # a bit of each channel each; typed, since a literal is compiled apart
FINE = 17  # bits of a float32 below its bin: positive floats are in the order of their bits
UNIT = np.int64(6)  # level of the cells that colours come in, 4 × 4 × 4 of them


@kernel()
def walk(rgba: U8, count: I64, first: I64, parts: int, level: U8, behind: F64) -> None:
    """Walks over parts of the colours, and notes what is behind where each begins.

    Args:
        rgba: uint8 (n, C), in Morton order.
        count: int64 (n,), pixels of each colour.
        first: int64 (parts + 1,), where the parts begin, and the end.
        parts: how many they are.
        level: uint8 (parts + 1,), filled with the coarsest level at which each begins a cell.
        behind: float64 (parts + 1, 6), filled with running sums: the pixels, the squares of their
            channels, each channel. Whole numbers, so exact.
    """
    last = rgba.shape[1] - 1
    pixels = squares = red = green = blue = alpha = np.int64(0)
    for part in range(parts + 1):
        behind[part, 0], behind[part, 1] = pixels, squares
        behind[part, 2], behind[part, 3] = red, green
        behind[part, 4], behind[part, 5] = blue, alpha
        level[part] = 0
        if part == parts:
            break
        start, end = np.uint64(first[part]), np.uint64(first[part + 1])
        if part > 0:
            differing = rgba[start, last] ^ rgba[start - np.uint64(1), last]
            for j in range(3):  # loops over constants cost nothing
                differing |= rgba[start, j] ^ rgba[start - np.uint64(1), j]
            depth = LEVELS
            for bit in range(1, LEVELS):
                depth -= differing >= 1 << bit
            level[part] = depth
        for i in range(start, end):
            here, r, g = count[i], np.int64(rgba[i, 0]), np.int64(rgba[i, 1])
            b = np.int64(rgba[i, 2])
            a = np.int64(rgba[i, 3]) if last == 3 else np.int64(0)
            pixels += here
            squares += here * (r * r + g * g + b * b + a * a)
            red += here * r
            green += here * g
            blue += here * b
            alpha += here * a


@kernel()
def inner_error(behind: F64, first: int, end: int) -> float:
    """Returns the squared distances to their mean, summed over the pixels of some rows."""
    middle = 0.0
    for j in range(2, 6):
        total = behind[end, j] - behind[first, j]
        middle += total * total
    whole: float = behind[end, 1] - behind[first, 1]
    whole -= middle / (behind[end, 0] - behind[first, 0])
    return whole


@kernel()
def nested(level: U8, behind: F64, n: int, bottom: np.int64, error: F32) -> None:
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
                whole = inner_error(behind, start[depth], end)
                for i in range(start[depth] + 1, end):
                    if level[i] == depth + 1:
                        error[i] = whole
                inside[depth + 1] = 0
            start[depth] = end
        inside[level[end]] += 1


@kernel("i8(u1[:, ::1], i8[::1], i8[::1], i8, i8[::1])")
def cut_cells(rgba: U8, count: I64, cells: I64, target: int, runs: I64) -> int:
    """Finds where parts begin when the cells with the largest errors are cut.

    The error is the sum of squared distances to the cell's mean, weighted by the pixels: a part
    never has more than the whole, so that cutting all above a threshold is cutting top down.

    Args:
        rgba: uint8 (n, C), in Morton order.
        count: int64 (n,), pixels of each colour.
        cells: int64 (m + 1,), where the cells of level `UNIT` begin, and n; they are looked into
            only where that may matter.
        target: parts that are wanted; there are a few more where errors are alike.
        runs: int64 (n + 1,), filled with where parts begin, and n.

    Returns:
        How many parts there are.
    """
    n, units = len(rgba), len(cells) - 1
    level, behind = np.empty(units + 1, np.uint8), np.empty((units + 1, 6), np.float64)
    walk(rgba, count, cells, units, level, behind)
    whole = np.empty(units, np.float32)
    whole[0] = np.inf
    nested(level, behind, units, UNIT, whole)
    bound = np.array([threshold(whole, units, target) << FINE], np.int32).view(np.float32)[0]
    most = (1 << rgba.shape[1] * (LEVELS - UNIT)) + 1
    first, inner_level = np.empty(most, np.int64), np.empty(most, np.uint8)
    inner_behind, inner = np.empty((most, 6), np.float64), np.empty(most, np.float32)
    error, found = np.empty(n, np.float32), 0  # of the cell that is cut for a part to begin
    for unit in range(units):
        start, parts = cells[unit], cells[unit + 1] - cells[unit]
        runs[found], error[found] = start, whole[unit]
        found += 1
        if parts == 1 or inner_error(behind, unit, unit + 1) < bound:
            continue
        for part in range(parts + 1):
            first[part] = start + part
        walk(rgba, count, first, parts, inner_level, inner_behind)
        inner_level[0] = inner_level[parts] = UNIT
        nested(inner_level, inner_behind, parts, LEVELS, inner)
        for part in range(1, parts):
            runs[found], error[found] = start + part, inner[part]
            found += 1
    least, bits = threshold(error, np.int64(found), target), error.view(np.int32)
    kept = 0
    for part in range(found):
        runs[kept] = runs[part]
        kept += bits[part] >> FINE >= least
    runs[kept] = n
    return kept


@kernel()
def threshold(error: F32, n: int | np.int64, target: int) -> int:
    """Returns the bin of n errors that together with those above has `target` of them, or 0."""
    bits = error.view(np.int32)
    bins = np.zeros(1 << 14, np.int64)
    for i in range(n):
        bins[bits[i] >> FINE] += 1
    least, above = len(bins), 0
    while least > 0 and above < target:
        least -= 1
        above += bins[least]
    return least


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
