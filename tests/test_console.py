"""What people and programs see: in a pipe, in a terminal, as JSON."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import kbatch
from kbatch.console import Console, LogHandler
from kbatch.console.board import working
from kbatch.console.tally import Tally
from kbatch.console.text import clean, shorten
from kbatch.data import Choice, Plan, Record, Search, Source, Summary, Variant
from kbatch.registry import Registry

pty = pytest.importorskip("pty", reason="needs pseudo-terminals")

if TYPE_CHECKING:
    from kbatch.job import Job

JOB = cast("Job", None)
HOSTILE = "a\nb\x1b[31m\x9b2J[red]\u202e\udcff.png"
SHOWN = r"a\nb\x1b[31m\x9b2J[red]\u202e\udcff.png"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "CI",
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "LINES",
        "COLORTERM",
        "TTY_COMPATIBLE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def variant(label: str) -> Variant:
    none = Choice("none")
    return Variant(
        label=label,
        k=8,
        strategy=Choice("l2"),
        init=Choice("kmeans++", {"candidates": 4}),
        space=Choice("rgb"),
        dither=none,
        effort="balanced",
        search=Search(1, 0, 1, 0, 0, 1),
        writer=Choice("png"),
        suffix=".png",
        seed=0,
    )


def make_plan(
    pictures: int = 3, variants: int = 2, workers: int = 2, name: str = "p{}.png"
) -> Plan:
    names = [name.format(i) for i in range(pictures)]
    return Plan(
        job=JOB,
        output=Path("out"),
        template="",
        sources=tuple(Source(Path(n), n, n) for n in names),
        variants=tuple(variant(f"K8_V{i}") for i in range(variants)),
        loading={},
        measures=(),
        reports=(Choice("csv"),),
        executor=Choice("threads"),
        workers=workers,
        plugins=(),
    )


def records(plan: Plan, picture: int, error: str | None = None, **more: Any) -> Iterator[Record]:
    values: dict[str, Any] = {
        "loss": 2.0,
        "sse": 10.0,
        "bytes_in": 1000,
        "bytes_out": 250,
        "seconds": 0.5,
    }
    for place, each in enumerate(plan.variants):
        yield Record(
            position=picture * len(plan.variants) + place,
            picture=plan.sources[picture].picture,
            variant=each.label,
            status="failed" if error else "done",
            error=error,
            k=8,
            strategy="l2",
            init="split",
            space="rgb",
            dither="none",
            effort="balanced",
            seed=0,
            **((values | more) if not error else more),
        )


def make_summary(plan: Plan, failed: int = 0, **more: Any) -> Summary:
    values: dict[str, Any] = {
        "output": plan.output,
        "pictures": len(plan.sources),
        "finished": len(plan.sources),
        "done": len(plan.sources) * len(plan.variants) - failed,
        "kept": 0,
        "failed": failed,
        "seconds": 12.34,
        "reports": ("results.csv",),
        "problems": (),
        "interrupted": False,
    }
    return Summary(**(values | more))


def watch(
    console: Console,
    plan: Plan,
    failing: Callable[[int], str | None] = lambda _: None,
    **summary: Any,
) -> None:
    failed = 0
    console.kbatch_job_started(job=JOB, plan=plan)
    for picture in range(len(plan.sources)):
        for record in records(plan, picture, failing(picture)):
            failed += record.status == "failed"
            console.kbatch_record(record)
    console.kbatch_job_finished(make_summary(plan, failed, **summary))


class Pipe:
    """A console whose streams are not terminals."""

    def __init__(self, **options: Any) -> None:
        self.stdout = io.StringIO()
        self.stderr = io.StringIO()
        self.console = Console(stdout=self.stdout, stderr=self.stderr, **options)

    @property
    def lines(self) -> list[str]:
        return self.stderr.getvalue().splitlines()


class Terminal:
    """A pseudo-terminal: what was written to it, and the screen that a person would see."""

    def __init__(self) -> None:
        self.written = ""
        self.widest = 0

    @property
    def screen(self) -> list[str]:
        rows, row, column = [""], 0, 0
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]|\x1b", self.written):
            if part == "\n":
                row += 1
                rows += [""] * (row + 1 - len(rows))
            elif part == "\r":
                column = 0
            elif part.endswith("A") and part[0] == "\x1b":
                row -= int(part[2:-1])
            elif part == "\x1b[2K":
                rows[row] = ""
            elif part[0] == "\x1b":
                assert part.endswith("m") or part in ("\x1b[?25l", "\x1b[?25h"), repr(part)
            else:
                rows[row] = rows[row].ljust(column)[:column] + part + rows[row][column + 1 :]
                column += 1
                self.widest = max(self.widest, cell_len(rows[row]))
        return rows


@contextmanager
def terminal(encoding: str = "utf-8") -> Iterator[tuple[io.TextIOWrapper, Terminal]]:
    seen = Terminal()
    master, slave = os.openpty()
    chunks: list[bytes] = []

    def read() -> None:
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # the other end is closed
                return
            if not chunk:
                return
            chunks.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with open(slave, "w", encoding=encoding) as stream:  # noqa: PTH123
            yield stream, seen
    finally:
        reader.join()
        os.close(master)
        seen.written = b"".join(chunks).decode(encoding)


def text(seen: Terminal) -> str:
    return "\n".join(seen.screen)


# ---- in a pipe -------------------------------------------------------------------------------


def test_a_small_run_in_a_pipe_is_a_start_a_table_and_a_closing_line() -> None:
    pipe = Pipe()
    watch(pipe.console, make_plan(pictures=3, variants=2))
    assert pipe.lines == [
        "3 pictures × 2 variants → out, 2 at once",
        "",
        "variant  done  bytes out  ratio   psnr   loss  seconds",
        "K8_V0       3  750 bytes    4.0  42.90  2.000    0.500",
        "K8_V1       3  750 bytes    4.0  42.90  2.000    0.500",
        "",
        "best   p0.png 42.90 dB",
        "worst  p2.png 42.90 dB",
        "",
        "3 pictures × 2 variants in 12.3 s: 6 done → out/results.csv",
    ]
    assert pipe.stdout.getvalue() == ""


def test_five_thousand_pictures_in_a_pipe_are_a_few_plain_lines_quickly() -> None:
    pipe = Pipe()
    plan = make_plan(pictures=5000, variants=2)
    made = [record for i in range(5000) for record in records(plan, i)]
    pipe.console.kbatch_job_started(job=JOB, plan=plan)
    start = time.process_time()
    for record in made:
        pipe.console.kbatch_record(record)
    assert time.process_time() - start < 0.5  # 0.05 on an idle machine
    pipe.console.kbatch_job_finished(make_summary(plan))
    assert len(pipe.lines) < 23
    assert "\x1b" not in pipe.stderr.getvalue()
    assert "\r" not in pipe.stderr.getvalue()


@pytest.mark.parametrize(("seconds", "lines"), [(0.001, 0), (0.5, 5), (30, 9)])
def test_progress_in_a_pipe_comes_every_tenth_but_not_more_often_than_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, seconds: float, lines: int
) -> None:
    now = 0.0
    monkeypatch.setattr("kbatch.console.time.monotonic", lambda: now)
    plan = make_plan(pictures=100)
    pipe = Pipe()
    pipe.console.kbatch_job_started(job=JOB, plan=plan)
    for i in range(100):
        now += seconds
        for record in records(plan, i):
            pipe.console.kbatch_record(record)
    told = [line for line in pipe.lines if "/100" in line]
    assert len(told) == lines
    if seconds == 30:
        assert told[0] == " 10/100   0.0/s  45:00 left  in 10.0 kB, out 5.0 kB"


def test_a_failing_picture_tells_each_reason_once_and_not_once_a_variant() -> None:
    pipe = Pipe()
    plan = make_plan(pictures=3, variants=4)
    watch(pipe.console, plan, lambda i: "no picture" if i == 1 else None)
    assert [line for line in pipe.lines if "failed  " in line] == ["failed  p1.png: no picture"]
    assert pipe.lines[-1] == (
        "3 pictures × 4 variants in 12.3 s: 8 done, 4 failed → out/results.csv"
    )


def test_variants_that_fail_for_different_reasons_are_each_told() -> None:
    pipe = Pipe()
    plan = make_plan(pictures=1, variants=2)
    pipe.console.kbatch_job_started(job=JOB, plan=plan)
    one, two = records(plan, 0, "disk full"), records(plan, 0, "too many colours")
    pipe.console.kbatch_record(next(one))
    next(two)
    pipe.console.kbatch_record(next(two))
    assert pipe.lines[1:] == ["failed  p0.png: disk full", "failed  p0.png: too many colours"]


def test_failures_are_capped() -> None:
    pipe = Pipe()
    watch(pipe.console, make_plan(pictures=500), lambda _: "broken")
    told = [line for line in pipe.lines if "fail" in line]
    assert told[:2] == ["failed  p0.png: broken", "failed  p1.png: broken"]
    assert told[20:] == ["further failures are in the results", pipe.lines[-1]]


def test_an_interrupted_run_says_where_what_is_done_is() -> None:
    pipe = Pipe()
    watch(pipe.console, make_plan(), interrupted=True, finished=1, reports=())
    assert pipe.lines[-1] == "stopped early: 1 of 3 pictures finished; what is done is in out"


def test_kept_records_are_told_and_problems_that_were_logged_are_not_repeated() -> None:
    pipe = Pipe()
    watch(pipe.console, make_plan(), kept=2, problems=("report html: disk full",))
    assert not any("disk full" in line for line in pipe.lines)
    assert "6 done, 2 kept →" in pipe.lines[-1]


def test_losses_that_are_not_numbers_do_not_spoil_the_mean() -> None:
    pipe = Pipe()
    plan = make_plan(pictures=2, variants=1)
    pipe.console.kbatch_job_started(job=JOB, plan=plan)
    for i, value in enumerate((3.0, float("nan"))):
        for record in records(plan, i, loss=value):
            pipe.console.kbatch_record(record)
    pipe.console.kbatch_job_finished(make_summary(plan))
    assert "3.000" in pipe.stderr.getvalue()
    assert "nan" not in pipe.stderr.getvalue()


def test_one_console_serves_several_jobs() -> None:
    pipe = Pipe()
    for _ in range(2):
        watch(pipe.console, make_plan(pictures=30), lambda _: "broken")
    assert len([line for line in pipe.lines if line.startswith("failed  ")]) == 40


def test_quiet_leaves_failures_and_errors_alone_on_stderr() -> None:
    pipe = Pipe(quiet=True)
    pipe.console.note("a note")
    pipe.console.warning("a warning")
    watch(pipe.console, make_plan(), lambda i: "broken" if i == 2 else None)
    pipe.console.error("an error")
    assert pipe.lines == ["failed  p2.png: broken", "error: an error"]


def test_each_problem_of_an_error_has_its_line() -> None:
    pipe = Pipe()
    pipe.console.error("job.yaml:1:1: no input\njob.yaml:3:4: k is 0")
    pipe.console.warning("plugin x is skipped")
    pipe.console.note("resuming")
    assert pipe.lines == [
        "error: job.yaml:1:1: no input",
        "       job.yaml:3:4: k is 0",
        "warning: plugin x is skipped",
        "resuming",
    ]


def test_the_console_registers_as_a_plugin_and_hears_the_hooks() -> None:
    pipe = Pipe()
    registry = Registry()
    registry.add(pipe.console, "console")
    plan = make_plan()
    given_: dict[str, dict[str, Any]] = {
        "kbatch_job_started": {"job": JOB, "plan": plan},
        "kbatch_record": {"record": next(records(plan, 0, "broken"))},
        "kbatch_job_finished": {"summary": make_summary(plan)},
    }
    for hook, arguments in given_.items():
        for _, call in registry.observers(hook):
            call(**arguments)
    assert [pipe.lines[0], pipe.lines[1]] == [
        "3 pictures × 2 variants → out, 2 at once",
        "failed  p0.png: broken",
    ]
    assert pipe.lines[-1].endswith("→ out/results.csv")


# ---- json ------------------------------------------------------------------------------------


def test_json_is_one_object_a_record_and_nothing_else_on_stdout() -> None:
    pipe = Pipe(json=True)
    plan = make_plan(name=HOSTILE + "{}")
    pipe.console.kbatch_job_started(job=JOB, plan=plan)
    measures = {"ssim": float("nan"), "psnr": float("inf"), "de": 1.5}
    for record in records(plan, 0, measures=measures):
        pipe.console.kbatch_record(record)
    for record in records(plan, 1, "broken"):
        pipe.console.kbatch_record(record)
    pipe.console.kbatch_job_finished(make_summary(plan, 2))
    rows = [json.loads(line) for line in pipe.stdout.getvalue().splitlines()]
    expected = dict(next(records(plan, 0, measures=measures)).row(), ssim=None, psnr=None)
    assert rows[0] == expected
    assert [row["status"] for row in rows] == ["done", "done", "failed", "failed"]
    assert pipe.stdout.getvalue().isascii()
    assert [line[:6] for line in pipe.lines] == ["failed", "3 pict"]


def test_json_keeps_the_bar_when_only_stderr_is_a_terminal() -> None:
    stdout = io.StringIO()
    with terminal() as (stream, seen):
        watch(Console(json=True, stdout=stdout, stderr=stream), make_plan())
    assert "━" in seen.written
    assert len(stdout.getvalue().splitlines()) == 6


def test_json_draws_no_bar_on_a_screen_that_it_shares() -> None:
    with terminal() as (stream, seen):
        watch(Console(json=True, stdout=stream, stderr=stream), make_plan())
    assert "━" not in seen.written
    assert [line[:1] for line in seen.screen if line] == ["{"] * 6 + ["3"]


class Gone(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_went_away_is_raised_once_by_records_and_each_time_by_out() -> None:
    console = Console(json=True, stdout=Gone(), stderr=io.StringIO())
    plan = make_plan()
    console.kbatch_job_started(job=JOB, plan=plan)
    first, second = records(plan, 0)
    with pytest.raises(BrokenPipeError):
        console.kbatch_record(first)
    console.kbatch_record(second)
    with pytest.raises(BrokenPipeError):
        console.out("x")
    with pytest.raises(BrokenPipeError):
        console.table("", ["a"], [["b"]])


def test_a_lost_stderr_is_a_broken_pipe_and_not_the_end_of_the_program() -> None:
    with pytest.raises(BrokenPipeError):
        Console(stdout=io.StringIO(), stderr=Gone()).error("x")


# ---- in a terminal ---------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
def test_the_bar_fits_the_terminal_and_leaves_table_failures_and_closing_line(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("kbatch.console.REDRAWS", 50)
    plan = make_plan(pictures=40, variants=3, name="holiday/日本 {}.png")
    reason = "cannot identify the picture, its first bytes are those of a text"
    with terminal() as (stream, seen), Console(stdout=io.StringIO(), stderr=stream) as console:
        console.kbatch_job_started(job=JOB, plan=plan)
        for picture in range(40):
            if picture % 10 == 0:
                time.sleep(0.06)  # let it draw
            for record in records(plan, picture, reason if picture in (3, 30) else None):
                console.kbatch_record(record)
        console.kbatch_job_finished(make_summary(plan, 6))
    screen = seen.screen
    assert seen.widest <= columns
    assert "━" in seen.written or columns == 20
    assert not any("━" in line for line in screen)
    assert seen.written.rindex("\x1b[?25h") > seen.written.rindex("\x1b[?25l")
    assert sum(line.startswith("failed  ") for line in screen) == 2
    flowing = " ".join(" ".join(screen).split())
    if columns >= 40:
        assert f"2 pictures failed - holiday/日本 3.png: {reason} - holiday/日本 30.png" in flowing
        assert "40 pictures × 3 variants in 12.3 s: 114 done, 6 failed → out/results.csv" in flowing
        assert "K8_V0 38 9.5 kB" in flowing
    assert ("seconds" in flowing) == (columns >= 80)


def test_the_bar_tells_pictures_bytes_failures_and_what_is_in_work() -> None:
    plan = make_plan(pictures=10, variants=2, workers=3)
    with terminal() as (stream, seen), Console(stdout=io.StringIO(), stderr=stream) as console:
        console.kbatch_job_started(job=JOB, plan=plan)
        time.sleep(0.3)
        for picture in (0, 2):
            for record in records(plan, picture, "broken" if picture == 2 else None):
                console.kbatch_record(record)
        time.sleep(0.5)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.written).replace("\r", "")
    assert re.search(r" 2/10 +\d\.\d/s +0:0\d left\n", shown)
    assert "in 1.0 kB, out 500 bytes, 1 failed\n" in shown
    assert "p0.png  p1.png  p2.png" in shown
    assert "p1.png  p3.png  p4.png" in shown


def test_the_bar_is_drawn_at_most_ten_times_a_second_however_fast_records_come() -> None:
    plan = make_plan(pictures=100_000, variants=1)
    with terminal() as (stream, seen), Console(stdout=io.StringIO(), stderr=stream) as console:
        console.kbatch_job_started(job=JOB, plan=plan)
        end = time.monotonic() + 0.6
        picture = 0
        while time.monotonic() < end:
            console.kbatch_record(next(records(plan, picture)))
            picture += 1
        console.kbatch_job_finished(make_summary(plan))
    assert 2 <= len(re.findall(r"/100,000", seen.written)) <= 8


def test_lines_said_while_the_bar_is_there_stand_above_it_whole() -> None:
    log = logging.getLogger("kbatch.test_console")
    log.setLevel(logging.INFO)
    plan = make_plan()
    with terminal() as (stream, seen), Console(stdout=io.StringIO(), stderr=stream) as console:
        handler = LogHandler(console)
        log.addHandler(handler)
        console.kbatch_job_started(job=JOB, plan=plan)
        log.info("%d pictures were done before", 7)
        log.warning("a plugin is [red]odd")
        log.error("an observer failed")
        log.removeHandler(handler)
        time.sleep(0.3)
        console.kbatch_job_finished(make_summary(plan))
    assert seen.screen[:3] == [
        "7 pictures were done before",
        "warning: a plugin is [red]odd",
        "error: an observer failed",
    ]
    assert not any("━" in line for line in seen.screen)


def hurry(console: Console) -> NoReturn:
    with console:
        console.kbatch_job_started(job=JOB, plan=make_plan())
        raise KeyboardInterrupt


def test_a_console_that_is_left_in_a_hurry_gives_the_cursor_back() -> None:
    with terminal() as (stream, seen), pytest.raises(KeyboardInterrupt):
        hurry(Console(stderr=stream))
    assert seen.written.rindex("\x1b[?25h") > seen.written.rindex("\x1b[?25l")
    assert text(seen).strip() == ""


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_a_terminal_that_cannot_draw_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with terminal() as (stream, seen), Console(stdout=io.StringIO(), stderr=stream) as console:
        watch(console, make_plan(), lambda i: "broken" if i else None)
        console.error("x")
    assert "\x1b" not in seen.written
    assert seen.screen[0] == "3 pictures × 2 variants → out, 2 at once"


def test_no_color_takes_the_colours_and_leaves_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    def colours() -> set[str]:
        with terminal() as (stream, seen), Console(stdout=io.StringIO(), stderr=stream) as console:
            console.error("x")
            watch(console, make_plan(), lambda i: "broken" if i else None)
        assert "\x1b[?25l" in seen.written
        return set(re.findall(r"\x1b\[(?:\d;)*(?:3[0-7]|38;[\d;]+)m", seen.written))

    assert colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert colours() == set()


def test_force_color_colours_a_pipe_without_moving_its_cursor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    pipe = Pipe()
    watch(pipe.console, make_plan(), lambda i: "broken" if i else None)
    assert "\x1b[31mfailed  \x1b[0mp1.png: broken" in pipe.stderr.getvalue()
    assert set(re.findall(r"\x1b\[[\d;?]*([A-Za-z])", pipe.stderr.getvalue())) == {"m"}


# ---- names and encodings ---------------------------------------------------------------------


def test_hostile_names_are_shown_harmlessly_everywhere() -> None:
    plan = make_plan(pictures=2, workers=1, name="{}" + HOSTILE)
    with terminal() as (stream, seen), Console(stdout=stream, stderr=stream) as console:
        watch(console, plan, lambda _: "bad\x1b]0;title\x07 [bold]")
        console.warning(HOSTILE)
        console.table(HOSTILE, [HOSTILE], [[HOSTILE]])
        console.plan(plan, [HOSTILE], HOSTILE)
    shown = text(seen)
    assert f"0{SHOWN}: bad\\x1b]0;title\\x07 [bold]" in shown
    assert shown.count(SHOWN) >= 9
    assert not set("\x07\x9b\u202e") & set(seen.written)
    assert "\x1b]" not in seen.written
    assert "\x1b[2J" not in seen.written


SCRIPT = r"""
    from tests.test_console import *
    kbatch.console.REDRAWS = 50
    plan = make_plan(pictures=30, name="d\u00e9j\u00e0/\u65e5\u672c \udcff {}.png")
    with Console() as console:
        console.kbatch_job_started(job=JOB, plan=plan)
        time.sleep(0.05)
        for i in range(30):
            for record in records(plan, i, "not \u2265 2" if i == 3 else None):
                console.kbatch_record(record)
        time.sleep(0.05)
        print("stray", file=sys.stderr)
        console.kbatch_job_finished(make_summary(plan, 2))
        console.plan(plan, ["\u65e5\u672c.png"], "job.yaml")
        console.out("\u65e5\u672c \u2192 \udcff")
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "utf-8"])
@pytest.mark.parametrize("drawn", [True, False])
def test_streams_of_any_encoding_are_written_without_an_error(
    tmp_path: Path, encoding: str, *, drawn: bool
) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    root = Path(kbatch.__file__).parents[1]
    env = dict(os.environ, PYTHONIOENCODING=f"{encoding}:strict", PYTHONPATH=str(root))
    with terminal(encoding) as (stream, seen):
        done = subprocess.run(
            [sys.executable, script],
            env=env | {"COLUMNS": "60"},
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stream if drawn else subprocess.PIPE,
            check=False,
        )
    told = text(seen) if drawn else done.stderr.decode(encoding)
    assert done.returncode == 0, told
    assert "Traceback" not in told
    assert "stray" in told
    assert ("\x1b[?25l" in seen.written) == drawn
    closing = "30 pictures × 2 variants in 12.3 s: 58 done, 2 failed → out/results.csv"
    if encoding != "utf-8":
        closing = closing.replace("×", "x").replace("→", "->")
    assert closing in " ".join(told.split())
    assert seen.widest <= 60
    out = done.stdout.decode(encoding)
    assert out.endswith(
        "日本 → \\udcff\n" if encoding == "utf-8" else "\\u65e5\\u672c -> \\udcff\n"
    )


