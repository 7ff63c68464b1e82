"""Measures of pixels and indices, and what all measures do with alpha and frames.

Pictures with alpha are compared as they are seen, over black and over white, and the worse counts.
Of several frames a measure tells the mean, and in a column of its own the worst.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from kbatch.core import difference, prepare

if TYPE_CHECKING:
    from kbatch.data import U8, Indexed, Picture
    from kbatch.stages import Options

GROUNDS = (0, 255)


@dataclass(frozen=True)
class Frame:
    """One opaque frame and its result.

    Attributes:
        pixels: uint8 (H, W, 3).
        indices: uint8 (H, W).
        palette: uint8 (k, 3).
    """

    pixels: U8
    indices: U8
    palette: U8


def compared(picture: Picture, indexed: Indexed) -> Iterator[list[Frame]]:
    """Yields what is compared of each frame: it, or with alpha it over black and over white."""
    opaque = all(
        colors.shape[-1] == 3 or colors[..., 3].min() == 255
        for colors in (picture.pixels, indexed.palette)
    )
    for pixels, indices in zip(picture.pixels, indexed.indices, strict=True):
        if opaque:
            yield [Frame(pixels[..., :3], indices, indexed.palette[:, :3])]
        else:
            yield [
                Frame(laid(pixels, ground), indices, laid(indexed.palette, ground))
                for ground in GROUNDS
            ]


def laid(colors: U8, ground: int) -> U8:
    """Returns uint8 (…, 3), stored values laid on a grey as viewers do, rounded half up."""
    if colors.shape[-1] == 3:
        return colors
    alpha = colors[..., 3:].astype(np.uint32)
    mixed = colors[..., :3] * alpha + np.uint32(ground) * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def told(
    name: str, scores: Sequence[float], worst: Callable[[Iterable[float]], float]
) -> dict[str, float]:
    """Returns the columns of a measure.

    Args:
        name: of the mean; that of the worst frame has `_worst` behind it.
        scores: a number each frame.
        worst: `max` or `min`.
    """
    if len(scores) == 1:
        return {name: scores[0]}
    return {name: fmean(scores), f"{name}_worst": worst(scores)}


def rounded(value: float) -> float:
    """Returns a number to six digits: last bits of logarithms and the like differ by machine."""
    return float(f"{value:.6g}")


class Mse:
    """Mean squared error of a channel, in squared levels; lower is better (Gauss 1809).

    Exact: the number is the same on every machine.
    """

    def __init__(self, _options: Options) -> None:
        prepare("difference")

    def measure(self, picture: Picture, indexed: Indexed) -> dict[str, float]:
        """See `kbatch.stages.Measure`."""
        return told("mse", mean_squares(picture, indexed), max)


class Psnr:
    """Peak signal-to-noise ratio in dB, 10 log₁₀(255² / MSE); higher is better (ITU-T J.340, 2010).

    Infinite for a perfect result. Of several frames it is that of their mean squared error. To six
    digits.
    """

    def __init__(self, _options: Options) -> None:
        prepare("difference")

    def measure(self, picture: Picture, indexed: Indexed) -> dict[str, float]:
        """See `kbatch.stages.Measure`."""
        errors = told("psnr", mean_squares(picture, indexed), max)
        return {name: decibels(error) for name, error in errors.items()}


class MaxError:
    """Largest difference of any channel of any pixel, 0 to 255 levels; lower is better.

    Of several frames it is that of the worst. Exact.
    """

    def __init__(self, _options: Options) -> None:
        prepare("difference")

    def measure(self, picture: Picture, indexed: Indexed) -> dict[str, float]:
        """See `kbatch.stages.Measure`."""
        largest = (
            difference(each.pixels, each.indices, each.palette)[1]
            for grounds in compared(picture, indexed)
            for each in grounds
        )
        return {"max_error": float(max(largest))}


class Entropy:
    """Entropy of the indices, bits a pixel, 0 to 8; lower compresses better (Shannon 1948).

    Of all frames together. It knows nothing of neighbours, which is what writers make use of. To
    six digits.
    """

    def __init__(self, _options: Options) -> None:
        pass

    def measure(self, picture: Picture, indexed: Indexed) -> dict[str, float]:  # noqa: ARG002
        """See `kbatch.stages.Measure`."""
        counts = np.bincount(indexed.indices.reshape(-1)).tolist()
        shares = [count / indexed.indices.size for count in counts if count]
        return {"entropy": rounded(math.fsum(share * math.log2(1 / share) for share in shares))}


def mean_squares(picture: Picture, indexed: Indexed) -> list[float]:
    """Returns the mean squared error of a channel of each frame."""
    return [
        max(
            difference(each.pixels, each.indices, each.palette)[0] / each.pixels.size
            for each in grounds
        )
        for grounds in compared(picture, indexed)
    ]


def decibels(error: float) -> float:
    """Returns the PSNR of a mean squared error."""
    return rounded(10 * math.log10(255**2 / error)) if error else math.inf
