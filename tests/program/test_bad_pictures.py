"""What can't be read or written costs itself only, and says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from program import Ended, hidden_in, job, kbatch, picture, pictures_in, records, rows

pytestmark = pytest.mark.usefixtures("kernels")

BAD = {"cut.jpg": "truncated", "empty.png": "empty", "text.png": "no format that kbatch reads"}


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
    told = sorted((r["picture"], r["variant"]) for r in failed)  # they come as they are finished
    assert told == sorted((b, v) for b in BAD for v in variants)
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


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Three more jobs with something wrong each, run by one command."""
    made = tmp_path_factory.mktemp("others")
    picture(made / "pictures" / "a.png")
    picture(made / "pictures" / "b.png")
    (made / "taken" / "a_K4_L2.png").mkdir(parents=True)
    job(made, "k: [2, 4]\noutput: taken\n", "taken.yaml")
    picture(made / "links" / "a.png")
    (made / "links" / "gone.png").symlink_to("nowhere.png")
    job(made, "k: 4\ninput: links\noutput: linked\n", "links.yaml")
    picture(made / "sizes" / "a.png", 0, 64, 63)
    picture(made / "sizes" / "b.png", 0, 64, 64)
    job(made, "k: 4\ninput: sizes\noutput: sized\nmax_pixels: 4032\n", "sizes.yaml")
    return made, kbatch("run", "taken.yaml", "links.yaml", "sizes.yaml", cwd=made)


def test_an_output_that_cannot_be_written_costs_only_its_record(
    others: tuple[Path, Ended],
) -> None:
    folder, ended = others
    assert ended.code == 1
    table = rows(folder / "taken")
    assert [row["status"] for row in table] == ["done", "failed", "done", "done"]
    assert "a_K4_L2.png" in table[1]["error"]
    assert "irectory" in table[1]["error"]
    assert not hidden_in(folder / "taken")


def test_a_link_that_leads_nowhere_is_told_of_and_left_out(others: tuple[Path, Ended]) -> None:
    folder, ended = others
    assert any("warning" in line and "gone.png" in line for line in ended.lines)
    assert [row["picture"] for row in rows(folder / "linked")] == ["a.png"]


def test_a_picture_larger_than_the_job_allows_fails_and_names_the_key(
    others: tuple[Path, Ended],
) -> None:
    done, failed = rows(others[0] / "sized")
    assert done["status"] == "done"
    assert "max_pixels" in failed["error"]
