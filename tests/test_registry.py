"""From plugins to components: what is found, in which order, and what is refused, and why."""

from __future__ import annotations

import importlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import kbatch.builtin
from kbatch import hookimpl, stages
from kbatch.errors import KbatchError, PluginError
from kbatch.registry import Entry, Registry, discover

FIXTURE = Path(__file__).parent / "fixtures" / "kbatch-fixture"
BUILTINS = tuple(kbatch.builtin.kbatch_components())
EACH_BUILTIN = pytest.mark.parametrize("spec", BUILTINS, ids=lambda s: f"{s.stage}:{s.name}")
METHODS = {
    "loader": ("load",),
    "space": ("forward", "inverse"),
    "init": ("centers",),
    "strategy": ("distance", "update"),
    "dither": ("dither",),
    "writer": ("write",),
    "measure": ("measure",),
    "report": ("write",),
    "executor": ("run", "__enter__", "__exit__"),
}
HEAD = """
from kbatch import hookimpl
from kbatch.stages import DithererSpec, Spec, StrategySpec

@hookimpl
"""
Install = Callable[..., None]


def offering(name: str, factory: str = "dict") -> str:
    """Returns the source of a plugin with one strategy."""
    spec = f"StrategySpec(name={name!r}, summary='made up', factory={factory!r})"
    return f"{HEAD}def kbatch_components():\n    return [{spec}]\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, source: str) -> Path:
        path = tmp_path / name
        path.write_text(source)
        return path

    return write


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a module where Python finds it, with the metadata that an installer would write."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    modules: list[str] = []

    def install(module: str, source: str, *, point: str) -> None:
        (site / f"{module}.py").write_text(source)
        describe(site, f"dist-{module}", {point: module})
        importlib.invalidate_caches()
        modules.append(module)

    yield install
    for module in modules:
        sys.modules.pop(module, None)


def describe(site: Path, name: str, points: dict[str, str]) -> None:
    folder = site / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"{point} = {module}\n" for point, module in points.items()]
    (folder / "entry_points.txt").write_text("[kbatch]\n" + "".join(lines))


REQUIRED = {"palette": {"from": ["#102030"]}}  # options without a default


# ---- built-in components -------------------------------------------------------------------------


def test_all_builtins_come_through_the_hook() -> None:
    empty = Registry()
    assert list(empty) == []
    empty.add(kbatch.builtin, "kbatch")
    assert [entry.spec for entry in empty] == list(BUILTINS)
    assert {entry.provider for entry in empty} == {"kbatch"}
    assert discover().plugins[0] == ("kbatch", kbatch.builtin)


@EACH_BUILTIN
def test_each_builtin_is_built_by_name_and_does_what_its_stage_does(
    registry: Registry, spec: stages.Spec
) -> None:
    if spec.name == "parquet":
        pytest.importorskip("pyarrow", reason="what the report is written with")
    component = registry.build(spec.stage, spec.name, REQUIRED.get(spec.name))
    if isinstance(component, stages.SpacedInitializer):
        component = component.in_space(registry.build("space", "rgb"))
    assert all(callable(getattr(component, method)) for method in METHODS[spec.stage])
    assert spec.name in registry.names(spec.stage)


@EACH_BUILTIN
def test_each_builtin_refuses_an_option_it_does_not_know(
    registry: Registry, spec: stages.Spec
) -> None:
    with pytest.raises(ValidationError, match="no_such_option"):
        registry.build(spec.stage, spec.name, {"no_such_option": 1})


def test_options_are_validated_by_the_components_own_model(registry: Registry) -> None:
    with pytest.raises(ValidationError, match="level"):
        registry.build("writer", "png", {"level": 13})
    assert registry.build("writer", "png", {"level": 12})


def test_a_table_of_options_tells_default_and_meaning(registry: Registry) -> None:
    entry = registry.find("writer", "png")
    assert entry is not None
    assert [row[:3] for row in entry.options_table()] == [
        ("level", "int", "6"),
        ("optimize", "off | fast | max", "off"),
    ]


