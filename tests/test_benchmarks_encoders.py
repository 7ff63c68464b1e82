"""The benchmark of encoders measures what it names."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks import encoders


@pytest.mark.usefixtures("kernels")
def test_a_table_has_each_way_and_the_first_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("oxipng", reason="needs pyoxipng")
    Image.radial_gradient("L").resize((64, 64)).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert encoders.main([str(tmp_path)]) == 0
    head, _, first, *others, last = capsys.readouterr().out.strip().splitlines()
    assert head == f"| {tmp_path.name}, 1 | K = 16 | K = 64 | K = 256 |"
    assert first.startswith("| level 6 | 1.000, ")
    assert len(others) == len(encoders.ways()) - 2
    assert last.startswith("| `optimize: max` | 0.")
