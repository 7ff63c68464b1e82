"""`python -m benchmarks.runs`: a whole `kbatch run` beside its floor and beside pngquant."""

from __future__ import annotations

import argparse
import csv
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks import machine
from benchmarks.pictures import NoPicturesError
from benchmarks.programs import (
    BEST,
    CORES,
    FAST,
    FLOOR,
    OURS,
    OURS_SUFFIX,
    PNGQUANT_SUFFIX,
    START,
    K,
    contestants,
    lay_out,
    outputs_of,
    pngquant,
    rgb,
    take_turns,
    two_cores,
)
from benchmarks.tables import markdown, plain

Rows = list[Sequence[str]]

OUTPUT = Path(__file__).parent / "out"
FLOOR_LIMIT, FAST_LIMIT = 1.4, 0.55
UNKNOWN = "–"
VERBS = ("load", "collect", "cluster", "render", "write", "measure", "save")
DISTRIBUTIONS = ("kbatch-image", "numba", "pillow", "deflate", "pngquant-cli")
NOTES = """\
Whole programs, start-up included, take turns on the same PNG files on two cores. The floor is what
no run can save: decoding the files and encoding their known indices, by kbatch's own loader and
writer at the same level in as many threads, in a process that is warm, with nothing written. kbatch
draws its progress in a terminal; its bytecode is kept in a folder that a run before has filled, and
its kernels are compiled, as on a user's machine. TMPDIR says which disk is measured.
"""


