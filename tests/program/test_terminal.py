"""What a person sees: a bar in a terminal that goes away, plain lines in a pipe."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest
from program import FAULTS, environment, job, kbatch, picture, slow_pictures
from rich.cells import cell_len

pty = pytest.importorskip("pty", reason="pseudo-terminals are of POSIX")

pytestmark = pytest.mark.usefixtures("kernels")

CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")
BAR = "━"


def in_terminal(
    *arguments: str | Path, cwd: Path, width: int, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Runs a command in a pseudo-terminal; returns its exit code and all that it wrote."""
    command = [sys.executable, "-m", "kbatch", *map(str, arguments)]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        os.execve(command[0], command, environment(env))
    written = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux tells the end so
            break
        if not piece:
            break
        written += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written.decode()


class Screen:
    """A terminal of endless height and width: what stays of what was written.

    Attributes:
        lines: what is to be seen at the end.
        widest: cells of the widest line at any time.
        hidden: whether the cursor is.
    """

    def __init__(self, written: str) -> None:
        self.lines = [""]
        self.widest = 0
        self.hidden = False
        self._row = self._column = 0
        place = 0
        while place < len(written):
            control = CONTROL.match(written, place)
            if control:
                self._control(control[1], control[2])
                place = control.end()
            else:
                self._write(written[place])
                place += 1

    def _control(self, numbers: str, letter: str) -> None:
        if letter == "A":
            self._row -= int(numbers or 1)
        elif letter == "K":
            assert numbers == "2", "only whole lines are erased"
            self.lines[self._row] = ""
        elif letter in "hl" and numbers == "?25":
            self.hidden = letter == "l"
        else:
            assert letter == "m", f"unexpected control {numbers}{letter}"

    def _write(self, char: str) -> None:
        if char == "\r":
            self._column = 0
        elif char == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
        else:
            line = self.lines[self._row].ljust(self._column)
            self.lines[self._row] = line[: self._column] + char + line[self._column + 1 :]
            self._column += 1
            self.widest = max(self.widest, cell_len(self.lines[self._row]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A job whose pictures take long enough for a bar, with long and bad names among them."""
    slow_pictures(tmp_path / "pictures", 6, 0.15)
    long = tmp_path / "pictures" / ("a folder with a rather long name " * 4) / ("long " * 30)
    long.parent.mkdir()
    long.with_suffix(".fault").write_text(f"picture-error {'a long reason ' * 20}")
    (tmp_path / "pictures" / f"{'日本' * 20}.fault").write_text("raise ValueError bad")
    job(tmp_path, "k: [2, 4]\nstrategy: [l2, l1]\nworkers: 2\n")
    return tmp_path


@pytest.mark.parametrize("width", [80, 40])
def test_a_bar_is_drawn_within_the_width_and_erased(folder: Path, width: int) -> None:
    code, written = in_terminal("run", "job.yaml", "--plugin", FAULTS, cwd=folder, width=width)
    assert code == 1
    assert BAR in written
    assert "\x1b[31m" in written or "\x1b[1;31m" in written
    screen = Screen(written)
    assert screen.widest <= width
    assert not screen.hidden
    assert BAR not in "".join(screen.lines)
    assert not any("left" in line and "/s" in line for line in screen.lines)
    assert "out/results.csv" in "".join(screen.lines[-3:])


def test_no_color_has_no_colour_codes(folder: Path) -> None:
    arguments = ("run", "job.yaml", "--plugin", FAULTS)
    code, written = in_terminal(*arguments, cwd=folder, width=160, env={"NO_COLOR": "1"})
    assert code == 1
    codes = {part for match in CONTROL.finditer(written) for part in match[1].split(";")}
    assert not [code for code in codes if re.fullmatch(r"3[0-79]|4[0-79]|9\d|10\d|38|48", code)]
    screen = Screen(written)
    assert screen.widest <= 160
    assert BAR not in "".join(screen.lines)


def test_a_pipe_has_no_control_codes_and_few_lines(folder: Path) -> None:
    ended = kbatch("run", "job.yaml", "--plugin", FAULTS, cwd=folder)
    assert ended.code == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ended.stderr)
    assert len(ended.lines) < 15


def test_a_terminal_that_says_it_is_dumb_gets_plain_lines(folder: Path) -> None:
    arguments = ("run", "job.yaml", "--plugin", FAULTS)
    _, written = in_terminal(*arguments, cwd=folder, width=80, env={"TERM": "dumb"})
    assert "\x1b" not in written
    assert BAR not in written


def test_json_in_a_terminal_is_lines_without_a_bar_between(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.png")
    job(tmp_path, "k: 4\n")
    code, written = in_terminal("run", "job.yaml", "--json", cwd=tmp_path, width=80)
    assert code == 0
    assert {control[2] for control in CONTROL.finditer(written)} <= {"m"}
    assert sum(line.startswith("{") for line in written.splitlines()) == 1


def test_plans_and_lists_are_folded_to_the_width(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.png")
    job(tmp_path, "k: 4\nwriter: [{level: 1}, {level: 2}]\n")
    for arguments in (("check", "job.yaml"), ("plugins",), ("plugins", "info", "kmeans++")):
        code, written = in_terminal(*arguments, cwd=tmp_path, width=80)
        assert code == 0
        assert Screen(written).widest <= 80
