"""From measurements to tables, plain and in Markdown, and to goals that are met or missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from benchmarks.peers import BASELINE

if TYPE_CHECKING:
    from benchmarks.measure import Measurement

HEADER = (
    "tool",
    "median ms",
    "speed",
    "slowest",
    "SSE",
    "SSE ratio",
    "worst",
    "SAD",
)
UNKNOWN = "–"
GOAL_PICTURES = tuple(f"kodim{number:02}.png" for number in range(1, 13))
GOAL_KS = (12, 48, 256)


@dataclass(frozen=True)
class Goal:
    """A limit to one of our numbers ÷ a peer's on the same picture.

    Attributes:
        tool, peer: whose numbers are divided, ours ÷ theirs.
        what: `speed`, of which much is good, or `ms`, `sse` or `sad`, of which little is.
        limits: by K of `GOAL_KS`.
        worst: whether each picture must keep to the limit, not only the mean of the ratios.
    """

    tool: str
    what: str
    limits: tuple[float, float, float]
    worst: bool = False
    peer: str = BASELINE

    def __str__(self) -> str:
        named = {"speed": "speed", "ms": "time"}.get(self.what, self.what.upper())
        return f"{self.tool}: {named} ÷ {self.peer}'s, {'worst' if self.worst else 'mean'}"


GOALS = (
    Goal("kbatch-l2", "speed", (11, 11, 11)),
    Goal("kbatch-l2", "speed", (8, 8, 8), worst=True),
    Goal("kbatch-l2", "sse", (0.95, 0.91, 0.92)),
    Goal("kbatch-l2", "sse", (1, 1, 1), worst=True),
    Goal("kbatch-l2-thorough", "speed", (1, 1, 1)),
    Goal("kbatch-l2-thorough", "sse", (0.945, 0.902, 0.911)),
    Goal("kbatch-l2-fast", "speed", (13, 13, 13)),
    Goal("kbatch-l2-fast", "sse", (0.99, 0.95, 0.95)),
    Goal("kbatch-l1", "ms", (1.3, 1.3, 1.3), peer="kbatch-l2"),
)


def ratios(
    measurements: Iterable[Measurement], k: int, tool: str, peer: str, what: str
) -> list[float]:
    """Returns a tool's number ÷ a peer's on each picture that both were measured on.

    Args:
        measurements: of any tools.
        k: number of colours.
        tool: whose numbers are divided.
        peer: by whose.
        what: `ms`, `speed`, `sse` or `sad`.
    """
    mine, theirs = (
        {one.picture: getattr(one, what) for one in measurements if (one.k, one.tool) == (k, name)}
        for name in (tool, peer)
    )
    return [_ratio(mine[picture], theirs[picture]) for picture in mine if picture in theirs]


def table(measurements: Sequence[Measurement], k: int) -> list[Sequence[str]]:
    """Returns the header and a row a tool at one k; ratios are to libimagequant, a picture each."""
    rows: list[Sequence[str]] = [HEADER]
    for tool in dict.fromkeys(one.tool for one in measurements):
        mine = [one for one in measurements if (one.k, one.tool) == (k, tool)]
        speeds = ratios(measurements, k, tool, BASELINE, "speed")
        errors = ratios(measurements, k, tool, BASELINE, "sse")
        rows.append(
            (
                tool,
                f"{median(one.ms for one in mine):.1f}",
                *(_figure(summary, speeds, "#.3g") for summary in (fmean, min)),
                f"{fmean(one.sse for one in mine):.2f}",
                *(_figure(summary, errors, ".4f") for summary in (fmean, max)),
                f"{fmean(one.sad for one in mine):.3f}",
            )
        )
    return rows


def goals(measurements: Sequence[Measurement], ks: Sequence[int]) -> list[Sequence[str]]:
    """Returns the header and a row a goal: its figure, limit and whether it is met at each k.

    Args:
        measurements: of any tools.
        ks: what was measured; only those that goals are about get a column.
    """
    about = [k for k in GOAL_KS if k in ks] or GOAL_KS
    return [
        ("goal", *(f"K = {k}" for k in about)),
        *((str(goal), *(verdict(goal, measurements, k) for k in about)) for goal in GOALS),
    ]


def verdict(goal: Goal, measurements: Sequence[Measurement], k: int) -> str:
    """Returns a goal's figure and limit, and whether it is met, or that it wasn't measured."""
    found = ratios(measurements, k, goal.tool, goal.peer, goal.what)
    if not found:
        return "not measured"
    limit = goal.limits[GOAL_KS.index(k)]
    much = goal.what == "speed"
    figure = (min if much else max)(found) if goal.worst else fmean(found)
    met = figure >= limit if much else figure <= limit
    form = "#.3g" if goal.what in ("speed", "ms") else ".4f"
    return f"{figure:{form}} ({'≥' if much else '≤'} {limit:g}) {'met' if met else 'MISSED'}"


def reservation(pictures: Iterable[str]) -> str:
    """Returns for which pictures the goals are stated, and whether these are they."""
    stated = "The goals are stated for the photos kodim01 to kodim12 of the Kodak set"
    if set(pictures) == set(GOAL_PICTURES):
        return f"{stated}, which were measured."
    return f"{stated}; the pictures measured are not these twelve: take verdicts as a hint."


def plain(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows as text, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows as a Markdown table."""
    rule = [" --- ", *(" ---: " for _ in rows[0][1:])]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'|'.join(rule)}|", *lines[1:]])


def _ratio(mine: float, theirs: float) -> float:
    if mine == theirs:
        return 1.0  # also where both show the picture without error
    return mine / theirs if theirs else float("inf")


def _figure(summary: Callable[[Sequence[float]], float], found: Sequence[float], form: str) -> str:
    return format(summary(found), form) if found else UNKNOWN
