"""PIL images and arrays to records and back."""

from __future__ import annotations

import io
import logging
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from kbatch.data import Indexed, Meta
from kbatch.images import from_array, from_frames, from_image, preview, to_array, to_image

Pixels = np.ndarray[Any, np.dtype[Any]]

RAMP = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
COLORS = np.random.default_rng(7).integers(0, 256, (4, 6, 3), np.uint8)
ALPHA = np.resize(np.array([0, 1, 128, 255], np.uint8), (4, 6))


def rgb(grey: Pixels) -> Pixels:
    return np.repeat(grey[..., np.newaxis], 3, axis=2).astype(np.uint8)


def with_alpha(color: Pixels, alpha: Pixels) -> Pixels:
    rgba = np.dstack([color, alpha]).astype(np.uint8)
    rgba[alpha == 0] = 0
    return rgba


def check(image: Image.Image, expected: Pixels, slack: int = 0, **options: Any) -> None:
    mode, size, info, raw = image.mode, image.size, dict(image.info), image.tobytes()
    picture = from_image(image, **options)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.shape == (1, *expected.shape)
    assert np.abs(picture.pixels[0].astype(int) - expected).max() <= slack
    assert picture.meta.icc is None
    assert (image.mode, image.size, image.info, image.tobytes()) == (mode, size, info, raw)


# ---- from_image: modes -------------------------------------------------------------------------


def test_grey_and_bilevel_become_three_equal_channels() -> None:
    check(Image.fromarray(RAMP), rgb(RAMP))
    bits = RAMP > 100
    check(Image.fromarray(bits), rgb(bits * 255))


def test_rgb_is_taken_as_it_is() -> None:
    check(Image.fromarray(COLORS), COLORS)


def test_straight_alpha_is_kept_and_invisible_colours_are_cleared() -> None:
    check(Image.fromarray(np.dstack([COLORS, ALPHA])), with_alpha(COLORS, ALPHA))
    grey_alpha = Image.fromarray(np.dstack([RAMP, ALPHA]), "LA")
    check(grey_alpha, with_alpha(rgb(RAMP), ALPHA))


def test_an_alpha_channel_that_is_opaque_everywhere_goes() -> None:
    image = Image.fromarray(COLORS)
    image.putalpha(255)
    check(image, COLORS)


@pytest.mark.parametrize(("mode", "straight"), [("RGBa", "RGBA"), ("La", "LA")])
def test_premultiplied_alpha_is_divided_out(mode: str, straight: str) -> None:
    pixel = (100, 50, 10, 128) if mode == "RGBa" else (50, 128)
    image = Image.new(mode, (3, 2), pixel)
    color = [min(255, round(value * 255 / 128)) for value in pixel[:-1]] * (4 - len(straight) // 2)
    check(image, np.full((2, 3, 4), [*color[:3], 128], np.uint8), slack=1)
    check(Image.new(mode, (3, 2), 0), np.zeros((2, 3, 4), np.uint8))


def palette_image(rawmode: str = "RGB") -> Image.Image:
    image = Image.fromarray(np.array([[0, 1, 2], [3, 2, 1]], np.uint8))
    entries = [[10, 20, 30], [40, 50, 60], [70, 80, 90]]
    alpha = [255, 128, 0]
    table = np.column_stack([entries, alpha])[:, : len(rawmode)].astype(np.uint8)
    image.putpalette(table.tobytes(), rawmode)
    return image


@pytest.mark.parametrize(
    ("transparency", "alpha"),
    [(None, [255] * 4), (1, [255, 0, 255, 255]), (b"\xff\x80", [255, 128, 255, 255])],
)
def test_palettes_with_their_transparency(transparency: Any, alpha: list[int]) -> None:
    image = palette_image()
    if transparency is not None:
        image.info["transparency"] = transparency
    table = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90], [0, 0, 0]], np.uint8)
    table = with_alpha(table[np.newaxis], np.array([alpha], np.uint8))[0]
    expected = table[np.asarray(image)]
    check(image, expected if transparency is not None else expected[..., :3])


def test_palette_whose_entries_have_alpha() -> None:
    table = np.array([[10, 20, 30, 255], [40, 50, 60, 128], [0, 0, 0, 0], [0, 0, 0, 255]], np.uint8)
    image = palette_image("RGBA")
    check(image, table[np.asarray(image)])


