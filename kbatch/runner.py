"""A plan through an executor: records to the ledger, then to observers, reports at the end."""

from __future__ import annotations

import logging
import platform
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from kbatch.data import Choice, Finished, Item, Plan, Summary
from kbatch.errors import KbatchError
from kbatch.ledger import Ledger
from kbatch.registry import Registry
from kbatch.storage import ReportFolder
from kbatch.version import __version__
from kbatch.worker import Worker, blank_records, failed

log = logging.getLogger(__name__)

LIBRARIES = ("numpy", "numba", "pillow", "deflate")


def run(plan: Plan, registry: Registry, stop: threading.Event | None = None) -> Summary:
    """Runs a plan.

    Args:
        plan: the work.
        registry: its components and the observers.
        stop: when it is set, no further picture is begun; those in work are finished.

    Returns:
        How it ended. Every record in it is in the ledger and its file on disk.

    Raises:
        KbatchError: the output can't be used.
    """
    stop = stop or threading.Event()
    started = time.perf_counter()
    worker = Worker(plan, registry)
    watch = Observers(registry)
    status: Counter[str] = Counter()
    with Ledger.create(plan.output, facts(plan, registry)) as ledger:
        watch.tell("kbatch_job_started", job=plan.job, plan=plan)
        for finished in results(plan, registry, worker, stop):
            ledger.add(finished.records, finished.preview)
            status.update(record.status for record in finished.records)
            for record in finished.records:
                watch.tell("kbatch_record", record=record)
        reports, problems = make_reports(ledger, registry, plan.reports, plan.output)
    summary = Summary(
        output=plan.output,
        pictures=len(plan.sources),
        finished=status.total() // len(plan.variants),
        done=status["done"],
        kept=status["kept"],
        failed=status["failed"],
        seconds=time.perf_counter() - started,
        reports=reports,
        problems=(*watch.problems, *problems),
        interrupted=status.total() < len(plan.sources) * len(plan.variants),
        failed_reports=len(problems),
    )
    watch.tell("kbatch_job_finished", summary=summary)
    return replace(summary, problems=(*watch.problems, *problems))


def results(
    plan: Plan, registry: Registry, worker: Worker, stop: threading.Event
) -> Iterator[Finished]:
    """Yields what comes of each picture as it is finished, in the order they come."""

    def items() -> Iterator[Item]:
        for index, source in enumerate(plan.sources):
            if stop.is_set():
                return
            yield Item(index, source)

    options = dict(plan.executor.options) | {"workers": plan.workers}
    with registry.build("executor", plan.executor.name, options) as executor:
        for outcome in executor.run(worker, items(), 2 * plan.workers):
            if outcome.failure is None:
                yield outcome.value
            else:  # the executor lost it: a worker died or ran out of time
                blanks = blank_records(plan.variants, outcome.item)
                yield Finished(failed(blanks, outcome.failure))


def make_reports(
    ledger: Ledger, registry: Registry, choices: Sequence[Choice], output: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Makes reports from a ledger; one that fails does not stop the others.

    Returns:
        Names of the files written, and a line for each report that failed; it is logged too.
    """
    folder = ReportFolder(output)
    problems = []
    for choice in choices:
        try:
            registry.build("report", choice.name, choice.options).write(ledger, folder)
        except Exception as error:  # whatever a plugin raises
            text = f"report {choice.name!r} failed: {str(error) or type(error).__name__}"
            log.error("%s", text, exc_info=log.isEnabledFor(logging.DEBUG))
            problems.append(text)
    return tuple(folder.written), tuple(problems)


def report(
    output: Path, registry: Registry, names: Sequence[str] | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Makes the reports of an earlier run again; see `make_reports`.

    Args:
        output: its folder.
        registry: where reports come from.
        names: which ones, or None for those of the job.

    Raises:
        KbatchError: there is no ledger, or no report of that name.
    """
    for name in names or ():
        if registry.find("report", name) is None:
            raise KbatchError(registry.unknown("report", name))
    with Ledger.open(output) as ledger:
        chosen = [Choice(*pair) for pair in ledger.facts["reports"]]
        if names:
            chosen = [Choice(name) for name in names]
        return make_reports(ledger, registry, chosen, output)


@dataclass
class Stop:
    """Whether somebody asked the run to stop, and what the command then ends with."""

    event: threading.Event = field(default_factory=threading.Event)
    exit_code: int = 0


@contextmanager
def stopped_by_signals(note: Callable[[str], None]) -> Iterator[Stop]:
    """Lets Ctrl-C and a termination stop a run after the pictures in work.

    A second signal stops at once.

    Args:
        note: told when it happens.
    """
    stop = Stop()

    def handle(number: int, _frame: object) -> None:
        if stop.event.is_set():
            raise KeyboardInterrupt
        stop.exit_code = 128 + number
        stop.event.set()
        note("stopping after the pictures in work; once more to stop at once")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Observers:
    """Calls the hooks of all plugins, each on its own; one that fails is told of once.

    Attributes:
        problems: a line for each hook of a plugin that failed.
    """

    def __init__(self, registry: Registry) -> None:
        self._hooks = {
            name: list(registry.observers(name))
            for name in ("kbatch_job_started", "kbatch_record", "kbatch_job_finished")
        }
        self.problems: list[str] = []

    def tell(self, hook: str, **news: Any) -> None:
        """Calls one hook of every plugin."""
        for provider, call in self._hooks[hook]:
            try:
                call(**news)
            except BrokenPipeError:  # whoever read our output has gone
                raise
            except Exception as error:  # whatever a plugin raises
                text = f"plugin {provider}: {hook} failed: {type(error).__name__}: {error}"
                if not any(text.split(" failed")[0] in known for known in self.problems):
                    log.error("%s", text, exc_info=log.isEnabledFor(logging.DEBUG))
                    self.problems.append(text)


def facts(plan: Plan, registry: Registry) -> dict[str, Any]:
    """Returns what a ledger says of its run beside the records."""
    libraries = {name: metadata.version(name) for name in LIBRARIES}
    return {
        "job": plan.job.model_dump(mode="json"),
        "pictures": len(plan.sources),
        "variants": [variant.label for variant in plan.variants],
        "reports": [[choice.name, dict(choice.options)] for choice in plan.reports],
        "versions": {"kbatch": __version__, "python": platform.python_version()} | libraries,
        "plugins": [name for name, _ in registry.plugins],
    }
