"""What the compiled loops share: the points, and what is known of the clusters.

Named tuples of arrays: Numba reads them at no cost, and functions need fewer arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kbatch.data import F32, F64, I32, I64


class Cloud(NamedTuple):
    """Weighted points in blocks, and how far they are from each other.

    Attributes:
        x: float32 (d, n), a row a channel, d is 3 or 4.
        weight: float64 (n,).
        begins: int64 (m + 1,), where blocks of neighbouring points begin, and n.
        low: float32 (m, d), the lower corners of the blocks' boxes.
        high: float32 (m, d), the upper corners.
        order: int32 (d, n), the points of each channel in rising order; empty where all
            coordinates are whole numbers from 0 to 255, or where nobody asks for medians.
        squared: squared Euclidean distance, or else the sum of absolute differences.
    """

    x: F32
    weight: F64
    begins: I64
    low: F32
    high: F32
    order: I32
    squared: bool


class Tally(NamedTuple):
    """What the points of each cluster add up to.

    Attributes:
        mass: float64 (k,), their weight.
        sums: float64 (k, d), the weighted sums of their coordinates; under the squared distance.
        bins: float64 (k, d, 256), their weight by value; for medians of whole numbers.
        at: int64 (k, d), the value at which each median was sought last.
        under: float64 (k, d), the weight below that value.
    """

    mass: F64
    sums: F64
    bins: F64
    at: I64
    under: F64
