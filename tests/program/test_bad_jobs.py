"""Mistakes in a job: found before anything is written, each with its place, never a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from program import CHEBYSHEV, job, kbatch, picture, rows

FIVE = """\
input: pictures
output: out
k: [8, 300]
strategi: l1
init: {name: kmeans++, candidate: 4}
writer: {name: png, level: high}
effort: enormous
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture(tmp_path / "pictures" / "a.png")
    return tmp_path


def test_five_mistakes_are_five_located_lines_and_nothing_is_written(folder: Path) -> None:
    job(folder, FIVE)
    ended = kbatch("run", "job.yaml", cwd=folder)
    assert ended.code == 2
    lines = [line.removeprefix("error:").strip() for line in ended.lines]
    assert [re.split(": ", line, maxsplit=1)[0] for line in lines] == [
        "job.yaml:3:8",
        "job.yaml:4:1",
        "job.yaml:5:24",
        "job.yaml:6:28",
        "job.yaml:7:9",
    ]
    expected = ("300", "strategy", "candidates", "high", "balanced")
    assert all(word in line for word, line in zip(expected, lines, strict=True))
    assert not (folder / "out").exists()
    assert kbatch("check", "job.yaml", cwd=folder).stderr == ended.stderr


NO_JOBS = {
    "missing.yaml": "missing.yaml: no such file",
    "pictures": "pictures: a directory",
    "pictures/a.png": "pictures/a.png:1:1",
    "syntax.yaml": "syntax.yaml:3:",
    "list.yaml": "list.yaml:1:1",
    "blank.yaml": "blank.yaml:1:1: empty",
    "nowhere.yaml": "nowhere.yaml:1:8: input: 'nowhere' does not exist",
    "no_pictures.yaml": "no_pictures.yaml:1:8: input: no picture found",
    "clash.yaml": "clash.yaml:4:7: name:",
    "on_a_file.yaml": "on_a_file.yaml:2:9: output:",
}


def test_what_is_no_job_or_has_no_pictures_ends_with_2_and_each_says_so(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "file").write_text("mine")
    (folder / "syntax.yaml").write_text("input: pictures\noutput: out\nk: [4, 8\n")
    (folder / "list.yaml").write_text("- input: pictures\n")
    (folder / "blank.yaml").write_text("# nothing yet\n")
    job(folder, "input: nowhere\noutput: out\n", "nowhere.yaml")
    job(folder, "input: empty\noutput: out2\n", "no_pictures.yaml")
    job(folder, "input: pictures\noutput: out3\nk: [4, 8]\nname: same\n", "clash.yaml")
    job(folder, "input: pictures\noutput: file\n", "on_a_file.yaml")
    before = sorted(folder.rglob("*"))
    ended = kbatch("run", *NO_JOBS, cwd=folder)
    assert ended.code == 2
    lines = [line.removeprefix("error:").strip() for line in ended.lines]
    assert len(lines) == len(NO_JOBS)
    assert all(line.startswith(start) for line, start in zip(lines, NO_JOBS.values(), strict=True))
    assert sorted(folder.rglob("*")) == before
    assert kbatch("run", "no_pictures.yaml", cwd=folder).code == 2


def test_a_ledger_that_is_not_ours_is_left_alone(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "kbatch.sqlite").write_text("a file of somebody else, long enough to look at")
    job(folder, "k: 4\n")
    ended = kbatch("run", "job.yaml", cwd=folder)
    assert ended.code == 2
    assert "kbatch.sqlite" in ended.stderr
    assert (folder / "out" / "kbatch.sqlite").read_text().startswith("a file of somebody")


def test_debug_shows_a_traceback(folder: Path) -> None:
    ended = kbatch("run", "missing.yaml", "--debug", cwd=folder)
    assert ended.code == 2
    assert "Traceback" in ended.stderr


