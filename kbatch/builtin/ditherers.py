"""Choosing an entry for each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import diffuse, mix, prepare

if TYPE_CHECKING:
    from kbatch import stages
    from kbatch.builtin.options import DiffusionOptions
    from kbatch.data import U8


class Nearest:
    """No dithering: the nearest entry, the study's posterised look."""

    def __init__(self, _options: stages.Options) -> None:
        pass

    def dither(self, pixels: U8, indices: U8, palette: U8, nearest: stages.Nearest) -> U8:  # noqa: ARG002
        """See `kbatch.stages.Ditherer`."""
        return indices


class FloydSteinberg:
    """Error diffusion to four neighbours (Floyd & Steinberg 1976), always from left to right."""

    shares = (7, 3, 5, 1)  # sixteenths: right, below on the left, below, below on the right

    def __init__(self, options: DiffusionOptions) -> None:
        prepare("dither")
        self._weights = np.array([round(16 * share * options.strength) for share in self.shares])

    def dither(self, pixels: U8, indices: U8, palette: U8, nearest: stages.Nearest) -> U8:
        """See `kbatch.stages.Ditherer`."""
        return diffuse(pixels, indices, palette, nearest, self._weights)


class SierraLite(FloydSteinberg):
    """Error diffusion to three neighbours (Sierra 1990): a little coarser in its patterns."""

    shares = (8, 4, 4, 0)


class Ordered:
    """Two entries a colour, mixed by a blue-noise mask at fixed places."""

    def __init__(self, _options: stages.Options) -> None:
        prepare("ordered")

    def dither(self, pixels: U8, indices: U8, palette: U8, nearest: stages.Nearest) -> U8:  # noqa: ARG002
        """See `kbatch.stages.Ditherer`."""
        return mix(pixels, indices, palette)
