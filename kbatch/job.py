"""The job: what a YAML file may say, and every mistake in it at once, each with its place."""

from __future__ import annotations

import glob
import json
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from kbatch.data import RECORD_COLUMNS, Choice
from kbatch.document import Document, Route, shown
from kbatch.errors import JobError, did_you_mean
from kbatch.registry import Registry
from kbatch.stages import ExecutorOptions, MeasureSpec, Options, StrategySpec
from kbatch.variants import AXES, DEFAULT_NAME, clash, template, template_problem, variants

MAX_VARIANTS = 10_000

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Choices = tuple[Choice, ...]


def _axis(default: Any, description: str) -> Any:
    return Field((default,), min_length=1, description=f"{description}; a list makes variants")


class Job(Options):
    """A job as it is written, complete: every key has its value, every option its default."""

    input: tuple[Text, ...] = Field(
        min_length=1, description="a file, directory or glob of pictures, or a list of them"
    )
    output: Text = Field(description="the folder that results go to")
    k: tuple[Annotated[int, Field(ge=1, le=256)], ...] = _axis(16, "entries of the palette")
    strategy: Choices = _axis(Choice("l2"), "the distance and the update of the centers")
    init: Choices = _axis(Choice("kmeans++"), "where centers start")
    space: Choices = _axis(Choice("rgb"), "the colour space to cluster in")
    dither: Choices = _axis(Choice("none"), "how entries are chosen for pixels")
    effort: tuple[Literal["plain", "fast", "balanced", "thorough"], ...] = _axis(
        "balanced", "how hard to look for centers; plain is the textbook loop"
    )
    writer: Choices = _axis(Choice("png"), "the format of outputs")
    seed: int = Field(0, ge=0, description="what all chance derives from")
    restarts: Count | None = Field(None, description="starts; from effort when not given")
    coarse: Annotated[int, Field(ge=0)] | None = Field(
        None, description="points to search on, 0 for all colours; from effort when not given"
    )
    tolerance: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] | None = Field(
        None, description="relative gain at which a search ends; from effort when not given"
    )
    max_iterations: Count | None = Field(
        None, description="most iterations of a search; from effort when not given"
    )
    icc: Literal["convert", "ignore"] = Field(
        "convert", description="convert pixels by their colour profile to sRGB, or ignore it"
    )
    max_pixels: int = Field(200_000_000, ge=1, description="larger pictures fail")
    name: str = Field(
        DEFAULT_NAME, description="name of an output without its suffix, with placeholders"
    )
    measures: Choices = Field((), description="what is measured beside the errors")
    reports: Choices = Field((Choice("csv"),), description="what is made of the results")
    executor: Choice = Field(Choice("threads"), description="what runs the pictures")
    workers: Count | None = Field(
        None, description="pictures worked on at once; the number of cores when not given"
    )
    plugins: tuple[Text, ...] = Field(
        (), description="plugins this job needs: files, or names of installed ones"
    )


STAGE_OF = {
    **{axis: axis for axis in ("strategy", "init", "space", "dither", "writer")},
    "measures": "measure",
    "reports": "report",
    "executor": "executor",
}
LISTS = (*AXES, "input", "measures", "reports", "plugins")
LATER = ("fixed", "swaps", "frames", "alpha", "truncated", "max_frames", "keep", "if_larger")