def test_the_width_is_that_of_the_terminal_behind_stderr() -> None:
    import fcntl
    import struct
    import termios

    code = "from kbatch.console import Console; Console().error('word ' * 40)"
    root = Path(kbatch.__file__).parents[1]
    with terminal() as (stream, seen):
        fcntl.ioctl(stream, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 50, 0, 0))
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            check=True,
        )
    assert 45 < max(map(len, seen.screen)) <= 50


@given(st.text(alphabet=st.characters(codec=None)), st.sampled_from(["ascii", "cp437", "utf-8"]))
def test_clean_text_is_encodable_and_never_steers_a_terminal(name: str, encoding: str) -> None:
    shown = clean(name, encoding)
    assert shown.encode(encoding).decode(encoding) == shown
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", shown)


@given(st.text(), st.integers(1, 60), st.sampled_from(["ascii", "utf-8"]))
def test_a_shortened_name_fits_and_keeps_its_end(name: str, width: int, encoding: str) -> None:
    shown = shorten(clean(name, encoding), width, encoding)
    assert cell_len(shown) <= width
    if width > 3:
        assert clean(name, encoding).endswith(shown.removeprefix("...").removeprefix("…"))


@given(st.lists(st.text(min_size=1, max_size=40), max_size=12), st.integers(12, 200))
def test_the_line_of_names_in_work_fits_and_counts_those_left_out(
    names: list[str], width: int
) -> None:
    line = working(names, width, "utf-8")
    assert cell_len(line) <= width
    assert bool(line) == bool(names)