def test_a_component_is_told_of_by_name_or_by_stage_and_name(registry: Registry) -> None:
    assert [entry.spec.stage for entry in registry.named("png")] == ["writer"]
    assert registry.named("strategy:l1") == [registry.find("strategy", "l1")]
    with pytest.raises(KbatchError, match="did you mean 'png'"):
        registry.named("pngs")
    with pytest.raises(KbatchError, match="writer:l1"):
        registry.named("writer:l1")


def test_an_unknown_name_is_told_with_its_stage_a_hint_and_what_there_is(
    registry: Registry,
) -> None:
    assert registry.find("strategy", "l3") is None
    with pytest.raises(PluginError) as caught:
        registry.build("dither", "non")
    assert "unknown dither 'non' (did you mean 'none'?); known: none" in str(caught.value)


# ---- factories -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("no_such_module:Thing", "no_such_module"),
        ("json:NoSuchThing", "NoSuchThing"),
        ("json", "json"),
        ("broken_at_import:Thing", "libwhatever"),
    ],
)
def test_a_factory_that_can_not_be_imported_fails_only_when_it_is_built(
    factory: str,
    reason: str,
    write: Callable[[str, str], Path],
    install: Install,
) -> None:
    install("broken_at_import", "raise OSError('libwhatever.so is missing')", point="unused")
    registry = discover([write("lazy.py", offering("lazy", factory))])
    assert "lazy" in registry.names("strategy")
    with pytest.raises(PluginError, match=reason) as caught:
        registry.build("strategy", "lazy")
    assert "strategy 'lazy'" in str(caught.value)
    assert "lazy.py" in str(caught.value)


def test_listing_components_imports_nothing_heavy(tmp_path: Path) -> None:
    install_fixture(tmp_path)
    heavy = ("numpy", "PIL", "numba", "rich", "kbatch_fixture.parts")
    program = (
        "import json, sys; from kbatch.registry import discover\n"
        "names = [entry.spec.name for entry in discover()]\n"
        f"print(json.dumps([names, [name for name in {heavy} if name in sys.modules]]))"
    )
    names, imported = json.loads(python(program, tmp_path))
    assert {"l1", "l2", "png", "fixture-l3"} <= set(names)
    assert imported == []


# ---- order and names -----------------------------------------------------------------------------


def test_plugins_load_in_order_builtin_installed_by_name_then_files(
    write: Callable[[str, str], Path], install: Install
) -> None:
    install("order_a", offering("second"), point="zzz")
    install("order_b", offering("first"), point="zzy")
    files = [write("z.py", offering("third")), write("a.py", offering("fourth"))]
    registry = discover(files)
    assert registry.names("strategy")[-4:] == ["first", "second", "third", "fourth"]
    assert [name for name, _ in registry.plugins] == [
        "kbatch",
        *[name for name, _ in registry.plugins[1:-4]],  # what else is installed here
        "dist-order_b (zzy)",
        "dist-order_a (zzz)",
        *map(str, files),
    ]


def test_two_installed_plugins_with_one_name_are_an_error_that_names_both(
    install: Install,
) -> None:
    install("clash_one", offering("same"), point="one")
    install("clash_two", offering("same"), point="two")
    with pytest.raises(PluginError) as caught:
        discover()
    assert caught.value.exit_code == 3
    text = str(caught.value)
    assert "strategy 'same'" in text
    assert "dist-clash_one (one)" in text
    assert "dist-clash_two (two)" in text


def test_a_file_that_takes_a_builtins_name_is_an_error_that_names_both(
    write: Callable[[str, str], Path],
) -> None:
    file = write("mine.py", offering("l2"))
    with pytest.raises(PluginError, match="'l2'") as caught:
        discover([file])
    assert f"kbatch and {file}" in str(caught.value)


def test_one_name_in_two_stages_is_no_clash(write: Callable[[str, str], Path]) -> None:
    source = offering("l2").replace("StrategySpec(", "DithererSpec(")
    registry = discover([write("mine.py", source)])
    assert registry.find("dither", "l2") is not registry.find("strategy", "l2") is not None


