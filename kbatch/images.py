"""PIL images and arrays to records and back; what loader plugins build on.

Whatever a picture is stored as, it ends as 8-bit sRGB, upright, with straight alpha.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import ExifTags, Image, ImageCms

from kbatch.data import Indexed, Meta, Picture

if TYPE_CHECKING:
    from kbatch.data import U8

log = logging.getLogger(__name__)

Array = np.ndarray[Any, np.dtype[Any]]

# What brings an array (H, W, …) of each EXIF orientation upright.
TURNS: dict[int, Callable[[U8], U8]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}

# The colour space that a profile must be for, by mode.
SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}


def from_image(
    image: Image.Image,
    *,
    icc: Literal["convert", "ignore"] = "convert",
    name: str = "the picture",
) -> Picture:
    """Makes a picture of the first frame of a PIL image, upright.

    Args:
        image: of any mode; it is not changed.
        icc: convert to sRGB by the embedded profile, or take stored values as sRGB.
        name: what to call it in warnings.

    Returns:
        Pixels uint8 (1, H, W, C), and the resolution when the image tells a sane one.

    Raises:
        ValueError: it has no pixels.
        OSError, SyntaxError, …: whatever Pillow raises while it decodes a damaged file.
    """
    if position := image.tell():
        image.seek(0)
        try:
            return from_image(image, icc=icc, name=name)
        finally:
            image.seek(position)
    if 0 in image.size:
        raise ValueError(f"{name} has no pixels: its size is {image.width}×{image.height}")
    image.load()
    colors, alpha = _split(image)
    profile = image.info.get("icc_profile") if icc == "convert" else None
    rgb: U8 = np.asarray(_to_srgb(colors, profile, name))
    dpi = _dpi(image.info.get("dpi"))
    orientation = _orientation(image, name)
    if turn := TURNS.get(orientation):
        rgb = turn(rgb)
        alpha = None if alpha is None else turn(alpha)
        dpi = dpi[::-1] if dpi and orientation >= 5 else dpi
    return Picture(_pixels(rgb, alpha), Meta(dpi=dpi))


def from_array(array: Array) -> Picture:
    """Makes a picture of an array.

    Args:
        array: (H, W) grey, (H, W, 3) sRGB or (H, W, 4) sRGB with straight alpha; uint8, uint16,
            floats from 0 to 1, or bool. Bytes of three channels are not copied.

    Raises:
        TypeError: it is not an array of one of these types.
        ValueError: its shape is another, it is empty, or a float is not from 0 to 1.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected a NumPy array, got {type(array).__name__}")
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,), (4,)):
        raise ValueError(f"shape {array.shape} is not (H, W), (H, W, 3) or (H, W, 4)")
    if array.size == 0:
        raise ValueError(f"an array of shape {array.shape} has no pixels")
    values = _to_bytes(array)
    if values.shape[2:] == (4,):
        return Picture(_pixels(values[..., :3], values[..., 3]))
    return Picture(_pixels(values, None))


def to_array(indexed: Indexed) -> U8:
    """Returns the pixels of an indexed picture: uint8 (F, H, W, 4), straight alpha."""
    return indexed.palette[indexed.indices]


def to_image(indexed: Indexed) -> Image.Image:
    """Returns the first frame of an indexed picture as a PIL image of mode P.

    Alpha, resolution and colour profile are where Pillow's writers look for them.
    """
    image = Image.fromarray(indexed.indices[0])
    image.putpalette(indexed.palette[:, :3].tobytes())
    alpha = indexed.palette[:, 3]
    if alpha.min() < 255:
        image.info["transparency"] = alpha.tobytes()
    if indexed.meta.dpi:
        image.info["dpi"] = indexed.meta.dpi
    if indexed.meta.icc:
        image.info["icc_profile"] = indexed.meta.icc
    return image


# ---- modes -------------------------------------------------------------------------------------


def _split(image: Image.Image) -> tuple[Image.Image, U8 | None]:
    """Returns the colours in mode RGB, L, CMYK or LAB, and alpha (H, W) if there is any."""
    mode = image.mode
    if mode in ("P", "PA"):
        return _look_up(image)
    if mode in ("LA", "La", "RGBA", "RGBa"):
        straight = image if mode.endswith("A") else image.convert(mode.replace("a", "A"))
        return straight.convert(mode[:-1]), np.asarray(straight.getchannel("A"))
    if mode == "F":
        return Image.fromarray(_from_floats(np.asarray(image))), None
    if mode.startswith("I"):
        stored = np.asarray(image)
        grey = _to_bytes(stored.clip(0, 65535).astype(np.uint16))
        return Image.fromarray(grey), _keyed(image)
    if mode in ("1", "L", "RGB"):
        image = image.convert("L") if mode == "1" else image
        return image, _keyed(image)
    return (image if mode in SPACES else image.convert("RGB")), None


