"""`kbatch show` and `kbatch trace` as processes, in terminals and pipes."""

from __future__ import annotations

import os
import re
import struct
import sys
from pathlib import Path

import pytest
from PIL import Image
from program import environment, kbatch, picture
from test_terminal import Screen, in_terminal

pty = pytest.importorskip("pty", reason="pseudo-terminals are of POSIX")

pytestmark = pytest.mark.usefixtures("kernels")

TRUE = {"COLORTERM": "truecolor"}
# what textual-image, where it is installed, asks a terminal before anything is drawn
QUESTION = re.compile(r"\x1b_[^\x1b]*\x1b\\|\x1b\[[0-9;]*[ct]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture(tmp_path / "a.png", width=120, height=90)
    return tmp_path


@pytest.mark.parametrize("width", [80, 40])
def test_show_draws_picture_and_palette_within_24_lines(folder: Path, width: int) -> None:
    code, written = in_terminal("show", "a.png", "-k", "8", cwd=folder, width=width, env=TRUE)
    assert code == 0
    written = QUESTION.sub("", written)
    screen = Screen(written)
    lines = [line for line in screen.lines if line]
    assert len(lines) <= 23
    assert screen.widest <= width
    hexes = re.findall(r"#[0-9a-f]{6}", " ".join(lines))
    assert len(hexes) == 8
    for color in hexes:
        assert "48;2;{};{};{}m".format(*bytes.fromhex(color[1:])) in written
    assert "▀" in written
    assert "K8_L2" in " ".join(lines)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}])
def test_show_without_colours_is_shades_and_hex(folder: Path, env: dict[str, str]) -> None:
    code, written = in_terminal("show", "a.png", "-k", "4", cwd=folder, width=80, env=TRUE | env)
    assert code == 0
    assert "48;" not in written
    assert re.search(r"[░▒▓█]{5}", written)
    assert len(re.findall(r"#[0-9a-f]{6}", written)) == 4


@pytest.mark.parametrize("encoding", ["cp437", "ascii"])
def test_show_in_a_pipe_of_another_encoding_has_signs_that_it_has(
    folder: Path, encoding: str
) -> None:
    env = {"PYTHONUTF8": "0", "PYTHONIOENCODING": f"{encoding}:strict"}
    ended = kbatch("show", "a.png", "-k", "4", cwd=folder, env=env)
    assert ended.code == 0
    shades = "░▒▓█" if encoding == "cp437" else ".:-=+*#%@"
    told = ended.stdout.decode(encoding)
    assert set(told) & set(shades)
    assert "\x1b" not in told
    assert len(re.findall(r"#[0-9a-f]{6}", told)) == 4
    assert "120x90" in ended.stderr


def test_show_of_nothing_that_can_be_read_says_so(folder: Path) -> None:
    (folder / "b.png").write_bytes(b"no")
    for name, code in (("missing.png", 1), ("b.png", 1)):
        ended = kbatch("show", name, cwd=folder)
        assert (ended.code, ended.stdout) == (code, b"")
        assert name in ended.stderr
    assert kbatch("show", "a.png", "-k", "0", cwd=folder).code == 2


def test_trace_writes_a_film_beside_the_picture_and_says_where(folder: Path) -> None:
    ended = kbatch("trace", "a.png", "-k", "5", "--strategy", "l1, l2", cwd=folder)
    assert ended.code == 0
    with Image.open(folder / "a_K5_L1_L2_trace.gif") as film:
        frames = getattr(film, "n_frames", 1)
    assert f"wrote a_K5_L1_L2_trace.gif: {frames} frames" in ended.stderr
    again = kbatch("trace", "a.png", "-k", "5", "--strategy", "l1,l2", cwd=folder)
    assert again.code == 2
    assert "--force" in again.stderr
    page = kbatch("trace", "a.png", "--frames", "4", "-o", "film.html", cwd=folder)
    assert page.code == 0
    assert "4 frames" in page.stderr


KITTY = b"\x1b_Gi=1;OK\x1b\\"


@pytest.mark.parametrize(
    ("attributes", "graphics", "sign"),
    [
        (b"\x1b[?62;4;22c", b"", "\x1bP"),  # Sixel
        (b"\x1b[?62;22c", KITTY, "\x1b_G"),
        (b"\x1b[?62;22c", b"", "▀"),
    ],
    ids=["sixel", "kitty", "neither"],
)
def test_a_terminal_that_says_it_can_gets_the_pixels(
    folder: Path, attributes: bytes, graphics: bytes, sign: str
) -> None:
    pytest.importorskip("textual_image", reason="needs the extra terminal")
    import fcntl
    import termios

    command = [sys.executable, "-m", "kbatch", "show", "a.png", "-k", "3"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 800, 480))
        os.execve(command[0], command, environment(TRUE))
    written = b""
    answers = {b"\x1b[c": attributes, b"a=q": graphics}
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
        for question in [each for each in answers if each in written]:
            os.write(terminal, answers.pop(question))
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    told = written.split(b"a=q", 1)[-1].decode()[10:]
    signs = [each for each in ("\x1bP", "\x1b_G", "▀") if each in told]
    assert signs == [sign]
    assert len(re.findall(r"#[0-9a-f]{6}", told)) == 3
