"""What a job says of its outputs: formats, alpha, what stands beside the pixels, larger results."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from program import hidden_in, job, kbatch, picture, pixels, rows

pytestmark = pytest.mark.usefixtures("kernels")


LOADER = """
import numpy as np

from kbatch import hookimpl
from kbatch.data import Meta, Picture
from kbatch.stages import LoaderSpec


class Frames:
    def __init__(self, options):
        pass

    def load(self, stream, name):
        meta = Meta(dpi=(300, 300), xmp=b"<x/>", durations=(40, 50, 60), loop=2)
        return Picture(np.load(stream), meta)


@hookimpl
def kbatch_components():
    return [LoaderSpec(name="frames", summary="arrays", factory=Frames, suffixes=(".npy",))]
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a picture that only grows, and one that shrinks."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (40, 40), np.uint8)
    Image.fromarray(noise).save(folder / "noise.JPG", quality=1)
    picture(folder / "sky.png", 1, 200, 200)
    return tmp_path


def test_a_larger_result_is_written_all_the_same_by_default(small: Path) -> None:
    job(small, "k: 64\n")
    assert kbatch("run", "job.yaml", cwd=small).code == 0
    noise, _ = rows(small / "out")
    assert noise["status"] == "done"
    assert int(noise["bytes_out"]) > int(noise["bytes_in"])


def test_a_source_is_copied_under_its_own_suffix(small: Path) -> None:
    job(small, "k: 64\nif_larger: copy\n")
    ended = kbatch("run", "job.yaml", cwd=small)
    assert ended.code == 0
    assert "1 done, 1 kept" in ended.stderr
    noise, sky = rows(small / "out")
    assert (noise["status"], noise["output"], noise["error"]) == ("kept", "noise_K64_L2.JPG", "")
    copied = small / "out" / "noise_K64_L2.JPG"
    assert copied.read_bytes() == (small / "pictures" / "noise.JPG").read_bytes()
    assert noise["bytes_out"] == noise["bytes_in"] == str(copied.stat().st_size)
    assert float(noise["ratio"]) == 1
    assert (noise["sse"], noise["k_used"]) == ("", "")
    assert (sky["status"], sky["output"]) == ("done", "sky_K64_L2.png")
    assert not hidden_in(small / "out")


def test_a_larger_result_is_skipped(small: Path) -> None:
    job(small, "k: 64\nif_larger: skip\n")
    assert kbatch("run", "job.yaml", cwd=small).code == 0
    noise, sky = rows(small / "out")
    assert (noise["status"], noise["output"], noise["bytes_out"]) == ("kept", "", "")
    assert sky["status"] == "done"
    assert {path.name for path in (small / "out").iterdir()} == {
        "sky_K64_L2.png",
        "results.csv",
        "kbatch.sqlite",
    }


def test_a_larger_result_fails(small: Path) -> None:
    job(small, "k: 64\nif_larger: fail\n")
    ended = kbatch("run", "job.yaml", cwd=small)
    assert ended.code == 1
    noise, sky = rows(small / "out")
    assert noise["status"] == "failed"
    assert noise["error"].startswith("the result has ")
    assert f"more than the source ({noise['bytes_in'] or ''}" in noise["error"]
    assert sky["status"] == "done"


def test_a_copy_may_not_replace_its_source(small: Path) -> None:
    job(small, "k: 64\nif_larger: copy\nwriter: gif\nname: '{stem}'\ninput: pictures/sky.png\n")
    ended = kbatch("run", "job.yaml", "-o", "pictures", cwd=small)
    assert ended.code == 2
    assert "is one of the pictures and would be replaced" in ended.stderr