def _look_up(image: Image.Image) -> tuple[Image.Image, U8 | None]:
    """Returns the colours of a palette image in mode RGB, and alpha if any entry has it."""
    palette = np.tile(np.array([0, 0, 0, 255], np.uint8), (256, 1))
    listed = np.array(image.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    palette[: len(listed)] = listed
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        entries = np.frombuffer(transparency[:256], np.uint8)
        palette[: len(entries), 3] = entries
    elif isinstance(transparency, int) and transparency in range(256):
        palette[transparency, 3] = 0
    stored = np.asarray(image)
    indices, alpha = (stored[..., 0], stored[..., 1]) if image.mode == "PA" else (stored, None)
    if alpha is None and palette[:, 3].min() < 255:
        alpha = palette[:, 3][indices]
    return Image.fromarray(palette[:, :3][indices]), alpha


def _keyed(image: Image.Image) -> U8 | None:
    """Returns alpha where one stored colour stands for transparent, else None."""
    key = image.info.get("transparency")
    if not isinstance(key, int | tuple):
        return None
    stored = np.asarray(image)
    if np.shape(key) != stored.shape[2:]:
        return None
    # A loop over channels: `stored == key` would need a mask thrice as large.
    planes = [stored] if stored.ndim == 2 else list(np.moveaxis(stored, 2, 0))
    hit = np.ones(stored.shape[:2], bool)
    for plane, value in zip(planes, np.ravel(key), strict=True):
        hit &= plane == value
    return np.where(hit, np.uint8(0), np.uint8(255))


def _to_srgb(image: Image.Image, profile: bytes | None, name: str) -> Image.Image:
    """Returns an image of mode RGB or L; a profile that doesn't fit is told of and left out."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            if space == SPACES[image.mode]:
                srgb = ImageCms.createProfile("sRGB")
                transform = ImageCms.buildTransform(source, srgb, image.mode, "RGB")
                return transform.apply(image)
            problem = f"it is for {space}, the pixels are {SPACES[image.mode]}"
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
            problem = str(error)
        log.warning("%s: colour profile left out, %s", name, problem)
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


# ---- values ------------------------------------------------------------------------------------


def _to_bytes(array: Array) -> U8:
    """Returns uint8 values of the same shape."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return np.where(array, np.uint8(255), np.uint8(0))
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:  # in either byte order
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if array.dtype.kind != "f":
        raise TypeError(f"dtype {array.dtype} is not uint8, uint16, a float from 0 to 1, or bool")
    if not (array.min() >= 0 and array.max() <= 1):  # NaN fails both
        low, high = array.min(), array.max()
        raise ValueError(f"floats must be from 0 to 1 and not NaN; these are {low} to {high}")
    rounded: U8 = np.rint(array * np.float32(255)).astype(np.uint8)
    return rounded


def _from_floats(array: Array) -> U8:
    """Returns uint8 values of a float image: from 0 to 1 if none is larger, else from 0 to 255."""
    values = np.nan_to_num(array, nan=0.0).clip(0, 255)
    if values.max() <= 1:
        values *= 255
    rounded: U8 = np.rint(values).astype(np.uint8)
    return rounded


def _pixels(color: U8, alpha: U8 | None) -> U8:
    """Returns uint8 (1, H, W, C) pixels of (H, W) or (H, W, 3) colours and alpha (H, W).

    Opaque colours that lie as pixels do are not copied.
    """
    opaque = alpha is None or alpha.min() == 255
    if opaque and color.ndim == 3:
        return np.ascontiguousarray(color)[np.newaxis]
    pixels = np.empty((1, *color.shape[:2], 3 if opaque else 4), np.uint8)
    pixels[0, ..., :3] = color if color.ndim == 3 else color[..., np.newaxis]
    if not opaque:
        pixels[0, ..., 3] = alpha
        pixels[0, alpha == 0] = 0
    return pixels


# ---- what stands beside the pixels -------------------------------------------------------------


def _orientation(image: Image.Image, name: str) -> int:
    """Returns the EXIF orientation, 1 to 8."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception as error:  # damaged EXIF raises anything, and the pixels are fine
        log.warning("%s: damaged EXIF left out, %s", name, error)
        return 1
    return int(value) if value in range(1, 9) else 1


def _dpi(value: Any) -> tuple[float, float] | None:
    """Returns the resolution when there are two numbers that can be one.

    Formats without a unit tell 1 × 1, which is an aspect and not a resolution.
    """
    try:
        x, y = (float(number) for number in value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (x, y) if 1 < x < math.inf and 1 < y < math.inf else None
