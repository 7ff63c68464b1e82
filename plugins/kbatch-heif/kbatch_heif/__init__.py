"""HEIC and HEIF for kbatch: announces a loader and a writer, which import pillow-heif when used."""

from __future__ import annotations

from collections.abc import Iterable

from kbatch import hookimpl
from kbatch.stages import LoaderSpec, Spec, WriterSpec
from kbatch_heif.options import LoaderOptions, WriterOptions

# What a file says that it is, and of what says only "some HEIF" what else it says: AV1 is a
# matter of the built-in loader.
BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
ALSO = range(16, 40, 4)  # where a file lists brands that it is compatible with


@hookimpl
def kbatch_components() -> Iterable[Spec]:
    """Offers a loader and a writer."""
    return (
        LoaderSpec(
            name="heif",
            summary="HEIC and HEIF by pillow-heif",
            factory="kbatch_heif.loader:HeifLoader",
            options=LoaderOptions,
            suffixes=(".heic", ".heif", ".heics", ".heifs", ".hif"),
            magic=(
                *((4, b"ftyp" + brand) for brand in BRANDS),
                *((place, brand) for place in ALSO for brand in BRANDS),
            ),
        ),
        WriterSpec(
            name="heif",
            summary="HEIC of full colour, exact when lossless; a frame is an image of the file",
            factory="kbatch_heif.writer:HeifWriter",
            options=WriterOptions,
            suffix=".heic",
            alpha="full",
            frames=True,
            exact=False,
            also=(".heif", ".hif"),
        ),
    )
