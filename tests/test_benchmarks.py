"""The benchmark: what it computes, what it prints, and that it runs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks import startup
from benchmarks.measure import REPEATS, Measurement, errors, measure, warm_up
from benchmarks.peers import BASELINE, TOOLS, Tool, installed
from benchmarks.pictures import NoPicturesError, pictures
from benchmarks.tables import (
    GOAL_PICTURES,
    GOALS,
    HEADER,
    Goal,
    goals,
    markdown,
    plain,
    ratios,
    reservation,
    table,
    verdict,
)

if TYPE_CHECKING:
    from kbatch.data import U8

ROOT = Path(__file__).parents[1]


def picture(height: int, width: int, seed: int = 0) -> U8:
    pixels: U8 = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return pixels


def measured(
    tool: str, picture: str, ms: float, sse: float = 1.0, *, sad: float = 1.0, k: int = 48
) -> Measurement:
    return Measurement(tool, picture, k, ms, sse, sad)


FAKE = [
    measured(BASELINE, "a", 10, 100, sad=10),
    measured(BASELINE, "b", 40, 50, sad=8),
    measured("ours", "a", 5, 90, sad=9),
    measured("ours", "b", 40, 55, sad=6),
]


# ---- errors ------------------------------------------------------------------------------------


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 256), st.integers(0, 2**32))
def test_errors_equal_a_plain_loop(height: int, width: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = picture(height, width, seed)
    palette = rng.integers(0, 256, (k, 3), np.uint8)
    indices = rng.integers(0, k, (height, width)).astype(np.uint8)
    squared = absolute = 0
    for y in range(height):
        for x in range(width):
            for channel in range(3):
                shown = int(palette[indices[y, x], channel])
                squared += (int(pixels[y, x, channel]) - shown) ** 2
                absolute += abs(int(pixels[y, x, channel]) - shown)
    sse, sad = errors(pixels, palette, indices)
    assert sse == pytest.approx(squared / (height * width))
    assert sad == pytest.approx(absolute / (height * width))


# ---- measuring ---------------------------------------------------------------------------------


def test_tools_take_turns_and_each_sees_the_whole_picture() -> None:
    calls: list[tuple[str, tuple[int, ...], int]] = []

    def fake(name: str) -> Tool:
        def run(pixels: U8, k: int) -> tuple[U8, U8]:
            calls.append((name, pixels.shape, k))
            return np.zeros((1, 3), np.uint8), np.zeros(pixels.shape[:2], np.uint8)

        return Tool(name, "sys", run)

    told: list[str] = []
    pixels = picture(5, 7)
    made = measure([fake("a"), fake("b")], {"p": pixels}, [3, 4], told.append)
    assert [line.split(":")[0] for line in told] == ["p K=3", "p K=4"]
    assert told[-1].endswith("about 0 s left")
    turns = [(name, (5, 7, 3)) for _ in range(2 * REPEATS) for name in "ab"]
    assert [call[:2] for call in calls] == turns
    assert [(one.tool, one.k) for one in made] == [("a", 3), ("b", 3), ("a", 4), ("b", 4)]
    assert all(one.ms >= 0 for one in made)
    assert made[0].sad == pytest.approx(pixels.sum() / 35)


def test_what_a_tool_prepares_is_what_it_runs_on() -> None:
    seen: list[object] = []

    def run(prepared: object, _k: int) -> tuple[U8, U8]:
        seen.append(prepared)
        return np.zeros((1, 3), np.uint8), np.zeros((2, 2), np.uint8)

    tool = Tool("a", "sys", run, prepare=lambda pixels: pixels.shape)
    measure([tool], {"p": picture(2, 2)}, [2], lambda _line: None)
    warm_up([tool], picture(300, 2), 2)
    assert seen == [(2, 2, 3)] * REPEATS + [(96, 2, 3)]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@pytest.mark.usefixtures("kernels")
def test_each_tool_returns_a_palette_and_indices_that_show_the_picture(tool: Tool) -> None:
    pytest.importorskip(tool.module)
    colors = np.array([[250, 10, 20], [5, 240, 30], [15, 25, 235], [128, 128, 128]], np.uint8)
    pixels = colors[np.random.default_rng(3).integers(0, 4, (40, 50))]
    palette, indices = tool.run(tool.prepare(pixels), 4)
    assert palette.dtype == indices.dtype == np.uint8
    assert palette.shape[1:] == (3,)
    assert indices.shape == (40, 50)
    sse, _ = errors(pixels, palette, indices)
    # FASTOCTREE keeps the upper bits only; faiss starts at random pixels, two of them alike here
    assert sse < {"pillow-fastoctree": 300, "faiss-kmeans": 6000}.get(tool.name, 60)


def test_a_missing_peer_is_skipped_with_its_reason() -> None:
    here = Tool("here", "sys", TOOLS[0].run)
    gone = Tool("gone", "no_such_peer", TOOLS[0].run)
    usable, skipped = installed([here, gone])
    assert usable == [here]
    assert skipped == ["gone is skipped: No module named 'no_such_peer'"]


# ---- tables ------------------------------------------------------------------------------------


def test_a_table_has_medians_means_and_the_worst_ratio() -> None:
    header, baseline, ours = table(FAKE, 48)
    assert header == HEADER
    assert list(baseline) == [
        *(BASELINE, "25.0", "1.00", "1.00"),
        *("75.00", "1.0000", "1.0000", "9.000"),
    ]
    assert list(ours) == ["ours", "22.5", "1.50", "1.00", "72.50", "1.0000", "1.1000", "7.500"]


def test_a_table_is_of_one_k() -> None:
    other = measured("ours", "a", 999, k=12)
    assert table([*FAKE, other], 48) == table(FAKE, 48)


def test_without_libimagequant_there_are_no_ratios() -> None:
    _, ours = table([one for one in FAKE if one.tool == "ours"], 48)
    assert list(ours) == ["ours", "22.5", *"––", "72.50", *"––", "7.500"]


def test_ratios_are_of_common_pictures_and_zero_errors_are_equal() -> None:
    made = [
        measured("a", "p", 1, 0.0),
        measured("b", "p", 1, 0.0),
        measured("a", "q", 1, 3.0),
        measured("b", "q", 1, 0.0),
        measured("a", "r", 1, 3.0),
    ]
    assert ratios(made, 48, "a", "b", "sse") == [1.0, float("inf")]


@pytest.mark.parametrize(
    ("goal", "line"),
    [
        (Goal("ours", "speed", (9, 1.5, 9)), "1.50 (≥ 1.5) met"),
        (Goal("ours", "speed", (0, 1.51, 0)), "1.50 (≥ 1.51) MISSED"),
        (Goal("ours", "speed", (9, 1, 9), worst=True), "1.00 (≥ 1) met"),
        (Goal("ours", "speed", (0, 1.01, 0), worst=True), "1.00 (≥ 1.01) MISSED"),
        (Goal("ours", "sse", (0, 1, 0)), "1.0000 (≤ 1) met"),
        (Goal("ours", "sse", (9, 0.99, 9)), "1.0000 (≤ 0.99) MISSED"),
        (Goal("ours", "sse", (0, 1.1, 0), worst=True), "1.1000 (≤ 1.1) met"),
        (Goal("ours", "sse", (9, 1.09, 9), worst=True), "1.1000 (≤ 1.09) MISSED"),
        (Goal("ours", "ms", (0, 0.75, 0)), "0.750 (≤ 0.75) met"),
        (Goal(BASELINE, "ms", (0, 2, 0), worst=True, peer="ours"), "2.00 (≤ 2) met"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value}",
)
def test_a_goal_is_judged_by_the_mean_or_the_worst_ratio_at_its_k(goal: Goal, line: str) -> None:
    assert verdict(goal, FAKE, 48) == line


def test_goals_have_a_column_for_each_measured_k_that_they_are_about() -> None:
    header, *rows = goals(FAKE, [4, 48, 256])
    assert list(header) == ["goal", "K = 48", "K = 256"]
    assert [row[0] for row in rows] == [str(goal) for goal in GOALS]
    assert {cell for row in rows for cell in row[1:]} == {"not measured"}  # no tool is ours


def test_where_no_goal_is_about_what_was_measured_all_of_them_say_so() -> None:
    header, *rows = goals(FAKE, [4])
    assert list(header) == ["goal", "K = 12", "K = 48", "K = 256"]
    assert {cell for row in rows for cell in row[1:]} == {"not measured"}


def test_goals_are_a_hint_on_other_pictures_than_theirs() -> None:
    assert "hint" not in reservation(GOAL_PICTURES)
    assert "hint" in reservation(GOAL_PICTURES[:2])
    assert "hint" in reservation(("chelsea",))


def test_plain_columns_are_aligned_and_markdown_has_a_rule() -> None:
    rows = table(FAKE, 48)
    assert len({len(line) for line in plain(rows).splitlines()}) == 1
    lines = markdown(rows).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {len(rows[0]) + 1}
    assert re.fullmatch(r"\| --- (\| ---: )+\|", lines[1])


# ---- the plot ----------------------------------------------------------------------------------

CROWD = [
    measured(f"{maker}-tool-{number}", "p", 10 ** (number / 4), 50 + number, k=k)
    for maker, number, k in itertools.product(("kbatch", "other"), range(6), (12, 48))
]


def test_every_tool_is_labelled_in_every_panel_and_no_label_covers_another() -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.plot import figure

    made = figure(CROWD)
    assert [panel.get_title(loc="left") for panel in made.axes] == ["K = 12", "K = 48"]
    for panel in made.axes:
        labels = [text for text in panel.texts if text.get_text()]
        assert {text.get_text() for text in labels} == {one.tool for one in CROWD}
        boxes = [text.get_window_extent() for text in labels]
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
        assert all(panel.bbox.count_contains(box.corners()) == 4 for box in boxes)


def test_tools_that_make_no_error_have_no_place_on_a_logarithmic_axis() -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.plot import figure

    (panel,) = figure([*FAKE, measured("exact", "a", 1, 0.0)]).axes
    assert {text.get_text() for text in panel.texts} - {""} == {BASELINE, "ours"}


def test_the_same_measurements_make_the_same_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.plot import draw

    paths = [tmp_path / name / "plot.svg" for name in "ab"]
    for path in paths:
        path.parent.mkdir()
        draw(FAKE, path)
    one, other = (path.read_bytes() for path in paths)
    assert one == other
    assert b"<svg" in one


# ---- pictures ----------------------------------------------------------------------------------


def test_a_folder_gives_its_pictures_by_name_and_leaves_the_rest(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "c.png"):
        Image.fromarray(picture(4, 6)).convert("RGBA").save(tmp_path / name)
    (tmp_path / "aa.txt").write_text("no picture")
    (tmp_path / "folder").mkdir()
    found = pictures(tmp_path, 2)
    assert list(found) == ["a.png", "b.png"]
    assert np.array_equal(found["a.png"], picture(4, 6))


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoPicturesError, match="--pictures"):
        pictures(tmp_path, None)
    with pytest.raises(NoPicturesError, match="no folder"):
        pictures(tmp_path / "gone", None)


def test_the_default_photos_need_no_download() -> None:
    pytest.importorskip("skimage")
    shipped = {Path(str(file)).stem for file in importlib.metadata.files("scikit-image") or ()}
    found = pictures(None, None)
    assert set(found) <= shipped
    assert all(pixels.shape[2] == 3 and pixels.dtype == np.uint8 for pixels in found.values())


# ---- whole programs ----------------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.usefixtures("kernels")
def test_a_run_prints_its_tables_and_writes_them_as_markdown(tmp_path: Path) -> None:
    Image.fromarray(picture(30, 40)).save(tmp_path / "noise.png")
    output = tmp_path / "deep" / "out"
    tools = ("kbatch-l2", "pillow-mediancut")
    done = run(
        *("--pictures", str(tmp_path), "-k", "4", "-k", "48", "--tools", *tools),
        *("--output", str(output)),
    )
    assert done.returncode == 0, done.stderr
    written = (output / "results.md").read_text(encoding="utf-8")
    for text in (done.stdout, written):
        assert "K = 4\n" in text
        assert "K = 48\n" in text
        assert "as a hint" in text
        assert "not measured" in text
        assert "--tools kbatch-l2 pillow-mediancut" in text
        for name in tools:
            assert re.search(rf"{name} +\|? *\d", text)
        assert not re.search(r"sklearn-kmeans +\|? *\d", text)
    assert "one thread a library" in written
    assert "numpy " + np.__version__ in written
    plotted = importlib.util.find_spec("matplotlib") is not None
    assert ("](time-against-error.svg)" in written) == plotted
    assert (output / "time-against-error.svg").exists() == plotted


def test_a_run_without_pictures_or_with_a_wrong_k_ends_with_two(tmp_path: Path) -> None:
    done = run("--pictures", str(tmp_path / "gone"))
    assert done.returncode == 2
    assert "no folder" in done.stderr
    assert "Traceback" not in done.stderr
    done = run("-k", "300")
    assert done.returncode == 2
    assert "1 to 256" in done.stderr


@pytest.mark.parametrize(("ours", "word"), [(0.2, "PASS"), (0.21, "FAIL")])
def test_start_up_is_judged_by_the_median_of_the_pairs(ours: float, word: str) -> None:
    text = startup.report([(ours, 0.1), (9.0, 0.1), (0.01, 0.1)])
    assert text.splitlines()[-1].startswith(word)
    assert f"median ratio {ours / 0.1:.2f} of 3 pairs" in text


def test_start_up_runs_whole_processes() -> None:
    ((ours, theirs),) = startup.pairs(1)
    assert ours > 0.01
    assert theirs > 0.01
