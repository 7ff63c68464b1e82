"""Single pictures from the command line: where results go; a bad picture costs only itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbatch.api import quantize
from kbatch.errors import JobError, KbatchError

STREAM = "-"


def quantize_files(
    pictures: Sequence[str],
    keys: Mapping[str, Any],
    output: str | None,
    *,
    force: bool,
    note: Callable[[str], None],
    error: Callable[[str], None],
) -> bool:
    """Compresses pictures one after the other.

    Args:
        pictures: paths, or `-` for standard input.
        keys: keyword arguments of `kbatch.quantize`.
        output: a file, a folder, `-` for standard output, or None for beside each source.
        force: whether files that are there may be replaced.
        note: told of each picture that is done.
        error: told of each that is not.

    Returns:
        Whether all were done.

    Raises:
        KbatchError: the arguments can't be.
    """
    if len(pictures) > 1 and output and not _is_folder(output):
        raise KbatchError(f"several pictures can't go to {output!r}: give a folder, such as out/")
    written: set[Path] = set()
    failures = 0
    for picture in pictures:
        try:
            note(_one(picture, keys, output, written, many=len(pictures) > 1, force=force))
        except JobError:
            raise  # the same for every picture
        except KbatchError as problem:
            error(f"standard input: {problem}" if picture == STREAM else str(problem))
            failures += 1
    return failures == 0


def _one(
    picture: str,
    keys: Mapping[str, Any],
    output: str | None,
    written: set[Path],
    *,
    many: bool,
    force: bool,
) -> str:
    """Compresses one picture and returns a line about it."""
    data = sys.stdin.buffer.read() if picture == STREAM else None
    result = quantize(picture if data is None else data, **keys)
    encoded = result.to_bytes()
    size = Path(picture).stat().st_size if data is None else len(data)
    if output == STREAM or (output is None and picture == STREAM):
        sys.stdout.buffer.write(encoded)
        sys.stdout.buffer.flush()
        target = "standard output"
    else:
        path = _target(picture, output, result.name(Path(picture).stem), many=many)
        if path in written or (path.exists() and not force):
            raise KbatchError(
                f"{path} exists: give another place with -o, or --force to replace it"
            )
        result.save(path)
        written.add(path)
        target = str(path)
    return (
        f"{picture} → {target}  {len(result.palette)} colours  "
        f"{size:,} → {len(encoded):,} bytes ({size / len(encoded):.1f}×)"
    )


def _target(picture: str, output: str | None, name: str, *, many: bool) -> Path:
    if output is None:
        return Path(picture).with_name(name)
    path = Path(output)
    if many or _is_folder(output):
        return path / name
    suffix = Path(name).suffix
    if path.suffix.lower() not in ("", suffix):
        raise JobError([f"{path}: the result is a {suffix} file: give it that suffix"])
    return path


def _is_folder(output: str) -> bool:
    path = Path(output)
    known = path.is_dir() or output.endswith(("/", os.sep))
    return known or not (output == STREAM or path.suffix or path.exists())
