"""The benchmark of bytes: how goals are judged, and that it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks import bytes as sizes
from benchmarks.bytes import File


def test_the_first_way_that_is_small_enough_meets_the_goal_where_the_error_is_no_larger() -> None:
    theirs = [File(100, 10.0), File(300, 20.0)]
    made = {"off": [File(200, 9.0), File(190, 20.0)], "fast": [File(180, 9.0), File(200, 20.0)]}
    verdict = sizes.judge(16, "pngquant", made, theirs)
    assert verdict.met
    assert verdict.figure == "0.950 by `optimize: fast`, error 0.950"
    worse = {way: [File(one.size, one.sse * 1.1) for one in files] for way, files in made.items()}
    assert not sizes.judge(16, "pngquant", worse, theirs).met
    larger = {way: [File(one.size * 2, one.sse) for one in files] for way, files in made.items()}
    assert not sizes.judge(16, "pngquant", larger, theirs).met


def test_a_way_that_knows_no_such_k_makes_no_files(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.radial_gradient("L").save(path)
    assert sizes.files([path], 64, lambda path, k: None) == []
    same = sizes.files([path], 64, lambda path, k: path.read_bytes())
    assert same == [File(path.stat().st_size, 0.0)]


@pytest.mark.usefixtures("kernels")
def test_a_page_tells_of_the_peers_that_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("oxipng", reason="needs pyoxipng")
    pytest.importorskip("pyvips", reason="what is compared with")
    monkeypatch.setattr(sizes, "KS", (16, 64))
    Image.radial_gradient("L").convert("RGB").resize((64, 64)).save(tmp_path / "a.png")
    where = ["--pictures", str(tmp_path), "--output", str(tmp_path / "out")]
    assert sizes.main([*where, "--pngquant", "no-such-program"]) == 0
    page = (tmp_path / "out" / "bytes.md").read_text(encoding="utf-8")
    assert "| 16 | libvips 8." in page
    assert "| 64 |" not in page
    assert "pngquant |" not in page
