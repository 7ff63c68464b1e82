"""The page of a job: what it says, that it harms nobody, and how large it gets."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pages
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import kbatch
from kbatch import runner
from kbatch.builtin import html_summary as sums
from kbatch.builtin.html_curves import curves, knee
from kbatch.builtin.html_report import HtmlReport, job_text
from kbatch.builtin.options import HtmlOptions
from kbatch.data import Record
from kbatch.ledger import Ledger
from kbatch.registry import Registry
from kbatch.storage import ReportFolder


class Page(HTMLParser):
    """A page as a browser reads it: elements with their attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_data(self, data: str) -> None:
        if self.elements:
            self.elements[-1][2].append(data)

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(("", {}, []))

    def texts(self, tag: str, **attributes: str) -> list[str]:
        return [
            "".join(data)
            for found, has, data in self.elements
            if found == tag and all(has.get(name) == value for name, value in attributes.items())
        ]

    def blocks(self, kind: str) -> list[Any]:
        return [json.loads(text) for text in self.texts("script", **{"class": kind})]


class Listed(pages.Made):
    """Results that are a list."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self.records = records

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def preview(self, record: Record) -> bytes | None:
        return None


# ---- safe ----------------------------------------------------------------------------------------


def test_the_page_names_no_address_but_its_own_parts(tmp_path: Path) -> None:
    text = pages.make(tmp_path, pages.Made())
    assert not re.search(r"https?:|//[a-z]", re.sub(r"(?m)// .*$", "", text))
    for tag, attributes, _ in Page(text).elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        for name in ("src", "href", "data", "action"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)


def test_only_the_pages_own_script_and_style_may_run(tmp_path: Path) -> None:
    page = Page(pages.make(tmp_path, pages.Made()))
    (policy,) = [
        has["content"]
        for tag, has, _ in page.elements
        if tag == "meta" and has.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    scripts = [
        "".join(data) for tag, has, data in page.elements if tag == "script" and "type" not in has
    ]
    for name, texts in (("script", scripts), ("style", page.texts("style"))):
        (text,) = texts
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy


def test_hostile_names_and_errors_are_text(tmp_path: Path) -> None:
    evil = "</td></script><script>alert(1)</script><img src=x onerror=alert(1)>"
    made = [pages.record(i, i, 3, "l2", output=None) for i in range(10)]
    made += [
        pages.record(10 + i, 10 + i, 3, "l2", status="failed", error=evil, picture=name)
        for i, name in enumerate((evil, "\u202eplain", "caf\udce9"))
    ]
    facts = pages.FACTS | {"job": {"input": [evil]}, "plugins": [evil], "versions": {evil: evil}}
    results = Listed(made)
    results.facts = facts
    page = Page(pages.make(tmp_path, results))
    tags = [tag for tag, _, _ in page.elements]
    assert "img" not in tags
    assert tags.count("script") == 2 + 2 * 13
    names = [block["name"] for block in page.blocks("row")]
    assert names == [record.picture.replace("\udce9", "\ufffd") for record in made]
    assert page.texts("bdi").count(evil) == 4  # among the failures, thrice as the reason
    assert "caf\\udce9" in page.texts("bdi")
    assert yaml.safe_load(page.texts("pre")[0]) == {"input": evil}


def test_links_lead_to_the_files_whatever_they_are_called(tmp_path: Path) -> None:
    results = pages.Made(ks=(3,))
    pages.write_outputs(tmp_path, results)
    blocks = Page(pages.make(tmp_path, results)).blocks("row")
    found = [row[2] for block in blocks for row in block["rows"]]
    assert len(found) == 20
    for url in found:
        assert re.fullmatch(r"\./[\w.~/%-]+", url, re.ASCII)
        assert Path(tmp_path, unquote_to_bytes(url).decode("utf-8", "surrogateescape")).is_file()


# ---- true ----------------------------------------------------------------------------------------


def test_figures_of_a_variant_are_sums_and_means_of_its_records(tmp_path: Path) -> None:
    results = pages.Made()
    page = Page(pages.make(tmp_path, results))
    (data,) = [json.loads(text) for text in page.texts("script", id="data")]
    for variant in data["variants"]:
        own = [record for record in results if record.variant == variant["label"]]
        total_in = sum(record.bytes_in or 0 for record in own)
        total_out = sum(record.bytes_out or 0 for record in own)
        error = np.mean([record.sse or 0 for record in own]) / 3
        figures = variant["figures"]
        assert figures["bytes_out"] == total_out
        assert figures["ratio"] == pytest.approx(total_in / total_out, rel=1e-5)
        assert figures["psnr"] == pytest.approx(10 * np.log10(255**2 / error), rel=1e-5)
        assert figures["loss"] == pytest.approx(np.mean([r.loss for r in own if r.loss]), rel=1e-5)
        assert figures["ssim"] == pytest.approx(1 - 1 / variant["k"], rel=1e-5)
        assert variant["spread"]["loss"][2] == pytest.approx(
            np.median([record.loss for record in own if record.loss]), rel=1e-5
        )


def test_the_measure_psnr_takes_the_place_of_that_from_sse() -> None:
    record = pages.record(0, 0, 3, "l2", measures={"psnr": 30.0})
    assert sums.numbers(record)["psnr"] == pytest.approx(30)
    assert list(sums.numbers(record)).count("psnr") == 1
    exact = replace(record, measures={"psnr": math.inf})
    assert sums.mean_squared_error(exact) == 0
    assert sums.numbers(exact)["psnr"] == math.inf


def test_best_and_worst_are_by_mean_error_and_the_first_of_equal_ones() -> None:
    records = [
        pages.record(place, place, 3, "l2", sse=sse)
        for place, sse in enumerate([5.0, 1.0, 9.0, 1.0, 9.0, 0.0, 7.0, 3.0])
    ]
    summary = sums.summarize(records)
    assert [place for place, _, _ in summary.best] == [5, 1, 3, 7, 0]
    assert [place for place, _, _ in summary.worst] == [2, 4, 6, 0, 7]
    assert summary.best[0][2] == math.inf


def test_curves_are_of_the_pictures_that_are_done_in_every_variant() -> None:
    whole = list(pages.Made(count=3))
    broken = [
        replace(record, status="failed", sse=None, loss=None, bytes_out=None)
        if record.picture == pages.name(1) and record.k == 12
        else record
        for record in whole
    ]
    without = [record for record in whole if record.picture != pages.name(1)]
    assert curves(sums.summarize(broken)) == curves(sums.summarize(without))
    assert curves(sums.summarize(broken)) != curves(sums.summarize(whole))
    assert [curve["name"] for curve in curves(sums.summarize(whole))] == ["L2", "L1"]


def test_the_knee_is_where_the_curve_bends() -> None:
    assert knee([0, 1, 10], [0, 9, 10]) == 1
    assert knee([100, 110, 120, 160, 300], [20, 28, 30, 31, 32]) == 2
    assert knee([0, 1, 2], [0, 1, 2]) is None
    assert knee([0, 5, 10], [0, 1, 10]) is None
    assert knee([0, 1], [0, 1]) is None
    assert knee([0, 1, 10], [0, 9, math.inf]) is None


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=3, max_size=9),
    st.integers(1, 1000),
    st.integers(-1000, 1000),
)
def test_the_knee_does_not_depend_on_the_units(
    points: list[tuple[int, int]], scale: int, shift: int
) -> None:
    x, y = sorted(p[0] for p in points), sorted(p[1] for p in points)
    found, scaled = knee(x, y), knee([v * 2 for v in x], [v * scale + shift for v in y])
    if found is None or scaled is None:
        return
    height = [
        (y[i] - y[0]) * (x[-1] - x[0]) - (x[i] - x[0]) * (y[-1] - y[0]) for i in range(len(x))
    ]
    largest = max(height)
    assert height[found] == pytest.approx(largest)
    assert height[scaled] == pytest.approx(largest)


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    made = list(pages.Made(count=3, ks=(3,)))
    made[0] = replace(made[0], palette=(), counts=(), history=())
    made[1] = replace(made[1], status="kept", output=None)
    results = Listed(made)
    results.facts = {"pictures": 9}
    text = pages.make(tmp_path, results)
    page = Page(text)
    assert "the job has 9 pictures" in text
    assert "The ledger does not say which job this was." in text
    assert [row[2] for row in page.blocks("row")[0]["rows"]] == ["", None]  # gone, none written
    details = page.blocks("details")
    assert details[0]["preview"] is None
    assert details[0]["rows"][0] == ["", [], []]


def test_failures_are_grouped_and_bounded(tmp_path: Path) -> None:
    failed = {"status": "failed", "output": None}
    many = [
        pages.record(2 * i + j, i, 3, s, **failed, error=f"broken {i}")
        for i in range(sums.FAILURES + 2)
        for j, s in enumerate(("l2", "l1"))
    ]
    text = pages.make(tmp_path, Listed(many))
    assert "The first 500 of 502." in text
    assert text.count(">broken ") == 500
    assert '<bdi>broken 7</bdi></td><td class="number">2</td>' in text


def test_an_empty_ledger_makes_a_page(tmp_path: Path) -> None:
    assert "0 pictures" in pages.make(tmp_path, Listed([]))


def test_the_job_reads_back_as_it_was(tmp_path: Path, registry: Registry) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    job = {
        "input": str(tmp_path / "a.png"),
        "output": str(tmp_path / "out"),
        "k": [4, 8],
        "dither": ["none", {"name": "ordered"}],
        "init": [{"name": "kmeans++", "candidates": 7}, "wu"],
        "fixed": ["#102030"],
        "tolerance": 1e-5,
        "reports": ["csv", {"name": "html", "pictures": 7}],
    }
    first = list(kbatch.run_job(job))
    with Ledger.open(tmp_path / "out") as ledger:
        facts = ledger.facts
    text = job_text(facts["job"])
    (tmp_path / "again.yaml").write_text(text, encoding="utf-8")
    second = list(kbatch.run_job(tmp_path / "again.yaml"))
    with Ledger.open(tmp_path / "out") as ledger:
        assert ledger.facts == facts
    assert [(r.variant, r.sse) for r in second] == [(r.variant, r.sse) for r in first]


def test_a_page_is_made_days_later_without_the_sources(tmp_path: Path, registry: Registry) -> None:
    source = tmp_path / "in" / "a b#.png"
    source.parent.mkdir()
    Image.fromarray(pages.pixels()).save(source)
    out = tmp_path / "out"
    list(kbatch.run_job({"input": str(source.parent), "output": str(out), "reports": "html"}))
    first = (out / "report.html").read_bytes()
    source.unlink()
    (out / "report.html").unlink()
    runner.report(out, registry, ["html"])
    assert (out / "report.html").read_bytes() == first
    page = Page(first.decode())
    (details,) = page.blocks("details")
    assert details["preview"].startswith("data:image/webp;base64,")
    palette, counts, history = details["rows"][0]
    assert len(palette.split()) == len(counts) == 16
    assert sum(counts) == 60 * 90
    assert len(history) >= 1
    (block,) = page.blocks("row")
    (out / "a b#_K16_L2.png").unlink()
    runner.report(out, registry, ["html"])
    (gone,) = Page((out / "report.html").read_text(encoding="utf-8")).blocks("row")
    assert (block["rows"][0][2], gone["rows"][0][2]) == ("./a%20b%23_K16_L2.png", "")


# ---- small ---------------------------------------------------------------------------------------


def test_fifty_pictures_in_ten_variants_take_less_than_three_megabytes(tmp_path: Path) -> None:
    results = pages.Made(count=50, ks=(252, 253, 254, 255, 256), preview_bytes=15_000)
    assert len(pages.make(tmp_path, results)) < 3_000_000


def test_pictures_beyond_the_bound_are_counted_but_not_shown(tmp_path: Path) -> None:
    results = pages.Made(count=30, ks=(3, 6, 12))
    text = pages.make(tmp_path, results, pictures=12)
    shown = {block["place"] for block in Page(text).blocks("row")}
    summary = sums.summarize(results)
    extremes = {place for place, _, _ in summary.best + summary.worst}
    assert shown == set(range(12)) | extremes
    assert "Shown are the first 12 of 30 pictures" in text
    assert sum(summary.variants["K3_L2"].counts.values()) == 30


def test_details_are_left_out_beyond_the_bound_of_bytes(tmp_path: Path) -> None:
    results = pages.Made(count=100, ks=(3,), preview_bytes=15_000)
    text = pages.make(tmp_path, results, megabytes=1)
    details = Page(text).blocks("details")
    kept = [one is not None for one in details]
    assert kept == sorted(kept, reverse=True)
    assert 30 < sum(kept) < 60
    assert len(text) < 1_300_000


def test_the_same_results_make_the_same_bytes(tmp_path: Path) -> None:
    assert pages.make(tmp_path, pages.Made()) == pages.make(tmp_path, pages.Made())


def test_the_page_streams(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            results = pages.Made(count=count, ks=(12,), preview_bytes=60_000)
            HtmlReport(HtmlOptions()).write(results, ReportFolder(tmp_path))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # imports what it needs
    few = peak(10)
    assert peak(100) < few + 500_000
    assert (tmp_path / "report.html").stat().st_size > 8_000_000


@pytest.mark.slow
def test_five_thousand_pictures_in_ten_variants_stay_within_the_bound(tmp_path: Path) -> None:
    results = pages.Made(count=5000, ks=(3, 6, 12, 24, 48), preview_bytes=15_000)
    text = pages.make(tmp_path, results)
    assert len(text) < 80_000_000
    assert len(Page(text).blocks("row")) == 5000
