"""The benchmark of measures: that it runs, and tells all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import machine, measures


@pytest.mark.usefixtures("kernels")
def test_a_page_tells_all_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "REPEATS", 1)
    monkeypatch.setattr(machine, "one_core", lambda: "any core")
    monkeypatch.setattr(machine, "limit_pools", lambda: "any threads")
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    assert measures.main(["--pictures", str(tmp_path), "--output", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "measures.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in page for name in measures.NAMES)
    assert "ssim, at most 10 ms for 768 × 512 pixels" in page


def test_no_picture_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "one_core", lambda: "any core")
    assert measures.main(["--pictures", str(tmp_path)]) == 2
