"""`python -m benchmarks.ablation`: what each idea of the engine is worth, by leaving it out."""

from __future__ import annotations

import argparse
import pkgutil
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any
from unittest import mock

from benchmarks import machine
from benchmarks.ideas import IDEAS, NOTHING, Idea
from benchmarks.tables import markdown, plain

if TYPE_CHECKING:
    from kbatch.data import U8

    Rows = list[Sequence[str]]

OUTPUT = Path(__file__).parent / "out"
DISTRIBUTIONS = ("kbatch-image", "numpy", "numba")
KS = (12, 48, 256)
REPEATS, STAGE_REPEATS = 15, 50
NOTES = f"""\
From RGB array to palette and index array by `kbatch.quantize` at its defaults (l2, balanced), warm,
on one core. One idea is left out at a time; the whole engine and all that is left without one take
turns, and the best of {REPEATS} calls counts. Time and SSE are ÷ the whole engine's on the same
picture, means over the pictures: 1.50 takes half as long again without the idea, and an SSE above 1
is a worse picture. The row `nothing` is the whole engine once more: how far noise reaches."""

COUNT, PLACE, COARSE = "count the distinct colours", "place them, pack blocks", "coarse set"
START, FIRST_DESCENT, SWAPS = "start by splitting", "first descent, coarse", "swaps"
LAST_DESCENT, PALETTE, PAINTING = "last descent, all colours", "palette", "painting, errors"
ORDER = (COUNT, PLACE, COARSE, START, FIRST_DESCENT, SWAPS, LAST_DESCENT, PALETTE, PAINTING)
REST = "the rest"
# where the time goes: functions that follow each other, by the names that callers know them by
STAGES = {
    "kbatch.pipeline.collect": COUNT,
    "kbatch.core.placed.coarse_runs": COARSE,
    "kbatch.core.placed.points": PLACE,
    "kbatch.core.placed.coarse_points": COARSE,
    "kbatch.core.placed.lay_out": PLACE,
    "kbatch.builtin.initializers.Split.centers": START,
    "kbatch.core.kmeans._Search._descend": LAST_DESCENT,
    "kbatch.core.kmeans.swap": SWAPS,
    "kbatch.core.kmeans.make_palette": PALETTE,
    "kbatch.pipeline.render": PAINTING,
}


def main(arguments: Sequence[str]) -> int:
    """Measures, prints the tables, and writes them as ablation.md.

    Args:
        arguments: of the command line.

    Returns:
        0, or 2 when there is nothing to measure.
    """
    given = _parser().parse_args(arguments)
    pinned = machine.one_core()
    # only now: this brings NumPy, which reads how many threads it may use
    from benchmarks.pictures import NoPicturesError, pictures

    try:
        found = pictures(given.pictures, given.limit)
    except NoPicturesError as error:
        print(error, file=sys.stderr)
        return 2
    facts = [
        f"Command: python -m benchmarks.ablation {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(found)}",
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    ratios = []
    for k in KS:
        print(f"K = {k}", file=sys.stderr, flush=True)
        ratios.append([compare(one, k) for one in found.values()])
    spent = [[stages(one, k) for one in found.values()] for k in KS]
    tables = {"Without each idea": worth(ratios), "Milliseconds a stage": where(spent)}
    for title, rows in tables.items():
        print(f"\n{title}\n{plain(rows)}")
    page = [
        "# Ablation",
        "\n".join("- " + fact for fact in facts),
        NOTES,
        *(f"## {title}\n\n{markdown(rows)}" for title, rows in tables.items()),
        "## What is done instead\n",
    ]
    instead = "\n".join(f"- {idea.name}: {idea.instead}" for idea in IDEAS)
    given.output.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(page) + instead + "\n"
    (given.output / "ablation.md").write_text(text, encoding="utf-8")
    return 0


def worth(ratios: Sequence[Sequence[Sequence[tuple[float, float]]]]) -> Rows:
    """Returns the header and a row an idea, means over the pictures.

    Args:
        ratios: of time and SSE, for each k, picture and idea.
    """
    rows: Rows = [("without", *(f"{what}, K = {k}" for what in ("time", "SSE") for k in KS))]
    for place, idea in enumerate(IDEAS):
        times = [fmean(one[place][0] for one in found) for found in ratios]
        errors = [fmean(one[place][1] for one in found) for found in ratios]
        rows.append(
            (idea.name, *(f"{one:.2f}" for one in times), *(f"{one:.4f}" for one in errors))
        )
    return rows


def where(spent: Sequence[Sequence[Mapping[str, float]]]) -> Rows:
    """Returns the header and a row a stage, means over the pictures, and their sum.

    Args:
        spent: milliseconds by stage, for each k and picture.
    """
    means = [{name: fmean(one[name] for one in found) for name in found[0]} for found in spent]
    sums = [sum(mean.values()) for mean in means]
    return [
        ("stage", *(f"K = {k}" for k in KS)),
        *((name, *(f"{mean[name]:.2f}" for mean in means)) for name in means[0]),
        ("in all", *(f"{total:.2f}" for total in sums)),
    ]


def compare(pixels: U8, k: int) -> list[tuple[float, float]]:
    """Returns, for each idea, the time and the SSE without it ÷ those of the whole engine.

    Args:
        pixels: uint8 (H, W, 3).
        k: entries.
    """
    from benchmarks.turns import best
    from kbatch import quantize

    def without(idea: Idea) -> float:
        with idea.off():
            return quantize(pixels, k).rendered.sse

    calls = [partial(without, idea) for idea in (NOTHING, *IDEAS)]
    sse, *errors = [call() for call in calls]
    seconds, *times = best(calls, REPEATS)
    return [(one / seconds, error / sse) for one, error in zip(times, errors, strict=True)]


def stages(pixels: U8, k: int) -> dict[str, float]:
    """Returns the milliseconds of each stage, the best of some calls.

    Args:
        pixels: uint8 (H, W, 3).
        k: entries.
    """
    found = [_once(pixels, k) for _ in range(STAGE_REPEATS)]
    return {name: min(one[name] for one in found) for name in found[0]}


def _once(pixels: U8, k: int) -> dict[str, float]:
    from kbatch import quantize

    spent: list[tuple[str, float]] = []
    with ExitStack() as stack:
        for target, name in STAGES.items():
            stack.enter_context(_timed(target, name, spent))
        started = time.perf_counter()
        quantize(pixels, k)
        whole = (time.perf_counter() - started) * 1000
    last = max(at for at, (name, _) in enumerate(spent) if name == LAST_DESCENT)
    parts = dict.fromkeys(ORDER, 0.0)
    for at, (name, ms) in enumerate(spent):
        parts[FIRST_DESCENT if name == LAST_DESCENT and at < last else name] += ms
    return {**parts, REST: whole - sum(parts.values())}


@contextmanager
def _timed(target: str, name: str, spent: list[tuple[str, float]]) -> Iterator[None]:
    holder, _, attribute = target.rpartition(".")
    original = getattr(pkgutil.resolve_name(holder), attribute)

    def call(*given: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return original(*given, **named)
        finally:
            spent.append((name, (time.perf_counter() - started) * 1000))

    with mock.patch(target, call):
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.ablation", description=__doc__)
    add = parser.add_argument
    add("--pictures", type=Path, metavar="DIR", help="default: photos that scikit-image brings")
    add("--limit", type=int, metavar="N", help="only the first N pictures")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where ablation.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
