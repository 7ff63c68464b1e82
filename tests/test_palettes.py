"""Palette files by hand-made bytes, and hex colours."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import GimpPaletteFile, Image, ImageCms

from kbatch.errors import KbatchError
from kbatch.palettes import Rgba, from_hex, is_palette, read, to_hex
from kbatch.palettes.swatches import from_lab

RED, GREEN, BLUE, CLEAR = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("#f00", RED),
        ("#0f08", (0, 255, 0, 136)),
        ("#0000Ff", BLUE),
        ("#01020304", (1, 2, 3, 4)),
        ("#12345600", CLEAR),
    ],
)
def test_colours_in_hex(text: str, color: Rgba) -> None:
    assert from_hex(text) == color


@pytest.mark.parametrize("text", ["", "#", "#12", "#12345", "#1234567", "fff", "#ggg", "#fff\n"])
def test_what_is_no_colour_is_told_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="#rrggbbaa"):
        from_hex(text)


@given(st.tuples(*[st.integers(0, 255)] * 4))
def test_hex_is_read_as_it_was_written(color: Rgba) -> None:
    assert from_hex(to_hex(color)) == (color if color[3] else CLEAR)


# ---- each format, as its own programs write it -------------------------------------------------


def swatches(*blocks: tuple[str, str, tuple[float, ...]]) -> bytes:
    """An Adobe Swatch Exchange file with a group around its colours."""
    made = [struct.pack(">HIH", 0xC001, 2 + 4, 2) + "g\0".encode("utf-16-be")]
    for name, model, values in blocks:
        body = struct.pack(">H", len(name) + 1) + f"{name}\0".encode("utf-16-be")
        body += model.encode().ljust(4) + struct.pack(f">{len(values)}fH", *values, 2)
        made.append(struct.pack(">HI", 1, len(body)) + body)
    made.append(struct.pack(">HI", 0xC002, 0))
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(made)) + b"".join(made)


def riff(*colors: Rgba, before: bytes = b"") -> bytes:
    entries = b"".join(bytes(color[:3]) + b"\0" for color in colors)
    data = struct.pack("<HH", 0x0300, len(colors)) + entries
    chunks = b"PAL " + before + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


TABLE = bytes([255, 0, 0, 0, 255, 0]).ljust(768, b"\0")

GOOD: dict[str, tuple[str, bytes, list[Rgba]]] = {
    "gimp": (
        "a.gpl",
        b"GIMP Palette\r\nName: of \xe9\r\nColumns: 4\r\n#\r\n255   0   0\tred 7\r\n\r\n"
        b"  0 255   0\r\n0 0 255 #0000FF80\r\n9 9 9 #01020380\r\n",
        [RED, GREEN, (0, 0, 255, 128), (9, 9, 9, 255)],
    ),
    "gimp, a name that begins with a number": (
        "a.gpl",
        b"GIMP Palette\nName: Pantone\n255 0 0 100 red\n0 255 0 17\n",
        [RED, GREEN],
    ),
    "gimp by Aseprite": (
        "a.GPL",
        b"GIMP Palette\nChannels: RGBA\n#\n255 0 0 255 red\n255 255 255 0 clear\n1 2 3 4\n",
        [RED, CLEAR, (1, 2, 3, 4)],
    ),
    "adobe table": ("a.act", TABLE, [RED, GREEN, (0, 0, 0, 255)]),
    "adobe table of two": ("a.act", TABLE + b"\0\2\xff\xff", [RED, GREEN]),
    "adobe table, transparent": ("a.act", TABLE + b"\0\3\0\1", [RED, CLEAR, (0, 0, 0, 255)]),
    "adobe table of no number": ("a.act", TABLE + b"\0\0\xff\xff", [RED, GREEN, (0, 0, 0, 255)]),
    "hex": ("a.hex", b"\xef\xbb\xbfff0000\r\n#00FF00\r\n\r\n0000ff80\r\nff0000", [
        RED, GREEN, (0, 0, 255, 128)]),
    "css": (
        "a.css",
        b"#fade { color: #abc }\n:root{--a: #f00;\n --b-2 :#0f0; --size: 3px; --c: #0000ff}",
        [RED, GREEN, BLUE],
    ),
    "json": ("a.json", b'["#f00", {"hex": "#00ff00", "pixels": 3}]', [RED, GREEN]),
    "jasc": ("a.pal", b"JASC-PAL\r\n0100\r\n2\r\n255 0 0\r\n0 255 0\r\n", [RED, GREEN]),
    "jasc with alpha": ("a.pal", b"JASC-PAL\n0100\n2\n1 2 3 4\n0 255 0 255\n", [
        (1, 2, 3, 4), GREEN]),
    "riff": ("a.pal", riff(RED, BLUE), [RED, BLUE]),
    "riff with another chunk": ("a.pal", riff(RED, before=b"offl\4\0\0\0abcd"), [RED]),
    "ase": (
        "a.ase",
        swatches(
            ("rosso é", "RGB", (1.0, 0.0, 0.0)),
            ("half", "Gray", (0.5,)),
            ("ink", "CMYK", (1.0, 0.0, 1.0, 0.0)),
            ("dark", "CMYK", (0.0, 0.5, 1.0, 0.5)),
            ("over", "RGB", (-0.1, 0.0, 1.5)),
            ("paper", "LAB", (1.0, 0.0, 0.0)),
            ("night", "LAB", (0.0, 0.0, 0.0)),
        ),
        [RED, (128, 128, 128, 255), GREEN, (128, 64, 0, 255), BLUE, (255, 255, 255, 255),
         (0, 0, 0, 255)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_a_format_is_read(case: str) -> None:
    name, data, colors = GOOD[case]
    assert is_palette(name)
    assert list(read(data, name)) == colors


def test_gimp_palettes_are_read_as_pillow_reads_them() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (200, 3))
    lines = "".join(f"{r:3d} {g:3d} {b:3d}\tname\n" for r, g, b in rgb)
    data = f"GIMP Palette\nName: x\nColumns: 16\n#\n{lines}".encode()
    theirs, _ = GimpPaletteFile.GimpPaletteFile(io.BytesIO(data)).getpalette()
    assert b"".join(bytes(color[:3]) for color in read(data, "x.gpl")) == theirs[: 3 * 200]


def test_lab_is_converted_as_littlecms_does() -> None:
    rng = np.random.default_rng(0)
    stored = np.dstack([rng.integers(0, 256, 4000), *rng.integers(-60, 61, (2, 4000))])
    image = Image.frombytes("LAB", (4000, 1), stored.astype(np.int16).astype(np.uint8).tobytes())
    lab, srgb = ImageCms.createProfile("LAB", 5000), ImageCms.createProfile("sRGB")
    exact = ImageCms.Flags.NOOPTIMIZE  # without a table in between
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB", flags=exact)
    theirs = np.asarray(ImageCms.applyTransform(image, transform))[0].astype(int)
    ours = np.array([from_lab(100 * light / 255, a, b) for light, a, b in stored[0]])
    shown = ((ours > 0) & (ours < 255)).all(axis=1)  # else it is no colour of sRGB
    assert shown.sum() > 1000
    assert np.abs(ours - theirs)[shown].max() <= 1


def test_lab_that_no_screen_shows_is_cut() -> None:
    assert from_lab(90, -128, 127) == [0, 255, 0]


def test_lab_is_exact_for_greys() -> None:
    for byte in range(256):
        light = byte / 255 / 12.92 if byte <= 10 else ((byte / 255 + 0.055) / 1.055) ** 2.4
        root = light ** (1 / 3) if light > 216 / 24389 else light * 841 / 108 + 4 / 29
        assert from_lab(116 * root - 16, 0, 0) == [byte] * 3


BAD: dict[str, tuple[str, bytes, str]] = {
    "no gimp": ("a.gpl", b"JASC-PAL\n", "first line is not 'GIMP Palette'"),
    "empty gimp": ("a.gpl", b"", "first line"),
    "two numbers": ("a.gpl", b"GIMP Palette\n1 2\n", "line 2 is not three numbers"),
    "too large a number": ("a.gpl", b"GIMP Palette\n#\n1 2 256\n", "line 3 is not three numbers"),
    "no colours": ("a.gpl", b"GIMP Palette\n", "a.gpl has no colours"),
    "no table": ("a.act", b"123", "3 bytes, expected 768 or 772"),
    "no hex": ("a.hex", b"ff0000\nred\n", "line 2 is not rrggbb"),
    "bytes": ("a.hex", b"\xff\xfe\0\0", "line 1 is not rrggbb"),
    "css of words": ("a.css", b":root { --a: red; }", "has no colours"),
    "json of numbers": ("a.json", b"[1]", "not a list of hex colours"),
    "json of another kind": ("a.json", b'{"a": 1}', "not a list of hex colours"),
    "no json": ("a.json", b"[", "a.json is damaged"),
    "deep json": ("a.json", b"[" * 100_000, "a.json is damaged"),
    "no colour in json": ("a.json", b'["red"]', "expected a colour as #rgb"),
    "no pal": ("a.pal", b"\0\1\2", "first line is not 'JASC-PAL'"),
    "no number in pal": ("a.pal", b"JASC-PAL\n0100\nx\n", "third line"),
    "too few in pal": ("a.pal", b"JASC-PAL\n0100\n3\n1 2 3\n", "1 of its 3 colours"),
    "riff of sound": ("a.pal", b"RIFF\0\0\0\0WAVEfmt ", "its RIFF is no palette"),
    "cut riff": ("a.pal", riff(RED, BLUE)[:-1], "ends too early"),
    "riff without data": ("a.pal", riff(RED)[:12], "ends too early"),
    "no swatches": ("a.ase", b"\0" * 12, "does not begin with 'ASEF'"),
    "cut swatches": ("a.ase", swatches(("a", "RGB", (1, 0, 0)))[:-9], "ends too early"),
    "another model": ("a.ase", swatches(("sea", "HSB", (1, 0, 0))), "'sea' is in 'HSB'"),
    "no number in lab": ("a.ase", swatches(("n", "LAB", (0.5, float("inf"), 0))), "no finite"),
    "no number in swatches": ("a.ase", swatches(("n", "RGB", (float("nan"), 0, 0))), "damaged"),
    "many": ("a.hex", "".join(f"{n:06x}\n" for n in range(257)).encode(), "257 colours"),
    "large": ("a.hex", b"\n" * 1_000_001, "larger than 1 MB"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_told_what_is_wrong(case: str) -> None:
    name, data, why = BAD[case]
    with pytest.raises(KbatchError, match=why) as caught:
        read(data, name)
    assert name in str(caught.value)


@given(st.sampled_from(sorted({name for name, *_ in GOOD.values()})), st.data())
def test_damaged_files_give_colours_or_a_reason(name: str, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([good for known, good, _ in GOOD.values() if known == name]))
    broken = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for place in data.draw(st.lists(st.integers(0, max(len(broken) - 1, 0)), max_size=4)):
        if broken:
            broken[place] = data.draw(st.integers(0, 255))
    try:
        colors = read(bytes(broken), name)
    except KbatchError:
        return
    assert 1 <= len(colors) == len(set(colors)) <= 256


def test_a_name_decides_the_format() -> None:
    assert is_palette("folder.x/brand.ASE")
    assert not is_palette("picture.png")
    assert not is_palette("gpl")
    assert read(json.dumps(["#fff"]).encode(), "x.JSON") == ((255, 255, 255, 255),)
