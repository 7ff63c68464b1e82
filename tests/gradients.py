"""A picture for tests: gradients with some noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kbatch.data import U8


def gradients(width: int, height: int) -> U8:
    """Returns uint8 (height, width, 3)."""
    y, x = np.mgrid[:height, :width]
    plain = np.stack([x * 255 // width, y * 255 // height, (x + y) * 3 % 256], axis=2)
    noise = np.random.default_rng(1).integers(0, 16, plain.shape)
    return (plain + noise).clip(0, 255).astype(np.uint8)
