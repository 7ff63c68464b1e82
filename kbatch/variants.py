"""From a job to its variants, and how variants and their outputs are called."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from kbatch.data import Alpha, Choice, Search, Source, Variant
from kbatch.errors import PluginError, did_you_mean
from kbatch.stages import InitializerSpec, Spec, WriterSpec

if TYPE_CHECKING:
    from kbatch.job import Job
    from kbatch.registry import Registry

S = TypeVar("S", bound=Spec)

AXES = ("k", "strategy", "init", "space", "dither", "effort", "writer")
DEFAULT_NAME = "{folder}/{stem}_K{k}_{STRATEGY}"
PLACEHOLDERS = ("folder", "stem", *AXES[:2], "STRATEGY", *AXES[2:], "seed", "variant")

EFFORTS: Mapping[str, Search] = MappingProxyType(
    {
        "plain": Search(1, 0, 1, coarse=0, tolerance=0.0, max_iterations=10_000, relax=0.0),
        "fast": Search(1, 15, 1, coarse=1024, tolerance=1e-2, max_iterations=30, budget=45_000),
        "balanced": Search(
            1, 30, 1, coarse=2048, tolerance=1.5e-3, max_iterations=100, budget=1_500_000, extra=3
        ),
        "thorough": Search(7, 60, 2, coarse=4096, tolerance=3e-5, max_iterations=1000),
    }
)

ALPHAS: Mapping[str, Alpha] = MappingProxyType({"binary": 128, "matte": "#ffffff"})

FEW = 24  # entries up to which all starts pay; with more, swaps find as much for less

_UNSAFE = re.compile(r"[^\w.+-]+", re.ASCII)
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_LONGEST_OPTION = 40


def variants(job: Job, registry: Registry) -> tuple[Variant, ...]:
    """Returns every combination of the job's axes, k outermost.

    Args:
        job: a checked job.
        registry: where its components are.

    Raises:
        PluginError: a component that isn't there.
    """
    combinations = itertools.product(*(getattr(job, axis) for axis in AXES))
    labelled = zip(_labels(job), combinations, strict=True)
    return tuple(_variant(job, registry, label, *values) for label, values in labelled)


def _variant(job: Job, registry: Registry, label: str, *values: Any) -> Variant:
    k, strategy, init, space, dither, effort, writer = values
    output = _spec(registry, writer, WriterSpec)
    return Variant(
        label=label,
        k=k,
        strategy=strategy,
        init=init,
        space=space,
        dither=dither,
        effort=effort,
        search=_search(job, k, effort, _spec(registry, init, InitializerSpec)),
        writer=writer,
        suffix=output.suffix,
        seed=job.seed,
        alpha=_alpha(job.alpha, output),
        frames=output.frames,
    )


def template(job: Job) -> str:
    """Returns the name of outputs without their suffix: the job's own, or a telling one.

    Args:
        job: a job; where more than k and strategy differ, the default name says so too.
    """
    return job.name if job.name != DEFAULT_NAME else "{folder}/{stem}_{variant}"


def output_name(template: str, variant: Variant, source: Source) -> str:
    """Returns where an output goes, relative to the output folder, with `/` and a suffix.

    Args:
        template: see `template`; `{folder}/` vanishes for a picture at the top.
        variant: how the picture was made.
        source: the picture.
    """
    folder = str(PurePosixPath(source.picture).parent)
    if folder == ".":
        folder = ""
        template = template.replace("{folder}/", "")
    named: dict[str, Any] = {axis: _named(getattr(variant, axis)) for axis in AXES}
    name = template.format(
        **named,
        folder=folder,
        stem=source.stem,
        STRATEGY=variant.strategy.name.upper(),
        seed=variant.seed,
        variant=variant.label,
    )
    return name + variant.suffix


def template_problem(template: str) -> str | None:
    """Returns what is wrong with a name template, or None.

    Args:
        template: the value of the key `name`.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        return f"{str(error).lower()}: a placeholder is {{stem}}, a brace itself {{{{ or }}}}"
    for _, placeholder, form, conversion in parts:
        if placeholder is None:
            continue
        if placeholder not in PLACEHOLDERS:
            hint = did_you_mean(placeholder, PLACEHOLDERS)
            known = ", ".join(PLACEHOLDERS)
            return f"unknown placeholder {{{placeholder}}}{hint}; known: {known}"
        if form or conversion:
            return f"expected {{{placeholder}}} without ':' or '!'"
    literal = "".join(text for text, *_ in parts)
    if found := _NOT_IN_NAMES.search(literal):
        return f"{found[0]!r} can't be part of a file's name everywhere (folders end with '/')"
    if template.startswith("/"):
        return "expected a name within the output folder, got an absolute path"
    if any(part in ("", ".", "..") for part in template.split("/")):
        return "expected a name within the output folder, without '.', '..' or empty parts"
    return None


