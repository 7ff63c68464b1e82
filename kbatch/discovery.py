"""Where pictures are found: files, folders and globs to a sorted list of sources."""

from __future__ import annotations

import logging
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from kbatch.data import LEDGER, Source
from kbatch.errors import JobError

if TYPE_CHECKING:
    from kbatch.stages import LoaderSpec

log = logging.getLogger(__name__)

HEAD = 64  # first bytes that tell a format


class _Found(NamedTuple):
    """A file: its name in the results, where it is, and its real folder and name."""

    picture: str
    path: str
    identity: tuple[str, str]


def discover(
    inputs: Sequence[str], base: Path, output: Path, loaders: Sequence[LoaderSpec]
) -> tuple[Source, ...]:
    """Finds the pictures of a job; opens a file only when no loader claims its suffix.

    Folders are walked recursively, each real folder once; what is hidden and the output are left
    out. A glob's fixed part is walked in the same way, and its pattern must match the whole rest.

    Args:
        inputs: files, folders or globs (`**` allowed), relative to `base`.
        base: where relative inputs begin.
        output: folder of the results.
        loaders: they claim files by suffix or, where no suffix is known, by first bytes.

    Returns:
        The sources, sorted by the parts of their names in code-point order.

    Raises:
        JobError: an input is missing, is the output or has no picture, or two pictures would share
            a name.
    """
    is_picture = _picture_test(loaders)
    found: dict[str, Path] = {}
    reached: set[tuple[str, str]] = set()
    problems: list[str] = []
    clashes: list[str] = []
    barren: list[str] = []
    for text in inputs:
        empty = True
        try:
            for picture, path, identity in _search(text, base, output, is_picture):
                empty = False
                if identity in reached:
                    continue
                reached.add(identity)
                if picture in found:
                    clashes.append(f"{found[picture]} and {path} would both be called {picture!r}")
                else:
                    found[picture] = Path(path)
        except JobError as error:
            problems += error.problems
        else:
            barren += [text] if empty else []
    if clashes:
        more = f" (and {len(clashes) - 1} more such pairs)" if len(clashes) > 1 else ""
        mend = "give one folder that holds both as the input, or make two jobs"
        problems.append(f"{clashes[0]}{more}: {mend}")
    if barren:
        problems.append(_nothing_found(barren, base, loaders))
    if problems:
        raise JobError(problems)
    return _sources(found)


def _nothing_found(inputs: Iterable[str], base: Path, loaders: Iterable[LoaderSpec]) -> str:
    places = ", ".join(repr(text) for text in inputs)
    known = sorted({suffix for loader in loaders for suffix in loader.suffixes})
    return (
        f"no picture found: looked through {places} in {base} for files that end in "
        f"{', '.join(known)} or begin like a picture, hidden files and the output left out "
        "(a glob matches files: end it in /** for all that is in a folder)"
    )


def _sources(found: dict[str, Path]) -> tuple[Source, ...]:
    # Without regard to case: what is two files here must be two files on every machine.
    shared = Counter(_without_suffix(picture).casefold() for picture in found)
    whole_names = {picture.casefold() for picture in found}

    def stem(picture: str) -> str:
        short = _without_suffix(picture)
        ambiguous = shared[short.casefold()] > 1 or short.casefold() in whole_names
        ambiguous |= short.rpartition("/")[2] in (".", "..")  # a file called `...png`
        return (picture if ambiguous else short).rpartition("/")[2]

    ordered = sorted(found, key=lambda picture: picture.split("/"))
    return tuple(Source(found[picture], picture, stem(picture)) for picture in ordered)


def _without_suffix(picture: str) -> str:
    folder, slash, name = picture.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)


def _picture_test(loaders: Sequence[LoaderSpec]) -> Callable[[str], bool]:
    suffixes = tuple(suffix.lower() for loader in loaders for suffix in loader.suffixes)
    magic = [pair for loader in loaders for pair in loader.magic]

    def is_picture(path: str) -> bool:
        if path.lower().endswith(suffixes):
            return True
        try:
            with Path(path).open("rb", buffering=0) as stream:
                head = stream.read(HEAD)
        except OSError as error:
            log.debug("%s has no known suffix and can't be opened: %s", path, error)
            return False
        return any(head.startswith(start, offset) for offset, start in magic)

    return is_picture


def _search(
    text: str, base: Path, output: Path, is_picture: Callable[[str], bool]
) -> Iterator[_Found]:
    target = base / text
    mode = _mode(target)
    if stat.S_ISREG(mode):
        yield _Found(target.name, str(target), os.path.split(os.path.realpath(target)))
        return
    parts = PurePath(text).parts
    fixed = list(takewhile(lambda part: not set(part) & set("*?["), parts))
    root, patterns = base.joinpath(*fixed), parts[len(fixed) :]
    if stat.S_ISDIR(mode):
        root, patterns = target, ("**",)  # a folder is a glob of all that is in it
    if not patterns or not stat.S_ISDIR(_mode(root)):
        what = "is neither a file nor a folder" if mode else "does not exist"
        raise JobError([f"input {text!r} {what} (looked for {root})"])
    left_out = os.path.realpath(output)
    if os.path.realpath(root) == left_out:
        raise JobError([f"input {text!r} looks in the output folder: choose another output"])
    depth = None if "**" in patterns else len(patterns)
    for found in _walk(str(root), left_out, depth):
        if _matches(found.picture.split("/"), patterns) and is_picture(found.path):
            yield found


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):  # not there, or not a name at all
        return 0


def _matches(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_matches(parts[i:], patterns[1:]) for i in range(len(parts), -1, -1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _matches(parts[1:], patterns[1:])


def _walk(root: str, left_out: str, depth: int | None) -> Iterator[_Found]:
    """Yields the visible files below a folder, each real folder entered once.

    The outputs of earlier runs are left out, unless one is the folder itself.
    """
    entered = {left_out}
    ahead = [("", root)]
    while ahead:
        prefix, folder = ahead.pop()
        real = os.path.realpath(folder)
        if real in entered:
            continue
        entered.add(real)
        deeper = []
        entries = _visible(folder)
        if prefix and any(entry.name == LEDGER for entry in entries):
            log.info("folder %s is left out, it holds the results of an earlier run", folder)
            continue
        for entry in entries:
            kind = _kind(entry)
            if kind == "folder" and (depth is None or prefix.count("/") + 1 < depth):
                deeper.append((f"{prefix}{entry.name}/", entry.path))
            elif kind == "file":
                identity = (real, entry.name)
                if entry.is_symlink():
                    identity = os.path.split(os.path.realpath(entry.path))
                yield _Found(prefix + entry.name, entry.path, identity)
        ahead += reversed(deeper)


def _visible(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        log.warning("folder %s is left out, it can't be read: %s", folder, error.strerror)
        return []
    return sorted(visible, key=lambda entry: entry.name)


def _kind(entry: os.DirEntry[str]) -> str:
    with suppress(OSError):  # a link to itself
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
    if entry.is_symlink():
        log.warning("link %s is left out, it leads nowhere", entry.path)
    return "other"
