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
STRANGE = ("-o.png", "a\tb.png", "K{k}.png", "red\x1b[31m.png", "grün ☃ 日本.png", "[bold].png")
JOBS = ("main", "strange", "few", "logo", "stems", "named", "inside")

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a job of each kind."""
    made = tmp_path_factory.mktemp("run")
    for seed, name in enumerate(NAMES):
        picture(made / "pictures" / name, seed)
    (made / "pictures" / "notes.txt").write_text("no picture")
    job(made, "k: [4, 16]\nstrategy: [l2, l1]\noutput: out/main\n", "main.yaml")

    for seed, name in enumerate(STRANGE):
        picture(made / "strange" / name, seed)
    (made / "strange" / "bad\x1b[2J\n.png").write_text("no picture")
    job(made, "k: 4\ninput: strange\noutput: out/strange\n", "strange.yaml")

    picture(made / "few" / "few.png")
    Image.fromarray(few_colours()).save(made / "few" / "few.png")
    job(made, "k: 64\nstrategy: [l2, l1]\ninput: few\noutput: out/few\n", "few.yaml")

    rgba = np.dstack([pixels(1), np.full((32, 48), 255, np.uint8)])
    rgba[8:16] = 0
    rgba[16:20, :, 3] = 128
    (made / "logo").mkdir()
    Image.fromarray(rgba).save(made / "logo" / "logo.png")
    job(made, "k: 8\ninput: logo\noutput: out/logo\n", "logo.yaml")

    picture(made / "stems" / "a.png", 1)
    picture(made / "stems" / "a.bmp", 2)
    job(made, "k: 4\ninput: stems\noutput: out/stems\n", "stems.yaml")

    template = "{folder}/few/{stem}-{k}-{strategy}"
    job(made, f"k: 4\ninput: pictures\nname: '{template}'\noutput: out/named\n", "named.yaml")

    picture(made / "inside" / "a.png")
    job(made, "k: 4\ninput: inside\noutput: inside/out\n", "inside.yaml")
    return made


def few_colours() -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    made: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]] = (pixels(3) // 128) * 200
    return made


@pytest.fixture(scope="module")
def ended(folder: Path) -> Ended:
    """All those jobs run by one command."""
    return kbatch("run", *(f"{name}.yaml" for name in JOBS), cwd=folder)


@pytest.fixture(scope="module")
def output(folder: Path, ended: Ended) -> Path:
    """Where the results are."""
    assert ended.code in (0, 1)
    return folder / "out"


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A folder with a job of one picture."""
    picture(tmp_path / "pictures" / "a.png")
    job(tmp_path, "k: 4\n")
    return tmp_path


def test_of_several_jobs_the_highest_code_counts_and_all_are_run(
    ended: Ended, folder: Path
) -> None:
    assert ended.code == 1  # a bad picture in the second
    assert (folder / "inside" / "out" / "results.csv").exists()


def test_a_run_says_what_it_did_and_writes_nothing_to_stdout(ended: Ended) -> None:
    assert ended.stdout == b""
    told = [line for line in ended.lines if "4 pictures × 4 variants in" in line]
    assert len(told) == 1
    assert "16 done → out/main/results.csv" in told[0]


def test_a_run_leaves_pictures_results_and_ledger_and_nothing_else(output: Path) -> None:
    stems = ("a", "b", "sub/a", "sub/c")
    wanted = [f"{stem}_{variant}.png" for stem in stems for variant in VARIANTS]
    found = [p.relative_to(output / "main").as_posix() for p in (output / "main").rglob("*.*")]
    assert sorted(found) == sorted([*wanted, "results.csv", "kbatch.sqlite"])
    assert not hidden_in(output)


def test_rows_are_in_plan_order(output: Path) -> None:
    found = [(row["picture"], row["variant"]) for row in rows(output / "main")]
    assert found == [(name, variant) for name in NAMES for variant in VARIANTS]


def test_columns_are_the_fields_of_a_record(output: Path) -> None:
    assert tuple(rows(output / "main")[0]) == RECORD_COLUMNS


