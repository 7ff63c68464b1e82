"""`kbatch run`: pictures in, pictures and a table out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from program import (
    CHEBYSHEV,
    Ended,
    hidden_in,
    job,
    kbatch,
    picture,
    pictures_in,
    pixels,
    records,
    rows,
)

from kbatch.data import RECORD_COLUMNS

NAMES = ("a.png", "b.bmp", "sub/a.jpg", "sub/c.webp")
VARIANTS = ("K4_L2", "K4_L1", "K16_L2", "K16_L1")

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("run")
    for seed, name in enumerate(NAMES):
        picture(made / "pictures" / name, seed)
    (made / "pictures" / "notes.txt").write_text("no picture")
    job(made, "k: [4, 16]\nstrategy: [l2, l1]\n")
    return made


@pytest.fixture(scope="module")
def ended(folder: Path) -> Ended:
    return kbatch("run", "job.yaml", cwd=folder)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A folder with a job of one picture."""
    picture(tmp_path / "pictures" / "a.png")
    job(tmp_path, "k: 4\n")
    return tmp_path


def test_a_run_ends_with_0_and_nothing_on_stdout(ended: Ended) -> None:
    assert (ended.code, ended.stdout) == (0, b"")
    assert "4 pictures × 4 variants" in ended.lines[-1]
    assert "16 done → out/results.csv" in ended.lines[-1]


def test_a_run_leaves_pictures_results_and_ledger_and_nothing_else(
    folder: Path, ended: Ended
) -> None:
    assert ended.code == 0
    stems = ("a", "b", "sub/a", "sub/c")
    wanted = [f"{stem}_{variant}.png" for stem in stems for variant in VARIANTS]
    found = [p.relative_to(folder / "out").as_posix() for p in (folder / "out").rglob("*.*")]
    assert sorted(found) == sorted([*wanted, "results.csv", "kbatch.sqlite"])
    assert not hidden_in(folder)


def test_rows_are_in_plan_order(folder: Path, ended: Ended) -> None:
    assert ended.code == 0
    found = [(row["picture"], row["variant"]) for row in rows(folder / "out")]
    assert found == [(name, variant) for name in NAMES for variant in VARIANTS]


def test_columns_are_the_fields_of_a_record(folder: Path, ended: Ended) -> None:
    assert ended.code == 0
    assert tuple(rows(folder / "out")[0]) == RECORD_COLUMNS


def test_outputs_have_at_most_k_colours_and_the_size_of_their_source(
    folder: Path, ended: Ended
) -> None:
    assert ended.code == 0
    for row in rows(folder / "out"):
        with (
            Image.open(folder / "out" / row["output"]) as made,
            Image.open(folder / "pictures" / row["picture"]) as source,
        ):
            assert made.size == source.size
            assert len(made.getcolors() or []) <= int(row["k"])


def test_rows_tell_the_truth_about_their_files(folder: Path, ended: Ended) -> None:
    assert ended.code == 0
    for row in rows(folder / "out"):
        output, source = folder / "out" / row["output"], folder / "pictures" / row["picture"]
        assert int(row["bytes_out"]) == output.stat().st_size
        assert int(row["bytes_in"]) == source.stat().st_size
        assert float(row["ratio"]) == pytest.approx(int(row["bytes_in"]) / int(row["bytes_out"]))
        with Image.open(output) as made, Image.open(source) as original:
            error = np.subtract(made.convert("RGB"), original.convert("RGB"), dtype=np.float64)
        assert float(row["sse"]) == pytest.approx((error**2).sum(axis=2).mean())
        assert float(row["sad"]) == pytest.approx(np.abs(error).sum(axis=2).mean())
        assert float(row["loss"]) == float(row["sse" if row["strategy"] == "l2" else "sad"])


