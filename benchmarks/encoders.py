"""`python -m benchmarks.encoders FOLDER…`: bytes and time of the ways to write an indexed PNG."""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError

import kbatch
from kbatch.builtin.options import PngOptions
from kbatch.builtin.png_orders import first_met, reordered, side_by_side
from kbatch.builtin.png_writer import PAETH, SUB, PngWriter
from kbatch.data import Indexed

KS = (16, 64, 256)
Write = Callable[[Indexed, int], bytes]


def optioned(**options: int | str) -> Write:
    """Returns what writes with these options of the writer."""
    writer = PngWriter(PngOptions.model_validate(options))

    def write(indexed: Indexed, _bits: int) -> bytes:
        stream = io.BytesIO()
        writer.write(indexed, stream)
        return stream.getvalue()

    return write


def ways() -> dict[str, Write]:
    """Returns each way by its name; the first is what others are compared with."""
    best = PngWriter(PngOptions(level=12))

    def near(indexed: Indexed) -> Indexed:
        return reordered(indexed, side_by_side(indexed))

    return {
        **{f"level {level}": optioned(level=level) for level in (6, 9, 10, 12)},
        "12, as first met": lambda given, bits: best.encoded(
            reordered(given, first_met(given)), bits
        ),
        "12, side by side": lambda given, bits: best.encoded(near(given), bits),
        "12, filter sub": lambda given, _: best.encoded(given, 8, SUB),
        "12, side by side, sub": lambda given, _: best.encoded(near(given), 8, SUB),
        "12, side by side, paeth": lambda given, _: best.encoded(near(given), 8, PAETH),
        "12, 8 bits": lambda given, _: best.encoded(given, 8),
        "`optimize: max`": optioned(optimize="max"),
    }


def measured(
    pictures: Sequence[Path], k: int, made: Mapping[str, Write]
) -> dict[str, tuple[int, float]]:
    """Returns the sum of bytes and the mean milliseconds a picture of each way.

    Args:
        pictures: files.
        k: entries of the palette.
        made: the ways by name.
    """
    sums = dict.fromkeys(made, (0, 0.0))
    for path in pictures:
        indexed = kbatch.quantize(path, k=k).rendered.indexed
        bits = next(bits for bits in (1, 2, 4, 8) if len(indexed.palette) <= 1 << bits)
        for name, write in made.items():
            started = time.perf_counter()
            size = len(write(indexed, bits))
            took = (time.perf_counter() - started) * 1000 / len(pictures)
            sums[name] = sums[name][0] + size, sums[name][1] + took
    return sums


def table(folder: str, found: Mapping[int, Mapping[str, tuple[int, float]]]) -> Iterator[str]:
    """Yields the lines of a Markdown table: bytes ÷ the first way's, and milliseconds.

    Args:
        folder: what the pictures are called.
        found: what `measured` returned, by k.
    """
    yield f"| {folder} | {' | '.join(f'K = {k}' for k in found)} |"
    yield f"| --- |{' ---: |' * len(found)}"
    names = list(next(iter(found.values())))
    for name in names:
        cells = (
            f"{each[name][0] / each[names[0]][0]:.3f}, {each[name][1]:,.0f} ms"
            for each in found.values()
        )
        yield f"| {name} | {' | '.join(cells)} |"


def pictures_in(folder: Path, limit: int | None) -> list[Path]:
    """Returns the pictures of a folder, at most so many."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        try:
            with Image.open(path):
                found.append(path)
        except (UnidentifiedImageError, IsADirectoryError):
            continue
    return found[:limit]


def main(arguments: Sequence[str]) -> int:
    """Measures and prints a table for each folder.

    Args:
        arguments: of the command line.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoders", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--limit", type=int, help="pictures of a folder, the first by name")
    options = parser.parse_args(arguments)
    made = ways()
    for folder in options.folders:
        pictures = pictures_in(folder, options.limit)
        found = {k: measured(pictures, k, made) for k in KS}
        print("\n".join(table(f"{folder.name}, {len(pictures)}", found)), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
