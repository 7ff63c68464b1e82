"""The cells of a contact sheet: a picture, its palette, and what is said below."""

from __future__ import annotations

import functools
import io
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageColor, ImageDraw, ImageFont

from kbatch import images
from kbatch.builtin.report_words import shown

PAPER, INK, FAINT, EMPTY = "#ffffff", "#1f2328", "#59636e", "#f0f2f4"
CHECKS = ("#ffffff", "#d8dce0")  # what is seen through transparent pixels
CHECK = 8  # pixels of a check's side

BAR, LINE, PAD = 8, 17, 3  # pixels: palette, line of text, between them
TEXT = 13


@dataclass(frozen=True)
class Cell:
    """One picture of a sheet.

    Attributes:
        image: what is shown, RGB, at most as large as a cell; None where there is none.
        missing: why there is none.
        palette: colours `#rrggbb` or `#rrggbbaa` of the bar below it.
        lines: pairs of texts, at the left and at the right.
    """

    image: Image.Image | None
    missing: str
    palette: Sequence[str]
    lines: tuple[tuple[str, str], ...]

    def draw(self, sheet: Image.Image, corner: tuple[int, int], box: tuple[int, int]) -> None:
        """Draws the cell.

        Args:
            sheet: where to.
            corner: left and top.
            box: width and height that the picture may take.
        """
        pen = ImageDraw.Draw(sheet)
        (left, top), (width, height) = corner, box
        if self.image is None:
            pen.rectangle((left, top, left + width - 1, top + height - 1), EMPTY)
            _say(pen, self.missing, corner, box)
        else:
            free = width - self.image.width, height - self.image.height
            sheet.paste(self.image, (left + free[0] // 2, top + free[1] // 2))
        top += height + PAD
        for place, color in enumerate(self.palette):
            first, last = (left + width * at // len(self.palette) for at in (place, place + 1))
            if last > first:
                pen.rectangle((first, top, last - 1, top + BAR - 1), ImageColor.getrgb(color)[:3])
        top += BAR + PAD
        for line, (begin, end) in enumerate(self.lines):
            y, right = top + line * LINE, left + width
            taken = font().getlength(end) + PAD if end else 0
            pen.text((left, y), clipped(begin, width - taken), FAINT if line else INK, font())
            pen.text((right, y), end, FAINT, font(), anchor="ra")


def font(size: int = TEXT) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Returns Pillow's own font."""
    return ImageFont.load_default(size)


def drawable(text: str) -> str:
    """Returns text in one line, of what Pillow's own font has: no accents, other letters as `?`."""
    return "".join(map(_letter, shown(text)))


def clipped(text: str, width: float, size: int = TEXT) -> str:
    """Returns as much of a text as fits, in one line; the end of it counts, as of file names."""
    text = drawable(text)
    letters = font(size)
    if letters.getlength(text) <= width:
        return text
    low, high = 0, len(text)  # characters that are kept
    while low < high:
        middle = (low + high + 1) // 2
        if letters.getlength(_without(text, middle)) <= width:
            low = middle
        else:
            high = middle - 1
    return _without(text, low)


def picture_of(source: Path | bytes, side: int) -> Image.Image:
    """Returns the first frame of a picture for a cell, RGB: smaller, or larger by whole pixels.

    Args:
        source: its file, or what is in it.
        side: most pixels of its width and height.

    Raises:
        Exception: whatever Pillow raises where that is no picture.
    """
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as stream:
        image = _first_frame(stream)
    largest = max(image.size)
    if largest > side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    else:
        times = side // largest
        image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    if image.mode != "RGBA":
        return image
    checked = _checks(image.size)
    checked.paste(image, mask=image.getchannel("A"))
    return checked


def _first_frame(stream: BinaryIO) -> Image.Image:
    with warnings.catch_warnings():  # of its size, which the run took too
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(stream) as image:
            return Image.fromarray(images.from_image(image).pixels[0])


def _checks(size: tuple[int, int]) -> Image.Image:
    width, height = size
    sheet = Image.new("RGB", size, CHECKS[0])
    pen = ImageDraw.Draw(sheet)
    for y in range(0, height, CHECK):
        for x in range(y // CHECK % 2 * CHECK, width, 2 * CHECK):
            pen.rectangle((x, y, x + CHECK - 1, y + CHECK - 1), CHECKS[1])
    return sheet


@functools.cache
def _letter(char: str) -> str:
    base = unicodedata.normalize("NFKD", char)[0]
    letters = font()
    missing = bytes(letters.getmask("\U0010fffd"))
    return next((one for one in (char, base) if bytes(letters.getmask(one)) != missing), "?")


def _without(text: str, kept: int) -> str:
    """Returns a text with `…` in place of its middle."""
    head = kept - kept // 2
    return f"{text[:head]}…{text[len(text) - kept // 2 :]}"


def _say(
    pen: ImageDraw.ImageDraw, text: str, corner: tuple[int, int], box: tuple[int, int]
) -> None:
    """Writes a text into a box, as many lines of it as there is room for."""
    (left, top), (width, height) = corner, box
    lines: list[str] = []
    for word in drawable(text).split(" "):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and font().getlength(joined) <= width - 4 * PAD:
            lines[-1] = joined
        else:
            lines.append(clipped(word, width - 4 * PAD))
    for place, line in enumerate(lines[: max(1, (height - 4 * PAD) // LINE)]):
        pen.text((left + 2 * PAD, top + 2 * PAD + place * LINE), line, FAINT, font())
