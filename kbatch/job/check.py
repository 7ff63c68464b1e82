"""Every mistake in a job at once, each with its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from kbatch.data import RECORD_COLUMNS, Choice
from kbatch.errors import JobError, did_you_mean
from kbatch.job.document import Document
from kbatch.job.model import LISTS, STAGE_OF, Job, short
from kbatch.job.palettes import read_palettes
from kbatch.job.schema import forms, part, phrase, schema_of
from kbatch.job.yaml import Route, shown
from kbatch.names import clash, template, template_problem
from kbatch.registry import Registry
from kbatch.stages import MeasureSpec, StrategySpec
from kbatch.variants import AXES, variants

MAX_VARIANTS = 10_000


def check(document: Document, registry: Registry, base: Path) -> Job:
    """Returns the job that a document describes, its options complete.

    Args:
        document: what was read, with what the command line set.
        registry: the components it may name.
        base: the folder that its paths are relative to.

    Raises:
        JobError: with every problem, by line.
    """
    read_palettes(document, registry, base)
    checker = _Checker(document, registry, base)
    job = checker.job()
    checker.semantics(job)
    if checker.problems:
        raise JobError(sorted(checker.problems, key=document.order))
    return job


class _Checker:
    """Collects the problems of one document; a bad key hides only what needs it."""

    def __init__(self, document: Document, registry: Registry, base: Path) -> None:
        self.problems = list(document.problems)
        self._document = document
        self._data = document.data
        self._registry = registry
        self._base = base
        self._bad: set[str | int] = set()

    def say(self, path: Route, text: str, *, key: bool = False) -> None:
        """Notes a problem of the value at a path, or of its key."""
        self._bad.add(path[0])
        dotted = ".".join(part for part in path if isinstance(part, str)).removesuffix(".name")
        place = self._document.where(path, key=key)
        problem = " ".join(f"{place}: {dotted}: {text}".splitlines())
        if problem not in self.problems:
            self.problems.append(problem)

    def job(self) -> Job:
        """Returns the job, with defaults in place of what is wrong."""
        self._keys()
        values: dict[str, Any] = {}
        for key in Job.model_fields:
            if key in STAGE_OF:
                values[key] = self._choices(key)
            elif key in self._data:
                value = self._data[key]
                values[key] = tuple(_many(value)) if key in LISTS else value
        try:
            return Job.model_validate(self._good(values), strict=True)
        except ValidationError as error:
            self._tell((), Job, values, error)
        return Job.model_validate(self._good(values), strict=True)

    def semantics(self, job: Job) -> None:
        """Looks for what types can't say, where the keys it takes are good."""
        looks = (
            (("input",), self._input),
            (("output",), self._output),
            (("name",), self._name),
            (("strategy", "space"), self._spaces),
            (("measures",), self._columns),
            (("k", "fixed"), self._fixed),
            ((), self._repeated),
            ((*AXES, "name"), self._variants),
        )
        for keys, look in looks:
            if self._bad.isdisjoint(keys):
                look(job)

    # ---- shapes ----

    def _good(self, values: dict[str, Any]) -> dict[str, Any]:
        stand_in = {"input": (".",), "output": "."}
        return stand_in | {key: value for key, value in values.items() if key not in self._bad}

    def _keys(self) -> None:
        for key in self._data:
            if key not in Job.model_fields:
                hint = did_you_mean(key, Job.model_fields)
                known = hint or f"; known: {', '.join(Job.model_fields)}"
                self.say((key,), f"unknown key {shown(key)}{known}", key=True)
        for key in ("input", "output"):
            if key not in self._data:
                self.say((key,), f"missing, expected {Job.model_fields[key].description}")

    def _choices(self, key: str) -> Any:
        default = short(Job.model_fields[key].default)
        given = self._data.get(key, default)
        name = default if isinstance(default, str) else None
        if key not in LISTS:
            return self._choice((key,), given, name)
        found = (self._choice((key, i), entry, name) for i, entry in enumerate(_many(given)))
        return tuple(choice for choice in found if choice)

    def _choice(self, path: Route, given: Any, default: str | None) -> Choice | None:
        """Returns a component with all its options from its short or long form."""
        stage = STAGE_OF[str(path[0])]
        options = dict(given) if isinstance(given, dict) else {"name": given}
        name = options.pop("name", default)
        named = (*path, "name")
        if not isinstance(name, str):
            expected = "the name of a component, or a mapping of its name and options"
            self.say(named, f"expected {expected}, got {shown(name)}")
            return None
        entry = self._registry.find(stage, name)
        if entry is None:
            self.say(named, self._registry.unknown(stage, name))
            return None
        if stage == "executor" and "workers" in options:
            del options["workers"]
            self.say((*path, "workers"), "expected 'workers' as a key of the job", key=True)
        model = entry.spec.options
        try:
            # By way of JSON: strict about numbers and booleans, yet a list may fill a tuple.
            complete = model.model_validate_json(json.dumps(options), strict=True)
        except ValidationError as error:
            self._tell(path, model, options, error)
            return None
        left_out = {"workers"} if stage == "executor" else set[str]()
        # An executor's workers are the job's, not a choice of its own.
        return Choice(name, complete.model_dump(by_alias=True, exclude=left_out))

    def _tell(
        self, path: Route, model: type[BaseModel], given: Any, error: ValidationError
    ) -> None:
        """Notes what a model refused, each at its own place under a path."""
        whole = schema_of(model)
        for item in error.errors(include_url=False):
            kind = item["type"]
            if kind == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]:
                continue  # only because entries that were refused don't count
            loc = _steps(item["loc"], given)
            if kind == "missing":
                loc = (*loc, item["loc"][-1])
            told = phrase(part(whole, loc), whole)
            if kind == "extra_forbidden":
                owners = forms(part(whole, loc[:-1]), whole)
                known = [name for owner in owners for name in owner.get("properties", {})]
                hint = f"{did_you_mean(str(loc[-1]), known)}; known: {', '.join(known) or 'none'}"
                self.say((*path, *loc), f"unknown option {shown(loc[-1])}{hint}", key=True)
            elif kind in ("value_error", "assertion_error"):
                self.say((*path, *loc), str(item["ctx"]["error"]))
            elif kind == "missing":
                self.say((*path, *loc), f"missing, expected {told or 'a value'}")
            else:
                expected = f"expected {told}" if told else item["msg"]
                self.say((*path, *loc), f"{expected}, got {shown(item['input'])}")

    # ---- meaning ----

    def _input(self, job: Job) -> None:
        for i, entry in enumerate(job.input):
            problem = _unfound(self._base, entry)
            if problem:
                self.say(("input", i), problem)

    def _output(self, job: Job) -> None:
        try:
            folder = self._base / job.output
            file = next((place for place in (folder, *folder.parents) if place.is_file()), None)
            if file:
                what = "is a file" if file == folder else "is below a file"
                self.say(("output",), f"expected a folder, but {shown(job.output)} {what}")
        except OSError as error:
            self.say(("output",), f"{shown(job.output)} can't be used: {error.strerror}")

    def _name(self, job: Job) -> None:
        problem = template_problem(job.name)
        if problem:
            self.say(("name",), f"{problem}: in {shown(job.name)}")

    def _spaces(self, job: Job) -> None:
        for i, strategy in enumerate(job.strategy):
            entry = self._registry.find("strategy", strategy.name)
            known = entry.spec.spaces if entry and isinstance(entry.spec, StrategySpec) else None
            for j, space in enumerate(job.space):
                if known is not None and space.name not in known:
                    path = ("space", j) if "space" in self._data else ("strategy", i)
                    text = f"strategy {strategy.name!r} does not work in space {space.name!r}"
                    self.say(path, f"{text}; it works in: {', '.join(known)}")

    def _columns(self, job: Job) -> None:
        taken = set(RECORD_COLUMNS)
        for i, measure in enumerate(job.measures):
            entry = self._registry.find("measure", measure.name)
            columns = entry.spec.columns if entry and isinstance(entry.spec, MeasureSpec) else ()
            for column in columns:
                if column.name in taken:
                    self.say(("measures", i), f"the results have a column {column.name!r} already")
                taken.add(column.name)

    def _fixed(self, job: Job) -> None:
        for i, k in enumerate(job.k):
            if len(job.fixed) > k:
                path = ("k", i) if "k" in self._data else ("fixed",)
                text = f"k is {k}, expected at least {len(job.fixed)}: all fixed entries count"
                self.say(path, text)

    def _repeated(self, job: Job) -> None:
        for key in LISTS:
            seen = set()
            for i, value in enumerate(getattr(job, key)):
                if repr(value) in seen:
                    what = value.name if isinstance(value, Choice) else shown(value)
                    why = ": two variants would write one file" if key in AXES else ""
                    self.say((key, i), f"{what} is listed twice{why}")
                seen.add(repr(value))

    def _variants(self, job: Job) -> None:
        count = prod(len(getattr(job, axis)) for axis in AXES)
        if count > MAX_VARIANTS:
            self.say(("k",), f"the lists make {count:,} variants, expected up to {MAX_VARIANTS:,}")
        elif found := clash(
            template(job), variants(job, self._registry), copies=job.if_larger == "copy"
        ):
            one, other, name = found
            text = f"variants {one.label} and {other.label} would both write {name!r}"
            self.say(("name",), f"{text}: add {{variant}} to the name")


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _unfound(base: Path, entry: str) -> str | None:
    """Returns why an input is no file or directory, or None; a glob is for the plan to follow."""
    try:
        if set(entry) & set("*?[") or (base / entry).exists():
            return None
    except (OSError, ValueError) as error:
        return f"{entry!r} can't be read: {getattr(error, 'strerror', None) or error}"
    return f"{entry!r} does not exist in {str(base)!r}"


def _steps(loc: Route, given: Any) -> Route:
    """Returns the steps of an error's place that the data has, without pydantic's own names."""
    steps: Route = ()
    for step in loc:
        held = dict(enumerate(given)) if isinstance(given, list | tuple) else given
        if isinstance(held, dict) and step in held:
            given, steps = held[step], (*steps, step)
    return steps
