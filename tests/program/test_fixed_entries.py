"""Whole jobs with fixed entries, palettes to start from, and palettes as outputs."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from program import job, kbatch, picture, pictures_in, pixels, rows

import kbatch as library
from kbatch import plan
from kbatch.data import Item
from kbatch.palettes import from_hex, read
from kbatch.worker import Worker

pytestmark = pytest.mark.usefixtures("kernels")

BRAND = ["#112233", "#ff6600", "#ffffff"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture(tmp_path / "pictures" / "a.png", 1)
    picture(tmp_path / "pictures" / "deep" / "b.jpg", 2)
    (tmp_path / "brand.gpl").write_text("GIMP Palette\n#\n17 34 51 ink\n255 102 0\n255 255 255\n")
    return tmp_path


def palette_of(file: Path) -> list[tuple[int, ...]]:
    """The entries that a PNG stores, used or not."""
    with Image.open(file) as image:
        assert image.mode == "P"
        stored = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return list(map(tuple, stored.tolist()))


def test_brand_colours_are_in_every_output(folder: Path) -> None:
    job(folder, "k: [3, 8]\nstrategy: [l2, l1]\nfixed: [brand.gpl, '#f60']\norder: fixed\n")
    ended = kbatch("run", "job.yaml", cwd=folder)
    assert ended.code == 0, ended.stderr
    found = rows(folder / "out")
    assert {row["k_used"] for row in found if row["k"] == "8"} == {"8"}
    for row in found:
        entries = palette_of(folder / "out" / row["output"])
        assert entries[:3] == [from_hex(color)[:3] for color in BRAND]
        assert len(set(entries[: int(row["k"])])) == int(row["k"])
        if row["k"] == "3":
            assert (row["iterations"], row["stopped"], row["k_used"]) == ("0", "labels", "3")
        else:
            assert float(row["sse"]) < min(
                float(other["sse"])
                for other in found
                if other["picture"] == row["picture"] and other["k"] == "3"
            )


def test_a_remap_is_what_pillow_gives(folder: Path) -> None:
    colours = [(0, 0, 0), (255, 0, 0), (0, 160, 80), (90, 90, 255), (250, 250, 250)]
    fixed = [f"#{bytes(color).hex()}" for color in colours]
    made = library.quantize(pixels(4), k=5, fixed=fixed)
    theirs = Image.new("P", (1, 1))
    theirs.putpalette(bytes(sum(colours, ())))
    wanted = Image.fromarray(pixels(4)).quantize(palette=theirs, dither=Image.Dither.NONE)
    ours = made.palette[made.indices][..., :3]
    far = np.abs(ours.astype(int) - np.asarray(wanted.convert("RGB"))).sum(axis=2) > 0
    assert far.mean() < 0.02  # it rounds the colours that it looks for
    differences = pixels(4).astype(int)[:, :, None] - np.array(colours)
    assert np.array_equal(ours, np.array(colours)[(differences**2).sum(axis=3).argmin(axis=2)])


ORDERS = ("luminance", "count", "hue")


def test_one_order_in_every_format(folder: Path) -> None:
    found: dict[str, list[Any]] = {}
    for order in ORDERS:
        keys: dict[str, Any] = {
            "input": folder / "pictures" / "a.png",
            "output": folder / order,
            "k": 9,
            "order": order,
            "writer": ["png", "gpl", "act", "hex", "css", "json", "swatch"],
            "name": "{writer}",
        }
        assert {record.status for record in library.run_job(keys)} == {"done"}
        entries = palette_of(folder / order / "png.png")[:9]
        for name in ("gpl", "act", "hex", "css", "json"):
            file = folder / order / f"{name}.{name}"
            assert [color[:3] for color in read(file.read_bytes(), file.name)] == entries
        with Image.open(folder / order / "swatch.png") as image:
            assert image.size == (9 * 32, 32)
            row = np.asarray(image.convert("RGB"))[0, ::32]
        assert list(map(tuple, row.tolist())) == entries
        found[order] = entries
        listed = json.loads((folder / order / "json.json").read_bytes())
        counts = [entry["pixels"] for entry in listed]
        assert sum(counts) == 48 * 32
        assert (counts == sorted(counts, reverse=True)) == (order == "count")
    assert len({tuple(entries) for entries in found.values()}) == 3
    assert len({tuple(sorted(entries)) for entries in found.values()}) == 1


@pytest.mark.parametrize("form", ["gpl", "act", "hex", "css", "json", "png"])
def test_the_palette_of_one_job_is_fixed_in_the_next(folder: Path, form: str) -> None:
    keys: dict[str, Any] = {"input": folder / "pictures" / "a.png", "k": 7, "name": "a"}
    writer = {"png": "swatch"}.get(form, form)
    library.run_job(keys | {"output": folder / "first", "writer": writer})
    library.run_job(keys | {"output": folder / "second", "fixed": folder / "first" / f"a.{form}"})
    library.run_job(keys | {"output": folder / "third"})
    assert pictures_in(folder / "second") == pictures_in(folder / "third") != {}


def test_executors_give_the_same(folder: Path) -> None:
    Image.fromarray(pixels(1)[:2, :3]).save(folder / "start.png")
    job(folder, "k: 6\nfixed: brand.gpl\norder: hue\ninit: {name: palette, from: start.png}\n")
    for executor in ("threads", "serial"):
        ended = kbatch(
            "run", "job.yaml", "--set", f"executor={executor}", "-o", executor, cwd=folder
        )
        assert ended.code == 0
    assert pictures_in(folder / "threads") == pictures_in(folder / "serial") != {}


def test_a_worker_that_is_sent_elsewhere_needs_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    keys = {"input": "pictures", "output": "out", "k": 6, "fixed": "brand.gpl"}
    work, registry = plan.make(keys | {"init": {"name": "palette", "from": "brand.gpl"}})
    sent = pickle.dumps(Worker(work, registry))
    (folder / "brand.gpl").unlink()
    (record,) = pickle.loads(sent)(Item(0, work.sources[0])).records
    assert record.status == "done", record.error


def test_mistakes_are_told_before_the_first_picture(folder: Path) -> None:
    job(folder, "k: [8, 2]\nfixed: [brand.gpl, lost.act]\n")
    ended = kbatch("run", "job.yaml", cwd=folder)
    assert ended.code == 2
    assert "job.yaml:4:20: fixed: 'lost.act' is no file" in ended.stderr
    assert "job.yaml:3:8: k: k is 2, expected at least 4" in ended.stderr
    assert not (folder / "out").exists()


def test_an_output_is_made_of_fixed_entries_with_alpha(folder: Path) -> None:
    """An opaque picture too: who names a transparent entry wants it in the palette."""
    result = library.quantize(pixels(3), k=4, fixed=["#00000000", "#ff000080"], order="fixed")
    assert result.palette[:2].tolist() == [[0, 0, 0, 0], [255, 0, 0, 128]]
    assert len(result.palette) == 4
    with Image.open(io.BytesIO(result.to_bytes())) as image:
        assert np.array_equal(np.asarray(image.convert("RGBA")), result.palette[result.indices])
    keys = {"input": folder / "pictures", "output": folder / "out", "k": 3, "writer": "hex"}
    fixed = ["#00000000", "#ff000080"]
    for record in library.run_job(keys | {"fixed": fixed, "order": "fixed"}):
        assert record.status == "done", record.error
        assert record.output
        entries = (folder / "out" / record.output).read_text().split()
        assert entries[:2] == ["00000000", "ff000080"]
        assert len(entries) == 3


def test_quantize_takes_fixed_entries(folder: Path) -> None:
    ended = kbatch(
        *("quantize", "pictures/a.png", "-k", "5", "--fixed", "#112233", "--fixed", "brand.gpl"),
        *("-o", "a.png"),
        cwd=folder,
    )
    assert ended.code == 0, ended.stderr
    assert set(palette_of(folder / "a.png")) >= {from_hex(color)[:3] for color in BRAND}
    ended = kbatch("quantize", "pictures/a.png", "--fixed", "112233", cwd=folder)
    assert ended.code == 2
    assert "quantize: fixed: '112233' is no file" in ended.stderr


def test_the_library_takes_names_rows_and_results(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    first = library.quantize(pixels(1), k=4)
    for given in (first.palette, first.palette[:, :3].tolist(), iter(first.palette)):
        again = library.quantize(pixels(2), k=4, fixed=given)
        assert np.array_equal(again.palette, first.palette)
    brand = library.quantize(pixels(1), k=8, fixed=Path("brand.gpl"), order="fixed")
    assert brand.palette[:3].tolist() == [list(from_hex(color)) for color in BRAND]
    (folder / "brand.gpl").write_text("GIMP Palette\n1 2 3\n")
    changed = library.quantize(pixels(1), k=8, fixed="brand.gpl", order="fixed")
    assert changed.palette[0].tolist() == [1, 2, 3, 255]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([(1, 2)], ValueError),
        ([(1, 2, 300)], ValueError),
        ([(0.5, 0, 0)], ValueError),
        ([None], TypeError),
        ("#12", library.JobError),
        (["#000"] * 3 + ["#001", "#002"], library.JobError),
    ],
    ids=str,
)
def test_what_is_no_palette_is_refused(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        library.quantize(pixels(1), k=2, fixed=given)


def test_a_start_from_a_palette_is_learnt_from(folder: Path) -> None:
    keys = {"input": folder / "pictures", "output": folder / "out", "k": 5, "effort": "plain"}
    start = {"name": "palette", "from": str(folder / "brand.gpl")}
    records = library.run_job(keys | {"init": [start, "split"]})
    assert [record.init for record in records] == ["palette", "split"] * 2
    assert all((record.iterations or 0) > 1 for record in records)
    assert {record.k_used for record in records} == {5}
    assert len({(record.picture, record.loss) for record in records}) == 4
