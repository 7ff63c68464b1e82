"""What is drawn: the bar of a run in a terminal, and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import rich.console
from rich.cells import cell_len, set_cell_size
from rich.measure import Measurement
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kbatch.console.tally import Tally
from kbatch.console.text import clean, clock, counted, decimals, duration, near, shorten, size

if TYPE_CHECKING:
    from kbatch.data import Choice, Plan, Summary, Variant

_NUMBER = re.compile(r"-?[\d.,]+( ?(bytes?|[kMGTPE]B|s|%))?|[-–]|")
_GAP = "  "
_UNLIMITED = 10_000  # columns


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


class Bar:
    """Three lines that tell how far a run is, made anew from its tally each time they are drawn."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def __rich_console__(
        self, console: rich.console.Console, options: rich.console.ConsoleOptions
    ) -> rich.console.RenderResult:
        """Yields the lines, none wider than the terminal."""
        width = options.max_width
        told = progress(self._tally)
        room = width - len(told) - len(_GAP)
        if room >= 4:
            grid = Table.grid(padding=(0, len(_GAP), 0, 0))
            bar = ProgressBar(
                total=max(1, self._tally.pictures),
                completed=self._tally.finished,
                width=room,
                complete_style="cyan",
                finished_style="cyan",
            )
            grid.add_row(bar, Text(told, no_wrap=True))
            yield grid
        else:
            yield Text(told[:width])
        yield Text(traffic(self._tally)[:width], "dim")
        yield Text(working(self._tally.working[:], width, console.encoding), "dim")


def working(names: Sequence[str], width: int, encoding: str) -> str:
    """Returns as many names as fit a line, and how many more there are.

    Args:
        names: of the pictures in work.
        width: cells of the line.
        encoding: of the stream.
    """
    line = ""
    for place, name in enumerate(names):
        rest = len(names) - place - 1
        more = f"{_GAP}+{rest}" if rest else ""
        gap = _GAP if line else ""
        room = width - cell_len(line + gap + more)
        shown = clean(name, encoding)
        if line and cell_len(shown) > room:
            return f"{line}{_GAP}+{rest + 1}"
        line += gap + shorten(shown, room, encoding)
    return line


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], encoding: str) -> Table:
    """Returns an aligned table without lines; columns of numbers stand at the right.

    Args:
        columns: their headings.
        rows: a text for each column.
        encoding: of the stream.
    """
    cells = [[clean(cell, encoding) for cell in row] for row in rows]
    made = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    for place, column in enumerate(columns):
        number = all(_NUMBER.fullmatch(row[place]) for row in cells)
        made.add_column(
            Text(clean(column, encoding)),
            justify="right" if number and cells else "left",
            no_wrap=number,
            overflow="crop" if number else "fold",
        )
    for row in cells:
        made.add_row(*map(Text, row))
    return made


SUMS = ("variant", "done", "bytes out", "ratio", "loss", "seconds")


def sums(tally: Tally) -> Iterator[tuple[str, ...]]:
    """Yields a line for each variant: its label, sums and means."""
    losses = [each.loss / each.losses for each in tally.variants.values() if each.losses]
    digits = decimals(max(losses, default=0.0))
    for label, each in tally.variants.items():
        yield (
            label,
            f"{each.ok:,}",
            size(each.bytes_out) if each.ok else "-",
            f"{each.bytes_in / each.bytes_out:.1f}" if each.bytes_out else "-",
            f"{each.loss / each.losses:,.{digits}f}" if each.losses else "-",
            f"{each.seconds / each.ok:.3f}" if each.ok else "-",
        )


def fitted(
    columns: Sequence[str], rows: Iterable[Sequence[str]], console: rich.console.Console
) -> Table:
    """Returns the table without the last columns that would not fit the width of the console."""
    rows = list(rows)
    unlimited = console.options.update(width=_UNLIMITED)
    for count in range(len(columns), 1, -1):
        made = table(columns[:count], [row[:count] for row in rows], console.encoding)
        if Measurement.get(console, unlimited, made).minimum <= console.width:
            return made
    return table(columns[:2], [row[:2] for row in rows], console.encoding)


def failures(tally: Tally) -> Iterator[str]:
    """Yields a line for each reason of each of the first pictures that failed."""
    for picture, reasons in tally.failures.items():
        for reason, count in reasons.items():
            some = f" ({counted(count, 'variant')})" if count < len(tally.variants) else ""
            yield f"{picture}: {reason}{some}"
    if more := tally.failed_pictures - len(tally.failures):
        yield f"… and {more:,} more in the results"


def message(text: str, prefix: str, style: str, encoding: str) -> rich.console.RenderableType:
    """Returns one message; where it has to be folded its lines stay beside the prefix.

    Args:
        text: what it says.
        prefix: what stands before it; when there is one it alone has the style.
        style: of rich.
        encoding: of the stream.
    """
    shown = clean(text, encoding)
    if not prefix:
        return Text(shown, style)
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(prefix, style), Text(shown))
    return grid


def amount(pictures: int, variants: int) -> str:
    """Returns `240 pictures × 4 variants`."""
    return f"{counted(pictures, 'picture')} × {counted(variants, 'variant')}"


def closing(summary: Summary, variants: int) -> str:
    """Returns the last line of a run: how much, how long, how well, and where it is."""
    where = near(summary.output.joinpath(*_main_report(summary.reports)))
    if summary.interrupted:
        done = f"{summary.finished:,} of {counted(summary.pictures, 'picture')} finished"
        return f"stopped early: {done}; what is done is in {where}"
    counts = [f"{summary.done:,} done"]
    counts += [f"{summary.kept:,} kept"] if summary.kept else []
    counts += [f"{summary.failed:,} failed"] if summary.failed else []
    took = duration(summary.seconds)
    return f"{amount(summary.pictures, variants)} in {took}: {', '.join(counts)} → {where}"


def _main_report(reports: Sequence[str]) -> Sequence[str]:
    return ["results.csv"] if "results.csv" in reports else reports[:1]


VARIANTS = ("variant", "k", "strategy", "init", "space", "dither", "effort", "writer")


def variant_row(variant: Variant) -> tuple[str, ...]:
    """Returns the columns of a variant."""
    return (
        variant.label,
        str(variant.k),
        _choice(variant.strategy),
        _choice(variant.init),
        _choice(variant.space),
        _choice(variant.dither),
        variant.effort,
        _choice(variant.writer),
    )


def plan_facts(plan: Plan, job: str) -> Iterator[tuple[str, str]]:
    """Yields what a plan is about, a name and a text each."""
    if job:
        yield "job", job
    yield "output", near(plan.output)
    yield "pictures", f"{len(plan.sources):,}"
    yield "variants", f"{len(plan.variants):,}"
    yield "executor", f"{_choice(plan.executor)}, {plan.workers} at once"
    if plan.measures:
        yield "measures", ", ".join(map(_choice, plan.measures))
    if plan.reports:
        yield "reports", ", ".join(map(_choice, plan.reports))


def _choice(choice: Choice) -> str:
    options = ", ".join(f"{name}={value}" for name, value in choice.options.items())
    return f"{choice.name} ({options})" if options else choice.name


def one_line(picture: str, reason: str, width: int, encoding: str) -> str:
    """Returns `name: reason` cut to a width: the end of a name and the start of a reason stay."""
    name = shorten(clean(picture, encoding), max(width // 2, 8), encoding)
    text = f"{name}: {clean(reason, encoding)}"
    if cell_len(text) <= width:
        return text
    dots = clean("…", encoding)
    return set_cell_size(text, max(0, width - len(dots))).rstrip() + dots
