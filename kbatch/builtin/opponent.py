"""Spaces of a lightness and two axes of opponent colours: green to red, blue to yellow.

Of linear light three mixtures are made, of each of these a curve, and mixtures again. Points are
the same bits on every machine: only +, −, × and ÷ of float64 in one order, since cube roots of a
maths library have other last bits elsewhere, and a matrix product may fuse its steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from kbatch.builtin.spaces import bytes_of_light, light_of_bytes

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8
    from kbatch.stages import Options

Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]

AT_ONCE = 4096  # colours, whose mixtures stay in a core's cache
STEPS = np.array([(1, 1, 1), *np.ndindex(3, 3, 3)], np.int16) - 1  # none is first, and wins ties


class Opponent(ABC):
    """What `oklab` and `lab` have in common.

    Attributes:
        mix: of linear red, green and blue, three mixtures that are 1 for white.
        axes: of their curves, L and the two axes; L of white is 255.
    """

    mix: Matrix
    axes: Matrix

    def __init__(self, _options: Options) -> None:
        self._light = light_of_bytes()
        self._from_mix, self._from_axes = inverted(self.mix), inverted(self.axes)

    def forward(self, rgb: U8) -> F32:
        """See `kbatch.stages.Space`."""
        x = np.empty(rgb.shape, np.float32, order="F")
        for start in range(0, len(rgb), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            x.T[:, part] = self.place(rgb[part])
        return x

    def place(self, rgb: U8) -> F64:
        """Returns float64 (3, n), L and the two axes of uint8 (n, 3) sRGB colours."""
        return mixed(self.axes, self.curve(mixed(self.mix, self._light[rgb.T])))

    def inverse(self, x: F32) -> U8:
        """See `kbatch.stages.Space`; points that are no colour's go to a nearest one."""
        curved = mixed(self._from_axes, x.T.astype(np.float64))
        rgb = bytes_of_light(mixed(self._from_mix, self.light(curved)).T)
        moving = np.arange(len(x))
        while len(moving):
            nearer = self._step(rgb[moving], x[moving])
            moved = (nearer != rgb[moving]).any(axis=1)
            rgb[moving] = nearer
            moving = moving[moved]
        return rgb

    def _step(self, rgb: U8, x: F32) -> U8:
        """Returns which of each colour and those around it is nearest to its point."""
        around = np.clip(rgb[:, None] + STEPS, 0, 255).astype(np.uint8)
        away = self.forward(around.reshape(-1, 3)) - np.repeat(x, len(STEPS), axis=0)
        away *= away
        cost = (away[:, 0] + away[:, 1] + away[:, 2]).reshape(-1, len(STEPS))
        nearest: U8 = around[np.arange(len(rgb)), cost.argmin(axis=1)]
        return nearest

    @abstractmethod
    def curve(self, light: F64) -> F64:
        """Returns how strong light is seen, 0 to 1 as it is 0 to 1."""

    @abstractmethod
    def light(self, curved: F64) -> F64:
        """Returns the light that is seen so strong: the inverse of `curve`."""


class Oklab(Opponent):
    """Oklab (Ottosson 2020), times 255: L is 0 to 255, of sRGB a is −60 to 71 and b −80 to 51."""

    mix = (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
    axes = (
        (255 * 0.2104542553, 255 * 0.7936177850, 255 * -0.0040720468),
        (255 * 1.9779984951, 255 * -2.4285922050, 255 * 0.4505937099),
        (255 * 0.0259040371, 255 * 0.7827717662, 255 * -0.8086757660),
    )

    def curve(self, light: F64) -> F64:
        """See `Opponent`."""
        return cube_root(light)

    def light(self, curved: F64) -> F64:
        """See `Opponent`."""
        return curved * curved * curved


class Lab(Opponent):
    """CIE 1976 L*a*b* for D65, times 2.55: L is 0 to 255, of sRGB a is −220 to 251, b −276 to 241.

    The curve is 4/29 lower than the standard's, which takes off L the 16 that the standard does.
    """

    mix = (  # X, Y and Z of sRGB's primaries, each divided by that of white
        (0.4124564 / 0.9504700, 0.3575761 / 0.9504700, 0.1804375 / 0.9504700),
        (0.2126729 / 1.0000001, 0.7151522 / 1.0000001, 0.0721750 / 1.0000001),
        (0.0193339 / 1.0888300, 0.1191920 / 1.0888300, 0.9503041 / 1.0888300),
    )
    axes = (
        (0.0, 2.55 * 116, 0.0),
        (2.55 * 500, 2.55 * -500, 0.0),
        (0.0, 2.55 * 200, 2.55 * -200),
    )

    def curve(self, light: F64) -> F64:
        """See `Opponent`."""
        dark = light <= 216 / 24389
        return np.where(dark, light * (841 / 108), cube_root(light) - 4 / 29)

    def light(self, curved: F64) -> F64:
        """See `Opponent`."""
        root = curved + 4 / 29
        return np.where(curved <= 2 / 29, curved * (108 / 841), root * root * root)


def mixed(matrix: Matrix, parts: F64) -> F64:
    """Returns float64 (3, n), the product of a matrix and (3, n)."""
    made = np.empty(parts.shape)
    for row, factors in zip(made, matrix, strict=True):
        np.multiply(parts[0], factors[0], out=row)
        row += parts[1] * factors[1]
        row += parts[2] * factors[2]
    return made


def inverted(matrix: Matrix) -> Matrix:
    """Returns the inverse of a matrix, by its minors."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    whole = a * (e * i - f * h) + b * (f * g - d * i) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / whole, (c * h - b * i) / whole, (b * f - c * e) / whole),
        ((f * g - d * i) / whole, (a * i - c * g) / whole, (c * d - a * f) / whole),
        ((d * h - e * g) / whole, (b * g - a * h) / whole, (a * e - b * d) / whole),
    )


def cube_root(x: F64) -> F64:
    """Returns float64, the cube roots of what is 0 or more, to some twelve digits.

    A third of a float's bits, taken for a whole number, are within a few per cent those of its root
    (Kahan 1991); each step by Halley's method leaves of an error its cube.
    """
    x = np.maximum(x, 1e-300)  # whose root is 0 as a float32
    root = (x.view(np.int64) // 3 + (715094163 << 32)).view(np.float64)
    for _ in range(2):
        cube = root * root * root
        root = root * (cube + 2 * x) / (2 * cube + x)
    return root
