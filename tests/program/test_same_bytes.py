"""The same pictures and job give the same bytes, whoever works on them and how often."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import job, kbatch, picture, pictures_in, rows

JOB = "k: [3, 12]\nstrategy: [l2, l1]\ninit: [kmeans++, random]\noutput: "
WAYS = {
    "one": "workers: 1\n",
    "two": "workers: 2\n",
    "eight": "workers: 8\n",
    "serial": "executor: serial\n",
}
PLAIN = "k: 12\neffort: plain\ninit: random\n"

pytestmark = pytest.mark.usefixtures("kernels")


def same(output: Path) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """Returns what must be the same: outputs and results.csv but for the seconds."""
    table = rows(output)
    kept = [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in table]
    return pictures_in(output), kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of jobs that differ in what must not matter, and of two seeds."""
    made = tmp_path_factory.mktemp("same")
    for seed in range(9):
        picture(made / "pictures" / f"{seed}.png", seed, 40 + 16 * (seed % 3))
    (made / "pictures" / "bad.png").write_text("no picture")
    picture(made / "deep" / "er" / "7.png", 7, 40 + 16 * (7 % 3))
    for name, way in WAYS.items():
        job(made, f"{JOB}{name}\n{way}", f"{name}.yaml")
    job(made, f"input: deep\n{JOB}deeper\n", "deep.yaml")
    for seed in (7, 8):
        job(made, f"{PLAIN}seed: {seed}\noutput: seed{seed}\n", f"seed{seed}.yaml")
    assert kbatch("run", *sorted(p.name for p in made.glob("*.yaml")), cwd=made).code == 1
    return made


@pytest.mark.parametrize("way", list(WAYS)[1:])
def test_bytes_do_not_depend_on_workers_or_executor(folder: Path, way: str) -> None:
    assert same(folder / way) == same(folder / "one")


def test_a_rerun_replaces_its_outputs_by_the_same_bytes(folder: Path) -> None:
    before = same(folder / "one")
    assert len(before[0]) == 9 * 8
    (folder / "one" / "0_K3_L2_random.png").write_bytes(b"damaged")
    assert kbatch("run", "one.yaml", cwd=folder).code == 1
    assert same(folder / "one") == before


def test_bytes_do_not_depend_on_where_a_picture_is_or_on_its_company(folder: Path) -> None:
    alone, many = pictures_in(folder / "deeper"), pictures_in(folder / "one")
    assert {f"er/{name}": data for name, data in many.items() if name.startswith("7_")} == alone


def test_another_seed_is_another_search(folder: Path) -> None:
    assert pictures_in(folder / "seed7") != pictures_in(folder / "seed8")