def check(document: Document, registry: Registry, base: Path) -> Job:
    """Returns the job that a document describes, its options complete.

    Args:
        document: what was read, with what the command line set.
        registry: the components it may name.
        base: the folder that its paths are relative to.

    Raises:
        JobError: with every problem, by line.
    """
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
            if key in LATER:
                self.say((key,), "kbatch does not support this key yet", key=True)
            elif key not in Job.model_fields:
                hint = did_you_mean(key, Job.model_fields)
                known = hint or f"; known: {', '.join(Job.model_fields)}"
                self.say((key,), f"unknown key {shown(key)}{known}", key=True)
        for key in ("input", "output"):
            if key not in self._data:
                self.say((key,), f"missing, expected {Job.model_fields[key].description}")
        if self._data.get("icc") == "keep":
            self.say(("icc",), "kbatch does not support 'keep' yet, expected convert or ignore")

    def _choices(self, key: str) -> Any:
        default = _short(Job.model_fields[key].default)
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
        return Choice(name, complete.model_dump())

    def _tell(
        self, path: Route, model: type[BaseModel], given: Any, error: ValidationError
    ) -> None:
        """Notes what a model refused, each at its own place under a path."""
        whole = _schema_of(model)
        for item in error.errors(include_url=False):
            kind = item["type"]
            if kind == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]:
                continue  # only because entries that were refused don't count
            loc = _steps(item["loc"], given)
            if kind == "missing":
                loc = (*loc, item["loc"][-1])
            phrase = _phrase(_part(whole, loc), whole)
            if kind == "extra_forbidden":
                owners = _forms(_part(whole, loc[:-1]), whole)
                known = [name for owner in owners for name in owner.get("properties", {})]
                hint = f"{did_you_mean(str(loc[-1]), known)}; known: {', '.join(known) or 'none'}"
                self.say((*path, *loc), f"unknown option {shown(loc[-1])}{hint}", key=True)
            elif kind in ("value_error", "assertion_error"):
                self.say((*path, *loc), str(item["ctx"]["error"]))
            elif kind == "missing":
                self.say((*path, *loc), f"missing, expected {phrase or 'a value'}")
            else:
                expected = f"expected {phrase}" if phrase else item["msg"]
                self.say((*path, *loc), f"{expected}, got {shown(item['input'])}")

    # ---- meaning ----

    def _input(self, job: Job) -> None:
        for i, entry in enumerate(job.input):
            problem = _unfound(self._base, entry)
            if problem:
                self.say(("input", i), problem)

    def _output(self, job: Job) -> None:
        try:
            if (self._base / job.output).is_file():
                self.say(("output",), f"expected a folder, but {shown(job.output)} is a file")
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
        elif found := clash(template(job), variants(job, self._registry)):
            one, other, name = found
            text = f"variants {one.label} and {other.label} would both write {name!r}"
            self.say(("name",), f"{text}: add {{variant}} to the name")