def test_outputs_have_at_most_k_colours_and_the_size_of_their_source(
    folder: Path, output: Path
) -> None:
    for row in rows(output / "main"):
        with (
            Image.open(output / "main" / row["output"]) as made,
            Image.open(folder / "pictures" / row["picture"]) as source,
        ):
            assert made.size == source.size
            assert len(made.getcolors() or []) == int(row["k_used"]) <= int(row["k"])


def test_rows_tell_the_truth_about_their_files(folder: Path, output: Path) -> None:
    for row in rows(output / "main"):
        path, source = output / "main" / row["output"], folder / "pictures" / row["picture"]
        assert int(row["bytes_out"]) == path.stat().st_size
        assert int(row["bytes_in"]) == source.stat().st_size
        assert float(row["ratio"]) == pytest.approx(int(row["bytes_in"]) / int(row["bytes_out"]))
        with Image.open(path) as made, Image.open(source) as original:
            before = np.asarray(original.convert("RGB"))
            error = before.astype(np.float64) - np.asarray(made.convert("RGB"))
        assert int(row["colors_in"]) == len(np.unique(before.reshape(-1, 3), axis=0))
        assert float(row["sse"]) == pytest.approx((error**2).sum(axis=2).mean())
        assert float(row["sad"]) == pytest.approx(np.abs(error).sum(axis=2).mean())
        assert float(row["loss"]) == float(row["sse" if row["strategy"] == "l2" else "sad"])


def test_more_colours_lose_less_and_each_strategy_is_the_best_by_its_own_measure(
    output: Path,
) -> None:
    by_key = {(r["picture"], r["variant"]): r for r in rows(output / "main")}
    for name in NAMES:
        few, many = by_key[name, "K4_L2"], by_key[name, "K16_L2"]
        assert float(many["sse"]) < float(few["sse"])
        assert float(few["sse"]) <= float(by_key[name, "K4_L1"]["sse"])
        assert float(by_key[name, "K16_L1"]["sad"]) <= float(many["sad"])


def test_a_picture_with_fewer_colours_than_k_comes_out_unchanged(output: Path) -> None:
    few = few_colours()
    distinct = len(np.unique(few.reshape(-1, 3), axis=0))
    for row in rows(output / "few"):
        assert int(row["k_used"]) == int(row["colors_in"]) == distinct
        assert float(row["loss"]) == 0
        with Image.open(output / "few" / row["output"]) as made:
            assert np.array_equal(np.asarray(made.convert("RGB")), few)


def test_transparency_survives(output: Path) -> None:
    with Image.open(output / "logo" / "logo_K8_L2.png") as made:
        alpha = np.asarray(made.convert("RGBA"))[..., 3]
    assert (alpha[8:16] == 0).all()
    assert (alpha[20:] == 255).all()
    assert ((alpha[16:20] > 0) & (alpha[16:20] < 255)).all()


def test_pictures_that_share_a_stem_both_come_out(output: Path) -> None:
    assert list(pictures_in(output / "stems")) == ["a.bmp_K4_L2.png", "a.png_K4_L2.png"]


def test_the_name_template_names_outputs(output: Path) -> None:
    wanted = ["few/a-4-l2.png", "few/b-4-l2.png", "sub/few/a-4-l2.png", "sub/few/c-4-l2.png"]
    assert list(pictures_in(output / "named")) == wanted


def test_strange_names_come_out_and_cannot_steer_a_terminal(ended: Ended, output: Path) -> None:
    assert "\x1b" not in ended.stderr
    wanted = sorted(name.replace(".png", "_K4_L2.png") for name in STRANGE)
    assert sorted(pictures_in(output / "strange")) == wanted
    told = [row["output"].removeprefix("'") for row in rows(output / "strange") if row["output"]]
    assert sorted(told) == wanted


