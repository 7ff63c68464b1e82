"""The way of one picture: seven verbs, each a plain function from record to record.

load → collect → cluster → render → write → measure → save. Each verb is pure and in memory; only
`save`, which is storage's, touches the disk.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kbatch import alpha, core, stages
from kbatch.data import Indexed, Picture, Points, Rendered
from kbatch.loaders import Loaders, load
from kbatch.storage import save

if TYPE_CHECKING:
    from kbatch.data import I32, I64, U8, Choice, Clustering, Index, Variant
    from kbatch.registry import Registry

__all__ = [
    "Loaders",
    "Parts",
    "arrange",
    "cluster",
    "collect",
    "fit",
    "load",
    "measure",
    "render",
    "save",
    "with_room",
    "write",
]

collect = core.collect


@dataclass(frozen=True)
class Parts:
    """The components of one variant, built."""

    strategy: stages.Strategy
    initializer: stages.Initializer
    space: stages.Space
    ditherer: stages.Ditherer
    writer: stages.Writer

    @classmethod
    def of(cls, variant: Variant, registry: Registry) -> Parts:
        """Builds the components that a variant names."""
        space = registry.build("space", variant.space.name, variant.space.options)
        initializer = registry.build("init", variant.init.name, variant.init.options)
        if isinstance(initializer, stages.SpacedInitializer):
            initializer = initializer.in_space(space)
        return cls(
            registry.build("strategy", variant.strategy.name, variant.strategy.options),
            initializer,
            space,
            registry.build("dither", variant.dither.name, variant.dither.options),
            registry.build("writer", variant.writer.name, variant.writer.options),
        )


def with_room(picture: Picture, variant: Variant) -> Picture:
    """Returns the picture with an alpha channel where a fixed entry needs one.

    Args:
        picture: as it was loaded.
        variant: any of the job: all have the same fixed entries.
    """
    if picture.pixels.shape[3] == 4 or all(alpha == 255 for *_, alpha in variant.fixed):
        return picture
    pixels = np.full((*picture.pixels.shape[:3], 4), 255, np.uint8)
    pixels[..., :3] = picture.pixels
    return replace(picture, pixels=pixels)


def fit(picture: Picture, variant: Variant) -> Picture:
    """Returns as much of a picture as a variant takes: its alpha, and all frames or the first."""
    if not variant.frames and len(picture.pixels) > 1:
        meta = replace(picture.meta, durations=(), loop=None)
        picture = alpha.without(Picture(picture.pixels[:1], meta))
    return alpha.apply(picture, variant.alpha)


def cluster(placed: core.Placed, variant: Variant, parts: Parts) -> Clustering:
    """Finds the palette of a picture's colours."""
    channels = placed.colors.rgba.shape[1]
    fixed = np.array(variant.fixed, np.uint8)[:, :channels] if variant.fixed else None
    return core.cluster(
        placed,
        variant.k,
        parts.strategy,
        parts.initializer,
        search=variant.search,
        seed=variant.seed,
        fixed=fixed,
    )


def render(picture: Picture, placed: core.Placed, palette: U8, parts: Parts) -> Rendered:
    """Gives each pixel its entry of a rounded palette, and tells the errors of that.

    Args:
        picture: the pixels.
        placed: their distinct colours, in the space of the variant.
        palette: uint8 (k, C): this picture's own, a shared or a fixed one.
        parts: the components of the variant.
    """
    colors, full = placed.colors, _with_alpha(palette)
    labels, _ = placed.nearest(palette, parts.strategy)
    flat = core.pixels_of(labels, colors).reshape(picture.pixels.shape[:3])
    flat.flags.writeable = False
    nearest = _Nearest(palette, parts)
    pixels = core.seen_in(parts.space, picture, colors)
    indices = parts.ditherer.dither(pixels, flat, full, nearest)
    if indices is not flat:
        _check_dithered(indices, flat, len(palette))
    if indices is flat:
        errors = placed.errors(palette, parts.strategy)
    elif nearest.euclidean:  # as below, without looking for the pairs
        errors = core.errors_of_pixels(picture.pixels, indices, palette)
    else:
        assert colors.inverse is not None
        rows, chosen, count = _pairs(colors.inverse, indices)
        centers = core.to_space(palette, parts.space)
        cost = core.costs(placed.points.x[rows], chosen, centers, parts.strategy)
        errors = core.errors(colors.rgba[rows], count, chosen, palette, cost)
    indexed = Indexed(indices, full, picture.meta)
    return Rendered(indexed, errors.loss, errors.sse, errors.sad, errors.counts)


