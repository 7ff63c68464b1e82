"""From points of growth to tables, exponents, goals that are met or missed, and a plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.tables import UNKNOWN

STRATEGIES = ("l2", "l1")
EVERY = 256**3
LINEAR = 1.15  # an exponent of 1, and what noise of a fifth adds between neighbours
MARKS = {"l2": ("o-", "#0072b2"), "l1": ("s--", "#d55e00")}  # told apart in grey too

Rows = list[Sequence[str]]
Curve = tuple[str, list[float], list[float]]


@dataclass(frozen=True)
class Point:
    """One picture at one k.

    Attributes:
        series, x: what grows, and how far.
        pixels, colors: of the picture.
        ms: best milliseconds by strategy.
        beyond: bytes beyond the picture by strategy, None where the system can't tell.
    """

    series: str
    x: float
    pixels: int
    colors: int
    ms: dict[str, float]
    beyond: dict[str, int | None]


def exponents(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Returns the slopes of y against x on logarithmic scales: 1 is linear.

    Args:
        x: growing, at least two.
        y: positive.

    Returns:
        The slope by least squares, and the steepest between neighbours.
    """
    import numpy as np

    logs = np.log(x), np.log(y)
    steepest = max((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(zip(*logs, strict=True)))
    return float(np.polyfit(*logs, 1)[0]), float(steepest)


def table(heading: str, points: Sequence[Point]) -> Rows:
    """Returns the header and a row a point."""
    columns = [f"{name} {what}" for name in STRATEGIES for what in ("ms", "MB", "bytes a pixel")]
    rows: Rows = [(heading, "distinct colours", *columns)]
    for point in points:
        cells = [cell for name in STRATEGIES for cell in _cells(point, name)]
        rows.append((f"{point.x:,.12g}", f"{point.colors:,}", *cells))
    return rows


def growth(points: Sequence[Point]) -> Rows:
    """Returns the header and a row for each exponent of each series."""
    rows: Rows = [("what grows", "against", "exponent", "steepest between neighbours")]
    for series in dict.fromkeys(point.series for point in points):
        for what, x, y in _curves(points, series):
            rows.append((what, series, *(f"{slope:.2f}" for slope in exponents(x, y))))
    return rows


def verdicts(points: Sequence[Point]) -> list[str]:
    """Returns a line for each thing that may not outgrow pixels, and for all colours."""
    lines = []
    for what, x, y in _curves(points, "pixels"):
        fit, steepest = exponents(x, y)
        lines.append(
            f"{'met' if steepest <= LINEAR else 'missed'}: {what} grows no faster than pixels: "
            f"exponent {fit:.2f}, steepest between neighbours {steepest:.2f} "
            f"(goal: at most 1, {LINEAR - 1:.2f} allowed for noise)"
        )
    for point in points:
        if point.colors == EVERY:
            cells = ((name, *_cells(point, name)) for name in STRATEGIES)
            told = ", ".join(
                "{} {} ms and {} MB ({} bytes a pixel)".format(*each) for each in cells
            )
            lines.append(f"met: a picture of all {EVERY:,} colours works: {told}")
    return lines


def plot(points: Sequence[Point], file: Path) -> str | None:
    """Draws time and memory, a column a series.

    Args:
        points: of all series.
        file: what to write; its suffix is the format.

    Returns:
        Why there is no plot, else None.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "no plot: install matplotlib"
    series = list(dict.fromkeys(point.series for point in points))
    figure = Figure(figsize=(4 * len(series), 6.5), layout="constrained")
    panels = figure.subplots(2, len(series), squeeze=False, sharex="col", sharey="row")
    for column, name in enumerate(series):
        for what, x, y in _curves(points, name):
            strategy, _, kind = what.partition(" ")
            panel = panels[0 if kind == "time" else 1, column]
            line, color = MARKS[strategy]
            scaled = [value if kind == "time" else value / 1e6 for value in y]
            panel.plot(x, scaled, line, color=color, markersize=5, label=strategy)
        panels[1, column].set_xlabel("megapixels" if name == "pixels" else name)
    for panel in panels.flat:
        panel.set(xscale="log", yscale="log")
        panel.grid(visible=True, alpha=0.3)
    if "K" in series:
        ks = [point.x for point in points if point.series == "K"]
        panels[1, series.index("K")].set_xticks(ks, [f"{k:g}" for k in ks])
        panels[1, series.index("K")].minorticks_off()
    panels[0, 0].set_ylabel("time, ms")
    panels[1, 0].set_ylabel("memory beyond the picture, MB")
    panels[0, 0].legend(frameon=False)
    figure.savefig(file)
    return None


def _curves(points: Sequence[Point], series: str) -> Iterator[Curve]:
    """Yields `l2 time`, `l2 memory` and so on, with x and y, where they are known."""
    mine = [point for point in points if point.series == series]
    x = [point.x for point in mine]
    for name in STRATEGIES:
        yield f"{name} time", x, [point.ms[name] for point in mine]
    for name in STRATEGIES:
        known = [taken for point in mine if (taken := point.beyond[name])]
        if len(known) == len(mine):
            yield f"{name} memory", x, [float(taken) for taken in known]


def _cells(point: Point, strategy: str) -> tuple[str, str, str]:
    """Returns milliseconds, megabytes, and bytes a pixel."""
    taken = point.beyond[strategy]
    if taken is None:
        return f"{point.ms[strategy]:,.1f}", UNKNOWN, UNKNOWN
    return f"{point.ms[strategy]:,.1f}", f"{taken / 1e6:,.1f}", f"{taken / point.pixels:,.1f}"
