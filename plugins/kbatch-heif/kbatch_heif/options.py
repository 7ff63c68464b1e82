"""Options of the loader and the writer; cheap to import, so that jobs can be checked early."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from kbatch.stages import Options


class LoaderOptions(Options):
    """Those of a job's loading keys that the loader knows."""

    icc: Literal["convert", "keep", "ignore"] = Field(
        default="convert",
        description="convert pixels to sRGB by their colour profile, keep both as stored, "
        "or ignore the profile",
    )
    frames: Literal["all", "first"] = Field(
        default="all", description="all images of a file, or the primary one"
    )
    max_pixels: int = Field(
        default=200_000_000,
        ge=1,
        description="width × height × images above which a file is refused",
    )
    max_frames: int = Field(
        default=10_000, ge=1, description="images above which a file is refused"
    )


class WriterOptions(Options):
    """What the writer can be told."""

    quality: int = Field(default=90, ge=0, le=100, description="0 is smallest, 100 is nearest")
    chroma: Literal["4:4:4", "4:2:0"] = Field(
        default="4:4:4",
        description="how finely colours are stored; 4:2:0 is for devices that show nothing else",
    )
    lossless: bool = Field(
        default=False, description="exactly the palette's colours, whatever quality and chroma are"
    )

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        try:
            import pillow_heif

            encoder = pillow_heif.libheif_info()["HEIF"]
        except ImportError as error:
            raise ValueError(f"pillow-heif can't be imported: {error}") from error
        if not encoder:
            raise ValueError(
                "this pillow-heif has no HEVC encoder: install its wheel, "
                "pip install --force-reinstall --only-binary :all: pillow-heif"
            )
        return self
