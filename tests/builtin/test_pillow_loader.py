"""The loader of common formats, on files that Pillow writes, cut, damaged and by hand."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile, features

from kbatch.builtin import kbatch_components
from kbatch.builtin.options import PillowOptions
from kbatch.builtin.pillow_loader import PillowLoader
from kbatch.builtin.pillow_readers import reader_of
from kbatch.data import Picture
from kbatch.errors import PictureError
from kbatch.stages import LoaderSpec

NASTY = Path(__file__).parents[2].parent / "shared" / "images" / "nasty"
COLORS = np.random.default_rng(11).integers(0, 256, (9, 13, 3), np.uint8)
SMOOTH = np.dstack([np.add.outer(np.arange(48), np.arange(64))] * 3).astype(np.uint8)
LINEAR = b"curv" + bytes(8)


def load(data: bytes, **options: Any) -> Picture:
    return PillowLoader(PillowOptions(**options)).load(io.BytesIO(data), "it.png")


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def reason(data: bytes, **options: Any) -> str:
    with pytest.raises(PictureError) as caught:
        load(data, **options)
    return str(caught.value)


def png(header: tuple[int, ...], rows: bytes, **chunks: bytes) -> bytes:
    """Returns a PNG as written by hand, for depths that Pillow does not write."""
    parts = {"IHDR": struct.pack(">IIBBBBB", *header), **chunks}
    parts |= {"IDAT": zlib.compress(rows), "IEND": b""}
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in parts.items():
        named = kind.encode() + body
        data += struct.pack(">I", len(body)) + named + struct.pack(">I", zlib.crc32(named))
    return data


# ---- formats -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("DIB", {}),
        ("PPM", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_deflate", "big_tiff": True}),
        ("WEBP", {"lossless": True}),
        ("ICO", {"sizes": [(13, 9)]}),
        ("QOI", {}),
        ("JPEG2000", {}),
        ("JPEG2000", {"no_jp2": True}),
        ("DDS", {}),
        ("PCX", {}),
        ("SGI", {}),
    ],
)
def test_lossless_formats_come_back_as_they_were(kind: str, options: dict[str, Any]) -> None:
    picture = load(saved(Image.fromarray(COLORS), kind, **options))
    assert np.array_equal(picture.pixels[0], COLORS)


def test_formats_that_begin_with_nothing_to_tell_them_by_are_told_by_their_suffix() -> None:
    data = saved(Image.fromarray(COLORS), "TGA")
    loader = PillowLoader(PillowOptions())
    assert np.array_equal(loader.load(io.BytesIO(data), "a.TGA").pixels[0], COLORS)
    with pytest.raises(PictureError, match="in no format that kbatch reads"):
        loader.load(io.BytesIO(data), "a.png")
    cursor = bytearray(saved(Image.fromarray(COLORS), "ICO", sizes=[(13, 9)], bitmap_format="bmp"))
    cursor[2] = 2
    pixels = loader.load(io.BytesIO(bytes(cursor)), "a.cur").pixels[0]
    assert np.array_equal(pixels, COLORS)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif_is_near_what_it_was() -> None:
    data = saved(Image.fromarray(SMOOTH), "AVIF", quality=95)
    assert np.abs(load(data).pixels[0].astype(int) - SMOOTH).max() <= 6


def test_the_composite_of_a_psd_is_read() -> None:
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, *COLORS.shape[:2], 8, 3)
    planes = COLORS.transpose(2, 0, 1).tobytes()
    data = head + struct.pack(">IIIH", 0, 0, 0, 0) + planes
    assert np.array_equal(load(data).pixels[0], COLORS)


def test_readers_are_imported_when_they_are_needed() -> None:
    script = (
        "import sys, kbatch.builtin.pillow_loader as loader; from PIL import Image;"
        "print([name for name in sys.modules if name.endswith('ImagePlugin')])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ended.stdout.decode().strip() == "[]"


def test_what_the_spec_claims_is_read_by_its_content() -> None:
    (spec,) = (spec for spec in kbatch_components() if isinstance(spec, LoaderSpec))
    for offset, magic in spec.magic:
        head = bytes(offset) + magic
        riff = b"RIFF" + bytes(4) + magic if magic == b"WEBP" else head
        reader_of(riff.ljust(16, b"\0"), "it")


def test_alpha_of_webp_and_tiff_survives() -> None:
    rgba = np.dstack([COLORS, np.full(COLORS.shape[:2], 77, np.uint8)])
    for kind, options in (("WEBP", {"lossless": True, "exact": True}), ("TIFF", {}), ("PNG", {})):
        data = saved(Image.fromarray(rgba), kind, **options)
        assert np.array_equal(load(data).pixels[0], rgba), kind


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_is_near_what_it_was(mode: str) -> None:
    data = saved(Image.fromarray(SMOOTH).convert(mode), "JPEG", quality=95)
    assert np.abs(load(data).pixels[0].astype(int) - SMOOTH).max() <= 6


def test_mpo_gives_its_first_picture() -> None:
    first, second = Image.fromarray(SMOOTH), Image.fromarray(255 - SMOOTH)
    data = saved(first, "MPO", save_all=True, append_images=[second], quality=95)
    assert np.abs(load(data).pixels[0].astype(int) - SMOOTH).max() <= 6


def test_gif_gives_its_first_frame_on_the_whole_canvas() -> None:
    frame = Image.new("P", (4, 3), 1)
    frame.putpalette([0, 0, 0, 200, 100, 50])
    frame.putpixel((0, 0), 0)  # transparent
    later = Image.new("P", (4, 3), 0)
    later.putpalette([0, 0, 0, 200, 100, 50])
    data = bytearray(saved(frame, "GIF", save_all=True, append_images=[later], transparency=0))
    data[6:10] = struct.pack("<HH", 6, 5)  # a canvas larger than the frame
    pixels = load(bytes(data), frames="first").pixels
    assert pixels.shape == (1, 5, 6, 4)
    expected = np.full((3, 4, 4), [200, 100, 50, 255])
    expected[0, 0] = 0
    assert np.array_equal(pixels[0, :3, :4], expected)
    assert not pixels[0, 3:].any()
    assert not pixels[0, :, 4:].any()


def test_the_name_does_not_decide() -> None:
    data = saved(Image.fromarray(COLORS), "BMP")
    stream = io.BytesIO(data)
    picture = PillowLoader(PillowOptions()).load(stream, "lies.jpg")
    assert np.array_equal(picture.pixels[0], COLORS)


def test_real_files_are_read(tmp_path: Path) -> None:
    for kind in ("TIFF", "GIF", "PNG", "WEBP"):
        path = tmp_path / f"a.{kind}"
        Image.new("RGB", (5, 4), (255, 0, 0)).save(path, lossless=True)
        with path.open("rb") as stream:
            pixels = PillowLoader(PillowOptions()).load(stream, path.name).pixels
        assert (pixels == [255, 0, 0]).all(), kind


# ---- depths and keys ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_and_not_clipped(kind: str) -> None:
    values = np.arange(0, 65536, 257 * 3, dtype=np.uint16).reshape(2, -1)[:, :40]
    pixels = load(saved(Image.fromarray(values), kind)).pixels[0]
    assert np.array_equal(pixels[..., 0], (values.astype(int) + 128) // 257)
    assert len(np.unique(pixels)) == values.size


def test_sixteen_bit_colour_is_scaled_and_not_clipped() -> None:
    samples = np.array([[0, 257 * 100, 65535], [300, 40000, 257]], ">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    pixels = load(png((1, 2, 16, 2, 0, 0, 0), rows)).pixels[0, :, 0]
    assert np.abs(pixels.astype(int) - samples.astype(int) / 257).max() < 1


@pytest.mark.parametrize(("bits", "packed"), [(2, 0b00_01_10_11), (4, 0x0F)])
def test_the_transparent_grey_of_few_bits_is_found(bits: int, packed: int) -> None:
    top = 2**bits - 1
    rows, width = bytes([0, packed]), 8 // bits
    pixels = load(png((width, 1, bits, 0, 0, 0, 0), rows, tRNS=struct.pack(">H", top))).pixels[0]
    assert pixels[0, -1].tolist() == [0, 0, 0, 0]
    assert (pixels[0, :-1, 3] == 255).all()
    assert pixels[0, 0].tolist() == [0, 0, 0, 255]


def test_the_transparent_colour_of_sixteen_bits_is_found() -> None:
    rows = b"\0" + struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0xFFFF, 0, 0)
    key = struct.pack(">3H", 0x1234, 0x5678, 0x9ABC)
    pixels = load(png((2, 1, 16, 2, 0, 0, 0), rows, tRNS=key)).pixels[0, 0]
    assert pixels.tolist() == [[0, 0, 0, 0], [255, 0, 0, 255]]


def test_the_transparent_grey_of_sixteen_bits_is_found() -> None:
    rows = b"\0" + struct.pack(">3H", 65535, 300, 65534)
    pixels = load(png((3, 1, 16, 0, 0, 0, 0), rows, tRNS=struct.pack(">H", 300))).pixels[0, 0]
    assert pixels.tolist() == [[255] * 4, [0] * 4, [255] * 4]


# ---- beside the pixels -------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_pictures_are_upright_whatever_the_format(kind: str, orientation: int) -> None:
    stored = Image.new("L", (16, 8))
    stored.paste(255, (8, 0, 16, 4))  # the stored top right quarter is white
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = load(saved(stored.convert("RGB"), kind, exif=exif)).pixels[0]
    height, width = (16, 8) if orientation >= 5 else (8, 16)
    assert pixels.shape == (height, width, 3)
    halves = pixels[..., 0].reshape(2, height // 2, 2, width // 2).mean(axis=(1, 3)) > 127
    where = {1: "01", 2: "00", 3: "10", 4: "11", 5: "10", 6: "11", 7: "01", 8: "00"}[orientation]
    assert halves.sum() == 1
    assert halves[int(where[0]), int(where[1])]


def test_resolution_is_kept() -> None:
    for kind in ("PNG", "JPEG", "TIFF", "BMP"):
        picture = load(saved(Image.fromarray(COLORS), kind, dpi=(300, 150)))
        assert picture.meta.dpi == pytest.approx((300, 150), abs=0.1), kind


def test_the_resolution_of_a_tiff_is_turned_with_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(Image.fromarray(COLORS), "TIFF", dpi=(300, 150), exif=exif)
    picture = load(data)
    assert picture.pixels.shape == (1, 13, 9, 3)
    assert picture.meta.dpi == (150, 300)


def test_a_tiff_that_tells_no_resolution_has_none() -> None:
    assert load(saved(Image.fromarray(COLORS), "TIFF")).meta.dpi is None


def grey_profile() -> bytes:
    """Returns a minimal grey profile with a straight line for its curve."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I", 2) + struct.pack(">4sII", b"wtpt", 156, 20)
    tags += struct.pack(">4sII", b"kTRC", 176, 12) + white + LINEAR
    head = struct.pack(">I4xI4s4s4s12x4s", 188, 0x02400000, b"mntr", b"GRAY", b"XYZ ", b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + tags


def test_the_profile_of_a_file_is_converted_unless_told_to_ignore_it() -> None:
    data = saved(Image.new("L", (3, 2), 64), "PNG", icc_profile=grey_profile())
    converted, ignored = load(data), load(data, icc="ignore")
    assert converted.meta.icc is None
    assert np.abs(converted.pixels.astype(int) - 137).max() <= 1  # sRGB of a quarter of the light
    assert (ignored.pixels == 64).all()


# ---- what can't be loaded ----------------------------------------------------------------------


def test_an_empty_file_is_called_empty() -> None:
    assert reason(b"") == "it.png is empty"


def test_text_and_other_formats_are_named_by_their_first_bytes() -> None:
    text = reason(b"Hello, this is no picture")
    assert text.startswith(
        "it.png is in no format that kbatch reads (its first bytes are b'Hello, t'"
    )
    assert "formats: PNG, JPEG, WebP, AVIF" in text


@pytest.mark.parametrize(("end", "sent"), [(b"\r\n", b"\n"), (b"\n", b"\r\n")])
def test_a_png_that_was_sent_as_text_is_told(end: bytes, sent: bytes) -> None:
    text = reason(saved(Image.fromarray(COLORS), "PNG").replace(end, sent))
    assert text.startswith("it.png is damaged: it begins nearly as a PNG does")
    assert text.endswith("copy it again")


@pytest.mark.parametrize(
    "head",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        b"\xc5\xd0\xd3\xc6" + bytes(60),
        b"(\0\0\0 no bitmap header",
    ],
)
def test_what_could_start_a_program_or_is_no_picture_is_not_tried(head: bytes) -> None:
    assert "is in no format that kbatch reads" in reason(head)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "PPM", "GIF"])
