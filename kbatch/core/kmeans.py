"""The search: starts and swaps on the coarse set, the best of them finished on all colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.coarse import coarse_points, coarse_runs
from kbatch.core.colors import points as points_of
from kbatch.core.colors import to_space
from kbatch.core.lloyd import descend_with
from kbatch.core.palette import make_palette, ordered
from kbatch.core.seeding import far_points
from kbatch.core.splitting import swap
from kbatch.data import Clustering, Colors, Descent, Points, Search, Stop

if TYPE_CHECKING:
    from kbatch.data import F32
    from kbatch.stages import Initializer, Space, Strategy

COARSE_LIMIT, COARSE_TOLERANCE = 12, 1e-3  # enough to show what a start is worth
FINALIST_LIMIT, FINALIST_TOLERANCE = 3, 1e-4  # and to show it on all colours
COARSE_PER_CENTER = 16
CANDIDATES = 2  # of k-means++ where it is not the initializer


def cluster(
    colors: Colors,
    k: int,
    space: Space,
    strategy: Strategy,
    initializer: Initializer,
    *,
    search: Search,
    seed: int,
) -> Clustering:
    """Finds a palette for a picture's colours.

    A picture of at most k colours gets exactly those. Where some pixels are fully transparent and
    k is at least 2, one entry is (0, 0, 0, 0).

    Args:
        colors: distinct colours with counts.
        k: entries wanted, 1 to 256.
        space: where distances are taken.
        strategy: distance and update.
        initializer: where centers start.
        search: how hard to look.
        seed: of the job; the picture's own derives from it and the colours' digest.
    """
    if len(colors.rgba) <= k:
        return Clustering(ordered(colors.rgba), np.zeros(1), "labels")
    points = points_of(colors, space)
    fixed = _reserved(colors, k, space)
    best = _search(colors, points, k, fixed, strategy, initializer, search, seed)
    palette = make_palette(best.centers, colors, points, space, strategy)
    return Clustering(palette, best.history, best.stopped)


def _search(
    colors: Colors,
    points: Points,
    k: int,
    fixed: F32,
    strategy: Strategy,
    initializer: Initializer,
    search: Search,
    seed: int,
) -> Descent:
    last = Stop(search.max_iterations, search.tolerance, search.relax)
    coarse, first = points, last
    if search.coarse:
        runs = coarse_runs(colors, max(search.coarse, COARSE_PER_CENTER * k))
        coarse = coarse_points(points, runs)
        first = Stop(COARSE_LIMIT, COARSE_TOLERANCE, search.relax)
    starts = []
    for restart in range(search.restarts):
        rng = generator(seed, colors.digest, restart)
        if restart == 0 or search.varies:
            new = initializer.centers(coarse, k - len(fixed), fixed, strategy, rng)
        else:
            words = rng.bit_generator.random_raw((k - len(fixed)) * CANDIDATES)
            new = coarse.x[far_points(coarse, fixed, strategy, words.reshape(-1, CANDIDATES))]
        start = descend_with(strategy, coarse, np.vstack([fixed, new]), len(fixed), first)
        starts.append(swap(coarse, start, len(fixed), strategy, search.swaps))
    starts.sort(key=_final_loss)
    if not search.coarse:
        return starts[0]
    best, *others = starts[: search.finalists]
    if others:
        short = Stop(FINALIST_LIMIT, FINALIST_TOLERANCE, search.relax)
        finalists = [
            descend_with(strategy, points, start.centers, len(fixed), short)
            for start in (best, *others)
        ]
        best = min(finalists, key=_final_loss)
    return descend_with(strategy, points, best.centers, len(fixed), last)


def generator(seed: int, digest: bytes, restart: int) -> np.random.Generator:
    """Returns the generator of one start.

    Args:
        seed: of the job.
        digest: of the picture's colours.
        restart: which start.
    """
    return np.random.Generator(np.random.PCG64([seed, restart, *digest]))


def _reserved(colors: Colors, k: int, space: Space) -> F32:
    """Returns the centers that are not learnt: a transparent one where the picture needs it."""
    clear = k > 1 and colors.rgba.shape[1] == 4 and not colors.rgba[:, 3].all()
    return to_space(np.zeros((int(clear), colors.rgba.shape[1]), np.uint8), space)


def _final_loss(descent: Descent) -> float:
    return float(descent.history[-1])
