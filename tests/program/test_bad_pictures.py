"""What can't be read or written costs itself only, and says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from program import Ended, hidden_in, job, kbatch, picture, pictures_in, records, rows

pytestmark = pytest.mark.usefixtures("kernels")

BAD = {"cut.jpg": "truncated", "empty.png": "empty", "text.png": "not a picture"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bad")
    whole = picture(made / "whole.jpg", 1, 96, 64).read_bytes()
    picture(made / "pictures" / "good.png")
    (made / "pictures" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (made / "pictures" / "empty.png").touch()
    (made / "pictures" / "text.png").write_text("This is no picture, only called one.\n")
    job(made, "k: 4\n")
    return made


@pytest.fixture(scope="module")
def ended(folder: Path) -> Ended:
    return kbatch("run", "job.yaml", cwd=folder)


def test_three_bad_pictures_fail_with_reasons_and_the_good_one_is_done(
    folder: Path, ended: Ended
) -> None:
    assert ended.code == 1
    table = {row["picture"]: row for row in rows(folder / "out")}
    assert {name: row["status"] for name, row in table.items()} == {
        "cut.jpg": "failed",
        "empty.png": "failed",
        "good.png": "done",
        "text.png": "failed",
    }
    for name, reason in BAD.items():
        assert reason in table[name]["error"]
        assert not table[name]["output"]
    assert list(pictures_in(folder / "out")) == ["good_K4_L2.png"]
    assert not hidden_in(folder / "out")


def test_each_failure_is_told_once_with_its_reason(ended: Ended) -> None:
    for name, reason in BAD.items():
        lines = [line for line in ended.lines if name in line]
        assert len(lines) == 1
        assert reason in lines[0]
    assert "1 done, 3 failed" in ended.lines[-1]


def test_a_bad_picture_fails_once_a_variant(folder: Path) -> None:
    ended = kbatch("run", "job.yaml", "--set", "k=[2,4,8]", "-o", "three", "--json", cwd=folder)
    assert ended.code == 1
    failed = [r for r in records(ended.out) if r["status"] == "failed"]
    variants = ["K2_L2", "K4_L2", "K8_L2"]
    assert [(r["picture"], r["variant"]) for r in failed] == [(b, v) for b in BAD for v in variants]
    assert len(pictures_in(folder / "three")) == 3


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read any file"
)
def test_a_file_that_may_not_be_read_costs_only_itself(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.png").chmod(0)
    picture(tmp_path / "pictures" / "b.png")
    job(tmp_path, "k: 4\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 1
    failed, done = rows(tmp_path / "out")
    assert "Permission denied" in failed["error"]
    assert done["status"] == "done"


def test_an_output_that_cannot_be_written_costs_only_its_record(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.png")
    picture(tmp_path / "pictures" / "b.png")
    job(tmp_path, "k: [2, 4]\n")
    (tmp_path / "out" / "a_K4_L2.png").mkdir(parents=True)
    ended = kbatch("run", "job.yaml", cwd=tmp_path)
    assert ended.code == 1
    table = rows(tmp_path / "out")
    assert [row["status"] for row in table] == ["done", "failed", "done", "done"]
    assert "a_K4_L2.png" in table[1]["error"]
    assert "irectory" in table[1]["error"]
    assert not hidden_in(tmp_path / "out")


def test_pictures_that_vanish_during_a_run_fail_as_missing(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "gone.png").symlink_to("nowhere.png")
    picture(tmp_path / "pictures" / "a.png")
    job(tmp_path, "k: 4\ninput: pictures\n")
    ended = kbatch("run", "job.yaml", cwd=tmp_path)  # a link that leads nowhere: told, left out
    assert ended.code == 0
    assert "gone.png" in ended.stderr
    assert len(rows(tmp_path / "out")) == 1


def test_a_picture_larger_than_the_job_allows_fails_and_names_the_key(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "large.png", 0, 64, 64)
    job(tmp_path, "k: 4\nmax_pixels: 4095\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 1
    assert "max_pixels" in rows(tmp_path / "out")[0]["error"]
    assert kbatch("run", "job.yaml", "--set", "max_pixels=4096", cwd=tmp_path).code == 0
