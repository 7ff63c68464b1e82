"""Checking jobs: every mistake at once, each at its place, and the schema for editors."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from kbatch.data import Choice
from kbatch.errors import JobError
from kbatch.hookspecs import hookimpl
from kbatch.job import Job, check, schema
from kbatch.job.document import parse
from kbatch.registry import Registry
from kbatch.stages import (
    Column,
    DithererSpec,
    ExecutorOptions,
    ExecutorSpec,
    InitializerSpec,
    MeasureSpec,
    Options,
    ReportSpec,
    SpaceSpec,
    Spec,
    StrategySpec,
    WriterSpec,
)

NONE = "nowhere:nothing"  # a factory that checking must not import


class Seeding(Options):
    candidates: int = Field(4, ge=1, le=64)
    weights: tuple[float, ...] = ()
    grow: bool = False
    order: Literal["far", "near"] = "far"
    folder: Path = Path()


class Box(Options):
    low: int = 0
    high: int = 255


class Minkowski(Options):
    p: float = Field(gt=0)
    limit: int | str = 1
    box: Box = Box()

    @field_validator("p")
    @classmethod
    def whole_or_half(cls, p: float) -> float:
        if p * 2 % 1:
            raise ValueError("p is not a multiple\nof 0.5")
        return p


class Level(Options):
    level: int = Field(6, ge=0, le=9)


class Plugin:
    @hookimpl
    def kbatch_components(self) -> Iterable[Spec]:
        column = Column("psnr", "dB", higher_is_better=True)
        taken = Column("loss", "", higher_is_better=False)
        return [
            StrategySpec(name="l2", summary="means", factory=NONE),
            StrategySpec(name="l1", summary="medians", factory=NONE, spaces=("rgb",)),
            StrategySpec(name="lp", summary="any power", factory=NONE, options=Minkowski),
            InitializerSpec(name="split", summary="splits", factory=NONE, options=Seeding),
            InitializerSpec(name="kmeans++", summary="seeds", factory=NONE, options=Seeding),
            InitializerSpec(name="grid", summary="a grid", factory=NONE, deterministic=True),
            SpaceSpec(name="rgb", summary="sRGB", factory=NONE),
            SpaceSpec(name="oklab", summary="even steps", factory=NONE),
            DithererSpec(name="none", summary="nearest", factory=NONE),
            DithererSpec(name="off", summary="a word of YAML 1.1", factory=NONE),
            WriterSpec(name="png", summary="PNG", factory=NONE, suffix=".png", options=Level),
            WriterSpec(name="gif", summary="GIF", factory=NONE, suffix=".gif"),
            MeasureSpec(name="psnr", summary="noise", factory=NONE, columns=(column,)),
            MeasureSpec(name="psnr2", summary="again", factory=NONE, columns=(column,)),
            MeasureSpec(name="greedy", summary="takes", factory=NONE, columns=(taken,)),
            ReportSpec(name="csv", summary="a table", factory=NONE),
            ExecutorSpec(name="threads", summary="t", factory=NONE, options=ExecutorOptions),
        ]


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    registry.add(Plugin(), "test")
    return registry


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").touch()
    (tmp_path / "odd[1].png").touch()
    return tmp_path


HEAD = "input: pictures\noutput: out\n"


def problems(text: str, registry: Registry, base: Path, *sets: str) -> list[str]:
    document = parse(text, "job.yaml")
    for assignment in sets:
        document.set(assignment)
    with pytest.raises(JobError) as caught:
        check(document, registry, base)
    assert all(len(problem.splitlines()) == 1 for problem in caught.value.problems)
    return list(caught.value.problems)


def job(text: str, registry: Registry, base: Path, *sets: str) -> Job:
    document = parse(HEAD + text, "job.yaml")
    for assignment in sets:
        document.set(assignment)
    return check(document, registry, base)


# ---- good jobs ---------------------------------------------------------------------------------


def test_a_short_job_is_complete(registry: Registry, base: Path) -> None:
    checked = job("", registry, base)
    assert checked.input == ("pictures",)
    assert checked.output == "out"
    assert checked.k == (16,)
    assert checked.strategy == (Choice("l2", {}),)
    assert [choice.name for choice in checked.init] == ["split"]
    assert checked.effort == ("balanced",)
    assert checked.writer == (Choice("png", {"level": 6}),)
    assert checked.reports == (Choice("csv", {}),)
    assert checked.executor.name == "threads"
    assert (checked.measures, checked.plugins, checked.workers, checked.seed) == ((), (), None, 0)


def test_every_key_can_be_given(registry: Registry, base: Path) -> None:
    checked = job(
        "k: [3, 256]\nstrategy: [l2, {name: lp, p: 3}]\ninit: grid\nspace: [rgb, oklab]\n"
        "dither: off\neffort: [plain, thorough]\nwriter: {name: png, level: 9}\nseed: 7\n"
        "restarts: 2\ncoarse: 0\ntolerance: 1e-4\nmax_iterations: 50\nicc: ignore\n"
        "frames: first\ntruncated: accept\nmax_frames: 9\nmax_pixels: 1000\n"
        "name: '{stem}_{variant}'\nmeasures: psnr\nreports: []\n"
        "executor: {name: threads}\nworkers: 2\nplugins: [mine.py]\n",
        registry,
        base,
    )
    assert checked.k == (3, 256)
    assert checked.strategy[1].options == {"p": 3.0, "limit": 1, "box": {"low": 0, "high": 255}}
    assert checked.dither == (Choice("off", {}),)
    assert checked.tolerance == 1e-4
    assert checked.measures == (Choice("psnr", {}),)
    assert checked.reports == ()
    assert checked.plugins == ("mine.py",)


def test_options_are_complete_and_lists_inside_them_make_no_grid(
    registry: Registry, base: Path
) -> None:
    checked = job("init: {name: kmeans++, weights: [1, 2.5], folder: x}", registry, base)
    (init,) = checked.init
    assert init.options == {
        "candidates": 4,
        "weights": (1.0, 2.5),
        "grow": False,
        "order": "far",
        "folder": Path("x"),
    }


def test_a_mapping_without_a_name_means_the_default(registry: Registry, base: Path) -> None:
    assert job("init: {candidates: 2}", registry, base).init[0].name == "split"
    checked = job("", registry, base, "writer.level=9", "k=[3, 6]", "k.1=7")
    assert checked.writer == (Choice("png", {"level": 9}),)
    assert checked.k == (3, 7)


def test_null_means_from_effort_where_a_key_may_be_absent(registry: Registry, base: Path) -> None:
    assert job("restarts:\nworkers: null", registry, base).restarts is None


@pytest.mark.parametrize(
    "given", ["pictures/a.png", "pictures/*.png", "'**/*.png'", "'odd[1].png'", "[pictures, '*']"]
)
def test_inputs_are_files_folders_and_globs(given: str, registry: Registry, base: Path) -> None:
    text = f"input: {given}\noutput: out"
    assert check(parse(text, "job.yaml"), registry, base).output == "out"


LIMITS = {
    "seed": 2**63 - 1,
    "restarts": 10_000,
    "swaps": 1_000_000,
    "coarse": 2**24,
    "max_iterations": 1_000_000,
    "max_pixels": 2**31 - 1,
    "max_frames": 1_000_000,
    "workers": 1024,
}


@pytest.mark.parametrize("key", LIMITS)
def test_numbers_end_where_they_would_overflow_or_take_for_ever(
    key: str, registry: Registry, base: Path
) -> None:
    most = LIMITS[key]
    assert getattr(job(f"{key}: {most}", registry, base), key) == most
    for value in (str(most + 1), "1" + 30 * "0", "1e30", ".inf"):
        (told,) = problems(f"{HEAD}{key}: {value}", registry, base)
        assert f"{key}: expected a whole number from " in told
        assert f" to {most}, got" in told


def test_every_number_of_a_job_has_both_limits() -> None:
    keys = Job.model_json_schema()["properties"]
    for key, told in keys.items():
        for form in told.get("anyOf", [told]):
            if form.get("type") in ("integer", "number"):
                assert {"minimum"} <= form.keys(), key
                assert form.keys() & {"maximum", "exclusiveMaximum"}, key


def test_a_job_can_not_be_changed(registry: Registry, base: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        job("", registry, base).seed = 3  # type: ignore[misc]


# ---- one mistake each --------------------------------------------------------------------------

ONE = {
    "k: many": "3:4: k: expected a whole number from 1 to 256, got 'many'",
    "k: '8'": "3:4: k: expected a whole number from 1 to 256, got '8'",
    "k: true": "3:4: k: expected a whole number from 1 to 256, got true",
    "k: 8.0": "3:4: k: expected a whole number from 1 to 256, got 8.0",
    "k: 0": "3:4: k: expected a whole number from 1 to 256, got 0",
    "k: [3, 257]": "3:8: k: expected a whole number from 1 to 256, got 257",
    "k:": "3:3: k: expected a whole number from 1 to 256, got nothing",
    "k: [[3, 6]]": "3:5: k: expected a whole number from 1 to 256, got a list",
    "k: {a: 1}": "3:4: k: expected a whole number from 1 to 256, got a mapping",
    "k: []": "3:4: k: expected a list of at least 1 entry, got an empty list",
    "strategy: []": "3:11: strategy: expected a list of at least 1 entry, got an empty list",
    "k: [3, 6, 3]": "3:11: k: 3 is listed twice: two variants would write one file",
    "effort: best": "3:9: effort: expected plain, fast, balanced or thorough, got 'best'",
    "seed: -1": "3:7: seed: expected a whole number from 0 to 9223372036854775807, got -1",
    "workers: 0": "3:10: workers: expected a whole number from 1 to 1024, got 0",
    "workers: yes": "3:10: workers: expected a whole number from 1 to 1024, got 'yes'",
    "tolerance: 1": "3:12: tolerance: expected a number from 0 to below 1, got 1",
    "tolerance: .nan": "3:12: tolerance: expected a number from 0 to below 1, got nan",
    "tolerance: true": "3:12: tolerance: expected a number from 0 to below 1, got true",
    "icc: drop": "3:6: icc: expected convert, keep or ignore, got 'drop'",
    "frames: 3": "3:9: frames: expected all or first, got 3",
    "truncated: true": "3:12: truncated: expected fail or accept, got true",
    "max_frames: 0": "3:13: max_frames: expected a whole number from 1 to 1000000, got 0",
    "alpha: drop": "3:8: alpha: expected keep, binary or matte or a whole number from 1 to 255 or "
    "text that matches ^#[0-9a-fA-F]{6}$, got 'drop'",
    "alpha: 256": "3:8: alpha: expected keep, binary or matte or a whole number from 1 to 255",
    "keep: [icc, gps]": "3:13: keep: expected icc, exif, dpi or xmp, got 'gps'",
    "keep: [icc, icc]": "3:13: keep: 'icc' is listed twice",
    "if_larger: no": "3:12: if_larger: expected write, copy, skip or fail, got 'no'",
    "if_larger: copy\nwriter: [png, gif]\nname: '{stem}'": "5:7: name: variants K16_L2_png and "
    "K16_L2_gif would both write 'picture.png'",
    "name: 3": "3:7: name: expected text, got 3",
    "name: {stem}": "3:7: name: expected text, got a mapping",
    "plugins: ['']": "3:11: plugins: expected text that is not empty, got ''",
    "plugins: [a.py, a.py]": "3:17: plugins: 'a.py' is listed twice",
    "strateg: l2": "3:1: strateg: unknown key 'strateg' (did you mean 'strategy'?)",
    "<<: {k: 3}": "3:1: <<: unknown key '<<'; known: input, output, k, strategy, init,",
    "strategy: l3": "3:11: strategy: unknown strategy 'l3'",
    "space: okleb": "3:8: space: unknown space 'okleb' (did you mean 'oklab'?); known: rgb, oklab",
    "space: [rgb, {name: okleb}]": "3:21: space: unknown space 'okleb' (did you mean 'oklab'?)",
    "strategy: 3": "3:11: strategy: expected the name of a component, or a mapping of its name",
    "strategy: [l2, 3]": "3:16: strategy: expected the name of a component",
    "strategy: {name: 3}": "3:18: strategy: expected the name of a component",
    "measures: {a: 1}": "3:11: measures: expected the name of a component",
    "executor: [threads]": "3:11: executor: expected the name of a component, or a mapping of its "
    "name and options, got a list",
    "strategy: [l1, {name: l1}]": "3:16: strategy: l1 is listed twice: two variants would",
    "writer: [png, {level: 6}]": "3:15: writer: png is listed twice: two variants would",
    "writer: {level: ten}": "3:17: writer.level: expected a whole number from 0 to 9, got 'ten'",
    "writer: {level: '9'}": "3:17: writer.level: expected a whole number from 0 to 9, got '9'",
    "writer: {level: true}": "3:17: writer.level: expected a whole number from 0 to 9, got true",
    "writer: {levle: 9}": "3:10: writer.levle: unknown option 'levle' (did you mean 'level'?); "
    "known: level",
    "writer: {name: gif, level: 9}": "3:21: writer.level: unknown option 'level'; known: none",
    "writer:\n- gif\n- name: png\n  level: 10": "6:10: writer.level: expected a whole number",
    "init: {weights: [1, x]}": "3:21: init.weights: expected a number, got 'x'",
    "init: {grow: 1}": "3:14: init.grow: expected true or false, got 1",
    "init: {order: up}": "3:15: init.order: expected far or near, got 'up'",
    "strategy: lp": "3:11: strategy.p: missing, expected a number above 0",
    "strategy: {name: lp}": "3:11: strategy.p: missing, expected a number above 0",
    "strategy: {name: lp, p: 0}": "3:25: strategy.p: expected a number above 0, got 0",
    "strategy: {name: lp, p: 0.7}": "3:25: strategy.p: p is not a multiple of 0.5",
    "strategy: {name: lp, p: 1, limit: []}": "3:35: strategy.limit: expected a whole number or "
    "text, got an empty list",
    "strategy: {name: lp, p: 1, box: {low: x}}": "3:39: strategy.box.low: expected a whole number",
    "strategy: {name: lp, p: 1, box: {hihg: 1}}": "3:34: strategy.box.hihg: unknown option 'hihg' "
    "(did you mean 'high'?); known: low, high",
    "strategy: {name: lp, p: 1, box: 3}": "3:33: strategy.box: expected a mapping, got 3",
    "executor: {workers: 4}": "3:12: executor.workers: expected 'workers' as a key of the job",
    "executor: {workers: yes}": "3:12: executor.workers: expected 'workers' as a key of the job",
    "strategy: l1\nspace: oklab": "4:8: space: strategy 'l1' does not work in space 'oklab'; it "
    "works in: rgb",
    "measures: [psnr, psnr2]": "3:18: measures: the results have a column 'psnr' already",
    "measures: greedy": "3:11: measures: the results have a column 'loss' already",
    "name: '{stem}_{kk}'": "3:7: name: unknown placeholder {kk} (did you mean 'k'?); known: ",
    "name: '{stem'": "3:7: name: expected '}' before end of string: a placeholder is {stem}",
    "name: '{k:03}'": "3:7: name: expected {k} without ':' or '!'",
    "name: /a/{stem}": "3:7: name: expected a name within the output folder, got an absolute path",
    "name: a/../../{stem}": "3:7: name: expected a name within the output folder, without",
    "name: '{stem}'\nstrategy: [l2, l1]": "3:7: name: variants K16_L2 and K16_L1 would both write "
    "'picture.png': add {variant} to the name",
    "k: 3\nk: 4": "4:1: 'k' is given twice, first on line 3",
}


@pytest.mark.parametrize(("text", "problem"), ONE.items())
def test_a_mistake_is_told_at_its_place(
    text: str, problem: str, registry: Registry, base: Path
) -> None:
    (told,) = problems(HEAD + text, registry, base)
    assert told.startswith(f"job.yaml:{problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("input: nope", "1:8: input: 'nope' does not exist in "),
        ("input: [pictures, nope]", "1:19: input: 'nope' does not exist in "),
        ("input: []", "1:8: input: expected a list of at least 1 entry, got an empty list"),
        ("input: ''", "1:8: input: expected text that is not empty, got ''"),
        ("input: 3", "1:8: input: expected text that is not empty, got 3"),
        ("input: " + "x" * 5000, "1:8: input: "),
        ("k: 3", "1:1: input: missing, expected a file, directory or glob of pictures"),
    ],
)
def test_inputs_that_are_not_there_are_told(
    text: str, problem: str, registry: Registry, base: Path
) -> None:
    (told,) = problems(f"{text}\noutput: out", registry, base)
    assert told.startswith(f"job.yaml:{problem}")


def test_output_is_required_and_not_a_file(registry: Registry, base: Path) -> None:
    told = problems("# why\ninput: pictures", registry, base)
    assert told == ["job.yaml:2:1: output: missing, expected the folder that results go to"]
    (told_file,) = problems("input: pictures\noutput: pictures/a.png", registry, base)
    assert told_file == "job.yaml:2:9: output: expected a folder, but 'pictures/a.png' is a file"
    (told_below,) = problems("input: pictures\noutput: pictures/a.png/b", registry, base)
    assert told_below.endswith("but 'pictures/a.png/b' is below a file")


def test_a_default_that_is_not_installed_is_told(base: Path) -> None:
    told = problems(HEAD, Registry(), base)
    assert "job.yaml:1:1: strategy: unknown strategy 'l2'; known: none" in told


def test_a_default_space_that_a_strategy_does_not_take_is_told_at_the_strategy(
    base: Path,
) -> None:
    class Lab:
        @hookimpl
        def kbatch_components(self) -> Iterable[Spec]:
            return [StrategySpec(name="lab", summary="", factory=NONE, spaces=("oklab",))]

    registry = Registry()
    registry.add(Plugin(), "test")
    registry.add(Lab(), "lab")
    (told,) = problems(HEAD + "strategy: [l2, lab]", registry, base)
    assert told.startswith("job.yaml:3:16: strategy: strategy 'lab' does not work in space 'rgb'")


def test_too_many_variants_are_refused(registry: Registry, base: Path) -> None:
    weights = ", ".join(f"{{weights: [{i}]}}" for i in range(60))
    text = f"k: [{', '.join(map(str, range(1, 201)))}]\ninit: [{weights}]"
    (told,) = problems(HEAD + text, registry, base)
    assert told == "job.yaml:3:4: k: the lists make 12,000 variants, expected up to 10,000"


# ---- several at once ---------------------------------------------------------------------------


def test_five_mistakes_are_told_at_once_by_line(registry: Registry, base: Path) -> None:
    text = (
        "output: out\n"
        "input: nope\n"
        "k: [3, many]\n"
        "strategy: [l2, l3]\n"
        "init:\n"
        "  name: kmeans++\n"
        "  candidates: 99\n"
        "nmae: x\n"
    )
    assert [told.split(": ")[0] for told in problems(text, registry, base)] == [
        "job.yaml:2:8",
        "job.yaml:3:8",
        "job.yaml:4:16",
        "job.yaml:7:15",
        "job.yaml:8:1",
    ]


def test_all_entries_of_a_list_are_checked(registry: Registry, base: Path) -> None:
    told = problems(HEAD + "strategy: [3, l9, {name: lp, p: -1, q: 2}]", registry, base)
    assert [problem.split(": ")[0] for problem in told] == [
        "job.yaml:3:12",
        "job.yaml:3:15",
        "job.yaml:3:33",
        "job.yaml:3:37",
    ]


def test_a_bad_key_hides_no_meaning_elsewhere(registry: Registry, base: Path) -> None:
    text = "input: nope\nk: x\nspace: oklab\nstrategy: [l1, l1]\nname: ../x\nmeasures: greedy"
    told = problems(text, registry, base)
    assert [problem.split(": ")[0] for problem in told] == [
        "job.yaml:1:1",  # no output
        "job.yaml:1:8",
        "job.yaml:2:4",
        "job.yaml:3:8",
        "job.yaml:4:16",
        "job.yaml:5:7",
        "job.yaml:6:11",
    ]


def test_mistakes_on_the_command_line_name_their_option_and_come_last(
    registry: Registry, base: Path
) -> None:
    told = problems(HEAD + "seed: -1", registry, base, "k=many", "init.candidates=0", "kk=1")
    assert told[0].startswith("job.yaml:3:7: seed: ")
    assert sorted(problem.split(": ")[0] for problem in told[1:]) == [
        "--set init.candidates=0",
        "--set k=many",
        "--set kk=1",
    ]


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["l2", "", "x"])
anything = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*Job.model_fields, "x"]), anything))
def test_any_data_is_a_job_or_located_problems(data: dict[str, Any]) -> None:
    registry = Registry()
    registry.add(Plugin(), "test")
    document = parse("a: 1", "job.yaml")
    document.data = data
    try:
        check(document, registry, Path())
    except JobError as error:
        told = list(error.problems)
    else:
        told = []
    assert all(problem.startswith("job.yaml:1:") for problem in told)
    assert told or {"input", "output"} <= data.keys()


# ---- the schema --------------------------------------------------------------------------------

GOOD: list[dict[str, Any]] = [
    {"input": "a", "output": "b"},
    {"input": ["a", "b"], "output": "b", "k": [3, 6], "strategy": ["l2", {"name": "lp", "p": 3}]},
    {"input": "a", "output": "b", "init": {"candidates": 3}, "reports": [], "workers": None},
    {"input": "a", "output": "b", "measures": "psnr", "executor": {"name": "threads"}},
    {"input": "a", "output": "b", "strategy": {"name": "lp", "p": 1, "box": {"low": 3}}},
]
BAD: list[dict[str, Any]] = [
    {"input": "a"},
    {"input": "a", "output": "b", "k": 0},
    {"input": "a", "output": "b", "k": []},
    {"input": "a", "output": "b", "kk": 3},
    {"input": "a", "output": "b", "strategy": "l3"},
    {"input": "a", "output": "b", "strategy": "lp"},
    {"input": "a", "output": "b", "strategy": {"p": 3}},
    {"input": "a", "output": "b", "strategy": {"name": "lp", "p": 1, "box": {"lo": 3}}},
    {"input": "a", "output": "b", "writer": {"name": "gif", "level": 3}},
    {"input": "a", "output": "b", "executor": {"name": "threads", "workers": 3}},
    {"input": "a", "output": "b", "executor": ["threads"]},
]


def test_the_schema_describes_every_key_and_lists_components(registry: Registry) -> None:
    made = schema(registry)
    assert list(made["properties"]) == list(Job.model_fields)
    assert all(part["description"] for part in made["properties"].values())
    assert made["required"] == ["input", "output"]
    assert made["properties"]["strategy"]["default"] == "l2"
    assert made["properties"]["measures"]["default"] == []
    short = [form["const"] for form in made["$defs"]["strategy"]["anyOf"] if "const" in form]
    assert short == ["l2", "l1"]  # lp has an option that must be given


@pytest.mark.parametrize("data", GOOD)
def test_what_the_schema_takes_the_check_takes(
    data: dict[str, Any], registry: Registry, base: Path
) -> None:
    (base / "a").touch()
    (base / "b").mkdir()
    document = parse("x: 1", "job.yaml")
    document.data = data
    assert check(document, registry, base)


def test_the_schema_takes_good_jobs_and_refuses_bad_ones(registry: Registry) -> None:
    jsonschema = importlib.import_module("jsonschema")
    made = schema(registry)
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    assert [list(validator.iter_errors(data)) for data in GOOD] == [[] for _ in GOOD]
    assert [data for data in BAD if validator.is_valid(data)] == []
