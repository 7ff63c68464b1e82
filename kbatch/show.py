"""What `kbatch show` shows: the pixels of a picture, and its palette where it has one."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from kbatch import images, palettes, request
from kbatch.api import quantize
from kbatch.loaders import Loaders, load, read_file

if TYPE_CHECKING:
    from kbatch.data import U8


@dataclass(frozen=True)
class Shown:
    """A picture to look at.

    Attributes:
        image: its first frame, of mode RGBA.
        palette: `#rrggbb` or `#rrggbbaa` each; none where it is not indexed.
        counts: pixels of each.
        told: a line about it.
    """

    image: Image.Image
    palette: tuple[str, ...]
    counts: tuple[int, ...]
    told: str


def quantized(path: Path, keys: Mapping[str, Any]) -> Shown:
    """Returns a picture in few colours.

    Args:
        path: of the picture.
        keys: keyword arguments of `kbatch.quantize`.

    Raises:
        KbatchError: the picture can't be read, or a key can't be.
    """
    made = quantize(path, **keys)
    image = Image.fromarray(images.to_array(made.rendered.indexed)[0])
    told = f"{_size(image)}  {made.variant.label}  sse {made.rendered.sse:,.1f} a pixel"
    colors = tuple(map(palettes.to_hex, made.palette.tolist()))
    return Shown(image, colors, tuple(map(int, made.rendered.counts)), told)


def as_it_is(path: Path) -> Shown:
    """Returns a picture as it is, an indexed one with the entries that it uses.

    Args:
        path: of the picture.

    Raises:
        PictureError: it can't be read.
    """
    data = read_file(path)
    _, loading, registry = request.resolve(request.written({}))
    loaded = load(data, str(path), Loaders(loading, registry).pick(path.name, data))
    image = Image.fromarray(_rgba(loaded.pixels[0]))
    colors, counts = _own_palette(data)
    frames = f"  {len(loaded.pixels)} frames" if len(loaded.pixels) > 1 else ""
    indexed = f"  {len(colors)} colours" if colors else ""
    return Shown(image, colors, counts, _size(image) + frames + indexed)


def _own_palette(data: bytes) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Returns the entries that the first frame of a file uses, and the pixels of each."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode != "P":
                return (), ()
            image.load()
            entries = image.copy()
    except (UnidentifiedImageError, OSError, ValueError):  # a plugin's format
        return (), ()
    counts = entries.histogram()
    entries.apply_transparency()
    flat = entries.getpalette("RGBA") or []
    used = [place for place in range(len(flat) // 4) if counts[place]]
    colors = tuple(palettes.to_hex(flat[4 * place : 4 * place + 4]) for place in used)
    return colors, tuple(counts[place] for place in used)


def _rgba(pixels: U8) -> U8:
    if pixels.shape[2] == 4:
        return pixels
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def _size(image: Image.Image) -> str:
    return f"{image.width}×{image.height}"
