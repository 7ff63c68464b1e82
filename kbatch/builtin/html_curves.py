"""The curves of `report.html`, and where they bend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kbatch.builtin import html_summary as sums


def curves(summary: sums.Summary) -> list[dict[str, Any]]:
    """Returns a curve for each series over the pictures that are done in every variant.

    A point has the mean bytes of a picture, the PSNR of the mean squared error, and the loss as a
    share of that at the series' smallest k, since the losses of strategies have different units.
    """
    found = []
    series = dict.fromkeys(tally.series for tally in summary.variants.values())
    for name in series if summary.common else ():
        tallies = sorted(
            (tally for tally in summary.variants.values() if tally.series == name),
            key=lambda tally: tally.k,
        )
        most = tallies[0].common[2]
        sizes = [tally.common[0] / summary.common for tally in tallies]
        quality = [sums.decibels(tally.common[1] / summary.common) for tally in tallies]
        points = [
            {
                "label": tally.label,
                "k": tally.k,
                "bytes": size,
                "psnr": value,
                "loss": tally.common[2] / most if most else None,
            }
            for tally, size, value in zip(tallies, sizes, quality, strict=True)
        ]
        found.append({"name": name, "points": points, "knee": knee(sizes, quality)})
    return found


def knee(x: Sequence[float], y: Sequence[float]) -> int | None:
    """Returns where a curve bends most: its point farthest above the line between its ends.

    Both axes are scaled to 0 to 1 first ("Kneedle", Satopää et al. 2011).

    Args:
        x: rising.
        y: rising.

    Returns:
        Its index, or None where there are fewer than three points, one is infinite, an axis does
        not rise, or no point is above the line.
    """
    if len(x) < 3 or not all(map(math.isfinite, [*x, *y])) or x[-1] <= x[0] or y[-1] <= y[0]:
        return None
    above = [(y[i] - y[0]) / (y[-1] - y[0]) - (x[i] - x[0]) / (x[-1] - x[0]) for i in range(len(x))]
    best = max(range(len(x)), key=above.__getitem__)
    return best if above[best] > 0 else None
