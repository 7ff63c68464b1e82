"""CIEDE2000: how different two colours look, reckoned once for each pair of colour and entry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kbatch.builtin.measures import Frame, compared, rounded, told
from kbatch.builtin.opponent import AT_ONCE, Lab

if TYPE_CHECKING:
    from kbatch.data import F64, I64, U8, Indexed, Picture
    from kbatch.stages import Options

SHARE = 95  # hundredths of the pixels that are at most so far off


class DeltaE:
    """Colour difference CIEDE2000, mean and 95th percentile; lower is better (Luo, Cui, Rigg 2001).

    The formula as Sharma, Wu and Dalal (2005) give it, on CIE L*a*b* of sRGB under D65. About 1 is
    the least difference that is seen side by side, from 2 or 3 on it is seen at a glance. The
    percentile is the least value that 95 of 100 pixels don't exceed; of several frames the mean of
    each frame's. To six digits.
    """

    def __init__(self, options: Options) -> None:
        self._lab = Lab(options)

    def measure(self, picture: Picture, indexed: Indexed) -> dict[str, float]:
        """See `kbatch.stages.Measure`."""
        means, tails = [], []
        for grounds in compared(picture, indexed):
            mean, tail = zip(*map(self._differences, grounds), strict=True)
            means.append(max(mean))
            tails.append(max(tail))
        numbers = told("delta_e", means, max)
        numbers["delta_e_p95"] = told("delta_e_p95", tails, max)["delta_e_p95"]
        return {name: rounded(number) for name, number in numbers.items()}

    def _differences(self, frame: Frame) -> tuple[float, float]:
        """Returns the mean difference of a frame's pixels, and the percentile."""
        colors, chosen, count = pairs(frame)
        entries = self._lab.place(frame.palette) / 2.55
        off = np.empty(len(colors))
        for start in range(0, len(colors), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            lab = self._lab.place(colors[part]) / 2.55
            off[part] = ciede2000(lab, entries[:, chosen[part]])
        order = np.argsort(off)
        below = np.cumsum(count[order])
        place = np.searchsorted(below * 100, SHARE * below[-1])
        return float((off * count).sum() / below[-1]), float(off[order[place]])


def pairs(frame: Frame) -> tuple[U8, U8, I64]:
    """Returns the distinct pairs of a colour and its entry.

    Returns:
        uint8 (n, 3) colours, uint8 (n,) entries, int64 (n,) pixels of each pair.
    """
    keys = frame.indices.reshape(-1).astype(np.uint32)
    for channel, shift in zip(range(3), (24, 16, 8), strict=True):
        keys |= frame.pixels[..., channel].reshape(-1).astype(np.uint32) << np.uint32(shift)
    keys.sort()
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    parts = keys[first].astype(">u4").view(np.uint8).reshape(-1, 4)
    return parts[:, :3], parts[:, 3], np.diff(np.append(first, len(keys)))


def ciede2000(first: F64, second: F64) -> F64:
    """Returns float64 (n,), the differences of pairs of colours.

    Args:
        first: float64 (3, n), L*, a* and b*.
        second: likewise.
    """
    (l1, a1, b1), (l2, a2, b2) = first, second
    chroma = (np.sqrt(a1 * a1 + b1 * b1) + np.sqrt(a2 * a2 + b2 * b2)) / 2
    stretch = 1.5 - 0.5 * _saturation(chroma)
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.sqrt(a1 * a1 + b1 * b1), np.sqrt(a2 * a2 + b2 * b2)
    h1, h2 = _hue(a1, b1), _hue(a2, b2)
    turn, total, gray = h2 - h1, h1 + h2, c1 * c2 == 0
    across = np.abs(turn) > math.pi  # the shorter way is through hue 0
    hue = np.where(across, total + np.where(total < math.tau, math.tau, -math.tau), total) / 2
    hue = np.where(gray, total, hue)
    turn = np.where(gray, 0, turn - np.where(across, np.copysign(math.tau, turn), 0))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    bend = (
        1
        - 0.17 * np.cos(hue - math.radians(30))
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + math.radians(6))
        - 0.20 * np.cos(4 * hue - math.radians(63))
    )
    middle = (light - 50) * (light - 50)
    by_light = (l2 - l1) / (1 + 0.015 * middle / np.sqrt(20 + middle))
    by_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    by_hue = 2 * np.sqrt(c1 * c2) * np.sin(turn / 2) / (1 + 0.015 * chroma * bend)
    blue = (hue - math.radians(275)) / math.radians(25)
    tilt = np.sin(math.radians(60) * np.exp(-blue * blue)) * 2 * _saturation(chroma)
    square = by_light * by_light + by_chroma * by_chroma + by_hue * by_hue
    off: F64 = np.sqrt(np.maximum(square - tilt * by_chroma * by_hue, 0))
    return off


def _hue(a: F64, b: F64) -> F64:
    """Returns the angles of points, 0 to 2π; of a grey 0."""
    angle = np.arctan2(b, a)
    return np.where(angle < 0, angle + math.tau, angle)


def _saturation(chroma: F64) -> F64:
    """Returns √(C⁷ / (C⁷ + 25⁷))."""
    cube = chroma * chroma * chroma
    seventh = cube * cube * chroma
    share: F64 = np.sqrt(seventh / (seventh + 25.0**7))
    return share