def test_the_same_file_twice_is_one_plugin(
    write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = write("twice.py", offering("twice"))
    monkeypatch.chdir(tmp_path)
    registry = discover([file, Path("twice.py")])
    assert registry.names("strategy").count("twice") == 1


def test_two_files_of_one_name_in_two_folders_are_two_plugins(tmp_path: Path) -> None:
    files = [tmp_path / folder / "plugin.py" for folder in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_text(offering(f"from-{file.parent.name}"))
    assert discover(files).names("strategy")[-2:] == ["from-a", "from-b"]


# ---- hooks ---------------------------------------------------------------------------------------


def test_a_misspelt_hook_is_an_error_that_knows_what_was_meant(
    write: Callable[[str, str], Path],
) -> None:
    file = write("typo.py", offering("typo").replace("kbatch_components", "kbatch_component"))
    with pytest.raises(PluginError, match="did you mean 'kbatch_components'") as caught:
        discover([file])
    assert str(file) in str(caught.value)
    assert "'kbatch_component'" in str(caught.value)


def test_an_argument_that_a_hook_does_not_have_is_an_error_that_names_it(
    write: Callable[[str, str], Path],
) -> None:
    file = write("argument.py", HEAD + "def kbatch_record(record, colour): ...\n")
    with pytest.raises(PluginError, match="colour") as caught:
        discover([file])
    assert str(file) in str(caught.value)


def test_a_hook_may_take_fewer_arguments() -> None:
    class Watcher:
        def __init__(self) -> None:
            self.seen: list[object] = []

        @hookimpl
        def kbatch_job_started(self, plan: object) -> None:
            self.seen.append(plan)

        @hookimpl
        def kbatch_record(self) -> None:
            self.seen.append("a record")

    watcher = Watcher()
    registry = Registry()
    registry.add(watcher, "watcher")
    for hook in ("kbatch_job_started", "kbatch_record"):
        [(provider, call)] = registry.observers(hook)
        assert provider == "watcher"
        call(job="a job", plan="a plan", record="not asked for")
    assert watcher.seen == ["a plan", "a record"]
    assert list(registry.observers("kbatch_job_finished")) == []


@pytest.mark.parametrize("source", ["", "def kbatch_components():\n    return []\n"])
def test_a_file_without_a_marked_function_is_an_error(
    source: str, write: Callable[[str, str], Path]
) -> None:
    with pytest.raises(PluginError, match="hookimpl") as caught:
        discover([write("nothing.py", source)])
    assert "nothing.py" in str(caught.value)


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("None", "NoneType"),
        ("['l9']", "'l9'"),
        ("[Spec(name='bare', summary='', factory='dict')]", "bare"),
        ("[StrategySpec(name='Upper Case', summary='', factory='dict')]", "Upper Case"),
        ("[StrategySpec(name='', summary='', factory='dict')]", "lower case"),
    ],
)
def test_what_is_no_component_is_an_error_that_names_the_plugin(
    returned: str, reason: str, write: Callable[[str, str], Path]
) -> None:
    file = write("odd.py", f"{HEAD}def kbatch_components():\n    return {returned}\n")
    with pytest.raises(PluginError, match=reason) as caught:
        discover([file])
    assert str(file) in str(caught.value)


def test_a_refused_plugin_leaves_nothing_behind() -> None:
    class Bad:
        @hookimpl
        def kbatch_components(self) -> list[object]:
            return [stages.StrategySpec(name="fine", summary="", factory="dict"), "no component"]

        @hookimpl
        def kbatch_record(self) -> None: ...

    class Good:
        @hookimpl
        def kbatch_components(self) -> list[stages.Spec]:
            return [stages.StrategySpec(name="fine", summary="", factory="dict")]

    class Typo:
        @hookimpl
        def kbatch_recordd(self) -> None: ...

    registry = Registry()
    for bad in (Bad(), Typo()):
        with pytest.raises(PluginError):
            registry.add(bad, "bad")
        assert list(registry) == []
        assert registry.plugins == []
        assert list(registry.observers("kbatch_record")) == []
    good = Good()
    registry.add(good, "bad")
    assert [entry.provider for entry in registry] == ["bad"]


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise ValueError('not today')", "ValueError: not today"),
        ("import no_such_module", "no_such_module"),
        ("def broken(:", "SyntaxError"),
        ("import sys; sys.exit(0)", "SystemExit"),
    ],
)
def test_a_file_that_fails_at_import_is_an_error_that_says_why(
    source: str, reason: str, write: Callable[[str, str], Path]
) -> None:
    file = write("failing.py", source)
    with pytest.raises(PluginError, match=reason) as caught:
        discover([file])
    assert str(file) in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_file_that_is_mended_loads_after_it_failed(write: Callable[[str, str], Path]) -> None:
    with pytest.raises(PluginError):
        discover([write("mended.py", "raise ValueError")])
    file = write("mended.py", offering("mended"))
    assert "mended" in discover([file]).names("strategy")


