"""PIL images and arrays to records and back; what loader plugins build on.

Whatever a picture is stored as, it ends as 8-bit sRGB, upright, with straight alpha.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from kbatch.data import Indexed, Meta, Picture
from kbatch.images.bands import array_of
from kbatch.images.beside import TURNS, dpi_of, exif_of, loop_of, times_of, xmp_of
from kbatch.images.modes import split
from kbatch.images.previews import preview
from kbatch.images.profiles import Icc, Profile
from kbatch.images.values import Array, to_bytes

if TYPE_CHECKING:
    from kbatch.data import U8

__all__ = ["Icc", "from_array", "from_frames", "from_image", "preview", "to_array", "to_image"]


def from_image(image: Image.Image, *, icc: Icc = "convert", name: str = "the picture") -> Picture:
    """Makes a picture of the first frame of a PIL image, upright.

    Args:
        image: of any mode; it is not changed.
        icc: convert to sRGB by the embedded profile, keep the profile and the pixels as stored, or
            ignore it: take stored values as sRGB. Only a profile for RGB can be kept.
        name: what to call it in warnings.

    Returns:
        Pixels uint8 (1, H, W, C), and what stands beside them.

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
    return from_frames([image], icc=icc, name=name)


def from_frames(
    frames: Iterable[Image.Image], *, icc: Icc = "convert", name: str = "the picture"
) -> Picture:
    """Makes a picture of frames, upright.

    Args:
        frames: composed, of any mode, taken one by one: it may be one image that moves on. What
            stands beside the pixels is taken from the first, times from each. A frame of another
            size is cut or filled up with nothing.
        icc: see `from_image`.
        name: what to call it in warnings.

    Returns:
        Pixels uint8 (F, H, W, C), and what stands beside them.

    Raises:
        ValueError: there are no pixels.
        OSError, SyntaxError, …: whatever Pillow raises while it decodes a damaged file.
    """
    decoded: list[U8] = []
    times: list[float | None] = []
    for image in frames:
        if 0 in image.size:
            raise ValueError(f"{name} has no pixels: its size is {image.width}×{image.height}")
        image.load()
        if not decoded:
            profile = Profile(image.info.get("icc_profile"), icc, name)
            orientation, exif = exif_of(image, name)
            dpi, xmp, loop = dpi_of(image), xmp_of(image), loop_of(image)
        decoded.append(_upright(*_decoded(image, profile), orientation))
        times.append(image.info.get("duration"))
    if not decoded:
        raise ValueError(f"{name} has no frame")
    return Picture(
        decoded[0][np.newaxis] if len(decoded) == 1 else _stacked(decoded),
        Meta(
            icc=profile.kept,
            exif=exif,
            xmp=xmp,
            dpi=dpi[::-1] if dpi and orientation >= 5 else dpi,
            durations=times_of(times),
            loop=loop if len(decoded) > 1 else None,
        ),
    )


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
    values = to_bytes(array)
    if values.shape[2:] == (4,):
        return Picture(_pixels(values[..., :3], values[..., 3])[np.newaxis])
    return Picture(_pixels(values, None)[np.newaxis])


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


# ---- pixels ------------------------------------------------------------------------------------


def _decoded(image: Image.Image, profile: Profile) -> tuple[U8, U8 | None]:
    """Returns sRGB or grey colours and alpha; images in between are let go at once."""
    colors, alpha = split(image)
    return array_of(profile.apply(colors, in_place=colors is not image)), alpha


def _upright(color: U8, alpha: U8 | None, orientation: int) -> U8:
    turn = TURNS.get(orientation)
    if turn is None:
        return _pixels(color, alpha)
    return _pixels(turn(color), None if alpha is None else turn(alpha))


def _pixels(color: U8, alpha: U8 | None) -> U8:
    """Returns uint8 (H, W, C) pixels of (H, W) or (H, W, 3) colours and alpha (H, W).

    Opaque colours that lie as pixels do are not copied.
    """
    opaque = alpha is None or alpha.min() == 255
    if opaque and color.ndim == 3:
        return np.ascontiguousarray(color)
    pixels = np.empty((*color.shape[:2], 3 if opaque else 4), np.uint8)
    pixels[..., :3] = color if color.ndim == 3 else color[..., np.newaxis]
    if not opaque:
        pixels[..., 3] = alpha
        pixels[alpha == 0] = 0
    return pixels


def _stacked(frames: list[U8]) -> U8:
    """Returns frames of one size and number of channels as uint8 (F, H, W, C)."""
    height, width = frames[0].shape[:2]
    whole = all(frame.shape[0] >= height and frame.shape[1] >= width for frame in frames)
    opaque = whole and all(frame.shape[2] == 3 for frame in frames)
    stack = np.zeros((len(frames), height, width, 3 if opaque else 4), np.uint8)
    for into, frame in zip(stack, frames, strict=True):
        part = frame[:height, :width]
        into = into[: part.shape[0], : part.shape[1]]
        into[..., 3:] = 255
        into[..., : part.shape[2]] = part
    return stack