# ---- the tally -------------------------------------------------------------------------------


def feed(tally: Tally, plan: Plan, *pictures: int) -> None:
    for picture in pictures:
        for record in records(plan, picture):
            tally.add(record)


def test_the_pictures_in_work_are_the_first_unfinished_ones() -> None:
    plan = make_plan(pictures=6, workers=3)
    tally = Tally(plan)
    assert tally.working == ["p0.png", "p1.png", "p2.png"]
    feed(tally, plan, 1)
    assert (tally.working, tally.finished) == (["p0.png", "p2.png", "p3.png"], 1)
    feed(tally, plan, 0, 2, 3)
    assert (tally.working, tally.finished) == (["p4.png", "p5.png"], 4)
    feed(tally, plan, 5, 4)
    assert (tally.working, tally.finished) == ([], 6)


def test_a_picture_is_finished_when_all_its_records_came() -> None:
    plan = make_plan(pictures=2, variants=3)
    tally = Tally(plan)
    first, second, third = records(plan, 0)
    tally.add(first)
    tally.add(second)
    assert tally.finished == 0
    tally.add(third)
    assert tally.finished == 1


def test_a_resumed_run_goes_on_where_its_first_record_lies() -> None:
    plan = make_plan(pictures=100, workers=2)
    tally = Tally(plan)
    feed(tally, plan, 60)
    assert (tally.working, tally.finished) == (["p61.png", "p62.png"], 61)
    feed(tally, plan, 59)  # one that was slow
    assert (tally.working, tally.finished) == (["p61.png", "p62.png"], 61)
    feed(tally, plan, *range(61, 100))
    assert (tally.working, tally.finished) == ([], 100)


