"""Palettes in a terminal: each entry a patch of its colour, its hex and its share of the pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest

import rich.console
from rich.color import Color
from rich.style import Style
from rich.text import Text

from kbatch.console.text import counted, encodable

PATCH = "    "
GAP = "  "
SEEN = 128  # alpha from which an entry is shown as a colour


def has_colors(console: rich.console.Console) -> bool:
    """Returns whether a console shows colours: not where `NO_COLOR` is set, nor in a pipe."""
    return console.color_system is not None and not console.no_color


def swatches(
    palette: Sequence[str],
    counts: Sequence[int],
    console: rich.console.Console,
    *,
    width: int,
    most: int | None = None,
) -> list[Text]:
    """Returns the lines of a palette, as many entries a line as fit.

    Args:
        palette: `#rrggbb` or `#rrggbbaa` each.
        counts: pixels of each, or nothing.
        console: whether it has colours decides whether there are patches.
        width: cells of a line.
        most: lines; the last one tells how many entries are missing.
    """
    pixels, longest = max(sum(counts), 1), max(map(len, palette), default=0)
    entries = [
        (color, f"{color:<{longest}}" + (f" {_share(count / pixels)}" if counts else ""))
        for color, count in zip_longest(palette, counts, fillvalue=0)
        if isinstance(color, str)
    ]
    patch = PATCH + " " if has_colors(console) else ""
    each = len(patch) + max((len(text) for _, text in entries), default=0) + len(GAP)
    columns = max(1, (width + len(GAP)) // each)
    lines = math.ceil(len(entries) / columns)
    shown = entries if most is None or lines <= most else entries[: columns * (most - 1)]
    made = []
    for start in range(0, len(shown), columns):
        line = Text(no_wrap=True)
        for color, text in shown[start : start + columns]:
            if patch:
                line.append(PATCH, _style(color)).append(" ")
            line.append(text + GAP)
        line.rstrip()
        line.truncate(width)
        made.append(line)
    if more := len(entries) - len(shown):
        told = counted(more, "more entry").replace("entrys", "entries")
        made.append(Text(encodable(f"… and {told}", console.encoding)[:width], "dim"))
    return made


def _style(color: str) -> Style:
    red, green, blue, *alpha = bytes.fromhex(color[1:])
    if alpha and alpha[0] < SEEN:
        return Style()
    return Style(bgcolor=Color.from_rgb(red, green, blue))


def _share(part: float) -> str:
    """Returns ` 12%`, or ` <1%` of little, or nothing of none."""
    if 0 < part < 0.005:
        return " <1%"
    return f"{part:>4.0%}"