def test_a_truncated_file_is_called_truncated(kind: str) -> None:
    data = saved(Image.fromarray(SMOOTH), kind)
    assert reason(data[: len(data) // 2]).startswith("it.png is truncated: ")


@pytest.mark.parametrize("kind", ["WEBP", "ICO", "QOI", "PCX", "SGI"])
def test_others_may_be_called_truncated_or_damaged(kind: str) -> None:
    data = saved(Image.fromarray(SMOOTH), kind)
    for length in (20, 60, len(data) // 2):
        assert reason(data[:length]).startswith("it.png is truncated")


def test_a_kind_of_pixels_that_is_not_decoded_is_not_called_damaged() -> None:
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 4, 4, 16, 3)
    assert "is of a kind that can't be decoded" in reason(head + bytes(200))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "PPM", "GIF", "WEBP"])
def test_a_cut_anywhere_is_a_picture_error_or_a_picture(kind: str) -> None:
    data = saved(Image.fromarray(SMOOTH), kind)
    reasons = []
    for length in range(1, len(data), max(1, len(data) // 40)):
        try:
            load(data[:length])
        except PictureError as error:
            reasons.append(str(error))
    assert len(reasons) > 10
    assert all(text.startswith("it.png ") for text in reasons)


def test_damage_is_told_with_what_the_decoder_says() -> None:
    data = bytearray(saved(Image.fromarray(SMOOTH), "PNG"))
    data[20] ^= 1  # in the header: its checksum is wrong
    assert reason(bytes(data)).startswith("it.png is damaged: broken PNG file (bad header checksum")


def test_a_kind_that_is_not_decoded_is_not_called_damaged() -> None:
    data = bytearray(saved(Image.fromarray(COLORS), "BMP"))
    data[28:30] = struct.pack("<H", 30000)
    text = reason(bytes(data))
    assert text.startswith("it.png is of a kind that can't be decoded: Unsupported BMP pixel depth")


def test_a_picture_of_no_size_is_a_picture_error() -> None:
    assert "is damaged: its header has no valid size" in reason(png((0, 3, 8, 2, 0, 0, 0), b""))


def test_errors_of_every_kind_become_picture_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.fromarray(COLORS), "PNG")
    for error in (ZeroDivisionError("by zero"), KeyError("k"), MemoryError(), ValueError("v")):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
        assert "is damaged: " in (text := reason(data)) or "more memory than there is" in text


def test_interruptions_are_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageFile.ImageFile, "load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load(saved(Image.fromarray(COLORS), "PNG"))


# ---- size and warnings -------------------------------------------------------------------------


def test_a_picture_of_exactly_max_pixels_is_accepted() -> None:
    data = saved(Image.fromarray(COLORS), "PNG")
    assert load(data, max_pixels=9 * 13).pixels.shape == (1, 9, 13, 3)
    assert reason(data, max_pixels=9 * 13 - 1) == (
        "it.png is too large: 117 pixels is more than max_pixels (116); "
        "raise max_pixels in the job to accept it"
    )


@pytest.mark.parametrize(
    "huge",
    [
        lambda: png((20_000, 20_000, 1, 0, 0, 0, 0), b""),
        lambda: b"P5 20000 20000 255\n",
    ],
)
def test_size_is_checked_before_anything_is_decoded(huge: Callable[[], bytes]) -> None:
    text = reason(huge())
    assert "400,000,000 pixels is more than max_pixels (200,000,000)" in text


def test_max_pixels_counts_and_not_pillows_own_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = {kind: saved(Image.fromarray(COLORS), kind) for kind in ("PNG", "JPEG", "BMP", "PPM")}
    limit = Image.MAX_IMAGE_PIXELS
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    for kind, content in data.items():
        assert load(content).pixels.shape[1:3] == (9, 13), kind
    monkeypatch.undo()
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_limit_inside_a_decoder_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.fromarray(COLORS), "TIFF")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    text = reason(data)
    assert text.startswith("it.png is larger than Pillow decodes in this format: Image size (117")


