"""Adobe Swatch Exchange: colours in one of four models, each brought to sRGB."""

from __future__ import annotations

import functools
import math
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence

NUMBERS = {"RGB": 3, "CMYK": 4, "Gray": 1, "LAB": 3}  # by model
WHITE = (0.96422, 1.0, 0.82521)  # X, Y and Z of D50
LIGHT = (  # red, green and blue of X, Y and Z for D50: sRGB's, adapted to it (Bradford, Lam 1985)
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)


def read(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yields the colours of a file: blocks with a name in UTF-16, a model and its numbers.

    Raises:
        ValueError, struct.error: it is damaged.
    """
    if data[:4] != b"ASEF":
        raise ValueError("it does not begin with 'ASEF'")
    (blocks,) = struct.unpack_from(">I", data, 8)
    place = 12
    for _ in range(blocks):
        kind, length = struct.unpack_from(">HI", data, place)
        body = struct.unpack_from(f"{length}s", data, place + 6)[0]
        place += 6 + length
        if kind == 1:  # others begin and end groups
            red, green, blue = _swatch(body)
            yield red, green, blue, 255


def _swatch(body: bytes) -> Sequence[int]:
    (units,) = struct.unpack_from(">H", body)
    name = body[2 : 2 + 2 * units].decode("utf-16-be", "replace").rstrip("\0")
    model = body[2 + 2 * units : 6 + 2 * units].decode("ascii", "replace").strip()
    if model not in NUMBERS:
        raise ValueError(f"colour {name!r} is in {model!r}, expected {', '.join(NUMBERS)}")
    values = struct.unpack_from(f">{NUMBERS[model]}f", body, 6 + 2 * units)
    if not all(map(math.isfinite, values)):
        raise ValueError(f"colour {name!r} has no finite numbers")
    if model == "LAB":
        return from_lab(100 * values[0], *values[1:])
    if model == "CMYK":  # without a profile
        values = tuple((1 - value) * (1 - values[3]) for value in values[:3])
    if model == "Gray":
        values *= 3
    return [int(min(max(value, 0.0), 1.0) * 255 + 0.5) for value in values]


def from_lab(lightness: float, a: float, b: float) -> list[int]:
    """Returns red, green and blue of CIE 1976 L*a*b*, whose white is D50 as in all print programs.

    White is white in sRGB too, by Bradford's adaptation to D65. What sRGB can't show is cut, each
    channel by itself.

    Args:
        lightness: L*, 0 to 100.
        a: from green to red.
        b: from blue to yellow.
    """
    middle = (lightness + 16) / 116
    curved = middle + a / 500, middle, middle - b / 200
    xyz = [white * _light(value) for white, value in zip(WHITE, curved, strict=True)]
    made = []
    for row in LIGHT:
        light = row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2]
        made.append(bisect_right(_borders(), _fifth(light)))
    return made


def _light(curved: float) -> float:
    return curved * curved * curved if curved > 6 / 29 else (curved - 4 / 29) * 108 / 841


def _fifth(x: float) -> float:
    return x * x * x * x * x


@functools.cache
def _borders() -> list[float]:
    """Returns the fifth powers of the linear light between each byte and the next (IEC 61966-2-1).

    A byte's light is to the power of 2.4, and its fifth power to that of 12: no maths library is
    asked, whose last bits differ from machine to machine.
    """
    borders = []
    for byte in range(255):
        stored = (byte + 0.5) / 255
        if stored <= 0.04045:
            borders.append(_fifth(stored / 12.92))
        else:
            light = (stored + 0.055) / 1.055
            cube = light * light * light
            borders.append(cube * cube * cube * cube)
    return borders
