"""What reports are made from: previews, palettes and loss curves of real runs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kbatch import images, plan, runner
from kbatch.data import RECORD_COLUMNS, Picture, Record
from kbatch.ledger import Ledger
from kbatch.registry import discover

pytestmark = pytest.mark.usefixtures("kernels")

PLUGIN = """
from kbatch import hookimpl
from kbatch.stages import ReportSpec

class Gallery:
    def __init__(self, options):
        pass

    def write(self, results, folder):
        for record in results:
            name = f"{results.facts['pictures']}/{record.position}.webp"
            if preview := results.preview(record):
                with folder.open(name) as stream:
                    stream.write(preview)

@hookimpl
def kbatch_components():
    return [ReportSpec(name="gallery", summary="", factory=Gallery, previews=True)]
"""


def ramp(width: int, height: int, channels: int = 3) -> Any:
    y, x = np.mgrid[:height, :width]
    planes = [
        x * 255 // max(width - 1, 1),
        y * 255 // max(height - 1, 1),
        (x + y) % 256,
        255 - x % 200,
    ]
    return np.stack(planes[:channels], axis=2).astype(np.uint8)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=["WEBP"])
    image.load()
    return image


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs a job on three pictures, one of which is broken, and returns its output."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(ramp(640, 400)).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"broken")
    Image.fromarray(ramp(20, 30, 4)).save(folder / "c.png")
    (tmp_path / "gallery.py").write_text(PLUGIN)

    def run(**keys: Any) -> Path:
        job = {"input": str(folder), "output": str(tmp_path / "out"), "effort": "fast", "k": [3, 5]}
        made, registry = plan.make(job | keys, plugins=[tmp_path / "gallery.py"], workers=2)
        summary = runner.run(made, registry)
        assert not summary.problems
        return made.output

    return run


def kept(output: Path) -> list[tuple[Record, bytes | None]]:
    with Ledger.open(output) as ledger:
        return [(record, ledger.preview(record)) for record in ledger]


def test_previews_are_made_only_where_a_report_wants_them(run: Any) -> None:
    assert not any(preview for _, preview in kept(run(reports=["csv", "json"])))
    assert not any(preview for _, preview in kept(run(reports=[])))
    found = {record.picture: preview for record, preview in kept(run(reports=["csv", "gallery"]))}
    assert {name: bool(preview) for name, preview in found.items()} == {
        "a.png": True,
        "b.png": False,
        "c.png": True,
    }


def test_a_report_gets_facts_and_previews_also_days_later(run: Any, tmp_path: Path) -> None:
    output = run(reports=["gallery"])
    made = {path.name: path.read_bytes() for path in (output / "3").iterdir()}
    assert sorted(made) == ["0.webp", "1.webp", "4.webp", "5.webp"]
    assert made["0.webp"] == made["1.webp"]
    assert opened(made["0.webp"]).size == (320, 200)
    assert opened(made["4.webp"]).size == (20, 30)
    for path in [*(output / "3").iterdir(), *(tmp_path / "pictures").iterdir()]:
        path.unlink()
    output = output.rename(tmp_path / "moved")
    files, problems = runner.report(output, discover([tmp_path / "gallery.py"]))
    assert not problems
    assert {path: (output / path).read_bytes() for path in files} == {
        f"3/{name}": data for name, data in made.items()
    }


def test_palettes_counts_and_losses_are_kept_in_the_order_of_the_file(run: Any) -> None:
    output = run(order="hue", fixed=["#ff000080"], k=4)
    for record, _ in kept(output):
        if record.status == "failed":
            assert (record.palette, record.counts, record.history) == ((), (), ())
            continue
        assert record.output is not None
        with Image.open(output / record.output) as image:
            listed = np.array(image.getpalette("RGBA")).reshape(-1, 4)
            alpha = image.info["transparency"]
            listed[: len(alpha), 3] = np.frombuffer(alpha, np.uint8)
            counts = np.bincount(np.asarray(image).reshape(-1), minlength=len(record.palette))
        assert len(record.palette) == record.k_used
        rows = [bytes(row).hex() for row in listed.astype(np.uint8)]
        hexes = ["#" + (row[:6] if row.endswith("ff") else row) for row in rows]
        assert list(record.palette) == hexes[: len(record.palette)]
        assert "#ff000080" in record.palette
        assert list(record.counts) == counts.tolist()
        assert record.iterations is not None
        assert len(record.history) == record.iterations + 1
        assert list(record.history) == sorted(record.history, reverse=True)


def test_what_is_no_column_stays_out_of_rows(run: Any) -> None:
    output = run(reports=["csv", "json"])
    objects = json.loads((output / "results.json").read_text())
    assert all(tuple(row) == RECORD_COLUMNS for row in objects)
    assert (output / "results.csv").read_text().splitlines()[0] == ",".join(RECORD_COLUMNS)


# ---- the small picture itself ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 400), (320, 200)), ((400, 640), (200, 320)), ((321, 1), (320, 1)), ((7, 5), (7, 5))],
)
def test_a_preview_is_small_and_never_larger(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    image = opened(images.preview(Picture(ramp(*size)[np.newaxis])))
    assert image.size == expected
    near = Image.fromarray(ramp(*size)).resize(expected, Image.Resampling.BOX)
    assert np.abs(np.asarray(image, int) - np.asarray(near, int)).mean() < 6


def test_a_preview_of_few_colours_is_exact_with_its_alpha_and_of_the_first_frame() -> None:
    pixels = np.zeros((2, 8, 8, 4), np.uint8)
    pixels[0, :4] = [255, 0, 0, 255]
    pixels[0, 4:] = [0, 10, 200, 77]
    pixels[1] = 255
    assert (np.asarray(opened(images.preview(Picture(pixels)))) == pixels[0]).all()


def test_a_preview_that_can_not_be_made_costs_no_result(
    run: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(picture: Picture) -> bytes:
        raise OSError("no encoder")

    monkeypatch.setattr(images, "preview", fails)
    found = kept(run(reports=["gallery"]))
    assert [record.status for record, _ in found] == ["done"] * 2 + ["failed"] * 2 + ["done"] * 2
    assert not any(preview for _, preview in found)
    assert "a.png: no preview for reports, no encoder" in caplog.text
