"""Every block of the README does what it says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from documents import ROOT, Block, blocks, lay_out, shell

README = ROOT / "README.md"
BLOCKS = blocks(README)
FIRST = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/kbatch run jobs/demo.yaml"


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


OUTPUTS = {
    command: output
    for command, output in pairwise(BLOCKS)
    if (command.language, output.language) == ("sh", "text")
}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return lay_out(tmp_path)


def test_no_block_escapes_the_tests() -> None:
    assert {block.language for block in BLOCKS} == {"sh", "text", "yaml", "python"}
    assert list(OUTPUTS.values()) == of("text")


def test_the_first_command_is_one_line_from_nothing_to_results() -> None:
    assert of("sh")[0].text == FIRST + "\n"


@pytest.mark.skipif(sys.platform == "win32", reason="shell commands")
@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_shell_commands_succeed(block: Block, desk: Path) -> None:
    if "-m pytest" in block.text:  # the whole suite, which this test is part of
        ended = shell(f"{block.text.rstrip()} --collect-only", ROOT)
        assert "test_readme.py" in ended.stdout
    else:
        if "jobs/" in block.text:
            shutil.copytree(ROOT / "jobs", desk / "jobs", ignore=shutil.ignore_patterns("out"))
        ended = shell(block.text, desk)
    assert ended.returncode == 0, ended.stdout
    if block in OUTPUTS:
        said = iter(loosely(ended.stdout))
        missing = [line for line in loosely(OUTPUTS[block].text) if line not in said]  # in order
        assert not missing, ended.stdout


def loosely(text: str) -> list[str]:
    """Returns the lines, whatever their numbers and spaces are."""
    return [" ".join(re.sub(r"\b\d[\d,.]*\b", "#", line).split()) for line in text.splitlines()]


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_jobs_are_valid_and_run(block: Block, desk: Path) -> None:
    (desk / "job.yaml").write_text(block.text, encoding="utf-8")
    for command in ("check", "run"):
        ended = shell(f"kbatch {command} job.yaml", desk)
        assert ended.returncode == 0, ended.stdout
    made = {path.relative_to(desk / "small").as_posix() for path in desk.glob("small/**/*.*")}
    assert {"zoo/hopper_K12_L1.png", "sky_K48_L2.png", "results.csv", "results.json"} <= made


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_runs(
    block: Block, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})
    assert "zoo/hopper.png K64_L2 done" in capsys.readouterr().out
    assert (desk / "photo_K12_L1.png").is_file()


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_extras_that_are_installed_exist(file: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"\.\[(\w+)\]", (ROOT / file).read_text(encoding="utf-8"))
    assert named
    assert set(named) <= set(project["optional-dependencies"])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="shell commands")
def test_the_first_command_works_in_a_fresh_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "kbatch"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "out", "build", "dist")
    shutil.copytree(ROOT, checkout, ignore=left_out)
    command = FIRST.replace("python3", shlex.quote(sys.executable), 1)
    subprocess.run(["bash", "-c", command], cwd=checkout, check=True, timeout=900)
    assert (checkout / "jobs/out/demo/results.csv").is_file()
