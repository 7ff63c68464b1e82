"""Many pictures need no more memory than few, and no more words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from program import environment, job, pictures_in, rows

pytestmark = pytest.mark.usefixtures("kernels")


def run(folder: Path, count: int) -> tuple[int, str]:
    """Runs a job over so many tiny pictures; returns its peak memory in MB and what it said."""
    (folder / "pictures").mkdir(parents=True)
    rng = np.random.default_rng(count)
    for index in range(count):
        tiny = rng.integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(tiny).save(folder / "pictures" / f"{index:05}.bmp")
    job(folder, "k: 2\neffort: fast\nrestarts: 1\ncoarse: 0\nmax_iterations: 2\n")
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "kbatch", "run", "job.yaml"],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert len(rows(folder / "out")) == count
    unit = 1_000_000 if sys.platform == "darwin" else 1000
    return usage.ru_maxrss // unit, (folder / "said").read_text()


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="peak memory is told by wait4")
@pytest.mark.parametrize("many", [3000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_many_pictures_need_the_memory_and_the_words_of_few(tmp_path: Path, many: int) -> None:
    few, _ = run(tmp_path / "few", 200)
    most, said = run(tmp_path / "many", many)
    assert most - few < 100
    assert len(said.splitlines()) < 25
    assert "\r" not in said
    assert "\x1b" not in said
    assert len(pictures_in(tmp_path / "few" / "out")) == 200