def test_palette_with_an_alpha_channel() -> None:
    image = Image.new("PA", (2, 1))
    image.putpalette([1, 2, 3, 4, 5, 6])
    image.putpixel((0, 0), (1, 200))
    image.putpixel((1, 0), (1, 0))
    check(image, np.array([[[4, 5, 6, 200], [0, 0, 0, 0]]], np.uint8))


def test_a_transparent_colour_key_makes_alpha() -> None:
    image = Image.fromarray(COLORS)
    image.info["transparency"] = tuple(int(value) for value in COLORS[1, 2])
    key = np.full((4, 6), 255, np.uint8)
    key[1, 2] = 0
    check(image, with_alpha(COLORS, key))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32])
def test_a_transparent_grey_key_makes_alpha_at_the_stored_depth(kind: type) -> None:
    scale = 1 if kind is np.uint8 else 257
    stored: Pixels = (RAMP.astype(kind) * scale).astype(kind)
    stored[0, 0] = 1  # would be the key's neighbour if depths were mixed up
    image = Image.fromarray(stored)
    image.info["transparency"] = int(stored[1, 1])
    key = np.where(stored == stored[1, 1], 0, 255).astype(np.uint8)
    grey = RAMP.copy()
    grey[0, 0] = 1 if kind is np.uint8 else 0
    check(image, with_alpha(rgb(grey), key))


def test_a_transparent_bilevel_key_makes_alpha() -> None:
    image = Image.fromarray(RAMP > 100)
    image.info["transparency"] = 255
    check(image, with_alpha(rgb(np.zeros_like(RAMP)), np.where(RAMP > 100, 0, 255)))


