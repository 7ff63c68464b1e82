"""A job file as plain data that knows the place of each value."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kbatch.errors import JobError
from kbatch.job.yaml import MAX_DEPTH, Builder, Route, build, shown

MAX_BYTES = 1_000_000

_KEY = re.compile(r"[^\W\d]\w*(\.\w+)*")


class Document:
    """A job file as plain data, with the place of each value.

    Attributes:
        name: what errors call the file.
        text: what was read.
        data: dicts with text as keys, lists, text, numbers, booleans and None.
        problems: what is wrong but hides nothing else, each a located line.
    """

    def __init__(self, name: str, text: str, data: dict[str, Any], builder: Builder) -> None:
        self.name = name
        self.text = text
        self.data = data
        self.problems = builder.problems
        self._places = builder.places

    def where(self, path: Sequence[str | int], *, key: bool = False) -> str:
        """Returns the place of a value, or of its key: `job.yaml:4:9`, counted from 1.

        A path that goes deeper than the file gives the nearest value on the way; entry 0 of what
        is not a list is the thing itself. What the command line set is at `--set k=8`.

        Args:
            path: keys and list indices from the top.
            key: the place of the key instead.
        """
        here: Route = ()
        for part in path:
            if (*here, part) in self._places:
                here = (*here, part)
            elif part != 0:
                break
        return self._places[here][0 if key else 1]

    def order(self, problem: str) -> tuple[int, int]:
        """Returns line and column of a problem, for sorting; those of the command line come last.

        Args:
            problem: a text that begins with a place of this document.
        """
        found = re.match(re.escape(self.name) + r":(\d+):(\d+): ", problem)
        return (int(found[1]), int(found[2])) if found else (MAX_BYTES + 1, 0)

    def set(self, assignment: str) -> None:
        """Sets one value from the command line: `writer.level=9`.

        Mappings are made on the way; a name at which an option is set becomes `{name: …}`.

        Args:
            assignment: a dotted key, of which numbers index lists, `=`, and a YAML value.

        Raises:
            JobError: it has another form, or doesn't fit the data.
        """
        place = f"--set {' '.join(assignment.splitlines())}"
        dotted, equals, text = assignment.partition("=")
        parts = dotted.split(".")
        if not equals or not _KEY.fullmatch(dotted) or len(parts) > MAX_DEPTH:
            raise JobError([f"{place}: expected KEY=VALUE"])
        builder = Builder(lambda _: place)
        try:
            value = build(text, builder)
        except JobError as error:
            raise JobError(
                [f"{error} (text with such characters needs quotes: KEY='\"…\"')"]
            ) from None
        if builder.problems:
            raise JobError(builder.problems)
        container, last, path = self._container(parts, place)
        container[last] = value
        self._move(path, place)

    def put(self, key: str, value: Any, place: str) -> None:
        """Replaces the value of a key by one that is no text to be read.

        Args:
            key: of the job.
            value: plain data.
            place: where it comes from, such as `--output`.
        """
        self.data[key] = value
        self._move((key,), place)

    def _move(self, path: Route, place: str) -> None:
        """Says that the value at a path, and all in it, comes from elsewhere."""
        self._places = {
            known: found for known, found in self._places.items() if known[: len(path)] != path
        }
        self._places[path] = place, place

    def _container(self, parts: Sequence[str], place: str) -> tuple[Any, str | int, Route]:
        """Returns what holds the last part, its key there and its path; makes what is missing."""
        holder: Any = [self.data]
        last: str | int = 0
        path: Route = ()
        for part in parts:
            inner = holder[last]
            if part == "0" and not isinstance(inner, list):
                continue  # entry 0 of what is not a list is the thing itself
            if isinstance(inner, str):
                inner = holder[last] = {"name": inner}
            elif inner is None:
                inner = holder[last] = {}
            if isinstance(inner, dict):
                inner.setdefault(part, None)
                holder, last = inner, part
            elif isinstance(inner, list):
                if not (part.isdecimal() and int(part) < len(inner)):
                    known = f"0 to {len(inner) - 1}" if inner else "none"
                    raise JobError([f"{place}: {part!r} is no entry of this list; known: {known}"])
                holder, last = inner, int(part)
            else:
                raise JobError([f"{place}: {'.'.join(map(str, path))} has no options"])
            path = (*path, last)
            self._places.setdefault(path, (place, place))
        return holder, last, path


def load(path: Path) -> Document:
    """Reads a job file.

    Raises:
        JobError: it can't be read; one line says why.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise JobError([f"{path}: no such file"]) from None
    except IsADirectoryError:
        raise JobError([f"{path}: a directory, expected a job file"]) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise JobError([f"{path}: can't be read: {why}"]) from error
    if len(raw) > MAX_BYTES:
        raise JobError([f"{path}: larger than 1 MB, expected a job file"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
        raise JobError([f"{path}:{line}:{column}: not UTF-8: save the file as UTF-8"]) from error
    return parse(text, str(path))


def parse(text: str, name: str) -> Document:
    """Reads a job from text.

    Args:
        text: YAML.
        name: what errors call it.

    Raises:
        JobError: it can't be read; one line says where and why.
    """
    if len(text) > MAX_BYTES:
        raise JobError([f"{name}: larger than 1 MB, expected a job"])
    builder = Builder(lambda mark: f"{name}:{mark.line + 1}:{mark.column + 1}")
    data = build(text, builder)
    if data is None:
        raise JobError([f"{name}:1:1: empty, expected 'input: …' and 'output: …'"])
    if not isinstance(data, dict):
        place = builder.places[()][1]
        raise JobError([f"{place}: expected 'key: value' lines, got {shown(data)}"])
    return Document(name, text, data, builder)


def plain(data: Mapping[str, Any], name: str) -> Document:
    """Makes a document of plain data.

    Args:
        data: what a job file would say; paths, tuples, ranges and NumPy's numbers will do.
        name: the place of all of it in errors.

    Raises:
        TypeError: a value that no job file can say.
    """
    builder = Builder(lambda _: name)
    builder.places[()] = name, name
    text = json.dumps(dict(data), default=plain_value)
    return Document(name, text, json.loads(text), builder)


def plain_value(value: Any) -> Any:
    """Returns what JSON has for a value that it doesn't know."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, range):
        return list(value)
    if hasattr(value, "tolist"):  # NumPy's numbers and arrays
        return value.tolist()
    kind = type(value).__name__
    raise TypeError(f"a job can't hold a {kind}: expected text, a number, a list or a mapping")
