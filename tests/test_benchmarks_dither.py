"""The benchmark of ditherers: the blur, how goals are judged, and that it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import dither, machine


def test_the_blur_is_a_gaussian() -> None:
    ndimage = pytest.importorskip("scipy.ndimage", reason="the blur it is compared with")
    rng = np.random.default_rng(0)
    pixels, made = rng.integers(0, 256, (2, 40, 30, 3)).astype(np.uint8)
    off = pixels.astype(float) - made
    blurred = [ndimage.gaussian_filter(off[..., j], dither.SIGMA) for j in range(3)]
    expected = float((np.array(blurred) ** 2).mean())
    assert dither.blurred_error(pixels, made) == pytest.approx(expected)


def test_goals_are_met_at_their_limits_only() -> None:
    at = {"ns": [10.0], "speed": [6.0, 10.0], "ratio": [0.82]}
    assert [verdict.met for verdict in dither.judge(16, at)] == [True] * 3
    over = {"ns": [10.1], "speed": [5.9, 11.0], "ratio": [0.83, 0.82]}
    assert [verdict.met for verdict in dither.judge(16, over)] == [False] * 3


@pytest.mark.usefixtures("kernels")
def test_a_page_tells_all_ditherers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("imagequant", reason="what is compared with")
    monkeypatch.setattr(dither, "KS", (16,))
    monkeypatch.setattr(machine, "one_core", lambda: "any core")
    monkeypatch.setattr(machine, "limit_pools", lambda: "any threads")
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    assert dither.main(["--pictures", str(tmp_path), "--output", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "dither.md").read_text(encoding="utf-8")
    assert all(f"| 16 | {name} |" in page for name in dither.DITHERERS)
    assert "blurred error, at most 0.82" in page
