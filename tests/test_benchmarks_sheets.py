"""Sheets of ditherers and spaces have all of them, on opaque pictures and clear ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import sheets
from benchmarks.made import cut_out
from kbatch.registry import Registry


@pytest.mark.usefixtures("kernels")
def test_sheets_have_a_column_a_component_and_a_row_a_k(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "SIDE", 40)
    icon = cut_out(np.random.default_rng(2).integers(0, 256, (60, 60, 3), np.uint8))
    Image.fromarray(icon).save(tmp_path / "icon.png")
    assert sheets.main([str(tmp_path / "icon.png"), "--output", str(tmp_path)]) == 0
    columns = {"dither": 1, "space": 1 + len(sheets.MEDIANS)}  # the source, and those with l1
    for key, more in columns.items():
        expected = 44 * (len(registry.names(key)) + more), 2 * (40 + sheets.LABEL)
        for name in ("gradient", "icon"):
            with Image.open(tmp_path / f"{name}-{key}.png") as image:
                assert image.size == expected
