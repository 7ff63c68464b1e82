"""Pictures in a terminal: two pixels a cell where it has colours, shades of grey elsewhere.

Where the optional library textual-image is installed and the terminal answers that it can, the
pixels themselves are sent (Kitty's protocol or Sixel).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style
from rich.text import Text

from kbatch.console.screen import can_draw
from kbatch.console.swatches import has_colors

if TYPE_CHECKING:
    import rich.console
    from PIL import Image

UPPER, LOWER = "▀", "▄"
SHADES = (" ░▒▓█", " .:-=+*#%@")  # from dark to light; the second for any encoding
SEEN = 128  # alpha from which a pixel is drawn

_JOINT = Text("\n", no_wrap=True)

Rgb = tuple[int, int, int]
Pixel = Rgb | None  # None lets the terminal's ground through


@dataclass(frozen=True)
class Sharp:
    """A picture that is sent to the terminal as pixels, not as text that can be captured."""

    image: rich.console.RenderableType


def drawn(
    image: Image.Image, console: rich.console.Console, *, width: int, height: int
) -> Text | Sharp:
    """Returns what draws a picture.

    Args:
        image: of mode RGBA.
        console: what it has decides how.
        width: cells that it may take; it is never drawn larger than a cell a pixel.
        height: lines that it may take.
    """
    scale = min(1.0, width / image.width, 2 * height / image.height)
    columns = max(1, round(image.width * scale))
    rows = max(1, min(height, round(image.height * scale / 2)))
    if has_colors(console):
        if sharp := _sharp(image, console, columns, rows):
            return sharp
        if _has(UPPER + LOWER, console.encoding):
            return _JOINT.join(_halves(_pixels(image, columns, 2 * rows)))
        return _JOINT.join(_patches(_pixels(image, columns, rows)))
    shades = next(shades for shades in SHADES if _has(shades, console.encoding))
    return _JOINT.join(_shaded(_pixels(image, columns, rows), shades))


def _pixels(image: Image.Image, width: int, height: int) -> list[list[Pixel]]:
    """Returns rows of pixels, each the mean of those that it stands for."""
    from PIL import Image

    small = image.resize((width, height), Image.Resampling.BOX)
    data = small.tobytes()
    pixels = [
        (data[at], data[at + 1], data[at + 2]) if data[at + 3] >= SEEN else None
        for at in range(0, len(data), 4)
    ]
    return [pixels[start : start + width] for start in range(0, len(pixels), width)]


def _halves(rows: Sequence[Sequence[Pixel]]) -> list[Text]:
    lines = []
    for above, below in zip(rows[::2], rows[1::2], strict=True):
        line = Text(no_wrap=True)
        for upper, lower in zip(above, below, strict=True):
            if upper is not None:
                line.append(UPPER, Style(color=_color(upper), bgcolor=_color(lower)))
            elif lower is not None:
                line.append(LOWER, Style(color=_color(lower)))
            else:
                line.append(" ")
        lines.append(line)
    return lines


def _patches(rows: Sequence[Sequence[Pixel]]) -> list[Text]:
    lines = []
    for row in rows:
        line = Text(no_wrap=True)
        for pixel in row:
            line.append(" ", Style(bgcolor=_color(pixel)))
        lines.append(line)
    return lines


def _shaded(rows: Sequence[Sequence[Pixel]], shades: str) -> list[Text]:
    return [
        Text("".join(shades[len(shades) * _luma(pixel) // 256] for pixel in row), no_wrap=True)
        for row in rows
    ]


def _luma(pixel: Pixel) -> int:
    """Returns 0 to 255 (ITU-R BT.601)."""
    if pixel is None:
        return 0
    red, green, blue = pixel
    return (299 * red + 587 * green + 114 * blue) // 1000


def _color(pixel: Pixel) -> Color | None:
    return None if pixel is None else Color.from_rgb(*pixel)


def _has(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _sharp(
    image: Image.Image, console: rich.console.Console, columns: int, rows: int
) -> Sharp | None:
    """Returns what sends the pixels themselves, where library and terminal can.

    The library asks the terminal behind stdin and stdout when it is imported.
    """
    if console.file is not sys.stdout or not (can_draw(sys.stdout) and sys.stdin.isatty()):
        return None
    try:
        from textual_image import renderable
    except ImportError:
        return None
    if renderable.Image in (renderable.TGPImage, renderable.SixelImage):
        return Sharp(renderable.Image(image, width=columns, height=rows))
    return None
