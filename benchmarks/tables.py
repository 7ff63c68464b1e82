"""From measurements to tables, plain and in Markdown, and to goals that are met or missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from benchmarks.peers import BASELINE

if TYPE_CHECKING:
    from benchmarks.measure import Measurement

HEADER = (
    "tool",
    "median ms",
    "time ratio",
    "worst",
    "SSE",
    "SSE ratio",
    "worst",
    "SAD",
)
UNKNOWN = "–"


@dataclass(frozen=True)
class Goal:
    """A limit to our time as a multiple of a peer's.

    Attributes:
        text: what is claimed.
        k: at which number of colours.
        tool, peer: whose times are divided, ours ÷ theirs.
        limit: most that the mean of the pictures' ratios may be.
    """

    text: str
    k: int
    tool: str
    peer: str
    limit: float


GOALS = (
    Goal(
        "kbatch.quantize (l2) takes no longer than libimagequant",
        *(48, "kbatch-l2", BASELINE, 1.0),
    ),
    Goal(
        "kbatch.quantize (l2) takes at most a tenth of scikit-learn's KMeans on all pixels "
        "with one start",
        *(48, "kbatch-l2", "sklearn-kmeans", 0.1),
    ),
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
        what: `ms`, `sse` or `sad`.
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
        rows.append(
            (
                tool,
                f"{median(one.ms for one in mine):.1f}",
                *_mean_and_worst(ratios(measurements, k, tool, BASELINE, "ms"), "{:.2f}"),
                f"{fmean(one.sse for one in mine):.2f}",
                *_mean_and_worst(ratios(measurements, k, tool, BASELINE, "sse"), "{:.4f}"),
                f"{fmean(one.sad for one in mine):.3f}",
            )
        )
    return rows


def verdict(goal: Goal, measurements: Sequence[Measurement]) -> str:
    """Returns a line that says whether a goal is met, by how much, or that it wasn't measured."""
    claim = f"K = {goal.k}: {goal.text}"
    found = ratios(measurements, goal.k, goal.tool, goal.peer, "ms")
    if not found:
        return f"NOT MEASURED  {claim} (needs K = {goal.k}, {goal.tool} and {goal.peer})"
    mean = fmean(found)
    met = sum(ratio <= goal.limit for ratio in found)
    return (
        f"{'PASS' if mean <= goal.limit else 'FAIL'}  {claim}: mean {mean:.3f}, "
        f"worst {max(found):.3f}, limit {goal.limit:g}, held on {met} of {len(found)} pictures"
    )


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


def _mean_and_worst(found: Sequence[float], form: str) -> tuple[str, str]:
    if not found:
        return UNKNOWN, UNKNOWN
    return form.format(fmean(found)), form.format(max(found))
