"""The pixels of PIL images, a band of rows at a time, so that memory holds them once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

BAND = 1 << 18  # pixels: what the system needs not find new memory for

Array = np.ndarray[Any, np.dtype[Any]]


def bands(image: Image.Image) -> Iterator[tuple[int, Array]]:
    """Yields a band (rows, W, …) after the other, each with the number of its first row."""
    if image.width * image.height <= 2 * BAND:
        yield 0, np.asarray(image)
        return
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        yield top, np.asarray(image.crop((0, top, image.width, bottom)))


def array_of(image: Image.Image) -> Array:
    """Returns the pixels (H, W, …); NumPy's own way holds them twice for a moment."""
    every = bands(image)
    _, first = next(every)
    if len(first) == image.height:
        return first
    array = np.empty((image.height, *first.shape[1:]), first.dtype)
    array[: len(first)] = first
    for top, band in every:
        array[top : top + len(band)] = band
    return array
