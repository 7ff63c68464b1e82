"""Measures in a whole run: their columns in the reports, and what they don't import."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from program import job, kbatch, pixels, rows

pytestmark = pytest.mark.usefixtures("kernels")

MEASURED = """
import sys, kbatch
measures = ["mse", "psnr", "max_error", "ssim", "ms_ssim", "delta_e", "entropy"]
kbatch.run_job({"input": "a.png", "output": "out", "k": 4, "measures": measures})
print(*(name for name in sys.modules if name.startswith("scipy")))
"""
ONLY_NUMBA = "import sys, numba; print(*(name for name in sys.modules if name.startswith('scipy')))"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a still, an animation, a tiny picture and one of few colours."""
    made = tmp_path_factory.mktemp("measures")
    (made / "in").mkdir()
    Image.fromarray(pixels(1)).save(made / "in" / "still.png")
    Image.fromarray(pixels(1)[:5, :5]).save(made / "in" / "tiny.png")
    Image.fromarray(pixels(1) // 200 * 255).save(made / "in" / "few.png")
    frames = [Image.fromarray(pixels(seed)) for seed in range(3)]
    frames[0].save(made / "in" / "moving.png", save_all=True, append_images=frames[1:])
    job(made, "input: in\nk: 8\nmeasures: [psnr, ssim, delta_e]\nreports: [csv, json]\n")
    ended = kbatch("run", "job.yaml", cwd=made)
    assert ended.code == 0, ended.stderr
    return made / "out"


def test_columns_stand_last_in_the_order_of_the_job(out: Path) -> None:
    columns = list(rows(out)[0])
    at = columns.index("seconds_save") + 1
    assert set(columns[at:]) == {
        *("psnr", "psnr_worst", "ssim", "ssim_worst"),
        *("delta_e", "delta_e_worst", "delta_e_p95"),
    }
    assert [name for name in columns[at:] if "_" not in name] == ["psnr", "ssim"]


def test_csv_and_json_tell_the_same(out: Path) -> None:
    told = json.loads((out / "results.json").read_text(encoding="utf-8"))
    table = rows(out)
    assert len(table) == len(told) == 4
    for row, record in zip(table, told, strict=True):
        for name in ("psnr", "psnr_worst", "ssim", "delta_e", "delta_e_p95"):
            number = float(row[name] or "nan")
            assert record.get(name) == (number if math.isfinite(number) else None)


def test_numbers_are_those_of_the_files(out: Path) -> None:
    (row,) = [row for row in rows(out) if row["picture"] == "still.png"]
    made = np.asarray(Image.open(out / row["output"]).convert("RGB"), float)
    mse = ((made - pixels(1)) ** 2).mean()
    assert float(row["psnr"]) == pytest.approx(10 * math.log10(255**2 / mse), rel=1e-5)
    assert 3 * mse == pytest.approx(float(row["sse"]))
    assert 0 < float(row["ssim"]) < 1
    assert 0 < float(row["delta_e"]) < float(row["delta_e_p95"])


def test_only_animations_have_a_worst_frame(out: Path) -> None:
    for row in rows(out):
        worst = {name: row[name] for name in ("psnr_worst", "ssim_worst", "delta_e_worst")}
        if row["picture"] == "moving.png":
            assert float(worst["psnr_worst"]) < float(row["psnr"])
            assert float(worst["ssim_worst"]) < float(row["ssim"])
            assert float(worst["delta_e_worst"]) > float(row["delta_e"])
        else:
            assert set(worst.values()) == {""}


def test_a_perfect_result_is_infinite_and_what_isnt_known_is_empty(out: Path) -> None:
    table = {row["picture"]: row for row in rows(out)}
    assert (table["few.png"]["psnr"], table["few.png"]["ssim"]) == ("inf", "1.0")
    assert table["few.png"]["delta_e"] == table["few.png"]["delta_e_p95"] == "0.0"
    assert table["tiny.png"]["ssim"] == ""
    assert float(table["tiny.png"]["psnr"]) > 0


def test_measures_import_no_more_of_scipy_than_numba_alone(tmp_path: Path) -> None:
    Image.fromarray(pixels(1)).save(tmp_path / "a.png")
    subprocess.run([sys.executable, "-c", MEASURED], cwd=tmp_path, check=True)  # it is warm now
    numba, measured = (
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.split()
        for code in (ONLY_NUMBA, MEASURED)
    )
    assert measured == numba
