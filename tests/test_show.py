"""What is shown of a picture: its pixels, and the palette that it has or gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gradients import gradients
from PIL import Image

import kbatch
from kbatch import show
from kbatch.errors import KbatchError
from kbatch.palettes import to_hex


def photo(path: Path) -> Path:
    Image.fromarray(gradients(48, 32)).save(path)
    return path


def test_an_indexed_picture_shows_the_entries_that_it_uses_in_their_order(tmp_path: Path) -> None:
    image = Image.new("P", (4, 2), 2)
    image.putpalette([9, 9, 9, 0, 0, 255, 255, 128, 0, 1, 2, 3])
    image.putpixel((0, 0), 1)
    image.putpixel((1, 0), 3)
    image.save(tmp_path / "a.png", transparency=b"\xff\xff\xff\x00")
    shown = show.as_it_is(tmp_path / "a.png")
    assert shown.palette == ("#0000ff", "#ff8000", "#01020300")
    assert shown.counts == (1, 6, 1)
    assert shown.image.mode == "RGBA"
    assert shown.image.getpixel((0, 0)) == (0, 0, 255, 255)
    assert shown.image.getpixel((1, 0))[3] == 0  # type: ignore[index]
    assert shown.told == "4×2  3 colours"


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp"])
def test_what_kbatch_wrote_shows_the_palette_that_it_found(tmp_path: Path, suffix: str) -> None:
    made = kbatch.quantize(photo(tmp_path / "a.png"), 8, writer=suffix[1:])
    made.save(tmp_path / f"b{suffix}")
    shown = show.as_it_is(tmp_path / f"b{suffix}")
    found = dict(zip(shown.palette, shown.counts, strict=True))
    counts = map(int, made.rendered.counts)
    expected = dict(zip(map(to_hex, made.palette.tolist()), counts, strict=True))
    assert found == ({} if suffix == ".webp" else expected)  # WebP has no palette to tell
    assert np.array_equal(np.asarray(shown.image)[..., :3], made.palette[made.indices][..., :3])


def test_a_photo_shows_no_palette_and_its_first_frame(tmp_path: Path) -> None:
    shown = show.as_it_is(photo(tmp_path / "a.jpg"))
    assert (shown.palette, shown.counts, shown.told) == ((), (), "48×32")
    frames = [Image.new("RGB", (3, 3), color) for color in ("#f00", "#0f0")]
    frames[0].save(tmp_path / "b.webp", save_all=True, append_images=frames[1:], lossless=True)
    shown = show.as_it_is(tmp_path / "b.webp")
    assert shown.told == "3×3  2 frames"
    assert shown.image.getpixel((0, 0)) == (255, 0, 0, 255)


def test_with_k_it_is_what_quantize_makes(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.png")
    keys = {"k": 5, "strategy": "l1"}
    shown, made = show.quantized(path, keys), kbatch.quantize(path, 5, "l1")
    assert list(shown.palette) == [to_hex(entry) for entry in made.palette.tolist()]
    assert sum(shown.counts) == 48 * 32
    assert np.array_equal(np.asarray(shown.image), made.palette[made.indices])
    assert "K5_L1" in shown.told


@pytest.mark.parametrize("content", [None, b"no picture"])
def test_what_is_no_picture_is_told_in_words(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.png"
    if content:
        path.write_bytes(content)
    with pytest.raises(KbatchError, match=r"a\.png"):
        show.as_it_is(path)
    with pytest.raises(KbatchError, match=r"a\.png"):
        show.quantized(path, {"k": 3})