def test_the_name_template_names_outputs(one: Path) -> None:
    template = "name={folder}/few/{stem}-{k}-{strategy}"
    assert kbatch("run", "job.yaml", "--set", template, cwd=one).code == 0
    assert list(pictures_in(one / "out")) == ["few/a-4-l2.png"]


def test_output_replaces_the_jobs_and_is_relative_to_the_working_directory(one: Path) -> None:
    (one / "elsewhere").mkdir()
    ended = kbatch("run", "../job.yaml", "--output", "there", cwd=one / "elsewhere")
    assert ended.code == 0
    assert list(pictures_in(one / "elsewhere" / "there")) == ["a_K4_L2.png"]
    assert not (one / "out").exists()


def test_set_replaces_keys_lists_and_options(one: Path) -> None:
    settings = ("--set", "k=[4,8]", "--set", "writer.level=0", "--workers", "1")
    assert kbatch("run", "job.yaml", *settings, cwd=one).code == 0
    stored = pictures_in(one / "out")
    assert list(stored) == ["a_K4_L2.png", "a_K8_L2.png"]
    assert kbatch("run", "job.yaml", "--set", "writer.level=9", "-o", "small", cwd=one).code == 0
    assert len(pictures_in(one / "small")["a_K4_L2.png"]) < len(stored["a_K4_L2.png"])


@pytest.mark.parametrize(
    "setting", ["nonsense", "nonsense=1", "k=many", "writer.level=99", "writer.nonsense=1", "=3"]
)
def test_a_setting_that_cannot_be_ends_with_2_and_is_named(one: Path, setting: str) -> None:
    ended = kbatch("run", "job.yaml", "--set", setting, cwd=one)
    assert ended.code == 2
    assert f"--set {setting}" in ended.stderr
    assert not (one / "out").exists()


def test_plugin_loads_a_file(one: Path) -> None:
    arguments = ("--set", "strategy=chebyshev", "--plugin", CHEBYSHEV)
    assert kbatch("run", "job.yaml", *arguments, cwd=one).code == 0
    assert list(pictures_in(one / "out")) == ["a_K4_CHEBYSHEV.png"]
    assert rows(one / "out")[0]["strategy"] == "chebyshev"


def test_json_is_one_record_a_line_and_nothing_else(folder: Path) -> None:
    ended = kbatch("run", "job.yaml", "--json", "--output", "json", cwd=folder)
    assert ended.code == 0
    found = records(ended.out)
    assert len(found) == len(ended.out.splitlines()) == 16
    assert all(tuple(record) == RECORD_COLUMNS for record in found)
    table = rows(folder / "json")
    assert {r["output"]: str(r["sse"]) for r in found} == {r["output"]: r["sse"] for r in table}


def test_quiet_says_nothing_when_all_is_done(one: Path) -> None:
    ended = kbatch("run", "job.yaml", "--quiet", cwd=one)
    assert (ended.code, ended.stdout, ended.stderr) == (0, b"", "")


def test_quiet_still_names_failures(one: Path) -> None:
    (one / "pictures" / "bad.png").write_text("no picture")
    ended = kbatch("run", "job.yaml", "--quiet", cwd=one)
    assert ended.code == 1
    assert len(ended.lines) == 1
    assert "bad.png" in ended.stderr


def test_of_several_jobs_the_highest_code_counts_and_all_are_run(one: Path) -> None:
    picture(one / "worse" / "good.png")
    (one / "worse" / "bad.png").write_text("no picture")
    job(one, "k: 4\ninput: worse\noutput: out2\n", "worse.yaml")
    job(one, "k: 4\noutput: out3\n", "third.yaml")
    ended = kbatch("run", "worse.yaml", "job.yaml", "third.yaml", cwd=one)
    assert ended.code == 1
    assert [row["status"] for row in rows(one / "out2")] == ["failed", "done"]
    assert list(pictures_in(one / "out")) == list(pictures_in(one / "out3")) == ["a_K4_L2.png"]


