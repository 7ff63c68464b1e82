"""The ideas of the engine, and how each is left out without a switch in the product."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from types import ModuleType

    from kbatch.core import Placed
    from kbatch.data import I64, Clustering, Colors, Picture, Search, Variant
    from kbatch.pipeline import Parts

NEVER = 1 << 30  # more than there is of anything
KERNELS = "kbatch.core.kernels"


# ---- how ideas are left out --------------------------------------------------------------------


@contextmanager
def every_pixel() -> Iterator[None]:
    """Makes each pixel a point of weight 1, in the order of the colours; the coarse set stays."""
    import numpy as np

    from kbatch.core import coarse, collect
    from kbatch.data import Colors

    last: list[tuple[Colors, I64]] = []  # the distinct colours, and where their pixels begin

    def pixels(picture: Picture) -> Colors:
        colors = collect(picture)
        begins = np.append(0, np.cumsum(colors.count))
        last[:] = [(colors, begins)]
        rgba = np.repeat(colors.rgba, colors.count, axis=0)
        inverse = begins[colors.inverse].astype(np.int32)
        return Colors(rgba, np.ones(len(rgba), np.int64), begins[colors.cells], inverse)

    def runs(_: Colors, target: int) -> I64:
        ((colors, begins),) = last
        chosen: I64 = begins[coarse.coarse_runs(colors, target)]
        return chosen

    with mock.patch("kbatch.pipeline.collect", pixels), coarse_by(runs):
        yield


def coarse_by(runs: Callable[[Colors, int], I64]) -> AbstractContextManager[object]:
    """Chooses the coarse set by another function than `kbatch.core.coarse.coarse_runs`."""
    return mock.patch("kbatch.core.placed.coarse_runs", runs)


def by_cells(colors: Colors, target: int) -> I64:
    """Returns the occupied cells of 8 × 8 × 8 colours, where there are enough for any palette."""
    import numpy as np

    from kbatch.core import coarse

    cubes = colors.rgba[colors.cells[:-1]] >> 3
    same = np.append(False, (cubes[1:] == cubes[:-1]).all(axis=1))
    grid = colors.cells[np.append(~same, True)]
    return grid if len(grid) > 257 else coarse.coarse_runs(colors, target)


@contextmanager
def searching(change: Callable[[Search, int], Search]) -> Iterator[None]:
    """Changes how hard is looked, given that and K."""
    from kbatch import pipeline

    whole = pipeline.cluster

    def cluster(placed: Placed, variant: Variant, parts: Parts) -> Clustering:
        return whole(placed, replace(variant, search=change(variant.search, variant.k)), parts)

    with mock.patch.object(pipeline, "cluster", cluster):
        yield


def all_colors(search: Search, k: int) -> Search:
    """Looks on all colours, with as many rounds of swaps as on the coarse set."""
    from kbatch.core.kmeans import COARSE_PER_CENTER, ROUND

    rounds = search.budget // (max(search.coarse, COARSE_PER_CENTER * k) * (k + ROUND))
    return replace(search, coarse=0, budget=0, extra=0, swaps=min(search.swaps, rounds))


def plain_steps() -> AbstractContextManager[object]:
    """Moves centers to their means and no farther."""
    return searching(lambda search, _: replace(search, relax=0.0))


def by_far_points() -> AbstractContextManager[object]:
    """Starts with k-means++ at its defaults."""
    from kbatch.builtin.initializers import KMeansPlusPlus
    from kbatch.builtin.options import KMeansPlusPlusOptions

    start = KMeansPlusPlus(KMeansPlusPlusOptions())
    return mock.patch("kbatch.builtin.initializers.Split.centers", start.centers)


class NewScratch:
    """Scratch of the histogram that is never kept."""

    @property
    def spare(self) -> None:
        """Nothing, whatever was to be kept."""

    @spare.setter
    def spare(self, _: object) -> None:
        pass


def new_scratch() -> AbstractContextManager[object]:
    """Counts colours in memory that is new each time."""
    from kbatch.core.kernels import histogram

    return mock.patch.object(histogram, "_kept", NewScratch())


def forgetting() -> AbstractContextManager[object]:
    """Assigns the colours to the palette once more for painting."""
    from kbatch.core import Placed

    remembering = Placed.nearest

    def nearest(self: Placed, *asked: Any) -> Any:
        self._nearest = None
        return remembering(self, *asked)

    return mock.patch.object(Placed, "nearest", nearest)


def counting_anew() -> AbstractContextManager[object]:
    """Counts the clusters anew in each step, as is done where weights are fractions."""
    from kbatch.core.compiled import CompiledLoop

    keeping = CompiledLoop.descend

    def descend(self: CompiledLoop, *asked: Any) -> Any:
        self._layout = self._layout._replace(whole=False)
        return keeping(self, *asked)

    return mock.patch.object(CompiledLoop, "descend", descend)


@functools.cache
def loop_where_never(constant: str) -> ModuleType:
    """Returns `kernels.descend3` anew, since constants are compiled in; its first call compiles.

    Args:
        constant: of `kernels.assign`, which is larger than anything there.
    """
    package = importlib.import_module(KERNELS)
    names = ("assign", "descend", "descend3")
    before = {name: importlib.import_module(f"{KERNELS}.{name}") for name in names}
    try:
        for name in names:
            del sys.modules[f"{KERNELS}.{name}"]
        assign, _, descend3 = (importlib.import_module(f"{KERNELS}.{name}") for name in names)
    finally:
        for name, module in before.items():
            sys.modules[f"{KERNELS}.{name}"] = module
            setattr(package, name, module)
    assert hasattr(assign, constant)
    setattr(assign, constant, NEVER)
    return descend3


def never(constant: str) -> AbstractContextManager[object]:
    """Runs the loop of `loop_where_never`."""
    return mock.patch("kbatch.core.compiled.descend3", loop_where_never(constant))


# ---- the ideas ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Idea:
    """Something that makes the engine fast or good.

    Attributes:
        name: of the idea.
        instead: what is done without it.
        off: leaves it out for as long as it is entered.
    """

    name: str
    instead: str
    off: Callable[[], AbstractContextManager[object]]


NOTHING = Idea("nothing", "the whole engine once more", nullcontext)
IDEAS = (
    NOTHING,
    Idea("distinct colours", "each pixel is a point, in the order of the colours", every_pixel),
    Idea(
        "the coarse set",
        "start, first descent and as many swaps on all colours",
        partial(searching, all_colors),
    ),
    Idea(
        "its adapting",
        "the occupied cells of 8 × 8 × 8 colours are the coarse set",
        partial(coarse_by, by_cells),
    ),
    Idea("pruning by boxes", "every center for every point", partial(never, "FEW")),
    Idea("kept tallies", "clusters are counted anew each step", counting_anew),
    Idea("the split start", "k-means++, two candidates a center", by_far_points),
    Idea("swaps", "none", partial(searching, lambda search, _: replace(search, swaps=0))),
    Idea(
        "several swaps at once",
        "one a round, in as many rounds",
        partial(mock.patch, "kbatch.core.splitting.BATCH", 0.0),
    ),
    Idea("over-relaxation", "centers go to their means", plain_steps),
    Idea("kept scratch", "new memory for the histogram each time", new_scratch),
    Idea("the remembered assignment", "painting assigns once more", forgetting),
)
