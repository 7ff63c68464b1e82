"""Spaces to cluster in.

Coordinates are scaled so that black is 0 and white has a lightness of 255, in every space. They are
the same bits on every machine: float64 +, −, × and ÷ in one order, and a table that is computed
with decimals, instead of the powers and roots of a maths library, whose last bits differ.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8
    from kbatch.stages import Options

Matrix = tuple[tuple[float, float, float], ...]

AT_ONCE = 8192  # colours whose intermediate values stay in the cache of a core


class Rgb:
    """sRGB values as they are stored, 0 to 255: the space of the study."""

    def __init__(self, _options: Options) -> None:
        pass

    def forward(self, rgb: U8) -> F32:
        """See `kbatch.stages.Space`."""
        return np.asfortranarray(rgb, np.float32)

    def inverse(self, x: F32) -> U8:
        """See `kbatch.stages.Space`."""
        return np.clip(np.rint(x), 0, 255).astype(np.uint8)


class Gray:
    """Luma (ITU-R BT.601) in whole steps, 0 to 255, as all three coordinates.

    Whatever a colour is, its point is that of a grey, and so are all entries: palettes are grey. A
    picture that is grey already has the errors that it has in `Rgb`.
    """

    WEIGHTS = (19595, 38470, 7471)  # 0.299, 0.587, 0.114 of 65536, as Pillow's mode L has it

    def __init__(self, _options: Options) -> None:
        pass

    def forward(self, rgb: U8) -> F32:
        """See `kbatch.stages.Space`."""
        luma = np.full(len(rgb), 1 << 15, np.uint32)
        for weight, channel in zip(self.WEIGHTS, rgb.T, strict=True):
            luma += np.uint32(weight) * channel
        x = np.empty(rgb.shape, np.float32, order="F")
        x.T[:] = luma >> np.uint32(16)
        return x

    def inverse(self, x: F32) -> U8:
        """See `kbatch.stages.Space`."""
        first, second, third = x.T
        grey = np.clip(np.rint((first + second + third) / np.float32(3)), 0, 255)
        return np.repeat(grey.astype(np.uint8)[:, None], 3, axis=1)


class Linear:
    """Linear light, 0 to 255: what adds up when colours mix (IEC 61966-2-1)."""

    def __init__(self, _options: Options) -> None:
        self._light = (255 * light_of_bytes()).astype(np.float32)

    def forward(self, rgb: U8) -> F32:
        """See `kbatch.stages.Space`."""
        x = np.empty(rgb.shape, np.float32, order="F")
        x.T[:] = self._light[rgb.T]
        return x

    def inverse(self, x: F32) -> U8:
        """See `kbatch.stages.Space`."""
        return nearest_bytes(x / 255)


class Opponent:
    """A lightness and two axes of opponent colours, by a curve between two mixtures."""

    MIX: Matrix  # of linear red, green and blue; white is 1, 1, 1
    AXES: Matrix  # of what the curve makes of that

    def __init__(self, _options: Options) -> None:
        self._light = light_of_bytes()
        self._axes = tuple(tuple(255 * part for part in row) for row in self.AXES)
        self._from_axes, self._from_mix = inverted(self._axes), inverted(self.MIX)

    def forward(self, rgb: U8) -> F32:
        """See `kbatch.stages.Space`."""
        x = np.empty(rgb.shape, np.float32, order="F")
        for start in range(0, len(rgb), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            mix = mixed(self.MIX, self._light[rgb[part].T])
            x.T[:, part] = mixed(self._axes, self.curve(mix))
        return x

    def inverse(self, x: F32) -> U8:
        """See `kbatch.stages.Space`."""
        curved = mixed(self._from_axes, x.T.astype(np.float64))
        return nearest_bytes(mixed(self._from_mix, self.light(curved)).T)

    def curve(self, mix: F64) -> F64:
        """Returns what is seen of light."""
        raise NotImplementedError

    def light(self, curved: F64) -> F64:
        """Returns the light that is seen so."""
        raise NotImplementedError


class Oklab(Opponent):
    """Oklab (Ottosson 2020): equal steps look about equal, also in blue. L is 0 to 255.

    Of sRGB colours a is −60 to 71, b −80 to 51.
    """

    MIX = (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
    AXES = (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )

    def curve(self, mix: F64) -> F64:
        """See `Opponent`."""
        return cube_root(mix)

    def light(self, curved: F64) -> F64:
        """See `Opponent`."""
        return curved * curved * curved


class Lab(Opponent):
    """CIE 1976 L*a*b* for the white of sRGB, D65, times 2.55. L is 0 to 255.

    Of sRGB colours a is −220 to 251, b −275 to 241.
    """

    MIX = (  # of linear light to X, Y and Z, each divided by that of white
        (0.4124564 / 0.9504700, 0.3575761 / 0.9504700, 0.1804375 / 0.9504700),
        (0.2126729 / 1.0000001, 0.7151522 / 1.0000001, 0.0721750 / 1.0000001),
        (0.0193339 / 1.0888300, 0.1191920 / 1.0888300, 0.9503041 / 1.0888300),
    )
    AXES = ((0.0, 1.16, 0.0), (5.0, -5.0, 0.0), (0.0, 2.0, -2.0))

    def curve(self, mix: F64) -> F64:
        """See `Opponent`; 4/29 less than the standard's, which takes as much off L."""
        return np.where(mix > 216 / 24389, cube_root(mix) - 4 / 29, mix * (841 / 108))

    def light(self, curved: F64) -> F64:
        """See `Opponent`."""
        root = curved + 4 / 29
        return np.where(curved > 2 / 29, root * root * root, curved * (108 / 841))


