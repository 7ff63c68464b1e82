"""The figures of `report.html`: those of each variant, the best and the worst pictures."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from kbatch.data import Record

EXTREMES = 5  # best and worst pictures
FAILURES = 500  # failures that are listed one by one
STATUSES = ("done", "kept", "failed")


@dataclass
class Tally:
    """What is known of one variant, summed over its pictures.

    Attributes:
        label, k: of the variant.
        series: the label without its k: variants of one series make one curve.
        counts: records by status.
        bytes_in, bytes_out: of the records that have both.
        values: numbers of the records that are done, by column.
        error: sum of the mean squared errors of a channel, over the records that are done.
        common: bytes, error and loss, summed over the pictures that are done in every variant.
    """

    label: str
    k: int
    series: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    bytes_in: int = 0
    bytes_out: int = 0
    values: dict[str, array[float]] = field(default_factory=dict)
    error: float = 0.0
    common: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])

    def add(self, record: Record) -> None:
        """Counts one record in."""
        self.counts[record.status] += 1
        if record.bytes_in is not None and record.bytes_out is not None:
            self.bytes_in += record.bytes_in
            self.bytes_out += record.bytes_out
        if record.status == "done":
            self.error += mean_squared_error(record) or 0.0
            for name, value in numbers(record).items():
                if value is not None:
                    self.values.setdefault(name, array("d")).append(value)


@dataclass
class Summary:
    """The figures of a job.

    Attributes:
        variants: by label, in plan order.
        pictures: that have records; `common` of them are done in every variant.
        bytes_in: of all sources, each once.
        seconds: of all records.
        columns: numbers that records have, measures last.
        best, worst: place, name and PSNR of pictures.
        failures: picture, error and in how many variants; `failed` has the number of all of them.
    """

    variants: dict[str, Tally] = field(default_factory=dict)
    pictures: int = 0
    common: int = 0
    bytes_in: int = 0
    seconds: float = 0.0
    columns: list[str] = field(default_factory=list)
    best: list[tuple[int, str, float]] = field(default_factory=list)
    worst: list[tuple[int, str, float]] = field(default_factory=list)
    failures: list[tuple[str, str, int]] = field(default_factory=list)
    failed: int = 0


def pictures(results: Iterable[Record]) -> Iterator[tuple[int, list[Record]]]:
    """Yields the place of each picture and its records, of results in plan order."""
    for place, (_, records) in enumerate(groupby(results, key=attrgetter("picture"))):
        yield place, list(records)


def summarize(results: Iterable[Record]) -> Summary:
    """Returns the figures of a job; of each record it keeps a few numbers only."""
    summary = Summary()
    best: list[tuple[float, int, str]] = []
    worst: list[tuple[float, int, str]] = []
    for place, records in pictures(results):
        _add_records(summary, records)
        _add_failures(summary, records)
        errors = [error for record in records if (error := _error(record)) is not None]
        if errors:
            mean = math.fsum(errors) / len(errors)
            best = sorted([*best, (mean, place, records[0].picture)])[:EXTREMES]
            worst = sorted([*worst, (-mean, place, records[0].picture)])[:EXTREMES]
    summary.best = [(place, name, decibels(error)) for error, place, name in best]
    summary.worst = [(place, name, decibels(-error)) for error, place, name in worst]
    names = (name for tally in summary.variants.values() for name in tally.values)
    summary.columns = list(dict.fromkeys(names))
    return summary


def _add_records(summary: Summary, records: Sequence[Record]) -> None:
    summary.pictures += 1
    summary.bytes_in += next((r.bytes_in for r in records if r.bytes_in is not None), 0)
    summary.seconds += math.fsum(record.seconds for record in records)
    for record in records:
        label = record.variant
        if label not in summary.variants:
            summary.variants[label] = Tally(label, record.k, re.sub(r"^K\d+_", "", label))
        summary.variants[label].add(record)
    done = [record for record in records if record.status == "done"]
    if len(done) == len(summary.variants):
        summary.common += 1
        for record in done:
            sums = summary.variants[record.variant].common
            sums[0] += record.bytes_out or 0
            sums[1] += mean_squared_error(record) or 0.0
            sums[2] += record.loss or 0.0


def _error(record: Record) -> float | None:
    return mean_squared_error(record) if record.status == "done" else None


def _add_failures(summary: Summary, records: Sequence[Record]) -> None:
    reasons: dict[str, int] = {}
    for record in records:
        if record.status == "failed":
            reason = record.error or "no reason was kept"
            reasons[reason] = reasons.get(reason, 0) + 1
    summary.failed += len(reasons)
    room = FAILURES - len(summary.failures)
    found = [(records[0].picture, reason, count) for reason, count in reasons.items()]
    summary.failures += found[: max(room, 0)]


def mean_squared_error(record: Record) -> float | None:
    """Returns the squared error of a channel, by the measure psnr where it was taken."""
    measured = record.measures.get("psnr")
    if measured is not None:
        return float(255**2 * 10 ** (-measured / 10))
    return None if record.sse is None else record.sse / 3


def decibels(error: float) -> float:
    """Returns the PSNR of a mean squared error; infinite where there is none."""
    return math.inf if error <= 0 else 10 * math.log10(255**2 / error)


def numbers(record: Record) -> dict[str, float | None]:
    """Returns what is compared of a record: bytes, PSNR, loss, time, measures."""
    error = mean_squared_error(record)
    return {
        "bytes_out": record.bytes_out,
        "ratio": record.ratio,
        "psnr": None if error is None else decibels(error),
        "loss": record.loss,
        "seconds": record.seconds,
    } | {name: value for name, value in record.measures.items() if name != "psnr"}


def figures(tally: Tally) -> dict[str, Any]:
    """Returns a variant's line of the table, with five numbers of how each column is distributed.

    Bytes and seconds are sums, PSNR is that of the mean squared error, all others are means.
    """
    done = tally.counts["done"]
    finite = {name: _finite(values) for name, values in tally.values.items()}
    means = {name: float(values.mean()) for name, values in finite.items() if len(values)}
    fixed = {
        "bytes_out": tally.bytes_out,
        "ratio": tally.bytes_in / tally.bytes_out if tally.bytes_out else None,
        "psnr": decibels(tally.error / done) if "psnr" in tally.values else None,
        "seconds": math.fsum(tally.values.get("seconds", ())),
    }
    return {
        "label": tally.label,
        "k": tally.k,
        "series": tally.series,
        **tally.counts,
        "figures": means | fixed,
        "spread": {name: five_numbers(values) for name, values in finite.items() if len(values)},
    }


def _finite(values: array[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    found = np.frombuffer(values, dtype=np.float64)
    return found[np.isfinite(found)]


def five_numbers(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """Returns the least, the quartiles and the largest of some numbers (Tukey 1977)."""
    found: list[float] = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist()
    return found
