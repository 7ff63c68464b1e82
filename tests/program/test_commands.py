"""The smaller commands: check, init, plugins, schema, report, help and completion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import CHEBYSHEV, Ended, job, kbatch, picture, pictures_in, python, rows

from kbatch.registry import Registry

COMMANDS = ("run", "check", "init", "quantize", "plugins", "schema", "report", "show", "trace")
WITH_ARGUMENTS = ("run", "check", "quantize", "report", "show", "trace")
HEAVY = ("numpy", "PIL", "numba", "scipy", "rich.live", "sqlite3")


def everything_in(folder: Path) -> list[str]:
    return sorted(path.as_posix() for path in folder.rglob("*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three pictures and a job of two variants."""
    for seed in range(3):
        picture(tmp_path / "pictures" / f"{seed}.png", seed)
    job(tmp_path, "k: [4, 8]\n")
    return tmp_path


# ---- check and init ----------------------------------------------------------------------------


def test_check_shows_the_plan_and_writes_nothing(folder: Path) -> None:
    before = everything_in(folder)
    ended = kbatch("check", "job.yaml", "--set", "workers=7", cwd=folder)
    assert (ended.code, ended.stderr) == (0, "")
    for told in ("K4_L2", "K8_L2", "2.png", "0_K4_L2.png", "split", "balanced", "csv"):
        assert told in ended.out
    assert everything_in(folder) == before
    told = next(line for line in ended.out.splitlines() if line.startswith("executor"))
    assert "7" in told
    assert "1" not in told


def test_init_writes_a_job_that_check_accepts_and_run_runs(
    tmp_path: Path,
    kernels: None,
) -> None:
    picture(tmp_path / "photos" / "a.jpg")
    ended = kbatch("init", cwd=tmp_path)
    assert ended.code == 0
    assert "job.yaml" in ended.stderr
    assert kbatch("check", "job.yaml", cwd=tmp_path).code == 0
    for _ in range(2):  # its own output is no input
        assert kbatch("run", "job.yaml", cwd=tmp_path).code == 0
        made = list(pictures_in(tmp_path))
        assert len(made) == len(rows(tmp_path / "kbatch-out")) == 4
        assert "kbatch-out/photos/a_K8_L2.png" in made


def test_init_never_replaces_a_file_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine")
    ended = kbatch("init", "mine.yaml", cwd=tmp_path)
    assert ended.code == 2
    assert "mine.yaml" in ended.stderr
    assert "--force" in ended.stderr
    assert (tmp_path / "mine.yaml").read_text() == "mine"
    assert kbatch("init", "mine.yaml", "--force", cwd=tmp_path).code == 0
    assert "input:" in (tmp_path / "mine.yaml").read_text()


# ---- plugins and schema --------------------------------------------------------------------------


def test_plugins_lists_each_component_with_its_provider(tmp_path: Path, registry: Registry) -> None:
    ended = kbatch("plugins", "--plugin", CHEBYSHEV, cwd=tmp_path)
    assert ended.code == 0
    lines = [line.split() for line in ended.out.splitlines()]
    listed = {(words[0], words[1]): words[-1] for words in lines}
    for entry in registry:
        assert listed[entry.spec.stage, entry.spec.name] == entry.provider.split()[-1]
    assert listed["strategy", "chebyshev"].endswith("chebyshev.py")


def test_plugins_info_tells_the_options_of_a_component(tmp_path: Path) -> None:
    ended = kbatch("plugins", "info", "kmeans++", cwd=tmp_path)
    assert ended.code == 0
    assert all(told in ended.out for told in ("init kmeans++", "candidates", "int", "2", "kbatch"))
    ended = kbatch("plugins", "info", "strategy:l1", cwd=tmp_path)
    assert ended.code == 0
    assert "l1" in ended.out


def test_plugins_info_shows_no_empty_table(tmp_path: Path) -> None:
    ended = kbatch("plugins", "info", "l2", cwd=tmp_path)
    assert "default" not in ended.out
    assert "option" in ended.out


def test_plugins_info_of_what_is_not_there_ends_with_2_and_a_guess(tmp_path: Path) -> None:
    ended = kbatch("plugins", "info", "kmean++", cwd=tmp_path)
    assert ended.code == 2
    assert "kmeans++" in ended.stderr


