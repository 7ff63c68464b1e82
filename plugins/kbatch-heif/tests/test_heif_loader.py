"""The loader: whatever a HEIC holds ends as upright 8-bit sRGB."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from heif_files import exif, heif, pixels
from kbatch_heif.loader import HeifLoader
from kbatch_heif.options import LoaderOptions
from PIL import Image, ImageCms

from kbatch import PictureError
from kbatch.data import Picture


def load(data: bytes, **options: Any) -> Picture:
    return HeifLoader(LoaderOptions(**options)).load(io.BytesIO(data), "a.heic")


def test_colours_come_as_they_were_stored() -> None:
    assert np.array_equal(load(heif(pixels())).pixels[0], pixels())


def test_alpha_is_straight_and_what_is_transparent_is_black() -> None:
    stored = pixels(channels=4)
    stored[:9, :9, 3] = 0
    wanted = stored.copy()
    wanted[:9, :9] = 0
    assert np.array_equal(load(heif(stored)).pixels[0], wanted)


def test_greys_become_colours() -> None:
    grey = pixels()[..., 0].copy()
    assert np.array_equal(load(heif(grey)).pixels[0], np.dstack([grey] * 3))


def test_premultiplied_alpha_is_divided_out() -> None:
    stored = np.full((16, 16, 4), 100, np.uint8)
    stored[..., 3] = 200
    made = load(heif(stored, mode="RGBa")).pixels[0]
    assert made[..., 3].min() == made[..., 3].max() == 200
    assert np.abs(made[..., :3].astype(int) - 100 * 255 / 200).max() <= 1


@pytest.mark.parametrize("depth", [10, 12])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_deep_samples_are_rounded_and_not_cut(depth: int, mode: str) -> None:
    top = (1 << depth) - 1
    steps = np.arange(top + 1, dtype=np.uint16).reshape(-1, 64)
    deep = np.dstack([steps] * len(mode)) if mode != "L" else steps
    data = heif(deep << (16 - depth), mode=f"{mode};16", bit_depth=depth)
    made = load(data).pixels[0]
    wanted = np.floor(steps * (255 / top) + 0.5)
    if mode == "RGBA":
        assert np.array_equal(made[..., 3], wanted)
        wanted = np.where(made[..., 3] == 0, 0, wanted)
    assert np.array_equal(made[..., 0], wanted)
    assert not np.array_equal(wanted, steps >> (depth - 8))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_once_and_their_exif_says_so(orientation: int) -> None:
    data = heif(pixels(), exif=exif(Orientation=orientation, Make="a camera"))
    turned = Image.fromarray(pixels())
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    made = load(data)
    wanted = turned if method is None else turned.transpose(method)
    assert np.array_equal(made.pixels[0], np.asarray(wanted))
    kept = Image.Exif()
    kept.load(made.meta.exif or b"")
    assert kept[0x010F] == "a camera"
    assert kept.get(0x0112, 1) == 1


def test_a_profile_is_converted_kept_or_ignored() -> None:
    lab = ImageCms.createProfile("sRGB")
    profile = bytearray(ImageCms.ImageCmsProfile(lab).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    swapped = bytes(profile[red + 4 : red + 8]), bytes(profile[green + 4 : green + 8])
    profile[green + 4 : green + 8], profile[red + 4 : red + 8] = swapped
    data = heif(pixels(), icc_profile=bytes(profile))
    assert np.array_equal(load(data, icc="ignore").pixels[0], pixels())
    kept = load(data, icc="keep")
    assert np.array_equal(kept.pixels[0], pixels())
    assert kept.meta.icc == bytes(profile)
    converted = load(data)
    assert converted.meta.icc is None
    # A profile whose red is sRGB's green: the channels change places.
    off = converted.pixels[0].astype(int) - pixels()[..., [1, 0, 2]]
    assert np.abs(off).max() <= 2


def test_what_stands_beside_the_pixels_is_told() -> None:
    block = exif(Make="a camera")
    made = load(heif(pixels(), exif=block, xmp=b"<x:xmpmeta/>"))
    assert made.meta.exif == block.removeprefix(b"Exif\0\0")
    assert made.meta.xmp == b"<x:xmpmeta/>"


def test_images_of_one_size_are_frames_and_the_primary_one_is_first() -> None:
    data = heif(pixels(1), pixels(2), pixels(3), primary_index=1)
    made = load(data)
    assert np.array_equal(made.pixels, [pixels(2), pixels(1), pixels(3)])
    assert made.meta.durations == ()
    assert np.array_equal(load(data, frames="first").pixels, [pixels(2)])


def test_of_images_of_several_sizes_the_primary_one_is_the_picture() -> None:
    data = heif(pixels(1), pixels(2, width=40), primary_index=1)
    assert np.array_equal(load(data).pixels, [pixels(2, width=40)])


def test_thumbnails_are_no_frames() -> None:
    data = heif(pixels(), thumbnails=[32])
    assert pillow_heif.open_heif(data).info["thumbnails"] == [32]
    assert np.array_equal(load(data).pixels, [pixels()])


def test_limits_are_looked_at_before_pixels_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decodes: list[object] = []
    monkeypatch.setattr("kbatch_heif.loader._decoded", decodes.append)
    data = heif(pixels(1), pixels(2), pixels(3))
    with pytest.raises(PictureError, match=r"a\.heic is too large: 3,750 pixels.*max_pixels \(3"):
        load(data, max_pixels=3749)
    with pytest.raises(PictureError, match=r"3 images of 75×50 have 11,250 pixels.*frames: first"):
        load(data, max_pixels=11_249)
    with pytest.raises(PictureError, match=r"more images than max_frames \(2\)"):
        load(data, max_frames=2)
    assert decodes == []
    monkeypatch.undo()
    assert len(load(data, max_pixels=11_250, max_frames=3).pixels) == 3
    assert len(load(data, max_pixels=3750, max_frames=1, frames="first").pixels) == 1


@pytest.mark.parametrize("tiles", [0, 32], ids=["whole", "tiled"])
def test_truncated_files_fail_wherever_they_end(tiles: int) -> None:
    data = heif(pixels(), tile_size=tiles)
    for length in [*range(1, len(data), 31), len(data) - 1]:
        with pytest.raises(PictureError, match=r"^a\.heic is (truncated|damaged|no HEIF)"):
            load(data[:length])
    with pytest.raises(PictureError, match=r"truncated: 100 bytes are missing"):
        load(data[:-100])
    assert load(data).pixels.shape == (1, 50, 75, 3)


def test_what_stands_behind_a_picture_is_left_out() -> None:
    for more in (b"\0\0\0\x20", b"\xff" * 40, b"\0\0\1\0sefd" + bytes(40)):
        assert np.array_equal(load(heif(pixels()) + more).pixels[0], pixels())


def test_damaged_files_fail_with_a_reason_or_give_a_picture() -> None:
    data = heif(pixels(), quality=50)
    reasons = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        bad = bytearray(data)
        for place in rng.integers(0, 500, 6):
            bad[place] = rng.integers(256)
        try:
            load(bytes(bad), max_pixels=100_000)
        except PictureError as error:
            reasons.append(str(error))
    assert len(reasons) > 50
    assert all(reason.startswith("a.heic is ") and "\n" not in reason for reason in reasons)


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "is empty"), (b"this is a text, no picture", "is no HEIF")]
)
def test_what_is_no_heif_is_told_so(data: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        load(data)


def test_the_same_file_is_loaded_from_many_threads_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    loader = HeifLoader(LoaderOptions())
    files = [heif(pixels(seed)) for seed in range(4)] * 4
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda data: loader.load(io.BytesIO(data), "a").pixels[0], files))
    assert all(np.array_equal(got, pixels(seed % 4)) for seed, got in enumerate(made))


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is measured as Linux tells it")
@pytest.mark.parametrize("mode", ["RGBA", "RGB;16"])
def test_loading_takes_sixteen_bytes_a_pixel_at_most(mode: str, tmp_path: Path) -> None:
    deep = mode.endswith("16")
    flat = np.full((2000, 2000, 3 if deep else 4), 99, np.uint16 if deep else np.uint8)
    camera = {"chroma": 420, "quality": 50, "matrix_coefficients": 6}  # as theirs are stored
    (tmp_path / "a.heic").write_bytes(heif(flat, mode=mode, **camera))
    code = (
        "import io, pathlib, re\n"
        "from kbatch_heif.loader import HeifLoader\n"
        "from kbatch_heif.options import LoaderOptions\n"
        "import kbatch.images\n"
        "status = pathlib.Path('/proc/self/status')\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1]) * 1024\n"
        "data = pathlib.Path('a.heic').read_bytes()\n"
        "before = peak()\n"
        "HeifLoader(LoaderOptions()).load(io.BytesIO(data), 'a')\n"
        "print((peak() - before) / 4e6)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert 3 < float(ended.stdout) < 16
