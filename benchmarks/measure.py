"""Time and errors of each tool on each picture, the tools alternating."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.peers import Tool
    from kbatch.data import U8

REPEATS = 3
LONG = 3.0  # seconds; what takes longer is timed once, since noise of milliseconds doesn't matter
WARM_UP = 96  # pixels of the corner on which each tool runs once before anything is timed


@dataclass(frozen=True)
class Measurement:
    """One tool on one picture.

    Attributes:
        tool, picture, k: of what.
        ms: best time in milliseconds.
        sse, sad: squared and absolute error summed over the channels, a pixel.
    """

    tool: str
    picture: str
    k: int
    ms: float
    sse: float
    sad: float

    @property
    def speed(self) -> float:
        """Pictures a second."""
        return 1000 / self.ms


def errors(pixels: U8, palette: U8, indices: U8) -> tuple[float, float]:
    """Compares a picture with what its palette and indices show.

    Args:
        pixels: uint8 (H, W, 3).
        palette: uint8 (k, 3).
        indices: uint8 (H, W).

    Returns:
        Squared and absolute error summed over the channels, a pixel.
    """
    difference = pixels.astype(np.int64) - palette[indices]
    count = indices.size
    return float((difference**2).sum()) / count, float(np.abs(difference).sum()) / count


def warm_up(tools: Sequence[Tool], pixels: U8, k: int) -> None:
    """Runs each tool once, so that what it imports and compiles is there before it is timed."""
    corner = np.ascontiguousarray(pixels[:WARM_UP, :WARM_UP])
    for tool in tools:
        tool.run(tool.prepare(corner), k)


def measure(
    tools: Sequence[Tool],
    pictures: Mapping[str, U8],
    ks: Sequence[int],
    tell: Callable[[str], None],
) -> list[Measurement]:
    """Measures every tool on every picture at every k.

    Args:
        tools: what is compared; they take turns, so that a noisy machine is unfair to none.
        pictures: uint8 (H, W, 3) by name.
        ks: numbers of colours.
        tell: hears a line a picture and k, with the time that is left as far as one can tell.
    """
    made = []
    work = [(picture, pixels, k) for picture, pixels in pictures.items() for k in ks]
    total = sum(_effort(pixels, k) for _, pixels, k in work)
    started, done = time.perf_counter(), 0
    for picture, pixels, k in work:
        some = _take_turns(tools, picture, pixels, k)
        made += some
        done += _effort(pixels, k)
        left = (time.perf_counter() - started) * (total - done) / done
        times = ", ".join(f"{one.tool} {one.ms:.3g} ms" for one in some)
        tell(f"{picture} K={k}: {times}; about {left:.0f} s left")
    return made


def _effort(pixels: U8, k: int) -> int:
    """Returns how long all tools take, in no unit: some in proportion to k, others hardly so."""
    return pixels.size * (50 + k)


def _take_turns(tools: Sequence[Tool], picture: str, pixels: U8, k: int) -> list[Measurement]:
    prepared = [tool.prepare(pixels) for tool in tools]
    best = [np.inf] * len(tools)
    found = [(np.inf, np.inf)] * len(tools)
    for repeat in range(REPEATS):
        for place, tool in enumerate(tools):
            if repeat and best[place] > LONG:
                continue
            started = time.perf_counter()
            palette, indices = tool.run(prepared[place], k)
            best[place] = min(best[place], time.perf_counter() - started)
            if repeat == 0:
                found[place] = errors(pixels, palette, indices)
    return [
        Measurement(tool.name, picture, k, seconds * 1000, sse, sad)
        for tool, seconds, (sse, sad) in zip(tools, best, found, strict=True)
    ]
