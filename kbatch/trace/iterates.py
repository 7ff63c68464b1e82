"""The iterates of the textbook loop, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import from_space
from kbatch.core.kmeans import generator
from kbatch.data import Stop
from kbatch.errors import KbatchError

if TYPE_CHECKING:
    from kbatch.core import Placed
    from kbatch.data import F32, U8, Variant
    from kbatch.pipeline import Parts

ONE = Stop(limit=1, tolerance=0.0)
NONE = Stop(limit=0, tolerance=0.0)  # looks for labels only


@dataclass(frozen=True)
class Iterates:
    """What the loop went through from its start until no label changed.

    Attributes:
        centers: float32 (k, d) each, the start first.
        losses: of each, a pixel.
    """

    centers: tuple[F32, ...]
    losses: tuple[float, ...]


def iterates(placed: Placed, variant: Variant, parts: Parts) -> Iterates:
    """Runs the loop on all colours, an iteration at a time.

    Args:
        placed: the picture's colours in the space of the variant.
        variant: `k`, seed and most iterations.
        parts: its components.

    Raises:
        KbatchError: the picture has too few colours.
    """
    if len(placed.points.x) <= variant.k:
        raise KbatchError(
            f"there are only {len(placed.points.x)} colours, so the loop has nothing to do: "
            "give a smaller -k"
        )
    rng = generator(variant.seed, placed.digest if variant.search.varies else (), 0)
    none = np.zeros((0, placed.points.x.shape[1]), np.float32)
    start = parts.initializer.centers(placed.points, variant.k, none, parts.strategy, rng)
    loop = placed.loop(parts.strategy, variant.k)
    centers = np.array(start, np.float32, order="C")
    losses = [float(loop.descend(centers.copy(), 0, NONE)[0][-1])]
    found = [centers.copy()]
    for _ in range(variant.search.max_iterations):
        history, stopped = loop.descend(centers, 0, ONE)
        if len(history) > 1:
            found.append(centers.copy())
            losses.append(float(history[-1]))
        if stopped != "limit":
            break
    return Iterates(tuple(found), tuple(losses))


def painted(placed: Placed, parts: Parts, centers: F32) -> tuple[U8, U8]:
    """Returns what an iterate makes of the picture.

    Args:
        placed: the picture's colours.
        parts: components of the variant.
        centers: float32 (k, d).

    Returns:
        uint8 (k, 3), the centers rounded, and uint8 (n,), the nearest center of each colour.
    """
    loop = placed.loop(parts.strategy, len(centers))
    loop.descend(centers.copy(), 0, NONE)
    return from_space(centers, placed.space), loop.labels


def chosen(count: int, most: int) -> list[int]:
    """Returns which of some iterates become frames: the first ones, where most happens, and others.

    Args:
        count: iterates.
        most: frames, at least 2.

    Returns:
        Rising places, the first and the last among them.
    """
    if count <= most:
        return list(range(count))
    first = most // 2
    rest = most - first
    left = count - first
    return [*range(first), *(first - 1 + left * step // rest for step in range(1, rest + 1))]
