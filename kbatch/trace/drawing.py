"""Frames: the picture as an iterate has it, its palette, and the loss so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from kbatch.data import U8, Index

NARROWEST = 280  # pixels of a panel
MARGIN, GAP = 16, 8
LINE, STRIP, CHART = 20, 28, 84  # heights of a line of text, the palette, the curve
GROUND, INK, FAINT = "#fafafa", "#202020", "#b4b4b4"
CURVES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # told apart by colour-blind people too


@dataclass(frozen=True)
class Panel:
    """One strategy at one iterate.

    Attributes:
        title: what it is.
        pixels: uint8 (H, W, 3), the picture as it is then.
        palette: uint8 (k, 3), its entries.
        losses: of all iterates, a pixel.
        place: which of them this is.
        curve: colour of the curve.
    """

    title: str
    pixels: U8
    palette: U8
    losses: Sequence[float]
    place: int
    curve: str


def draw(panels: Sequence[Panel]) -> U8:
    """Returns a frame with panels side by side, uint8 (H, W, 3)."""
    height, width = panels[0].pixels.shape[:2]
    each = max(width, NARROWEST)
    size = (
        MARGIN + (each + MARGIN) * len(panels),
        MARGIN + LINE + height + GAP + STRIP + GAP + LINE + CHART + MARGIN,
    )
    frame = Image.new("RGB", size, GROUND)
    for place, panel in enumerate(panels):
        _panel(frame, panel, MARGIN + place * (each + MARGIN), each)
    return np.asarray(frame)


def _panel(frame: Image.Image, panel: Panel, left: int, width: int) -> None:
    pen, font = ImageDraw.Draw(frame), ImageFont.load_default(14)
    right, top = left + width - 1, MARGIN
    pen.text((left, top), panel.title, INK, font)
    told = f"iteration {panel.place} of {len(panel.losses) - 1}"
    pen.text((right, top), told, INK, font, anchor="ra")
    top += LINE
    frame.paste(Image.fromarray(panel.pixels), (left + (width - panel.pixels.shape[1]) // 2, top))
    top += panel.pixels.shape[0] + GAP
    k = len(panel.palette)
    for place, entry in enumerate(panel.palette.tolist()):
        edges = (left + place * width // k, top, left + (place + 1) * width // k - 1, top + STRIP)
        if edges[2] >= edges[0]:
            pen.rectangle(edges, tuple(entry))
    top += STRIP + GAP
    pen.text((left, top), f"loss {panel.losses[panel.place]:,.2f} a pixel", INK, font)
    _curve(pen, panel, (left, top + LINE, right, top + LINE + CHART))


def _curve(pen: ImageDraw.ImageDraw, panel: Panel, box: tuple[int, int, int, int]) -> None:
    """Draws the losses so far; the axes are those of all of them, so that nothing moves."""
    left, top, right, bottom = box
    pen.line([(left, top), (left, bottom), (right, bottom)], FAINT)
    most, least, last = max(panel.losses), min(panel.losses), max(1, len(panel.losses) - 1)
    points = [
        (
            left + (right - left - 4) * place / last,
            top + 4 + (bottom - top - 8) * (most - loss) / max(most - least, 1e-9),
        )
        for place, loss in enumerate(panel.losses[: panel.place + 1])
    ]
    if len(points) > 1:
        pen.line(points, panel.curve, 2)
    x, y = points[-1]
    pen.ellipse((x - 4, y - 4, x + 4, y + 4), panel.curve)


def sampled(height: int, width: int, longest: int) -> tuple[Index, Index]:
    """Returns which rows and columns of a picture are drawn: pixels as they are, none mixed.

    Args:
        height: of the picture.
        width: of the picture.
        longest: pixels of its longest side in a frame; a small picture is repeated up to it in
            whole steps.
    """
    side = max(height, width)
    if side <= longest:
        times = longest // side
        return np.repeat(np.arange(height), times), np.repeat(np.arange(width), times)
    sizes = (max(1, height * longest // side), max(1, width * longest // side))
    rows, columns = (
        (np.arange(short) * long + long // 2) // short
        for short, long in zip(sizes, (height, width), strict=True)
    )
    return rows, columns