def test_warnings_of_pillow_stay_inside_in_every_thread() -> None:
    odd = bytearray(saved(Image.fromarray(COLORS), "TIFF", tiffinfo={270: "x" * 40}))
    at = odd.find(struct.pack("<HHI", 270, 2, 41))
    assert at > 0
    odd[at + 4 : at + 8] = struct.pack("<I", 10**6)  # a text longer than the file
    with pytest.warns(UserWarning, match="larger than file|corrupt"):
        Image.open(io.BytesIO(bytes(odd))).load()
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        loader = PillowLoader(PillowOptions())
        with ThreadPoolExecutor(4) as pool:
            streams = [io.BytesIO(bytes(odd)) for _ in range(40)]
            pictures = list(pool.map(lambda stream: loader.load(stream, "odd.tif"), streams))
        warnings.warn("mine", UserWarning, stacklevel=1)
    assert all(np.array_equal(picture.pixels[0], COLORS) for picture in pictures)
    assert [str(warning.message) for warning in leaked] == ["mine"]


# ---- a folder of real oddities -----------------------------------------------------------------


@pytest.mark.skipif(not NASTY.is_dir(), reason="no folder of broken pictures beside the checkout")
def test_real_broken_files_give_a_picture_or_a_reason() -> None:
    loader = PillowLoader(PillowOptions())
    loaded, reasons = 0, []
    for path in sorted(path for path in NASTY.rglob("*") if path.is_file()):
        with path.open("rb") as stream:
            try:
                pixels = loader.load(stream, path.name).pixels
            except PictureError as error:
                reasons.append((path.name, str(error)))
            else:
                loaded += 1
                assert pixels.shape[3] in (3, 4)
                if pixels.shape[3] == 4:
                    assert pixels[..., 3].min() < 255
                    assert not pixels[pixels[..., 3] == 0].any()
    assert loaded > 280
    assert len(reasons) > 35
    assert all(text.startswith(f"{name} ") for name, text in reasons)


