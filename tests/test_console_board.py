"""What is drawn while a run is on, and what is told of pictures after it."""

from __future__ import annotations

import io
import math
import re
import time
from collections.abc import Sequence
from typing import Any

import pytest
import rich.console
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from test_console import JOB, Pipe, make_plan, make_summary, records, terminal, text, watch
from test_console import _plain_environment as _plain_environment

from kbatch.console import Console
from kbatch.console.board import Board, stages
from kbatch.console.pace import MOST, SPAN, Pace, sparkline
from kbatch.console.tally import MOST_RANKED, Ranking, Tally
from kbatch.data import Plan


def drawn(tally: Tally, width: int, height: int) -> list[str]:
    file = io.StringIO()
    console = rich.console.Console(file=file, width=width, height=height, color_system=None)
    console.print(Board(tally))
    return file.getvalue().splitlines()


def feed(tally: Tally, plan: Plan, picture: int, **more: Any) -> None:
    for record in records(plan, picture, **more):
        tally.add(record)


@pytest.mark.parametrize("width", [12, 40, 80, 200])
@pytest.mark.parametrize("height", [3, 6, 8, 24])
@pytest.mark.parametrize("variants", [1, 5, 100])
def test_the_board_fits_and_has_as_many_lines_at_the_end_as_at_the_start(
    width: int, height: int, variants: int
) -> None:
    plan = make_plan(pictures=9, variants=variants, name="日本 and a long name {}.png")
    tally = Tally(plan)
    first = drawn(tally, width, height)
    for picture in range(9):
        feed(tally, plan, picture, seconds_load=0.1, seconds_cluster=0.4)
    last = drawn(tally, width, height)
    head = min(height - 1, 5)
    room = height - 1 - head - 2
    assert len(first) == len(last) == (head + 2 + min(variants, room) if room > 0 else head)
    assert max(map(cell_len, [*first, *last])) <= width


def test_a_label_longer_than_the_terminal_takes_one_line() -> None:
    plan = make_plan(variants=3)
    tally = Tally(plan)
    tally.variants = {f"K8_{'x' * 60}_{n}": each for n, each in enumerate(tally.variants.values())}
    lines = drawn(tally, 40, 24)
    assert len(lines) == 5 + 2 + 3
    assert [line.split()[0][-2:] for line in lines[-3:]] == ["_0", "_1", "_2"]


def test_the_table_tells_bytes_ratio_psnr_and_seconds_of_what_is_done() -> None:
    plan = make_plan(pictures=3, variants=2)
    tally = Tally(plan)
    feed(tally, plan, 0, sse=30.0, bytes_in=1000, bytes_out=100)
    feed(tally, plan, 1, sse=60.0, bytes_in=3000, bytes_out=100)
    heads, *rows = [line.split() for line in drawn(tally, 80, 24)[6:]]
    psnr = 10 * math.log10(255**2 / ((30 + 60) / 2 / 3))
    assert heads == ["variant", "done", "bytes", "out", "ratio", "psnr", "seconds"]
    assert rows == [
        [f"K8_V{n}", "2", "200", "bytes", "20.0", f"{psnr:.2f}", "0.500"] for n in (0, 1)
    ]


def test_a_narrow_board_keeps_bytes_ratio_and_psnr() -> None:
    plan = make_plan(variants=2)
    assert drawn(Tally(plan), 40, 24)[6].split() == [
        "variant", "done", "bytes", "out", "ratio", "psnr",
    ]  # fmt: skip


def test_more_variants_than_lines_are_counted() -> None:
    lines = drawn(Tally(make_plan(variants=100)), 80, 24)
    assert len(lines) == 23
    shown = [line for line in lines if line.startswith("K8_V")]
    assert lines[-1] == f"… and {100 - len(shown)} more"


