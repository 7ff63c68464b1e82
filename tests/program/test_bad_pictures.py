"""What can't be read or written costs itself only, and says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image
from program import Ended, hidden_in, job, kbatch, picture, pictures_in, pixels, records, rows

pytestmark = pytest.mark.usefixtures("kernels")

NASTY = Path(__file__).parents[2].parent / "shared" / "images" / "nasty"
BAD = {"cut.jpg": "truncated", "empty.png": "empty", "text.png": "no format that kbatch reads"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bad")
    whole = picture(made / "whole.jpg", 1, 96, 64).read_bytes()
    picture(made / "pictures" / "good.png")
    (made / "pictures" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (made / "pictures" / "empty.png").touch()
    (made / "pictures" / "text.png").write_text("This is no picture, only called one.\n")
    job(made, "k: 4\n")
    return made


@pytest.fixture(scope="module")
def ended(folder: Path) -> Ended:
    return kbatch("run", "job.yaml", cwd=folder)


def test_three_bad_pictures_fail_with_reasons_and_the_good_one_is_done(
    folder: Path, ended: Ended
) -> None:
    assert ended.code == 1
    table = {row["picture"]: row for row in rows(folder / "out")}
    assert {name: row["status"] for name, row in table.items()} == {
        "cut.jpg": "failed",
        "empty.png": "failed",
        "good.png": "done",
        "text.png": "failed",
    }
    for name, reason in BAD.items():
        assert reason in table[name]["error"]
        assert not table[name]["output"]
    assert list(pictures_in(folder / "out")) == ["good_K4_L2.png"]
    assert not hidden_in(folder / "out")


def test_each_failure_is_told_once_with_its_reason(ended: Ended) -> None:
    for name, reason in BAD.items():
        lines = [line for line in ended.lines if name in line]
        assert len(lines) == 1
        assert reason in lines[0]
    assert "1 done, 3 failed" in ended.lines[-1]


def test_a_bad_picture_fails_once_a_variant(folder: Path) -> None:
    ended = kbatch("run", "job.yaml", "--set", "k=[2,4,8]", "-o", "three", "--json", cwd=folder)
    assert ended.code == 1
    failed = [r for r in records(ended.out) if r["status"] == "failed"]
    variants = ["K2_L2", "K4_L2", "K8_L2"]
    told = sorted((r["picture"], r["variant"]) for r in failed)  # they come as they are finished
    assert told == sorted((b, v) for b in BAD for v in variants)
    assert len(pictures_in(folder / "three")) == 3


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read any file"
)
def test_a_file_that_may_not_be_read_costs_only_itself(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.png").chmod(0)
    picture(tmp_path / "pictures" / "b.png")
    job(tmp_path, "k: 4\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 1
    failed, done = rows(tmp_path / "out")
    assert "Permission denied" in failed["error"]
    assert done["status"] == "done"


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Three more jobs with something wrong each, run by one command."""
    made = tmp_path_factory.mktemp("others")
    picture(made / "pictures" / "a.png")
    picture(made / "pictures" / "b.png")
    (made / "taken" / "a_K4_L2.png").mkdir(parents=True)
    job(made, "k: [2, 4]\noutput: taken\n", "taken.yaml")
    picture(made / "links" / "a.png")
    (made / "links" / "gone.png").symlink_to("nowhere.png")
    job(made, "k: 4\ninput: links\noutput: linked\n", "links.yaml")
    picture(made / "sizes" / "a.png", 0, 64, 63)
    picture(made / "sizes" / "b.png", 0, 64, 64)
    job(made, "k: 4\ninput: sizes\noutput: sized\nmax_pixels: 4032\n", "sizes.yaml")
    return made, kbatch("run", "taken.yaml", "links.yaml", "sizes.yaml", cwd=made)


