"""`contact.png`: the study's figure, a source and then K × strategy, for each picture."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from kbatch.builtin.contact_cells import (
    BAR,
    FAINT,
    INK,
    LINE,
    PAD,
    PAPER,
    Cell,
    clipped,
    font,
    picture_of,
)
from kbatch.builtin.report_words import apart_from_k, decibels, psnr, size
from kbatch.data import Record
from kbatch.stages import Folder, Results

if TYPE_CHECKING:
    from kbatch.builtin.options import ContactOptions

log = logging.getLogger(__name__)

MARGIN, GAP = 22, 12  # pixels: around a sheet, between cells
TITLE, NAME = 20, 16  # pixels of letters
BELOW = 2 * PAD + BAR + 2 * LINE  # pixels of what is below a picture


class ContactReport:
    """Draws sheets of a fixed width, as many as it takes; they are never all in memory."""

    def __init__(self, options: ContactOptions) -> None:
        self._width = options.width
        self._height = options.height
        self._cell = min(options.cell, options.width - 2 * MARGIN)
        self._columns = max(1, (self._width - 2 * MARGIN + GAP) // (self._cell + GAP))

    def write(self, results: Results, folder: Folder) -> None:
        """Writes `contact.png`, and `contact-2.png` and so on where one is not high enough."""
        strips = itertools.chain([self._title(results)], self._strips(results, folder))
        for number, sheet in enumerate(self._sheets(strips), start=1):
            with folder.open("contact.png" if number == 1 else f"contact-{number}.png") as stream:
                sheet.save(stream, "PNG")

    def _sheets(self, strips: Iterator[Image.Image]) -> Iterator[Image.Image]:
        """Yields sheets of as many strips as fit, at least one."""
        kept: list[Image.Image] = []
        for strip in strips:
            if kept and sum(one.height for one in kept) + strip.height > self._height - 2 * MARGIN:
                yield self._sheet(kept)
                kept = []
            kept.append(strip)
        yield self._sheet(kept)

    def _sheet(self, strips: Sequence[Image.Image]) -> Image.Image:
        height = sum(strip.height for strip in strips) + 2 * MARGIN - GAP
        sheet, top = Image.new("RGB", (self._width, height), PAPER), MARGIN
        for strip in strips:
            sheet.paste(strip, (0, top))
            top += strip.height
        return sheet

    def _title(self, results: Results) -> Image.Image:
        facts = results.facts
        pictures, variants = facts.get("pictures"), len(facts.get("variants", ()))
        text = f"{_many(pictures, 'picture')} in {_many(variants, 'variant')}"
        made_by = f"kbatch {facts.get('versions', {}).get('kbatch', '')}".strip()
        return self._heading(text, made_by, TITLE)

    def _strips(self, results: Results, folder: Folder) -> Iterator[Image.Image]:
        """Yields the rows of all pictures, the first of each with its name above."""
        for name, group in itertools.groupby(results, key=lambda record: record.picture):
            records = list(group)
            first = records[0]
            known = [size(first.bytes_in)]
            if first.colors_in is not None:
                known.append(_many(first.colors_in, "colour"))
            heading = self._heading(name, "  ·  ".join(filter(None, known)), NAME)
            if all(record.error == first.error is not None for record in records):
                lines = (("failed", size(first.bytes_in)),)
                failure = Cell(None, first.error or "", (), lines)
                yield _stacked(heading, self._strip([failure], self._cell * 2 // 3))
                continue
            source = self._source(first, results)
            strips = self._rows(_rows(records), source, folder)
            yield _stacked(heading, next(strips))
            yield from strips

    def _rows(
        self, rows: Sequence[Sequence[Record]], source: Cell, folder: Folder
    ) -> Iterator[Image.Image]:
        """Yields the rows of a picture: its source first, and below it only what is wrapped."""
        beside = max(1, self._columns - 1)
        height = source.image.height if source.image else self._cell * 2 // 3
        for records in rows:
            for begin in range(0, len(records), beside):
                cells = [self._result(record, folder) for record in records[begin : begin + beside]]
                if self._columns == 1:
                    yield from ([self._strip([source], height)] if begin == 0 else [])
                    yield self._strip(cells, height)
                else:
                    yield self._strip([source if begin == 0 else None, *cells], height)

    def _strip(self, cells: Sequence[Cell | None], height: int) -> Image.Image:
        """Returns a row of cells, at least as high as is told."""
        heights = [cell.image.height for cell in cells if cell and cell.image]
        box = self._cell, max([height, *heights])
        strip = Image.new("RGB", (self._width, box[1] + BELOW + 2 * GAP), PAPER)
        for column, cell in enumerate(cells):
            if cell is not None:
                cell.draw(strip, (MARGIN + column * (self._cell + GAP), 0), box)
        return strip

    def _heading(self, text: str, beside: str, letters: int) -> Image.Image:
        strip = Image.new("RGB", (self._width, letters + 2 * GAP - PAD), PAPER)
        pen, right = ImageDraw.Draw(strip), self._width - MARGIN
        room = self._width - 2 * MARGIN - font().getlength(beside) - GAP
        text = clipped(text, room, letters)
        pen.text((MARGIN, letters), text, INK, font(letters), anchor="ls")
        pen.text((right, letters), beside, FAINT, font(), anchor="rs")
        return strip

    def _source(self, record: Record, results: Results) -> Cell:
        lines = (("source", size(record.bytes_in)),)
        data = results.preview(record)
        if data is None:
            return Cell(None, "no preview of the source was kept", (), lines)
        return Cell(picture_of(data, self._cell), "", (), lines)

    def _result(self, record: Record, folder: Folder) -> Cell:
        label = f"K = {record.k}  {apart_from_k(record)}"
        ratio = "" if record.ratio is None else f"1 : {record.ratio:.1f}"
        errors = record.status if record.status != "done" else decibels(psnr(record))
        lines = ((label, size(record.bytes_out)), (errors, ratio))
        if record.output is None:
            why = record.error or "kept: the result was larger than its source"
            return Cell(None, why, record.palette, lines)
        path = folder.find(record.output)
        if path is None:
            return Cell(None, f"missing: {record.output}", record.palette, lines)
        try:
            return Cell(picture_of(path, self._cell), "", record.palette, lines)
        except Exception as error:  # a palette, or whatever became of the file since
            log.debug("%s is not shown", path, exc_info=error)
            return Cell(None, f"no picture: {record.output}", record.palette, lines)


def _rows(records: Sequence[Record]) -> list[list[Record]]:
    """Returns the records of a picture in rows: K along them, unless more of the rest differs."""
    by_rest: dict[str, list[Record]] = {}
    by_k: dict[int, list[Record]] = {}
    for record in records:
        by_rest.setdefault(apart_from_k(record), []).append(record)
        by_k.setdefault(record.k, []).append(record)
    return list((by_rest if len(by_rest) <= len(by_k) else by_k).values())


def _stacked(*strips: Image.Image) -> Image.Image:
    height = sum(strip.height for strip in strips)
    made, top = Image.new("RGB", (strips[0].width, height), PAPER), 0
    for strip in strips:
        made.paste(strip, (0, top))
        top += strip.height
    return made


def _many(count: int | None, what: str) -> str:
    number = "?" if count is None else f"{count:,}"
    return f"{number} {what}{'' if count == 1 else 's'}"
