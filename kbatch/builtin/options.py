"""Options of the built-in loader and writer; cheap to import, so that jobs can be checked early."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kbatch.stages import Options


class PillowOptions(Options):
    """What the loader of common formats can be told."""

    icc: Literal["convert", "ignore"] = Field(
        default="convert",
        description="convert pixels to sRGB by their colour profile, or ignore the profile",
    )
    max_pixels: int = Field(
        default=200_000_000,
        ge=1,
        description="width × height above which a picture is refused before it is decoded",
    )


class PngOptions(Options):
    """What the PNG writer can be told."""

    level: int = Field(
        default=6,
        ge=0,
        le=12,
        description="effort of the compression: 0 stores, 12 is slowest and smallest",
    )
    optimize: Literal["off", "fast", "max"] = Field(
        default="off",
        description="off keeps to the level; fast takes at least 10; max takes 12, tries orders of "
        "the palette, filters and depths, then oxipng (pip install 'kbatch-image[optimize]')",
    )


class WebpOptions(Options):
    """What the WebP writer can be told."""

    effort: int = Field(
        default=4,
        ge=0,
        le=6,
        description="effort of the compression: 0 is fastest, 6 is slowest and smallest",
    )


class KMeansPlusPlusOptions(Options):
    """What the k-means++ initializer can be told."""

    candidates: int = Field(
        default=2,
        ge=1,
        le=64,
        description="candidates drawn for each center, of which the best is taken",
    )
