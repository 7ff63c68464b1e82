"""`python -m benchmarks`: kbatch and its peers on the same pictures, one process, one core."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.peers import DISTRIBUTIONS, TOOLS, Tool, installed
from benchmarks.tables import goals, markdown, plain, reservation, table

if TYPE_CHECKING:
    from benchmarks.measure import Measurement

KS, QUICK_KS = (12, 48, 256), (48,)
QUICK_LIMIT = 2
OUTPUT = Path(__file__).parent / "out"
PAGE, PLOT = "results.md", "time-against-error.svg"
INTRODUCTION = """\
kbatch and other quantisers turn the same pictures into palettes: how long does each take, and how
close does its palette come? Down and to the left is better; full marks are kbatch."""
NOTES = """\
An RGB array goes in, a palette of 8-bit colours and an index array come out; only this is timed.
All tools run in one process on one core with one thread each, are called once before, and take
turns; the best of 3 calls counts, or the only call where one takes longer than 3 s. Peers run at
their defaults. Speed is libimagequant's time ÷ the tool's on the same picture: 10 is ten times as
fast. Speed and ratios are means over the pictures, with the slowest and worst picture beside. SSE
and SAD are the squared and absolute error, summed over the channels, a pixel, computed for all
tools by one function from the palette and indices; the SSE ratio is to libimagequant's."""


def main(arguments: Sequence[str]) -> int:
    """Measures, prints the tables, and writes them as a Markdown page with a plot.

    Args:
        arguments: of the command line.

    Returns:
        0, also when a goal is missed: this is a measurement. 2 when there is nothing to measure.
    """
    given = _parser().parse_args(arguments)
    pinned = machine.one_core()
    # only now: these bring NumPy, which reads how many threads it may use
    from benchmarks.measure import measure, warm_up
    from benchmarks.pictures import NoPicturesError, pictures

    try:
        found = pictures(given.pictures, given.limit or (QUICK_LIMIT if given.quick else None))
    except NoPicturesError as error:
        print(error, file=sys.stderr)
        return 2
    ks = given.k or (QUICK_KS if given.quick else KS)
    tools, skipped = installed(tool for tool in TOOLS if tool.name in given.tools)
    warm_up(tools, next(iter(found.values())), ks[0])
    facts = [
        f"Command: `{shlex.join(('python', '-m', 'benchmarks', *arguments))}`",
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(found)}",
        *skipped,
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    results = measure(tools, found, ks, lambda line: print(line, file=sys.stderr, flush=True))
    given.output.mkdir(parents=True, exist_ok=True)
    tables = {f"K = {k}": table(results, k) for k in ks}
    judged = goals(results, ks)
    for title, rows in tables.items():
        print(f"\n{title}\n{plain(rows)}")
    print(f"\n{reservation(found)}\n{plain(judged)}")
    sections = [
        "# Benchmarks",
        INTRODUCTION,
        _plotted(results, given.output / PLOT),
        *(f"## {title}\n\n{markdown(rows)}" for title, rows in tables.items()),
        f"## Goals\n\n{reservation(found)}\n\n{markdown(judged)}",
        f"## How it is measured\n\n{NOTES}\n\n{_called(tools)}",
        "## Machine and versions\n\n" + "\n".join(f"- {fact}" for fact in facts),
    ]
    (given.output / PAGE).write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    return 0


def _plotted(results: Sequence[Measurement], path: Path) -> str:
    """Writes the plot, and returns what the page says in its place."""
    try:
        from benchmarks.plot import draw
    except ImportError as error:
        print(f"no plot: {error}", file=sys.stderr)
        return f"(No plot: {error}.)"
    draw(results, path)
    return f"![Time a picture against squared error a pixel, a panel a K]({path.name})"


def _called(tools: Sequence[Tool]) -> str:
    return "\n".join(f"- **{tool.name}**: {tool.about}." for tool in tools)


def _colors(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 256:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected 1 to 256 colours, got {text!r}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__, epilog=NOTES)
    add = parser.add_argument
    add("--quick", action="store_true", help="K = 48 and two pictures: under two minutes")
    add("--pictures", type=Path, metavar="DIR", help="default: photos that scikit-image brings")
    add("--limit", type=int, metavar="N", help="only the first N pictures")
    add("-k", type=_colors, action="append", metavar="K", help=f"may be repeated; default {KS}")
    names = [tool.name for tool in TOOLS]
    add("--tools", nargs="+", choices=names, default=names, metavar="TOOL", help=", ".join(names))
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help=f"where {PAGE} and {PLOT} go")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
