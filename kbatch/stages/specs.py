"""How components announce themselves: a Spec a stage, and the options of a component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema


class Options(BaseModel):
    """Base of every component's options: unknown keys are errors, values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class _OfColors:
    """Marks the type below."""


# An option that is colours: whoever writes a job may name palette files and pictures too, which are
# read when it is checked. The component gets `#rrggbb` or `#rrggbbaa`; see `kbatch.palettes`.
Palette = Annotated[
    tuple[str, ...],
    _OfColors(),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


def palette_options(options: type[Options]) -> list[str]:
    """Returns the options that are a `Palette`, as jobs name them."""
    return [
        field.alias or name
        for name, field in options.model_fields.items()
        if _OfColors() in field.metadata
    ]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A component that a plugin offers.

    Attributes:
        name: how jobs name it: lower case letters, digits and `+ - . _`.
        summary: one line for `kbatch plugins`.
        factory: called with the validated options; a callable, or "module:attribute".
        options: pydantic model of its options, a subclass of `Options`.
    """

    stage: ClassVar[str] = ""
    name: str
    summary: str
    factory: str | Callable[[Any], Any]
    options: type[Options] = Options


@dataclass(frozen=True, kw_only=True)
class LoaderSpec(Spec):
    """A loader; its options are those of the job's loading keys that its model names.

    Attributes:
        suffixes: lower case, with the dot.
        magic: (offset, bytes) pairs in the first 64 bytes, any of which tells the format.
    """

    stage: ClassVar[str] = "loader"
    suffixes: tuple[str, ...]
    magic: tuple[tuple[int, bytes], ...] = ()


class SpaceSpec(Spec):
    """A colour space."""

    stage: ClassVar[str] = "space"


@dataclass(frozen=True, kw_only=True)
class InitializerSpec(Spec):
    """An initializer.

    Attributes:
        deterministic: it never asks `rng`, so that restarts would repeat it.
    """

    stage: ClassVar[str] = "init"
    deterministic: bool = False


@dataclass(frozen=True, kw_only=True)
class StrategySpec(Spec):
    """A strategy.

    Attributes:
        spaces: the spaces it makes sense in, or None for all.
    """

    stage: ClassVar[str] = "strategy"
    spaces: tuple[str, ...] | None = None


class DithererSpec(Spec):
    """A ditherer."""

    stage: ClassVar[str] = "dither"


@dataclass(frozen=True, kw_only=True)
class WriterSpec(Spec):
    """A writer.

    Attributes:
        suffix: of its files, with the dot.
        alpha: what it can hold: `none`, `binary` or `full`.
        frames: whether it can hold more than one.
        exact: whether it holds just the palette's colours.
        also: other suffixes of the format.
        original: pictures whose suffix is that of another writer, which is exact, are written by
            that one.
    """

    stage: ClassVar[str] = "writer"
    suffix: str
    alpha: Literal["none", "binary", "full"] = "none"
    frames: bool = False
    exact: bool = True
    also: tuple[str, ...] = ()
    original: bool = False


@dataclass(frozen=True)
class Column:
    """A column of results that a measure fills."""

    name: str
    unit: str
    higher_is_better: bool


@dataclass(frozen=True, kw_only=True)
class MeasureSpec(Spec):
    """A measure.

    Attributes:
        columns: what it returns.
    """

    stage: ClassVar[str] = "measure"
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class ReportSpec(Spec):
    """A report.

    Attributes:
        previews: whether it wants small pictures of the sources; see `Results.preview`.
    """

    stage: ClassVar[str] = "report"
    previews: bool = False


class ExecutorOptions(Options):
    """What every executor is given.

    Attributes:
        workers: items worked on at once.
    """

    workers: int = Field(default=1, ge=1)


class ExecutorSpec(Spec):
    """An executor; its options derive from `ExecutorOptions`."""

    stage: ClassVar[str] = "executor"


STAGES: tuple[type[Spec], ...] = (
    LoaderSpec,
    SpaceSpec,
    InitializerSpec,
    StrategySpec,
    DithererSpec,
    WriterSpec,
    MeasureSpec,
    ReportSpec,
    ExecutorSpec,
)
