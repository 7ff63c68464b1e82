"""What a stream can show: colours, a bar that moves, or plain lines only."""

from __future__ import annotations

import os
from typing import IO, TextIO

import rich.console

_ENDLESS = 1_000_000  # columns of a pipe: one row is one line


class _Screen(rich.console.Console):
    def on_broken_pipe(self) -> None:
        """Lets the error out: whoever runs the command decides how it ends."""
        raise


def screen(stream: TextIO) -> rich.console.Console:
    """Returns what writes to a stream, without markup, emoji or highlights of its own."""
    forced = bool(os.environ.get("FORCE_COLOR"))
    shows_color = forced or can_draw(stream)
    return _Screen(
        file=stream,
        force_terminal=shows_color,
        color_system="auto" if shows_color else None,
        width=None if is_terminal(stream) else _ENDLESS,
        markup=False,
        emoji=False,
        highlight=False,
    )


def is_terminal(stream: IO[str]) -> bool:
    """Returns whether somebody looks at the stream."""
    return stream.isatty()


def can_draw(stream: IO[str]) -> bool:
    """Returns whether lines that are there can be drawn again: not in CI or a dumb terminal."""
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    return is_terminal(stream) and not dumb and not ci
