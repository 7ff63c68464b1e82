"""`results.md`: tables with links to the results, for a README or a wiki."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from kbatch.builtin.report_words import decibels, psnr, shown
from kbatch.data import Record
from kbatch.stages import Folder, Results

if TYPE_CHECKING:
    from kbatch.builtin.options import MarkdownOptions

SPECIAL = re.compile(r"[\\`*_{}\[\]<>#!|~&$@]")
SUMMARY = ("variant", "done", "kept", "failed", "bytes", "ratio", "PSNR", "loss")
PICTURE = ("variant", "bytes", "ratio", "PSNR", "loss")


class MarkdownReport:
    """Writes GitHub's Markdown: a table of variants, and one for each of the first pictures."""

    def __init__(self, options: MarkdownOptions) -> None:
        self._pictures = options.pictures
        self._images = options.show == "images"

    def write(self, results: Results, folder: Folder) -> None:
        """Writes `results.md`: means of all pictures, then the first pictures one by one."""
        with folder.open("results.md") as stream:
            for line in self._lines(results, folder):
                stream.write(f"{line}\n".encode("utf-8", "backslashreplace"))

    def _lines(self, results: Results, folder: Folder) -> Iterator[str]:
        totals: dict[str, _Totals] = {}
        failures: Counter[tuple[str, str]] = Counter()
        for record in results:
            totals.setdefault(record.variant, _Totals()).add(record)
            failure = record.picture, record.error or ""
            if record.status == "failed" and (
                failure in failures or len(failures) < self._pictures
            ):
                failures[failure] += 1
        yield from ("# Results", "", "Means of all pictures; the ratio is of all bytes.", "")
        rows = ([text(label), *total.cells()] for label, total in totals.items())
        yield from _table(SUMMARY, rows)
        failed = sum(total.failed for total in totals.values())
        if failed:
            yield from ("", "## Failures", "")
            told = ((text(name), str(count), text(why)) for (name, why), count in failures.items())
            yield from _table(("picture", "failed", "why"), told)
            yield from _more(failed - failures.total(), "failures")
        yield from ("", "## Pictures")
        groups = itertools.groupby(results, key=lambda record: record.picture)
        for name, records in itertools.islice(groups, self._pictures):
            yield from ("", f"### {text(name)}", "")
            yield from _table(PICTURE, (self._row(record, folder) for record in records))
        pictures = max((total.pictures for total in totals.values()), default=0)
        yield from _more(pictures - self._pictures, "pictures")

    def _row(self, record: Record, folder: Folder) -> Iterable[str]:
        label = text(record.variant)
        if record.output is None:
            label += f" ({record.status})"
        elif folder.find(record.output) is None:
            label += " (the file is missing)"
        else:
            label = f"{'!' * self._images}[{label}]({link(record.output)})"
        return (label, _whole(record.bytes_out), *_numbers(record.ratio, psnr(record), record.loss))


@dataclass
class _Totals:
    """Sums over the records of a variant."""

    done: int = 0
    kept: int = 0
    failed: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    loss: float = 0.0
    decibels: float = 0.0
    noisy: int = 0  # records that are not exact

    @property
    def pictures(self) -> int:
        return self.done + self.kept + self.failed

    def add(self, record: Record) -> None:
        setattr(self, record.status, getattr(self, record.status) + 1)
        if record.status != "done":
            return
        self.bytes_in += record.bytes_in or 0
        self.bytes_out += record.bytes_out or 0
        self.loss += record.loss or 0.0
        value = psnr(record)
        if value is not None and math.isfinite(value):
            self.decibels += value
            self.noisy += 1

    def cells(self) -> Iterator[str]:
        """Yields the cells of the summary; those of no record are empty."""
        yield from map(str, (self.done, self.kept, self.failed))
        if not self.done:
            yield from [""] * 4
            return
        yield _whole(round(self.bytes_out / self.done))
        noise = self.decibels / self.noisy if self.noisy else math.inf
        yield from _numbers(self.bytes_in / max(self.bytes_out, 1), noise, self.loss / self.done)


def text(value: str) -> str:
    """Returns text that Markdown shows as it is, in one line and one cell of a table.

    What is written from right to left is set apart, so that it doesn't turn its neighbours around.
    """
    escaped = SPECIAL.sub(r"\\\g<0>", shown(value))
    turned = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in escaped)
    return f"\u2068{escaped}\u2069" if turned else escaped


def link(name: str) -> str:
    """Returns a relative address of a file of the output."""
    return quote(name.encode("utf-8", "surrogateescape"), safe="/")


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns = list(columns)
    yield _cells(columns)
    yield _cells("---:" if name in SUMMARY[1:] else "---" for name in columns)
    yield from map(_cells, rows)


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _whole(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _numbers(ratio: float | None, noise: float | None, loss: float | None) -> Iterator[str]:
    yield "" if ratio is None else f"{ratio:.2f}"
    yield decibels(noise)
    yield "" if loss is None else f"{loss:.2f}"


def _more(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield from ("", f"{count:,} more {what} are not listed here.")
