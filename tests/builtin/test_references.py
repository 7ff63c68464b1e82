"""What is loaded, beside the same file decoded by libvips, whose readers are not Pillow's."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kbatch.builtin.options import PillowOptions
from kbatch.builtin.pillow_loader import PillowLoader
from kbatch.errors import PictureError

pyvips = pytest.importorskip("pyvips", reason="what is compared with")

Pixels = np.ndarray[Any, np.dtype[Any]]

NASTY = Path(__file__).parents[2].parent / "shared" / "images" / "nasty"
MOST = 2  # of 255
ORIENTATION = 0x0112
OFF = {  # where both are right
    "hopper.avif": "libheif interpolates chroma in another way",
    "rot1mir1.avif": "likewise",
    "tiff_16bit_RGBa.tiff": "premultiplied by next to nothing: any colour will do",
    "tiff_tiled_cmyk_jpeg.tif": "no profile: libvips brings its own",
}
y, x = np.mgrid[:48, :64]
INKS = np.dstack([x * 4, y * 5, (x + y) * 2, np.full_like(x, 20)]).astype(np.uint8)
COLORS = INKS[..., :3]


def loaded(data: bytes, name: str = "it.png") -> Pixels:
    """Returns what we load: int (H, W, 4)."""
    loader = PillowLoader(PillowOptions(frames="first"))
    return rgba(loader.load(io.BytesIO(data), name).pixels[0])


def referred(data: bytes) -> Pixels:
    """Returns what libvips makes of a file: int (H, W, 4), sRGB, upright."""
    image = pyvips.Image.new_from_buffer(data, "").autorot()
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True, intent="perceptual")
    elif image.interpretation == "cmyk":
        image = image.colourspace("srgb")
    found = image.numpy()
    return rgba(np.rint(found / 257) if found.dtype == np.uint16 else found)


def rgba(pixels: Pixels) -> Pixels:
    """Returns grey or colours, with alpha or without, as int (H, W, 4), clear ones as 0."""
    pixels = np.atleast_3d(pixels).astype(int)
    channels = pixels.shape[2]
    alpha = pixels[..., -1] if channels in (2, 4) else np.full(pixels.shape[:2], 255)
    color = pixels[..., :3] if channels >= 3 else pixels[..., [0, 0, 0]]
    return np.where(alpha[..., None] == 0, 0, np.dstack([color, alpha]))


def off(data: bytes) -> int:
    """Returns the largest difference of a sample."""
    return int(np.abs(loaded(data) - referred(data)).max())


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_every_orientation_is_turned_alike(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"quality": 95, "subsampling": 0, "lossless": True}  # each for who knows it
    if kind == "TIFF":
        options = {}
    assert off(saved(Image.fromarray(COLORS), kind, exif=exif, **options)) <= MOST


def jpegs_of_inks(**options: Any) -> dict[str, bytes]:
    """Returns JPEGs of inks: as Adobe writes them, as luma, chroma and black, without a word."""
    data = saved(Image.fromarray(INKS, "CMYK"), "JPEG", quality=100, subsampling=0, **options)
    told = data.index(b"Adobe")  # 4 bytes behind the start of its segment of 16
    ycck = data[: told + 11] + b"\2" + data[told + 12 :]
    return {"cmyk": data, "ycck": ycck, "untold": data[: told - 4] + data[told + 12 :]}


@pytest.mark.parametrize("kind", ["cmyk", "ycck", "untold"])
def test_inks_are_read_alike(kind: str) -> None:
    data = jpegs_of_inks()[kind]
    inks = pyvips.Image.new_from_buffer(data, "").numpy().astype(int)
    if kind != "ycck":  # there the same bytes are other inks
        assert np.abs(inks - INKS).max() <= MOST
    paper = (255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255
    assert np.abs(loaded(data)[..., :3] - paper).max() <= MOST


@pytest.mark.parametrize("kind", ["cmyk", "ycck", "untold"])
def test_inks_with_a_profile_are_converted_alike(kind: str) -> None:
    profile = pyvips.Operation.call("profile_load", "cmyk")
    assert off(jpegs_of_inks(icc_profile=bytes(profile))[kind]) <= MOST


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlace", [False, True])
def test_sixteen_bits_are_scaled_alike(channels: int, *, interlace: bool) -> None:
    samples = np.random.default_rng(channels).integers(0, 65536, (40, 50, channels), np.uint16)
    samples[:8] >>= 7  # dark ones
    kinds = {1: "grey16", 2: "grey16", 3: "rgb16", 4: "rgb16"}
    image = pyvips.Image.new_from_array(samples).copy(interpretation=kinds[channels])
    data = image.pngsave_buffer(bitdepth=16, interlace=interlace)
    assert data[24] == 16
    assert off(data) <= 1


def keyed(bits: int, color: int, rows: bytes, size: tuple[int, int], **chunks: bytes) -> bytes:
    """Returns a PNG as written by hand, with chunks of its own."""
    parts = {"IHDR": struct.pack(">IIBBBBB", *size, bits, color, 0, 0, 0), **chunks}
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in (parts | {"IDAT": zlib.compress(rows), "IEND": b""}).items():
        named = kind.encode() + body
        data += struct.pack(">I", len(body)) + named + struct.pack(">I", zlib.crc32(named))
    return data


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_grey_is_found_alike(bits: int) -> None:
    rows = b"\0" + bytes(range(256))
    key = 0x0203 if bits == 16 else 1
    data = keyed(bits, 0, rows, (2048 // bits, 1), tRNS=struct.pack(">H", key))
    assert off(data) <= 1
    assert (loaded(data)[..., 3] == 0).any()


@pytest.mark.parametrize("bits", [8, 16])
def test_a_transparent_colour_is_found_alike(bits: int) -> None:
    rows = b"\0" + bytes(range(240))
    key = struct.pack(">3H", *((0x0607, 0x0809, 0x0A0B) if bits == 16 else (6, 7, 8)))
    data = keyed(bits, 2, rows, (80 * 8 // bits, 1), tRNS=key)
    assert off(data) <= 1
    assert (loaded(data)[..., 3] == 0).sum() == 1


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_transparent_entries_are_found_alike(bits: int) -> None:
    rows = b"\0" + bytes(range(256))
    colors = np.arange(3 << bits).astype(np.uint8).tobytes()
    data = keyed(bits, 3, rows, (2048 // bits, 1), PLTE=colors, tRNS=bytes([0, 100]))
    assert off(data) <= 1
    assert set(np.unique(loaded(data)[..., 3])) >= {0, 100}


@pytest.mark.skipif(not NASTY.is_dir(), reason="no folder of odd pictures beside the checkout")
def test_real_oddities_are_read_alike() -> None:
    compared, differ = 0, {}
    for path in sorted(path for path in NASTY.rglob("*") if path.is_file()):
        data = path.read_bytes()
        try:
            mine, theirs = loaded(data, path.name), referred(data)
        except (PictureError, pyvips.Error, IndexError):  # pyvips trips over odd names of fields
            continue
        compared += 1
        if mine.shape != theirs.shape or np.abs(mine - theirs).max() > MOST:
            differ[path.name] = mine.shape
    assert differ.keys() <= OFF.keys()
    assert compared > 220