def test_an_output_that_cannot_be_written_costs_only_its_record(
    others: tuple[Path, Ended],
) -> None:
    folder, ended = others
    assert ended.code == 1
    table = rows(folder / "taken")
    assert [row["status"] for row in table] == ["done", "failed", "done", "done"]
    assert "a_K4_L2.png" in table[1]["error"]
    assert "irectory" in table[1]["error"]
    assert not hidden_in(folder / "taken")


def test_a_link_that_leads_nowhere_is_told_of_and_left_out(others: tuple[Path, Ended]) -> None:
    folder, ended = others
    assert any("warning" in line and "gone.png" in line for line in ended.lines)
    assert [row["picture"] for row in rows(folder / "linked")] == ["a.png"]


def test_a_picture_larger_than_the_job_allows_fails_and_names_the_key(
    others: tuple[Path, Ended],
) -> None:
    done, failed = rows(others[0] / "sized")
    assert done["status"] == "done"
    assert "max_pixels" in failed["error"]


def test_what_libraries_write_to_stderr_themselves_is_shown_for_debugging_only(
    tmp_path: Path,
) -> None:
    whole = picture(tmp_path / "whole.tif", 0, 96, 64)
    with Image.open(whole) as image:
        image.save(whole, compression="tiff_lzw")
    data = bytearray(whole.read_bytes())
    data[300:800] = b"\xff" * 500  # codes that libtiff has not in its table
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "bad.tif").write_bytes(data)
    job(tmp_path, "k: 4\n")
    ended = kbatch("run", "job.yaml", cwd=tmp_path)
    assert ended.code == 1
    assert "bad.tif" in ended.stderr
    assert "in table" not in ended.stderr
    assert "in table" in kbatch("run", "job.yaml", "--debug", cwd=tmp_path).stderr


ONE_OR_MANY = """
from kbatch.hookspecs import hookimpl
from kbatch.stages import WriterSpec

class Counts:
    def __init__(self, options): pass
    def write(self, indexed, stream):
        meta = indexed.meta
        stream.write(f"{len(indexed.indices)} {meta.durations} {meta.loop}".encode())

@hookimpl
def kbatch_components():
    about = {"factory": Counts, "summary": "counts frames"}
    return [
        WriterSpec(name="one", suffix=".one", **about),
        WriterSpec(name="many", suffix=".many", frames=True, **about),
    ]
"""


def test_a_writer_that_holds_one_frame_is_given_the_first_and_that_is_told_once(
    tmp_path: Path,
) -> None:
    frames = [Image.fromarray(pixels(seed)).quantize(4) for seed in range(3)]
    (tmp_path / "pictures").mkdir()
    for name in ("a.gif", "b.gif"):
        frames[0].save(
            tmp_path / "pictures" / name,
            save_all=True,
            append_images=frames[1:],
            duration=70,
            loop=0,
        )
    (tmp_path / "writers.py").write_text(ONE_OR_MANY)
    job(tmp_path, "k: 4\nwriter: [one, many]\n")
    ended = kbatch("run", "job.yaml", "--plugin", "writers.py", cwd=tmp_path)
    assert ended.code == 0, ended.stderr
    told = [line for line in ended.lines if "3 frames" in line]
    assert len(told) == 1
    assert "told once" in told[0]
    out = tmp_path / "out"
    found = {path.name: path.read_text() for path in out.iterdir() if "_K4" in path.name}
    assert sorted(found.values()) == ["1 () None"] * 2 + ["3 (70, 70, 70) 0"] * 2
    assert all((text[0] == "1") == name.endswith(".one") for name, text in found.items())
    one, many = (next(r for r in rows(out) if r["output"].endswith(w)) for w in ("one", "many"))
    assert (one["sse"], one["k_used"]) == ("0.0", "4")  # errors are of what is written
    assert float(many["sse"]) > 0
    still = kbatch(
        *("run", "job.yaml", "--plugin", "writers.py", "--set", "frames=first", "-o", "still"),
        cwd=tmp_path,
    )
    assert "frames" not in still.stderr
    written = {path.read_text() for path in (tmp_path / "still").iterdir() if "_K4" in path.name}
    assert written == {"1 () None"}


