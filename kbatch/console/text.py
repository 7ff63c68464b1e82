"""Words and numbers as people read them, and names made harmless."""

from __future__ import annotations

import math
import os
import unicodedata
from pathlib import Path

from rich.cells import cell_len
from rich.filesize import decimal as size

__all__ = [
    "clean",
    "clock",
    "counted",
    "decimals",
    "duration",
    "encodable",
    "near",
    "shorten",
    "size",
]

_PLAIN = {"→": "->", "×": "x", "…": "..."}
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, directions, surrogates, line ends


def clean(text: str, encoding: str) -> str:
    r"""Returns text on one line, with what would steer a terminal spelt out (`\x1b`).

    Args:
        text: any text, such as a file name with surrogate escapes.
        encoding: of the stream it is for.
    """
    if not text.isprintable():
        text = "".join(_escape(c) if unicodedata.category(c) in _UNSEEN else c for c in text)
    return encodable(text, encoding)


def encodable(text: str, encoding: str) -> str:
    """Returns text with the characters that the encoding lacks spelt out in ASCII."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_spelt(char, encoding) for char in text)
    return text


def _spelt(char: str, encoding: str) -> str:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return _PLAIN.get(char) or _escape(char)
    return char


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def shorten(text: str, width: int, encoding: str) -> str:
    """Returns text in at most `width` cells; of a long one the end, where names differ."""
    if cell_len(text) <= width:
        return text
    dots = encodable("…", encoding)
    room = width - len(dots)
    if room < 0:
        return dots[: max(width, 0)]
    while cell_len(text) > room:
        text = text[1:]
    return dots + text


def counted(number: int, word: str) -> str:
    """Returns `1 picture` or `1,234 pictures`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def clock(seconds: float) -> str:
    """Returns `1:02:03`, the hours only when there are some."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """Returns `12.3 s`, or `4:05 min` and `1:02:03 h` when it took longer."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{clock(seconds)} {'min' if seconds < 3599.5 else 'h'}"


def decimals(value: float) -> int:
    """Returns how many decimals show four digits of a number and of its smaller neighbours."""
    return min(6, max(1, 3 - math.floor(math.log10(value)))) if value > 0 else 1


def near(path: Path) -> str:
    """Returns a path relative to the working directory when it is below it."""
    try:
        return os.fspath(path.resolve().relative_to(Path.cwd().resolve()))
    except (ValueError, OSError):
        return os.fspath(path)
