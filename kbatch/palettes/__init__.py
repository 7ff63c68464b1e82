"""Palette files and hex colours, read to plain numbers.

Colours are (red, green, blue, alpha) from 0 to 255, straight alpha; all of a palette are distinct,
in the order of the file, and what is fully transparent is (0, 0, 0, 0).
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath

from kbatch.errors import KbatchError
from kbatch.palettes import swatches

Rgba = tuple[int, int, int, int]

MOST = 256  # colours of a palette
MAX_BYTES = 1_000_000  # of a palette file
FORMS = "#rgb, #rgba, #rrggbb or #rrggbbaa"

_NUMBERS = re.compile(r"(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(?:\s+(\d{1,3})(?!\S))?\s*(.*)")
_PROPERTY = re.compile(r"--[\w-]+\s*:\s*(#\w+)\s*[;}]")
_NO_INDEX = 0xFFFF


def from_hex(text: str) -> Rgba:
    """Reads a colour.

    Args:
        text: `#rgb`, `#rgba`, `#rrggbb` or `#rrggbbaa`.

    Raises:
        ValueError: it has another form.
    """
    if not re.fullmatch(r"#([0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})", text):
        raise ValueError(f"expected a colour as {FORMS}, got {text!r}")
    digits = text[1:] if len(text) > 5 else "".join(digit * 2 for digit in text[1:])
    red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
    return (red, green, blue, alpha) if alpha else (0, 0, 0, 0)


def to_hex(color: Iterable[int]) -> str:
    """Returns a colour as `#rrggbb`, or `#rrggbbaa` where it is not opaque.

    Args:
        color: red, green, blue and alpha, 0 to 255.
    """
    *rgb, alpha = map(int, color)
    return f"#{bytes(rgb).hex()}{'' if alpha == 255 else f'{alpha:02x}'}"


def is_palette(name: str) -> bool:
    """Tells by its suffix whether a file is a palette."""
    return PurePath(name).suffix.lower() in _READERS


def read(data: bytes, name: str) -> tuple[Rgba, ...]:
    """Reads a palette file.

    Args:
        data: the whole file.
        name: its suffix tells the format; what to call it in errors.

    Returns:
        1 to 256 colours.

    Raises:
        KbatchError: it is damaged, in another format, empty or too large.
    """
    if len(data) > MAX_BYTES:
        raise KbatchError(f"{name} is larger than 1 MB, expected a palette")
    try:
        return distinct(_READERS[PurePath(name).suffix.lower()](data), name)
    except (struct.error, IndexError):
        raise KbatchError(f"{name} is damaged: it ends too early") from None
    except (ValueError, OverflowError, RecursionError) as error:
        raise KbatchError(f"{name} is damaged: {error}") from error


def distinct(colors: Iterable[Rgba], name: str) -> tuple[Rgba, ...]:
    """Returns the distinct colours in the order they first come.

    Args:
        colors: any number.
        name: what they are of, for errors.

    Raises:
        KbatchError: there are none, or more than 256.
    """
    found = tuple(dict.fromkeys(color if color[3] else (0, 0, 0, 0) for color in colors))
    if not found:
        raise KbatchError(f"{name} has no colours")
    if len(found) > MOST:
        raise KbatchError(f"{name} has {len(found):,} colours, expected up to {MOST}")
    return found


# ---- text --------------------------------------------------------------------------------------


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Yields the lines that are not empty, stripped, with their numbers from 1."""
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        if text := line.strip():
            yield number, text


def _head(lines: Iterator[tuple[int, str]], wanted: str) -> None:
    if next(lines, (0, ""))[1] != wanted:
        raise ValueError(f"its first line is not {wanted!r}")


def _numbers(number: int, text: str) -> tuple[Rgba, str]:
    """Returns three or four numbers at the start of a line as a colour, and the rest of it."""
    found = _NUMBERS.fullmatch(text)
    values = [int(value) for value in found.groups()[:4] if value] if found else [256]
    if not found or max(values) > 255:
        raise ValueError(f"line {number} is not three numbers from 0 to 255: {text[:40]!r}")
    red, green, blue, alpha = (*values, 255)[:4]
    return (red, green, blue, alpha), found[5]


