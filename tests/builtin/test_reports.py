"""The reports that come with kbatch, read back by others' readers."""

from __future__ import annotations

import csv
import io
import json
import math
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch.builtin.csv_report import CsvReport
from kbatch.builtin.json_report import JsonReport
from kbatch.data import RECORD_COLUMNS, Record
from kbatch.stages import Options, Report, Results
from kbatch.storage import ReportFolder

RECORD = Record(
    position=0,
    picture="a/b.png",
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


class Table(tuple[Record, ...]):
    """Results of which nothing but the records is known."""

    __slots__ = ()
    facts: Mapping[str, Any] = MappingProxyType({})

    def preview(self, record: Record) -> bytes | None:
        return None


class Memory:
    """A folder that keeps its files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        stream = io.BytesIO()
        yield stream
        self.files[name] = stream.getvalue()

    def find(self, name: str) -> Path | None:
        return None


def written(report: Report, results: Results) -> bytes:
    folder = Memory()
    report.write(results, folder)
    (data,) = folder.files.values()
    return data


def as_json(*records: Record) -> bytes:
    return written(JsonReport(Options()), Table(records))


def as_csv(*records: Record) -> bytes:
    return written(CsvReport(Options()), Table(records))


def rows(*records: Record) -> list[dict[str, str]]:
    text = as_csv(*records).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def objects(*records: Record) -> list[dict[str, object]]:
    def unknown(name: str) -> object:
        raise AssertionError(f"{name} is not JSON")

    data = as_json(*records)
    return list(json.loads(data.decode("utf-8"), parse_constant=unknown))


def test_csv_has_the_columns_in_their_order_then_the_measures_as_they_came() -> None:
    other = replace(RECORD, measures={"ssim": 0.5, "psnr": 1.0, "colors": 2.0})
    table = rows(RECORD, other)
    assert list(table[0]) == [*RECORD_COLUMNS, "psnr", "ssim", "colors"]
    assert "position" not in table[0]
    assert [row["ssim"] for row in table] == ["", "0.5"]
    assert [row["psnr"] for row in table] == ["30.5", "1.0"]


def test_csv_of_nothing_is_its_header() -> None:
    assert as_csv() == ",".join(RECORD_COLUMNS).encode() + b"\n"


def test_csv_has_lf_ends_of_line_and_nothing_for_none() -> None:
    data = as_csv(RECORD, RECORD)
    assert data.count(b"\n") == 3
    assert b"\r" not in data
    assert rows(RECORD)[0]["error"] == ""
    assert rows(RECORD)[0]["k_used"] == ""


@given(st.floats(allow_nan=False))
def test_csv_keeps_every_digit(value: float) -> None:
    (row,) = rows(replace(RECORD, loss=value, measures={"m": value}))
    assert float(row["loss"]) == value
    assert math.copysign(1, float(row["m"])) == math.copysign(1, value)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_csv_text_comes_back_as_it_was_or_made_harmless(text: str) -> None:
    (row,) = rows(replace(RECORD, error=text))
    assert row["error"] in (text, "'" + text)
    assert not row["error"].startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_text_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    (row,) = rows(replace(RECORD, picture=text, loss=-1.5))
    assert row["picture"] == "'" + text
    assert row["loss"] == "-1.5"


@pytest.mark.parametrize("text", ["a,b", 'a"b', "a\nb", "a\rb", "a\r\nb", " a ", "ß😀"])
def test_csv_quotes_what_needs_it(text: str) -> None:
    assert rows(replace(RECORD, error=text), RECORD)[0]["error"] == text


def test_csv_writes_truth_as_words_and_undecodable_names_as_escapes() -> None:
    (row,) = rows(replace(RECORD, picture="caf\udce9.png", measures={"ok": True, "bad": False}))
    assert row["picture"] == "caf\\udce9.png"
    assert (row["ok"], row["bad"]) == ("true", "false")


def test_json_has_a_record_a_line() -> None:
    data = as_json(RECORD, RECORD)
    first, *lines, last = data.decode().splitlines()
    assert (first, last, len(lines)) == ("[", "]", 2)
    assert json.loads(lines[1]) == RECORD.row()
    assert objects(RECORD, RECORD) == [RECORD.row(), RECORD.row()]


def test_json_of_nothing_is_an_empty_array() -> None:
    assert objects() == []


def test_json_has_null_for_what_it_can_not_say() -> None:
    (row,) = objects(replace(RECORD, loss=math.nan, sse=-math.inf, measures={"psnr": math.inf}))
    assert (row["loss"], row["sse"], row["psnr"]) == (None, None, None)


@given(st.text())
def test_json_keeps_all_text(text: str) -> None:
    (row,) = objects(replace(RECORD, error=text))
    # Two surrogates in a row are one character in JSON.
    assert str(row["error"]).encode("utf-16", "surrogatepass") == text.encode(
        "utf-16", "surrogatepass"
    )


def test_json_shows_names_as_they_are() -> None:
    data = as_json(replace(RECORD, picture="ß/caf\udce9.png"))
    assert '"ß/caf\\udce9.png"'.encode() in data


@pytest.mark.parametrize("report", [CsvReport, JsonReport])
def test_reports_stream(report: type[CsvReport | JsonReport], tmp_path: Path) -> None:
    class Many(Table):
        def __iter__(self) -> Iterator[Record]:
            return (replace(RECORD, position=position) for position in range(5_000))

    folder = ReportFolder(tmp_path)
    report(Options()).write(Table((RECORD,)), folder)  # imports what it needs
    tracemalloc.start()
    try:
        report(Options()).write(Many(), folder)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (name,) = folder.written
    assert (tmp_path / name).stat().st_size > 1_000_000 / 2
    assert peak < 300_000


@pytest.mark.parametrize("report", [CsvReport, JsonReport])
def test_results_that_break_leave_no_report(
    report: type[CsvReport | JsonReport], tmp_path: Path
) -> None:
    class Broken(Table):
        passes = 0

        def __iter__(self) -> Iterator[Record]:
            yield RECORD
            self.passes += 1
            if report is JsonReport or self.passes == 2:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        report(Options()).write(Broken(), ReportFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []
