"""The goals beside the main table, each measured by a function of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from PIL import Image

from benchmarks.memory import beyond
from benchmarks.peers import libimagequant, rgba_bytes
from benchmarks.turns import best
from kbatch import quantize

if TYPE_CHECKING:
    from kbatch.data import U8

    Pictures = Mapping[str, U8]

STUDY_KS = (3, 6, 12, 24, 48)
SEEDS = range(10)
# SSE a pixel on kodim05 with centres that are not rounded, as the authors' own program gives it:
# Abernathy & Celebi, "The incremental online k-means clustering algorithm and its application to
# color quantization", Expert Systems with Applications 207 (2022).
PUBLISHED = {8: 678.336, 16: 366.164, 32: 191.509, 64: 108.113, 128: 62.902, 256: 37.889}
ROUNDING = 0.25  # what a palette of 8 bits may add to it


@dataclass(frozen=True)
class Verdict:
    """One goal and what was measured.

    Attributes:
        goal: what is claimed, with its limit.
        figure: what was measured, in words.
        met: None where it could not be measured; `figure` then says why.
    """

    goal: str
    figure: str
    met: bool | None

    def row(self) -> tuple[str, str, str]:
        """Returns the verdict's cells: word, goal, figure."""
        return (
            {True: "met", False: "missed", None: "not measured"}[self.met],
            self.goal,
            self.figure,
        )


def memory(pictures: Pictures) -> Iterator[Verdict]:
    """Memory beyond each picture, K = 48, l2: see `benchmarks.memory` for the measure."""
    goal = "memory beyond a photo, at most 12 bytes a pixel (K = 48, l2)"
    taken = {name: beyond(pixels, 48) for name, pixels in pictures.items()}
    known = {name: count * 3 / pictures[name].size for name, count in taken.items() if count}
    if len(known) < len(taken):
        yield Verdict(goal, "this system has no /proc/self/status", None)
        return
    yield Verdict(goal, _mean_and_worst(known, max), max(known.values()) <= 12)


def study(pictures: Pictures) -> Iterator[Verdict]:
    """The study's ten variants as a job makes them, without reading, encoding and saving."""
    goal = "the study's ten variants of a picture, at most 3.5 × one K = 48, l2"
    found = {}
    for name, pixels in pictures.items():
        with tempfile.TemporaryDirectory() as folder:
            ten = _study(pixels, Path(folder))
            turns = [(ten(), best([partial(quantize, pixels, 48)], 1)) for _ in range(5)]
        tens, ones = zip(*turns, strict=True)
        found[name] = sum(map(min, zip(*tens, strict=True))) / min(ones)[0]
    yield Verdict(goal, _mean_and_worst(found, max), fmean(found.values()) <= 3.5)


def strategies(pictures: Pictures) -> Iterator[Verdict]:
    """Time of l1 ÷ time of l2."""
    for k in (12, 48, 256):
        found = {}
        for name, pixels in pictures.items():
            l1, l2 = best([partial(quantize, pixels, k, way) for way in ("l1", "l2")], 7)
            found[name] = l1 / l2
        figure = _mean_and_worst(found, max)
        yield Verdict(
            f"time of l1 ÷ l2 at K = {k}, at most 1.3", figure, fmean(found.values()) <= 1.3
        )


def large(pictures: Pictures) -> Iterator[Verdict]:
    """Photos of 2 to 10 megapixels against libimagequant, K = 48."""
    goal = "photos of 2 to 10 megapixels, at least 11 × libimagequant's speed (K = 48, l2)"
    slowest = "9.8 megapixels, at most 90 ms (K = 48, l2)"
    if not pictures or find_spec("imagequant") is None:
        missing = "imagequant isn't installed" if pictures else "name a folder of them with --large"
        yield Verdict(goal, missing, None)
        return
    found, ms = {}, {}
    for name, pixels in pictures.items():
        theirs = partial(libimagequant, rgba_bytes(pixels), 48)
        ours, peer = best([partial(quantize, pixels, 48), theirs], 5)
        found[name] = peer / ours
        if pixels.size // 3 > 9.5e6:
            ms[name] = ours * 1000
    yield Verdict(goal, _mean_and_worst(found, min), fmean(found.values()) >= 11)
    if ms:
        yield Verdict(slowest, _mean_and_worst(ms, max, " ms"), max(ms.values()) <= 90)


def literature(pictures: Pictures) -> Iterator[Verdict]:
    """SSE on kodim05 against published figures."""
    goal = (
        "SSE on kodim05 at or below incremental online k-means (Abernathy & Celebi 2022; thorough)"
    )
    if "kodim05.png" not in pictures:
        yield Verdict(goal, "kodim05.png is not among the pictures", None)
        return
    for k, published in PUBLISHED.items():
        sse = quantize(pictures["kodim05.png"], k, effort="thorough").rendered.sse
        figure = f"{sse:.3f}, published {published:.3f} + {ROUNDING} for rounding"
        yield Verdict(f"{goal}, K = {k}", figure, sse <= published + ROUNDING)


def restarts(pictures: Pictures) -> Iterator[Verdict]:
    """SAD of l1 at `thorough` against the best of ten plain K-Medians from random starts."""
    for k in STUDY_KS:
        found = {}
        for name, pixels in pictures.items():
            plain = partial(quantize, pixels, k, "l1", init="random", effort="plain")
            slow = min(plain(seed=seed).rendered.sad for seed in SEEDS)
            found[name] = quantize(pixels, k, "l1", effort="thorough").rendered.sad / slow
        goal = f"SAD ÷ best of ten slow random restarts at K = {k}, at most 1.001 (l1, thorough)"
        yield Verdict(goal, _mean_and_worst(found, max, form=".5f"), max(found.values()) <= 1.001)


def _study(pixels: U8, folder: Path) -> Callable[[], list[float]]:
    """Returns what makes the ten variants by a worker and returns the seconds of our part."""
    from kbatch import plan
    from kbatch.data import Item
    from kbatch.worker import Worker

    Image.fromarray(pixels).save(folder / "picture.png", compress_level=1)
    keys = {"k": list(STUDY_KS), "strategy": ["l1", "l2"]}
    job = {"input": str(folder / "picture.png"), "output": str(folder / "out"), **keys}
    made, registry = plan.make(job)
    worker = Worker(made, registry)

    def run() -> list[float]:
        records = worker(Item(0, made.sources[0])).records
        assert len(records) == 10
        assert all(record.status == "done" for record in records), records[0].error
        return [one.seconds_collect + one.seconds_cluster + one.seconds_render for one in records]

    return run


def _mean_and_worst(
    found: Mapping[str, float],
    worst: Callable[[Sequence[float]], float],
    unit: str = "",
    form: str = ".3g",
) -> str:
    value = worst(list(found.values()))
    name = next(name for name, one in found.items() if one == value)
    mean = format(fmean(found.values()), form)
    return f"mean {mean}{unit}, worst {format(value, form)}{unit} ({name}) of {len(found)}"
