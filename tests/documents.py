"""What tests of the documents share: their code blocks and tables, and a desk to run them at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "jobs" / "pictures"

_BLOCK = re.compile(r"^```(?P<language>.*)\n(?P<text>(?:.*\n)*?)^```$", re.MULTILINE)
_CELLS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """A code block of a document."""

    file: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.language}"


def blocks(file: Path) -> list[Block]:
    """Returns the code blocks of a document in their order; all of them, or it fails."""
    text = file.read_text(encoding="utf-8")
    found = [
        Block(file.name, text[: match.start()].count("\n") + 1, match["language"], match["text"])
        for match in _BLOCK.finditer(text)
    ]
    fences = re.findall(r"^\s*(?:`{3,}|~{3,})", text, re.MULTILINE)
    assert len(fences) == 2 * len(found), f"{file.name}: a block that is not fenced by ``` lines"
    assert not re.search(r"^(?: {4}|\t)", _BLOCK.sub("", text), re.MULTILINE), "an indented block"
    return found


def table(file: Path, head: str) -> list[list[str]]:
    """Returns the rows of the table whose first line begins with a text, stripped, without it."""
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    assert any(line.startswith(head) for line in lines), f"{file.name} has no table {head!r}"
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in _CELLS.split(line)[1:-1]])
    return rows[1:]


def quoted(text: str) -> list[str]:
    """Returns what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def lay_out(desk: Path) -> Path:
    """Fills a folder with the pictures that the documents' examples are about, small ones."""
    (desk / "photos" / "zoo").mkdir(parents=True)
    for name in ("photo.jpg", "logo.png", "photos/sky.jpg", "photos/zoo/hopper.png"):
        source = "sky.jpg" if name.endswith("jpg") else "glow.png"
        with Image.open(PICTURES / source) as image:
            image.thumbnail((96, 96))
            image.save(desk / name)
    return desk


def shell(text: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs shell commands with this interpreter's environment in place of `.venv`.

    Steps that make or fill a virtual environment are left out: this one is filled.
    """
    scripts = Path(sys.executable).parent
    text = re.sub(r"[^&\n]*(?:-m venv|/pip install)[^&\n]*&& ", "", text)
    text = text.replace(".venv/bin/", f"'{scripts}'/")
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=cwd,
        env=os.environ | {"PATH": path, "PYTHONUTF8": "1", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
