"""Who decodes a file, and how its bytes become a picture."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kbatch import stages
from kbatch.errors import PictureError

if TYPE_CHECKING:
    from kbatch.data import Picture
    from kbatch.registry import Registry


class Loaders:
    """Finds the loader of a file: by its first bytes, by its suffix, or else the first one.

    Args:
        options: the job's loading keys, of which each loader gets those it knows.
        registry: where loaders come from.
    """

    def __init__(self, options: Mapping[str, Any], registry: Registry) -> None:
        self._loaders: list[tuple[stages.LoaderSpec, stages.Loader]] = []
        for entry in registry:
            if isinstance(entry.spec, stages.LoaderSpec):
                known = entry.spec.options.model_fields
                mine = {key: value for key, value in options.items() if key in known}
                self._loaders.append((entry.spec, entry.build(mine)))

    def pick(self, name: str, data: bytes) -> stages.Loader:
        """Returns the loader for a file of this name with these bytes."""
        suffix = PurePath(name).suffix.lower()
        by_magic = [
            loader
            for spec, loader in self._loaders
            if any(data.startswith(magic, offset) for offset, magic in spec.magic)
        ]
        by_suffix = [loader for spec, loader in self._loaders if suffix in spec.suffixes]
        return [*by_magic, *by_suffix, self._loaders[0][1]][0]


def read_file(path: Path) -> bytes:
    """Returns a file's bytes.

    Raises:
        PictureError: it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"can't read {path}: {error.strerror}") from error


def load(data: bytes, name: str, loader: stages.Loader) -> Picture:
    """Decodes a file's bytes."""
    return loader.load(io.BytesIO(data), name)
