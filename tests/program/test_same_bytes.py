"""The same pictures and job give the same bytes, whoever works on them and how often."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from program import ROOT, TIMEOUT, environment, job, kbatch, picture, pictures_in, rows

from kbatch import quantize

if TYPE_CHECKING:
    from kbatch.api import Pixels

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


# ---- one call after another, beside each other, and on other processors --------------------------


def alike(seed: int) -> Pixels:
    """Returns noise over a gradient, opaque or with alpha, of more colours than a coarse set."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :96]
    plain = np.stack([2 * x, 3 * y, x + y, 255 - x], axis=2)[..., : 3 + seed % 2]
    return (plain + rng.integers(0, 30, plain.shape)).clip(0, 255).astype(np.uint8)


def digest(seed: int, k: int, strategy: str, space: str = "rgb") -> str:
    """Returns what must be the same of one result."""
    import hashlib

    result = quantize(alike(seed), k, strategy, space=space)
    history = result.clustering.history.tobytes()
    made = result.palette.tobytes() + result.indices.tobytes() + history
    return hashlib.sha256(made).hexdigest()


WORK: list[tuple[Any, ...]] = [
    *((seed, k, metric) for seed in (0, 1) for k in (5, 48, 200) for metric in ("l2", "l1")),
    *((0, 20, metric, space) for metric in ("l2", "l1") for space in ("linear", "gray")),
    *((seed, 20, metric, "oklab") for seed in (0, 1) for metric in ("l2", "l1")),
    *((seed, 20, metric, "lab") for seed in (0, 1) for metric in ("l2", "l1")),
]


def digests() -> list[str]:
    """Returns those of all work, one after another."""
    return [digest(*work) for work in WORK]


def vectors() -> list[str]:
    """Returns the kinds of registers that a loop compiled here uses."""
    import numba

    @numba.njit
    def loop(x: Any) -> None:
        for i in range(x.size):
            x[i] = x[i] * x[i] + np.float32(1)

    loop(np.ones(64, np.float32))
    code = "".join(loop.inspect_asm().values())
    return [register for register in ("xmm", "ymm", "zmm") if register in code]


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """The digests of this process."""
    found = digests()
    assert len(set(found)) == len(WORK)
    return found


def test_repeated_calls_give_the_same(expected: list[str]) -> None:
    assert digests() == expected


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_calls_beside_each_other_give_the_same(expected: list[str], threads: int) -> None:
    twice = WORK + WORK[::-1]
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda work: digest(*work), twice))
    assert found == expected + expected[::-1]


@pytest.mark.slow
@pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="these processors are x86-64"
)
@pytest.mark.parametrize(
    ("processor", "registers"),
    [("generic", ["xmm"]), ("haswell", ["xmm", "ymm"]), (None, None)],
)
def test_any_processor_gives_the_same(
    expected: list[str], tmp_path: Path, processor: str | None, registers: list[str] | None
) -> None:
    """Compiled anew for it; without the empty features, Numba adds those of this machine."""
    if processor == "haswell":
        from llvmlite.binding import get_host_cpu_features

        if not get_host_cpu_features().get("avx2"):
            pytest.skip("this processor has no AVX2")
    env = environment({"KBATCH_CACHE_DIR": str(tmp_path)})
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    if processor:
        env |= {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
    code = "import json, test_same_bytes as t; print(json.dumps([t.vectors(), t.digests()]))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, timeout=TIMEOUT, check=True
    )
    used, found = json.loads(done.stdout)
    assert registers in (None, used)
    assert found == expected
    assert list(tmp_path.iterdir()), "compiled here"
