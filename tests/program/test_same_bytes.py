"""The same pictures and job give the same bytes, whoever works on them and how often."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import job, kbatch, picture, pictures_in, rows

pytestmark = pytest.mark.usefixtures("kernels")


def same(output: Path) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """Returns what must be the same: outputs and results.csv but for the seconds."""
    table = rows(output)
    kept = [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in table]
    return pictures_in(output), kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("same")
    for seed in range(9):
        picture(made / "pictures" / f"{seed}.png", seed, 40 + 16 * (seed % 3))
    (made / "pictures" / "bad.png").write_text("no picture")
    job(made, "k: [3, 12]\nstrategy: [l2, l1]\ninit: [kmeans++, random]\nworkers: 1\n")
    assert kbatch("run", "job.yaml", cwd=made).code == 1
    return made


@pytest.mark.parametrize(
    "arguments",
    [("--workers", "2"), ("--workers", "8"), ("--set", "executor=serial")],
    ids=["2 workers", "8 workers", "serial"],
)
def test_bytes_do_not_depend_on_workers_or_executor(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    name = "-".join(arguments)
    assert kbatch("run", "job.yaml", *arguments, "--output", name, cwd=folder).code == 1
    assert same(folder / name) == same(folder / "out")


def test_a_rerun_replaces_its_outputs_by_the_same_bytes(folder: Path) -> None:
    before = same(folder / "out")
    assert len(before[0]) == 9 * 8
    (folder / "out" / "0_K3_L2_random.png").write_bytes(b"damaged")
    assert kbatch("run", "job.yaml", cwd=folder).code == 1
    assert same(folder / "out") == before


def test_bytes_do_not_depend_on_where_the_pictures_are_or_how_many(
    folder: Path, tmp_path: Path
) -> None:
    picture(tmp_path / "deep" / "er" / "7.png", 7, 40 + 16 * (7 % 3))
    file = job(tmp_path, (folder / "job.yaml").read_text().replace("pictures", "deep"))
    assert kbatch("run", file, cwd=tmp_path).code == 0
    few, many = pictures_in(tmp_path / "out"), pictures_in(folder / "out")
    assert {f"er/{n}": data for n, data in many.items() if n.startswith("7_")} == few


def test_another_seed_is_another_search(folder: Path) -> None:
    settings = ("--set", "seed=7", "--set", "effort=plain", "--set", "init=random")
    assert kbatch("run", "job.yaml", *settings, "-o", "seed7", cwd=folder).code == 1
    settings = ("--set", "seed=8", *settings[2:])
    assert kbatch("run", "job.yaml", *settings, "-o", "seed8", cwd=folder).code == 1
    assert pictures_in(folder / "seed7") != pictures_in(folder / "seed8")