def _gimp(data: bytes) -> Iterator[Rgba]:
    """GIMP: red, green, blue and a name a line; the name may hold alpha, as our writer's do.

    In Aseprite's files alpha is a fourth number.
    """
    lines, with_alpha = _lines(data), False
    _head(lines, "GIMP Palette")
    for number, text in lines:
        if re.match(r"#|[A-Za-z]+:", text):  # a comment, or `Name: …` and the like
            with_alpha |= text.split() == ["Channels:", "RGBA"]
            continue
        color, name = _numbers(number, text)
        opaque = (*color[:3], 255)
        if re.fullmatch(r"#[0-9A-Fa-f]{8}", name) and name[:7].lower() == to_hex(opaque):
            yield from_hex(name)
        else:  # else the number belongs to the name
            yield color if with_alpha else opaque


def _hex(data: bytes) -> Iterator[Rgba]:
    """A colour a line, with or without `#`."""
    for number, text in _lines(data):
        try:
            yield from_hex(f"#{text.removeprefix('#')}")
        except ValueError:
            raise ValueError(f"line {number} is not rrggbb or rrggbbaa: {text[:40]!r}") from None


def _css(data: bytes) -> Iterator[Rgba]:
    """The custom properties that are hex colours: `--name: #rrggbb;`."""
    return map(from_hex, _PROPERTY.findall(data.decode("utf-8-sig", "replace")))


def _json(data: bytes) -> Iterator[Rgba]:
    """A list of hex colours, or of objects that have one as `hex`."""
    listed = json.loads(data)
    for entry in listed if isinstance(listed, list) else [None]:
        text = entry.get("hex") if isinstance(entry, dict) else entry
        if not isinstance(text, str):
            raise ValueError("it is not a list of hex colours, or of objects with a 'hex'")
        yield from_hex(text)


def _jasc(data: bytes) -> Iterator[Rgba]:
    """Paint Shop Pro: a head, the version, how many, and red, green, blue (and alpha) a line."""
    lines = _lines(data)
    _head(lines, "JASC-PAL")
    next(lines, None)  # the version
    count = next(lines, (0, "?"))[1]
    if not count.isdecimal():
        raise ValueError("its third line is not the number of colours")
    colors = [_numbers(*line)[0] for line in lines]
    if len(colors) < int(count):
        raise ValueError(f"it has {len(colors)} of its {count} colours")
    return iter(colors[: int(count)])


# ---- bytes -------------------------------------------------------------------------------------


def _pal(data: bytes) -> Iterator[Rgba]:
    return _riff(data) if data.startswith(b"RIFF") else _jasc(data)


def _riff(data: bytes) -> Iterator[Rgba]:
    """Microsoft: a RIFF whose chunk `data` has a version, how many, and red, green, blue, flags."""
    if data[8:12] != b"PAL ":
        raise ValueError("its RIFF is no palette")
    place = 12
    while data[place : place + 4] != b"data":
        place += 8 + struct.unpack_from("<I", data, place + 4)[0]
    (count,) = struct.unpack_from("<H", data, place + 10)
    for red, green, blue, _ in _groups(data, place + 12, count, 4):
        yield red, green, blue, 255


def _groups(data: bytes, start: int, count: int, size: int) -> Iterator[bytes]:
    """Yields so many groups of bytes."""
    whole = struct.unpack_from(f"{count * size}s", data, start)[0]
    return (whole[place : place + size] for place in range(0, len(whole), size))


def _adobe_table(data: bytes) -> Iterator[Rgba]:
    """Adobe colour table: 256 × red, green, blue; in longer ones how many, and the transparent."""
    if len(data) not in (768, 772):
        raise ValueError(f"it has {len(data):,} bytes, expected 768 or 772")
    count, clear = struct.unpack(">HH", data[768:] or b"\1\0\xff\xff")
    for index, (red, green, blue) in enumerate(_groups(data, 0, min(count or MOST, MOST), 3)):
        yield (0, 0, 0, 0) if index == clear != _NO_INDEX else (red, green, blue, 255)


_READERS: dict[str, Callable[[bytes], Iterator[Rgba]]] = {
    ".gpl": _gimp,
    ".act": _adobe_table,
    ".hex": _hex,
    ".pal": _pal,
    ".ase": swatches.read,
    ".css": _css,
    ".json": _json,
}

SUFFIXES = tuple(_READERS)
