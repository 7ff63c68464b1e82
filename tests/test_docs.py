"""What the documents say of the program is so."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from documents import ROOT, Block, blocks, lay_out, quoted, shell, table
from PIL import Image

import kbatch
from kbatch.data import RECORD_COLUMNS, Choice
from kbatch.job import Job
from kbatch.names import PLACEHOLDERS
from kbatch.registry import Registry
from kbatch.stages import ExecutorOptions, MeasureSpec
from kbatch.variants import EFFORTS

JOBS = ROOT / "docs" / "jobs.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/**/*.md")])
BLOCKS = blocks(JOBS)

# Spelt so that these lines don't match themselves.
MACHINE = re.compile(r"(?<![\w.~}\"'])/(?:work|root|home|tmp|Users)/\w")
REGISTRY = re.compile(r"python[h]osted|pypi[.]org|registry[.]npm|crates[.]io|proxy[.]golang")


# ---- jobs.md -----------------------------------------------------------------------------------


def test_every_key_of_a_job_is_told_with_its_default() -> None:
    rows = table(JOBS, "| key | default |")
    assert [quoted(key) for key, *_ in rows] == [[key] for key in Job.model_fields]
    for (key, default, meaning), field in zip(rows, Job.model_fields.values(), strict=True):
        if field.is_required():
            assert default == "required", key
        elif field.default is not None:
            assert default == (", ".join(names_of(field.default)) or "none"), key
        assert meaning, key


def names_of(default: Any) -> list[str]:
    values = default if isinstance(default, tuple) else (default,)
    return [value.name if isinstance(value, Choice) else str(value) for value in values]


def test_every_effort_is_told_as_it_is() -> None:
    rows = table(JOBS, "| effort |")
    told = {quoted(effort)[0]: [float(number) for number in row[:5]] for effort, *row in rows}
    assert told == {
        name: [
            search.restarts,
            search.swaps,
            search.coarse,
            search.tolerance,
            search.max_iterations,
        ]
        for name, search in EFFORTS.items()
    }


def test_every_built_in_component_is_told_with_its_options(registry: Registry) -> None:
    told: dict[tuple[str, str], list[tuple[str, str]]] = {}
    stage = ""
    for key, component, options in table(JOBS, "| key | component |"):
        stage = quoted(key)[0].removesuffix("s") if key else stage
        defaults = re.findall(r"`(\w+)` ([\w.]+):", options)
        told[stage, quoted(component)[0]] = defaults
    assert told == {
        (entry.spec.stage, entry.spec.name): [
            (name, default)
            for name, _, default, _ in entry.options_table()
            if name not in ExecutorOptions.model_fields
        ]
        for entry in registry
        if entry.provider == "kbatch" and entry.spec.stage != "loader"
    }


def test_every_placeholder_is_told() -> None:
    cells = " ".join(first for first, _ in table(JOBS, "| placeholder |"))
    assert quoted(cells) == [f"{{{name}}}" for name in PLACEHOLDERS]


def test_every_column_of_the_results_is_told() -> None:
    cells = " ".join(first for first, _ in table(JOBS, "| column |"))
    assert tuple(quoted(cells)) == RECORD_COLUMNS


def test_every_column_of_a_measure_is_told_with_its_direction(registry: Registry) -> None:
    rows = table(JOBS, "| measured |")
    told = {quoted(name)[0]: better for name, better, _ in rows}
    text = JOBS.read_text(encoding="utf-8")
    specs = [entry.spec for entry in registry if entry.provider == "kbatch"]
    for spec in specs:
        for column in spec.columns if isinstance(spec, MeasureSpec) else ():
            better = "higher" if column.higher_is_better else "lower"
            assert told.pop(column.name.removesuffix("_worst"), better) == better
            assert f"`{column.name}`" in text
    assert not told


def test_exit_codes_are_the_same_in_both_documents() -> None:
    codes = [code for code, _ in table(JOBS, "| exit code |")]
    assert codes == [code for code, _ in table(ROOT / "README.md", "| exit code |")]
    errors = (kbatch.PictureError, kbatch.JobError, kbatch.PluginError)
    assert {"0"} | {str(error.exit_code) for error in errors} <= set(codes)


def test_blocks_are_of_known_languages() -> None:
    assert {block.language for block in BLOCKS} == {"yaml", "sh", "text"}


def whole(block: Block) -> bool:
    keys: set[str] = set(yaml.safe_load(block.text))
    return {"input", "output"} <= keys


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "yaml" and whole(b)], ids=str)
def test_jobs_are_valid(block: Block, tmp_path: Path) -> None:
    desk = lay_out(tmp_path)
    (desk / "job.yaml").write_text(block.text, encoding="utf-8")
    ended = shell("kbatch check job.yaml", desk)
    assert ended.returncode == 0, ended.stdout


def test_the_wrong_job_ends_as_shown(tmp_path: Path) -> None:
    desk = lay_out(tmp_path)
    (wrong,) = (block for block in BLOCKS if block.language == "yaml" and not whole(block))
    (shown,) = (block for block in BLOCKS if block.language == "text")
    (desk / "job.yaml").write_text(wrong.text, encoding="utf-8")
    ended = shell("kbatch check job.yaml", desk)
    assert ended.returncode == 2
    assert ended.stdout == shown.text


@pytest.mark.skipif(sys.platform == "win32", reason="shell commands")
def test_commands_succeed(tmp_path: Path) -> None:
    desk = lay_out(tmp_path)
    (desk / "job.yaml").write_text(BLOCKS[0].text, encoding="utf-8")
    (commands,) = (block for block in BLOCKS if block.language == "sh")
    ended = shell(commands.text, desk)
    assert ended.returncode == 0, ended.stdout
    assert (desk / "fast" / "zoo").is_dir() or (desk / "fast" / "hopper").is_dir()


# ---- architecture.md ---------------------------------------------------------------------------


def test_every_module_that_is_named_exists() -> None:
    named = set(re.findall(r"`(kbatch(?:\.\w+)+)`", ARCHITECTURE.read_text(encoding="utf-8")))
    assert named
    assert not {name for name in named if importlib.util.find_spec(name) is None}


def test_every_room_has_a_row() -> None:
    told = {name for rooms, _ in table(ARCHITECTURE, "| room |") for name in quoted(rooms)}
    files = [*ROOT.glob("kbatch/*.py"), *(path.parent for path in ROOT.glob("kbatch/*/*.py"))]
    assert {f"kbatch.{path.stem}" for path in files} - {"kbatch.__init__"} <= told


def test_the_layers_are_those_of_the_contract() -> None:
    (drawn,) = (block.text for block in blocks(ARCHITECTURE) if block.language == "text")
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert drawn.splitlines() == [layer.replace("kbatch.", "") for layer in layers]


# ---- the rest ----------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_local_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [link.partition("#")[0] for link in links if not re.match(r"https?:|mailto:|#", link)]
    assert not [link for link in local if not (document.parent / link).exists()]


def test_the_changelog_tells_of_this_version() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{kbatch.__version__}]" in changes


def test_the_picture_of_the_readme_shows_what_the_program_makes(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "docs" / "make_grid.py"))["main"](tmp_path)
    kept = ROOT / "docs" / "pictures" / "parrots.png"
    assert kept.stat().st_size < 200_000
    with Image.open(kept) as before, Image.open(tmp_path / "parrots.png") as now:
        difference = np.asarray(before, np.int16) - np.asarray(now, np.int16)
    assert np.abs(difference).mean() < 6, "run docs/make_grid.py"


def test_ci_runs_on_every_python_that_the_package_names() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    classifiers = " ".join(PROJECT["project"]["classifiers"])
    assert job["strategy"]["matrix"]["python"] == re.findall(r":: (3\.\d+)", classifiers)
    assert job["steps"][-1] == {"run": ".ci/run"}


@pytest.mark.skipif(sys.platform == "win32", reason="no executable bit")
def test_the_ci_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_no_file_names_a_machine_or_a_registry() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    found = []
    for name in filter(None, listed.stdout.decode().split("\0")):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" in data:  # not a text
            continue
        for number, line in enumerate(data.decode("utf-8").splitlines(), start=1):
            if MACHINE.search(line) or REGISTRY.search(line):
                found.append(f"{name}:{number}: {line.strip()}")
    assert not found
