"""kbatch as a library: one picture, or a whole job.

What is heavy is imported when it is used, so that `import kbatch` costs nothing.
"""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from kbatch.data import U8, Clustering, Picture, Record, Rendered, Variant
    from kbatch.job import Job
    from kbatch.pipeline import Parts
    from kbatch.registry import Registry
    from kbatch.stages import Writer

    Component = str | Mapping[str, Any]
    Entries = str | os.PathLike[str] | Iterable[str | os.PathLike[str] | Iterable[int]]
    Pixels = NDArray[np.generic]


@dataclass(frozen=True, repr=False)
class Quantized:
    """A picture with few colours.

    Attributes:
        clustering: the palette, the loss of each iteration, and why it stopped.
        rendered: indices, palette and the errors against the picture.
        variant: how it was made.
        writer: what `save` and `to_bytes` encode with.
    """

    clustering: Clustering
    rendered: Rendered
    variant: Variant
    writer: Writer

    def __repr__(self) -> str:
        height, width = self.indices.shape
        return (
            f"<Quantized {self.variant.label}: {width}×{height}, k_used {len(self.palette)}, "
            f"sse {self.rendered.sse:.4g}, sad {self.rendered.sad:.4g} a pixel>"
        )

    @property
    def palette(self) -> U8:
        """uint8 (k_used, 4), straight alpha."""
        return self.rendered.indexed.palette

    @property
    def indices(self) -> U8:
        """uint8 (H, W), each pixel's entry."""
        indices: U8 = self.rendered.indexed.indices[0]
        return indices

    def to_image(self) -> Image.Image:
        """Returns a PIL image of mode P."""
        from kbatch.images import to_image

        return to_image(self.rendered.indexed)

    def to_bytes(self) -> bytes:
        """Returns the encoded picture."""
        from kbatch.pipeline import write

        return write(self.rendered.indexed, self.writer)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the picture, whole or not at all; an older file is replaced.

        Args:
            path: where to; the writer decides the format, not the suffix.

        Raises:
            ValueError: the suffix is another format's.
            PictureError: it can't be written.
        """
        from kbatch.storage import save

        if Path(path).suffix.lower() not in ("", self.variant.suffix):
            raise ValueError(f"{path}: the result is a {self.variant.suffix} file")
        save(self.to_bytes(), Path(path))

    def _repr_png_(self) -> bytes:
        """Shows itself in notebooks."""
        stream = io.BytesIO()
        self.to_image().save(stream, "PNG")
        return stream.getvalue()


def quantize(
    image: str | os.PathLike[str] | bytes | Image.Image | Pixels,
    k: int = 16,
    strategy: Component = "l2",
    *,
    init: Component = "split",
    space: Component = "rgb",
    dither: Component = "none",
    effort: Literal["plain", "fast", "balanced", "thorough"] = "balanced",
    writer: Component = "png",
    fixed: Entries = (),
    order: Literal["luminance", "count", "hue", "fixed"] = "luminance",
    seed: int = 0,
    icc: Literal["convert", "keep", "ignore"] = "convert",
    alpha: Literal["keep", "binary", "matte"] | int | str = "keep",
    keep: Sequence[Literal["icc", "exif", "dpi", "xmp"]] = ("icc", "dpi"),
    plugins: Sequence[str | os.PathLike[str]] = (),
) -> Quantized:
    """Compresses one picture to k colours by K-Means or K-Medians.

    Args:
        image: a path, a file's bytes, a PIL image, or an array (H, W), (H, W, 3) or (H, W, 4) of
            uint8, uint16, or floats from 0 to 1; never changed.
        k: entries of the palette, 1 to 256.
        strategy: `l2` (means), `l1` (medians), or another component's name, or a mapping of its
            name and options; so with all components.
        init: where centers start.
        space: where distances are taken.
        dither: how pixels get their entries.
        effort: how hard to look; `plain` is the textbook loop.
        writer: the format of `save`; `original` is that of a path's suffix.
        fixed: entries that are not learnt: hex colours, rows of bytes (3,) or (4,), palette files
            or pictures, one or several; the palette of another result will do.
        order: how the palette is sorted.
        seed: what all chance derives from.
        icc: whether a colour profile is converted to sRGB, kept, or ignored.
        alpha: `keep`; `binary` (at 128) or a threshold from 1; `matte` (white) or a colour
            `#rrggbb` that pixels are laid on.
        keep: what stands beside the pixels and is written too; places (GPS) never are.
        plugins: single-file plugins to load.

    Raises:
        JobError: an argument that can't be.
        PluginError: a plugin can't be loaded.
        PictureError: a file that can't be read.
        TypeError, ValueError: an array that is no picture.

    Example:
        ```python
        result = kbatch.quantize("photo.jpg", k=12, strategy="l1")
        result.save("photo_K12_L1.png")
        ```
    """
    from kbatch import core, metadata, pipeline, request

    keys = {
        "k": k,
        "strategy": strategy,
        "init": init,
        "space": space,
        "dither": dither,
        "effort": effort,
        "writer": writer,
        "fixed": _entries(fixed),
        "order": order,
        "seed": seed,
        "icc": icc,
        "alpha": alpha,
        "keep": list(keep),
    }
    files = tuple(Path(file) for file in plugins)
    suffix = Path(image).suffix if isinstance(image, str | os.PathLike) else None
    variant, loading, registry, parts = _ready(request.written(keys, files), files, suffix)
    picture = metadata.kept(_picture(image, loading, registry), loading["keep"], "the picture")
    picture = pipeline.with_room(pipeline.fit(picture, variant), variant)
    placed = core.Placed(pipeline.collect(picture), parts.space)
    clustering = pipeline.cluster(placed, variant, parts)
    rendered = pipeline.render(picture, placed, clustering.palette, parts)
    rendered = pipeline.arrange(rendered, variant)
    return Quantized(clustering, rendered, variant, parts.writer)


def run_job(
    job: str | os.PathLike[str] | Job | Mapping[str, Any],
    *,
    output: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    plugins: Sequence[str | os.PathLike[str]] = (),
    trust: bool = False,
) -> list[Record]:
    """Runs a job and returns its records in plan order.

    Args:
        job: a job file, or a `kbatch.Job` or its keys as a mapping, whose paths are relative to the
            working directory.
        output: replaces the job's output.
        workers: replaces the job's workers.
        plugins: single-file plugins to load.
        trust: whether plugin files that the job names may be loaded.

    Raises:
        JobError: with everything that is wrong in the job.
        KbatchError: a plugin or the output can't be used; a picture that fails is a record.

    Example:
        ```python
        for record in kbatch.run_job({"input": "photos", "output": "small", "k": [8, 64]}):
            print(record.picture, record.variant, record.status, record.bytes_out)
        ```
    """
    from kbatch import plan, runner
    from kbatch.ledger import Ledger

    made, registry = plan.make(
        Path(job) if isinstance(job, str | os.PathLike) else job,
        output=None if output is None else Path(output),
        workers=workers,
        plugins=[Path(file) for file in plugins],
        trust=trust,
    )
    runner.run(made, registry)
    with Ledger.open(made.output) as ledger:
        return list(ledger)


@functools.lru_cache(maxsize=64)
def _ready(
    keys: str, plugins: tuple[Path, ...], suffix: str | None
) -> tuple[Variant, Mapping[str, Any], Registry, Parts]:
    """Returns what `request.resolve` does, and the components of the variant, built."""
    from kbatch import core, request
    from kbatch.pipeline import Parts

    core.prepare()
    variant, loading, registry = request.resolve(keys, plugins)
    variant = request.for_suffix(variant, suffix)
    return variant, loading, registry, Parts.of(variant, registry)


def _entries(fixed: Entries) -> list[str]:
    """Returns fixed entries as a job would say them."""
    from kbatch.palettes import to_hex

    entries = []
    for entry in [fixed] if isinstance(fixed, str | os.PathLike) else fixed:
        if isinstance(entry, str | os.PathLike):
            entries.append(os.fspath(entry))
            continue
        row = list(entry)
        if len(row) not in (3, 4) or not all(value in range(256) for value in row):
            raise ValueError(f"expected a colour of 3 or 4 bytes, got {entry!r}")
        entries.append(to_hex((*row, 255)[:4]))
    return entries


def _picture(
    image: str | os.PathLike[str] | bytes | Image.Image | Pixels,
    loading: Mapping[str, Any],
    registry: Registry,
) -> Picture:
    from PIL import Image

    from kbatch import images, pipeline
    from kbatch.loaders import read_file

    if isinstance(image, Image.Image):
        return images.from_image(image, icc=loading["icc"])
    if isinstance(image, bytes):
        name, data = "the picture", image
    elif isinstance(image, str | os.PathLike):
        name = os.fspath(image)
        data = read_file(Path(name))
    else:
        return images.from_array(image)
    return pipeline.load(data, name, pipeline.Loaders(loading, registry).pick(name, data))
