"""What is to be done: a plan, its variants, and the items that an executor gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from kbatch.data.results import Record
    from kbatch.job import Job


# `keep`, `binary` or its threshold, `matte` or its colour `#rrggbb`.
Alpha = Literal["keep", "binary", "matte"] | int | str


@dataclass(frozen=True, slots=True)
class Choice:
    """A component by name, with its validated options."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Search:
    """How hard to look for centers.

    Attributes:
        restarts: starts on the coarse set.
        swaps: rounds of swaps after each of them.
        finalists: the best of them, that are compared on all colours.
        coarse: points of the coarse set, 0 for all colours.
        tolerance: relative gain at which the last descent ends.
        max_iterations: most iterations of it.
        relax: over-relaxation of the descents: 0.8 goes 1.8 times the way, which converges in half
            as many steps and a little lower.
        budget: distances that all rounds of swaps after a start may cost: there are fewer of them
            where there are many points and entries. 0 for any number.
        extra: most starts beyond the first ones, which are made where the budget is large for the
            points that there are: few points are searched thoroughly at no cost.
        varies: whether the initializer gives another start when it is asked again; else only the
            first start is its own, and the others are by k-means++.
    """

    restarts: int
    swaps: int
    finalists: int
    coarse: int
    tolerance: float
    max_iterations: int
    relax: float = 0.8
    budget: int = 0
    extra: int = 0
    varies: bool = True


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of k × strategy × init × … that is applied to every picture.

    Attributes:
        suffix: of its files.
        alpha: what becomes of transparency: `keep`, a threshold, or a colour `#rrggbb`.
        frames: whether all frames are taken, or only the first.
        by_suffix: what stands in for it where a picture has one of these suffixes: the same with
            another writer.
        fixed: entries of the palette that are not learnt: red, green, blue, alpha.
        order: how the palette is sorted.
    """

    label: str
    k: int
    strategy: Choice
    init: Choice
    space: Choice
    dither: Choice
    effort: str
    search: Search
    writer: Choice
    suffix: str
    seed: int
    fixed: tuple[tuple[int, int, int, int], ...] = ()
    order: str = "luminance"
    alpha: Alpha = "keep"
    frames: bool = True
    by_suffix: Mapping[str, Variant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A picture to be read.

    Attributes:
        path: where it is.
        picture: its name relative to the input, with `/`.
        stem: its name in outputs: without the suffix, unless another picture shares the rest.
    """

    path: Path
    picture: str
    stem: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All the work of one job, complete and checked; pictures × variants are never materialised.

    Attributes:
        job: the job as it was written.
        output: folder of the results.
        template: name of an output without its suffix.
        sources: the pictures in plan order.
        variants: what is applied to each.
        loading: the options that loaders take.
        measures, reports, executor: components of the whole job.
        workers: how many pictures are worked on at once.
        plugins: files that a worker loads beside the installed plugins.
    """

    job: Job
    output: Path
    template: str
    sources: tuple[Source, ...]
    variants: tuple[Variant, ...]
    loading: Mapping[str, Any]
    measures: tuple[Choice, ...]
    reports: tuple[Choice, ...]
    executor: Choice
    workers: int
    plugins: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of work: a picture and its place in the plan."""

    index: int
    source: Source


@dataclass(frozen=True, slots=True)
class Finished:
    """What comes back from a picture.

    Attributes:
        records: one a variant, in their order.
        preview: a small picture of the source for reports, WebP; None where no report wants it.
    """

    records: tuple[Record, ...]
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for an item: a value, or why there is none."""

    item: Item
    value: Any = None
    failure: str | None = None
