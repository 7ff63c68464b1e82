"""What the tests share: files that pillow-heif writes, and pictures to put in them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
from PIL import ExifTags, Image

LOSSLESS: dict[str, Any] = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}


def pixels(seed: int = 0, channels: int = 3, width: int = 75, height: int = 50) -> Any:
    """Returns uint8 (height, width, channels): noise on gradients; fourth channel not opaque."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    plain = np.stack([3 * x, 4 * y, x + y + 31 * seed, 2 * x + 20][:channels], axis=2)
    return (plain + rng.integers(0, 8, plain.shape)).clip(0, 255).astype(np.uint8)


def heif(*arrays: Any, mode: str = "", **settings: Any) -> bytes:
    """Returns a file of images, lossless unless `settings` say otherwise."""
    file = pillow_heif.HeifFile()
    settings = LOSSLESS | settings
    for array in arrays:
        kind = mode or ("L" if array.ndim == 2 else "RGBA"[: array.shape[2]])
        image = file.add_frombytes(kind, array.shape[1::-1], array.tobytes())
        image.info["matrix_coefficients"] = settings["matrix_coefficients"]
    stream = io.BytesIO()
    file.save(stream, **settings)
    return stream.getvalue()


def decoded(data: bytes) -> list[Any]:
    """Returns the images of a file as arrays, by another way than the loader's."""
    return [np.asarray(image.to_pillow()) for image in pillow_heif.read_heif(data)]


def exif(**tags: Any) -> bytes:
    """Returns an EXIF block of tags by their names."""
    block = Image.Exif()
    for name, value in tags.items():
        block[ExifTags.Base[name]] = value
    return block.tobytes()
