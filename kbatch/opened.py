"""A picture that was read, and what its variants share of the work on it."""

from __future__ import annotations

from dataclasses import dataclass, field

from kbatch import core, pipeline
from kbatch.clock import Clock
from kbatch.data import Alpha, Clustering, Colors, Picture, Rendered, Source, Variant
from kbatch.pipeline import Parts


@dataclass
class Opened:
    """A picture that was read, and what becomes of it before colours are collected.

    Attributes:
        source: where it is from.
        data: the file.
        picture: what is in it.
    """

    source: Source
    data: bytes
    picture: Picture
    _shared: dict[tuple[Alpha, bool], Shared] = field(default_factory=dict)

    def shared(self, variant: Variant, clock: Clock) -> Shared:
        """Returns what a variant shares with others that take as much of the picture."""
        frames, *_, channels = self.picture.pixels.shape
        key = (variant.alpha if channels == 4 else "keep", variant.frames or frames == 1)
        if key not in self._shared:
            with clock.verb("collect"):
                picture = pipeline.with_room(pipeline.fit(self.picture, variant), variant)
                self._shared[key] = Shared(picture, pipeline.collect(picture))
        return self._shared[key]


@dataclass
class Shared:
    """What the variants of one picture share."""

    picture: Picture
    colors: Colors
    _placed: dict[str, core.Placed] = field(default_factory=dict)
    _clusterings: dict[str, Clustering] = field(default_factory=dict)
    _rendered: tuple[str, Rendered] | None = None  # the last one only: pixels are large

    def clustering(self, variant: Variant, parts: Parts) -> Clustering:
        """Returns the palette of a variant, sought once for all ditherers and writers."""
        key = _clustering_key(variant)
        if key not in self._clusterings:
            self._clusterings[key] = pipeline.cluster(self.placed(variant, parts), variant, parts)
        return self._clusterings[key]

    def rendered(self, variant: Variant, parts: Parts, clustering: Clustering) -> Rendered:
        """Returns the pixels of a variant, rendered once for writers that follow each other."""
        key = f"{_clustering_key(variant)} {variant.dither}"
        if self._rendered is None or self._rendered[0] != key:
            placed, palette = self.placed(variant, parts), clustering.palette
            rendered = pipeline.render(self.picture, placed, palette, parts)
            self._rendered = key, pipeline.arrange(rendered, variant)
        return self._rendered[1]

    def placed(self, variant: Variant, parts: Parts) -> core.Placed:
        """Returns the colours in the space of a variant."""
        key = repr(variant.space)
        if key not in self._placed:
            self._placed[key] = core.Placed(self.colors, parts.space)
        return self._placed[key]


def _clustering_key(variant: Variant) -> str:
    return repr((variant.k, variant.strategy, variant.init, variant.space, variant.search))
