"""The search: starts and swaps on the coarse set, the best of them finished on all colours."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core.colors import as_seen, morton, to_space
from kbatch.core.lloyd import Found, Loop, is_squared
from kbatch.core.palette import make_palette, ordered
from kbatch.core.placed import Placed
from kbatch.core.seeding import far_points
from kbatch.core.splitting import swap
from kbatch.data import Clustering, Search, Stop

if TYPE_CHECKING:
    from kbatch.data import F32, U8, Bool
    from kbatch.stages import Initializer, Strategy

COARSE_LIMIT, COARSE_TOLERANCE = 12, 3e-3  # enough for swaps to begin from
FINALIST_LIMIT, FINALIST_TOLERANCE = 3, 1e-4  # and to show it on all colours
COARSE_PER_CENTER = 16
ROUND = 36  # so many distances a round of swaps costs for a point beside those to the entries
MEDIANS = 4  # a round costs so much of itself more where medians are sought
START = 30  # rounds that leave room for another start
CANDIDATES = 2  # of k-means++ where it is not the initializer


def cluster(
    placed: Placed,
    k: int,
    strategy: Strategy,
    initializer: Initializer,
    *,
    search: Search,
    seed: int,
    fixed: U8 | None = None,
) -> Clustering:
    """Finds a palette for a picture's colours.

    A picture of at most k colours, those that are fixed among them, gets exactly those, as the
    space sees them. Where some pixels are fully transparent, one entry is (0, 0, 0, 0) if k is at
    least 2 and has room for it.

    Args:
        placed: distinct colours with counts, in the space where distances are taken.
        k: entries wanted, 1 to 256.
        strategy: distance and update.
        initializer: where centers start.
        search: how hard to look.
        seed: of the job; the picture's own derives from it and the colours' digest.
        fixed: uint8 (f, C), distinct entries that are not learnt, whether they are used or not;
            f is at most k.
    """
    rgba = placed.colors.rgba
    given = rgba[:0] if fixed is None else fixed
    if len(rgba) <= k and len(given) + np.count_nonzero(_new(rgba, given)) <= k:
        exact = ordered(np.vstack([given, as_seen(rgba, placed.space)]))
        return Clustering(exact, np.zeros(1), "labels")
    given = _reserved(rgba, k, given)
    if len(given) == k:  # nothing is left to learn
        palette = ordered(given)
        loss = placed.errors(palette, strategy).loss
        return Clustering(palette, np.array([loss]), "labels")
    best = _Search(placed, k, strategy, initializer, search, seed, given).run()
    palette = make_palette(best.centers, placed, strategy, given)
    return Clustering(palette, best.history, best.stopped)


class _Search:
    """One search; see `cluster`."""

    def __init__(
        self,
        placed: Placed,
        k: int,
        strategy: Strategy,
        initializer: Initializer,
        search: Search,
        seed: int,
        fixed: U8,
    ) -> None:
        self._placed, self._k, self._fixed = placed, k, to_space(fixed, placed.space)
        self._strategy, self._initializer = strategy, initializer
        self._search, self._seed = search, seed
        self._last = Stop(search.max_iterations, search.tolerance, search.relax)
        size, self._first = 0, self._last
        if search.coarse:
            size = max(search.coarse, COARSE_PER_CENTER * k)
            self._first = Stop(COARSE_LIMIT, COARSE_TOLERANCE, search.relax)
        self._points = placed.coarse(size, strategy) if size else placed.points
        self._loop, self._fine = placed.loop(strategy, k, size), placed.loop(strategy, k)

    @cached_property
    def _affordable(self) -> int:
        """Rounds of swaps that are within the budget."""
        budget, each = self._search.budget, len(self._points.x) * (self._k + ROUND)
        if not is_squared(self._strategy):
            each += each // MEDIANS
        return budget // each if budget else self._search.swaps

    def run(self) -> Found:
        """Returns the best that was found."""
        search = self._search
        count = search.restarts + min(search.extra, self._affordable // START)
        starts = [self._start(restart) for restart in range(count)]
        starts.sort(key=_final_loss)
        if not search.coarse and not search.swaps:
            return starts[0]
        finalists = starts[: search.finalists]
        if len(finalists) > 1:
            short = Stop(FINALIST_LIMIT, FINALIST_TOLERANCE, search.relax)
            finalists = [self._descend(self._fine, found.centers, short) for found in finalists]
        best = min(finalists, key=_final_loss)
        return self._descend(self._fine, best.centers, self._last)

    def _start(self, restart: int) -> Found:
        """Returns where one start leads, with its swaps."""
        search, fixed, points = self._search, len(self._fixed), self._points
        drawn = search.varies or restart > 0
        rng = generator(self._seed, self._placed.digest if drawn else (), restart)
        wanted = self._k - fixed
        if restart == 0 or search.varies:
            new = self._initializer.centers(points, wanted, self._fixed, self._strategy, rng)
        else:
            words = rng.bit_generator.random_raw(wanted * CANDIDATES).reshape(-1, CANDIDATES)
            new = points.x[far_points(points, self._fixed, self._strategy, words)]
        if new.shape != (wanted, points.x.shape[1]) or not np.isfinite(new).all():
            raise ValueError(f"the initializer gave no {wanted} finite centers")
        found = self._descend(self._loop, np.vstack([self._fixed, new]), self._first)
        rounds = min(search.swaps, self._affordable)
        if not rounds:
            return found
        strategy, relax = self._strategy, search.relax
        return swap(self._loop, points, found, fixed, strategy, rounds, relax)

    def _descend(self, loop: Loop, centers: F32, stop: Stop) -> Found:
        centers = np.array(centers, np.float32, order="C")
        return Found(centers, *loop.descend(centers, len(self._fixed), stop))


def generator(seed: int, digest: tuple[int, ...], restart: int) -> np.random.Generator:
    """Returns the generator of one start.

    Args:
        seed: of the job.
        digest: words of the picture's colours; none where chance is not asked.
        restart: which start.
    """
    return np.random.Generator(np.random.PCG64([seed, restart, *digest]))


def _new(rgba: U8, given: U8) -> Bool:
    """Returns bool (n,), which colours are not among those given."""
    return ~np.isin(morton(rgba), morton(given))


def _reserved(rgba: U8, k: int, given: U8) -> U8:
    """Returns the entries that are not learnt: a transparent one too where the picture needs it."""
    channels = rgba.shape[1]
    if channels == 3 or k == 1 or len(given) == k or rgba[:, 3].all() or not given[:, 3].all():
        return given
    return np.vstack([given, np.zeros((1, channels), np.uint8)])


def _final_loss(found: Found) -> float:
    return float(found.history[-1])
