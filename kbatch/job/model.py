"""The keys of a job: their types, defaults and meanings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from kbatch.data import Choice
from kbatch.names import DEFAULT_NAME
from kbatch.stages import Options
from kbatch.variants import AXES

Text = Annotated[str, Field(min_length=1)]
Choices = tuple[Choice, ...]

MANY = 1_000_000  # of what takes memory or time each; more is a slip
MOST_PIXELS = 2**31 - 1  # that an int32 can count


def _axis(default: Any, description: str) -> Any:
    return Field((default,), min_length=1, description=f"{description}; a list makes variants")


class Job(Options):
    """A job as it is written, complete: every key has its value, every option its default."""

    input: tuple[Text, ...] = Field(
        min_length=1, description="a file, directory or glob of pictures, or a list of them"
    )
    output: Text = Field(description="the folder that results go to")
    k: tuple[Annotated[int, Field(ge=1, le=256)], ...] = _axis(16, "entries of the palette")
    strategy: Choices = _axis(Choice("l2"), "the distance and the update of the centers")
    init: Choices = _axis(Choice("split"), "where centers start")
    space: Choices = _axis(Choice("rgb"), "the colour space to cluster in")
    dither: Choices = _axis(Choice("none"), "how entries are chosen for pixels")
    effort: tuple[Literal["plain", "fast", "balanced", "thorough"], ...] = _axis(
        "balanced", "how hard to look for centers; plain is the textbook loop"
    )
    writer: Choices = _axis(Choice("png"), "the format of outputs")
    fixed: tuple[Text, ...] = Field(
        (), description="entries that are not learnt: hex colours, palette files or pictures"
    )
    order: Literal["luminance", "count", "hue", "fixed"] = Field(
        "luminance", description="how palettes are sorted"
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="what all chance derives from")
    restarts: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="starts; from effort when not given"
    )
    swaps: Annotated[int, Field(ge=0, le=MANY)] | None = Field(
        None, description="rounds of swaps after each start; from effort when not given"
    )
    coarse: Annotated[int, Field(ge=0, le=2**24)] | None = Field(
        None, description="points to search on, 0 for all colours; from effort when not given"
    )
    tolerance: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] | None = Field(
        None, description="relative gain at which a search ends; from effort when not given"
    )
    max_iterations: Annotated[int, Field(ge=1, le=MANY)] | None = Field(
        None, description="most iterations of a search; from effort when not given"
    )
    icc: Literal["convert", "keep", "ignore"] = Field(
        "convert",
        description="convert pixels to sRGB by their colour profile, keep both, or ignore it",
    )
    frames: Literal["all", "first"] = Field(
        "all", description="all frames of an animation, or the first as a still"
    )
    truncated: Literal["fail", "accept"] = Field(
        "fail", description="what becomes of a picture whose file ends too early"
    )
    max_pixels: int = Field(
        200_000_000,
        ge=1,
        le=MOST_PIXELS,
        description="pictures with more pixels in all frames fail",
    )
    max_frames: int = Field(10_000, ge=1, le=MANY, description="animations with more frames fail")
    alpha: (
        Literal["keep", "binary", "matte"]
        | Annotated[int, Field(ge=1, le=255)]
        | Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
    ) = Field(
        "keep",
        description="keep transparency; make it binary, at 128 or a threshold; or lay pixels on a "
        "matte, white or a colour",
    )
    keep: tuple[Literal["icc", "exif", "dpi", "xmp"], ...] = Field(
        ("icc", "dpi"), description="what stands beside the pixels and is written too"
    )
    if_larger: Literal["write", "copy", "skip", "fail"] = Field(
        "write", description="what is done where the result is larger than the source"
    )
    name: str = Field(
        DEFAULT_NAME, description="name of an output without its suffix, with placeholders"
    )
    measures: Choices = Field((), description="what is measured beside the errors")
    reports: Choices = Field((Choice("csv"),), description="what is made of the results")
    executor: Choice = Field(Choice("threads"), description="what runs the pictures")
    workers: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        None, description="pictures worked on at once; the number of cores when not given"
    )
    plugins: tuple[Text, ...] = Field(
        (), description="plugins this job needs: files, or names of installed ones"
    )


STAGE_OF = {
    **{axis: axis for axis in ("strategy", "init", "space", "dither", "writer")},
    "measures": "measure",
    "reports": "report",
    "executor": "executor",
}
LISTS = (*AXES, "input", "fixed", "keep", "measures", "reports", "plugins")


def written(job: Job) -> dict[str, Any]:
    """Returns a job as plain data: what a file that gives it would say."""
    given = {key: getattr(job, key) for key in Job.model_fields if key in job.model_fields_set}
    return {key: _long(value) for key, value in given.items() if value is not None}


def _long(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_long(entry) for entry in value]
    return {"name": value.name, **value.options} if isinstance(value, Choice) else value


def short(default: Any) -> Any:
    """Returns a default as a job would write it."""
    if isinstance(default, tuple):
        return short(default[0]) if len(default) == 1 else list(default)
    return default.name if isinstance(default, Choice) else default
