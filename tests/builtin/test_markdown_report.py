"""The report in Markdown, read by another's parser."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from kbatch.builtin.markdown_report import MarkdownReport, link, text
from kbatch.builtin.options import MarkdownOptions
from kbatch.data import Record
from kbatch.storage import ReportFolder, save

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

RECORD = Record(
    position=0,
    picture="a.png",
    variant="K8_L2",
    status="done",
    output="a_K8_L2.png",
    k=8,
    strategy="l2",
    init="split",
    space="rgb",
    dither="none",
    effort="balanced",
    seed=0,
    loss=3.0,
    sse=3.0,
    bytes_in=3000,
    bytes_out=1000,
    ratio=3.0,
    palette=("#000000", "#ffffff"),
)
FAILED = replace(RECORD, status="failed", output=None, error="broken", sse=None, bytes_out=None)

HOSTILE = [
    "<img src=x onerror=alert(1)>.png",
    "a|b`c`[d](e)**f**_g_~~h~~.png",
    "![x](http://y).png",
    "  - # &lt; \\| end#",
    "\u05d0\u05d1 \u0645\u0631.png",
    "n" * 200,
    "line\nbreak\u202egnp.exe",
    "caf\udce9.png",
]


def report(*records: Record, folder: Path, **options: Any) -> str:
    """Returns what is written to a folder."""
    results = Results(records)
    MarkdownReport(MarkdownOptions(**options)).write(results, ReportFolder(folder))
    return (folder / "results.md").read_text(encoding="utf-8")


class Results(tuple[Record, ...]):
    __slots__ = ()
    facts: Any = SimpleNamespace()

    def preview(self, record: Record) -> bytes | None:
        return None


def tables(markdown: str) -> list[list[list[Token]]]:
    """Returns tables as rows of cells."""
    found: list[list[list[Token]]] = []
    for before, token in zip([None, *(parsed := PARSER.parse(markdown))], parsed, strict=False):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif before is not None and before.type in ("td_open", "th_open"):
            found[-1][-1].append(token)
    return found


def plain(cell: Token) -> str:
    """Returns the text of a cell, which holds nothing else but links."""
    children = cell.children or []
    assert {child.type for child in children} <= {"text", "text_special", "link_open", "link_close"}
    return "".join(child.content for child in children)


def test_the_summary_has_means_of_what_is_done(tmp_path: Path) -> None:
    other = replace(RECORD, picture="b.png", loss=5.0, sse=0.0, bytes_in=1000, bytes_out=3000)
    kept = replace(RECORD, picture="c.png", status="kept", output=None, sse=None)
    summary, *_ = tables(report(RECORD, other, kept, FAILED, folder=tmp_path))
    head, row = ([plain(cell) for cell in cells] for cells in summary)
    assert head == ["variant", "done", "kept", "failed", "bytes", "ratio", "PSNR", "loss"]
    assert row == ["K8_L2", "2", "1", "1", "2,000", "1.00", "48.1 dB", "4.00"]


def test_results_are_linked_or_shown_where_they_are(tmp_path: Path) -> None:
    save(b"x", tmp_path / "a_K8_L2.png")
    gone = replace(RECORD, variant="K9_L2", output="gone.png")
    markdown = report(RECORD, gone, FAILED, folder=tmp_path)
    assert "| [K8\\_L2](a_K8_L2.png) | 1,000 | 3.00 | 48.1 dB | 3.00 |" in markdown
    assert "| K9\\_L2 (the file is missing) |" in markdown
    assert "| K8\\_L2 (failed) |" in markdown
    assert "![K8\\_L2](a_K8_L2.png)" in report(RECORD, folder=tmp_path, show="images")


def test_pictures_and_failures_are_bounded_and_the_rest_is_counted(tmp_path: Path) -> None:
    records = [
        replace(one, picture=f"{number:03}.png", variant=variant)
        for number in range(20)
        for variant in ("K8_L2", "K9_L2")
        for one in (RECORD if number % 2 else FAILED,)
    ]
    markdown = report(*records, folder=tmp_path, pictures=3)
    _, failures, *pictures = tables(markdown)
    assert [plain(row[0]) for row in failures[1:]] == ["000.png", "002.png", "004.png"]
    assert [plain(row[1]) for row in failures[1:]] == ["2"] * 3
    assert "14 more failures are not listed here." in markdown
    assert len(pictures) == 3
    assert "17 more pictures are not listed here." in markdown
    assert "not listed" not in report(*records, folder=tmp_path, pictures=20)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_and_their_links_lead_to_the_file(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"
    if "/" not in name:
        save(b"x", folder / f"{name}.x")
    record = replace(RECORD, picture=name, output=f"{name}.x", variant=name)
    markdown = report(record, replace(FAILED, picture=name, error=name), folder=folder)
    page = PARSER.render(markdown)
    assert set(re.findall(r"<(\w+)", page)) == {
        *("h1", "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td"),
        *(["a"] if "/" not in name else []),
    }
    for table in tables(markdown):
        assert len({len(row) for row in table}) == 1
        for row in table:
            assert [plain(cell) for cell in row]
    told = name.replace("\n", "\\n").replace("\u202e", "\\u202e").replace("\udce9", "\\udce9")
    _, failures, picture = tables(markdown)
    assert plain(failures[1][0]).strip("\u2068\u2069") == told.strip()
    if "/" not in name:
        (opened, *_) = picture[1][0].children or []
        address = str(opened.attrs["href"])
        assert unquote_to_bytes(address).decode("utf-8", "surrogateescape") == f"{name}.x"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_is_one_paragraph_of_text(value: str) -> None:
    (_, inline, _) = PARSER.parse(f"x {text(value)} x")
    assert {child.type for child in inline.children or []} <= {"text", "text_special"}
    (_, inline, _) = PARSER.parse(f"[x]({link(value)})")
    assert [child.type for child in inline.children or []] == ["link_open", "text", "link_close"]


def test_what_is_written_from_right_to_left_is_set_apart() -> None:
    assert text("\u05d0.png") == "\u2068\u05d0.png\u2069"
    assert text("a.png") == "a.png"


def test_twenty_thousand_records_are_never_all_in_memory(tmp_path: Path) -> None:
    class Many(Results):
        def __iter__(self) -> Iterator[Record]:
            for position in range(20_000):
                one = RECORD if position % 4 else FAILED
                yield replace(one, position=position, picture=f"{position // 2}.png")

    made, folder = MarkdownReport(MarkdownOptions()), ReportFolder(tmp_path)
    made.write(Results(), folder)
    tracemalloc.start()
    try:
        made.write(Many(), folder)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 500_000
    assert (tmp_path / "results.md").stat().st_size < 100_000
