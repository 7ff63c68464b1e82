"""The initializer that starts from given colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import assign_with, split_centers, to_space
from kbatch.data import Points
from kbatch.palettes import from_hex

if TYPE_CHECKING:
    from kbatch.builtin.options import PaletteStartOptions
    from kbatch.data import F32, U8
    from kbatch.stages import Initializer, Space, Strategy


class FromPalette:
    """The colours of a palette: those that most pixels are nearest to, and splits if they are few.

    See `kbatch.stages.SpacedInitializer`.
    """

    def __init__(self, options: PaletteStartOptions) -> None:
        self._rgba: U8 = np.array([from_hex(color) for color in options.from_], np.uint8)

    def in_space(self, space: Space) -> Initializer:
        """See `kbatch.stages.SpacedInitializer`."""
        opaque = self._rgba[self._rgba[:, 3] == 255, :3]
        return _Placed(to_space(opaque, space), to_space(self._rgba, space))


class _Placed:
    """The colours in a space, for opaque pictures and for others."""

    def __init__(self, opaque: F32, all_of_them: F32) -> None:
        self._by_dimensions = {3: opaque, 4: all_of_them}

    def centers(
        self,
        points: Points,
        count: int,
        fixed: F32,
        strategy: Strategy,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> F32:
        """See `kbatch.stages.Initializer`."""
        x = self._by_dimensions[points.x.shape[1]]
        x = x[[not (fixed == center).all(axis=1).any() for center in x]]
        if len(x) > count:
            labels, _ = assign_with(strategy, points, x)
            mass = np.bincount(labels, points.weight, len(x))
            x = x[np.sort(np.argsort(-mass, kind="stable")[:count])]
        if len(x) == count:
            return x
        more = split_centers(points, count - len(x), np.vstack([fixed, x]), strategy)
        return np.vstack([x, more])