MEMORY = """
import io, re, sys
from pathlib import Path
from kbatch.builtin.options import PillowOptions
from kbatch.builtin.pillow_loader import PillowLoader

def told(key):
    return int(re.search(key + r":\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

loader = PillowLoader(PillowOptions())
small, *files = sorted(Path(sys.argv[1]).iterdir())
loader.load(io.BytesIO(small.read_bytes()), small.name)
base = told("VmRSS")
for file in files:
    data = file.read_bytes()
    Path("/proc/self/clear_refs").write_text("5")  # forgets the most that was
    loader.load(io.BytesIO(data), file.name)
    print(file.name, told("VmHWM") - base)
"""


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="memory is measured as Linux tells it"
)
def test_loading_takes_sixteen_bytes_a_pixel_at_most(tmp_path: Path) -> None:
    plane = np.add.outer(np.arange(1500), np.arange(2000)).astype(np.uint8)
    color = Image.fromarray(np.dstack([plane] * 3))
    clear = Image.fromarray(np.dstack([plane] * 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    named: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "a.jpg": (color.resize((64, 64)), {"icc_profile": profile, "exif": exif}),
        "b.jpg": (color, {"icc_profile": profile, "exif": exif}),
        "c.png": (clear, {"icc_profile": profile, "exif": exif, "compress_level": 1}),
        "d.jpg": (color.convert("CMYK"), {}),
        "e.png": (Image.fromarray(plane.astype(np.uint16) * 257), {"compress_level": 1}),
        "f.tif": (Image.fromarray(plane.astype(np.float32)), {"compression": "tiff_lzw"}),
        "g.png": (Image.fromarray(plane).convert("P"), {"transparency": 7, "compress_level": 1}),
    }
    for name, (image, options) in named.items():
        image.save(tmp_path / name, **options)
    ended = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, check=True, text=True
    )
    taken = {
        name: int(most) / plane.size for name, most in map(str.split, ended.stdout.splitlines())
    }
    assert len(taken) == len(named) - 1
    assert all(7 < most <= 16 for most in taken.values()), taken