def test_schema_is_json_schema_and_names_every_component(
    tmp_path: Path, registry: Registry
) -> None:
    ended = kbatch("schema", "--plugin", CHEBYSHEV, cwd=tmp_path)
    assert ended.code == 0
    schema = json.loads(ended.out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"input", "output", "k", "writer"} <= set(schema["properties"])
    named = {
        entry.spec.name for entry in registry if entry.spec.stage != "loader"
    }  # loaders are not named in jobs
    assert all(f'"{name}"' in ended.out for name in (*named, "chebyshev"))
    references = set(ended.out.split('"$ref": "#/$defs/')[1:])
    assert all(reference.split('"')[0] in schema["$defs"] for reference in references)


# ---- report --------------------------------------------------------------------------------------


def test_report_makes_results_again_byte_for_byte_without_the_pictures(
    folder: Path,
    kernels: None,
) -> None:
    assert kbatch("run", "job.yaml", cwd=folder).code == 0
    table = folder / "out" / "results.csv"
    before, outputs = table.read_bytes(), pictures_in(folder / "out")
    table.unlink()
    for file in (folder / "pictures").iterdir():
        file.unlink()
    ended = kbatch("report", "out", cwd=folder)
    assert ended.code == 0
    assert "out/results.csv" in ended.stderr
    assert table.read_bytes() == before
    assert kbatch("report", "out", "--format", "json", cwd=folder).code == 0
    listed = json.loads((folder / "out" / "results.json").read_text())
    assert [row["output"] for row in listed] == [row["output"] for row in rows(folder / "out")]
    assert pictures_in(folder / "out") == outputs
    ended = kbatch("report", "out", "--format", "xml", cwd=folder)
    assert ended.code == 2
    assert "csv, json" in ended.stderr


@pytest.mark.parametrize("name", ["pictures", "nowhere", "job.yaml"])
def test_report_on_what_is_no_output_ends_with_2(folder: Path, name: str) -> None:
    before = everything_in(folder)
    ended = kbatch("report", name, cwd=folder)
    assert ended.code == 2
    assert "kbatch.sqlite" in ended.stderr
    assert everything_in(folder) == before


# ---- help, version, completion -------------------------------------------------------------------


@pytest.fixture(scope="module")
def helps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """The help of each command."""
    folder = tmp_path_factory.mktemp("help")
    found = {c: kbatch(c, "--help", cwd=folder) for c in COMMANDS}
    return {"": kbatch("--help", cwd=folder), **found}


def test_every_command_has_help_and_the_first_page_lists_them(helps: dict[str, Ended]) -> None:
    assert all(ended.code == 0 for ended in helps.values())
    assert all(command in helps[""].out for command in COMMANDS)
    assert all(f"kbatch {command}" in helps[command].out for command in COMMANDS)


def test_help_fits_80_columns_and_doubles_no_dots(helps: dict[str, Ended]) -> None:
    for ended in helps.values():
        assert all(len(line) <= 80 for line in ended.out.splitlines())
        assert "...}..." not in ended.out


@pytest.mark.parametrize("command", WITH_ARGUMENTS)
def test_help_of_commands_with_arguments_has_an_example(
    helps: dict[str, Ended], command: str
) -> None:
    assert f"kbatch {command} " in helps[command].out.split("Example")[1]


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from kbatch.__main__ import main\n"
        "sys.argv = ['kbatch', '--help']\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])\n"
    )
    assert python(code, tmp_path).out.splitlines()[-1] == "LOADED []"


def test_version_is_the_packages(tmp_path: Path) -> None:
    import kbatch as package

    assert kbatch("--version", cwd=tmp_path).out == f"kbatch {package.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("run",), ("check", "job.yaml", "--nope"), ()]
)
def test_usage_errors_end_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert kbatch(*arguments, cwd=tmp_path).code == 2


@pytest.mark.parametrize(
    ("words", "at", "wanted"),
    [("kbatch ", 1, set(COMMANDS)), ("kbatch run --w", 2, {"--workers"})],
)
def test_the_shell_completes_commands_and_options(
    tmp_path: Path, words: str, at: int, wanted: set[str]
) -> None:
    env = {"_KBATCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    assert set(kbatch(cwd=tmp_path, env=env).out.split()) == wanted
