"""Time against error, a mark a tool and a panel a K. The only module that needs matplotlib."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean, median
from typing import TYPE_CHECKING, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    import pathlib

    from matplotlib.axes import Axes

    from benchmarks.measure import Measurement

    Point = tuple[float, float]

MARKS = "osD^vPX*<>ph"  # in the order of the tools
OURS, THEIRS = "#0072b2", "#b34700"  # told apart by everyone, and in print as full and hollow
WIDTH, HEIGHT = 7.5, 3.2  # of a panel, in inches
NEAR, STEP, FAR = 10, 10, 70  # from a mark to its label, in points
REACH = 6  # of a mark, in pixels
GAP = 1  # around a label, in pixels


def draw(measurements: Sequence[Measurement], path: pathlib.Path) -> None:
    """Writes the plot.

    Args:
        measurements: of any tools, pictures and numbers of colours.
        path: where to; its suffix, `.svg` or `.png`, is the format.
    """
    with mpl.rc_context({"svg.hashsalt": path.stem}):  # the same bytes for the same figures
        figure(measurements).savefig(
            path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None
        )


def figure(measurements: Sequence[Measurement]) -> Figure:
    """Returns the plot: median milliseconds and mean squared error of each tool, both logarithmic.

    Args:
        measurements: of any tools, pictures and numbers of colours.
    """
    ks = list(dict.fromkeys(one.k for one in measurements))
    marks = dict(zip(dict.fromkeys(one.tool for one in measurements), MARKS * 9, strict=False))
    made = Figure(figsize=(WIDTH, HEIGHT * len(ks)), layout="constrained")
    panels = made.subplots(len(ks), sharex=True, squeeze=False)[:, 0]
    found = [_points([one for one in measurements if one.k == k]) for k in ks]
    for panel, k, points in zip(panels, ks, found, strict=True):
        _dress(panel, f"K = {k}")
        for tool, (ms, sse) in points.items():
            panel.plot(ms, sse, marks[tool], ms=7, **_colors(tool))
    panels[-1].set_xlabel("time a picture (ms, median)")
    made.draw_without_rendering()
    made.set_layout_engine("none")  # labels are put where there is room: nothing may move now
    for panel, points in zip(panels, found, strict=True):
        _label(panel, points)
    return made


def _points(measurements: Sequence[Measurement]) -> dict[str, Point]:
    """Returns the median time and mean error of each tool; no error has no place on the axis."""
    found = {}
    for tool in dict.fromkeys(one.tool for one in measurements):
        mine = [one for one in measurements if one.tool == tool]
        found[tool] = median(one.ms for one in mine), fmean(one.sse for one in mine)
    return {tool: (ms, sse) for tool, (ms, sse) in found.items() if sse > 0}


def _dress(panel: Axes, title: str) -> None:
    panel.set_title(title, loc="left", fontsize="medium", fontweight="bold")
    panel.set_ylabel("squared error a pixel (mean)")
    panel.set(xscale="log", yscale="log")
    panel.margins(x=0.13, y=0.16)
    panel.grid(color="#e4e4e4", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    for axis, steps in ((panel.xaxis, (1, 3)), (panel.yaxis, (1, 1.5, 2, 3, 5, 7))):
        axis.set_major_locator(LogLocator(subs=steps, numticks=99))
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axis.set_minor_formatter(NullFormatter())


def _colors(tool: str) -> dict[str, str]:
    if tool.startswith("kbatch"):
        return {"color": OURS}
    return {"color": THEIRS, "markerfacecolor": "white"}


def _label(panel: Axes, points: dict[str, Point]) -> None:
    """Writes each tool's name at the nearest place beside its mark that is free."""
    middles = [panel.transData.transform(point) for point in points.values()]
    taken = [Bbox([[x - REACH, y - REACH], [x + REACH, y + REACH]]) for x, y in middles]
    for tool, point in sorted(points.items(), key=lambda item: item[1]):
        taken.append(_place(panel, tool, point, taken))


def _place(panel: Axes, tool: str, point: Point, taken: Sequence[Bbox]) -> Bbox:
    """Writes a name where it covers least, near its mark rather than far; returns its box."""
    text = panel.annotate(tool, point, (0, 0), textcoords="offset points", va="center", fontsize=8)

    start = panel.transData.transform(point)

    def box(offset: Point) -> Bbox:
        text.set_horizontalalignment(_alignment(offset))
        text.xyann = offset
        return text.get_window_extent().padded(GAP)

    def covered(offset: Point) -> int:
        found = box(offset)
        outside = 4 - panel.bbox.count_contains(found.corners())
        leader = Path([start, start + np.multiply(offset, panel.figure.dpi / 72)])
        crossed = sum(leader.intersects_bbox(other) for other in taken)
        return int(outside + found.count_overlaps(taken) + crossed)

    best = min(_offsets(), key=covered)
    if math.hypot(*best) > NEAR + 1:
        leader = {"arrowstyle": "-", "color": "#888888", "linewidth": 0.6, "shrinkA": 0}
        panel.annotate("", point, best, textcoords="offset points", arrowprops=leader)
    return box(best)


def _offsets() -> Iterator[Point]:
    """Yields where a label may be, from its mark in points, the nearest first."""
    for distance in range(NEAR, FAR, STEP):
        for degrees in (0, 180, 90, 270, 45, 315, 135, 225):
            angle = math.radians(degrees)
            yield round(distance * math.cos(angle), 3), round(distance * math.sin(angle), 3)


def _alignment(offset: Point) -> Literal["left", "center", "right"]:
    if offset[0] == 0:
        return "center"
    return "left" if offset[0] > 0 else "right"
