"""Measures of structure: how alike the surroundings of pixels are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kbatch.builtin.measures import Frame, compared, rounded, told
from kbatch.core import luma, prepare, similarity

if TYPE_CHECKING:
    from kbatch.data import F64, Indexed, Picture
    from kbatch.stages import Options

SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # the weight of each, the finest first


class Ssim:
    """Structural similarity of luma, 1 when equal; higher is better (Wang et al. 2004).

    A Gaussian window of 11 × 11 pixels with a deviation of 1.5, wherever it fits, as in the paper.
    NaN for pictures with a side below 11 pixels.
    """

    def __init__(self, _options: Options) -> None:
        prepare("similarity")

    def measure(self, picture: Picture, indexed: Indexed) -> dict[str, float]:
        """See `kbatch.stages.Measure`."""
        scores = [
            min(similarity(*planes(each))[0] for each in grounds)
            for grounds in compared(picture, indexed)
        ]
        return told("ssim", scores, min)


class MsSsim:
    """Structural similarity of luma at five scales; higher is better (Wang et al. 2003).

    Contrast and structure at each scale, luminance at the coarsest, multiplied with the paper's
    weights; a scale that is negative counts as 0. From scale to scale the mean of 2 × 2 pixels is
    taken, those of an odd edge twice. NaN for pictures with a side below 161 pixels, where the
    window doesn't fit five times. To six digits.
    """

    def __init__(self, _options: Options) -> None:
        prepare("similarity")

    def measure(self, picture: Picture, indexed: Indexed) -> dict[str, float]:
        """See `kbatch.stages.Measure`."""
        scores = [
            min(at_scales(*planes(each)) for each in grounds)
            for grounds in compared(picture, indexed)
        ]
        return {name: rounded(score) for name, score in told("ms_ssim", scores, min).items()}


def planes(frame: Frame) -> F64:
    """Returns float64 (2, H, W), the luma of a frame and of its result."""
    return luma(frame.pixels, frame.indices, frame.palette)


def at_scales(x: F64, y: F64) -> float:
    """Returns the product of all scales."""
    product = 1.0
    for weight in SCALES[:-1]:
        _, structure = similarity(x, y)
        product *= powered(structure, weight)
        x, y = halved(x), halved(y)
    ssim, _ = similarity(x, y)
    return product * powered(ssim, SCALES[-1])


def powered(score: float, weight: float) -> float:
    """Returns a score to the power of its weight; NaN stays NaN."""
    return score if math.isnan(score) else max(score, 0.0) ** weight


def halved(plane: F64) -> F64:
    """Returns the means of 2 × 2 pixels, the last row and column twice where they are odd."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    rows = even[::2] + even[1::2]
    half: F64 = (rows[:, ::2] + rows[:, 1::2]) / 4
    return half
