"""What one picture needs without a job: a variant, checked, and where its components are."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kbatch.data import Source, Variant
from kbatch.errors import JobError
from kbatch.job import check, read_palettes
from kbatch.job import document as documents
from kbatch.plan import loading_of
from kbatch.registry import Registry, discover
from kbatch.variants import suited, variants

Files = tuple[Path, ...]


def written(keys: Mapping[str, Any], plugins: Files = ()) -> str:
    """Returns what `resolve` is asked: keys as JSON, with colours in place of palette files.

    Args:
        keys: the axes, loading keys and palettes of a job; paths are relative to the working
            directory.
        plugins: single-file plugins to load.

    Raises:
        JobError: palettes that can't be read.
        PluginError: a plugin that was asked for can't be loaded.
        TypeError: a value that no job can hold.
    """
    if not keys.get("fixed") and not any(isinstance(value, Mapping) for value in keys.values()):
        return json.dumps(dict(keys), default=documents.plain_value)  # as nearly always
    document = documents.plain(keys, "quantize")
    read_palettes(document, _components(plugins), Path())
    if document.problems:
        raise JobError(document.problems)
    return json.dumps(document.data)


@functools.lru_cache(maxsize=64)
def resolve(keys: str, plugins: Files = ()) -> tuple[Variant, Mapping[str, Any], Registry]:
    """Returns what one picture needs: a variant, the loading options, and the registry.

    Remembered, because a notebook asks for the same again and again.

    Args:
        keys: JSON of the axes and loading keys of a job, without lists; see `written`.
        plugins: single-file plugins to load.

    Raises:
        JobError: with everything that is wrong.
        PluginError: a plugin that was asked for can't be loaded.
    """
    registry = _components(plugins)
    document = documents.plain(json.loads(keys) | {"input": ".", "output": "."}, "quantize")
    job = check(document, registry, Path())
    variant, *others = variants(job, registry)
    if others:
        raise JobError(["quantize: a list makes several variants, which only a job can have"])
    return variant, loading_of(job), registry


def for_suffix(variant: Variant, suffix: str | None) -> Variant:
    """Returns what stands in for a variant where a picture's own format is asked for.

    Args:
        variant: what was resolved.
        suffix: of the picture's file; None where it is none.

    Raises:
        JobError: the format of what is no file is asked for.
    """
    if variant.by_suffix and suffix is None:
        raise JobError(
            [
                f"quantize: writer: {variant.writer.name!r} is the format of a file by its suffix: "
                "give a path, or name a writer such as png"
            ]
        )
    return suited(variant, Source(Path(f"picture{suffix}"), "picture", "picture"))


@functools.cache
def _components(plugins: Files) -> Registry:
    """Returns the registry of the built-in and the installed plugins, and of files."""
    return discover(plugins)
