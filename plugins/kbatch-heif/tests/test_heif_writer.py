"""The writer: what a HEIC gives back of a palette's colours, and what stands beside them."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pillow_heif
import pytest
from heif_files import decoded, exif
from kbatch_heif.options import WriterOptions
from kbatch_heif.writer import HeifWriter
from PIL import ImageCms
from pydantic import ValidationError

from kbatch import PictureError
from kbatch.data import Indexed, Meta


def indexed(seed: int = 0, shape: tuple[int, ...] = (1, 40, 60), *, alpha: bool = False) -> Indexed:
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (16, 4)).astype(np.uint8)
    if not alpha:
        palette[:, 3] = 255
    return Indexed(rng.integers(0, 16, shape).astype(np.uint8), palette, Meta())


def written(picture: Indexed, **options: Any) -> bytes:
    stream = io.BytesIO()
    HeifWriter(WriterOptions(**options)).write(picture, stream)
    return stream.getvalue()


def shown(picture: Indexed) -> Any:
    frames = picture.palette[picture.indices]
    return frames if picture.palette[:, 3].min() < 255 else frames[..., :3]


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 200), (1, 41, 67), (3, 20, 30)])
def test_lossless_files_hold_exactly_the_colours(*, shape: tuple[int, ...], alpha: bool) -> None:
    picture = indexed(1, shape, alpha=alpha)
    assert np.array_equal(decoded(written(picture, lossless=True)), shown(picture))


def test_lossless_files_with_a_profile_hold_exactly_the_colours() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = replace(indexed(2), meta=Meta(icc=profile))
    data = written(picture, lossless=True)
    assert np.array_equal(decoded(data), shown(picture))
    assert pillow_heif.open_heif(data).info["icc_profile"] == profile


def test_quality_trades_bytes_for_errors() -> None:
    picture = indexed(3)
    data = [written(picture, quality=quality) for quality in (20, 60, 100)]
    errors = [np.abs(np.subtract(decoded(d), shown(picture), dtype=int)).mean() for d in data]
    assert errors[0] > errors[1] > errors[2] > 0
    assert len(data[0]) < len(data[1]) < len(data[2])
    assert errors[2] < 4


def test_chroma_is_stored_as_it_is_asked_for() -> None:
    for chroma, stored in (("4:4:4", 444), ("4:2:0", 420)):
        file = pillow_heif.open_heif(written(indexed(), chroma=chroma))
        assert file.info["chroma"] == stored


def test_what_stands_beside_the_pixels_is_written_once() -> None:
    block = exif(Make="a camera").removeprefix(b"Exif\0\0")
    meta = Meta(exif=block, xmp=b"<x:xmpmeta/>")
    file = pillow_heif.open_heif(written(replace(indexed(1, (2, 20, 30)), meta=meta)))
    assert [image.info["exif"] for image in file] == [block, None]
    assert [image.info.get("xmp") for image in file] == [b"<x:xmpmeta/>", None]
    assert file.primary_index == 0


def test_the_same_picture_is_the_same_bytes_beside_others() -> None:
    pictures = [indexed(seed, (1, 150, 200)) for seed in range(4)]
    alone = [written(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(written, pictures)) == alone


def test_what_the_encoder_refuses_is_told_with_its_size() -> None:
    with pytest.raises(PictureError, match="20000×1 pixels can't be a HEIC"):
        written(indexed(0, (1, 1, 20_000)))


def test_options_that_cannot_be_are_refused() -> None:
    for options in ({"quality": 101}, {"chroma": "4:2:2"}, {"speed": 1}):
        with pytest.raises(ValidationError):
            WriterOptions(**options)


def test_without_an_encoder_options_say_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    without = pillow_heif.libheif_info() | {"HEIF": "", "encoders": {}}
    monkeypatch.setattr(pillow_heif, "libheif_info", lambda: without)
    with pytest.raises(ValidationError, match=r"no HEVC encoder.*pip install"):
        WriterOptions()
