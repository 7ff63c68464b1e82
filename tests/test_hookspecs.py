"""Every hook is documented, has an example that works, and takes part in a run."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import kbatch
from kbatch import hookimpl, hookspecs, plan, runner
from kbatch.data import Plan, Record, Summary
from kbatch.job import Job
from kbatch.registry import Registry
from kbatch.stages import STAGES, ReportSpec, Spec, StrategySpec

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("kbatch_"))
EACH_HOOK = pytest.mark.parametrize("hook", HOOKS)
PAGE = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")


def examples(text: str) -> list[str]:
    return [textwrap.dedent(found) for found in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]


def plain_job(folder: Path) -> dict[str, Any]:
    (folder / "one.ppm").write_bytes(b"P6 2 2 255 " + bytes(range(12)))
    return {"input": str(folder / "one.ppm"), "output": str(folder / "out")}


# ---- documentation -------------------------------------------------------------------------------


@EACH_HOOK
def test_each_hook_has_a_docstring_with_its_arguments_and_an_example(hook: str) -> None:
    specified = getattr(hookspecs, hook)
    text = specified.__doc__
    assert len(examples(text)) == 1
    assert f"def {hook}(" in examples(text)[0]
    arguments = specified.__code__.co_varnames[: specified.__code__.co_argcount]
    assert all(re.search(rf"^ *{argument}: ", text, re.MULTILINE) for argument in arguments)


@EACH_HOOK
def test_each_hooks_example_is_a_plugin_that_loads(hook: str) -> None:
    names = {"kbatch": kbatch, "StrategySpec": StrategySpec}
    exec(examples(getattr(hookspecs, hook).__doc__)[0], names)
    registry = Registry()
    registry.add(SimpleNamespace(**{hook: names[hook]}), "example")
    assert [provider for provider, _ in registry.observers(hook)] == ["example"]


@EACH_HOOK
def test_each_hook_is_on_the_page_on_plugins_with_its_arguments(hook: str) -> None:
    code = getattr(hookspecs, hook).__code__
    arguments = ", ".join(code.co_varnames[: code.co_argcount])
    assert f"`{hook}({arguments})`" in PAGE


@pytest.mark.parametrize("spec", STAGES, ids=lambda spec: spec.stage)
def test_each_stage_is_on_the_page_on_plugins_with_what_its_spec_adds(spec: type[Spec]) -> None:
    [row] = [line for line in PAGE.splitlines() if f"`{spec.__name__}`" in line]
    assert row.startswith(f"| {spec.stage}, ")
    added = spec.__dataclass_fields__.keys() - Spec.__dataclass_fields__.keys()
    assert all(f"`{field}`" in row.split("|")[2] for field in added)


def test_the_pages_examples_of_plugins_work_in_a_job(tmp_path: Path) -> None:
    files = []
    for place, source in enumerate(examples(PAGE)):
        if "@hookimpl" in source:
            files.append(tmp_path / f"example{place}.py")
            files[-1].write_text(source, encoding="utf-8")
    assert len(files) == 2
    measures = [{"name": "worst", "alpha": False}]
    [record] = kbatch.run_job(plain_job(tmp_path) | {"k": 2, "measures": measures}, plugins=files)
    assert record.measures == {"worst": 2.0}  # two colours 3 apart became their mean, rounded


# ---- a run ---------------------------------------------------------------------------------------


class Witness:
    """Implements every hook, and notes what it was told."""

    def __init__(self, output: Path) -> None:
        self.told: list[tuple[str, Any]] = []
        self.output = output

    @hookimpl
    def kbatch_components(self) -> Iterable[Spec]:
        self.told.append(("kbatch_components", None))
        return [ReportSpec(name="witness", summary="", factory="dict")]

    @hookimpl
    def kbatch_job_started(self, job: Job, plan: Plan) -> None:
        assert plan.job is job
        self.told.append(("kbatch_job_started", len(plan.sources)))

    @hookimpl
    def kbatch_record(self, record: Record) -> None:
        assert (self.output / str(record.output)).exists()
        self.told.append(("kbatch_record", record.variant))

    @hookimpl
    def kbatch_job_finished(self, summary: Summary) -> None:
        assert (self.output / "results.csv").exists()
        self.told.append(("kbatch_job_finished", summary.done))


@pytest.mark.usefixtures("kernels")
def test_every_hook_is_called_in_a_run_when_what_it_tells_of_is_on_disk(tmp_path: Path) -> None:
    made, registry = plan.make(plain_job(tmp_path) | {"k": [2, 3]})
    witness = Witness(made.output)
    registry.add(witness, "witness")
    summary = runner.run(made, registry)
    assert summary.problems == ()
    assert witness.told == [
        ("kbatch_components", None),
        ("kbatch_job_started", 1),
        ("kbatch_record", "K2_L2"),
        ("kbatch_record", "K3_L2"),
        ("kbatch_job_finished", 2),
    ]
    assert {hook for hook, _ in witness.told} == set(HOOKS)
    assert registry.find("report", "witness") is not None
