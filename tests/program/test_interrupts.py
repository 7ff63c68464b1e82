"""Ctrl-C, termination and sudden death in the middle of a run: nothing that was done is lost."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from program import (
    FAULTS,
    TIMEOUT,
    hidden_in,
    job,
    kbatch,
    pictures_in,
    records,
    rows,
    slow_pictures,
    started,
)

COUNT = 60

pytestmark = pytest.mark.usefixtures("kernels")


@contextmanager
def begun(
    folder: Path, seconds: float, after: int
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Gives a slow run, when so many records have come, and what it wrote until then."""
    slow_pictures(folder / "pictures", COUNT, seconds)
    job(folder, "k: 4\nworkers: 2\n")
    with started("run", "job.yaml", "--plugin", FAULTS, "--json", cwd=folder) as process:
        assert process.stdout
        yield process, "".join(process.stdout.readline().decode() for _ in range(after))


def ended(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Returns the rest of what a process says."""
    assert process.stdout
    assert process.stderr
    out, err = process.stdout.read().decode(), process.stderr.read().decode()
    process.wait(TIMEOUT)
    assert "Traceback" not in err, err
    return out, err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"]
)
def test_a_stopped_run_keeps_exactly_what_is_finished_and_says_how_far_it_came(
    tmp_path: Path, number: int, code: int
) -> None:
    with begun(tmp_path, 0.1, after=5) as (process, out):
        process.send_signal(number)
        rest, said = ended(process)
    assert process.returncode == code
    shown = {record["output"] for record in records(out + rest)}
    assert 5 <= len(shown) < COUNT
    assert f"{len(shown)} of {COUNT} pictures finished" in said
    assert {row["output"] for row in rows(tmp_path / "out")} == shown
    assert set(pictures_in(tmp_path / "out")) == shown
    assert not hidden_in(tmp_path)
    with closing(sqlite3.connect(tmp_path / "out" / "kbatch.sqlite")) as ledger:
        assert ledger.execute("SELECT count(*) FROM records").fetchone() == (len(shown),)
    assert not list((tmp_path / "out").glob("kbatch.sqlite-*"))


def test_a_second_run_into_one_output_is_refused_and_a_second_ctrl_c_ends_the_first_at_once(
    tmp_path: Path,
) -> None:
    with begun(tmp_path, 0.5, after=1) as (process, out):
        for file in (tmp_path / "pictures").iterdir():
            file.write_text("sleep 40")
        for command in (("run", "job.yaml", "--plugin", FAULTS), ("report", "out")):
            refused = kbatch(*command, cwd=tmp_path)
            assert refused.code == 2
            assert "in use" in refused.stderr
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        assert process.poll() is None  # it waits for the pictures in work
        process.send_signal(signal.SIGINT)
        rest, _ = ended(process)
        assert time.monotonic() - began < 20
    assert process.returncode == 130
    assert {r["output"] for r in records(out + rest)} <= set(pictures_in(tmp_path / "out"))
    assert kbatch("report", "out", cwd=tmp_path).code == 0


def test_a_run_that_is_killed_leaves_whole_files_and_a_ledger_and_can_be_run_again(
    tmp_path: Path,
) -> None:
    with begun(tmp_path, 0.05, after=12) as (process, out):
        process.kill()
        ended(process)
    shown = {record["output"] for record in records(out)}
    made = pictures_in(tmp_path / "out")
    assert shown <= set(made)
    assert len(made) < COUNT
    assert not (tmp_path / "out" / "results.csv").exists()
    assert kbatch("report", "out", cwd=tmp_path).code == 0
    table = rows(tmp_path / "out")
    assert shown <= {row["output"] for row in table} <= set(made)
    assert [row["picture"] for row in table] == sorted(row["picture"] for row in table)

    (tmp_path / "out" / ".000_K4_L2.png.kbatch-1-0").write_bytes(b"half")
    again = kbatch("run", "job.yaml", "--plugin", FAULTS, cwd=tmp_path)
    assert again.code == 0
    assert len(rows(tmp_path / "out")) == len(pictures_in(tmp_path / "out")) == COUNT


def test_ctrl_c_while_standard_input_is_awaited_ends_with_130(tmp_path: Path) -> None:
    with started("quantize", "-", cwd=tmp_path) as process:
        time.sleep(1.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        ended(process)
    assert process.returncode == 130


def test_a_reader_that_goes_away_ends_a_run_without_a_traceback(tmp_path: Path) -> None:
    with begun(tmp_path, 0.05, after=1) as (process, _):
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait(TIMEOUT) != 0
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    assert not hidden_in(tmp_path)


@pytest.mark.parametrize("seconds", [0.08, 0.2, 0.4])
def test_ctrl_c_while_it_starts_shows_no_traceback_of_ours(tmp_path: Path, seconds: float) -> None:
    with started("quantize", "-", cwd=tmp_path) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode() if process.stderr else ""
        process.wait(TIMEOUT)
    if "Traceback" in said:  # before any line of ours ran
        assert "kbatch/cli/" not in said
    else:
        assert process.returncode in (130, -signal.SIGINT)
