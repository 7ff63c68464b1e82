"""Single pictures from the command line: where results go; a bad picture costs only itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbatch import request
from kbatch.api import quantize
from kbatch.errors import JobError, KbatchError, PluginError
from kbatch.storage import save

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
        except (JobError, PluginError):
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
    path = None if output == STREAM else _target(picture, output, keys, many=many)
    if path and (path in written or (path.exists() and not force)):
        raise KbatchError(f"{path} exists: give another place with -o, or --force to replace it")
    data = sys.stdin.buffer.read() if picture == STREAM else None
    result = quantize(picture if data is None else data, **keys)
    encoded = result.to_bytes()
    size = Path(picture).stat().st_size if data is None else len(data)
    if path:
        save(encoded, path)
        written.add(path)
    else:
        sys.stdout.buffer.write(encoded)
        sys.stdout.buffer.flush()
    colours = f"{len(result.palette)} colour{'s' if len(result.palette) > 1 else ''}"
    return (
        f"{picture} → {path or 'standard output'}  {colours}  "
        f"{size:,} → {len(encoded):,} bytes ({size / len(encoded):.1f}×)"
    )


def _target(
    picture: str, output: str | None, keys: Mapping[str, Any], *, many: bool
) -> Path | None:
    """Returns where a result goes, None for standard output; known before any work."""
    if output is None and picture == STREAM:
        return None
    asked = dict(keys)
    plugins = tuple(asked.pop("plugins", ()))
    variant, _, _ = request.resolve(request.written(asked, plugins), plugins)
    suffix = None if picture == STREAM else Path(picture).suffix
    variant = request.for_suffix(variant, suffix)
    stem = "picture" if picture == STREAM else Path(picture).stem
    name = f"{stem}_{variant.label}{variant.suffix}"
    if output is None:
        return Path(picture).with_name(name)
    path = Path(output)
    if many or _is_folder(output):
        return path / name
    if path.suffix.lower() not in ("", variant.suffix):
        mend = "give it that suffix, or name another writer"
        raise JobError([f"{path}: the result is a {variant.suffix} file: {mend}"])
    return path


def _is_folder(output: str) -> bool:
    path = Path(output)
    known = path.is_dir() or output.endswith(("/", os.sep))
    return known or not (output == STREAM or path.suffix or path.exists())
