"""`python -m benchmarks.bytes`: sizes of PNGs without dithering beside pngquant's and libvips's."""

from __future__ import annotations

import argparse
import importlib
import io
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks import machine
from benchmarks.encoders import optioned, pictures_in
from benchmarks.goals import Verdict
from benchmarks.tables import UNKNOWN, markdown, plain

if TYPE_CHECKING:
    from kbatch.data import I32

    Way = Callable[[Path, int], bytes | None]

OUTPUT = Path(__file__).parent / "out"
DISTRIBUTIONS = ("kbatch-image", "deflate", "pyoxipng", "pyvips", "pyvips-binary")
KS = (16, 64, 256)
DEPTHS = {2: 1, 4: 2, 16: 4, 256: 8}  # how libvips is told of so many entries; it knows no others
EFFORTS = {"": 7, ", effort 10": 10}  # of libvips: its default, and its highest
MOST = 0.95  # of pngquant's bytes
HEADER = ("K", "peer", "SSE ratio", "worst", "off", "fast", "max")
NOTES = f"""\
Files of `l2` at its defaults without dithering, written with `optimize: off`, `fast` and `max`,
beside `pngquant --nofs` at its default speed and `pngsave(palette=True, dither=0)` of libvips,
which knows 2, 4, 16 and 256 entries only. All are decoded by Pillow. Shown are ours ÷ theirs: the
squared error, mean and worst of the pictures, and the bytes of all pictures. The goal is at most
{MOST} of pngquant's bytes at an error that is no larger in the mean."""


@dataclass(frozen=True)
class File:
    """What one way made of one picture.

    Attributes:
        size: bytes.
        sse: squared error a pixel, summed over the channels.
    """

    size: int
    sse: float


def main(arguments: Sequence[str]) -> int:
    """Measures, prints a table and each goal as met or missed, and writes bytes.md.

    Args:
        arguments: of the command line.

    Returns:
        0, also when a goal is missed: this is a measurement.
    """
    given = _parser().parse_args(arguments)
    pictures = pictures_in(given.pictures, given.limit)
    mine, others = ours(), peers(given.pngquant)
    facts = [
        f"Command: python -m benchmarks.bytes {shlex.join(arguments)}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(path.name for path in pictures)}",
    ]
    rows: list[Sequence[str]] = [HEADER]
    verdicts: list[Sequence[str]] = [("verdict", "goal", "measured")]
    for k in KS:
        made = {name: files(pictures, k, way) for name, way in mine.items()}
        for name, way in others.items():
            if theirs := files(pictures, k, way):
                rows.append(row(k, name, made, theirs))
                if name.startswith("pngquant"):
                    verdicts.append(judge(k, name, made, theirs).row())
    print(plain(rows), plain(verdicts), sep="\n\n")
    page = ["# Bytes", *("- " + fact for fact in facts), "\n" + NOTES]
    page += ["\n" + markdown(rows), "\n" + markdown(verdicts)]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "bytes.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    return 0


def ours() -> dict[str, Way]:
    """Returns a way each of `optimize`, without `max` where oxipng isn't installed."""
    import kbatch

    def way(optimize: str) -> Way:
        write = optioned(optimize=optimize)
        return lambda path, k: write(kbatch.quantize(path, k=k).rendered.indexed, 8)

    found = ("off", "fast", "max") if find_spec("oxipng") else ("off", "fast")
    return {optimize: way(optimize) for optimize in found}


def peers(programs: Sequence[str]) -> dict[str, Way]:
    """Returns the peers that are installed, by name and version.

    Args:
        programs: of pngquant, each as a path or a name to look for.
    """
    found: dict[str, Way] = {}
    for program in filter(None, map(shutil.which, programs)):
        told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
        found[f"pngquant {told.stdout.split()[0]}"] = pngquant(program)
    if find_spec("pyvips"):
        vips = importlib.import_module("pyvips")
        version = ".".join(str(vips.version(part)) for part in range(3))
        for name, effort in EFFORTS.items():
            found[f"libvips {version}{name}"] = libvips(effort)
    return found


def pngquant(program: str) -> Way:
    """Returns what runs pngquant without dithering."""

    def run(path: Path, k: int) -> bytes:
        command = [program, "--nofs", str(k), "-"]
        with path.open("rb") as stream:
            return subprocess.run(command, check=True, stdin=stream, capture_output=True).stdout

    return run


def libvips(effort: int) -> Way:
    """Returns what runs libvips without dithering, and nothing for a k that it doesn't know."""
    vips = importlib.import_module("pyvips")

    def run(path: Path, k: int) -> bytes | None:
        if k not in DEPTHS:
            return None
        image = vips.Image.new_from_file(str(path))
        depth = DEPTHS[k]
        made: bytes = image.pngsave_buffer(
            palette=True, bitdepth=depth, dither=0, Q=100, effort=effort, keep="none"
        )
        return made

    return run


def files(pictures: Sequence[Path], k: int, way: Way) -> list[File]:
    """Returns what a way makes of each picture, or nothing where it doesn't know the k."""
    found = []
    for path in pictures:
        data = way(path, k)
        if data is None:
            return []
        found.append(
            File(len(data), float(((_rgb(path) - _rgb(io.BytesIO(data))) ** 2).sum(axis=2).mean()))
        )
    return found


def row(k: int, name: str, made: Mapping[str, Sequence[File]], theirs: Sequence[File]) -> list[str]:
    """Returns a row of the table: errors and bytes, ours ÷ a peer's."""
    errors = _errors(made, theirs)
    sizes = [f"{_share(made[way], theirs):.3f}" if way in made else UNKNOWN for way in HEADER[4:]]
    return [str(k), name, f"{fmean(errors):.3f}", f"{max(errors):.3f}", *sizes]


def judge(k: int, name: str, made: Mapping[str, Sequence[File]], theirs: Sequence[File]) -> Verdict:
    """Returns whether the goal is met, and by which way: the first that does."""
    goal = f"at most {MOST} of the bytes of {name} at no larger error (K = {k})"
    error = fmean(_errors(made, theirs))
    shares = {way: _share(files, theirs) for way, files in made.items()}
    best = next(
        (way for way, share in shares.items() if share <= MOST),
        min(shares, key=lambda way: shares[way]),
    )
    figure = f"{shares[best]:.3f} by `optimize: {best}`, error {error:.3f}"
    return Verdict(goal, figure, shares[best] <= MOST and error <= 1)


def _errors(made: Mapping[str, Sequence[File]], theirs: Sequence[File]) -> list[float]:
    mine = made["off"]  # all of ours have the same pixels
    return [
        one.sse / other.sse if other.sse else 1.0 for one, other in zip(mine, theirs, strict=True)
    ]


def _share(mine: Sequence[File], theirs: Sequence[File]) -> float:
    return sum(file.size for file in mine) / sum(file.size for file in theirs)


def _rgb(file: Path | io.BytesIO) -> I32:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), np.int32)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.bytes", description=__doc__)
    add = parser.add_argument
    add("--pictures", type=Path, metavar="DIR", required=True, help="opaque pictures")
    add("--limit", type=int, metavar="N", help="only the first N pictures")
    add("--pngquant", nargs="+", metavar="PROGRAM", default=["pngquant"], help="one or several")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where bytes.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