def test_each_writer_gets_as_much_alpha_as_it_holds(tmp_path: Path) -> None:
    rgba = np.dstack([pixels(1), np.full((32, 48), 255, np.uint8)])
    rgba[:8, :, 3] = 0
    rgba[8:16, :, 3] = 100
    rgba[16:20, :, 3] = 200
    (tmp_path / "pictures").mkdir()
    Image.fromarray(rgba).save(tmp_path / "pictures" / "a.png")
    job(tmp_path, "k: 32\nwriter: [png, webp, gif, bmp]\nalpha: keep\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 0
    found = {}
    counted = [float(row["seconds_collect"]) > 0 for row in rows(tmp_path / "out")]
    assert counted == [True, False, True, True]  # png and webp share their work
    for row in rows(tmp_path / "out"):
        with Image.open(tmp_path / "out" / row["output"]) as image:
            found[row["output"].rpartition(".")[2]] = np.asarray(image.convert("RGBA")).astype(int)
    assert np.array_equal(found["png"], found["webp"])
    assert found["png"][..., 3].max(axis=1).tolist()[:20:8] == [0, 100, 200]
    assert found["gif"][..., 3].min(axis=1).tolist() == [0] * 16 + [255] * 16
    assert found["bmp"][:8].min() == 255  # white
    expected = (rgba[8:16, :, :3].astype(int) * 100 + 255 * 155) / 255
    assert np.abs(found["bmp"][8:16, :, :3] - expected).mean() < 8


def test_animations_go_out_whole_or_their_first_frame(tmp_path: Path) -> None:
    frames = np.stack([pixels(seed, 20, 10) // 100 * 100 for seed in range(3)])
    (tmp_path / "pictures").mkdir()
    for name in ("a", "b"):
        np.save(tmp_path / "pictures" / f"{name}.npy", frames)
    (tmp_path / "frames.py").write_text(LOADER)
    job(tmp_path, "k: 64\nwriter: [png, gif, webp, tiff, bmp]\nkeep: xmp\n")
    ended = kbatch("run", "job.yaml", "--plugin", "frames.py", cwd=tmp_path)
    assert ended.code == 0
    told = [line for line in ended.lines if "has 3 frames: a writer that holds one" in line]
    assert len(told) == 1
    for row in rows(tmp_path / "out"):
        with Image.open(tmp_path / "out" / row["output"]) as image:
            found = [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(image)]
            expected = frames[:1] if row["output"].endswith("bmp") else frames
            assert np.array_equal(np.stack(found), expected), row["output"]
            assert image.info.get("dpi", (0, 0))[0] < 299  # BMP tells 96 where nothing is told
            assert ("xmp" in image.info) == row["output"].endswith(("png", "webp", "tif"))
            assert image.info.get("loop") == {"gif": 1, "png": 2, "webp": 2}.get(
                row["output"][-4:].strip(".")
            )


def test_pictures_stay_in_their_own_format(tmp_path: Path) -> None:
    for number, name in enumerate(("a.gif", "b.webp", "c.bmp", "d.tiff", "e.jpg", "f.png")):
        picture(tmp_path / "pictures" / name, number)
    job(tmp_path, "k: 8\nwriter: [{name: original, level: 9}, webp]\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 0
    found = [Path(row["output"]).name for row in rows(tmp_path / "out")]
    assert found[::2] == [
        f"{stem}_K8_L2_original.{suffix}"
        for stem, suffix in zip("abcdef", ("gif", "webp", "bmp", "tif", "png", "png"), strict=True)
    ]
    for own, webp in zip(found[::2], found[1::2], strict=True):
        with Image.open(tmp_path / "out" / own) as one, Image.open(tmp_path / "out" / webp) as two:
            assert np.array_equal(np.asarray(one.convert("RGB")), np.asarray(two.convert("RGB")))


def test_few_colours_come_out_as_they_were_in_every_format_that_can(tmp_path: Path) -> None:
    ramp = np.repeat(np.arange(16, dtype=np.uint8) * 17, 4)[None].repeat(5, axis=0)
    (tmp_path / "pictures").mkdir()
    Image.fromarray(ramp).save(tmp_path / "pictures" / "ramp.png")
    job(tmp_path, "k: 64\nwriter: [png, gif, webp, tiff, bmp]\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 0
    with (tmp_path / "out" / "results.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            assert row["k_used"] == "16"
            assert float(row["sse"]) == 0
            with Image.open(tmp_path / "out" / row["output"]) as image:
                assert np.array_equal(np.asarray(image.convert("L")), ramp)