def test_a_board_of_a_thousand_variants_costs_little_to_draw() -> None:
    plan = make_plan(variants=1000)
    tally = Tally(plan)
    feed(tally, plan, 0)
    drawn(tally, 80, 24)
    start = time.process_time()
    for _ in range(10):
        drawn(tally, 80, 24)
    assert time.process_time() - start < 1.0  # 0.06 on an idle machine


# ---- stages and pace -------------------------------------------------------------------------


def test_stages_are_shares_of_the_time_and_the_smallest_give_way() -> None:
    seconds = {"load": 1.0, "collect": 0.5, "cluster": 8.0, "measure": 0.0, "save": 0.5}
    assert stages(seconds, 80) == "load 10%  collect 5%  cluster 80%  save 5%"
    assert stages(seconds, 25) == "load 10%  cluster 80%"
    assert stages(seconds, 5) == ""
    assert stages({"load": 0.0}, 80) == ""


@given(st.lists(st.floats(0, 2000), max_size=50).map(sorted), st.floats(0, 5000))
def test_a_pace_counts_what_came_in_each_span_and_stays_small(
    came: list[float], more: float
) -> None:
    pace = Pace()
    for seconds in came:
        pace.add(seconds)
    now = max(came, default=0) + more
    counts = pace.counts(now)
    assert len(counts) < MOST
    assert len(counts) == int(now / pace.span)
    assert math.log2(pace.span / SPAN).is_integer()
    assert counts == [
        sum(int(seconds / pace.span) == span for seconds in came) for span in range(len(counts))
    ]


@pytest.mark.parametrize(
    ("encoding", "bars"), [("utf-8", "▁▅█ █"), ("cp437", "_=# #"), ("ascii", "_=# #")]
)
def test_a_sparkline_is_as_high_as_its_values_in_any_encoding(encoding: str, bars: str) -> None:
    assert sparkline([0.01, 5, 10, 0, 10], encoding) == bars
    assert sparkline([], encoding) == ""
    assert sparkline([0, 0], encoding) == "  "


def test_the_board_shows_a_pace_and_not_what_came_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr("kbatch.console.time.monotonic", lambda: now)
    plan = make_plan(pictures=1000, variants=1)
    tally = Tally(plan)
    for picture in range(500):  # of an earlier run
        feed(tally, plan, picture)
    for second, count in enumerate((1, 2, 4, 0, 8)):
        now = 50.5 + second
        for _ in range(count):
            feed(tally, plan, tally.finished)
    now = 55.2
    assert drawn(tally, 80, 24)[2] == "▂▃▅ █  0:01 a bar"


# ---- after a run -----------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e6), max_size=20))
def test_the_ranking_is_that_of_sorting_all(errors: list[float]) -> None:
    ranking, named = Ranking(), [(error, f"{n:02}") for n, error in enumerate(errors)]
    for error, name in named:
        ranking.add(error, name)
    assert ranking.best == sorted(named)[:MOST_RANKED]
    assert ranking.worst == sorted(named, reverse=True)[:MOST_RANKED]


def lines_after(plan: Plan, errors: Sequence[float | None], **summary: Any) -> list[str]:
    pipe = Pipe()
    pipe.console.kbatch_job_started(job=JOB, plan=plan)
    for picture, sse in enumerate(errors):
        for record in records(plan, picture, sse=sse):
            pipe.console.kbatch_record(record)
    pipe.console.kbatch_job_finished(make_summary(plan, **summary))
    return pipe.lines


def test_best_and_worst_pictures_are_told_by_their_mean_error() -> None:
    lines = lines_after(make_plan(pictures=5), [30.0, 3.0, 0.0, 3000.0, None])
    assert "best   p2.png exact, p1.png 48.13 dB" in lines
    assert "worst  p3.png 18.13 dB, p0.png 38.13 dB" in lines


def test_nothing_is_best_where_there_is_nothing_to_compare() -> None:
    lines = lines_after(make_plan(pictures=1), [30.0])
    assert not any(line.startswith(("best", "worst")) for line in lines)


