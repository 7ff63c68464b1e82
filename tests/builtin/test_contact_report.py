"""The contact sheet: what is drawn where, of real runs and of what is missing."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kbatch import plan, runner
from kbatch.builtin import contact_report
from kbatch.builtin.contact_cells import CHECKS, EMPTY, clipped, drawable, font, picture_of
from kbatch.builtin.contact_report import GAP, MARGIN
from kbatch.registry import discover

pytestmark = pytest.mark.usefixtures("kernels")

CELL = 100  # of the sheets below
STEP = CELL + GAP
TOP = MARGIN + 20 + 2 * GAP - 3 + 16 + 2 * GAP - 3  # of the first row: title and name above it


def flat(path: Path, color: tuple[int, ...], size: tuple[int, int] = (60, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA" if len(color) == 4 else "RGB", size, color).save(path)


Run = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a job on `in` and returns its output; its sheets have cells of 100 pixels."""

    def run(width: int = 400, height: int = 4000, **keys: Any) -> Path:
        report = {"name": "contact", "width": width, "height": height, "cell": CELL}
        job = {"input": str(tmp_path / "in"), "output": str(tmp_path / "out"), "effort": "fast"}
        made, registry = plan.make(job | keys | {"reports": [report]}, workers=1)
        summary = runner.run(made, registry)
        assert not summary.problems
        return made.output

    return run


def sheet(output: Path, name: str = "contact.png") -> Any:
    with Image.open(output / name) as image:
        assert image.mode == "RGB"
        return np.asarray(image)


