"""Samples of more than 8 bits, which Pillow cuts or takes for dark ones: scaled and rounded here.

Pillow holds 8 bits a channel and of 16 stored ones takes the high byte. Decoded twice, once for
the high bytes and once for the low ones, nothing is lost.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFile

from kbatch.images.bands import bands

if TYPE_CHECKING:
    from kbatch.data import U8

Array = np.ndarray[Any, np.dtype[Any]]

OTHER_END = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
BITS, PHOTOMETRIC, PLANAR, SAMPLE_FORMAT = 258, 262, 284, 339  # tags of TIFF
SIGNED = 2


def decode(
    image: ImageFile.ImageFile,
    again: Callable[[], ImageFile.ImageFile],
    load: Callable[[ImageFile.ImageFile], None],
) -> None:
    """Decodes the pixels of an image, deep samples rounded instead of cut.

    Args:
        image: opened, not loaded; afterwards of the mode that Pillow gives it, or RGBA where one
            colour of 16 bits stands for transparent.
        again: opens the same file a second time.
        load: loads an image.
    """
    raw = _stored(image)
    if raw == "LA;16B":  # as many bits as RGBA of 8 bits: high and low bytes are its channels
        _store(image, "RGBA")
        load(image)
        for top, pairs in bands(image):
            grey, alpha = _joined(pairs[..., ::2], pairs[..., 1::2]).transpose(2, 0, 1)
            _paste(image, top, np.dstack([grey, grey, grey, alpha]))
    elif deep := re.fullmatch(r"(RGB|RGBA|RGBa|RGBX|CMYK);16([BLN])", raw):
        kind, end = deep.groups()
        low, straight = again(), kind.replace("a", "A")
        _store(image, straight, f";16{end}")
        _store(low, straight, f";16{OTHER_END[end]}")
        load(image)
        load(low)
        _join(image, low, premultiplied=kind == "RGBa")
    else:
        load(image)
        if hasattr(image, "tag_v2"):
            _scale(image, image.tag_v2)


def _join(image: ImageFile.ImageFile, low: Image.Image, *, premultiplied: bool) -> None:
    """Puts the rounded samples in the place of their high bytes."""
    key = image.info.get("transparency")
    masks: list[U8] = []
    for (top, high), (_, lower) in zip(bands(image), bands(low), strict=True):
        samples = _whole(high, lower)
        if isinstance(key, tuple):
            masks.append(np.where((samples == np.array(key)).all(axis=2), np.uint8(0), 255))
        if premultiplied:
            alpha = np.maximum(samples[..., 3:], 1).astype(np.uint32)
            color = (samples[..., :3].astype(np.uint32) * 65535 + alpha // 2) // alpha
            samples[..., :3] = np.minimum(color, 65535)
        _paste(image, top, _rounded(samples))
    if masks:
        del image.info["transparency"]
        image.putalpha(Image.fromarray(np.vstack(masks).astype(np.uint8)))


def _scale(image: ImageFile.ImageFile, tags: Any) -> None:
    """Brings grey values of a TIFF to 16 bits, black at 0."""
    bits, signed = tags.get(BITS, (1,))[0], tags.get(SAMPLE_FORMAT, (1,))[0] == SIGNED
    inverted = tags.get(PHOTOMETRIC) == 0 and image.mode.startswith("I;16")
    if not (inverted or bits == 12 or image.mode == "I"):
        return
    for top, stored in bands(image):
        values = stored
        if bits == 12:
            values = values << 4 | values >> 8
        elif bits == 32:
            values = values.clip(0) >> 15 if signed else values.view(np.uint32) >> 16
        elif signed:
            values = values.clip(0) << 1
        _paste(image, top, (65535 - values if inverted else values).astype(stored.dtype))


def _paste(image: Image.Image, top: int, band: Array) -> None:
    image.paste(Image.frombuffer(image.mode, band.shape[1::-1], band.tobytes()), (0, top))


def _whole(high: Array, low: Array) -> Array:
    return high.astype(np.uint16) << np.uint16(8) | low


def _rounded(samples: Array) -> U8:
    rounded: U8 = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return rounded


def _joined(high: Array, low: Array) -> U8:
    return _rounded(_whole(high, low))


def _stored(image: ImageFile.ImageFile) -> str:
    """Returns how the samples are stored, or nothing where the format has no such word."""
    if image.format == "PNG" and getattr(image, "is_animated", False):
        return ""  # Pillow composes its frames in 8 bits
    arguments = image.tile[0].args if image.tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    if not isinstance(raw, str):
        return ""
    tags: Any = getattr(image, "tag_v2", {})
    if len(raw) == 1 and tags.get(PLANAR) == 2 and tags.get(BITS, (1,))[0] == 16:
        # A plane a channel: Pillow forgets their depth.
        bands = "".join(dict.fromkeys(str((tile.args or "?")[0]) for tile in image.tile))
        return f"{bands};16{'L' if tags.prefix == b'II' else 'B'}"
    return raw


def _store(image: ImageFile.ImageFile, kind: str, depth: str = "") -> None:
    """Says how the samples are to be taken: all channels, or the one of a plane."""

    def told(arguments: Any) -> Any:
        if isinstance(arguments, str):
            return kind + depth
        first, *others = arguments
        return (first.upper() if len(first) == 1 else kind) + depth, *others

    image.tile = [tile._replace(args=told(tile.args)) for tile in image.tile]
