"""`python -m benchmarks.sheets PICTURE…`: ditherers and spaces side by side, to look at."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from kbatch import quantize
from kbatch.images import from_image, to_array
from kbatch.registry import discover

if TYPE_CHECKING:
    from kbatch.data import U8

OUTPUT = Path(__file__).parent / "out" / "sheets"
KS = (8, 16)
SIDE = 360  # pixels of a picture's longer side; larger ones are cut to their middle
LABEL = 14  # rows above a picture
MEDIANS = ("rgb", "oklab")  # spaces that are shown with l1, too
CHECKS = (204, 255)  # greys that show through, in squares


def gradient() -> Image.Image:
    """Returns a smooth gradient: hue to the right, dark at the bottom."""
    y, x = np.mgrid[0 : 1 : SIDE * 1j, 0 : 1 : SIDE * 1j]
    waves = [0.5 + 0.5 * np.cos(2 * np.pi * (x * 0.6 - third / 3)) for third in range(3)]
    return Image.fromarray((np.dstack(waves) * (1 - y)[..., None] * 255).round().astype(np.uint8))


def sheet(image: Image.Image, key: str) -> Image.Image:
    """Returns a picture in all components of a key, a column each, a row a K, the source first.

    Args:
        image: of any mode.
        key: `dither` or `space`.
    """
    names = [(name, "l2") for name in discover().names(key)]
    if key == "space":
        names += [(name, "l1") for name in MEDIANS]
    pixels = from_image(image).pixels[0]
    cells = []
    for k in KS:
        cells.append([cell(pixels, f"source, {image.width}x{image.height}")])
        for name, strategy in names:
            dither, space = (name, "rgb") if key == "dither" else ("none", name)
            made = quantize(pixels, k, strategy, dither=dither, space=space).rendered.indexed
            cells[-1].append(cell(to_array(made)[0], f"{name}, {strategy}, K = {k}"))
    return Image.fromarray(np.vstack([np.hstack(line) for line in cells]))


def cell(pixels: U8, text: str) -> U8:
    """Returns a picture on checks, with a label above: uint8 (H, W, 3)."""
    height, width = pixels.shape[:2]
    rows, columns = np.mgrid[:height, :width] // 8 % 2
    under = Image.fromarray(np.where(rows ^ columns, *CHECKS).astype(np.uint8)).convert("RGB")
    top = Image.fromarray(pixels)
    under.paste(top, mask=top.getchannel("A") if top.mode == "RGBA" else None)
    framed = Image.new("RGB", (width + 4, height + LABEL), "white")
    framed.paste(under, (2, LABEL))
    ImageDraw.Draw(framed).text((3, 1), text, "black")
    return np.asarray(framed)


def shown(image: Image.Image) -> Image.Image:
    """Returns the middle of an image, at most `SIDE` high and wide, icons made smaller to fit."""
    if "A" in image.mode or "transparency" in image.info:
        image.thumbnail((SIDE, SIDE))
        return image
    left, top = ((side - min(side, SIDE)) // 2 for side in image.size)
    return image.crop((left, top, left + min(image.width, SIDE), top + min(image.height, SIDE)))


def main(arguments: Sequence[str]) -> int:
    """Writes two sheets a picture and two of a gradient, and prints where they are.

    Args:
        arguments: of the command line.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser("python -m benchmarks.sheets", description=__doc__)
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--output", type=Path, metavar="DIR", default=OUTPUT)
    given = parser.parse_args(arguments)
    images = {"gradient": gradient()}
    for path in given.pictures:
        with Image.open(path) as opened:
            images[path.stem] = shown(opened)
    given.output.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        for key in ("dither", "space"):
            path = given.output / f"{name}-{key}.png"
            sheet(image, key).save(path)
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
