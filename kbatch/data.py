"""The records that travel between the rooms: frozen, picklable, without behaviour of their own.

Shapes: F frames, H rows, W columns, C channels (3 when opaque, else 4), n distinct colours,
k centers, d dimensions of a space. Arrays are never changed once they are in a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kbatch.job import Job

    U8 = NDArray[np.uint8]
    U32 = NDArray[np.uint32]
    U64 = NDArray[np.uint64]
    I32 = NDArray[np.int32]
    I64 = NDArray[np.int64]
    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]
    Bool = NDArray[np.bool_]
    Index = NDArray[np.intp]

LEDGER = "kbatch.sqlite"  # the ledger's file, which tells an output folder

Stopped = Literal["labels", "tolerance", "limit"]
Status = Literal["done", "kept", "failed"]


# ---- pixels and colours ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meta:
    """What must survive beside the pixels.

    Attributes:
        icc: colour profile of the pixels, or None for sRGB.
        exif, xmp: metadata blocks as stored.
        dpi: horizontal and vertical dots an inch.
        durations: milliseconds of each frame; empty for a still.
        loop: how often an animation plays, 0 for ever.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    durations: tuple[int, ...] = ()
    loop: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Decoded pixels.

    Attributes:
        pixels: uint8 (F, H, W, C), C-contiguous; C is 3 when every pixel is opaque, else 4 with
            straight alpha and (0, 0, 0, 0) wherever alpha is 0.
        meta: what must survive beside them.
    """

    pixels: U8
    meta: Meta = field(default_factory=Meta)


@dataclass(frozen=True, slots=True)
class Colors:
    """The distinct colours of one picture or several: a weighted point set.

    Attributes:
        rgba: uint8 (n, C), distinct, in Morton order (neighbours in the list are near in colour).
        count: int64 (n,), pixels of each colour.
        cells: int64 (m + 1,), where the runs of one 5-bit cell begin, and n.
        inverse: int32 (F*H*W,), each pixel's row in `rgba`; None where the colours travelled.
        digest: 16 bytes that identify the colours and their counts.
    """

    rgba: U8
    count: I64
    cells: I64
    inverse: I32 | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class Points:
    """Weighted points of a space, as strategies and initializers see them.

    Attributes:
        x: float32 (n, d), Fortran order; d is 3, or 4 with alpha (premultiplied, alpha last).
        weight: float64 (n,), positive; whole numbers for distinct colours.
        cells: int64 (m + 1,), runs of neighbouring points, or None when the order means nothing.
    """

    x: F32
    weight: F64
    cells: I64 | None = None


# ---- clustering --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stop:
    """When a descent ends.

    Attributes:
        limit: most iterations.
        tolerance: relative gain of an iteration below which it ends; 0 runs until no label changes.
        relax: over-relaxation of the update, 0 for the textbook step.
    """

    limit: int
    tolerance: float
    relax: float = 0.0


@dataclass(frozen=True, slots=True)
class Descent:
    """The end of one descent.

    Attributes:
        centers: float32 (k, d), the best iterate.
        labels: uint8 (n,), the nearest center of each point.
        cost: float32 (n,), distance of each point to it.
        history: float64 (iterations + 1,), loss of each accepted iterate, a unit of weight.
        stopped: why it ended.
    """

    centers: F32
    labels: U8
    cost: F32
    history: F64
    stopped: Stopped


@dataclass(frozen=True, slots=True)
class Clustering:
    """A palette and how it was found.

    Attributes:
        palette: uint8 (k_used, C), distinct entries in a stable order.
        history: float64 (iterations + 1,), loss a pixel of each accepted iterate of the last
            descent on all colours.
        stopped: why that descent ended.
    """

    palette: U8
    history: F64
    stopped: Stopped


@dataclass(frozen=True, slots=True)
class Indexed:
    """What a writer writes.

    Attributes:
        indices: uint8 (F, H, W).
        palette: uint8 (k_used, 4), straight alpha.
        meta: what must survive.
    """

    indices: U8
    palette: U8
    meta: Meta = field(default_factory=Meta)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An indexed picture and its errors against the loaded one, a pixel.

    Attributes:
        indexed: the picture.
        loss: the strategy's, in its space.
        sse, sad: squared and absolute error summed over the channels of sRGB, premultiplied where
            there is alpha.
        counts: int64 (k_used,), pixels of each entry.
    """

    indexed: Indexed
    loss: float
    sse: float
    sad: float
    counts: I64


# ---- a plan ------------------------------------------------------------------------------------


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
    varies: bool = True


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of k × strategy × init × … that is applied to every picture."""

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
class Outcome:
    """What came back for an item: a value, or why there is none."""

    item: Item
    value: Any = None
    failure: str | None = None


# ---- results -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of results: one picture × one variant. What is not known is None.

    Attributes:
        position: place in plan order, from 0; not a column.
        picture: relative to the input, with `/`.
        variant: label of the variant.
        status: `done`, `kept` or `failed`.
        error: why it failed.
        output: relative to the output folder, with `/`.
        k, k_used: entries asked for and entries in the palette.
        loss, sse, sad: errors a pixel; see `Rendered`.
        iterations, stopped: of the last descent on all colours.
        colors_in: distinct colours of the picture.
        bytes_in, bytes_out, ratio: sizes of the files, and in ÷ out.
        seconds, seconds_*: wall time; a verb shared by variants is charged to the first.
        measures: a named number each, more columns.
    """

    position: int
    picture: str
    variant: str
    status: Status
    error: str | None = None
    output: str | None = None
    k: int
    k_used: int | None = None
    strategy: str
    init: str
    space: str
    dither: str
    effort: str
    seed: int
    loss: float | None = None
    sse: float | None = None
    sad: float | None = None
    iterations: int | None = None
    stopped: Stopped | None = None
    colors_in: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    ratio: float | None = None
    seconds: float = 0.0
    seconds_load: float = 0.0
    seconds_collect: float = 0.0
    seconds_cluster: float = 0.0
    seconds_render: float = 0.0
    seconds_write: float = 0.0
    seconds_measure: float = 0.0
    seconds_save: float = 0.0
    measures: Mapping[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Returns the columns in their order, measures last."""
        return {name: getattr(self, name) for name in RECORD_COLUMNS} | dict(self.measures)


RECORD_COLUMNS = tuple(
    field.name for field in fields(Record) if field.name not in ("position", "measures")
)


@dataclass(frozen=True, slots=True)
class Summary:
    """How a job ended.

    Attributes:
        output: folder of the results.
        pictures: pictures in the plan; `finished` of them have all their records.
        done, kept, failed: records by status.
        seconds: wall time of the run.
        reports: files that reports wrote, relative to the output.
        problems: reports or observers that failed, a line each.
        failed_reports: how many of them are reports.
        interrupted: whether the run was asked to stop before its end.
    """

    output: Path
    pictures: int
    finished: int
    done: int
    kept: int
    failed: int
    seconds: float
    reports: tuple[str, ...]
    problems: tuple[str, ...]
    interrupted: bool
    failed_reports: int = 0
