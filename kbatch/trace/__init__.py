"""A film of the loop: each iterate's picture, its palette and the loss so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kbatch import core, pipeline, request
from kbatch.core.palette import LUMA
from kbatch.data import Meta, Picture
from kbatch.errors import KbatchError
from kbatch.loaders import read_file
from kbatch.trace.drawing import CURVES, Panel, draw, sampled
from kbatch.trace.iterates import Iterates, chosen, iterates, painted
from kbatch.trace.page import page

if TYPE_CHECKING:
    from kbatch.data import U8, Index, Variant

WRITERS = {".gif": "gif", ".png": "png", ".apng": "png", ".webp": "webp"}
PAGE = ".html"
FRAME, FIRST, LAST = 150, 800, 3000  # milliseconds


@dataclass(frozen=True)
class Loop:
    """One strategy's way through a picture."""

    variant: Variant
    parts: pipeline.Parts
    placed: core.Placed

    @cached_property
    def iterates(self) -> Iterates:
        """From the start to convergence."""
        return iterates(self.placed, self.variant, self.parts)

    def panel(self, place: int, pixels: Index, curve: str) -> Panel:
        """Returns what is drawn of an iterate; the last one stays.

        Args:
            place: which iterate.
            pixels: intp (H, W), the row of each pixel in the distinct colours.
            curve: colour of the curve.
        """
        place = min(place, len(self.iterates.losses) - 1)
        palette, labels = painted(self.placed, self.parts, self.iterates.centers[place])
        # Entries stand where they end, so that each can be followed.
        last, _ = painted(self.placed, self.parts, self.iterates.centers[-1])
        order = np.argsort(last.astype(np.int64) @ LUMA, kind="stable")
        title = f"{self.variant.strategy.name.upper()}  K {self.variant.k}"
        losses = self.iterates.losses
        return Panel(title, palette[labels[pixels]], palette[order], losses, place, curve)

    def told(self, place: int) -> str:
        """Returns an iterate in words."""
        losses = self.iterates.losses
        place = min(place, len(losses) - 1)
        name = self.variant.strategy.name.upper()
        return f"{name}: iteration {place} of {len(losses) - 1}, loss {losses[place]:,.2f} a pixel"


def trace(
    path: Path,
    keys: Mapping[str, Any],
    strategies: Sequence[str],
    output: Path | None = None,
    *,
    frames: int = 60,
    size: int = 480,
    force: bool = False,
) -> tuple[Path, str]:
    """Films the loop on a picture.

    Args:
        path: of the picture; its first frame is taken, on white where it is transparent.
        keys: `k`, `init`, `space` and `seed` of a job.
        strategies: drawn side by side.
        output: a file whose suffix tells the format; None for a GIF beside the picture.
        frames: most frames.
        size: pixels of the longest side of the picture in the film.
        force: whether a file that is there may be replaced.

    Returns:
        The file, and a line about what it shows.

    Raises:
        KbatchError: the picture can't be read, a key can't be, or the file is there.
    """
    names = "_".join(name.upper() for name in strategies)
    output = output or path.with_name(f"{path.stem}_K{keys['k']}_{names}_trace.gif")
    suffix = output.suffix.lower()
    if suffix not in (*WRITERS, PAGE):
        known = ", ".join((*WRITERS, PAGE))
        raise KbatchError(f"can't tell the format of {output}: give it one of {known}")
    if output.exists() and not force:
        raise KbatchError(f"{output} exists: give another place with -o, or --force to replace it")
    loops, shape = _loops(path, keys, strategies)
    inverse = loops[0].placed.colors.inverse
    assert inverse is not None
    rows, columns = sampled(*shape, size)
    pixels = inverse.reshape(shape)[np.ix_(rows, columns)].astype(np.intp)
    longest = max(len(loop.iterates.losses) for loop in loops)
    places = chosen(longest, frames)
    drawn = _frames(loops, places, pixels)
    if suffix == PAGE:
        told = [". ".join(loop.told(place) for loop in loops) for place in places]
        pngs = [_encoded(frame[np.newaxis], "png") for frame in drawn]
        title = f"{path.name}: {' beside '.join(map(str.upper, strategies))}, K {keys['k']}"
        data = page(title, list(zip(told, pngs, strict=True)), FRAME)
    else:
        data = _encoded(np.stack(list(drawn)), WRITERS[suffix])
    pipeline.save(data, output)
    ends = "; ".join(loop.told(longest) for loop in loops)
    return output, f"{len(places)} frames, {len(data):,} bytes. {ends}"


def _loops(
    path: Path, keys: Mapping[str, Any], strategies: Sequence[str]
) -> tuple[list[Loop], tuple[int, int]]:
    """Returns the loops, and the height and width of the picture."""
    every = [
        request.resolve(
            request.written(
                {**keys, "strategy": name, "effort": "plain", "alpha": "matte", "frames": "first"}
            )
        )
        for name in strategies
    ]
    core.prepare()
    data = read_file(path)
    variant, loading, registry = every[0]
    loader = pipeline.Loaders(loading, registry).pick(path.name, data)
    loaded = pipeline.load(data, str(path), loader)
    picture = pipeline.fit(Picture(loaded.pixels[:1]), variant)
    colors = pipeline.collect(picture)
    loops = []
    for variant, _, registry in every:
        parts = pipeline.Parts.of(variant, registry)
        loops.append(Loop(variant, parts, core.Placed(colors, parts.space)))
    height, width = picture.pixels.shape[1:3]
    return loops, (height, width)


def _frames(loops: Sequence[Loop], places: Sequence[int], pixels: Index) -> Iterator[U8]:
    for place in places:
        yield draw(
            [
                loop.panel(place, pixels, CURVES[number % len(CURVES)])
                for number, loop in enumerate(loops)
            ]
        )


def _encoded(frames: U8, writer: str) -> bytes:
    """Returns a film in at most 256 colours, which kbatch itself finds where there are more.

    Args:
        frames: uint8 (F, H, W, 3).
        writer: its name.
    """
    times = [FRAME] * len(frames)
    times[0], times[-1] = FIRST, LAST
    meta = Meta(durations=tuple(times), loop=0) if len(frames) > 1 else Meta()
    film = Picture(frames, meta)
    keys = {"k": 256, "effort": "fast", "writer": writer}
    variant, _, registry = request.resolve(request.written(keys))
    parts = pipeline.Parts.of(variant, registry)
    placed = core.Placed(pipeline.collect(film), parts.space)
    palette = pipeline.cluster(placed, variant, parts).palette
    return pipeline.write(pipeline.render(film, placed, palette, parts).indexed, parts.writer)