def middle(pixels: Any, column: int, top: int = TOP, height: int = 67) -> tuple[int, ...]:
    """Returns the colour in the middle of a cell's picture: 60 × 40 becomes 60 × 40."""
    x = MARGIN + column * STEP + CELL // 2
    return tuple(pixels[top + height // 2, x].tolist())


def test_a_source_and_its_results_stand_in_a_row(run: Run, tmp_path: Path) -> None:
    flat(tmp_path / "in" / "a.png", (200, 30, 60), (300, 200))
    pixels = sheet(run(k=[2, 3]))
    assert pixels.shape[1] == 400
    for column in range(3):
        assert middle(pixels, column) == (200, 30, 60)
    assert middle(pixels, 0, TOP - 3, 0) == (255, 255, 255)
    assert tuple(pixels[TOP + 67 + 3, MARGIN + STEP]) == (200, 30, 60)  # the palette below
    assert tuple(pixels[TOP + 67 + 3, MARGIN]) == (255, 255, 255)  # a source has none


def test_the_pixels_are_those_of_the_output_files(run: Run, tmp_path: Path) -> None:
    flat(tmp_path / "in" / "a.png", (200, 30, 60), (300, 200))
    output = run(k=2)
    flat(output / "a_K2_L2.png", (1, 2, 3), (300, 200))
    assert runner.report(output, discover(), ["contact"])[1] == ()
    pixels = sheet(output)  # of the report's own sizes
    assert tuple(pixels[TOP + 72, MARGIN + 108]) == (200, 30, 60)
    assert tuple(pixels[TOP + 72, MARGIN + 108 + 216 + GAP]) == (1, 2, 3)


def test_what_is_gone_is_an_empty_cell(run: Run, tmp_path: Path) -> None:
    flat(tmp_path / "in" / "a.png", (200, 30, 60), (300, 200))
    output = run(k=[2, 3], reports=[])
    (output / "a_K2_L2.png").unlink()
    (output / "a_K3_L2.png").write_bytes(b"no picture")
    assert runner.report(output, discover())[1] == ()
    pixels = sheet(output)
    empty = tuple(bytes.fromhex(EMPTY[1:]))
    for column in (1, 2):
        corner = TOP + 66, MARGIN + column * STEP + 99
        assert tuple(pixels[corner]) == empty
        cell = pixels[TOP : TOP + 67, MARGIN + column * STEP :][:, :CELL]
        assert (cell != empty).any()  # it says why


def test_a_run_without_previews_says_so(run: Run, tmp_path: Path) -> None:
    flat(tmp_path / "in" / "a.png", (200, 30, 60), (300, 200))
    job = {"input": str(tmp_path / "in"), "output": str(tmp_path / "out"), "k": 2}
    made, registry = plan.make(job)
    runner.run(made, registry)
    files, problems = runner.report(made.output, registry, ["contact"])
    assert (files, problems) == (("contact.png",), ())
    pixels = sheet(made.output)
    assert tuple(pixels[TOP + 140, MARGIN]) == tuple(bytes.fromhex(EMPTY[1:]))


def test_rows_are_wrapped_and_begin_below_the_first_result(run: Run, tmp_path: Path) -> None:
    flat(tmp_path / "in" / "a.png", (200, 30, 60), (300, 200))
    narrow, wide = (sheet(run(width, k=[2, 3, 4, 5])) for width in (400, 700))
    row = narrow.shape[0] - wide.shape[0]
    for column, color in enumerate([(255, 255, 255), (200, 30, 60), (200, 30, 60)]):
        assert middle(narrow, column, TOP + row) == color
    assert [middle(wide, column) for column in range(5)] == [(200, 30, 60)] * 5


def test_the_longer_axis_runs_along_the_rows(run: Run, tmp_path: Path) -> None:
    flat(tmp_path / "in" / "a.png", (200, 30, 60), (300, 200))
    by_k = sheet(run(700, k=[2, 3, 4], strategy=["l1", "l2"]))
    by_rest = sheet(run(700, k=[2, 3], dither=["none", "ordered", "sierra-lite"]))
    assert by_k.shape == by_rest.shape


def test_no_sheet_is_higher_than_asked_for_and_all_pictures_are_there(
    run: Run, tmp_path: Path
) -> None:
    for number in range(7):
        flat(tmp_path / "in" / f"{number}.png", (30 * number, 10, 200), (300, 200))
    output = run(height=500, k=2)
    sheets = sorted(path.name for path in output.glob("contact*.png"))
    assert sheets == [*(f"contact-{number}.png" for number in (2, 3, 4)), "contact.png"]
    assert all(sheet(output, name).shape[0] <= 500 for name in sheets)
    seen = np.concatenate([sheet(output, name) for name in sheets])[:, MARGIN + STEP + 50]
    for number in range(7):
        assert (seen == (30 * number, 10, 200)).all(axis=1).any()


def test_a_picture_that_failed_is_told_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"broken")
    pixels = sheet(run(k=[2, 3, 4, 5, 6]))
    assert pixels.shape[0] < TOP + CELL + 100
    assert tuple(pixels[TOP + 10, MARGIN + 99]) == tuple(bytes.fromhex(EMPTY[1:]))
    assert middle(pixels, 1) == (255, 255, 255)


def test_sheets_are_the_same_bytes_each_time(run: Run, tmp_path: Path) -> None:
    flat(tmp_path / "in" / "a.png", (200, 30, 60))
    output = run(k=[2, 3])
    before = (output / "contact.png").read_bytes()
    assert runner.report(output, discover())[0] == ("contact.png",)
    assert (output / "contact.png").read_bytes() == before


def test_sheets_are_let_go_one_by_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat(tmp_path / "in" / "a.png", (200, 30, 60))
    output = run(k=list(range(2, 30)), height=300)
    made: list[weakref.ref[Image.Image]] = []
    alive: list[int] = []
    draw = contact_report.ContactReport._strip

    def strip(self: Any, *given: Any) -> Any:
        image = draw(self, *given)
        made.append(weakref.ref(image))
        alive.append(sum(one() is not None for one in made))
        return image

    monkeypatch.setattr(contact_report.ContactReport, "_strip", strip)
    assert runner.report(output, discover())[1] == ()
    assert len(alive) > 8
    assert max(alive) <= 4


# ---- cells -------------------------------------------------------------------------------------


def test_small_pictures_grow_by_whole_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (9, 16, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    shown = np.asarray(picture_of(tmp_path / "a.png", 100))
    assert np.array_equal(shown, pixels.repeat(6, axis=0).repeat(6, axis=1))


def test_transparent_pixels_show_checks(tmp_path: Path) -> None:
    flat(tmp_path / "a.png", (255, 0, 0, 0), (40, 40))
    shown = np.asarray(picture_of(tmp_path / "a.png", 40)).reshape(-1, 3)
    expected = {tuple(bytes.fromhex(color[1:])) for color in CHECKS}
    assert set(map(tuple, shown.tolist())) == expected


@pytest.mark.parametrize("text", ["n" * 200 + ".png", "a b", "", "x\n\u202ey", "caf\udce9"])
def test_texts_are_cut_in_the_middle_to_what_fits(text: str) -> None:
    cut = clipped(text, 80)
    assert font().getlength(cut) <= 80
    assert cut[-3:] == drawable(text)[-3:]


def test_letters_that_the_font_lacks_lose_their_accents_or_are_told_as_unknown() -> None:
    assert drawable("Café ñ 日.png") == "Cafe n ?.png"
