"""Ctrl-C, termination and sudden death in the middle of a run: nothing that was done is lost."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from program import (
    FAULTS,
    hidden_in,
    job,
    kbatch,
    pictures_in,
    records,
    rows,
    slow_pictures,
    start,
)

COUNT = 60

pytestmark = pytest.mark.usefixtures("kernels")


def begun(folder: Path, seconds: float, after: int) -> tuple[subprocess.Popen[bytes], str]:
    """Starts a slow run, and returns it with its output when so many records have come."""
    slow_pictures(folder / "pictures", COUNT, seconds)
    job(folder, "k: 4\nworkers: 2\n")
    process = start("run", "job.yaml", "--plugin", FAULTS, "--json", cwd=folder)
    assert process.stdout
    return process, "".join(process.stdout.readline().decode() for _ in range(after))


def ended(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Returns the rest of what a process says."""
    out, err = process.communicate(timeout=60)
    assert b"Traceback" not in err, err.decode()
    return out.decode(), err.decode()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"]
)
def test_a_stopped_run_keeps_exactly_what_is_finished_and_says_how_far_it_came(
    tmp_path: Path, number: int, code: int
) -> None:
    process, out = begun(tmp_path, 0.05, after=5)
    process.send_signal(number)
    rest, said = ended(process)
    assert process.returncode == code
    shown = {record["output"] for record in records(out + rest)}
    assert 5 <= len(shown) < COUNT
    assert f"{len(shown)} of {COUNT} pictures finished" in said
    assert {row["output"] for row in rows(tmp_path / "out")} == shown
    assert set(pictures_in(tmp_path / "out")) == shown
    assert not hidden_in(tmp_path)
    with sqlite3.connect(tmp_path / "out" / "kbatch.sqlite") as ledger:
        assert ledger.execute("SELECT count(*) FROM records").fetchone() == (len(shown),)
    ledger.close()
    assert not list((tmp_path / "out").glob("kbatch.sqlite-*"))


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    process, _ = begun(tmp_path, 0.05, after=1)
    slow = time.monotonic()
    for file in (tmp_path / "pictures").iterdir():
        file.write_text("sleep 20")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None  # the pictures in work
    process.send_signal(signal.SIGINT)
    ended(process)
    assert process.returncode == 130
    assert time.monotonic() - slow < 5


def test_a_run_that_is_killed_leaves_whole_files_and_a_ledger_that_opens(tmp_path: Path) -> None:
    process, out = begun(tmp_path, 0.02, after=12)
    process.kill()
    ended(process)
    shown = {record["output"] for record in records(out)}
    made = pictures_in(tmp_path / "out")
    assert shown <= set(made)
    assert not (tmp_path / "out" / "results.csv").exists()
    again = kbatch("report", "out", cwd=tmp_path)
    assert again.code == 0
    table = rows(tmp_path / "out")
    assert shown <= {row["output"] for row in table} <= set(made)
    assert [row["picture"] for row in table] == sorted(row["picture"] for row in table)


def test_a_killed_run_can_be_run_again_and_its_temporary_files_do_no_harm(tmp_path: Path) -> None:
    process, _ = begun(tmp_path, 0.005, after=3)
    process.kill()
    ended(process)
    (tmp_path / "out" / ".left.png.kbatch-1-0").write_bytes(b"half")
    done = kbatch("run", "job.yaml", "--plugin", FAULTS, cwd=tmp_path)
    assert done.code == 0
    assert len(rows(tmp_path / "out")) == len(pictures_in(tmp_path / "out")) == COUNT


def test_a_second_run_into_one_output_is_refused_while_the_first_goes_on(tmp_path: Path) -> None:
    process, out = begun(tmp_path, 0.1, after=1)
    second = kbatch("run", "job.yaml", "--plugin", FAULTS, cwd=tmp_path)
    assert second.code == 2
    assert "in use" in second.stderr
    reported = kbatch("report", "out", cwd=tmp_path)
    assert reported.code == 2
    assert "in use" in reported.stderr
    process.send_signal(signal.SIGINT)
    rest, _ = ended(process)
    assert process.returncode == 130
    assert len(rows(tmp_path / "out")) == len(records(out + rest))


def test_ctrl_c_while_standard_input_is_awaited_ends_with_130(tmp_path: Path) -> None:
    process = start("quantize", "-", cwd=tmp_path)
    time.sleep(1.0)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    ended(process)
    assert process.returncode == 130


def test_a_reader_that_goes_away_ends_a_run_without_a_traceback(tmp_path: Path) -> None:
    process, _ = begun(tmp_path, 0.02, after=1)
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    said = process.stderr.read().decode()
    assert process.wait(60) != 0
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    assert not hidden_in(tmp_path)
