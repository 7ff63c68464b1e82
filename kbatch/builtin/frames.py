"""What writers of animations share: the part of each frame that changes, times, and checks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kbatch.data import U8, Indexed, Meta

TIME = 100  # milliseconds of a frame that tells none


@dataclass(frozen=True, slots=True)
class Box:
    """Where a part of a frame lies, in pixels from the top left."""

    left: int
    top: int
    width: int
    height: int

    def of(self, frame: U8) -> U8:
        """Returns that part of a frame (H, W)."""
        part: U8 = frame[self.top : self.top + self.height, self.left : self.left + self.width]
        return part


def changes(indices: U8, step: int = 1) -> list[Box]:
    """Returns the smallest box of each frame outside of which it equals the one before.

    Args:
        indices: uint8 (F, H, W).
        step: boxes begin at multiples of it.

    Returns:
        The first box is the whole frame; one without changes has a pixel, as formats ask for one.
    """
    _, height, width = indices.shape
    boxes = [Box(0, 0, width, height)]
    for before, after in itertools.pairwise(indices):
        changed = before != after
        top, bottom = _span(changed.any(axis=1), step)
        left, right = _span(changed.any(axis=0), step)
        boxes.append(Box(left, top, right - left, bottom - top))
    return boxes


def _span(changed: np.ndarray[tuple[int], np.dtype[np.bool_]], step: int) -> tuple[int, int]:
    places = np.flatnonzero(changed)
    if not places.size:
        return 0, 1
    return int(places[0]) // step * step, int(places[-1]) + 1


def durations(meta: Meta, frames: int) -> tuple[int, ...]:
    """Returns the milliseconds of each frame."""
    return meta.durations if len(meta.durations) == frames else (TIME,) * frames


def check(indexed: Indexed, kind: str, most: int) -> None:
    """Refuses what no file of a format can hold.

    Args:
        indexed: the picture.
        kind: the format's name with its article.
        most: largest width and height.

    Raises:
        ValueError: the palette has not 1 to 256 entries, an index is not in it, there is no pixel,
            or a side is too long.
    """
    (_, height, width), entries = indexed.indices.shape, len(indexed.palette)
    if not indexed.indices.size or max(height, width) > most:
        raise ValueError(f"{kind} can't be {width}×{height} pixels")
    if not 1 <= entries <= 256:
        raise ValueError(f"{kind}'s palette has 1 to 256 entries, not {entries}")
    if indexed.indices.max() >= entries:
        raise ValueError(f"index {indexed.indices.max()} is not in a palette of {entries}")