def test_speed_leaves_out_what_came_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("kbatch.console.time.monotonic", lambda: now)
    plan = make_plan(pictures=100)
    tally = Tally(plan)
    feed(tally, plan, *range(50))
    now += 10
    feed(tally, plan, *range(50, 60))
    assert tally.rate == pytest.approx(1.0)
    assert tally.left == pytest.approx(40.0)


def test_a_picture_of_many_variants_is_read_once() -> None:
    plan = make_plan(pictures=2, variants=5)
    tally = Tally(plan)
    feed(tally, plan, 0, 1)
    assert (tally.bytes_in, tally.bytes_out) == (2000, 2500)


def test_a_tally_does_not_grow_with_its_pictures() -> None:
    plan = make_plan(pictures=2000, variants=1)
    tally = Tally(plan)
    for picture in range(2000):
        for record in records(plan, picture, f"reason {picture}"):
            tally.add(record)
    assert len(tally.failures) == 20
    assert tally.failed_pictures == 2000
    assert all(len(value) <= 20 for value in vars(tally).values() if isinstance(value, dict | list))


# ---- tables and plans ------------------------------------------------------------------------


def test_a_table_in_a_pipe_is_a_line_a_row_with_numbers_at_the_right() -> None:
    pipe = Pipe()
    rows = [["l2", "7", "squared [red] distance " * 10], ["chebyshev", "1234", "largest"]]
    pipe.console.table("strategies", ["name", "uses", "summary"], iter(rows))
    assert pipe.stdout.getvalue().splitlines() == [
        "strategies",
        "name       uses  summary",
        f"l2            7  {rows[0][2].strip()}",
        "chebyshev  1234  largest",
    ]


