"""The plugins that come along, in jobs: what works, and what fails on purpose."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kbatch import core, plan, runner
from kbatch.data import Record, Search, Summary
from kbatch.errors import JobError, PluginError
from kbatch.ledger import Ledger
from kbatch.registry import Registry, discover
from kbatch.testing import check_strategy, random_colors, random_points

if TYPE_CHECKING:
    from kbatch.data import F32, F64

PLUGINS = Path(__file__).parents[1] / "plugins"
CHEBYSHEV, FAULTS = PLUGINS / "chebyshev.py", PLUGINS / "faults.py"

pytestmark = pytest.mark.usefixtures("kernels")


@dataclass
class Ended:
    """How a job ended: its summary, and its records by stem and variant."""

    summary: Summary
    records: dict[tuple[str, str], Record]

    def error(self, picture: str, variant: str) -> str | None:
        return self.records[picture, variant].error


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a job on files of given texts, and looks that nothing is lost or left over."""

    def run(files: dict[str, str], **keys: Any) -> Ended:
        folder = tmp_path / "pictures"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        job = {"input": str(folder), "output": str(tmp_path / "out"), "k": 4, "effort": "fast"}
        made, registry = plan.make(job | keys, plugins=[FAULTS], workers=2)
        summary = runner.run(made, registry)
        with Ledger.open(made.output) as ledger:
            records = list(ledger)
        labels = [variant.label for variant in made.variants]
        expected = [(name, label) for name in sorted(files) for label in labels]
        assert [(record.picture, record.variant) for record in records] == expected
        if "csv" in keys.get("reports", ["csv"]):
            rows = csv.DictReader((made.output / "results.csv").read_text().splitlines())
            assert [(row["picture"], row["variant"]) for row in rows] == expected
        counts = [record.status for record in records]
        assert summary.done == counts.count("done")
        assert summary.failed == counts.count("failed")
        assert not summary.interrupted
        left = {path.relative_to(made.output).as_posix() for path in made.output.rglob("*")}
        outputs = {record.output for record in records if record.status == "done"}
        assert left == {"kbatch.sqlite", *outputs, *summary.reports}
        by_stem = {(Path(r.picture).stem, r.variant): r for r in records}
        return Ended(summary, by_stem)

    return run


# ---- chebyshev -----------------------------------------------------------------------------------


def test_a_strategy_in_one_file_takes_at_most_30_lines() -> None:
    assert len(CHEBYSHEV.read_text().splitlines()) <= 30


def test_chebyshev_keeps_the_contract_of_a_strategy() -> None:
    check_strategy(discover([CHEBYSHEV]).build("strategy", "chebyshev"))


def test_chebyshevs_update_has_the_smallest_largest_distance() -> None:
    strategy = discover([CHEBYSHEV]).build("strategy", "chebyshev")
    points = random_points(np.random.default_rng(1), 200)
    middle = strategy.update(points.x, points.weight, points.x[0])
    largest = strategy.distance(points.x, middle).max()
    assert largest == np.ptp(points.x, axis=0).max() / 2
    assert all(largest <= strategy.distance(points.x, other).max() for other in points.x)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("coarse", "swaps", "iterates"), [(0, 0, 2), (0, 3, 1), (128, 3, 1)])
def test_chebyshev_clusters_a_picture_and_its_loss_never_rises(
    coarse: int, swaps: int, iterates: int, channels: int
) -> None:
    registry = discover([CHEBYSHEV])
    colors = random_colors(np.random.default_rng(2), 3000, channels=channels)
    clustering = core.cluster(
        core.Placed(colors, registry.build("space", "rgb")),
        12,
        registry.build("strategy", "chebyshev"),
        registry.build("init", "kmeans++"),
        search=Search(2, swaps, 1, coarse=coarse, tolerance=0, max_iterations=50),
        seed=0,
    )
    assert len(clustering.palette) == 12
    assert len(clustering.history) >= iterates
    assert (np.diff(clustering.history) <= 0).all()


def test_a_job_may_name_a_plugin_file_when_it_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "one.ppm").write_bytes(b"P6 2 2 255 " + bytes(range(12)))
    (tmp_path / "mine.py").write_text(CHEBYSHEV.read_text())
    job = tmp_path / "job.yaml"
    job.write_text("input: one.ppm\noutput: out\nstrategy: chebyshev\nplugins: mine.py\n")
    with pytest.raises(JobError, match="--trust-plugins") as caught:
        plan.make(job)
    assert "job.yaml:4:" in str(caught.value)
    made, registry = plan.make(job, trust=True)
    assert runner.run(made, registry).done == 1
    assert made.plugins == (tmp_path / "mine.py",)


def test_a_plugin_file_that_a_job_does_not_trust_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "one.ppm").write_bytes(b"P6 2 2 255 " + bytes(range(12)))
    (tmp_path / "evil.py").write_text(
        f"from pathlib import Path\nPath({str(tmp_path / 'was-run')!r}).touch()\n"
    )
    (tmp_path / "job.yaml").write_text("input: one.ppm\noutput: out\nplugins: [evil.py]\n")
    with pytest.raises(JobError):
        plan.make(tmp_path / "job.yaml")
    assert not (tmp_path / "was-run").exists()
    with pytest.raises(PluginError):  # it registers nothing
        plan.make(tmp_path / "job.yaml", trust=True)
    assert (tmp_path / "was-run").exists()


# ---- faults in a picture -------------------------------------------------------------------------