def arrange(rendered: Rendered, variant: Variant) -> Rendered:
    """Puts the entries into the order that the job asks for.

    Args:
        rendered: its palette in order of luminance, as `render` gives it.
        variant: the order, and the fixed entries.
    """
    if variant.order == "luminance":
        return rendered
    indexed = rendered.indexed
    order = core.arrangement(indexed.palette, rendered.counts, variant.order, variant.fixed)
    table = np.empty(len(order), np.uint8)
    table[order] = np.arange(len(order))
    indexed = replace(indexed, indices=table[indexed.indices], palette=indexed.palette[order])
    return replace(rendered, indexed=indexed, counts=rendered.counts[order])


def write(indexed: Indexed, writer: stages.Writer) -> bytes:
    """Encodes an indexed picture."""
    stream = io.BytesIO()
    writer.write(indexed, stream)
    data = stream.getvalue()
    if not data:
        raise ValueError("the writer wrote nothing")
    return data


def measures_of(
    choices: Iterable[Choice], registry: Registry
) -> list[tuple[stages.MeasureSpec, stages.Measure]]:
    """Builds the measures of a job, each with what it announced."""
    entries = [(registry.find("measure", choice.name), choice) for choice in choices]
    return [
        (entry.spec, entry.build(choice.options))
        for entry, choice in entries
        if entry is not None and isinstance(entry.spec, stages.MeasureSpec)
    ]


def measure(
    picture: Picture,
    indexed: Indexed,
    measures: Iterable[tuple[stages.MeasureSpec, stages.Measure]],
) -> dict[str, float]:
    """Returns the numbers of all measures, by the columns that they announce.

    Raises:
        ValueError: one gave a number that it hadn't announced.
    """
    numbers: dict[str, float] = {}
    for spec, one in measures:
        given = one.measure(picture, indexed)
        columns = [column.name for column in spec.columns]
        if unknown := given.keys() - columns:
            raise ValueError(
                f"the measure {spec.name} gave {', '.join(sorted(unknown))}, "
                f"its columns are {', '.join(columns)}"
            )
        numbers |= {name: float(given[name]) for name in columns if name in given}
    return numbers


class _Nearest:
    """See `kbatch.stages.Nearest`."""

    def __init__(self, palette: U8, parts: Parts) -> None:
        self._channels = palette.shape[1]
        self._parts = parts
        self._centers = core.to_space(palette, parts.space)

    @property
    def euclidean(self) -> bool:
        opaque = self._channels == 3  # else alpha has a unit of its own
        return opaque and core.is_euclidean(self._parts.strategy, self._parts.space)

    def __call__(self, rgba: U8) -> U8:
        x = core.to_space(rgba[:, : self._channels], self._parts.space)
        points = Points(x, np.ones(len(x)))
        return core.assign_with(self._parts.strategy, points, self._centers)[0]


def _check_dithered(indices: U8, flat: U8, entries: int) -> None:
    if indices.shape != flat.shape or indices.dtype != np.uint8 or indices.max() >= entries:
        raise ValueError(
            f"the ditherer gave {indices.dtype} {indices.shape} up to {indices.max()}, "
            f"expected uint8 {flat.shape} below {entries}"
        )


def _with_alpha(palette: U8) -> U8:
    if palette.shape[1] == 4:
        return palette
    return np.hstack([palette, np.full((len(palette), 1), 255, np.uint8)])


def _pairs(inverse: I32, indices: U8) -> tuple[Index, U8, I64]:
    """Returns the rows of colours, the entry of each, and how many pixels have this pair."""
    pairs = inverse.astype(np.int64) * 256 + indices.reshape(-1)
    distinct, count = np.unique(pairs, return_counts=True)
    return distinct >> 8, (distinct & 255).astype(np.uint8), count