def test_a_key_that_no_pixel_has_leaves_the_picture_opaque() -> None:
    image = Image.fromarray(COLORS // 2)
    image.info["transparency"] = (255, 255, 255)
    check(image, COLORS // 2)


def test_rgbx_drops_its_padding() -> None:
    image = Image.frombytes("RGBX", (6, 4), np.dstack([COLORS, ALPHA]).tobytes())
    check(image, COLORS)


def test_cmyk_without_a_profile_is_plain_subtraction() -> None:
    inks = np.dstack([COLORS, np.zeros((4, 6), np.uint8)])
    check(Image.frombytes("CMYK", (6, 4), inks.tobytes()), 255 - COLORS)
    check(Image.new("CMYK", (2, 2), (0, 0, 0, 255)), np.zeros((2, 2, 3), np.uint8))


def test_ycbcr_hsv_and_lab_become_rgb() -> None:
    y, cb, cr = 120.0, 90.0, 180.0
    red, blue = y + 1.402 * (cr - 128), y + 1.772 * (cb - 128)
    green = y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128)
    expected = np.full((2, 2, 3), [round(red), round(green), round(blue)], np.uint8)
    check(Image.new("YCbCr", (2, 2), (120, 90, 180)), expected, slack=1)
    pure = np.full((2, 2, 3), [0, 255, 0], np.uint8)
    check(Image.new("HSV", (2, 2), (85, 255, 255)), pure, slack=1)
    white = np.full((2, 2, 3), 255, np.uint8)
    check(Image.new("LAB", (2, 2), (255, 128, 128)), white, slack=1)


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L", "I;16N"])
def test_sixteen_bits_are_scaled_by_rounding(mode: str) -> None:
    values = np.array([[0, 128, 129, 257], [32768, 65406, 65407, 65535]], np.uint16)
    stored = values.astype(">u2" if mode == "I;16B" else "=u2" if mode == "I;16N" else "<u2")
    image = Image.frombytes(mode, (4, 2), stored.tobytes())
    check(image, rgb((values.astype(int) + 128) // 257))
    assert list(from_image(image).pixels[0, 0, :, 0]) == [0, 0, 1, 1]


def test_integers_are_scaled_as_sixteen_bits_and_clipped() -> None:
    values = np.array([[-5, 0, 257, 32768], [65535, 65536, 10**9, 25700]], np.int32)
    expected = np.array([[0, 0, 1, 128], [255, 255, 255, 100]])
    check(Image.fromarray(values), rgb(expected))


def test_floats_to_one_and_floats_to_255() -> None:
    unit = np.array([[0.0, 0.5, 1.0], [np.nan, -1.0, 0.2]], np.float32)
    check(Image.fromarray(unit), rgb(np.array([[0, 128, 255], [0, 0, 51]])))
    wide = np.array([[0.0, 0.6, 1.2], [np.nan, np.inf, 254.4]], np.float32)
    check(Image.fromarray(wide), rgb(np.array([[0, 1, 1], [0, 255, 254]])))
    minus = np.array([[-np.inf, 0.25]], np.float32)
    check(Image.fromarray(minus), rgb(np.array([[0, 64]])))


# ---- from_image: beside the pixels -------------------------------------------------------------


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_brought_upright_with_its_alpha_and_dpi(orientation: int) -> None:
    image = Image.fromarray(np.dstack([COLORS, ALPHA]))
    image.getexif()[0x0112] = orientation
    image.info["dpi"] = (100, 200)
    check(image, UPRIGHT[orientation](with_alpha(COLORS, ALPHA)))
    assert from_image(image).meta.dpi == ((200, 100) if orientation >= 5 else (100, 200))


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_is_none_is_left_out(orientation: int) -> None:
    image = Image.fromarray(COLORS)
    image.getexif()[0x0112] = orientation
    check(image, COLORS)


def test_damaged_exif_costs_a_warning_and_not_the_picture(
    caplog: pytest.LogCaptureFixture,
) -> None:
    image = Image.fromarray(COLORS)
    image.info["exif"] = b"Exif\0\0nonsense"
    assert np.array_equal(from_image(image, name="a.jpg").pixels[0], COLORS)
    assert "a.jpg: damaged EXIF" in caplog.text


def stored(image: Image.Image, kind: str, **options: Any) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return Image.open(stream)


def some_exif(orientation: int | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    block = exif.tobytes()
    exif = Image.Exif()
    exif.load(block)  # as from a file, which is what the writer of TIFF wants
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [None, 1, 6])
def test_exif_is_kept_but_for_an_orientation_that_is_applied(
    kind: str, orientation: int | None
) -> None:
    image = stored(Image.fromarray(COLORS), kind, exif=some_exif(orientation))
    meta = from_image(image).meta
    assert meta.exif is not None
    assert meta.exif[:2] in (b"II", b"MM")
    exif = Image.Exif()
    exif.load(meta.exif)
    assert exif[ExifTags.Base.Make] == "a camera"
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert exif.get(ExifTags.Base.Orientation, 1) == 1
    if kind == "TIFF":  # whose own tags tell of its strips
        assert set(exif) == {ExifTags.Base.Make, ExifTags.IFD.GPSInfo}


def test_exif_that_is_upright_is_kept_byte_by_byte() -> None:
    block = some_exif().tobytes()
    image = Image.fromarray(COLORS)
    image.info["exif"] = block
    assert from_image(image).meta.exif == block.removeprefix(b"Exif\0\0")
    assert from_image(Image.fromarray(COLORS)).meta.exif is None


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="6" a="b"/></x:xmpmeta>'


def test_xmp_is_kept_but_for_its_orientation_which_is_applied() -> None:
    with_text = PngInfo()
    with_text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    image = Image.fromarray(COLORS)
    for kind, options in (
        ("JPEG", {"xmp": XMP}),
        ("PNG", {"pnginfo": with_text}),
        ("WEBP", {"xmp": XMP, "lossless": True}),
        ("TIFF", {"tiffinfo": {700: XMP}}),
    ):
        picture = from_image(stored(image, kind, **options))
        assert picture.meta.xmp == XMP.replace(b'tiff:Orientation="6"', b""), kind
        assert picture.pixels.shape == (1, 6, 4, 3), kind
    assert from_image(image).meta.xmp is None


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ((300, 72.5), (300.0, 72.5)),
        ((0, 72), None),
        ((-1, 72), None),
        ((float("nan"), 72), None),
        ((72, float("inf")), None),
        ((1, 72), None),
        ((72, 1), None),
        ("72 dpi", None),
        (None, None),
        (72, None),
    ],
)
def test_a_resolution_is_kept_when_it_is_one(told: Any, kept: Any) -> None:
    image = Image.fromarray(COLORS)
    image.info["dpi"] = told
    assert from_image(image).meta.dpi == kept


def test_the_first_frame_is_taken_and_the_image_stays_where_it_was() -> None:
    frames = [Image.new("RGB", (3, 2), color) for color in ("red", "lime", "blue")]
    stream = io.BytesIO()
    frames[0].save(stream, "TIFF", save_all=True, append_images=frames[1:])
    with Image.open(stream) as image:
        image.seek(2)
        assert from_image(image).pixels[0, 0, 0].tolist() == [255, 0, 0]
        assert image.tell() == 2
        assert image.getpixel((0, 0)) == (0, 0, 255)


def test_frames_become_one_picture() -> None:
    clear = Image.fromarray(np.dstack([COLORS, ALPHA]))
    first, last = Image.fromarray(COLORS), Image.fromarray(RAMP)
    first.info |= {"duration": 40.4, "loop": 2}
    last.info["duration"] = 60
    picture = from_frames([first, clear, last])
    opaque = np.full((4, 6), 255)
    assert np.array_equal(picture.pixels[0], with_alpha(COLORS, opaque))
    assert np.array_equal(picture.pixels[1], with_alpha(COLORS, ALPHA))
    assert np.array_equal(picture.pixels[2], with_alpha(rgb(RAMP), opaque))
    assert picture.pixels.flags.c_contiguous
    assert picture.meta.durations == (40, 0, 60)
    assert picture.meta.loop == 2


def test_opaque_frames_have_three_channels_and_may_have_no_times() -> None:
    picture = from_frames(Image.fromarray(COLORS // n) for n in (1, 2))
    assert picture.pixels.shape == (2, 4, 6, 3)
    assert picture.meta.durations == ()
    assert picture.meta.loop is None


def test_frames_of_other_sizes_are_cut_or_filled_up() -> None:
    large = Image.fromarray(np.tile(COLORS, (2, 2, 1)))
    small = Image.fromarray(COLORS[:2, :3])
    first = Image.fromarray(COLORS)
    cut = from_frames([first, large]).pixels
    assert np.array_equal(cut, [COLORS, COLORS])
    filled = from_frames([first, small]).pixels
    assert np.array_equal(filled[1, :2, :3, :3], COLORS[:2, :3])
    assert (filled[1, :2, :3, 3] == 255).all()
    assert not filled[1, 2:].any()
    assert not filled[1, :, 3:].any()
    assert (filled[0, ..., 3] == 255).all()


def test_no_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="has no frame"):
        from_frames([])


def test_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="no pixels: its size is 0×3"):
        from_image(Image.new("RGB", (0, 3)))


# ---- from_image: colour profiles ---------------------------------------------------------------


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)


