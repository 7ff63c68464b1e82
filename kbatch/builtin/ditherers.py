"""Choosing an entry for each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbatch import stages
    from kbatch.data import U8


class Nearest:
    """No dithering: the nearest entry, the study's posterised look."""

    def __init__(self, _options: stages.Options) -> None:
        pass

    def dither(self, pixels: U8, indices: U8, palette: U8, nearest: stages.Nearest) -> U8:  # noqa: ARG002
        """See `kbatch.stages.Ditherer`."""
        return indices
