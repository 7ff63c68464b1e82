"""Colour profiles: what becomes of stored colours."""

from __future__ import annotations

import io
import logging
from typing import Literal

from PIL import Image, ImageCms

log = logging.getLogger(__name__)

Icc = Literal["convert", "keep", "ignore"]

# The colour space that a profile must be for, by mode.
SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}


class Profile:
    """The profile of a picture, applied to each of its frames.

    A profile that is broken or for another kind of pixels is told of once and left out.

    Args:
        stored: the profile, or None.
        icc: `convert` to sRGB, `keep` what is stored, or `ignore` the profile.
        name: what to call the picture in warnings.
    """

    def __init__(self, stored: bytes | None, icc: Icc, name: str) -> None:
        self._stored = stored if icc != "ignore" else None
        self._icc = icc
        self._name = name
        self._transforms: dict[str, ImageCms.ImageCmsTransform] = {}
        self.kept: bytes | None = None  # what belongs to the pixels that were returned

    def apply(self, image: Image.Image, *, in_place: bool = False) -> Image.Image:
        """Returns an image of mode RGB or L for one of mode RGB, L, CMYK or LAB.

        Only a profile for RGB is kept: pixels of another space are RGB afterwards.

        Args:
            image: stored colours.
            in_place: the image may be changed, which saves memory.
        """
        if self._stored:
            try:
                if self._icc == "keep" and image.mode == "RGB":
                    _open(self._stored, "RGB")
                    self.kept = self._stored
                    return image
                transform = self._transform(image.mode)
                if in_place and image.mode == "RGB":
                    transform.apply_in_place(image)
                    return image
                return transform.apply(image)
            except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
                log.warning("%s: colour profile left out, %s", self._name, error)
                self._stored = None
        return image if image.mode in ("RGB", "L") else image.convert("RGB")

    def _transform(self, mode: str) -> ImageCms.ImageCmsTransform:
        if mode not in self._transforms:
            source = _open(self._stored or b"", mode)
            srgb = ImageCms.createProfile("sRGB")
            self._transforms[mode] = ImageCms.buildTransform(source, srgb, mode, "RGB")
        return self._transforms[mode]


def _open(stored: bytes, mode: str) -> ImageCms.ImageCmsProfile:
    """Opens a profile that fits a mode.

    Raises:
        ValueError: it is for another.
        OSError, ImageCms.PyCMSError: it is broken.
    """
    profile = ImageCms.ImageCmsProfile(io.BytesIO(stored))
    space = profile.profile.xcolor_space.strip()
    if space != SPACES[mode]:
        raise ValueError(f"it is for {space}, the pixels are {SPACES[mode]}")
    return profile
