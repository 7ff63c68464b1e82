"""The report for data frames, read back by its library."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kbatch import plan, runner
from kbatch.builtin import options
from kbatch.builtin.options import ParquetOptions
from kbatch.data import RECORD_COLUMNS, Record
from kbatch.errors import JobError
from kbatch.ledger import Ledger
from kbatch.registry import discover
from kbatch.storage import ReportFolder

RECORD = Record(
    position=0,
    picture="caf\udce9.png",
    variant="K8_L2",
    status="done",
    k=8,
    strategy="l2",
    init="split",
    space="rgb",
    dither="none",
    effort="balanced",
    seed=0,
    loss=0.1 + 0.2,
    measures={"psnr": 30.5},
)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Any]:
    """Returns the table that is made of records, by way of a ledger."""
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from kbatch.builtin.parquet_report import ParquetReport

    def written(*records: Record) -> Any:
        with Ledger.create(tmp_path, {}) as ledger:
            ledger.add(records)
            ParquetReport(ParquetOptions()).write(ledger, ReportFolder(tmp_path))
        return parquet.ParquetFile(tmp_path / "results.parquet")

    return written


def test_columns_are_typed_and_those_of_the_other_reports(written: Callable[..., Any]) -> None:
    other = replace(RECORD, position=1, error="x", k_used=7, measures={"ssim": math.nan})
    table = written(RECORD, other).read()
    assert table.column_names == [*RECORD_COLUMNS, "psnr", "ssim"]
    kinds = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert kinds["picture"] == kinds["error"] == kinds["stopped"] == "string"
    assert kinds["k"] == kinds["k_used"] == kinds["bytes_out"] == "int64"
    assert kinds["loss"] == kinds["seconds_save"] == kinds["psnr"] == "double"
    first, second = table.to_pylist()
    assert first == RECORD.row() | {"picture": "caf\\udce9.png", "ssim": None}
    assert (second["k_used"], second["error"], second["psnr"]) == (7, "x", None)
    assert math.isnan(second["ssim"])


def test_no_record_is_a_table_without_rows(written: Callable[..., Any]) -> None:
    assert written().read().column_names == list(RECORD_COLUMNS)


def test_rows_are_written_in_batches_in_their_order(
    written: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kbatch.builtin import parquet_report

    monkeypatch.setattr(parquet_report, "ROWS", 100)
    file = written(*(replace(RECORD, position=at, seed=at) for at in range(250)))
    assert [file.metadata.row_group(group).num_rows for group in range(3)] == [100, 100, 50]
    assert file.read().column("seed").to_pylist() == list(range(250))


def test_without_its_package_the_job_is_refused_where_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "find_spec", lambda name: None)
    (tmp_path / "a.png").write_bytes(b"x")
    file = tmp_path / "job.yaml"
    file.write_text("input: .\noutput: out\nreports: [csv, parquet]\n")
    with pytest.raises(JobError) as caught:
        plan.make(file)
    (problem,) = caught.value.problems
    assert problem == (
        f"{file}:3:16: reports: parquet needs the package pyarrow: "
        "pip install 'kbatch-image[parquet]'"
    )
    with Ledger.create(tmp_path, {"reports": []}) as ledger:
        ledger.add([RECORD])
    files, (problem,) = runner.report(tmp_path, discover(), ["parquet"])
    assert files == ()
    assert problem == (
        "report 'parquet' failed: parquet needs the package pyarrow: "
        "pip install 'kbatch-image[parquet]'"
    )
