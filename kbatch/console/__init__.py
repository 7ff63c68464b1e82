"""What people see of kbatch: the only package that imports rich, and that writes to the terminal.

Results go to stdout, everything about the way there to stderr. `Console` watches a run through the
observer hooks, like any plugin.
"""

from __future__ import annotations

import json as jsonlib
import math
import sys
import time
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

from rich.live import Live
from rich.text import Text

from kbatch.console import views
from kbatch.console.board import Board, progress, traffic
from kbatch.console.screen import can_draw, is_terminal
from kbatch.console.swatches import swatches
from kbatch.console.tally import MOST_FAILURES, Tally
from kbatch.console.text import clean, counted, near
from kbatch.console.voice import LogHandler, Voice
from kbatch.hookspecs import hookimpl

if TYPE_CHECKING:
    from kbatch.data import Plan, Record, Summary
    from kbatch.job import Job

__all__ = ["Console", "LogHandler"]

REDRAWS = 5  # a second
PAUSE = 10.0  # seconds between two lines of progress in a pipe, at least
MOST_VARIANTS = 50  # lines of the table after a run
MOST_PALETTES, MOST_SWATCHES = 8, 6  # after a run of one picture, and lines of each
MOST_NAMES = 8  # of pictures and of files that a plan shows


class Console(Voice):
    """Tells a person, or a program, what happens.

    A terminal gets a bar, a pipe a few plain lines. With `json` stdout carries one JSON object a
    record and nothing else. Used as a context manager, or closed, it leaves the terminal as it was.

    A reader of stdout that went away is a BrokenPipeError from `out`, `table`, `plan` and, once,
    from `kbatch_record`; whoever runs the command handles it.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        json: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        """Looks at the streams and the environment.

        Args:
            quiet: nothing on stderr but failures and errors.
            json: records go to stdout.
            stdout: where results go, sys.stdout by default.
            stderr: where everything else goes, sys.stderr by default.
        """
        super().__init__(stdout or sys.stdout, stderr or sys.stderr, quiet=quiet)
        self._json = json
        # Records and a bar on one screen would write over each other.
        shared = json and is_terminal(self._stdout.file)
        self._draws = can_draw(self._stderr.file) and not quiet and not shared
        self._tells = not quiet and (self._draws or not json)
        self._redirects = stderr is None
        self._live: Live | None = None
        self._tally: Tally | None = None
        self._failures = 0
        self._told = (0.0, 0)

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Takes the bar away, if there is one."""
        if self._live:
            self._live.stop()
            self._live = None

    # ---- a run -------------------------------------------------------------------------------

    @hookimpl
    def kbatch_job_started(self, job: Job, plan: Plan) -> None:  # noqa: ARG002
        """Starts the bar, or says what is going to happen."""
        self.close()
        self._tally = Tally(plan)
        self._failures = 0
        self._told = (time.monotonic(), 0)
        if self._draws:
            self._live = Live(
                Board(self._tally),
                console=self._stderr,
                refresh_per_second=REDRAWS,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=self._redirects,
            )
            self._live.start(refresh=True)
        elif self._tells:
            size = views.amount(len(plan.sources), len(plan.variants))
            self._line(f"{size} → {near(plan.output)}, {plan.workers} at once")

    @hookimpl
    def kbatch_record(self, record: Record) -> None:
        """Counts a record, says so when it failed, and passes it on as JSON."""
        if self._tally is None:
            return
        reason = self._tally.add(record)
        if reason is not None:
            self._failed(record.picture, reason)
        if self._tells and not self._draws:
            self._tell(self._tally)
        if self._json:
            self._pass_on(record)

    @hookimpl
    def kbatch_job_finished(self, summary: Summary) -> None:
        """Shows the sums of each variant, the failures, and how it ended."""
        self.close()
        tally, self._tally = self._tally, None
        if tally and self._tells:
            self._sums(tally)
        if not self._quiet:
            if files := views.reports(summary):
                self._line(files, "reports  ", "bold")
            line = views.closing(summary, len(tally.variants) if tally else 0)
            self._line(line, style="yellow" if summary.interrupted else "bold")

    def _failed(self, picture: str, reason: str) -> None:
        if self._failures < MOST_FAILURES:
            text = f"{picture}: {reason}"
            if self._draws:  # the whole reason comes after the run
                text = views.one_line(
                    picture, reason, self._stderr.width - len("failed  "), self._stderr.encoding
                )
            self._line(text, "failed  ", "red")
        elif self._failures == MOST_FAILURES:
            self._line("further failures are in the results", style="red")
        self._failures += 1

    def _tell(self, tally: Tally) -> None:
        when, finished = self._told
        if tally.finished == tally.pictures or (tally.finished - finished) * 10 < tally.pictures:
            return
        now = time.monotonic()
        if now - when >= PAUSE:
            self._told = (now, tally.finished)
            self._line(f"{progress(tally)}  {traffic(tally)}")

    def _pass_on(self, record: Record) -> None:
        row = {name: _json_value(value) for name, value in record.row().items()}
        try:
            self.out(jsonlib.dumps(row))
        except BrokenPipeError:
            self._json = False  # nobody listens any more: raise once, not for every record
            raise

    def _sums(self, tally: Tally) -> None:
        self._line("")
        rows = islice(views.sums(tally), MOST_VARIANTS)
        self._print(self._stderr, views.fitted(views.SUMS, rows, self._stderr))
        if (more := len(tally.variants) - MOST_VARIANTS) > 0:
            self._line(f"… and {counted(more, 'more variant')} in the results")
        self._line("")
        extremes = list(views.extremes(tally.ranking))
        for word, names in extremes:
            self._line(names, f"{word:<7}", "bold")
        if extremes:
            self._line("")
        if self._draws:
            self._palettes(tally)
        if tally.failures and self._draws:
            self._line(f"{counted(tally.failed_pictures, 'picture')} failed", style="bold red")
            for line in views.failures(tally):
                self._line(line, "  - ")
            self._line("")

    def _palettes(self, tally: Tally) -> None:
        """Shows the palettes of the only picture of a job."""
        for label, (palette, counts) in islice(tally.palettes.items(), MOST_PALETTES):
            self._line(label, style="bold")
            for line in swatches(
                palette, counts, self._stderr, width=self._stderr.width, most=MOST_SWATCHES
            ):
                self._stderr.print(line)
        if (more := len(tally.palettes) - MOST_PALETTES) > 0:
            self._line(f"… and {counted(more, 'more palette')}")
        if tally.palettes:
            self._line("")

    # ---- a plan -------------------------------------------------------------------------------

    def plan(self, plan: Plan, names: Iterable[str], job: str = "") -> None:
        """Writes to stdout what a run would do.

        Args:
            plan: all the work.
            names: files that would be written, relative to the output, in plan order; only the
                first few are taken.
            job: what to call the job, such as its file.

        Raises:
            BrokenPipeError: nobody reads it any more.
        """
        files = len(plan.sources) * len(plan.variants)
        for name, value in views.plan_facts(plan, job):
            self.out(f"{name:<9} {clean(value, self._stdout.encoding)}")
        self.out("")
        self.table("", views.VARIANTS, map(views.variant_row, plan.variants))
        self._first("pictures", (source.picture for source in plan.sources), len(plan.sources))
        self._first("files", names, files)

    def _first(self, title: str, names: Iterable[str], count: int) -> None:
        self._print(self._stdout, Text(f"\n{title}", "bold"))
        for name in islice(names, MOST_NAMES):
            self.out(f"  {clean(name, self._stdout.encoding)}")
        if count > MOST_NAMES:
            self.out(f"  … and {count - MOST_NAMES:,} more")


def _json_value(value: Any) -> str | int | float | None:
    if value is None or isinstance(value, str | int):
        return value
    number = float(value)
    return number if math.isfinite(number) else None
