"""The benchmark of pictures with alpha: its error, how goals are judged, and that it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import alpha, machine
from benchmarks.made import cut_out


def test_the_error_over_a_grey_is_that_of_laid_pixels() -> None:
    rng = np.random.default_rng(0)
    pixels, made = rng.integers(0, 256, (2, 5, 7, 4), np.uint8)
    for ground in (0, 255):
        laid = []
        for rgba in (pixels, made):
            share = rgba[..., 3:] / 255
            laid.append(rgba[..., :3] * share + ground * (1 - share))
        expected = ((laid[0] - laid[1]) ** 2).sum(axis=2).mean()
        assert alpha.error_over(ground, pixels, made) == pytest.approx(expected)


def test_what_differs_on_white_only_is_no_error_on_black() -> None:
    clear, black = np.zeros((2, 1, 1, 4), np.uint8)
    black[..., 3] = 255
    assert alpha.error_over(0, clear, black) == 0
    assert alpha.error_over(255, clear, black) == 3 * 255**2


def test_goals_are_met_at_their_limits_only() -> None:
    at = {"black": [0.9, 1.0], "white": [0.95]}
    assert [verdict.met for verdict in alpha.judge(16, at)] == [True, True]
    over = {"black": [0.91, 1.0], "white": [0.951]}
    assert [verdict.met for verdict in alpha.judge(16, over)] == [False, False]


def test_a_goal_that_no_picture_tells_of_is_not_measured() -> None:
    none = {"black": [], "white": [], "ms": [1.0], "speed": [2.0]}
    assert [verdict.met for verdict in alpha.judge(16, none)] == [None, None]


def test_a_photo_is_cut_out_softly() -> None:
    made = cut_out(np.full((60, 90, 3), 200, np.uint8))
    assert not made[0, 0].any()
    assert made[30, 45].tolist() == [200, 200, 200, 255]
    assert len(np.unique(made[..., 3])) > 50
    assert not made[made[..., 3] == 0].any()


@pytest.mark.usefixtures("kernels")
def test_a_page_tells_of_pictures_with_alpha_and_leaves_exact_ones_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("imagequant", reason="what is compared with")
    monkeypatch.setattr(alpha, "KS", (16, 256))
    monkeypatch.setattr(machine, "one_core", lambda: "any core")
    monkeypatch.setattr(machine, "limit_pools", lambda: "any threads")
    (tmp_path / "icons").mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (12, 18, 3), np.uint8)
    Image.fromarray(cut_out(noise)).save(tmp_path / "icons" / "soft.png")
    Image.fromarray(noise).save(tmp_path / "opaque.png")
    Image.new("RGBA", (8, 8), (200, 100, 50, 120)).save(tmp_path / "plain.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert alpha.main(["--pictures", str(tmp_path), "--output", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "alpha.md").read_text(encoding="utf-8")
    assert "Pictures: icons/soft.png, plain.png\n" in page
    assert "| 16 | 1 of 2 |" in page
    assert "| 256 | 0 of 2 | – |" in page
    assert "error over white, at most 0.95" in page


def test_a_folder_without_alpha_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "one_core", lambda: "any core")
    Image.new("RGB", (8, 8)).save(tmp_path / "opaque.png")
    assert alpha.main(["--pictures", str(tmp_path)]) == 2
    assert "no picture with alpha" in capsys.readouterr().err
