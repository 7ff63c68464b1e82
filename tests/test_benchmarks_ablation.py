"""Leaving out ideas: each is out while it is asked for, and back in afterwards."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from benchmarks import ablation, ideas, machine
from kbatch import pipeline, quantize
from kbatch.core import compiled, splitting
from kbatch.core.kernels import assign, descend, descend3, histogram
from kbatch.images import from_array

if TYPE_CHECKING:
    from kbatch.data import U8

K = 12
COMPILED = ("pruning by boxes",)
CHEAP = [idea for idea in ideas.IDEAS if idea.name not in COMPILED]
EXACT = ("nothing", *COMPILED, "kept tallies", "kept scratch", "the remembered assignment")

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture(scope="module")
def photo() -> U8:
    """Slopes with noise: some 9,000 distinct colours, some of them often."""
    y, x = np.mgrid[:120, :160]
    noise = np.random.default_rng(4).normal(0, 6, (120, 160, 3))
    pixels = np.stack([x, y * 2, 255 - x // 2 - y], axis=2) + noise
    pixels[:20] = pixels[0, 0]
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("idea", CHEAP, ids=lambda idea: idea.name)
def test_a_picture_is_made_without_an_idea_and_as_before_afterwards(
    idea: ideas.Idea, photo: U8
) -> None:
    before = quantize(photo, K)
    with idea.off():
        without = quantize(photo, K)
    after = quantize(photo, K)
    assert len(without.palette) == K
    assert without.rendered.sse == pytest.approx(before.rendered.sse, rel=0.1)
    if idea.name in EXACT:
        assert np.array_equal(without.palette, before.palette)
    assert np.array_equal(after.palette, before.palette)
    assert np.array_equal(after.indices, before.indices)


def test_without_distinct_colours_each_pixel_is_a_point(photo: U8) -> None:
    picture = from_array(photo)
    with ideas.every_pixel():
        colors = pipeline.collect(picture)
    assert np.array_equal(colors.count, np.ones(photo.size // 3))
    assert np.array_equal(colors.rgba[colors.inverse], photo.reshape(-1, 3))
    assert colors.cells[-1] == len(colors.rgba)


def test_without_the_coarse_set_all_colours_are_searched_with_as_many_swaps() -> None:
    search = quantize(np.zeros((2, 2, 3), np.uint8), 48).variant.search
    assert ideas.all_colors(search, 256) == replace(search, coarse=0, budget=0, extra=0, swaps=1)
    assert ideas.all_colors(search, 1).swaps > ideas.all_colors(search, 48).swaps > 1


def test_the_cells_are_the_coarse_set_only_where_there_are_enough_for_any_palette(
    photo: U8,
) -> None:
    colors = pipeline.collect(from_array(photo))
    assert len(colors.cells) > len(ideas.by_cells(colors, 2048)) > 257
    grey = pipeline.collect(from_array(np.arange(256, dtype=np.uint8).reshape(16, 16)))
    assert len(ideas.by_cells(grey, 2048)) == 257


def test_what_is_patched_is_patched() -> None:
    named = {idea.name: idea for idea in CHEAP}
    kept = histogram._kept
    with named["kept scratch"].off():
        assert histogram._kept.spare is None
        pipeline.collect(from_array(np.zeros((2, 2, 3), np.uint8)))
        assert histogram._kept.spare is None
    with named["several swaps at once"].off():
        assert splitting.BATCH == 0
    assert histogram._kept is kept
    assert splitting.BATCH > 0


def test_a_loop_made_anew_has_its_own_constant_and_leaves_ours_alone() -> None:
    with ideas.never("FEW"):
        anew = vars(compiled)["descend3"]
        assert anew is not descend3
        its_assign = anew.descend.py_func.__globals__["assign"]
        assert its_assign is not assign.assign
        assert its_assign.py_func.__globals__["FEW"] == ideas.NEVER
    assert vars(compiled)["descend3"] is descend3
    assert assign.FEW < ideas.NEVER
    for module in (assign, descend, descend3):
        assert sys.modules[module.__name__] is module
        assert importlib.import_module(module.__name__) is module


@pytest.mark.slow
@pytest.mark.parametrize("idea", ideas.IDEAS, ids=lambda idea: idea.name)
def test_ideas_that_are_exact_change_no_bit(idea: ideas.Idea, photo: U8) -> None:
    whole = quantize(photo, 48)
    with idea.off():
        without = quantize(photo, 48)
    assert without.rendered.sse == pytest.approx(whole.rendered.sse, rel=0.1)
    if idea.name in EXACT:
        assert np.array_equal(without.palette, whole.palette)
        assert np.array_equal(without.indices, whole.indices)


def test_the_page_has_a_row_for_each_idea_and_stage(
    photo: U8, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "one_core", lambda: "")  # the tests go on in this process
    monkeypatch.setattr(ablation, "IDEAS", CHEAP)
    monkeypatch.setattr(ablation, "REPEATS", 1)
    monkeypatch.setattr(ablation, "STAGE_REPEATS", 1)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    output = tmp_path / "deep" / "out"
    assert ablation.main(["--pictures", str(tmp_path), "--output", str(output)]) == 0
    page = (output / "ablation.md").read_text(encoding="utf-8")
    shown = capsys.readouterr().out
    names = [idea.name for idea in CHEAP] + [*ablation.ORDER, ablation.REST]
    for name in names:
        assert f"| {name} |" in page
        assert name in shown
    assert "photo.png" in page


def test_the_stages_are_all_of_the_time(photo: U8) -> None:
    for k in ablation.KS:
        found = ablation.stages(photo, k)
        assert list(found)[-1] == ablation.REST
        assert min(found.values()) > 0
        assert found[ablation.REST] < sum(found.values()) / 2


def test_a_folder_without_pictures_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "one_core", lambda: "")
    assert ablation.main(["--pictures", str(tmp_path)]) == 2
    assert "--pictures" in capsys.readouterr().err