def main(arguments: Sequence[str]) -> int:
    """Measures, prints the tables, and writes them as Markdown.

    Args:
        arguments: of the command line.

    Returns:
        0, also when a goal is missed: this is a measurement. 2 when there is nothing to measure.
    """
    given = _parser().parse_args(arguments)
    cores = two_cores()
    with tempfile.TemporaryDirectory(prefix="kbatch-runs-") as scratch:
        place = Path(scratch)
        try:
            sources = lay_out(given.pictures, place / "in", given.copies)
        except NoPicturesError as error:
            print(error, file=sys.stderr)
            return 2
        calls, skipped = contestants(place, sources)
        seconds = take_turns(calls, given.repeats)
        outputs = {OURS: outputs_of(sources, place / "out", OURS_SUFFIX)}
        if not skipped:
            pngquant(sources, place / "best")
            outputs[FAST] = outputs_of(sources, place / "fast", PNGQUANT_SUFFIX)
            outputs[BEST] = outputs_of(sources, place / "best", PNGQUANT_SUFFIX)
        found = {name: (megabytes(files), sse(sources, files)) for name, files in outputs.items()}
        shares = where_time_goes(place / "out" / "results.csv", seconds)
    facts = [
        f"Command: python -m benchmarks.runs {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {cores}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {len(sources)} PNG files, K = {K}, L2; median of {given.repeats} turns",
        *machine.burdens(),
        *skipped,
    ]
    rows = table(seconds, found, len(sources))
    verdicts = goals(seconds, found)
    times = [("part", "ms a picture"), *((name, f"{each * 1000:.2f}") for name, each in shares)]
    page = ["# Whole runs\n", NOTES, *("- " + fact for fact in facts), "", markdown(rows)]
    page += ["\n## Goals\n", *("- " + one for one in verdicts)]
    page += ["\n## Where the time of `kbatch run` goes\n", markdown(times)]
    given.output.mkdir(parents=True, exist_ok=True)
    if given.profile:
        draw(shares, given.output / "runs.svg")
        page.append("\n![Milliseconds a picture, part by part](runs.svg)")
    (given.output / "runs.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    print("\n".join((*facts, "", plain(rows), "", plain(times), "", *verdicts)))
    return 0


def sse(sources: Sequence[Path], outputs: Sequence[Path]) -> float:
    """Returns the squared error summed over the channels, a pixel, mean over the pictures."""
    found = []
    for source, output in zip(sources, outputs, strict=True):
        difference = rgb(source).astype(np.int32) - rgb(output)
        found.append(float(np.square(difference).sum() / (difference.size / 3)))
    return fmean(found)


def megabytes(files: Sequence[Path]) -> float:
    """Returns the size of all files together."""
    return sum(file.stat().st_size for file in files) / 1e6


def where_time_goes(results: Path, seconds: Mapping[str, float]) -> list[tuple[str, float]]:
    """Returns the wall seconds a picture of each part of a run, which sum to all of it.

    Args:
        results: the table of the last run; its verbs ran on all cores at once.
        seconds: of the whole run and of one with a tiny picture, which is start and end alone.
    """
    with results.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    parts = [("start and end", seconds[START] / len(rows))]
    for verb in VERBS:
        spent = sum(float(row[f"seconds_{verb}"] or 0) for row in rows)
        parts.append((verb, spent / CORES / len(rows)))
    rest = seconds[OURS] / len(rows) - sum(each for _, each in parts)
    return [*parts, ("the rest: ledger, progress, waiting", max(0.0, rest))]


def table(
    seconds: Mapping[str, float], found: Mapping[str, tuple[float, float]], count: int
) -> Rows:
    """Returns the header and a row a contestant.

    Args:
        seconds: wall time by name, of those that were timed.
        found: megabytes and SSE by name, of those that wrote files.
        count: how many pictures.
    """
    rows: Rows = [("program", "s", "ms a picture", "÷ floor", "MB", "SSE")]
    for name in dict.fromkeys((*seconds, *found)):
        times = [UNKNOWN] * 3
        if name in seconds:
            each = seconds[name]
            times = [f"{each:.2f}", f"{each / count * 1000:.1f}", f"{each / seconds[FLOOR]:.2f}"]
        size, error = found.get(name, (None, None))
        sizes = [UNKNOWN if size is None else f"{size:.3f}"]
        rows.append((name, *times, *sizes, UNKNOWN if error is None else f"{error:.2f}"))
    return rows


def goals(seconds: Mapping[str, float], found: Mapping[str, tuple[float, float]]) -> list[str]:
    """Returns a line for each goal: met, missed or not measured, with the figure."""
    ours, after_start = seconds[OURS], seconds[OURS] - seconds[START]
    lines = [
        _verdict(f"at most {FLOOR_LIMIT} × {FLOOR}", ours / seconds[FLOOR], FLOOR_LIMIT),
        _verdict("the same without start and end", after_start / seconds[FLOOR], FLOOR_LIMIT),
    ]
    if BEST not in found:
        return [*lines, "NOT MEASURED  the goals beside pngquant"]
    size, error = (mine / theirs for mine, theirs in zip(found[OURS], found[BEST], strict=True))
    return [
        *lines,
        _verdict(f"at most {FAST_LIMIT} × {FAST}", ours / seconds[FAST], FAST_LIMIT),
        _verdict(f"SSE below {BEST}", error, 1),
        _verdict(f"no more bytes than {BEST}", size, 1),
    ]


def draw(shares: Sequence[tuple[str, float]], path: Path) -> None:
    """Draws one stacked bar of where the time goes; needs matplotlib."""
    figure = import_module("matplotlib.figure").Figure((9, 2.2), layout="constrained")
    axes = figure.subplots()
    shades = import_module("matplotlib").colormaps["cividis"]
    left = 0.0
    for place, (name, each) in enumerate(shares):
        color = shades(place / (len(shares) - 1))
        label = f"{name} {each * 1000:.1f}"
        axes.barh(0, each * 1000, left=left, color=color, edgecolor="white", label=label)
        left += each * 1000
    axes.set(xlabel=f"ms a picture, {left:.1f} in all", yticks=(), xlim=(0, left))
    axes.spines[["top", "left", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=5, frameon=False, fontsize="small")
    with import_module("matplotlib").rc_context({"svg.hashsalt": "kbatch"}):
        figure.savefig(path, metadata={"Date": None})


def _verdict(goal: str, ratio: float, limit: float) -> str:
    return f"{'PASS' if ratio <= limit else 'FAIL'}  {goal}: {ratio:.3f}, limit {limit:g}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.runs", description=NOTES)
    add = parser.add_argument
    add("--pictures", type=Path, metavar="DIR", help="PNG files; default: scikit-image's photos")
    add("--copies", type=int, default=10, metavar="N", help="of each picture; default 10")
    add("--repeats", type=int, default=3, metavar="N", help="turns of each program; default 3")
    add("--profile", action="store_true", help="draw runs.svg too; needs matplotlib")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where runs.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
