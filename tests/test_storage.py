"""Keeping results, on real files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kbatch.errors import PictureError
from kbatch.storage import ReportFolder, save, whole

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")


def test_save_makes_folders_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x" / "y" / "a.png"
    save(b"one", path)
    save(b"two", path)
    assert path.read_bytes() == b"two"
    assert [file.name for file in path.parent.iterdir()] == ["a.png"]


@posix
@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "😀" * 63])
def test_the_longest_names_can_be_saved(tmp_path: Path, name: str) -> None:
    save(b"x", tmp_path / name)
    assert os.listdir(tmp_path) == [name]  # noqa: PTH208


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.png"
    save(b"old", path)
    with pytest.raises(error), whole(path) as stream:  # noqa: PT012
        stream.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_while_it_is_written_only_a_hidden_name_is_seen(tmp_path: Path) -> None:
    with whole(tmp_path / "a.png") as stream:
        stream.write(b"x")
        (hidden,) = tmp_path.iterdir()
        assert hidden.name.startswith(f".a.png.kbatch-{os.getpid()}-")


def test_what_can_not_be_written_is_named(tmp_path: Path) -> None:
    save(b"x", tmp_path / "file")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a.png", tmp_path / "folder"):
        with pytest.raises(PictureError, match="can't write") as caught:
            save(b"x", path)
        assert str(path) in str(caught.value)
        assert ".kbatch-" not in str(caught.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_an_error_of_the_disk_within_the_block_names_the_file(tmp_path: Path) -> None:
    with (
        pytest.raises(PictureError, match=r"can't write .*a\.png: No space left"),
        whole(tmp_path / "a.png"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")


@posix
def test_a_killed_process_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    code = (
        "import sys, pathlib; from kbatch.storage import save\n"
        "for i in range(10**9): save(bytes([i % 256]) * 3_000_000, pathlib.Path(sys.argv[1]))"
    )
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", code, str(path)]) as process:
            latest = time.monotonic() + 5
            while time.monotonic() < latest and not (path.exists() and half_written(tmp_path)):
                assert process.poll() is None
            process.kill()
        assert process.returncode == -signal.SIGKILL
        data = path.read_bytes()
        assert len(data) == 3_000_000
        assert data == data[:1] * len(data)
        for file in half_written(tmp_path):
            file.unlink()
    assert list(tmp_path.iterdir()) == [path]


def half_written(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.name.startswith(".a.bin.kbatch-")]


# ---- ReportFolder ------------------------------------------------------------------------------


def test_a_report_file_appears_whole_and_is_remembered(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    with folder.open("sub/results.csv") as stream:
        stream.write(b"a")
        assert not (tmp_path / "sub" / "results.csv").exists()
        assert folder.written == []
    with folder.open("sub/results.csv") as stream:
        stream.write(b"b")
    with pytest.raises(ZeroDivisionError), folder.open("half.csv"):
        raise ZeroDivisionError
    assert folder.written == ["sub/results.csv"]
    assert (tmp_path / "sub" / "results.csv").read_bytes() == b"b"
    assert not (tmp_path / "half.csv").exists()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "/a", "a/../../b", "a//b", "a/", "..\\a", "C:a", "a\\b"]
)
def test_a_report_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    with pytest.raises(ValueError, match="inside its folder"), ReportFolder(inside).open(name):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_output_is_found_until_it_is_gone(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path / "out")
    assert folder.find("a.png") is None
    save(b"x", tmp_path / "out" / "sub" / "a b.png")
    assert folder.find("sub/a b.png") == tmp_path / "out" / "sub" / "a b.png"
    assert folder.find("sub") is None
    (tmp_path / "out" / "sub" / "a b.png").unlink()
    assert folder.find("sub/a b.png") is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/../../a",
        "sub/../b",
        "b/",
        "/b",
        "..\\a",
        "\0",
        "\ud800",
        "x" * 999,
    ],
)
def test_a_name_that_leads_out_or_can_not_be_is_not_found(tmp_path: Path, name: str) -> None:
    for path in ("a", "out/b", "out/sub/c"):
        save(b"x", tmp_path / path)
    assert ReportFolder(tmp_path / "out").find(name) is None
    assert ReportFolder(tmp_path / "out").find(str(tmp_path / "a")) is None


@posix
def test_links_are_followed_within_the_output_only(tmp_path: Path) -> None:
    save(b"x", tmp_path / "secret")
    save(b"x", tmp_path / "out" / "real")
    for name, target in (
        ("inside", "real"),
        ("outside", "../secret"),
        ("up", ".."),
        ("loop", "loop"),
        ("gone", "nothing"),
    ):
        (tmp_path / "out" / name).symlink_to(target)
    os.mkfifo(tmp_path / "out" / "pipe")
    (tmp_path / "there").symlink_to("out")
    for top in ("out", "there"):  # the output itself may be a link
        folder = ReportFolder(tmp_path / top)
        assert folder.find("inside") == tmp_path / top / "inside"
        assert folder.find("real") == tmp_path / top / "real"
        for name in ("outside", "up", "up/secret", "loop", "gone", "pipe"):
            assert folder.find(name) is None, name
