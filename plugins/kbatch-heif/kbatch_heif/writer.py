"""The writer of HEIC."""

from __future__ import annotations

from typing import Any, BinaryIO

import pillow_heif

from kbatch import PictureError
from kbatch.data import Indexed
from kbatch.images import to_array
from kbatch_heif.options import WriterOptions

IDENTITY = 0  # stores red, green and blue as they are, ISO/IEC 23091-2
# One thread, since pictures run side by side already, and the bytes depend on it.
X265 = {"preset": "faster", "x265:pools": "none", "x265:frame-threads": "1", "x265:wpp": "0"}


class HeifWriter:
    """Writes HEIC by x265; frames become images of the file, the first is the primary one."""

    def __init__(self, options: WriterOptions) -> None:
        self._options = options
        self._parameters = X265 if "x265" in pillow_heif.libheif_info()["encoders"] else {}

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`.

        Raises:
            PictureError: the encoder refuses it, as when it is too large.
        """
        pixels, meta = to_array(indexed), indexed.meta
        opaque = indexed.palette[:, 3].min() == 255
        _, height, width, _ = pixels.shape
        file = pillow_heif.HeifFile()
        for frame in pixels:
            data = (frame[..., :3] if opaque else frame).tobytes()
            image = file.add_frombytes("RGB" if opaque else "RGBA", (width, height), data)
            image.info |= self._stored() | ({"icc_profile": meta.icc} if meta.icc else {})
        beside = {"exif": meta.exif, "xmp": meta.xmp}
        try:
            file.save(
                stream,
                quality=-1 if self._options.lossless else self._options.quality,
                enc_params=dict(self._parameters),
                chroma=444
                if self._options.lossless
                else int(self._options.chroma.replace(":", "")),
                **{key: value for key, value in beside.items() if value},
            )
        except (RuntimeError, ValueError) as error:
            raise PictureError(f"{width}×{height} pixels can't be a HEIC: {error}") from error

    def _stored(self) -> dict[str, Any]:
        return {"matrix_coefficients": IDENTITY} if self._options.lossless else {}