def test_a_loader_that_fails_costs_its_picture_and_tells_why(run: Run) -> None:
    ended = run(
        {
            "a.fault": "ok",
            "b.fault": "picture-error is upside down",
            "c.fault": "raise ValueError no such thing",
            "d.fault": "raise MemoryError",
            "e.fault": "sleep 0.01",
        }
    )
    assert (ended.summary.done, ended.summary.failed) == (2, 3)
    assert ended.error("b", "K4_L2") == "is upside down"
    assert ended.error("c", "K4_L2") == "load failed: ValueError: no such thing"
    assert "load failed: MemoryError" in str(ended.error("d", "K4_L2"))
    assert ended.records["a", "K4_L2"].status == ended.records["e", "K4_L2"].status == "done"


def test_a_loader_that_ends_the_program_costs_its_picture_only(run: Run) -> None:
    ended = run({"a.fault": "raise SystemExit 1", "b.fault": "ok"})
    assert (ended.summary.done, ended.summary.failed) == (1, 1)
    assert "SystemExit" in str(ended.error("a", "K4_L2"))


@pytest.mark.parametrize(
    ("axis", "faulty", "variant", "reason"),
    [
        ("strategy", "fault-update", "K4_FAULT-UPDATE", "cluster failed: RuntimeError: on purpose"),
        ("strategy", "fault-nan", "K4_FAULT-NAN", "cluster failed: ValueError: .*distance.*"),
        ("init", "fault-init", "K4_L2_fault-init", "cluster failed: RuntimeError: on purpose"),
        ("dither", "fault-dither", "K4_L2_fault-dither", "render failed: RuntimeError: on purpose"),
        ("writer", "fault-write", "K4_L2_fault-write", "write failed: RuntimeError: on purpose"),
        (
            "writer",
            {"name": "fault-write", "kind": "full"},
            "K4_L2_fault-write",
            "can't write: No space left on device",
        ),
        (
            "writer",
            {"name": "fault-write", "kind": "nothing"},
            "K4_L2_fault-write",
            "write failed: ValueError: .* nothing",
        ),
    ],
)
def test_a_component_that_fails_costs_its_variant_and_tells_which_verb(
    axis: str, faulty: Any, variant: str, reason: str, run: Run
) -> None:
    sound = {"strategy": "l2", "init": "random", "dither": "none", "writer": "png"}[axis]
    ended = run({"a.fault": "ok", "b.fault": "ok"}, **{axis: [sound, faulty]})
    assert (ended.summary.done, ended.summary.failed) == (2, 2)
    for picture in "ab":
        record = ended.records[picture, variant]
        assert record.status == "failed"
        assert (record.output, record.bytes_out, record.loss) == (None, None, None)
        assert re.fullmatch(reason, str(record.error))


def test_a_measure_that_fails_costs_the_pictures_it_fails_for(run: Run) -> None:
    narrow = "P3 2 1 255 " + "1 2 3 " + "4 5 6"
    measure = {"name": "fault-measure", "wider_than": 31}
    ended = run({"a.fault": "ok", "b.ppm": narrow}, measures=[measure])
    assert ended.error("a", "K4_L2") == "measure failed: RuntimeError: on purpose"
    assert ended.records["b", "K4_L2"].measures == {"entries": 2}


# ---- faults beside the pictures ------------------------------------------------------------------


def test_a_report_that_fails_is_a_problem_and_the_others_are_made(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    ended = run({"a.fault": "ok"}, reports=["fault-report", "csv"])
    assert ended.summary.done == 1
    assert ended.summary.reports == ("results.csv",)
    assert ended.summary.problems == ("report 'fault-report' failed: on purpose",)
    assert caplog.messages == list(ended.summary.problems)


@pytest.mark.parametrize("hook", ["job_started", "record", "job_finished"])
def test_an_observer_that_fails_is_a_problem_told_once_and_stops_nothing(
    hook: str, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KBATCH_FAULT_OBSERVER", hook)
    ended = run({"a.fault": "ok", "b.fault": "ok"})
    assert ended.summary.done == 2
    [problem] = ended.summary.problems
    assert str(FAULTS) in problem
    assert f"kbatch_{hook} failed: RuntimeError: on purpose" in problem
    assert caplog.messages == [problem]


# ---- strategies that do odd things ---------------------------------------------------------------


class Far:
    """Finds every colour equally far from every center, itself too."""

    def __init__(self) -> None:
        self.calls = 0

    def distance(self, x: F32, center: F32) -> F32:
        self.calls += 1
        assert self.calls < 10_000, "this would never end"
        return self.cost(x, center)

    def cost(self, x: F32, center: F32) -> F32:
        return np.ones(len(x), np.float32)

    def update(self, x: F32, weight: F64, center: F32) -> F32:
        return center


class Worse(Far):
    """Moves centers away from their points."""

    def cost(self, x: F32, center: F32) -> F32:
        largest: F32 = np.abs(x - center).max(axis=1)
        return largest

    def update(self, x: F32, weight: F64, center: F32) -> F32:
        moved: F32 = center + np.float32(100)
        return moved


@pytest.mark.parametrize("factory", [Far, Worse])
@pytest.mark.parametrize("coarse", [0, 128])
def test_a_strategy_that_makes_no_progress_ends_with_a_palette(
    factory: type[Far], coarse: int, registry: Registry
) -> None:
    colors = random_colors(np.random.default_rng(3), 500)
    clustering = core.cluster(
        core.Placed(colors, registry.build("space", "rgb")),
        8,
        factory(),
        registry.build("init", "random"),
        search=Search(2, 3, 1, coarse=coarse, tolerance=0, max_iterations=1000),
        seed=0,
    )
    assert 1 <= len(clustering.palette) <= 8
    assert (np.diff(clustering.history) <= 0).all()
