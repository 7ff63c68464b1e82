"""Pictures in a terminal, as it can show them."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image
from rich.cells import cell_len
from test_console import Pipe, terminal, text
from test_console import _plain_environment as _plain_environment

from kbatch.console import Console

ESCAPE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


def image(rows: list[list[tuple[int, int, int, int]]]) -> Image.Image:
    return Image.fromarray(np.array(rows, np.uint8))


RED, BLUE, CLEAR = (255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)
SMALL = image([[RED, CLEAR, CLEAR], [BLUE, RED, CLEAR]])
WIDE = Image.linear_gradient("L").resize((400, 100)).convert("RGBA")
HIGH = WIDE.resize((100, 400))


def shown(
    picture: Image.Image, palette: tuple[str, ...] = (), encoding: str = "utf-8"
) -> tuple[str, list[str]]:
    """Returns what was written to a terminal, and its screen."""
    with terminal(encoding) as (stream, seen):
        Console(stdout=stream, stderr=io.StringIO()).picture(picture, palette, ())
    return seen.written, text(seen).rstrip("\n").split("\n")


def test_two_pixels_are_a_cell_of_two_colours_and_clear_ones_let_the_ground_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    written, lines = shown(SMALL)
    assert lines == ["▀▄"]  # and a space
    assert "\x1b[38;2;255;0;0;48;2;0;0;255m▀" in written
    assert "\x1b[38;2;255;0;0m▄" in written


def test_a_terminal_of_256_colours_gets_the_nearest_of_these() -> None:
    written, _ = shown(image([[(0, 255, 0, 255)], [(255, 255, 0, 255)]]))
    assert "\x1b[38;5;46;48;5;226m▀" in written
    assert "38;2" not in written


@pytest.mark.parametrize("picture", [WIDE, HIGH], ids=["wide", "high"])
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 24), (200, 60), (5, 4)])
@pytest.mark.parametrize("entries", [0, 8, 256])
def test_picture_and_palette_fit_the_terminal(
    monkeypatch: pytest.MonkeyPatch, picture: Image.Image, columns: int, lines: int, entries: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))
    _, screen = shown(picture, tuple(f"#{n:06x}" for n in range(entries)))
    assert len(screen) <= max(lines - 2, 2)
    assert max(map(cell_len, screen)) <= columns
    drawn = [line for line in screen if "▀" in line]
    ratio = picture.width / picture.height
    if lines > 10:  # cells are twice as high as wide
        assert len(drawn[0]) / (2 * len(drawn)) == pytest.approx(ratio, rel=0.15)


def test_a_small_picture_is_not_enlarged() -> None:
    _, screen = shown(WIDE.resize((10, 4)))
    assert screen == ["▀" * 10] * 2


def test_no_colour_is_shades_and_hex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    written, screen = shown(WIDE.resize((40, 40)), ("#102030",))
    assert not re.search(r"\x1b\[[\d;]*(?:38|48|[34]\d)[;m]", written)
    assert (screen[0].strip(" "), screen[-2], screen[-1]) == ("", "█" * 40, "#102030")
    shades = [" ░▒▓█".index(line[0]) for line in screen[:-1] if line]
    assert shades == sorted(shades)
    assert {1, 2, 3, 4} <= set(shades)


@pytest.mark.parametrize("ci", [True, False])
def test_a_pipe_and_ci_get_shades_without_control_codes(
    monkeypatch: pytest.MonkeyPatch, *, ci: bool
) -> None:
    if ci:
        monkeypatch.setenv("CI", "true")
        written, screen = shown(WIDE)
    else:
        pipe = Pipe()
        pipe.console.picture(WIDE, tuple(f"#{n:06x}" for n in range(256)), ())
        written = pipe.stdout.getvalue()
        screen = written.splitlines()
        assert sum(line.count("#") for line in screen) == 256  # all of them
    assert "\x1b" not in written
    assert max(map(len, screen)) <= 80
    assert "█" in written


@pytest.mark.parametrize(
    ("encoding", "sign", "shades"), [("cp437", "▀", "░▒▓█"), ("ascii", " ", ".:-=+*#%@")]
)
def test_other_encodings_get_signs_that_they_have(
    monkeypatch: pytest.MonkeyPatch, encoding: str, sign: str, shades: str
) -> None:
    written, _ = shown(WIDE, encoding=encoding)
    assert set(ESCAPE.sub("", written)) == {sign, "\r", "\n"}
    assert "48;5;" in written
    monkeypatch.setenv("NO_COLOR", "1")
    written, _ = shown(HIGH, encoding=encoding)
    assert set(ESCAPE.sub("", written)) <= {*shades, " ", "\r", "\n"}
    assert shades[-1] in written
