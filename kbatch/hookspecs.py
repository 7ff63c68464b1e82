"""Every hook that a plugin may implement: one that registers components, three that watch a run.

A plugin is a module with functions marked `@kbatch.hookimpl`. Observers run in the parent process,
each called on its own; one that fails is logged and never stops a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

from kbatch.stages import Spec

if TYPE_CHECKING:
    from kbatch.data import Plan, Record, Summary
    from kbatch.job import Job

hookspec = pluggy.HookspecMarker("kbatch")
hookimpl = pluggy.HookimplMarker("kbatch")


@hookspec
def kbatch_components() -> Iterable[Spec]:
    """Returns the components that this plugin offers.

    Example:
        ```python
        @kbatch.hookimpl
        def kbatch_components():
            return [StrategySpec(name="chebyshev", summary="largest channel difference",
                                 factory="my_plugin:Chebyshev")]
        ```
    """
    return ()


@hookspec
def kbatch_job_started(job: Job, plan: Plan) -> None:
    """Called once before the first picture.

    Args:
        job: the job as it was written.
        plan: all the work.

    Example:
        ```python
        @kbatch.hookimpl
        def kbatch_job_started(plan):
            log.info("%d pictures", len(plan.sources))
        ```
    """


@hookspec
def kbatch_record(record: Record) -> None:
    """Called for each record after it is safe on disk, in the order they come.

    Args:
        record: one line of results.

    Example:
        ```python
        @kbatch.hookimpl
        def kbatch_record(record):
            if record.status == "failed":
                log.warning("%s: %s", record.picture, record.error)
        ```
    """


@hookspec
def kbatch_job_finished(summary: Summary) -> None:
    """Called once after the last picture and the reports, also when a run was interrupted.

    Args:
        summary: how it ended.

    Example:
        ```python
        @kbatch.hookimpl
        def kbatch_job_finished(summary):
            notify(f"{summary.done} done, {summary.failed} failed")
        ```
    """
