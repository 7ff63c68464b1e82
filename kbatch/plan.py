"""Job, plugins and inputs together: all the work of a run, complete and checked.

Names are walked, sorted and counted; no picture is opened and nothing is written. Whatever can be
wrong in a job is found here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbatch.data import Plan, Source
from kbatch.discovery import discover as find_pictures
from kbatch.errors import JobError, did_you_mean
from kbatch.job import Document, Job, check, written
from kbatch.job import document as documents
from kbatch.names import copy_name, output_name, template
from kbatch.registry import Registry, discover, installed_names
from kbatch.stages import LoaderSpec
from kbatch.variants import variants

LOADING = ("icc", "frames", "truncated", "max_pixels", "max_frames", "keep")


def make(
    job: Path | Job | Mapping[str, Any],
    *,
    settings: Sequence[str] = (),
    output: Path | None = None,
    workers: int | None = None,
    plugins: Sequence[Path] = (),
    trust: bool = False,
) -> tuple[Plan, Registry]:
    """Makes the plan of a job.

    Args:
        job: a job file, or a job or the same keys as plain data, whose paths are relative to the
            working directory.
        settings: `key=value` lines that replace what the job says; dotted keys, YAML values.
        output: replaces the job's output.
        workers: replaces the job's workers.
        plugins: single-file plugins to load.
        trust: whether plugin files that the job names may be loaded.

    Returns:
        The plan, and the registry with its components.

    Raises:
        JobError: with everything that is wrong.
        PluginError: a plugin that was asked for can't be loaded.
    """
    document, base = _read(job)
    for setting in settings:
        document.set(setting)
    if output is not None:
        document.put("output", str(output.absolute()), "--output")
    if workers is not None:
        document.put("workers", workers, "--workers")
    files, named = _plugins_of(document, base, trust=trust)
    files = [*plugins, *files]
    registry = discover(files, named)
    try:
        checked = check(document, registry, base)
    except JobError as error:
        raise JobError(
            [*error.problems, *_input_problems(error, document, base, registry)]
        ) from None
    return _plan(checked, document, base, registry, files), registry


def make_all(
    jobs: Sequence[Path],
    *,
    settings: Sequence[str] = (),
    output: Path | None = None,
    workers: int | None = None,
    plugins: Sequence[Path] = (),
    trust: bool = False,
) -> list[tuple[Plan, Registry]]:
    """Makes the plans of several jobs, all of them checked before any is run; see `make`.

    Raises:
        JobError: with everything that is wrong in any of them.
        PluginError: a plugin that was asked for can't be loaded.
    """
    made: list[tuple[Plan, Registry]] = []
    problems: list[str] = []
    for job in jobs:
        try:
            made.append(
                make(
                    job,
                    settings=settings,
                    output=output,
                    workers=workers,
                    plugins=plugins,
                    trust=trust,
                )
            )
        except JobError as error:
            problems += error.problems
    folders = [plan.output.resolve() for plan, _ in made]
    for folder in {folder for folder in folders if folders.count(folder) > 1}:
        problems.append(f"two jobs would write to {folder}: give each its own output")
    if problems:
        raise JobError(problems)
    return made


def outputs(plan: Plan, sources: Iterable[Source]) -> Iterable[str]:
    """Yields the files that would be written for some sources, relative to the output."""
    for source in sources:
        for variant in plan.variants:
            yield output_name(plan.template, variant, source)


def _may_write(plan: Plan, sources: Iterable[Source]) -> Iterable[tuple[str, Source]]:
    """Yields the files that could be written, copies too, and for which source."""
    copies = plan.job.if_larger == "copy"
    for source in sources:
        for variant in plan.variants:
            yield output_name(plan.template, variant, source), source
            if copies:
                yield copy_name(plan.template, variant, source), source


def _read(job: Path | Job | Mapping[str, Any]) -> tuple[Document, Path]:
    if isinstance(job, Path):
        return documents.load(job), job.parent
    data = written(job) if isinstance(job, Job) else job
    return documents.plain(data, "job"), Path()


def _plan(
    job: Job, document: Document, base: Path, registry: Registry, files: Sequence[Path]
) -> Plan:
    output = base / job.output
    sources = _sources(job.input, document, base, output, registry)
    made = variants(job, registry)
    plan = Plan(
        job=job,
        output=output,
        template=template(job),
        sources=sources,
        variants=made,
        loading=loading_of(job),
        measures=job.measures,
        reports=job.reports,
        executor=job.executor,
        workers=job.workers or os.cpu_count() or 1,
        plugins=tuple(file.absolute() for file in files),
    )
    if replaced := _replaced(plan):
        raise JobError(
            [
                f"{document.where(('output',))}: output: {replaced!r} in it is one of the pictures "
                "and would be replaced: choose another output or name"
            ]
        )
    if clash := _clash(plan):
        raise JobError([f"{document.where(('name',))}: name: {clash}"])
    return plan


def loading_of(job: Job) -> dict[str, Any]:
    """Returns what loaders are told, and what is kept beside the pixels."""
    return {key: getattr(job, key) for key in LOADING}


def _sources(
    inputs: Sequence[str], document: Document, base: Path, output: Path, registry: Registry
) -> tuple[Source, ...]:
    """Finds the pictures; what is wrong is told at the place of the input."""
    loaders = [entry.spec for entry in registry if isinstance(entry.spec, LoaderSpec)]
    try:
        return find_pictures(inputs, base, output, loaders)
    except JobError as error:
        place = document.where(("input",))
        problems = [f"input: {problem.removeprefix('input ')}" for problem in error.problems]
        raise JobError([f"{place}: {problem}" for problem in problems]) from error


def _input_problems(
    error: JobError, document: Document, base: Path, registry: Registry
) -> tuple[str, ...]:
    """Returns what is wrong with the pictures of a job that has other problems too."""
    told = any(f": {key}: " in problem for problem in error.problems for key in ("input", "output"))
    given, output = document.data.get("input"), document.data.get("output")
    listed = given if isinstance(given, list) else [given]
    inputs = [entry for entry in listed if isinstance(entry, str)]
    if told or not isinstance(output, str):
        return ()
    try:
        _sources(inputs, document, base, base / output, registry)
    except JobError as problem:
        return problem.problems
    return ()


def _replaced(plan: Plan) -> str | None:
    """Returns a picture that an output would replace, or None."""
    top = os.path.realpath(plan.output)
    real = (os.path.realpath(source.path) for source in plan.sources)
    inside = {
        os.path.relpath(path, top).replace(os.sep, "/").casefold()
        for path in real
        if Path(top) in Path(path).parents
    }
    if not inside:  # as nearly always: no name has to be made
        return None
    return next(
        (name for name, _ in _may_write(plan, plan.sources) if name.casefold() in inside), None
    )


def _clash(plan: Plan) -> str | None:
    """Returns which two pictures would write one file, or None."""
    if "{folder}/{stem}" in plan.template:  # what sources differ in
        return None
    seen: dict[str, Source] = {}
    for name, source in _may_write(plan, plan.sources):
        other = seen.setdefault(name.casefold(), source)
        if other is not source:
            return (
                f"{other.picture!r} and {source.picture!r} would both write {name!r}: "
                "begin the name with {folder}/{stem}"
            )
    return None


def _plugins_of(document: Document, base: Path, *, trust: bool) -> tuple[list[Path], list[str]]:
    """Returns the plugin files and the installed plugins that a job names, and that are there."""
    given = document.data.get("plugins")
    listed = given if isinstance(given, list) else [given]
    files, named = [], []
    for index, entry in enumerate(listed):
        if not isinstance(entry, str):
            continue  # the job's check says what is wrong
        if problem := _plugin_problem(entry, base, trust=trust):
            place = document.where(("plugins", index))
            document.problems.append(f"{place}: plugins: {problem}")
        elif entry.endswith(".py"):
            files.append(base / entry)
        else:
            named.append(entry)
    return files, named


def _plugin_problem(entry: str, base: Path, *, trust: bool) -> str | None:
    """Returns why a plugin that a job names is not loaded, or None."""
    if not entry.endswith(".py"):
        known = installed_names()
        hint = did_you_mean(entry, known)
        if entry in known:
            return None
        return f"no installed plugin is called {entry!r}{hint}; a file ends in .py"
    if not trust:
        return (
            f"{entry!r} is code that the job wants to run: read it, then allow it with "
            "--trust-plugins"
        )
    return None if (base / entry).is_file() else f"{entry!r} does not exist in {str(base)!r}"
