"""Spaces to cluster in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kbatch.data import F32, U8
    from kbatch.stages import Options


class Rgb:
    """sRGB values as they are stored, 0 to 255: the space of the study."""

    def __init__(self, _options: Options) -> None:
        pass

    def forward(self, rgb: U8) -> F32:
        """See `kbatch.stages.Space`."""
        return np.asfortranarray(rgb, np.float32)

    def inverse(self, x: F32) -> U8:
        """See `kbatch.stages.Space`."""
        return np.clip(np.rint(x), 0, 255).astype(np.uint8)
