"""`kbatch quantize`: single pictures, beside their sources or where they are told to go."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from program import CHEBYSHEV, job, kbatch, picture, pictures_in, pixels

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture(tmp_path / "photo.jpg")
    return tmp_path


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_result_is_beside_its_source_and_nothing_is_replaced_unless_forced(folder: Path) -> None:
    ended = kbatch("quantize", "photo.jpg", cwd=folder)
    assert (ended.code, ended.stdout) == (0, b"")
    assert "photo_K16_L2.png" in ended.stderr
    assert names_in(folder) == {"photo.jpg", "photo_K16_L2.png"}
    (folder / "photo_K16_L2.png").write_text("mine")
    ended = kbatch("quantize", "photo.jpg", cwd=folder)
    assert ended.code != 0
    assert "--force" in ended.stderr
    assert (folder / "photo_K16_L2.png").read_text() == "mine"
    assert kbatch("quantize", "photo.jpg", "--force", cwd=folder).code == 0
    assert list(pictures_in(folder)) == ["photo_K16_L2.png"]


def test_one_bad_picture_of_several_costs_only_itself(folder: Path) -> None:
    picture(folder / "other.webp", 1)
    (folder / "bad.png").write_text("no picture")
    inputs = ("photo.jpg", "bad.png", "missing.png", ".", "other.webp")
    ended = kbatch("quantize", *inputs, "-k", "4", "-o", "few/", cwd=folder)
    assert ended.code == 1
    assert sorted(pictures_in(folder / "few")) == ["other_K4_L2.png", "photo_K4_L2.png"]
    errors = [line for line in ended.lines if line.startswith("error")]
    assert len(errors) == 3
    assert all(name in line for name, line in zip(inputs[1:4], errors, strict=True))


def test_every_format_and_alpha_go_to_a_folder_that_is_there(tmp_path: Path) -> None:
    for suffix in ("png", "jpg", "webp", "bmp", "gif", "tif"):
        picture(tmp_path / f"{suffix}.{suffix}")
    rgba = np.dstack([pixels(2), np.repeat(np.arange(32, dtype=np.uint8)[:, None] * 8, 48, 1)])
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    Image.fromarray(pixels(2)[..., 0]).save(tmp_path / "grey.png")
    inputs = sorted(names_in(tmp_path))
    (tmp_path / "few").mkdir()
    ended = kbatch("quantize", *inputs, "-k", "12", "--strategy", "l1", "-o", "few", cwd=tmp_path)
    assert ended.code == 0
    made = pictures_in(tmp_path / "few")
    assert sorted(made) == sorted(f"{Path(name).stem}_K12_L1.png" for name in inputs)
    for data in made.values():
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (48, 32)
            assert len(image.getcolors() or []) <= 12
    with Image.open(tmp_path / "few" / "rgba_K12_L1.png") as image:
        assert len(np.unique(np.asarray(image.convert("RGBA"))[..., 3])) > 2


def test_inputs_that_would_have_one_name_do_not_replace_each_other(folder: Path) -> None:
    picture(folder / "deep" / "photo.png", 5)
    ended = kbatch("quantize", "photo.jpg", "deep/photo.png", "--force", "-o", "few/", cwd=folder)
    assert ended.code == 1
    assert len(pictures_in(folder / "few")) == 1
    assert "few/photo_K16_L2.png" in ended.stderr


def test_standard_input_to_standard_output_is_the_same_bytes_as_a_file(folder: Path) -> None:
    assert kbatch("quantize", "photo.jpg", "-k", "8", "-o", "photo8.png", cwd=folder).code == 0
    data = (folder / "photo8.png").read_bytes()
    ended = kbatch(
        "quantize", "-", "-k", "8", cwd=folder, stdin=(folder / "photo.jpg").read_bytes()
    )
    assert (ended.code, ended.stdout) == (0, data)
    assert "standard output" in ended.stderr
    ended = kbatch("quantize", "photo.jpg", "-k", "8", "-o", "-", "--quiet", cwd=folder)
    assert (ended.code, ended.stdout, ended.stderr) == (0, data, "")
    assert names_in(folder) == {"photo.jpg", "photo8.png"}


def test_standard_input_that_is_no_picture_is_called_so(folder: Path) -> None:
    ended = kbatch("quantize", "-", cwd=folder, stdin=b"no picture")
    assert (ended.code, ended.stdout) == (1, b"")
    assert "standard input" in ended.stderr


def test_several_pictures_cannot_go_to_one_file(folder: Path) -> None:
    picture(folder / "other.png", 1)
    (folder / "file.png").write_text("mine")
    for target in ("-", "file.png"):
        ended = kbatch("quantize", "photo.jpg", "other.png", "-o", target, cwd=folder)
        assert ended.code == 2
        assert ended.stdout == b""
        assert target in ended.stderr
    assert names_in(folder) == {"photo.jpg", "other.png", "file.png"}


def test_several_pictures_do_not_make_a_folder_that_is_called_like_a_picture(folder: Path) -> None:
    picture(folder / "other.png", 1)
    assert kbatch("quantize", "photo.jpg", "other.png", "-o", "new.png", cwd=folder).code == 2
    assert names_in(folder) == {"photo.jpg", "other.png"}


def test_a_name_that_promises_another_format_is_refused_or_told_of(folder: Path) -> None:
    ended = kbatch("quantize", "photo.jpg", "-o", "few.jpg", cwd=folder)
    assert ended.code == 2 or "PNG" in ended.stderr


def test_arguments_that_cannot_be_end_with_2_and_each_is_named(folder: Path) -> None:
    wrong = ("-k", "300", "--strategy", "l3", "--effort", "enormous", "--seed", "-1")
    ended = kbatch("quantize", "photo.jpg", *wrong, cwd=folder)
    assert ended.code == 2
    named = ("k: expected a whole number from 1 to 256", "known: l2, l1", "balanced", "seed: ")
    assert len(ended.lines) == len(named)
    assert all(text in ended.stderr for text in named)
    ended = kbatch("quantize", "photo.jpg", "-k", "many", cwd=folder)
    assert ended.code == 2
    assert "-k" in ended.stderr
    assert names_in(folder) == {"photo.jpg"}


def test_the_bytes_are_those_of_a_job_with_the_same_settings(folder: Path) -> None:
    picture(folder / "pictures" / "a.png", 4)
    job(folder, "k: 6\nstrategy: l1\ninit: random\neffort: fast\nseed: 5\n")
    assert kbatch("run", "job.yaml", cwd=folder).code == 0
    settings = ("-k", "6", "--strategy", "l1", "--init", "random", "--effort", "fast")
    ended = kbatch("quantize", "pictures/a.png", *settings, "--seed", "5", "-o", "-", cwd=folder)
    assert ended.stdout == pictures_in(folder / "out")["a_K6_L1.png"]


def test_the_writer_decides_the_suffix_and_original_follows_the_picture(folder: Path) -> None:
    picture(folder / "drawing.gif", 1)
    ended = kbatch("quantize", "photo.jpg", "-k", "4", "--writer", "webp", cwd=folder)
    assert ended.code == 0
    with Image.open(folder / "photo_K4_L2.webp") as image:
        assert image.format == "WEBP"
    inputs = ("photo.jpg", "drawing.gif")
    ended = kbatch("quantize", *inputs, "-k", "4", "--writer", "original", "-o", "few/", cwd=folder)
    assert ended.code == 0
    assert names_in(folder / "few") == {"photo_K4_L2.png", "drawing_K4_L2.gif"}
    with Image.open(folder / "few" / "drawing_K4_L2.gif") as image:
        assert image.format == "GIF"
    ended = kbatch("quantize", "photo.jpg", "--writer", "webp", "-o", "few.png", cwd=folder)
    assert ended.code == 2
    assert ".webp" in ended.stderr


def test_the_format_of_standard_input_cannot_be_original(folder: Path) -> None:
    data = (folder / "photo.jpg").read_bytes()
    ended = kbatch("quantize", "-", "--writer", "original", cwd=folder, stdin=data)
    assert (ended.code, ended.stdout) == (2, b"")
    assert "writer: 'original' is the format of a file" in ended.stderr


@pytest.mark.parametrize(
    ("given", "job_value"), [("keep", "keep"), ("200", "200"), ("#336699", '"#336699"')]
)
def test_alpha_order_and_icc_are_those_of_a_job(tmp_path: Path, given: str, job_value: str) -> None:
    rgba = np.dstack([pixels(2), np.repeat(np.arange(32, dtype=np.uint8)[:, None] * 8, 48, 1)])
    (tmp_path / "pictures").mkdir()
    Image.fromarray(rgba).save(tmp_path / "pictures" / "a.png")
    job(tmp_path, f"k: 6\nalpha: {job_value}\norder: count\nicc: ignore\n")
    assert kbatch("run", "job.yaml", cwd=tmp_path).code == 0
    settings = ("-k", "6", "--alpha", given, "--order", "count", "--icc", "ignore", "-o", "-")
    ended = kbatch("quantize", "pictures/a.png", *settings, cwd=tmp_path)
    assert ended.stdout == pictures_in(tmp_path / "out")["a_K6_L2.png"]
    ended = kbatch("quantize", "pictures/a.png", "--alpha", "300", "--icc", "drop", cwd=tmp_path)
    assert ended.code == 2
    assert "alpha: expected" in ended.stderr
    assert "icc: expected" in ended.stderr


def test_what_is_kept_beside_the_pixels_can_be_said(folder: Path) -> None:
    with Image.open(folder / "photo.jpg") as image:
        exif = image.getexif()
        exif[0x010F] = "a camera"
        image.save(folder / "photo.jpg", exif=exif, dpi=(300, 300))
    for keep, kept in (((), (None, True)), (("--keep", "exif"), ("a camera", False))):
        ended = kbatch("quantize", "photo.jpg", *keep, "--force", "-o", "a.png", cwd=folder)
        assert ended.code == 0
        with Image.open(folder / "a.png") as image:
            assert (image.getexif().get(0x010F), "dpi" in image.info) == kept


def test_a_single_file_plugin_brings_its_components(folder: Path) -> None:
    settings = ("-k", "4", "--strategy", "chebyshev")
    ended = kbatch("quantize", "photo.jpg", *settings, "--plugin", CHEBYSHEV, cwd=folder)
    assert ended.code == 0
    assert list(pictures_in(folder)) == ["photo_K4_CHEBYSHEV.png"]
    assert kbatch("quantize", "photo.jpg", *settings, cwd=folder).code == 2
    ended = kbatch("quantize", "photo.jpg", "--plugin", "missing.py", cwd=folder)
    assert ended.code == 3
    assert "missing.py" in ended.stderr