def test_two_jobs_with_one_output_are_refused(one: Path) -> None:
    job(one, "k: 8\noutput: ./sub/../out\n", "other.yaml")
    ended = kbatch("run", "job.yaml", "other.yaml", cwd=one)
    assert ended.code == 2
    assert str(one / "out") in ended.stderr
    assert not (one / "out").exists()


def test_the_same_job_twice_is_refused(one: Path) -> None:
    assert kbatch("run", "job.yaml", "job.yaml", cwd=one).code == 2
    assert not (one / "out").exists()


def test_nothing_is_run_when_one_of_several_jobs_is_invalid(one: Path) -> None:
    job(one, "k: 999\noutput: out2\n", "bad.yaml")
    ended = kbatch("run", "job.yaml", "bad.yaml", cwd=one)
    assert ended.code == 2
    assert "bad.yaml:2:4: k" in ended.stderr
    assert not (one / "out").exists()
    assert not (one / "out2").exists()


def test_a_picture_with_fewer_colours_than_k_comes_out_unchanged(tmp_path: Path) -> None:
    few = (pixels(3) // 128) * 200
    (tmp_path / "pictures").mkdir()
    Image.fromarray(few).save(tmp_path / "pictures" / "few.png")
    job(tmp_path, "k: 64\nstrategy: [l2, l1]\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 0
    distinct = len(np.unique(few.reshape(-1, 3), axis=0))
    for row in rows(tmp_path / "out"):
        assert int(row["k_used"]) == int(row["colors_in"]) == distinct
        assert float(row["loss"]) == 0
        with Image.open(tmp_path / "out" / row["output"]) as made:
            assert np.array_equal(np.asarray(made.convert("RGB")), few)


def test_transparency_survives(tmp_path: Path) -> None:
    rgba = np.dstack([pixels(1), np.full((32, 48), 255, np.uint8)])
    rgba[8:16] = 0
    rgba[16:20, :, 3] = 128
    (tmp_path / "pictures").mkdir()
    Image.fromarray(rgba).save(tmp_path / "pictures" / "logo.png")
    job(tmp_path, "k: 8\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 0
    with Image.open(tmp_path / "out" / "logo_K8_L2.png") as made:
        alpha = np.asarray(made.convert("RGBA"))[..., 3]
    assert (alpha[8:16] == 0).all()
    assert (alpha[20:] == 255).all()
    assert len(np.unique(alpha)) > 2


def test_two_pictures_that_share_a_stem_both_come_out(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.png", 1)
    picture(tmp_path / "pictures" / "a.bmp", 2)
    job(tmp_path, "k: 4\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 0
    assert list(pictures_in(tmp_path / "out")) == ["a.bmp_K4_L2.png", "a.png_K4_L2.png"]


def test_strange_names_go_through_and_cannot_steer_a_terminal(tmp_path: Path) -> None:
    names = ("-o.png", "a\tb.png", "K{k}.png", "red\x1b[31m.png", "grün ☃ 日本.png", "[bold].png")
    for seed, name in enumerate(names):
        picture(tmp_path / "pictures" / name, seed)
    (tmp_path / "pictures" / "bad\x1b[2J\n.png").write_text("no picture")
    job(tmp_path, "k: 4\n")
    ended = kbatch("run", "job.yaml", cwd=tmp_path)
    assert ended.code == 1
    assert "\x1b" not in ended.stderr
    done = [row["output"].removeprefix("'") for row in rows(tmp_path / "out") if row["output"]]
    assert sorted(done) == sorted(name.replace(".png", "_K4_L2.png") for name in names)
    assert sorted(pictures_in(tmp_path / "out")) == sorted(done)


def test_an_output_within_the_input_is_never_taken_as_input(one: Path) -> None:
    job(one, "k: 4\ninput: .\noutput: out\n")
    for _ in range(2):
        assert kbatch("run", "job.yaml", cwd=one).code == 0
        assert [row["picture"] for row in rows(one / "out")] == ["pictures/a.png"]
