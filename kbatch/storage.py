"""Where results are kept: files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from kbatch.errors import PictureError


def save(data: bytes, path: Path) -> None:
    """Writes a file, whole or not at all; once it returns, the file is on disk.

    Args:
        data: all of it.
        path: what it is called; missing folders are made, an older file is replaced.

    Raises:
        PictureError: it can't be written; the text says why.
    """
    with whole(path) as stream:
        stream.write(data)


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Opens a file that appears whole when the block ends well, and not at all otherwise.

    It is written under a hidden name beside `path`. A process that is killed may leave that one.

    Args:
        path: what it is called; missing folders are made, an older file is replaced.

    Raises:
        PictureError: it can't be written; the text says why.
    """
    # 50 characters are at most 200 bytes: the name stays below the 255 that file systems allow.
    hidden = f".{path.name[:50]}.kbatch-{os.getpid()}-{secrets.token_hex(8)}"
    temporary = path.with_name(hidden)
    try:
        _make_folder(path.parent)
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise PictureError(f"can't write {path}: {error.strerror or error}") from error
        raise
    _sync(path.parent)


class ReportFolder:
    """The folder that a report writes into; see `kbatch.stages.Folder`.

    Attributes:
        path: the folder.
        written: names of the files that are complete, in the order they came.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[str] = []

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Opens a file that appears whole when the block ends well, and not at all otherwise.

        Args:
            name: relative to the folder, with `/`.

        Raises:
            ValueError: the name leads out of the folder.
            PictureError: it can't be written; the text says why.
        """
        if _leads_out(name):
            raise ValueError(f"a report can't write {name!r}: give a name inside its folder")
        with whole(self.path / name) as stream:
            yield stream
        if name not in self.written:
            self.written.append(name)

    def find(self, name: str) -> Path | None:
        """Returns where a file of the folder is, or None; see `kbatch.stages.Folder`."""
        path = self.path / name
        try:
            real, top = path.resolve(strict=True), self.path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # missing, a loop of links, no name of a file
            return None
        inside = not _leads_out(name) and top in real.parents
        return path if inside and real.is_file() else None


def _leads_out(name: str) -> bool:
    parts = set(name.split("/"))
    return bool(parts & {"", ".", ".."} or "\\" in name or PureWindowsPath(name).drive)


def _make_folder(folder: Path) -> None:
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        _sync(place.parent)


def _sync(folder: Path) -> None:
    # Windows can't open folders and some network file systems can't sync them: nothing to be done.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
