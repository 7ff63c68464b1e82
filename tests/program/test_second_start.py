"""The kernels are compiled once a machine, not once a start."""

from __future__ import annotations

from pathlib import Path

from program import kbatch, picture


def test_the_first_start_says_that_it_compiles_and_the_second_compiles_nothing(
    tmp_path: Path,
) -> None:
    picture(tmp_path / "a.png")
    env = {"KBATCH_CACHE_DIR": str(tmp_path / "cache")}
    first = kbatch("quantize", "a.png", "-k", "4", cwd=tmp_path, env=env)
    assert first.code == 0
    told = [line for line in first.lines if str(tmp_path / "cache") in line]
    assert len(told) == 1
    assert "compiling" in told[0]
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")}
    second = kbatch("quantize", "a.png", "-k", "4", "--force", cwd=tmp_path, env=env)
    assert second.code == 0
    assert len(second.lines) == 1
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")}
