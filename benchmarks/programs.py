"""What `benchmarks.runs` times: whole programs on the same files, on two cores."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks import machine
from benchmarks.pictures import NoPicturesError, pictures

if TYPE_CHECKING:
    from kbatch.data import U8, Indexed

    Call = Callable[[], float]

K = 48
CORES = 2
OURS, START, FLOOR = "kbatch run", "kbatch run, one tiny picture", "decode + encode"
FAST, BEST = "pngquant --nofs --speed 11", "pngquant --nofs"
OURS_SUFFIX, PNGQUANT_SUFFIX = f"_K{K}_L2.png", "-quantised.png"


def lay_out(source: Path | None, folder: Path, copies: int) -> list[Path]:
    """Writes the files that are measured and returns them, the copies of a picture in a row.

    Args:
        source: a folder of PNG files; None for the photos of scikit-image.
        folder: where to, made new.
        copies: of each picture.

    Raises:
        NoPicturesError: there is no PNG file, or no such photo.
    """
    folder.mkdir()
    if source is None:
        found = {name: _png(pixels) for name, pixels in pictures(None, None).items()}
    else:
        found = {path.stem: path.read_bytes() for path in sorted(source.glob("*.png"))}
    if not found:
        raise NoPicturesError(f"no PNG file in {source}: name another folder with --pictures")
    files = []
    for name, data in found.items():
        for copy in range(copies):
            files.append(folder / f"{name}-{copy:02}.png")
            files[-1].write_bytes(data)
    return files


def contestants(place: Path, sources: Sequence[Path]) -> tuple[dict[str, Call], list[str]]:
    """Returns what is timed by name, warm and ready, and why something is skipped."""
    tiny = place / "tiny"
    tiny.mkdir()
    Image.new("RGB", (8, 8)).save(tiny / "tiny.png")
    kbatch(tiny, place / "start")  # compiles the kernels, when they aren't
    kbatch(place / "in", place / "out")
    encoded = [read_indexed(file) for file in outputs_of(sources, place / "out", OURS_SUFFIX)]
    calls: dict[str, Call] = {
        OURS: lambda: kbatch(place / "in", place / "out"),
        START: lambda: kbatch(tiny, place / "start"),
        FLOOR: lambda: floor(sources, encoded),
    }
    for name, source in (("pngquant", "pip install pngquant-cli"), ("xargs", "it is in findutils")):
        if not _program(name):
            return calls, [f"pngquant is skipped: {name} isn't installed ({source})"]
    calls[FAST] = lambda: pngquant(sources, place / "fast", "--speed", "11")
    return calls, []


def take_turns(calls: Mapping[str, Call], repeats: int) -> dict[str, float]:
    """Returns the median of the seconds that each call tells, when all take so many turns."""
    turns = [{name: call() for name, call in calls.items()} for _ in range(repeats)]
    return {name: median(turn[name] for turn in turns) for name in calls}


def kbatch(folder: Path, output: Path) -> float:
    """Runs a job as a process, which draws its progress where the system has terminals.

    Beside the folder are its job and the bytecode of all sources, which the first run keeps there.

    Returns:
        Wall seconds; so do `floor` and `pngquant`.
    """
    shutil.rmtree(output, ignore_errors=True)
    job = folder.with_suffix(".yaml")
    job.write_text(f"input: {folder.name}\noutput: {output.name}\nk: {K}\n", encoding="utf-8")
    command = [sys.executable, "-m", "kbatch", "run", str(job), "--workers", str(CORES)]
    settings = machine.environment(folder.parent / "bytecode")
    settings |= {"TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[1])}
    for name in ("CI", "COLUMNS"):
        settings.pop(name, None)
    screen, terminal = os.openpty() if hasattr(os, "openpty") else os.pipe()
    reader = threading.Thread(target=_drain, args=(screen,))
    reader.start()
    try:
        started = time.perf_counter()
        subprocess.run(command, check=True, env=settings, stderr=terminal)
        return time.perf_counter() - started
    finally:
        os.close(terminal)
        reader.join()
        os.close(screen)


def floor(sources: Sequence[Path], encoded: Sequence[Indexed]) -> float:
    """Decodes the files and encodes their known indices as a job does, and keeps nothing."""
    from kbatch import pipeline, request

    variant, loading, registry = request.resolve("{}")
    loaders = pipeline.Loaders(loading, registry)
    writer = pipeline.Parts.of(variant, registry).writer

    def both(source: Path, indexed: Indexed) -> None:
        data = source.read_bytes()
        pipeline.load(data, source.name, loaders.pick(source.name, data))
        pipeline.write(indexed, writer)

    started = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        for _ in pool.map(both, sources, encoded):
            pass
    return time.perf_counter() - started


def pngquant(sources: Sequence[Path], folder: Path, *options: str) -> float:
    """Runs pngquant without dithering, as many processes as cores, 20 files each."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for source in sources:  # it writes beside its source
        (folder / source.name).symlink_to(source)
    command = ["xargs", "-0", f"-P{CORES}", "-n20", _program("pngquant"), "--nofs", *options]
    names = "\0".join(source.name for source in sources)
    started = time.perf_counter()
    subprocess.run(
        [*command, "--ext", PNGQUANT_SUFFIX, str(K), "--"],
        check=True,
        cwd=folder,
        input=names,
        text=True,
    )
    return time.perf_counter() - started


def two_cores() -> str:
    """Confines this process and its children to two cores, and says how far that went."""
    if not hasattr(os, "sched_setaffinity"):
        return f"{CORES} at once (this system can't pin processes to cores)"
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)
    return f"cores {', '.join(map(str, cores))} only"


def _png(pixels: U8) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def rgb(file: Path) -> U8:
    """Decodes a file to uint8 (H, W, 3)."""
    with Image.open(io.BytesIO(file.read_bytes())) as image:
        return np.asarray(image.convert("RGB"))


def read_indexed(file: Path) -> Indexed:
    """Returns what a PNG with an opaque palette holds."""
    from kbatch.data import Indexed

    with Image.open(file) as image:
        palette = np.array(image.getpalette("RGBA"), np.uint8).reshape(-1, 4)
        indices = np.asarray(image)
    return Indexed(indices[np.newaxis], palette[: int(indices.max()) + 1])


def _program(name: str) -> str:
    """Returns a program of this environment or of the path, or nothing."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name) or ""


def _drain(descriptor: int) -> None:
    with suppress(OSError):  # how a terminal says that nobody writes any more
        while os.read(descriptor, 65536):
            pass


def outputs_of(sources: Sequence[Path], folder: Path, suffix: str) -> list[Path]:
    """Returns where a program puts what it makes of each source."""
    return [folder / f"{source.stem}{suffix}" for source in sources]