def test_a_file_that_is_not_there_or_not_python_is_an_error(
    tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    with pytest.raises(PluginError, match=r"gone\.py does not exist"):
        discover([tmp_path / "gone.py"])
    with pytest.raises(PluginError, match=r"must end in \.py"):
        discover([write("plugin.txt", offering("text"))])
    with pytest.raises(PluginError, match=str(tmp_path)):
        discover([tmp_path])


# ---- installed plugins ---------------------------------------------------------------------------


def test_a_broken_installed_plugin_is_skipped_and_named_when_its_component_is_missed(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("broken_one", "import no_such_dependency", point="broken")
    install("sound_one", offering("sound"), point="sound")
    with caplog.at_level(logging.WARNING, "kbatch"):
        registry = discover()
    assert "sound" in registry.names("strategy")
    [warning] = [r.getMessage() for r in caplog.records if "dist-broken_one" in r.getMessage()]
    assert "no_such_dependency" in warning
    with pytest.raises(PluginError) as caught:
        registry.build("strategy", "lost")
    assert "not loaded: dist-broken_one (broken)" in str(caught.value)
    assert "no_such_dependency" in str(caught.value)


def test_a_broken_installed_plugin_is_an_error_when_it_is_named(install: Install) -> None:
    install("broken_two", "import no_such_dependency", point="broken")
    with pytest.raises(PluginError, match="no_such_dependency") as caught:
        discover(named=["broken"])
    assert "dist-broken_two (broken)" in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_named_plugin_that_is_not_installed_is_an_error_with_a_hint(install: Install) -> None:
    install("sound_two", offering("sound"), point="sound")
    assert "sound" in discover(named=["sound"]).names("strategy")
    with pytest.raises(PluginError, match=r"'soundd' \(did you mean 'sound'\?\)"):
        discover(named=["soundd"])


def install_fixture(site: Path) -> None:
    """Installs the fixture package as an installer would, by its own pyproject.toml."""
    project = tomllib.loads((FIXTURE / "pyproject.toml").read_text())["project"]
    shutil.copytree(FIXTURE / "kbatch_fixture", site / "kbatch_fixture")
    describe(site, project["name"], project["entry-points"]["kbatch"])


def python(program: str, site: Path, *arguments: Any) -> str:
    path = os.pathsep.join([str(site), str(Path(kbatch.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_installed_package_brings_a_strategy_and_a_measure_to_a_job(tmp_path: Path) -> None:
    install_fixture(tmp_path)
    picture = tmp_path / "pictures" / "one.ppm"
    picture.parent.mkdir()
    picture.write_bytes(b"P6 16 16 255 " + bytes(i * j % 251 for i in range(16) for j in range(48)))
    job = {
        "input": str(picture.parent),
        "output": str(tmp_path / "out"),
        "k": 4,
        "strategy": "fixture-l3",
        "measures": "fixture-entries",
        "plugins": "fixture",
    }
    program = (
        "import json, sys, kbatch\n"
        "[record] = kbatch.run_job(json.loads(sys.argv[1]), workers=1)\n"
        "print(json.dumps(record.row()))"
    )
    row = json.loads(python(program, tmp_path, json.dumps(job)))
    assert (row["status"], row["error"]) == ("done", None)
    assert row["entries_used"] == row["k_used"] == 4
    assert "entries_used" in (tmp_path / "out" / "results.csv").read_text()


def test_an_entry_builds_from_plain_options_or_a_model() -> None:
    class Twice(stages.Options):
        factor: int = 2

    spec = stages.StrategySpec(name="t", summary="", factory=lambda o: o.factor, options=Twice)
    entry = Entry(spec, "here")
    assert entry.build({}) == 2
    assert entry.build({"factor": 3}) == entry.factory(Twice(factor=3)) == 3