def test_an_empty_table_is_its_headings() -> None:
    pipe = Pipe()
    pipe.console.table("", ["name", "uses"], [])
    assert pipe.stdout.getvalue() == "name  uses\n"


def test_a_table_in_a_narrow_terminal_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with terminal() as (stream, seen):
        console = Console(stdout=stream, stderr=io.StringIO())
        console.table("t", ["name", "summary"], [["l2", "squared distance " * 9]])
    assert seen.widest <= 40
    assert text(seen).count("squared") == 9


def test_a_plan_shows_its_size_its_variants_and_the_first_names() -> None:
    pipe = Pipe()

    def names() -> Iterator[str]:
        yield from (f"p{i}_K8_L2.png" for i in range(8))
        raise AssertionError("no more than the first few are asked for")

    pipe.console.plan(make_plan(pictures=1000, variants=2), names(), "job.yaml")
    lines = pipe.stdout.getvalue().splitlines()
    assert lines[:6] == [
        "job       job.yaml",
        "output    out",
        "pictures  1,000",
        "variants  2",
        "executor  threads, 2 at once",
        "reports   csv",
    ]
    assert "K8_V0    8  l2        kmeans++ (candidates=4)  rgb    none    balanced  png" in lines
    assert lines[lines.index("pictures") + 1] == "  p0.png"
    assert "  … and 992 more" in lines
    assert lines[-2:] == ["  p7_K8_L2.png", "  … and 1,992 more"]
    assert pipe.stderr.getvalue() == ""
