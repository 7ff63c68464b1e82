"""The tools that are compared. Each takes an RGB array and returns a palette and indices.

What a tool needs is imported in its first, untimed call.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kbatch.data import U8

    Effort = Literal["fast", "balanced", "thorough"]
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
        about: how it is called, for the page.
    """

    name: str
    module: str
    run: Callable[[Any, int], Result]
    prepare: Callable[[U8], Any] = _as_it_is
    about: str = ""


def kbatch(strategy: str, effort: Effort = "balanced") -> Callable[[U8, int], Result]:
    """Returns ours with one strategy and effort, otherwise at its defaults."""

    def run(pixels: U8, k: int) -> Result:
        from kbatch import quantize

        result = quantize(pixels, k, strategy, effort=effort)
        return result.palette[:, :3], result.indices

    return run


def rgba_bytes(pixels: U8) -> tuple[bytes, int, int]:
    """Returns the bytes, width and height that libimagequant takes of RGB or RGBA pixels."""
    import numpy as np

    height, width, channels = pixels.shape
    opaque = np.full((height, width, 4 - channels), 255, np.uint8)
    return np.concatenate([pixels, opaque], axis=2).tobytes(), width, height


def libimagequant(prepared: tuple[bytes, int, int], k: int, dithering: float = 0.0) -> Result:
    """Runs pngquant's library at its defaults, without dithering or with so much of it."""
    entries, indices = libimagequant_rgba(prepared, k, dithering)
    return entries[:, :3], indices


def libimagequant_rgba(prepared: tuple[bytes, int, int], k: int, dithering: float = 0.0) -> Result:
    """Runs it likewise and returns entries with alpha, uint8 (k, 4)."""
    import imagequant
    import numpy as np

    data, width, height = prepared
    indices, palette = imagequant.quantize_raw_rgba_bytes(
        data, width, height, dithering_level=dithering, max_colors=k
    )
    entries = np.array(palette, np.uint8).reshape(-1, 4)
    return entries, np.frombuffer(indices, np.uint8).reshape(height, width)


def sklearn(name: str, **arguments: int) -> Callable[[U8, int], Result]:
    """Returns an estimator of scikit-learn on all pixels, otherwise at its defaults.

    Args:
        name: of a class in `sklearn.cluster`.
        arguments: of its constructor.
    """

    def run(pixels: U8, k: int) -> Result:
        estimator = getattr(importlib.import_module("sklearn.cluster"), name)
        fitted = estimator(k, random_state=0, **arguments).fit(pixels.reshape(-1, 3))
        return _rounded(fitted.cluster_centers_), _as_indices(fitted.labels_, pixels)

    return run


def opencv(pixels: U8, k: int) -> Result:
    """Runs `cv2.kmeans`; it has no default criteria, these are its tutorial's: 10 steps, eps 1."""
    import cv2

    cv2.setNumThreads(1)
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    no_labels: Any = None
    _, labels, centers = cv2.kmeans(
        _points(pixels), k, no_labels, criteria, 1, cv2.KMEANS_PP_CENTERS
    )
    return _rounded(centers), _as_indices(labels, pixels)


def faiss(pixels: U8, k: int) -> Result:
    """Runs `faiss.Kmeans` at its defaults, which learn from 256 points a centroid, and a search."""
    import faiss

    faiss.omp_set_num_threads(1)
    points = _points(pixels)
    clustering = faiss.Kmeans(3, k)
    clustering.train(points)
    _, labels = clustering.index.search(points, 1)
    return _rounded(clustering.centroids), _as_indices(labels, pixels)


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


def _points(pixels: U8) -> NDArray[np.float32]:
    import numpy as np

    return pixels.reshape(-1, 3).astype(np.float32)


def _rounded(centers: Any) -> U8:
    import numpy as np

    palette: U8 = np.clip(np.rint(centers), 0, 255).astype(np.uint8)
    return palette


def _as_indices(labels: Any, pixels: U8) -> U8:
    indices: U8 = labels.astype("u1").reshape(pixels.shape[:2])
    return indices


TOOLS = (
    Tool(
        *("kbatch-l2-fast", "kbatch", kbatch("l2", "fast")),
        about="`kbatch.quantize(pixels, k, effort='fast')`: K-Means",
    ),
    Tool(
        *("kbatch-l2", "kbatch", kbatch("l2")),
        about="`kbatch.quantize(pixels, k)`: K-Means at the default effort, `balanced`",
    ),
    Tool(
        *("kbatch-l2-thorough", "kbatch", kbatch("l2", "thorough")),
        about="`kbatch.quantize(pixels, k, effort='thorough')`: K-Means",
    ),
    Tool(
        *("kbatch-l1", "kbatch", kbatch("l1")),
        about="`kbatch.quantize(pixels, k, 'l1')`: K-Medians, which seeks the least SAD",
    ),
    Tool(
        *(BASELINE, "imagequant", libimagequant, rgba_bytes),
        about="`imagequant.quantize_raw_rgba_bytes`: pngquant's library, without dithering; "
        "its RGBA bytes are made outside the timed part, in its favour",
    ),
    Tool(
        *("sklearn-kmeans", "sklearn", sklearn("KMeans", n_init=1)),
        about="`KMeans(k, n_init=1)` on all pixels",
    ),
    Tool(
        *("sklearn-minibatch", "sklearn", sklearn("MiniBatchKMeans")),
        about="`MiniBatchKMeans(k)` on all pixels",
    ),
    Tool(
        *("opencv-kmeans", "cv2", opencv),
        about="`cv2.kmeans` on all pixels, one attempt, KMEANS_PP_CENTERS; it has no default "
        "criteria, so those of its tutorial: 10 iterations, epsilon 1",
    ),
    Tool(
        *("faiss-kmeans", "faiss", faiss),
        about="`faiss.Kmeans(3, k)`, then a search for the labels; by default it learns from a "
        "sample of 256 pixels a centroid",
    ),
    Tool(
        *("pillow-mediancut", "PIL", pillow("MEDIANCUT")),
        about="`Image.quantize(k, MEDIANCUT, dither=NONE)`",
    ),
    Tool(
        *("pillow-fastoctree", "PIL", pillow("FASTOCTREE")),
        about="`Image.quantize(k, FASTOCTREE, dither=NONE)`",
    ),
)
DISTRIBUTIONS = (
    "kbatch-image",
    "numpy",
    "numba",
    "imagequant",
    "scikit-learn",
    "opencv-python-headless",
    "faiss-cpu",
    "pillow",
)


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
