"""What came of it: a record a picture and variant, and a summary of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from kbatch.data.pixels import Stopped

LEDGER = "kbatch.sqlite"  # the ledger's file, which tells an output folder

Status = Literal["done", "kept", "failed"]


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
        history: loss a pixel of each accepted iterate of the last descent; not a column.
        palette: entries in the file's order, `#rrggbb`, or `#rrggbbaa` where one is not opaque;
            not a column.
        counts: pixels of each entry; not a column.
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
    history: tuple[float, ...] = ()
    palette: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Returns the columns in their order, measures last."""
        return {name: getattr(self, name) for name in RECORD_COLUMNS} | dict(self.measures)


RECORD_COLUMNS = tuple(
    field.name
    for field in fields(Record)
    if field.name not in ("position", "history", "palette", "counts", "measures")
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
