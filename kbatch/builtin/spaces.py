"""Spaces to cluster in; `oklab` and `lab` are in `kbatch.builtin.opponent`.

In all of them black is 0, and white has a lightness of 255 or is 255 in each coordinate.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kbatch.data import F32, F64, U8
    from kbatch.stages import Options


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
    """Luma (ITU-R BT.601) in whole steps, 0 to 255, the same in all three coordinates.

    A colour has the point of its grey, so that palettes are grey, and a picture that is grey has
    the distances that it has in `rgb`.
    """

    WEIGHTS = (19595, 38470, 7471)  # 0.299, 0.587, 0.114 of 65536, as in mode L of Pillow

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
        grey = np.rint((x[:, 0] + x[:, 1] + x[:, 2]) / np.float32(3))
        return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, None], 3, axis=1)


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
        return bytes_of_light(x.astype(np.float64) / 255)


@functools.cache
def light_of_bytes() -> F64:
    """Returns float64 (256,): the linear light of each byte, 0 to 1 (IEC 61966-2-1).

    Each is the float that is nearest, found with whole numbers, since a maths library's powers have
    other last bits on other machines: what is to the power of 2.4 is the fifth root of what is to
    the power of 12.
    """
    light = np.empty(256)
    for byte in range(256):
        if byte <= 10:
            light[byte] = 5 * byte / 16473  # byte / 255 / 12.92
        else:  # ((byte / 255 + 0.055) / 1.055) ** 2.4
            power = ((40 * byte + 561) ** 12 << 500) // 10761**12
            light[byte] = fifth_root(power) / 2**100
    light.flags.writeable = False
    return light


def fifth_root(n: int) -> int:
    """Returns the largest whole number whose fifth power is at most n, by Newton's method."""
    root = 1 << -(-n.bit_length() // 5)
    while True:
        lower = (4 * root + n // root**4) // 5
        if lower >= root:
            return root
        root = lower


def bytes_of_light(light: F64) -> U8:
    """Returns uint8, the bytes whose light is nearest; 0 and 255 for all that is beyond."""
    exact = light_of_bytes()
    return np.searchsorted((exact[1:] + exact[:-1]) / 2, light).astype(np.uint8)
