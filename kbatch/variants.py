"""From a job to its variants, and how these are called."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from kbatch.data import Alpha, Choice, Search, Source, Variant
from kbatch.errors import PluginError
from kbatch.palettes import from_hex
from kbatch.stages import InitializerSpec, Spec, WriterSpec

if TYPE_CHECKING:
    from kbatch.job import Job
    from kbatch.registry import Registry

S = TypeVar("S", bound=Spec)

AXES = ("k", "strategy", "init", "space", "dither", "effort", "writer")

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
    made = Variant(
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
        fixed=tuple(from_hex(color) for color in job.fixed),
        order=job.order,
    )
    return replace(made, by_suffix=_by_suffix(made, job, registry)) if output.original else made


def _by_suffix(variant: Variant, job: Job, registry: Registry) -> dict[str, Variant]:
    """Returns the variant with each other writer that holds just the palette's colours."""
    found: dict[str, Variant] = {}
    for spec in (entry.spec for entry in registry if isinstance(entry.spec, WriterSpec)):
        required = any(option.is_required() for option in spec.options.model_fields.values())
        if spec.exact and not required and spec.suffix != variant.suffix:
            other = replace(
                variant,
                writer=Choice(spec.name, spec.options().model_dump()),
                suffix=spec.suffix,
                alpha=_alpha(job.alpha, spec),
                frames=spec.frames,
            )
            found = dict.fromkeys((spec.suffix, *spec.also), other) | found  # the first one stays
    return found


def suited(variant: Variant, source: Source) -> Variant:
    """Returns what stands in for a variant where a picture's own format is asked for.

    Args:
        variant: as planned.
        source: the picture, whose suffix decides.
    """
    return variant.by_suffix.get(source.path.suffix.lower(), variant)


def _alpha(asked: Alpha, writer: WriterSpec) -> Alpha:
    """Returns what becomes of transparency: what the job asks for, as far as the writer can."""
    asked = ALPHAS.get(str(asked), asked)
    if writer.alpha == "none" and (asked == "keep" or isinstance(asked, int)):
        return ALPHAS["matte"]
    return ALPHAS["binary"] if writer.alpha == "binary" and asked == "keep" else asked


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