def mixed(matrix: Matrix, parts: F64) -> F64:
    """Returns float64 (3, n), a matrix times (3, n); `@` may fuse what it multiplies and adds."""
    first, second, third = parts
    return np.stack([a * first + b * second + c * third for a, b, c in matrix])


def inverted(matrix: Matrix) -> Matrix:
    """Returns the inverse of a matrix, by its minors."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    minors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    whole = a * minors[0][0] + b * minors[1][0] + c * minors[2][0]
    return tuple((p / whole, q / whole, r / whole) for p, q, r in minors)


def cube_root(x: F64) -> F64:
    """Returns the cube roots of an array of numbers ≥ 0, to some twelve digits.

    A third of the bits of a float is within 4% of its root (Kahan 1991), and each step by Halley's
    method makes of an error its cube.
    """
    y: F64 = (np.maximum(x, 1e-30).view(np.int64) // 3 + (715094163 << 32)).view(np.float64)
    for _ in range(2):
        cube = y * y * y
        y = y * (cube + 2 * x) / (2 * cube + x)
    return np.where(x > 0, y, 0)


@functools.cache
def light_of_bytes() -> F64:
    """Returns float64 (256,): the linear light of each byte, 0 to 1 (IEC 61966-2-1).

    Whole numbers give correctly rounded ones: that to the power of 2.4 is the fifth root of that
    to the power of 12.
    """
    table = np.empty(256)
    for byte in range(256):
        if byte <= 10:
            table[byte] = 5 * byte / 16473  # byte / 255 / 12.92
        else:  # ((byte / 255 + 0.055) / 1.055) ** 2.4
            power = ((40 * byte + 561) ** 12 << 500) // 10761**12
            table[byte] = fifth_root(power) / 2**100
    table.flags.writeable = False
    return table


def fifth_root(n: int) -> int:
    """Returns the largest whole number whose fifth power is at most n, by Newton's method."""
    root = 1 << -(-n.bit_length() // 5)
    while True:
        lower = (4 * root + n // root**4) // 5
        if lower >= root:
            return root
        root = lower


def nearest_bytes(light: F64) -> U8:
    """Returns the bytes whose light is nearest; 0 or 255 for what is below or above all."""
    table = light_of_bytes()
    return np.searchsorted((table[1:] + table[:-1]) / 2, light).astype(np.uint8)
