"""The way of one picture: seven verbs, each a plain function from record to record.

load → collect → cluster → render → write → measure → save. Each verb is pure and in memory; only
`save`, which is storage's, touches the disk.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch import alpha, core, stages
from kbatch.data import Indexed, Picture, Points, Rendered
from kbatch.storage import save

if TYPE_CHECKING:
    from kbatch.data import I32, I64, U8, Choice, Clustering, Index, Variant
    from kbatch.registry import Registry

__all__ = [
    "Loaders",
    "Parts",
    "cluster",
    "collect",
    "fit",
    "load",
    "measure",
    "render",
    "save",
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
        return cls(
            registry.build("strategy", variant.strategy.name, variant.strategy.options),
            registry.build("init", variant.init.name, variant.init.options),
            registry.build("space", variant.space.name, variant.space.options),
            registry.build("dither", variant.dither.name, variant.dither.options),
            registry.build("writer", variant.writer.name, variant.writer.options),
        )


class Loaders:
    """Finds the loader of a file: by its first bytes, by its suffix, or else the first one.

    Args:
        options: the job's loading keys, of which each loader gets those it knows.
        registry: where loaders come from.
    """

    def __init__(self, options: Mapping[str, Any], registry: Registry) -> None:
        self._loaders: list[tuple[stages.LoaderSpec, stages.Loader]] = []
        for entry in registry:
            if isinstance(entry.spec, stages.LoaderSpec):
                known = entry.spec.options.model_fields
                mine = {key: value for key, value in options.items() if key in known}
                self._loaders.append((entry.spec, entry.build(mine)))

    def pick(self, name: str, data: bytes) -> stages.Loader:
        """Returns the loader for a file of this name with these bytes."""
        suffix = PurePath(name).suffix.lower()
        by_magic = [
            loader
            for spec, loader in self._loaders
            if any(data.startswith(magic, offset) for offset, magic in spec.magic)
        ]
        by_suffix = [loader for spec, loader in self._loaders if suffix in spec.suffixes]
        return [*by_magic, *by_suffix, self._loaders[0][1]][0]


def load(data: bytes, name: str, loader: stages.Loader) -> Picture:
    """Decodes a file's bytes."""
    return loader.load(io.BytesIO(data), name)


def fit(picture: Picture, variant: Variant) -> Picture:
    """Returns as much of a picture as a variant takes: its alpha, and all frames or the first."""
    if not variant.frames and len(picture.pixels) > 1:
        meta = replace(picture.meta, durations=(), loop=None)
        picture = alpha.without(Picture(picture.pixels[:1], meta))
    return alpha.apply(picture, variant.alpha)


def cluster(placed: core.Placed, variant: Variant, parts: Parts) -> Clustering:
    """Finds the palette of a picture's colours."""
    return core.cluster(
        placed,
        variant.k,
        parts.strategy,
        parts.initializer,
        search=variant.search,
        seed=variant.seed,
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
    indices = parts.ditherer.dither(picture.pixels, flat, full, _Nearest(palette, parts))
    if indices is flat:
        errors = placed.errors(palette, parts.strategy)
    else:
        _check_dithered(indices, flat, len(palette))
        assert colors.inverse is not None
        rows, chosen, count = _pairs(colors.inverse, indices)
        centers = core.to_space(palette, parts.space)
        cost = core.costs(placed.points.x[rows], chosen, centers, parts.strategy)
        errors = core.errors(colors.rgba[rows], count, chosen, palette, cost)
    indexed = Indexed(indices, full, picture.meta)
    return Rendered(indexed, errors.loss, errors.sse, errors.sad, errors.counts)


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
    """Returns the numbers of all measures, by the columns that they announce."""
    numbers: dict[str, float] = {}
    for spec, one in measures:
        given = one.measure(picture, indexed)
        numbers |= {column.name: float(given[column.name]) for column in spec.columns}
    return numbers


class _Nearest:
    """See `kbatch.stages.Nearest`."""

    def __init__(self, palette: U8, parts: Parts) -> None:
        self._channels = palette.shape[1]
        self._parts = parts
        self._centers = core.to_space(palette, parts.space)

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
