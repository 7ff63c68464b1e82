"""How the tests of the whole program run it: as processes, on generated pictures."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "plugins" / "faults.py"
CHEBYSHEV = ROOT / "plugins" / "chebyshev.py"

TIMEOUT = 300  # seconds; the machine may be busy

# What would change how the program looks at its terminal.
LEFT_OUT = ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def out(self) -> str:
        """What it wrote to stdout, as text."""
        return self.stdout.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of stderr."""
        return self.stderr.splitlines()


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the environment of a command."""
    kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm"} | dict(more or {})


@contextmanager
def started(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a command with pipes on all sides; at the end of the block it is killed if need be."""
    with subprocess.Popen(
        [sys.executable, "-m", "kbatch", *map(str, arguments)],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def kbatch(
    *arguments: str | Path,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Runs a command to its end; never lets one leave a traceback, unless it is asked for."""
    with started(*arguments, cwd=cwd, env=env) as process:
        out, err = process.communicate(stdin, timeout=TIMEOUT)
        stderr = err.decode()
        assert "Traceback" not in stderr or "--debug" in arguments, stderr
        return Ended(process.returncode, out, stderr)


def python(code: str, cwd: Path) -> Ended:
    """Runs a piece of Python that can import the program."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        timeout=TIMEOUT,
    )
    return Ended(done.returncode, done.stdout, done.stderr.decode())


def pixels(seed: int, width: int = 48, height: int = 32) -> Any:
    """Returns uint8 (height, width, 3): gradients with some noise, different for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    plain = np.stack([x * 255 // width, y * 255 // height, (x + y + 37 * seed) % 256], axis=2)
    return (plain + rng.integers(0, 16, plain.shape)).clip(0, 255).astype(np.uint8)


def picture(path: Path, seed: int = 0, width: int = 48, height: int = 32) -> Path:
    """Writes a picture in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed, width, height)).save(path)
    return path


def job(folder: Path, text: str, name: str = "job.yaml") -> Path:
    """Writes a job; `input: pictures` and `output: out` unless it says otherwise."""
    for key, value in (("output", "out"), ("input", "pictures")):
        if f"{key}:" not in text:
            text = f"{key}: {value}\n{text}"
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def slow_pictures(folder: Path, count: int, seconds: float) -> None:
    """Writes files that the loader of `plugins/faults.py` takes so long to load."""
    folder.mkdir(parents=True)
    for index in range(count):
        (folder / f"{index:03}.fault").write_text(f"sleep {seconds}")


def rows(output: Path) -> list[dict[str, str]]:
    """Returns the rows of an output's results.csv."""
    with (output / "results.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def records(out: str) -> list[dict[str, Any]]:
    """Returns what `--json` wrote."""
    return [json.loads(line) for line in out.splitlines()]


def pictures_in(output: Path) -> dict[str, bytes]:
    """Returns the compressed pictures of an output by name, each of which must decode."""
    found = {}
    for path in sorted(output.rglob("*.png")):
        with Image.open(path) as image:
            image.load()
        found[path.relative_to(output).as_posix()] = path.read_bytes()
    return found


def hidden_in(folder: Path) -> list[str]:
    """Returns the names of hidden files, such as temporary ones."""
    return [path.name for path in folder.rglob(".*")]
