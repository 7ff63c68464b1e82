"""Saying things: lines to stderr, results and tables to stdout, log records among them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING, TextIO

import rich.console
from rich.text import Text

from kbatch.console import views
from kbatch.console.picture import Sharp, drawn
from kbatch.console.screen import is_terminal, screen
from kbatch.console.swatches import swatches
from kbatch.console.text import clean, encodable

if TYPE_CHECKING:
    from PIL import Image

LINES_AROUND = 3  # of a picture: what is told of it, and two prompts


class Voice:
    """Speaks to a person on stderr, and hands out results on stdout."""

    def __init__(self, stdout: TextIO, stderr: TextIO, *, quiet: bool) -> None:
        """Looks at the streams and the environment.

        Args:
            stdout: where results go.
            stderr: where everything else goes.
            quiet: no notes and no warnings.
        """
        self._stdout = screen(stdout)
        self._stderr = screen(stderr)
        self._quiet = quiet

    def note(self, text: str) -> None:
        """Says something on stderr, unless quiet."""
        if not self._quiet:
            self._lines(text)

    def warning(self, text: str) -> None:
        """Warns on stderr, unless quiet."""
        if not self._quiet:
            self._lines(text, "warning: ", "yellow")

    def error(self, text: str) -> None:
        """Says on stderr what went wrong; each line of the text stays a line."""
        self._lines(text, "error: ", "bold red")

    def out(self, text: str) -> None:
        """Writes text and a line's end to stdout.

        Raises:
            BrokenPipeError: nobody reads it any more.
        """
        _write(self._stdout, text)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Writes a table to stdout: folded to the terminal's width, or a line a row in a pipe.

        Args:
            title: a line above it, or nothing.
            columns: their headings.
            rows: a text for each column.

        Raises:
            BrokenPipeError: nobody reads it any more.
        """
        encoding = self._stdout.encoding
        if title:
            self._print(self._stdout, Text(clean(title, encoding), "bold"))
        self._print(self._stdout, views.table(columns, rows, encoding))

    def picture(self, image: Image.Image, palette: Sequence[str], counts: Sequence[int]) -> None:
        """Draws a picture and its palette on stdout, within the terminal's width and height.

        Args:
            image: of mode RGBA.
            palette: `#rrggbb` or `#rrggbbaa` each, or nothing.
            counts: pixels of each.

        Raises:
            BrokenPipeError: nobody reads it any more.
        """
        console, seen = self._stdout, is_terminal(self._stdout.file)
        width, height = console.size if seen else get_terminal_size()
        rows = height - LINES_AROUND
        entries = swatches(
            palette, counts, console, width=width, most=max(1, rows // 2) if seen else None
        )
        rows = max(1, rows - len(entries)) if seen else rows
        self._print(console, drawn(image, console, width=width, height=rows))
        for line in entries:
            self._print(console, line)

    def _lines(self, text: str, prefix: str = "", style: str = "") -> None:
        for line in text.splitlines() or [""]:
            self._line(line, prefix, style)
            prefix = " " * len(prefix)

    def _line(self, text: str, prefix: str = "", style: str = "") -> None:
        shown = views.message(text, prefix, style, self._stderr.encoding)
        self._stderr.print(shown)

    def _print(
        self, console: rich.console.Console, shown: rich.console.RenderableType | Sharp
    ) -> None:
        if isinstance(shown, Sharp):  # it speaks to the terminal itself
            console.print(shown.image)
            return
        with console.capture() as captured:
            console.print(shown)
        lines = captured.get().removesuffix("\n").split("\n")
        _write(console, "\n".join(line.rstrip() for line in lines))


class LogHandler(logging.Handler):
    """Shows log records as lines of a console, above its bar."""

    def __init__(self, console: Voice, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Shows one record as an error, a warning or a note."""
        try:
            text = self.format(record)
            if record.levelno >= logging.ERROR:
                self._console.error(text)
            elif record.levelno >= logging.WARNING:
                self._console.warning(text)
            else:
                self._console.note(text)
        except Exception:  # a log call never fails its caller; logging says where it happened
            self.handleError(record)


def _write(console: rich.console.Console, text: str) -> None:
    console.file.write(encodable(text, console.encoding) + "\n")
    console.file.flush()