@pytest.fixture(scope="module")
def oddities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """The folder of oddities in four variants."""
    if not NASTY.is_dir():
        pytest.skip("no folder of broken pictures beside the checkout")
    made = tmp_path_factory.mktemp("oddities")
    job(made, f"input: {NASTY}\nk: [8, 64]\nstrategy: [l2, l1]\n")
    return made / "out", kbatch("run", "job.yaml", cwd=made)


def reasons(output: Path) -> dict[str, str]:
    """Returns the reason of each picture that failed, the same in each variant."""
    failed = [(r["picture"], r["error"]) for r in rows(output) if r["status"] == "failed"]
    assert {failed.count(each) for each in failed} == {4}
    return dict(failed)


@pytest.mark.slow
def test_of_a_folder_of_oddities_only_pictures_ledger_and_results_are_left(
    oddities: tuple[Path, Ended],
) -> None:
    output, ended = oddities
    assert ended.code == 1
    table = rows(output)
    done = {row["output"] for row in table if row["status"] == "done"}
    left = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert left == done | {"kbatch.sqlite", "results.csv"}
    assert done == set(pictures_in(output))
    assert len(done) == len(table) - 4 * len(reasons(output))
    assert len(reasons(output)) < 40 < 4 * 280 < len(table)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Pillow, at damaged files
def test_of_a_folder_of_oddities_all_that_pillow_decodes_is_done(
    oddities: tuple[Path, Ended],
) -> None:
    undecoded = (OSError, SyntaxError, TypeError, Image.DecompressionBombError)
    for name in reasons(oddities[0]):
        with pytest.raises(undecoded), Image.open(NASTY / name) as image:  # noqa: PT012
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                image.load()


REASONS = {  # of oddities, by what their names tell
    "badbitcount": "of a kind that can't be decoded: Unsupported BMP pixel depth",
    "badwidth": "raise max_pixels in the job",
    "broken.png": "is damaged: broken PNG file",
    "chunk_no_fctl": "is damaged: APNG contains frame sequence errors",
    "bomb.gif": "is larger than Pillow decodes",
    "bomb.ico": "is larger than Pillow decodes",
    "bomb_extents": "in frame 2; take the first frame by frames: first",
    "negative_size": "in no format that kbatch reads",
    "no_cursors": "No cursors were found",
    "not_enough_data": "is truncated: Not enough data",
    "p_8.tga": "of a kind that can't be decoded",
    "truncated": "is truncated: ",
    "unknown_mode": "of a kind that can't be decoded",
    "unknown_pixel_mode": "of a kind that can't be decoded",
    "zero_width": "its header has no valid size",
    # of PngSuite: no such kind or depth, no pixels, bad checksums and signatures
    "xc1": "its header has no valid size or kind of pixels",
    "xc9": "its header has no valid size or kind of pixels",
    "xd0": "its header has no valid size or kind of pixels",
    "xd3": "its header has no valid size or kind of pixels",
    "xd9": "its header has no valid size or kind of pixels",
    "xdt": "it has no pixel data",
    "xhd": "bad header checksum",
    "xcr": "nearly as a PNG does",
    "xlf": "nearly as a PNG does",
    "xs1": "nearly as a PNG does",
    "xs2": "in no format that kbatch reads",
    "xs4": "in no format that kbatch reads",
    "xs7": "nearly as a PNG does",
}


@pytest.mark.slow
def test_oddities_fail_for_what_is_wrong_with_them(oddities: tuple[Path, Ended]) -> None:
    found = reasons(oddities[0])
    for part, reason in REASONS.items():
        told = [error for name, error in found.items() if part in name]
        assert told, part
        assert all(reason in error for error in told), told
    assert all(error.startswith(("is ", "needs ")) for error in found.values())
    assert not any("failed:" in error for error in found.values())