def test_several_reports_are_named_and_one_is_where_the_last_line_says() -> None:
    plan = make_plan()
    three = lines_after(plan, [1.0] * 3, reports=("results.csv", "results.json", "report.html"))
    assert "reports  out/results.csv, out/results.json, out/report.html" in three
    assert not any("reports" in line for line in lines_after(plan, [1.0] * 3))
    many = lines_after(plan, [1.0] * 3, reports=tuple(f"{n}.html" for n in range(40)))
    assert any(line.endswith("out/3.html, … and 36 more") for line in many)


PALETTE: dict[str, Any] = {"palette": ("#0a141e", "#ff000080", "#00000000"), "counts": (90, 9, 1)}


def seen_after(plan: Plan, encoding: str = "utf-8", **more: Any) -> tuple[str, str]:
    """Returns what was written to a terminal, and what is to be seen there at the end."""
    with terminal(encoding) as (stream, seen):
        console = Console(stdout=io.StringIO(), stderr=stream)
        console.kbatch_job_started(job=JOB, plan=plan)
        for picture in range(len(plan.sources)):
            for record in records(plan, picture, **more):
                console.kbatch_record(record)
        console.kbatch_job_finished(make_summary(plan))
    return seen.written, text(seen)


@pytest.mark.parametrize("encoding", ["utf-8", "cp437", "ascii"])
def test_the_palettes_of_a_single_picture_are_patches_of_true_colour_with_hex(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    written, shown = seen_after(make_plan(pictures=1), encoding, **PALETTE)
    assert written.count("\x1b[48;2;10;20;30m") == 2
    assert written.count("\x1b[48;2;255;0;0m") == 2
    assert "48;2;0;0;0" not in written  # what can't be seen has no colour
    assert re.search(r"K8_V0\n +#0a141e +90% +#ff000080 +9% +#00000000 +1%", shown)


def test_palettes_have_no_patches_without_colour_and_no_place_in_a_pipe_or_among_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = make_plan(pictures=1)
    pipe = Pipe()
    watch(pipe.console, plan)
    assert "#0a141e" not in pipe.stderr.getvalue()
    assert "#0a141e" not in seen_after(make_plan(pictures=2), **PALETTE)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    written, shown = seen_after(plan, **PALETTE)
    assert "48;2" not in written
    assert "\n#0a141e    90%  #ff000080   9%  #00000000   1%\n" in shown


@pytest.mark.parametrize("columns", [12, 40, 80])
def test_palettes_fit_the_terminal_and_count_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    many: dict[str, Any] = {"palette": tuple(f"#{n:06x}" for n in range(256)), "counts": (1,) * 256}
    shown = seen_after(make_plan(pictures=1, variants=1), **many)[1].splitlines()
    assert max(map(cell_len, shown)) <= columns
    told = sum(line.count("#0000") for line in shown)
    more = next(line for line in shown if "more entries"[: columns - 10] in line)
    assert f"… and {256 - told} " in more or columns == 12


def test_the_name_of_a_picture_in_the_ranking_does_not_steer_the_terminal() -> None:
    lines = lines_after(make_plan(pictures=2, name="\x1b[2J{}"), [1.0, 2.0])
    assert "best   \\x1b[2J0 52.90 dB" in lines


def test_the_board_of_a_low_terminal_never_scrolls_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setattr("kbatch.console.REDRAWS", 50)
    plan = make_plan(pictures=20, variants=30)
    with terminal() as (stream, seen), Console(stdout=io.StringIO(), stderr=stream) as console:
        console.kbatch_job_started(job=JOB, plan=plan)
        for picture in range(10):
            time.sleep(0.03)
            for record in records(plan, picture):
                console.kbatch_record(record)
    ups = [part.count("\x1b[1A") for part in re.findall(r"(?:\x1b\[1A|\x1b\[2K|\r)+", seen.written)]
    assert 0 < max(ups) <= 9
    assert seen.screen[0] == ""