def schema(registry: Registry) -> dict[str, Any]:
    """Returns a JSON Schema (draft 2020-12) of job files, for editors.

    Args:
        registry: the components that it lists, with their options.
    """
    own = _schema_of(Job)["properties"]
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for key, field in Job.model_fields.items():
        one = {k: v for k, v in own[key].items() if k not in ("title", "description", "default")}
        if key in STAGE_OF:
            one = {"$ref": f"#/$defs/{key}"}
            definitions[key] = _components(registry, key, definitions)
        elif key in LISTS:
            one = one["items"]
        if key in LISTS:
            least = 1 if key in AXES or field.is_required() else 0
            some = {"type": "array", "items": one, "minItems": least, "uniqueItems": True}
            one = {"anyOf": [one, some]}
        properties[key] = {"description": field.description, **one}
        if not field.is_required() and field.default is not None:
            properties[key]["default"] = _short(field.default)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kbatch job",
        "type": "object",
        "properties": properties,
        "required": [key for key, field in Job.model_fields.items() if field.is_required()],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _components(registry: Registry, key: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of a key's components, short and long; adds what it refers to."""
    default = _short(Job.model_fields[key].default)
    forms: list[dict[str, Any]] = []
    for entry in registry:
        spec = entry.spec
        if spec.stage != STAGE_OF[key]:
            continue
        prefix = f"{key}.{spec.name}."
        options = _schema_of(spec.options, f"#/$defs/{prefix}{{model}}")
        definitions |= {prefix + name: inner for name, inner in options.get("$defs", {}).items()}
        known = options.get("properties", {})
        if key == "executor":
            known = {k: v for k, v in known.items() if k not in ExecutorOptions.model_fields}
        required = options.get("required", [])
        named = [] if spec.name == default else ["name"]
        if not required:
            forms.append({"const": spec.name, "description": spec.summary})
        forms.append(
            {
                "type": "object",
                "description": spec.summary,
                "properties": {"name": {"const": spec.name}, **known},
                "required": [*named, *required],
                "additionalProperties": False,
            }
        )
    return {"anyOf": forms} if forms else {"not": {}}


# ---- words -------------------------------------------------------------------------------------


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _short(default: Any) -> Any:
    """Returns a default as a job would write it."""
    if isinstance(default, tuple):
        return _short(default[0]) if len(default) == 1 else list(default)
    return default.name if isinstance(default, Choice) else default


def _unfound(base: Path, entry: str) -> str | None:
    """Returns why an input is no file, directory or glob that matches, or None."""
    try:
        if (base / entry).exists():
            return None
        if not glob.has_magic(entry):
            return f"{entry!r} does not exist in {str(base)!r}"
        if next(glob.iglob(entry, root_dir=base, recursive=True), None) is None:  # noqa: PTH207
            return f"no file in {str(base)!r} matches {entry!r}"
    except (OSError, ValueError) as error:
        return f"{entry!r} can't be read: {getattr(error, 'strerror', None) or error}"
    return None


def _schema_of(model: type[BaseModel], references: str = "#/$defs/{model}") -> dict[str, Any]:
    try:
        return model.model_json_schema(ref_template=references)
    except PydanticInvalidForJsonSchema:  # a plugin's own type: there is no more to say of it
        return {"properties": {name: {} for name in model.model_fields}}


def _steps(loc: Route, given: Any) -> Route:
    """Returns the steps of an error's place that the data has, without pydantic's own names."""
    steps: Route = ()
    for step in loc:
        held = dict(enumerate(given)) if isinstance(given, list | tuple) else given
        if isinstance(held, dict) and step in held:
            given, steps = held[step], (*steps, step)
    return steps


def _forms(part: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the alternatives of a part of a JSON Schema, references followed."""
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        return _forms(whole["$defs"].get(name, {}), whole)
    if "anyOf" in part:
        return [form for inner in part["anyOf"] for form in _forms(inner, whole)]
    return [part]


def _part(whole: dict[str, Any], loc: Route) -> dict[str, Any]:
    """Returns the part of a JSON Schema that describes a place, empty where it says nothing."""
    part = whole
    for step in loc:
        inner = (
            form.get("items") if isinstance(step, int) else form.get("properties", {}).get(step)
            for form in _forms(part, whole)
        )
        part = next(filter(None, inner), {})
    return part


def _phrase(part: dict[str, Any], whole: dict[str, Any]) -> str | None:
    """Returns what a part of a JSON Schema takes, in plain words, or None where there are none."""
    phrases = [_plain(form) for form in _forms(part, whole) if form.get("type") != "null"]
    return " or ".join(filter(None, phrases)) if all(phrases) else None


def _plain(form: dict[str, Any]) -> str | None:
    match form:
        case {"enum": [*most, last]}:
            return f"{', '.join(map(str, most))} or {last}"
        case {"const": word}:
            return str(word)
        case {"type": "integer"}:
            return f"a whole number{_range(form)}"
        case {"type": "number"}:
            return f"a number{_range(form)}"
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "string"}:
            like = f" that matches {form['pattern']}" if "pattern" in form else ""
            return f"text{like or (' that is not empty' if form.get('minLength') else '')}"
        case {"type": "array"}:
            least = form.get("minItems", 0)
            exact = "" if least == form.get("maxItems") else "at least "
            return (
                f"a list of {exact}{least} {'entry' if least == 1 else 'entries'}"
                if least
                else "a list"
            )
        case {"type": "object"}:
            return "a mapping"
    return None


def _range(form: dict[str, Any]) -> str:
    match form:
        case {"minimum": low, "maximum": high}:
            return f" from {low} to {high}"
        case {"minimum": low, "exclusiveMaximum": high}:
            return f" from {low} to below {high}"
        case {"minimum": low}:
            return f" of at least {low}"
    words = {"exclusiveMinimum": "above", "maximum": "up to", "exclusiveMaximum": "below"}
    return "".join(f" {word} {form[key]}" for key, word in words.items() if key in form)