def test_an_output_within_the_input_is_never_taken_as_input(folder: Path, output: Path) -> None:
    assert output.exists()
    inside = folder / "inside" / "out"
    (inside / "results.csv").unlink()
    assert kbatch("run", "inside.yaml", "--quiet", cwd=folder).code == 0
    assert [row["picture"] for row in rows(inside)] == ["a.png"]


def test_json_is_one_record_a_line_and_nothing_else(folder: Path, output: Path) -> None:
    ended = kbatch("run", "main.yaml", "--json", "--output", "json", cwd=folder)
    assert ended.code == 0
    found = records(ended.out)
    assert len(found) == 16
    assert all(tuple(record) == RECORD_COLUMNS for record in found)
    told = {record["output"]: str(record["sse"]) for record in found}
    assert told == {row["output"]: row["sse"] for row in rows(output / "main")}


def test_output_set_workers_and_plugin_replace_what_the_job_says(one: Path) -> None:
    (one / "elsewhere").mkdir()
    ended = kbatch(
        *("run", "../job.yaml", "--output", "there", "--workers", "1", "--plugin", CHEBYSHEV),
        *("--set", "k=[2,8]", "--set", "strategy=[l2,chebyshev]"),
        *("--set", "writer=[{level: 0}, {name: png, level: 9}]"),
        cwd=one / "elsewhere",
    )
    assert ended.code == 0
    assert not (one / "out").exists()
    found = pictures_in(one / "elsewhere" / "there")
    labels = [f"K{k}_{strategy}" for k in (2, 8) for strategy in ("CHEBYSHEV", "L2")]
    assert sorted(found) == sorted(f"a_{x}_level{n}.png" for x in labels for n in (0, 9))
    assert len(found["a_K8_L2_level9.png"]) < len(found["a_K8_L2_level0.png"])


def test_settings_that_cannot_be_end_with_2_and_each_is_named(one: Path) -> None:
    settings = ("nonsense=1", "k=many", "writer.level=99", "writer.nonsense=1")
    arguments = [word for setting in settings for word in ("--set", setting)]
    ended = kbatch("run", "job.yaml", *arguments, cwd=one)
    assert ended.code == 2
    assert all(f"--set {setting}: " in ended.stderr for setting in settings)
    ended = kbatch("run", "job.yaml", "--set", "nonsense", cwd=one)
    assert ended.code == 2
    assert "--set nonsense: " in ended.stderr
    assert not (one / "out").exists()


def test_a_template_set_without_quotes_works_or_is_told_to_need_them(one: Path) -> None:
    ended = kbatch("check", "job.yaml", "--set", "name={stem}-{k}", cwd=one)
    assert "a-4.png" in ended.out or "quote" in ended.stderr


def test_quiet_says_nothing_when_all_is_done_and_still_names_failures(one: Path) -> None:
    ended = kbatch("run", "job.yaml", "--quiet", cwd=one)
    assert (ended.code, ended.stdout, ended.stderr) == (0, b"", "")
    (one / "pictures" / "bad.png").write_text("no picture")
    ended = kbatch("run", "job.yaml", "--quiet", cwd=one)
    assert ended.code == 1
    assert len(ended.lines) == 1
    assert "bad.png" in ended.stderr


def test_two_jobs_with_one_output_are_refused_and_nothing_is_run(one: Path) -> None:
    job(one, "k: 8\noutput: ./sub/../out\n", "other.yaml")
    ended = kbatch("run", "job.yaml", "other.yaml", cwd=one)
    assert ended.code == 2
    assert str(one / "out") in ended.stderr
    assert kbatch("run", "job.yaml", "job.yaml", cwd=one).code == 2
    assert not (one / "out").exists()


def test_nothing_is_run_when_one_of_several_jobs_is_invalid(one: Path) -> None:
    job(one, "k: 999\noutput: out2\n", "bad.yaml")
    ended = kbatch("run", "job.yaml", "bad.yaml", cwd=one)
    assert ended.code == 2
    assert "bad.yaml:2:4: k" in ended.stderr
    assert not (one / "out").exists()
    assert not (one / "out2").exists()
