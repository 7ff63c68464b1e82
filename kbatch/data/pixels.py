"""From pixels to colours, points, a clustering, and an indexed picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kbatch.data.arrays import F32, F64, I32, I64, U8

Stopped = Literal["labels", "tolerance", "limit"]


@dataclass(frozen=True, slots=True)
class Meta:
    """What must survive beside the pixels.

    Attributes:
        icc: colour profile of the pixels, or None for sRGB.
        exif: EXIF block from its byte order on, without an orientation that is not upright.
        xmp: XMP packet, likewise.
        dpi: horizontal and vertical dots an inch.
        durations: milliseconds of each frame; empty for a still and for frames without times.
        loop: how often an animation plays, 0 for ever; None where that is not told.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    durations: tuple[int, ...] = ()
    loop: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Decoded pixels.

    Attributes:
        pixels: uint8 (F, H, W, C), C-contiguous; C is 3 when every pixel, and every fixed
            entry of the job, is opaque, else 4 with straight alpha and (0, 0, 0, 0) wherever alpha
            is 0.
        meta: what must survive beside them.
    """

    pixels: U8
    meta: Meta = field(default_factory=Meta)


@dataclass(frozen=True, slots=True)
class Colors:
    """The distinct colours of one picture or several: a weighted point set.

    Attributes:
        rgba: uint8 (n, C), distinct, in Morton order (neighbours in the list are near in colour).
        count: int64 (n,), pixels of each colour.
        cells: int64 (m + 1,), where the runs of one 6-bit cell begin, and n.
        inverse: int32 (F*H*W,), each pixel's row in `rgba`; None where the colours travelled.
    """

    rgba: U8
    count: I64
    cells: I64
    inverse: I32 | None


@dataclass(frozen=True, slots=True)
class Blocks:
    """Runs of neighbouring points, and the box around each: what is far from one is far from all.

    Attributes:
        begins: int64 (m + 1,), where they begin, and n.
        low: float32 (m, d), the lower corners of the boxes.
        high: float32 (m, d), the upper corners.
    """

    begins: I64
    low: F32
    high: F32


@dataclass(frozen=True, slots=True)
class Points:
    """Weighted points of a space, as strategies and initializers see them.

    Attributes:
        x: float32 (n, d), Fortran order; d is 3, or 4 with alpha last (`core.to_space`).
        weight: float64 (n,), positive; whole numbers for distinct colours.
        blocks: of neighbouring points, or None when the order means nothing.
    """

    x: F32
    weight: F64
    blocks: Blocks | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """When a descent ends.

    Attributes:
        limit: most iterations.
        tolerance: relative gain of an iteration below which it ends; 0 runs until no label changes,
            or the loss would rise.
        relax: over-relaxation of the update, 0 for the textbook step.
    """

    limit: int
    tolerance: float
    relax: float = 0.0


@dataclass(frozen=True, slots=True)
class Descent:
    """The end of one descent.

    Attributes:
        centers: float32 (k, d), the best iterate.
        labels: uint8 (n,), the nearest center of each point.
        cost: float32 (n,), distance of each point to it.
        history: float64 (iterations + 1,), loss of each accepted iterate, a unit of weight.
        stopped: why it ended.
    """

    centers: F32
    labels: U8
    cost: F32
    history: F64
    stopped: Stopped


@dataclass(frozen=True, slots=True)
class Clustering:
    """A palette and how it was found.

    Attributes:
        palette: uint8 (k_used, C), distinct entries in a stable order.
        history: float64 (iterations + 1,), loss a pixel of each accepted iterate of the last
            descent on all colours.
        stopped: why that descent ended.
    """

    palette: U8
    history: F64
    stopped: Stopped


@dataclass(frozen=True, slots=True)
class Indexed:
    """What a writer writes.

    Attributes:
        indices: uint8 (F, H, W).
        palette: uint8 (k_used, 4), straight alpha.
        meta: what must survive.
    """

    indices: U8
    palette: U8
    meta: Meta = field(default_factory=Meta)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An indexed picture and its errors against the loaded one, a pixel.

    Attributes:
        indexed: the picture.
        loss: the strategy's, in its space.
        sse, sad: squared and absolute error summed over the channels of sRGB, premultiplied where
            there is alpha.
        counts: int64 (k_used,), pixels of each entry.
    """

    indexed: Indexed
    loss: float
    sse: float
    sad: float
    counts: I64
