"""Make the picture of the README: a part of parrots.png in 3 to 48 colours, by means and medians.

Run `python docs/make_grid.py`: it writes `docs/pictures/parrots.png`. Below each part is the
palette in its order; sizes are those of the whole files.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import kbatch

HERE = Path(__file__).parent
SOURCE = HERE.parent / "jobs" / "pictures" / "parrots.png"
KS = [3, 6, 12, 24, 48]
ROWS = {"l2": "L2: K-Means, each entry a mean", "l1": "L1: K-Medians, each entry a median"}

LEFT, TOP, WIDTH, HEIGHT = 90, 20, 132, 172  # the part of the picture that is shown, unscaled
GAP, BAR, LINE = 6, 10, 20  # pixels
COLUMN = WIDTH + GAP
ROW = LINE + HEIGHT + 2 + BAR + LINE + GAP
PAPER, INK, FAINT = "#ffffff", "#1f2328", "#59636e"


def compress(folder: Path) -> dict[tuple[str, int], kbatch.Record]:
    """Returns the records of the source by strategy and k; outputs are in the folder."""
    job = {"input": str(SOURCE), "output": str(folder), "k": KS, "strategy": list(ROWS)}
    return {(record.strategy, record.k): record for record in kbatch.run_job(job)}


def part(image: Image.Image) -> Image.Image:
    """Returns the part that is shown."""
    return image.convert("RGB").crop((LEFT, TOP, LEFT + WIDTH, TOP + HEIGHT))


def bar(image: Image.Image) -> Image.Image:
    """Returns the palette of an indexed picture as a bar."""
    palette = np.array(image.getpalette("RGB"), np.uint8).reshape(1, -1, 3)
    return Image.fromarray(palette).resize((WIDTH, BAR), Image.Resampling.NEAREST)


def draw(folder: Path) -> Image.Image:
    """Returns the sheet: a row a strategy, the source and then a column a k."""
    records = compress(folder)
    sheet = Image.new("RGB", (COLUMN * (1 + len(KS)) + GAP, ROW * len(ROWS) + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    plain = ImageFont.load_default(12)

    def label(x: int, y: int, name: str, size: int) -> None:
        pen.text((x, y), name, INK, plain)
        pen.text((x + WIDTH, y), f"{size / 1000:.0f} kB", FAINT, plain, anchor="ra")

    with Image.open(SOURCE) as source:
        original = part(source)
    for row, (strategy, title) in enumerate(ROWS.items()):
        y = GAP + row * ROW
        below = y + LINE + HEIGHT + 2 + BAR + 3
        pen.text((GAP, y), title, INK, ImageFont.load_default(14))
        sheet.paste(original, (GAP, y + LINE))
        label(GAP, below, "source", SOURCE.stat().st_size)
        for column, k in enumerate(KS, start=1):
            x = GAP + column * COLUMN
            record = records[strategy, k]
            with Image.open(folder / str(record.output)) as image:
                sheet.paste(part(image), (x, y + LINE))
                sheet.paste(bar(image), (x, y + LINE + HEIGHT + 2))
            label(x, below, f"K = {k}", record.bytes_out or 0)
    return sheet


def main(target: Path) -> None:
    """Writes the sheet.

    Args:
        target: the folder to write it to.
    """
    with tempfile.TemporaryDirectory() as folder:
        sheet = draw(Path(folder))
    encoded = io.BytesIO()
    sheet.save(encoded, "PNG", optimize=True)
    target.mkdir(parents=True, exist_ok=True)
    (target / "parrots.png").write_bytes(encoded.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else HERE / "pictures")
