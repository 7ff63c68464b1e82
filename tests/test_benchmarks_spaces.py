"""The benchmark of spaces: ratios, the goal, and that it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import machine, spaces

AT = [[1.0, 1.5, 1.0, 3.0, 1.0], [2.0, 1.0, 6.0, 2.0, 2.0]]  # oklab: 1 and 3 times


def test_ratios_are_means_over_the_pictures() -> None:
    assert spaces.row("l1", 12, AT) == ("l1", "12", "1500.0", "1.00", "2.00", "2.00", "1.00")


def test_the_goal_is_met_at_its_limit_only() -> None:
    assert spaces.judge("l2", 48, AT)[0] == "met"
    above = [[1.0, 1.0, 2.01, 1.0, 1.0]]
    assert spaces.judge("l2", 48, above)[0] == "missed"


@pytest.mark.usefixtures("kernels")
def test_a_page_tells_all_strategies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "KS", (4,))
    monkeypatch.setattr(machine, "one_core", lambda: "any core")
    monkeypatch.setattr(machine, "limit_pools", lambda: "any threads")
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    assert spaces.main(["--pictures", str(tmp_path), "--output", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "spaces.md").read_text(encoding="utf-8")
    assert all(f"| {strategy} | 4 |" in page for strategy in spaces.STRATEGIES)
    assert all(f"{space} ÷ rgb" in page for space in spaces.SPACES[1:])
