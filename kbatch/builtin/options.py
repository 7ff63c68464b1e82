"""Options of the built-in loader and writer; cheap to import, so that jobs can be checked early."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal, Self

from pydantic import Field, model_validator

from kbatch.stages import Options, Palette


class PillowOptions(Options):
    """What the loader of common formats can be told."""

    icc: Literal["convert", "keep", "ignore"] = Field(
        default="convert",
        description="convert pixels to sRGB by their colour profile, keep both as stored, "
        "or ignore the profile",
    )
    frames: Literal["all", "first"] = Field(
        default="all", description="all frames of an animation, or the first as a still"
    )
    truncated: Literal["fail", "accept"] = Field(
        default="fail", description="what becomes of a picture whose file ends too early"
    )
    max_pixels: int = Field(
        default=200_000_000,
        ge=1,
        le=2**31 - 1,
        description="width × height × frames above which a picture is refused",
    )
    max_frames: int = Field(
        default=10_000, ge=1, le=1_000_000, description="frames above which an animation is refused"
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


class PaletteStartOptions(Options):
    """What the initializer that starts from a palette can be told."""

    from_: Palette = Field(
        alias="from",
        min_length=1,
        description="hex colours, palette files or pictures to start from, one or several",
    )


class SwatchOptions(Options):
    """What the writer of swatches can be told."""

    size: int = Field(default=32, ge=1, le=256, description="pixels of a square's side")
    columns: int = Field(default=16, ge=1, le=256, description="squares of a row")


class DiffusionOptions(Options):
    """What ditherers that diffuse errors can be told."""

    strength: float = Field(
        default=0.875,
        ge=0,
        le=1,
        description="share of each error that is handed on; at 1 strange dots appear in skies",
    )


class HtmlOptions(Options):
    """What the page of a job can be told."""

    pictures: int = Field(
        default=5000, ge=1, description="pictures that are shown; all count in its figures"
    )
    megabytes: int = Field(
        default=64,
        ge=1,
        description="size after which further pictures come without preview, palettes and curves",
    )


class ContactOptions(Options):
    """What the report of contact sheets can be told."""

    width: int = Field(default=1400, ge=200, le=20_000, description="pixels of a sheet's width")
    height: int = Field(
        default=4000, ge=200, le=20_000, description="pixels above which another sheet is begun"
    )
    cell: int = Field(
        default=216, ge=48, le=2048, description="most pixels of a picture's width and height"
    )


class MarkdownOptions(Options):
    """What the report in Markdown can be told."""

    pictures: int = Field(
        default=50, ge=0, description="pictures, and failures, that are listed one by one"
    )
    show: Literal["links", "images"] = Field(
        default="links", description="link to the results, or show them in the table"
    )


class ParquetOptions(Options):
    """None; but the job's check tells where the package is missing."""

    @model_validator(mode="after")
    def _installed(self) -> Self:
        if find_spec("pyarrow") is None:
            raise ValueError(
                "parquet needs the package pyarrow: pip install 'kbatch-image[parquet]'"
            )
        return self
