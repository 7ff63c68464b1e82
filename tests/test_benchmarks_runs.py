"""The benchmark of whole runs: that it runs, and that its figures are of what it says."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from benchmarks import machine, programs, runs, startup
from kbatch.data import Indexed
from kbatch.errors import PictureError

if TYPE_CHECKING:
    from kbatch.data import U8


def picture(seed: int) -> U8:
    pixels: U8 = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
    return pixels


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(2):
        Image.fromarray(picture(seed)).save(folder / f"noise{seed}.png")
    return folder


@pytest.mark.usefixtures("kernels")
def test_a_run_measures_all_programs_and_writes_its_page(
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "two_cores", lambda: "")  # the tests go on in this process
    output = tmp_path / "deep" / "out"
    arguments = ["--pictures", str(photos), "--copies", "2", "--repeats", "1"]
    assert runs.main([*arguments, "--output", str(output)]) == 0
    shown, page = capsys.readouterr().out, (output / "runs.md").read_text(encoding="utf-8")
    for text in (shown, page):
        assert "4 PNG files" in text
        for name in (programs.OURS, programs.START, programs.FLOOR):
            assert name in text
        assert ("pngquant is skipped" in text) != (f"{programs.FAST}, " in text or "0.55" in text)
    assert not (output / "runs.svg").exists()


def test_a_folder_without_png_files_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "two_cores", lambda: "")
    assert runs.main(["--pictures", str(tmp_path)]) == 2
    assert "--pictures" in capsys.readouterr().err


def test_copies_are_the_same_bytes(photos: Path, tmp_path: Path) -> None:
    files = programs.lay_out(photos, tmp_path / "in", 3)
    assert [file.name for file in files[:4]] == [
        *("noise0-00.png", "noise0-01.png", "noise0-02.png", "noise1-00.png")
    ]
    assert files[5].read_bytes() == (photos / "noise1.png").read_bytes()


def test_turns_alternate_and_the_median_counts() -> None:
    order: list[str] = []
    times = {"a": [5.0, 1.0, 2.0], "b": [3.0, 9.0, 4.0]}

    def call(name: str) -> programs.Call:
        def one() -> float:
            order.append(name)
            return times[name].pop()

        return one

    assert programs.take_turns({"a": call("a"), "b": call("b")}, 3) == {"a": 2.0, "b": 4.0}
    assert "".join(order) == "ababab"


def test_the_error_is_summed_over_channels_and_a_pixel(tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    Image.new("RGB", (3, 2), (10, 20, 255)).save(first)
    Image.new("RGB", (3, 2), (12, 19, 0)).save(second)
    assert runs.sse([first], [second]) == 4 + 1 + 255**2


def test_known_indices_are_read_back(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([1, 2, 3, 4, 5, 6, 7, 8, 9])
    image.save(tmp_path / "a.png")
    indexed = programs.read_indexed(tmp_path / "a.png")
    assert indexed.indices.tolist() == [[[0, 1], [2, 1]]]
    assert indexed.palette.tolist() == [[1, 2, 3, 255], [4, 5, 6, 255], [7, 8, 9, 255]]


def test_a_palette_of_256_entries_is_read_back(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    image.putpalette([value for entry in range(256) for value in (entry, 255 - entry, 7)])
    image.save(tmp_path / "a.png")
    indexed = programs.read_indexed(tmp_path / "a.png")
    assert indexed.palette.tolist() == [[entry, 255 - entry, 7, 255] for entry in range(256)]


def test_the_floor_decodes_as_a_job_does(photos: Path) -> None:
    files = sorted(photos.iterdir())
    indexed = Indexed(np.zeros((1, 20, 30), np.uint8), np.array([[1, 2, 3, 255]], np.uint8))
    assert programs.floor(files, [indexed] * len(files)) > 0
    files[1].write_bytes(files[1].read_bytes()[:100])
    with pytest.raises(PictureError, match=r"noise1\.png is truncated"):
        programs.floor(files, [indexed] * len(files))


# ---- the environment ---------------------------------------------------------------------------


def test_measured_processes_keep_bytecode_in_a_folder_whatever_is_set_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "imported.py").touch()
    settings = machine.environment(tmp_path / "bytecode")
    subprocess.run(
        [sys.executable, "-c", "import imported"], cwd=tmp_path, env=settings, check=True
    )
    (compiled,) = tmp_path.rglob("imported*.pyc")
    assert tmp_path / "bytecode" in compiled.parents


def test_start_up_is_measured_in_that_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import sys; assert sys.pycache_prefix and not sys.dont_write_bytecode"
    assert len(startup.pairs(1, ("-c", code))) == 1


@pytest.mark.usefixtures("kernels")
def test_a_whole_run_is_measured_in_that_environment(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    programs.kbatch(photos, tmp_path / "out")
    assert any((tmp_path / "bytecode").rglob("runner.*.pyc"))


@pytest.mark.parametrize("there", [True, False])
def test_coverage_is_told_of_where_numba_would_import_it(
    *, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "coverage", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [PathFinder])
    if there:
        (tmp_path / "coverage.py").touch()
    assert [line.split()[0] for line in machine.burdens()] == ["coverage"] * there


# ---- tables ------------------------------------------------------------------------------------


def test_parts_sum_to_the_whole(tmp_path: Path) -> None:
    results = tmp_path / "results.csv"
    results.write_text(
        "picture," + ",".join(f"seconds_{verb}" for verb in runs.VERBS) + "\n"
        "a,0.2,0.1,0.4,0.1,0.1,0,0.1\nb,0.2,,0.2,0.1,0.1,0,0.1\n"
    )
    shares = runs.where_time_goes(results, {programs.OURS: 2.0, programs.START: 0.6})
    parts = dict(shares)
    assert parts["start and end"] == pytest.approx(0.3)
    assert parts["load"] == pytest.approx(0.1)
    assert parts["collect"] == pytest.approx(0.025)
    assert sum(parts.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(("ours", "word"), [(1.4, "PASS"), (1.5, "FAIL")])
def test_goals_are_met_up_to_their_limit(ours: float, word: str) -> None:
    seconds = {programs.OURS: ours, programs.START: 0.5, programs.FLOOR: 1.0, programs.FAST: 2.0}
    found = {programs.OURS: (1.0, 60.0), programs.FAST: (3.0, 90.0), programs.BEST: (2.0, 50.0)}
    first, without_start, fast, error, size = runs.goals(seconds, found)
    assert first.startswith(word)
    assert without_start.startswith("PASS")
    assert fast.startswith("FAIL")
    assert error.startswith("FAIL")
    assert size.startswith("PASS")
    assert "NOT MEASURED" in runs.goals(seconds, {programs.OURS: (1.0, 60.0)})[-1]


def test_the_picture_of_where_time_goes_is_the_same_twice(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib draws it")
    for name in ("a.svg", "b.svg"):
        runs.draw([("start and end", 0.005), ("load", 0.006)], tmp_path / name)
    drawn = (tmp_path / "a.svg").read_bytes()
    assert b"start and end" in drawn or b"<path" in drawn
    assert drawn == (tmp_path / "b.svg").read_bytes()


@pytest.mark.usefixtures("kernels")
def test_start_up_of_a_tiny_picture_is_measured_beside_numpy(tmp_path: Path) -> None:
    found = startup.pairs(1, startup.quantize_tiny(tmp_path))
    assert (tmp_path / "tiny_K16_L2.png").exists()
    assert found[0][0] > found[0][1] > 0
    text = startup.report([(0.5, 0.1), (0.61, 0.1), (0.7, 0.1)], "kbatch quantize", 6.0)
    assert text.splitlines()[-1].startswith("FAIL  kbatch quantize takes at most 6 times")
