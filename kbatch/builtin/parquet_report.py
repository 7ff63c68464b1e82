"""`results.parquet`: a row a record in typed columns, for data frames and databases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from kbatch.data import RECORD_COLUMNS, Record

if TYPE_CHECKING:
    from kbatch.stages import Folder, Options, Results

ROWS = 10_000  # of a batch, and of a row group
TYPES = {"int": pa.int64(), "float": pa.float64()}


class ParquetReport:
    """Writes the columns of `results.csv` batch by batch: text, int64, and float64 for measures."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def write(self, results: Results, folder: Folder) -> None:
        """Writes `results.parquet`."""
        measures = dict.fromkeys(name for record in results for name in record.measures)
        schema = _schema([name for name in measures if name not in RECORD_COLUMNS])
        with (
            folder.open("results.parquet") as stream,
            parquet.ParquetWriter(stream, schema) as writer,
        ):
            for batch in _batches(results):
                rows = [{name: _plain(value) for name, value in one.row().items()} for one in batch]
                writer.write_table(pa.Table.from_pylist(rows, schema))


def _schema(measures: list[str]) -> Any:
    """Returns the types of all columns, those of a record as it declares them."""
    kinds = {field.name: str(field.type).split(" ")[0] for field in fields(Record)}
    own = [(name, TYPES.get(kinds[name], pa.string())) for name in RECORD_COLUMNS]
    return pa.schema([*own, *((_plain(name), pa.float64()) for name in measures)])


def _batches(results: Results) -> Iterator[list[Record]]:
    records = iter(results)
    while batch := list(itertools.islice(records, ROWS)):
        yield batch


def _plain(value: Any) -> Any:
    """Returns text without the undecodable bytes of file names; they become escapes, as in CSV."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
