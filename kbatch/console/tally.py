"""What a console knows of a run: sums by variant and what is in work, never a list of all."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from kbatch.console.pace import Pace
from kbatch.data import RECORD_COLUMNS

if TYPE_CHECKING:
    from kbatch.data import Plan, Record

MOST_FAILURES = 20
MOST_RANKED = 3
SETTLING = 0.25  # seconds: what a resumed run tells of at once says nothing about its speed

_COLUMN = {name.removeprefix("seconds_"): name for name in RECORD_COLUMNS if "seconds_" in name}
STAGES = tuple(_COLUMN)


@dataclass(slots=True)
class VariantTally:
    """Sums over the records of one variant."""

    ok: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    loss: float = 0.0
    losses: int = 0
    sse: float = 0.0
    errors: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Begun:
    """A picture of which some records came."""

    records: int = 0
    bytes_in: int = 0
    sse: float = 0.0
    errors: int = 0
    reasons: set[str] = field(default_factory=set)


class Ranking:
    """The pictures with the smallest and the largest error, a mean over their variants.

    Attributes:
        best, worst: errors and names, from the outermost.
        count: how many pictures were ranked.
    """

    def __init__(self) -> None:
        self.best: list[tuple[float, str]] = []
        self.worst: list[tuple[float, str]] = []
        self.count = 0

    def add(self, sse: float, name: str) -> None:
        """Ranks a picture."""
        self.count += 1
        self.best = sorted([*self.best, (sse, name)])[:MOST_RANKED]
        self.worst = sorted([*self.worst, (sse, name)], reverse=True)[:MOST_RANKED]


class Tally:
    """The sums of a run, of a size that does not grow with its pictures.

    Attributes:
        pictures: how many there are.
        variants: sums by label, in the order of the plan.
        working: names of the pictures in work: the first unfinished ones of the plan.
        bytes_in, bytes_out: of the files read and written so far; a picture counts once.
        failures: for each of the first pictures that failed, how many variants failed why.
        failed_pictures: how many pictures failed in at least one variant.
        stages: seconds that the workers spent in each.
        pace: pictures finished from the start to now.
        ranking: the best and the worst pictures.
        palettes: by variant where there is one picture: its entries and the pixels of each.
    """

    def __init__(self, plan: Plan) -> None:
        self.pictures = len(plan.sources)
        self.variants = {variant.label: VariantTally() for variant in plan.variants}
        self.working: list[str] = []
        self.bytes_in = 0
        self.bytes_out = 0
        self.failures: dict[str, dict[str, int]] = {}
        self.failed_pictures = 0
        self.stages = dict.fromkeys(STAGES, 0.0)
        self.pace = Pace()
        self.ranking = Ranking()
        self.palettes: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {}
        self._records_each = len(plan.variants)
        self._names = (source.picture for source in plan.sources)
        self._taken = 0
        self._begun: dict[str, _Begun] = {}
        self._came = 0
        self._came_at_once = 0
        self._start = time.monotonic()
        self._take(plan.workers)

    @property
    def finished(self) -> int:
        """Pictures with all their records."""
        return self._taken - len(self.working)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start

    @property
    def rate(self) -> float:
        """Pictures a second, 0 while unknown."""
        seconds = self.seconds
        return max(0, self._came - self._came_at_once) / seconds if seconds > SETTLING else 0.0

    @property
    def left(self) -> float | None:
        """Seconds left at this rate, or None while unknown."""
        return (self.pictures - self.finished) / self.rate if self.rate else None

    def add(self, record: Record) -> str | None:
        """Adds a record; returns why its picture failed when that was not said of it before."""
        begun = self._begun.setdefault(record.picture, _Begun())
        begun.records += 1
        if record.bytes_in and not begun.bytes_in:
            begun.bytes_in = record.bytes_in
            self.bytes_in += record.bytes_in
        for stage in STAGES:
            self.stages[stage] += getattr(record, _COLUMN[stage])
        news = None
        if record.status == "failed":
            news = self._fail(record, begun)
        else:
            self._succeed(record, begun)
        if begun.records == self._records_each:
            del self._begun[record.picture]
            if begun.errors:
                self.ranking.add(begun.sse / begun.errors, record.picture)
            self._finish(record)
        return news

    def _succeed(self, record: Record, begun: _Begun) -> None:
        sums = self.variants.setdefault(record.variant, VariantTally())
        sums.ok += 1
        sums.seconds += record.seconds
        if record.bytes_out is not None:
            self.bytes_out += record.bytes_out
            sums.bytes_out += record.bytes_out
            sums.bytes_in += record.bytes_in or 0
        if record.loss is not None and math.isfinite(record.loss):
            sums.loss += record.loss
            sums.losses += 1
        if self.pictures == 1 and record.palette:
            self.palettes[record.variant] = record.palette, record.counts
        if record.sse is not None and math.isfinite(record.sse):
            for errors in (sums, begun):
                errors.sse += record.sse
                errors.errors += 1

    def _fail(self, record: Record, begun: _Begun) -> str | None:
        reason = record.error or "unknown error"
        if not begun.reasons:
            self.failed_pictures += 1
        if record.picture in self.failures or len(self.failures) < MOST_FAILURES:
            reasons = self.failures.setdefault(record.picture, {})
            reasons[reason] = reasons.get(reason, 0) + 1
        if reason in begun.reasons:
            return None
        begun.reasons.add(reason)
        return reason

    def _finish(self, record: Record) -> None:
        self._came += 1
        if (seconds := self.seconds) < SETTLING:
            self._came_at_once = self._came
        else:
            self.pace.add(seconds)
        index = record.position // self._records_each
        if record.picture in self.working:
            self.working.remove(record.picture)
            self._take(1)
        elif index >= self._taken:  # those between were done in an earlier run
            room = len(self.working)
            self.working.clear()
            next(islice(self._names, index - self._taken, index - self._taken + 1), None)
            self._taken = index + 1
            self._take(room)

    def _take(self, count: int) -> None:
        names = list(islice(self._names, count))
        self._taken += len(names)
        self.working += names
