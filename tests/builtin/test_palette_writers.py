"""Palettes as outputs: read back as they were, in one order in every format."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import GimpPaletteFile, Image

from kbatch.data import Indexed
from kbatch.palettes import Rgba, read
from kbatch.pipeline import write
from kbatch.registry import Registry
from kbatch.stages import Writer, WriterSpec

colors = st.lists(st.tuples(*[st.integers(0, 255)] * 4), min_size=1, max_size=256).map(
    lambda rows: list(dict.fromkeys(row if row[3] else (0, 0, 0, 0) for row in rows))
)


def indexed(palette: list[Rgba]) -> Indexed:
    """Entry n is at n + 1 pixels."""
    counts = np.arange(1, len(palette) + 1)
    return Indexed(
        np.repeat(np.arange(len(palette)), counts).astype(np.uint8)[None, None],
        np.array(palette, np.uint8),
    )


def written(registry: Registry, name: str, palette: list[Rgba]) -> bytes:
    writer: Writer = registry.build("writer", name)
    return write(indexed(palette), writer)


@pytest.mark.parametrize("name", ["gpl", "hex", "css", "json"])
@given(palette=colors)
def test_a_palette_is_read_as_it_was_written(
    registry: Registry, name: str, palette: list[Rgba]
) -> None:
    assert list(read(written(registry, name, palette), f"p.{name}")) == palette


@given(colors, st.integers(0, 255))
def test_a_colour_table_is_read_as_it_was_written(
    registry: Registry, palette: list[Rgba], place: int
) -> None:
    """It knows one transparent entry, and all others opaque."""
    opaque: list[Rgba] = list(dict.fromkeys((r, g, b, 255) for r, g, b, _ in palette))
    assert list(read(written(registry, "act", opaque), "p.act")) == opaque
    opaque[place % len(opaque)] = (0, 0, 0, 0)
    data = written(registry, "act", opaque)
    assert len(data) == 772
    assert list(read(data, "p.act")) == opaque


@given(colors, st.integers(1, 40), st.integers(1, 5))
def test_a_swatch_shows_each_entry_as_a_square(
    registry: Registry, palette: list[Rgba], columns: int, size: int
) -> None:
    writer = registry.build("writer", "swatch", {"columns": columns, "size": size})
    with Image.open(io.BytesIO(write(indexed(palette), writer))) as image:
        pixels = np.asarray(image.convert("RGBA"))
    columns = min(columns, len(palette))
    assert pixels.shape[1] == columns * size
    squares = pixels.reshape(pixels.shape[0] // size, size, columns, size, 4).swapaxes(1, 2)
    squares = squares.reshape(-1, size * size, 4)
    assert (squares == squares[:, :1]).all()
    shown = squares[:, 0].tolist()
    assert shown[: len(palette)] == [list(color) for color in palette]
    assert all(rest == list(palette[-1]) for rest in shown[len(palette) :])
    assert len(shown) - len(palette) < columns


def test_pillow_reads_the_gimp_palette(registry: Registry) -> None:
    palette: list[Rgba] = [(n, 255 - n, n // 2, 255) for n in range(256)]
    data = written(registry, "gpl", palette)
    found, mode = GimpPaletteFile.GimpPaletteFile(io.BytesIO(data)).getpalette()
    assert mode == "RGB"
    assert found == b"".join(bytes(color[:3]) for color in palette)


def test_json_tells_the_pixels_of_each_entry(registry: Registry) -> None:
    told = json.loads(written(registry, "json", [(0, 0, 0, 0), (1, 2, 3, 255)]))
    assert told == [
        {"hex": "#00000000", "rgba": [0, 0, 0, 0], "pixels": 1},
        {"hex": "#010203", "rgba": [1, 2, 3, 255], "pixels": 2},
    ]


def test_text_is_as_its_readers_know_it(registry: Registry) -> None:
    palette: list[Rgba] = [(0, 0, 0, 0), (255, 170, 9, 255)]
    assert written(registry, "hex", palette) == b"00000000\nffaa09\n"
    assert written(registry, "css", palette) == (
        b":root {\n  --color-0: #00000000;\n  --color-1: #ffaa09;\n}\n"
    )
    assert written(registry, "gpl", palette) == (
        b"GIMP Palette\nName: kbatch\nColumns: 16\n#\n"
        b"  0   0   0\t#00000000\n255 170   9\t#ffaa09\n"
    )


def test_suffixes_are_those_of_the_formats(registry: Registry) -> None:
    specs = {entry.spec.name: entry.spec for entry in registry if entry.spec.stage == "writer"}
    for name in ("gpl", "act", "hex", "css", "json"):
        spec = specs[name]
        assert isinstance(spec, WriterSpec)
        assert spec.suffix == f".{name}"