@pytest.fixture
def with_plugin(folder: Path) -> Path:
    (folder / "p.py").write_text(CHEBYSHEV.read_text())
    job(folder, "k: 4\nstrategy: chebyshev\nplugins: [p.py]\n")
    return folder


def test_code_that_a_job_names_is_not_run_without_trust(with_plugin: Path) -> None:
    (with_plugin / "p.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    ended = kbatch("run", "job.yaml", cwd=with_plugin)
    assert ended.code == 2
    assert "job.yaml:5:11: plugins: 'p.py'" in ended.stderr
    assert "--trust-plugins" in ended.stderr
    assert not (with_plugin / "ran").exists()
    assert not (with_plugin / "out").exists()


def test_code_that_a_job_names_runs_with_trust_from_any_folder(with_plugin: Path) -> None:
    (with_plugin / "other").mkdir()
    ended = kbatch("run", "../job.yaml", "--trust-plugins", cwd=with_plugin / "other")
    assert ended.code == 0
    assert rows(with_plugin / "out")[0]["strategy"] == "chebyshev"


def test_plugins_that_are_not_there_are_told_with_all_other_mistakes(folder: Path) -> None:
    job(folder, "k: 0\nplugins: [gone.py, kbatch-nonsense]\n")
    ended = kbatch("check", "job.yaml", "--trust-plugins", cwd=folder)
    assert ended.code == 2
    lines = [line.removeprefix("error:").strip() for line in ended.stderr.splitlines()]
    assert [line.split(": ")[1] for line in lines] == ["k", "plugins", "plugins"]
    assert "job.yaml:4:11: plugins: 'gone.py' does not exist in" in ended.stderr
    assert "job.yaml:4:20: plugins: no installed plugin is called" in ended.stderr


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import nonsense_that_is_not_there", "No module named"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(0)", "SystemExit"),
        (None, "does not exist"),
        (
            "import kbatch\n@kbatch.hookimpl\ndef kbatch_component():\n    return ()\n",
            "kbatch_components",
        ),
        ("import kbatch\n@kbatch.hookimpl\ndef kbatch_components():\n    return 1\n", "plugin"),
    ],
)
def test_a_plugin_file_that_is_broken_ends_with_3_and_is_named(
    folder: Path, code: str | None, says: str
) -> None:
    if code is not None:
        (folder / "p.py").write_text(code)
    job(folder, "k: 4\n")
    ended = kbatch("run", "job.yaml", "--plugin", "p.py", cwd=folder)
    assert ended.code == 3
    assert "p.py" in ended.stderr
    assert says in ended.stderr
    assert not (folder / "out").exists()


def test_two_plugins_with_one_name_end_with_3_and_both_are_named(with_plugin: Path) -> None:
    (with_plugin / "q.py").write_text(CHEBYSHEV.read_text())
    arguments = ("--trust-plugins", "--plugin", "q.py")
    ended = kbatch("run", "job.yaml", *arguments, cwd=with_plugin)
    assert ended.code == 3
    assert "p.py" in ended.stderr
    assert "q.py" in ended.stderr


@pytest.mark.parametrize(
    "text",
    [
        "input: pictures\noutput: .\nname: 'pictures/{stem}'\n",
        "input: pictures/a.png\noutput: pictures\nname: '{stem}'\n",
        "input: link\noutput: pictures/..\nname: 'pictures/{folder}/{stem}'\n",
    ],
    ids=["name leads back", "one file", "by way of a link"],
)
def test_a_job_whose_outputs_would_replace_its_pictures_is_refused(folder: Path, text: str) -> None:
    (folder / "link").symlink_to("pictures")
    job(folder, text)
    before = (folder / "pictures" / "a.png").read_bytes()
    ended = kbatch("check", "job.yaml", cwd=folder)
    assert ended.code == 2
    assert "a.png" in ended.stderr
    assert kbatch("run", "job.yaml", cwd=folder).code == 2
    assert (folder / "pictures" / "a.png").read_bytes() == before
