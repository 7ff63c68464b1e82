"""For jobs with `strategy: chebyshev`: `kbatch run job.yaml --plugin plugins/chebyshev.py`."""

from __future__ import annotations

import numpy as np

from kbatch import data, hookimpl
from kbatch.stages import StrategySpec


class Chebyshev:
    """Each colour is as far from a center as its most different channel."""

    def distance(self, x: data.F32, center: data.F32) -> data.F32:
        """Returns the largest channel difference of each point."""
        largest: data.F32 = np.abs(x - center).max(axis=1)
        return largest

    def update(self, x: data.F32, weight: data.F64, center: data.F32) -> data.F32:  # noqa: ARG002
        """Returns the middle of each channel's range: the largest distance is smallest there."""
        middle: data.F32 = (x.min(axis=0) + x.max(axis=0)) / 2
        return middle


@hookimpl
def kbatch_components() -> list[StrategySpec]:
    """Offers the strategy; its factory is called with options, of which it has none."""
    summary = "largest channel difference, centers in the middle of the range"
    return [StrategySpec(name="chebyshev", summary=summary, factory=lambda _: Chebyshev())]
