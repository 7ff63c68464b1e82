"""The pictures that are measured."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

from benchmarks.made import cut_out
from kbatch.images import from_image

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


def with_alpha(folder: Path | None) -> dict[str, U8]:
    """Returns pictures that are not opaque by name.

    Args:
        folder: where they are, folders within it too; None for the photos of scikit-image cut out,
            and its logo.

    Returns:
        uint8 (H, W, 4) arrays, straight alpha.

    Raises:
        NoPicturesError: there are none.
    """
    if folder is None:
        found = {name: cut_out(photo) for name, photo in _photos(None).items()}
        logo = importlib.import_module("skimage.data").logo()
        return found | {"logo": from_image(Image.fromarray(logo)).pixels[0]}
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            with Image.open(path) as image:
                pixels = from_image(image).pixels[0]
        except UnidentifiedImageError:
            continue
        if pixels.shape[2] == 4:
            found[path.relative_to(folder).as_posix()] = pixels
    if not found:
        raise NoPicturesError(f"no picture with alpha in {folder}: name another with --pictures")
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
