"""The plugin as users have it: installed, in jobs that the command line runs."""

from __future__ import annotations

import ast
import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from heif_files import decoded, heif, pixels
from PIL import Image

PACKAGE = Path(__file__).parents[1] / "kbatch_heif"
ALLOWED = {"kbatch", *(f"kbatch.{room}" for room in ("stages", "data", "images"))}


def kbatch(*arguments: str, cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a command; never lets one leave a traceback."""
    paths = os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(
        [sys.executable, "-m", "kbatch", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": paths, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a HEIC, one without a suffix, one of three frames, and a PNG; and a job."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "photo.heic").write_bytes(heif(pixels()))
    (pictures / "nameless").write_bytes(heif(pixels(1, 4)))
    (pictures / "burst.HEIF").write_bytes(heif(pixels(2), pixels(3), pixels(4)))
    Image.fromarray(pixels(5)).save(pictures / "other.png")
    (tmp_path / "job.yaml").write_text("input: pictures\noutput: out\nk: 8\n")
    return tmp_path


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "out" / "results.csv").open(newline="", encoding="utf-8") as stream:
        return {row["picture"]: row for row in csv.DictReader(stream)}


def test_pictures_of_a_folder_are_taken_without_a_word_in_the_job(folder: Path) -> None:
    done = kbatch("run", "job.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert set(rows(folder)) == {"burst.HEIF", "nameless", "other.png", "photo.heic"}
    with Image.open(folder / "out" / "burst_K8_L2.png") as image:
        assert getattr(image, "n_frames", 1) == 3
    with Image.open(folder / "out" / "photo_K8_L2.png") as image:
        assert image.size == (75, 50)


def test_what_a_file_holds_decides_and_not_its_name(folder: Path) -> None:
    (folder / "pictures" / "photo.heic").rename(folder / "pictures" / "photo.jpg")
    (folder / "pictures" / "other.png").rename(folder / "pictures" / "other.heic")
    Image.fromarray(pixels(6)).save(folder / "pictures" / "av1.avif")
    data = bytearray((folder / "pictures" / "av1.avif").read_bytes())
    data[8:12] = b"mif1"  # as some programs do; what it is compatible with still tells
    (folder / "pictures" / "av1.avif").write_bytes(data)
    done = kbatch("run", "job.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert len(rows(folder)) == 5


def test_a_bad_file_costs_only_itself(folder: Path) -> None:
    data = (folder / "pictures" / "photo.heic").read_bytes()
    (folder / "pictures" / "photo.heic").write_bytes(data[:-50])
    (folder / "pictures" / "text.heic").write_text("this is no picture at all")
    done = kbatch("run", "job.yaml", "--set", "max_pixels=4000", cwd=folder)
    assert done.returncode == 1
    errors = {name: row["error"] for name, row in rows(folder).items() if row["error"]}
    assert set(errors) == {"burst.HEIF", "photo.heic", "text.heic"}
    assert "max_pixels (4,000)" in errors["burst.HEIF"]
    assert "truncated" in errors["photo.heic"]
    assert "no HEIF" in errors["text.heic"]


def test_results_are_written_and_read_again(folder: Path) -> None:
    writer = "writer={name: heif, lossless: true}"
    done = kbatch("run", "job.yaml", "--set", writer, cwd=folder)
    assert done.returncode == 0, done.stderr
    kbatch("run", "job.yaml", "-o", "png", cwd=folder)
    for name, frames in (("photo", 1), ("nameless", 1), ("burst", 3), ("other", 1)):
        made = decoded((folder / "out" / f"{name}_K8_L2.heic").read_bytes())
        assert len(made) == frames
        with Image.open(folder / "png" / f"{name}_K8_L2.png") as image:
            for index, frame in enumerate(made):
                image.seek(index)
                mode = "RGBA" if frame.shape[2] == 4 else "RGB"
                assert np.array_equal(frame, np.asarray(image.convert(mode)))


def test_mistakes_in_options_are_told_with_their_line(folder: Path) -> None:
    (folder / "job.yaml").write_text(
        "input: pictures\noutput: out\nwriter:\n  name: heif\n  quality: 101\n"
    )
    done = kbatch("check", "job.yaml", cwd=folder)
    assert done.returncode == 2
    assert "job.yaml:5:12: writer.quality: expected" in done.stderr


def test_a_missing_encoder_is_told_before_the_first_picture(folder: Path) -> None:
    site = folder / "site"
    site.mkdir()
    (site / "pillow_heif.py").write_text(
        "def libheif_info():\n    return {'HEIF': '', 'encoders': {}}\n"
    )
    (folder / "job.yaml").write_text("input: pictures\noutput: out\nwriter: [png, heif]\n")
    done = kbatch("check", "job.yaml", cwd=folder, path=str(site))
    assert done.returncode == 2
    assert "job.yaml:3:15: writer: " in done.stderr
    assert "no HEVC encoder" in done.stderr
    done = kbatch("check", "job.yaml", "--set", "writer=original", cwd=folder, path=str(site))
    assert done.returncode == 0, done.stderr


def test_the_plugin_is_listed_without_importing_what_is_heavy() -> None:
    code = (
        "import sys\n"
        "from kbatch.registry import discover\n"
        "registry = discover(named=['heif'])\n"
        "print('heif' in registry.names('loader'), 'heif' in registry.names('writer'))\n"
        "print([name for name in ('numpy', 'PIL', 'pillow_heif') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["True True", "[]"]


def test_it_uses_only_what_a_plugin_may() -> None:
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("kbatch."):
                assert node.module in ALLOWED


def test_the_encoder_that_is_tested_is_there() -> None:
    assert pillow_heif.libheif_info()["HEIF"]


def test_single_pictures_are_read_and_written_and_original_is_a_png(folder: Path) -> None:
    settings = ("quantize", "pictures/photo.heic", "-k", "8", "-o", "few/", "--writer")
    for writer in ("heif", "original"):
        done = kbatch(*settings, writer, cwd=folder)
        assert done.returncode == 0, done.stderr
    made = {path.name: path.read_bytes() for path in (folder / "few").iterdir()}
    assert set(made) == {"photo_K8_L2.heic", "photo_K8_L2.png"}
    assert decoded(made["photo_K8_L2.heic"])[0].shape == (50, 75, 3)
    assert made["photo_K8_L2.png"].startswith(b"\x89PNG")
