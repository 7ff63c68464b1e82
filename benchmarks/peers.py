"""The tools that are compared. Each takes an RGB array and returns a palette and indices.

What a tool needs is imported in its first, untimed call.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbatch.data import U8

    Result = tuple[U8, U8]

BASELINE = "libimagequant"


def _as_it_is(pixels: U8) -> Any:
    return pixels


@dataclass(frozen=True)
class Tool:
    """One way to a palette.

    Attributes:
        name: what it is called in tables and on the command line.
        module: what must be importable.
        run: from what `prepare` made and k to a palette, uint8 (k, 3), and indices, uint8 (H, W).
        prepare: from uint8 (H, W, 3) pixels to what `run` takes; its time is not counted.
    """

    name: str
    module: str
    run: Callable[[Any, int], Result]
    prepare: Callable[[U8], Any] = _as_it_is


def kbatch(strategy: str) -> Callable[[U8, int], Result]:
    """Returns ours with one strategy, at its defaults."""

    def run(pixels: U8, k: int) -> Result:
        from kbatch import quantize

        result = quantize(pixels, k, strategy)
        return result.palette[:, :3], result.indices

    return run


def rgba_bytes(pixels: U8) -> tuple[bytes, int, int]:
    """Returns the bytes, width and height that libimagequant takes."""
    import numpy as np

    height, width = pixels.shape[:2]
    opaque = np.full((height, width, 1), 255, np.uint8)
    return np.concatenate([pixels, opaque], axis=2).tobytes(), width, height


def libimagequant(prepared: tuple[bytes, int, int], k: int) -> Result:
    """Runs pngquant's library at its defaults, without dithering."""
    import imagequant
    import numpy as np

    data, width, height = prepared
    indices, palette = imagequant.quantize_raw_rgba_bytes(
        data, width, height, dithering_level=0.0, max_colors=k
    )
    entries = np.array(palette, np.uint8).reshape(-1, 4)[:, :3]
    return entries, np.frombuffer(indices, np.uint8).reshape(height, width)


def sklearn(name: str, **arguments: int) -> Callable[[U8, int], Result]:
    """Returns an estimator of scikit-learn on all pixels, otherwise at its defaults.

    Args:
        name: of a class in `sklearn.cluster`.
        arguments: of its constructor.
    """

    def run(pixels: U8, k: int) -> Result:
        import numpy as np

        estimator = getattr(importlib.import_module("sklearn.cluster"), name)
        fitted = estimator(k, random_state=0, **arguments).fit(pixels.reshape(-1, 3))
        palette = np.clip(np.rint(fitted.cluster_centers_), 0, 255).astype(np.uint8)
        return palette, fitted.labels_.astype(np.uint8).reshape(pixels.shape[:2])

    return run


def pillow(method: str) -> Callable[[U8, int], Result]:
    """Returns a method of `Image.quantize`, without dithering.

    Args:
        method: a member of `Image.Quantize`.
    """

    def run(pixels: U8, k: int) -> Result:
        import numpy as np
        from PIL import Image

        image = Image.fromarray(pixels).quantize(
            k, method=Image.Quantize[method], dither=Image.Dither.NONE
        )
        palette = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        return palette, np.asarray(image)

    return run


TOOLS = (
    Tool("kbatch-l2", "kbatch", kbatch("l2")),
    Tool("kbatch-l1", "kbatch", kbatch("l1")),
    Tool(BASELINE, "imagequant", libimagequant, rgba_bytes),
    Tool("sklearn-kmeans", "sklearn", sklearn("KMeans", n_init=1)),
    Tool("sklearn-minibatch", "sklearn", sklearn("MiniBatchKMeans")),
    Tool("pillow-mediancut", "PIL", pillow("MEDIANCUT")),
    Tool("pillow-fastoctree", "PIL", pillow("FASTOCTREE")),
)
DISTRIBUTIONS = ("kbatch-image", "numpy", "numba", "imagequant", "scikit-learn", "pillow")


def installed(tools: Iterable[Tool]) -> tuple[list[Tool], list[str]]:
    """Returns the tools that can be measured, and why each of the others is skipped."""
    usable, skipped = [], []
    for tool in tools:
        try:
            importlib.import_module(tool.module)
        except ImportError as error:
            skipped.append(f"{tool.name} is skipped: {error}")
        else:
            usable.append(tool)
    return usable, skipped
