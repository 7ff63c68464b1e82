"""What is told of a plan and after a run: tables and lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import rich.console
from rich.cells import cell_len, set_cell_size
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from kbatch.console.tally import Ranking, Tally
from kbatch.console.text import clean, counted, decimals, duration, near, shorten, size

if TYPE_CHECKING:
    from kbatch.data import Choice, Plan, Summary, Variant

_NUMBER = re.compile(r"-?[\d.,]+( ?(bytes?|[kMGTPE]B|s|%))?|[-–]|")
_GAP = "  "
_UNLIMITED = 10_000  # columns
_KEPT = 4  # columns of a table that are worth folding the first one

MOST_REPORTS = 4  # that are named after a run


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


SUMS = ("variant", "done", "bytes out", "ratio", "psnr", "loss", "seconds")


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
            decibels(each.sse / each.errors) if each.errors else "-",
            f"{each.loss / each.losses:,.{digits}f}" if each.losses else "-",
            f"{each.seconds / each.ok:.3f}" if each.ok else "-",
        )


def decibels(sse: float) -> str:
    """Returns the peak signal-to-noise ratio in dB as it is told: `31.42`, or `exact`.

    Args:
        sse: squared error summed over three channels, a pixel.
    """
    return f"{10 * math.log10(3 * 255**2 / sse):.2f}" if sse > 0 else "exact"


def extremes(ranking: Ranking) -> Iterator[tuple[str, str]]:
    """Yields `best` and `worst` with the names and decibels of a few pictures."""
    for word, ranked in (("best", ranking.best), ("worst", ranking.worst)):
        if few := ranked[: ranking.count // 2]:
            yield (
                word,
                ", ".join(f"{name} {decibels(sse)}{' dB' if sse else ''}" for sse, name in few),
            )


def fitted(
    columns: Sequence[str], rows: Iterable[Sequence[str]], console: rich.console.Console
) -> Table:
    """Returns the table without the last columns that would not fit the width of the console."""
    rows = list(rows)
    unlimited = console.options.update(width=_UNLIMITED)
    for count in range(len(columns), 1, -1):
        made = table(columns[:count], [row[:count] for row in rows], console.encoding)
        needed = Measurement.get(console, unlimited, made)
        # The first column is folded only when little would be left beside it.
        if (needed.maximum if count > _KEPT else needed.minimum) <= console.width:
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


def reports(summary: Summary) -> str:
    """Returns where the reports are when there are several, else an empty text."""
    files = [near(summary.output / name) for name in summary.reports]
    if len(files) < 2:
        return ""
    more = f", … and {len(files) - MOST_REPORTS:,} more" if len(files) > MOST_REPORTS else ""
    return ", ".join(files[:MOST_REPORTS]) + more


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
