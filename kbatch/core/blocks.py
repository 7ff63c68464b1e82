"""Blocks of neighbouring points, by which centers are left out that can't be nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.kernels import blocks
from kbatch.data import Blocks

if TYPE_CHECKING:
    from kbatch.data import F32, I64

BLOCK = 192  # points: fewer make tighter boxes, more make fewer of them
SMALL_BLOCK = 64  # of a coarse set, whose points are farther apart


def blocks_of(x: F32, cells: I64 | None = None) -> Blocks:
    """Packs points into blocks.

    Args:
        x: float32 (n, d), Fortran order.
        cells: int64 (m + 1,), where the octree cells begin that are not cut where that can be, and
            n; without them the points are far apart, and blocks are small.
    """
    n = len(x)
    if cells is None:
        begins = np.append(np.arange(0, n, SMALL_BLOCK), n)
    else:
        begins = np.empty(len(cells) + n // BLOCK + 1, np.int64)
        begins = begins[: blocks.pack(cells, BLOCK, begins) + 1]
    low = np.empty((len(begins) - 1, x.shape[1]), np.float32)
    high = np.empty_like(low)
    blocks.boxes(np.ascontiguousarray(x.T), begins, low, high)
    return Blocks(begins, low, high)
