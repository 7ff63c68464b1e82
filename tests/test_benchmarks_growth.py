"""Growth and the other goals: what is made, what is computed, and that it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks import goals, memory
from benchmarks.growth_report import EVERY, Point, exponents, growth, plot, table, verdicts
from benchmarks.made import distinct, resized, with_colors
from benchmarks.turns import best

if TYPE_CHECKING:
    from kbatch.data import U8

ROOT = Path(__file__).parents[1]


def photo(height: int = 60, width: int = 90) -> U8:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 2, y * 3, x + y], axis=2).astype(np.uint8)


def points(power: float, colors: int = 1000) -> list[Point]:
    """Points whose time is pixels ** power, in three steps."""
    return [
        Point("pixels", x, int(x * 1e6), colors, dict.fromkeys(("l2", "l1"), x**power), known)
        for x, known in ((x, {"l2": int(x * 8e6), "l1": None}) for x in (1.0, 10.0, 100.0))
    ]


# ---- made pictures -----------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 100, 255, 256])
def test_a_made_picture_has_so_many_colours_each_nearly_as_often(count: int) -> None:
    pixels = with_colors(count, 16)
    assert pixels.shape == (16, 16, 3)
    assert pixels.dtype == np.uint8
    _, often = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
    assert len(often) == count == distinct(pixels)
    assert often.max() - often.min() <= 1


def test_a_photo_is_resized_to_its_megapixels_and_not_changed() -> None:
    source = photo()
    before = source.copy()
    for megapixels in (0.001, 0.1):
        pixels = resized(source, megapixels)
        assert pixels.size / 3 == pytest.approx(megapixels * 1e6, rel=0.03)
        assert pixels.shape[1] / pixels.shape[0] == pytest.approx(1.5, rel=0.03)
    assert np.array_equal(source, before)
    assert distinct(resized(source, 0.1)) > distinct(source)


# ---- exponents ---------------------------------------------------------------------------------


@given(st.floats(-2, 3), st.floats(0.1, 10))
def test_the_exponent_of_a_power_is_its_power(power: float, factor: float) -> None:
    x = [1.0, 3.0, 10.0, 30.0]
    fit, steepest = exponents(x, [factor * value**power for value in x])
    assert fit == pytest.approx(power, abs=1e-9)
    assert steepest == pytest.approx(power, abs=1e-9)


def test_the_steepest_step_is_told_where_the_fit_hides_it() -> None:
    fit, steepest = exponents([1, 10, 100], [1, 1, 100])
    assert fit == pytest.approx(1)
    assert steepest == pytest.approx(2)


@pytest.mark.parametrize(("power", "word"), [(1.0, "met"), (1.3, "missed")])
def test_time_may_not_outgrow_pixels(power: float, word: str) -> None:
    lines = verdicts(points(power))
    assert [line.partition(":")[0] for line in lines] == [word, word, "met"]
    assert "l2 memory" in lines[2]  # that of l1 isn't known


def test_all_colours_get_a_line_of_their_own() -> None:
    (*_, line) = verdicts(points(1, EVERY)[:2])
    assert "16,777,216" in line
    assert "l2 10.0 ms and 80.0 MB (8.0 bytes a pixel), l1 10.0 ms and – MB" in line


def test_tables_of_growth_are_rectangular() -> None:
    for rows in (table("megapixels", points(1)), growth(points(1))):
        assert {len(row) for row in rows} == {len(rows[0])}
    assert len(growth(points(1))) == 4  # a header, time of both, memory of one


def test_a_plot_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert plot(points(1), tmp_path / "growth.svg") is None
    assert "</svg>" in (tmp_path / "growth.svg").read_text(encoding="utf-8")


# ---- measures ----------------------------------------------------------------------------------


def test_calls_take_turns() -> None:
    heard: list[str] = []
    seconds = best([lambda: heard.append("a"), lambda: heard.append("b")], 3)
    assert "".join(heard) == "ababab"
    assert all(0 <= one < 1 for one in seconds)


@pytest.mark.usefixtures("kernels")
def test_memory_holds_at_least_the_indices_and_the_way_back() -> None:
    if not memory.STATUS.exists():
        pytest.skip("needs /proc/self/status")
    pixels = with_colors(100, 1024)
    taken = memory.beyond(pixels, 4)
    assert taken is not None
    assert 1 <= taken / 1024**2 < 60  # a byte a pixel for the indices at least


def test_each_published_figure_is_below_that_of_fewer_colours() -> None:
    figures = list(goals.PUBLISHED.values())
    assert figures == sorted(figures, reverse=True)


@pytest.mark.usefixtures("kernels")
def test_goals_without_their_pictures_are_not_measured() -> None:
    for part in (goals.large, goals.literature):
        (verdict,) = part({})
        assert verdict.row()[0] == "not measured"


# ---- whole programs ----------------------------------------------------------------------------


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.usefixtures("kernels")
def test_more_goals_are_printed_and_written(tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / "kodim05.png")
    output = tmp_path / "deep" / "out"
    parts = ("threads", "study", "strategies", "large", "literature")
    folder = str(tmp_path)
    done = run("more", "--pictures", folder, "--parts", *parts, "--output", str(output))
    assert done.returncode == 0, done.stderr
    written = (output / "more.md").read_text(encoding="utf-8")
    for text in (done.stdout, written):
        for claim in ("on two threads", "ten variants", "l1 ÷ l2 at K = 256", "not measured"):
            assert claim in text
    assert written.count("published") == len(goals.PUBLISHED)


@pytest.mark.parametrize("module", ["growth", "more"])
def test_a_run_without_pictures_ends_with_two(module: str, tmp_path: Path) -> None:
    done = run(module, "--pictures", str(tmp_path / "gone"))
    assert done.returncode == 2
    assert "no folder" in done.stderr
    assert "Traceback" not in done.stderr
