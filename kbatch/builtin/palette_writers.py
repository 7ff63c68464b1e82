"""Writers of palettes: what a picture's entries are, in the formats that other programs read.

All have the entries in the order of the indexed picture. `kbatch.palettes` reads them back.
"""

from __future__ import annotations

import json
import struct
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from kbatch.builtin.options import PngOptions
from kbatch.builtin.png_writer import PngWriter
from kbatch.data import Indexed
from kbatch.palettes import to_hex

if TYPE_CHECKING:
    from kbatch.builtin.options import SwatchOptions
    from kbatch.stages import Options

NO_INDEX = 0xFFFF  # no entry is transparent


class _Text(ABC):
    """A palette as lines of text."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """See `kbatch.stages.Writer`."""
        stream.write(self.text(indexed).encode("ascii"))

    @abstractmethod
    def text(self, indexed: Indexed) -> str:
        """Returns the whole file."""


class Gimp(_Text):
    """GIMP palette; it has no alpha, which the name of an entry tells."""

    def text(self, indexed: Indexed) -> str:
        """Returns the whole file."""
        rows = (
            f"{red:3d} {green:3d} {blue:3d}\t{to_hex((red, green, blue, alpha))}\n"
            for red, green, blue, alpha in indexed.palette.tolist()
        )
        return "GIMP Palette\nName: kbatch\nColumns: 16\n#\n" + "".join(rows)


class Hex(_Text):
    """Six hex digits a line, eight where an entry is not opaque."""

    def text(self, indexed: Indexed) -> str:
        """Returns the whole file."""
        return "".join(f"{to_hex(color)[1:]}\n" for color in indexed.palette.tolist())


class Css(_Text):
    """Custom properties: `--color-0` and so on."""

    def text(self, indexed: Indexed) -> str:
        """Returns the whole file."""
        colors = enumerate(indexed.palette.tolist())
        rows = (f"  --color-{place}: {to_hex(color)};\n" for place, color in colors)
        return ":root {\n" + "".join(rows) + "}\n"


class Json(_Text):
    """A list of objects: `hex`, `rgba`, and how many `pixels` have the entry."""

    def text(self, indexed: Indexed) -> str:
        """Returns the whole file."""
        counts = np.bincount(indexed.indices.reshape(-1), minlength=len(indexed.palette))
        entries = (
            json.dumps({"hex": to_hex(color), "rgba": color, "pixels": pixels})
            for color, pixels in zip(indexed.palette.tolist(), counts.tolist(), strict=True)
        )
        return "[\n" + ",\n".join(entries) + "\n]\n"


class AdobeTable:
    """Adobe colour table: 256 × red, green, blue, how many, and which one is transparent."""

    def __init__(self, _options: Options) -> None:
        pass

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """See `kbatch.stages.Writer`."""
        palette = indexed.palette
        clear = np.flatnonzero(palette[:, 3] == 0)
        stream.write(palette[:, :3].tobytes().ljust(768, b"\0"))
        stream.write(struct.pack(">HH", len(palette), clear[0] if clear.size else NO_INDEX))


class Swatch:
    """A PNG of squares, row by row; the last one fills its row."""

    def __init__(self, options: SwatchOptions) -> None:
        self._options = options
        self._png = PngWriter(PngOptions())

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """See `kbatch.stages.Writer`."""
        entries, size = len(indexed.palette), self._options.size
        columns = min(self._options.columns, entries)
        squares = np.arange(-(-entries // columns) * columns).clip(max=entries - 1)
        grid = squares.astype(np.uint8).reshape(1, -1, columns)
        indices = grid.repeat(size, axis=1).repeat(size, axis=2)
        self._png.write(Indexed(indices, indexed.palette), stream)
