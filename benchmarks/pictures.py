"""The pictures that are measured."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    from kbatch.data import U8

PHOTOS = ("chelsea", "coffee", "astronaut", "rocket")  # come within the wheel of scikit-image


class NoPicturesError(Exception):
    """There is nothing to measure; the message says how to mend that."""


def pictures(folder: Path | None, limit: int | None) -> dict[str, U8]:
    """Returns the pictures by name.

    Args:
        folder: where they are; None for the photos of scikit-image, which need no download.
        limit: at most so many, the first by name; None for all.

    Returns:
        uint8 (H, W, 3) arrays.

    Raises:
        NoPicturesError: there are none.
    """
    found = _photos(limit) if folder is None else _folder(folder, limit)
    if not found:
        raise NoPicturesError(f"no picture in {folder}: name another folder with --pictures")
    return found


def _photos(limit: int | None) -> dict[str, U8]:
    try:
        data = importlib.import_module("skimage.data")
    except ImportError as error:
        raise NoPicturesError(
            "the default photos come with scikit-image, which isn't installed: "
            "install it, or name a folder of pictures with --pictures"
        ) from error
    return {name: np.ascontiguousarray(getattr(data, name)()) for name in PHOTOS[:limit]}


def _folder(folder: Path, limit: int | None) -> dict[str, U8]:
    if not folder.is_dir():
        raise NoPicturesError(f"{folder} is no folder: name another one with --pictures")
    found: dict[str, U8] = {}
    for path in sorted(folder.iterdir()):
        if len(found) == limit:
            break
        try:
            with Image.open(path) as image:
                found[path.name] = np.array(image.convert("RGB"))
        except (UnidentifiedImageError, IsADirectoryError, PermissionError):
            continue  # not a picture; a damaged one is an error that should be seen
    return found
