"""`python -m benchmarks`: kbatch and its peers on the same pictures, one process, one core."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.peers import DISTRIBUTIONS, TOOLS, installed
from benchmarks.tables import GOALS, markdown, plain, table, verdict

KS, QUICK_KS = (12, 48, 256), (48,)
QUICK_LIMIT = 2
OUTPUT = Path(__file__).parent / "out"
NOTES = """\
RGB array in, palette and index array out; best of 3 calls, or the only call where one takes longer
than 10 s; tools take turns. Ratios are a picture's number ÷ libimagequant's on it, mean and worst;
errors are summed over the channels, a pixel, by one function from the uint8 palette and indices.
In favour of the peer, libimagequant gets RGBA bytes that are made outside its timed part."""


def main(arguments: Sequence[str]) -> int:
    """Measures, prints the tables, and writes them as Markdown.

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
        f"Command: python -m benchmarks {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(found)}",
        *skipped,
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    results = measure(tools, found, ks, lambda line: print(line, file=sys.stderr, flush=True))
    tables = {k: table(results, k) for k in ks}
    goals = [verdict(goal, results) for goal in GOALS]
    for k, rows in tables.items():
        print(f"\nK = {k}\n{plain(rows)}")
    print("\nGoals", *goals, sep="\n")
    sections = [
        "# Benchmark",
        *("- " + fact for fact in facts),
        "\n" + NOTES,
        *(f"\n## K = {k}\n\n{markdown(rows)}" for k, rows in tables.items()),
        "\n## Goals\n",
        *("- " + goal for goal in goals),
    ]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "results.md").write_text("\n".join(sections) + "\n", encoding="utf-8")
    return 0


def _colors(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 256:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected 1 to 256 colours, got {text!r}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__, epilog=NOTES)
    add = parser.add_argument
    add("--quick", action="store_true", help="K = 48 and two pictures: a minute or two")
    add("--pictures", type=Path, metavar="DIR", help="default: photos that scikit-image brings")
    add("--limit", type=int, metavar="N", help="only the first N pictures")
    add("-k", type=_colors, action="append", metavar="K", help=f"may be repeated; default {KS}")
    names = [tool.name for tool in TOOLS]
    add("--tools", nargs="+", choices=names, default=names, metavar="TOOL", help=", ".join(names))
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where results.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