def copy_name(template: str, variant: Variant, source: Source) -> str:
    """Returns where a source goes that is copied in place of an output: with its own suffix.

    Args:
        template: see `template`.
        variant: how the output was made.
        source: the picture.
    """
    return output_name(template, replace(variant, suffix=source.path.suffix), source)


def clash(
    template: str, made: Iterable[Variant], *, copies: bool = False
) -> tuple[Variant, Variant, str] | None:
    """Returns the first two variants that would write one file, and its name, or None.

    Names that differ in case only are one file on many systems.

    Args:
        template: see `template`.
        made: the variants.
        copies: whether sources may be copied, so that names must differ before the suffix.
    """
    probe = Source(path=Path("picture.png"), picture="picture.png", stem="picture")
    seen: dict[str, Variant] = {}
    for variant in made:
        name = (copy_name if copies else output_name)(template, variant, probe)
        other = seen.setdefault(name.casefold(), variant)
        if other is not variant:
            return other, variant, name
    return None


def _alpha(asked: Alpha, writer: WriterSpec) -> Alpha:
    """Returns what becomes of transparency: what the job asks for, as far as the writer can."""
    asked = ALPHAS.get(str(asked), asked)
    if writer.alpha == "none" and (asked == "keep" or isinstance(asked, int)):
        return ALPHAS["matte"]
    return ALPHAS["binary"] if writer.alpha == "binary" and asked == "keep" else asked


def _named(value: Choice | str | int) -> str:
    return value.name if isinstance(value, Choice) else str(value)


def _search(job: Job, k: int, effort: str, init: InitializerSpec) -> Search:
    search = EFFORTS[effort]
    if k > FEW:
        search = replace(search, restarts=max(1, search.restarts * FEW // k))
    overrides = {
        key: value
        for key in ("restarts", "swaps", "coarse", "tolerance", "max_iterations")
        if (value := getattr(job, key)) is not None
    }
    search = replace(search, varies=not init.deterministic, **overrides)
    if job.restarts is not None:
        search = replace(search, extra=0)
    if job.swaps is not None:
        search = replace(search, budget=0, extra=0)
    return replace(search, finalists=min(search.finalists, search.restarts))


def _spec(registry: Registry, choice: Choice, kind: type[S]) -> S:
    entry = registry.find(kind.stage, choice.name)
    if entry is None or not isinstance(entry.spec, kind):
        raise PluginError(registry.unknown(kind.stage, choice.name))
    return entry.spec


# ---- labels ------------------------------------------------------------------------------------


def _labels(job: Job) -> list[str]:
    """Returns a label for each combination: `K12_L2` and what else differs within the job."""
    axes = [
        [f"K{k}" for k in job.k],
        [f"{choice.name.upper()}{told}" for choice, told in _told(job.strategy)],
        *(_parts(choices) for choices in (job.init, job.space, job.dither)),
        [f"_{effort}" for effort in job.effort] if len(job.effort) > 1 else [""],
        _parts(job.writer),
    ]
    return _distinct(f"{k}_{''.join(rest)}" for k, *rest in itertools.product(*axes))


def _parts(choices: Sequence[Choice]) -> list[str]:
    """Returns what tells each component of an axis from the others, empty where it is alone."""
    named = len({choice.name for choice in choices}) > 1
    return [f"_{choice.name}{told}" if named else told for choice, told in _told(choices)]


def _told(choices: Sequence[Choice]) -> Iterator[tuple[Choice, str]]:
    """Yields each component with those options that differ among its namesakes: `_level9`."""
    values: dict[tuple[str, str], set[str]] = {}
    for choice in choices:
        for key, value in choice.options.items():
            values.setdefault((choice.name, key), set()).add(repr(value))
    for choice in choices:
        differing = (key for key in choice.options if len(values[choice.name, key]) > 1)
        yield choice, "".join(f"_{_option(key, choice.options[key])}" for key in differing)


def _option(key: str, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{key}{value}" if number else f"{key}-{str(value).lower()}"
    return _UNSAFE.sub("-", text)[:_LONGEST_OPTION].strip("-.")


def _distinct(labels: Iterable[str]) -> list[str]:
    """Returns the labels, numbered where options look the same once they are safe."""
    count: dict[str, int] = {}
    made = []
    for label in labels:
        unique = label
        while unique.casefold() in count:
            count[label.casefold()] += 1
            unique = f"{label}_{count[label.casefold()]}"
        count[unique.casefold()] = 1
        made.append(unique)
    return made