def profile(space: bytes, pcs: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    """Returns a minimal version 2 profile."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4xI4s4s4s", start + len(body), 0x02400000, kind, space, pcs)
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp")
    head = head.ljust(68, b"\0") + fixed(0.9642) + fixed(1) + fixed(0.8249)
    return head.ljust(128, b"\0") + table + body


LINEAR = b"curv" + bytes(8)  # no points: the identity
D50 = xyz(0.9642, 1.0, 0.8249)
LINEAR_RGB = profile(
    b"RGB ",
    b"XYZ ",
    {
        b"wtpt": D50,
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),  # sRGB's own, so that only the curve differs
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": LINEAR,
        b"gTRC": LINEAR,
        b"bTRC": LINEAR,
    },
)
LINEAR_GREY = profile(b"GRAY", b"XYZ ", {b"wtpt": D50, b"kTRC": LINEAR})


def black_ink_only() -> bytes:
    """Returns a CMYK profile for which cyan, magenta and yellow leave no trace."""
    identity = bytes(range(256))
    corners = bytes(
        value
        for corner in range(16)
        for value in ((0, 128, 128) if corner & 1 else (255, 128, 128))
    )
    matrix = b"".join(fixed(value) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix
    table += identity * 4 + corners + identity * 3
    return profile(b"CMYK", b"Lab ", {b"wtpt": D50, b"A2B0": table}, b"prtr")


def encoded(grey: Pixels) -> Pixels:
    """Returns sRGB values of linear ones."""
    light = grey / 255
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    rounded: Pixels = np.rint(curve * 255)
    return rounded


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_profile_is_converted_to_srgb_and_alpha_is_kept(mode: str) -> None:
    color = COLORS // 64 * 64 + 20
    image = Image.fromarray(color)
    expected = encoded(color)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(ALPHA))
        expected = with_alpha(expected, ALPHA)
    if mode == "P":
        image = image.quantize(colors=256, dither=Image.Dither.NONE)
        color = np.asarray(image.convert("RGB"))
        expected = encoded(color)
    image.info["icc_profile"] = LINEAR_RGB
    check(image, expected, slack=2)
    assert np.abs(expected[..., :3].astype(int) - color).max() > 20
    if mode == "RGB":
        check(image, color, icc="ignore")


def test_a_preview_is_in_srgb_whatever_profile_is_kept() -> None:
    flat = np.full((8, 8, 4), [10, 60, 130, 77], np.uint8)
    image = Image.fromarray(flat)
    image.info["icc_profile"] = LINEAR_RGB
    previews = [preview(from_image(image, icc=icc)) for icc in ("keep", "convert", "ignore")]
    assert previews[0] == previews[1] != previews[2]


def test_a_grey_profile_is_converted() -> None:
    image = Image.fromarray(RAMP)
    image.info["icc_profile"] = LINEAR_GREY
    check(image, rgb(encoded(RAMP)), slack=2)
    check(image, rgb(RAMP), icc="ignore")


def test_a_cmyk_profile_is_converted() -> None:
    image = Image.new("CMYK", (2, 1))
    image.putpixel((0, 0), (255, 255, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    check(image, np.array([[[0, 0, 255], [0, 0, 0]]]))
    image.info["icc_profile"] = black_ink_only()
    check(image, np.array([[[255, 255, 255], [0, 0, 0]]]), slack=1)


def test_a_lab_profile_is_converted() -> None:
    image = Image.new("LAB", (2, 2), (255, 128, 128))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    image.info["icc_profile"] = lab.tobytes()
    check(image, np.full((2, 2, 3), 255), slack=1)


@pytest.mark.parametrize(
    ("image", "icc", "why"),
    [
        (Image.fromarray(COLORS), b"broken", "cannot open profile"),
        (Image.fromarray(COLORS), LINEAR_RGB[:200], "cannot"),
        (Image.fromarray(COLORS), LINEAR_GREY, "it is for GRAY, the pixels are RGB"),
        (Image.fromarray(RAMP), LINEAR_RGB, "it is for RGB, the pixels are GRAY"),
    ],
)
def test_a_profile_that_does_not_fit_is_told_of_and_left_out(
    image: Image.Image, icc: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    image = image.copy()
    stored = np.asarray(image)
    image.info["icc_profile"] = icc
    with caplog.at_level(logging.WARNING, "kbatch.images"):
        pixels = from_image(image, name="a.png").pixels[0]
    assert np.array_equal(pixels, stored if stored.ndim == 3 else rgb(stored))
    assert "a.png: colour profile left out" in caplog.text
    assert why in caplog.text


def test_a_profile_for_rgb_is_kept_with_the_pixels_as_stored() -> None:
    image = Image.fromarray(np.dstack([COLORS, ALPHA]))
    image.info["icc_profile"] = LINEAR_RGB
    picture = from_image(image, icc="keep")
    assert picture.meta.icc == LINEAR_RGB
    assert np.array_equal(picture.pixels[0], with_alpha(COLORS, ALPHA))
    assert from_image(image, icc="ignore").meta.icc is None


def test_other_profiles_are_converted_where_they_would_be_kept() -> None:
    image = Image.fromarray(RAMP)
    image.info["icc_profile"] = LINEAR_GREY
    check(image, rgb(encoded(RAMP)), slack=2, icc="keep")
    assert from_image(image, icc="keep").meta.icc is None


@pytest.mark.parametrize("profile", [b"broken", LINEAR_GREY], ids=["broken", "of grey"])
def test_a_profile_that_does_not_fit_is_not_kept(
    profile: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    image = Image.fromarray(COLORS)
    image.info["icc_profile"] = profile
    picture = from_image(image, icc="keep", name="a.png")
    assert picture.meta.icc is None
    assert np.array_equal(picture.pixels[0], COLORS)
    assert "a.png: colour profile left out" in caplog.text


def test_a_profile_is_applied_to_each_frame_and_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frames = [Image.fromarray(COLORS), Image.fromarray(255 - COLORS)]
    frames[0].info["icc_profile"] = LINEAR_RGB
    pixels = from_frames(frames).pixels.astype(int)
    assert np.abs(pixels - [encoded(COLORS), encoded(255 - COLORS)]).max() <= 2
    frames[0].info["icc_profile"] = b"broken"
    from_frames(frames, name="b.gif")
    assert caplog.text.count("b.gif: colour profile left out") == 1


# ---- from_array --------------------------------------------------------------------------------


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.bool_]),
        st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
            lambda s: st.sampled_from([s, (*s, 3), (*s, 4)])
        ),
    )
)
def test_arrays_of_whole_numbers_are_scaled_to_bytes(array: Pixels) -> None:
    before = array.copy()
    pixels = from_array(array).pixels
    assert np.array_equal(array, before)
    assert pixels.flags.c_contiguous
    as_it_is = array.dtype == np.uint8 and array.shape[2:] == (3,)
    assert np.shares_memory(pixels, array) == as_it_is
    top = {"uint8": 255, "uint16": 65535, "bool": 1}[array.dtype.name]
    values = np.floor(array.astype(float) * 255 / top + 0.5).astype(np.uint8)
    if array.ndim == 2:
        expected = rgb(values)
    elif array.shape[2] == 3 or values[..., 3].min() == 255:
        expected = values[..., :3]
    else:
        expected = with_alpha(values[..., :3], values[..., 3])
    assert np.array_equal(pixels[0], expected)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_are_rounded(kind: type) -> None:
    array: Pixels = np.array([[0.0, 0.2, 0.25, 0.61, 0.999, 1.0]], kind)
    assert from_array(array).pixels[0, 0, :, 0].tolist() == [0, 51, 64, 156, 255, 255]


@pytest.mark.parametrize("value", [-0.001, 1.001, float("nan"), float("inf")])
def test_floats_out_of_range_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="floats must be from 0 to 1 and not NaN"):
        from_array(np.array([[0.5, value]]))


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint32, np.complex64, object])
def test_other_types_are_refused(kind: type) -> None:
    with pytest.raises(TypeError, match="is not uint8, uint16, a float from 0 to 1, or bool"):
        from_array(np.zeros((2, 2), kind))


def test_what_is_no_array_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a NumPy array, got list"):
        from_array([[1, 2], [3, 4]])  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(4,), (2, 2, 1), (2, 2, 2), (2, 2, 5), (1, 2, 2, 3), ()])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"is not \(H, W\), \(H, W, 3\) or \(H, W, 4\)"):
        from_array(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0, 4)])
def test_empty_arrays_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="has no pixels"):
        from_array(np.zeros(shape, np.uint8))


# ---- the way back ------------------------------------------------------------------------------


def indexed(alpha: int, meta: Meta | None = None) -> Indexed:
    indices = np.array([[[0, 1, 2], [2, 1, 0]], [[0, 0, 0], [1, 1, 1]]], np.uint8)
    palette = np.array([[1, 2, 3, 255], [4, 5, 6, alpha], [7, 8, 9, 255]], np.uint8)
    return Indexed(indices, palette, meta or Meta())


def test_to_array_looks_every_pixel_up() -> None:
    array = to_array(indexed(128))
    assert array.dtype == np.uint8
    assert array.shape == (2, 2, 3, 4)
    assert array[0, 1].tolist() == [[7, 8, 9, 255], [4, 5, 6, 128], [1, 2, 3, 255]]
    assert array[1, 1, 2].tolist() == [4, 5, 6, 128]


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_to_image_makes_a_palette_image_that_pillow_understands(alpha: int) -> None:
    given = indexed(alpha)
    image = to_image(given)
    assert image.mode == "P"
    assert ("transparency" in image.info) == (alpha < 255)
    assert np.array_equal(np.asarray(image.convert("RGBA")), to_array(given)[0])
    stream = io.BytesIO()
    image.save(stream, "PNG")
    with Image.open(stream) as saved:
        assert np.array_equal(np.asarray(saved.convert("RGBA")), to_array(given)[0])


def test_to_image_carries_profile_and_resolution() -> None:
    image = to_image(indexed(255, Meta(icc=LINEAR_RGB, dpi=(300, 150))))
    assert image.info["icc_profile"] == LINEAR_RGB
    assert image.info["dpi"] == (300, 150)
