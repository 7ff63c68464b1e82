"""What a terminal shows while a run is on: how far it is, how fast, and its variants so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kbatch.console import views
from kbatch.console.pace import sparkline
from kbatch.console.text import clean, clock, encodable, shorten, size

if TYPE_CHECKING:
    import rich.console

    from kbatch.console.tally import Tally

GAP = "  "
LEAST = 0.005  # of the time, a share that is told
LEFT_OUT = "loss"  # of the columns after a run: it compares only variants of one strategy


class Board:
    """The lines that are drawn again and again, made anew from a tally each time.

    There are as many of them from the start as at the end, so that nothing jumps, and never more
    or wider ones than the terminal has.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def __rich_console__(
        self, console: rich.console.Console, options: rich.console.ConsoleOptions
    ) -> rich.console.RenderResult:
        """Yields the lines."""
        width, height = options.max_width, console.size.height - 1
        lines = list(islice(self._lines(console, width), height))
        yield from lines
        if (room := height - len(lines) - 2) > 0:
            yield Text("")
            yield from self._variants(console, width, room)

    def _lines(
        self, console: rich.console.Console, width: int
    ) -> Iterator[rich.console.RenderableType]:
        tally, encoding = self._tally, console.encoding
        yield _bar(tally, width)
        yield Text(traffic(tally)[:width], "dim")
        yield Text(pace(tally, width, encoding), "cyan")
        yield Text(stages(tally.stages, width), "dim")
        yield Text(working(tally.working[:], width, encoding), "dim")

    def _variants(
        self, console: rich.console.Console, width: int, room: int
    ) -> Iterator[rich.console.RenderableType]:
        """Yields a table of so many rows, of which the last may tell how many are missing."""
        variants, encoding = self._tally.variants, console.encoding
        count = len(variants) if len(variants) <= room else room - 1
        place = views.SUMS.index(LEFT_OUT)
        rows = [
            (
                shorten(clean(row[0], encoding), width // 2, encoding),
                *row[1:place],
                *row[place + 1 :],
            )
            for row in (views.SUMS, *islice(views.sums(self._tally), count))
        ]
        for line, style in zip_longest(aligned(rows, width), ["bold"], fillvalue=""):
            yield Text(line, style, no_wrap=True)
        if more := len(variants) - count:
            yield Text(encodable(f"… and {more:,} more", encoding)[:width], "dim")


def aligned(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Returns a line a row, the first column at the left and the others at the right.

    It is made five times a second, so it is no table of rich, which takes much longer.

    Args:
        rows: a text for each column.
        width: cells; the last columns are left out until the others fit.
    """
    columns = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    count = len(columns)
    while count > 1 and sum(columns[:count]) + len(GAP) * (count - 1) > width:
        count -= 1
    return [
        GAP.join(
            [
                first + " " * (columns[0] - cell_len(first)),
                *(f"{cell:>{columns[at]}}" for at, cell in enumerate(others[: count - 1], 1)),
            ]
        )
        for first, *others in rows
    ]


def _bar(tally: Tally, width: int) -> rich.console.RenderableType:
    told = progress(tally)
    room = width - len(told) - len(GAP)
    if room < 4:
        return Text(told[:width])
    grid = Table.grid(padding=(0, len(GAP), 0, 0))
    bar = ProgressBar(
        total=max(1, tally.pictures),
        completed=tally.finished,
        width=room,
        complete_style="cyan",
        finished_style="cyan",
    )
    grid.add_row(bar, Text(told, no_wrap=True))
    return grid


def progress(tally: Tally) -> str:
    """Returns `128/240   4.2/s   0:26 left`, always of one width so that nothing moves."""
    total = f"{tally.pictures:,}"
    rate = f"{tally.rate:.{0 if tally.rate >= 100 else 1}f}/s" if tally.rate else ""
    left = "" if tally.left is None else f"{clock(tally.left)} left"
    return f"{tally.finished:>{len(total)},}/{total}  {rate:>6}  {left:>10}"


def traffic(tally: Tally) -> str:
    """Returns `in 8.1 MB, out 1.2 MB, 2 failed`."""
    failed = f", {tally.failed_pictures:,} failed" if tally.failed_pictures else ""
    return f"in {size(tally.bytes_in)}, out {size(tally.bytes_out)}{failed}"


def pace(tally: Tally, width: int, encoding: str) -> str:
    """Returns a sparkline of pictures a second from the start to now; the last that fit."""
    seconds = tally.seconds
    counts = tally.pace.counts(seconds)
    told = f"{GAP}{clock(tally.pace.span)} a bar"
    if not counts:
        return ""
    if len(told) > width // 2:
        told = ""
    return sparkline(counts[-(width - len(told)) :], encoding) + told


def stages(seconds: Mapping[str, float], width: int) -> str:
    """Returns `load 12%  cluster 61%  …`: what the workers' time went into.

    Args:
        seconds: of each stage, in their order; those of next to no time are left out.
        width: cells of the line; the smallest are left out until the others fit.
    """
    total = sum(seconds.values())
    left = {name: spent for name, spent in seconds.items() if spent >= LEAST * total > 0}
    while left:
        line = GAP.join(f"{name} {spent / total:.0%}" for name, spent in left.items())
        if len(line) <= width:
            return line
        del left[min(left, key=left.__getitem__)]
    return ""


def working(names: list[str], width: int, encoding: str) -> str:
    """Returns as many names as fit a line, and how many more there are.

    Args:
        names: of the pictures in work.
        width: cells of the line.
        encoding: of the stream.
    """
    line = ""
    for place, name in enumerate(names):
        rest = len(names) - place - 1
        more = f"{GAP}+{rest}" if rest else ""
        gap = GAP if line else ""
        room = width - cell_len(line + gap + more)
        shown = clean(name, encoding)
        if line and cell_len(shown) > room:
            return f"{line}{GAP}+{rest + 1}"
        line += gap + shorten(shown, room, encoding)
    return line
