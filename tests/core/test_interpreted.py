"""The kernels do what their Python says: the same results with and without compiling.

Compiled code reports no coverage. This does, of every kernel:
NUMBA_DISABLE_JIT=1 coverage run --source=kbatch/core/kernels -m pytest -n 0 -m slow <this file>
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kbatch import quantize
from kbatch.core import collect, descend_means, difference, luma, points, similarity
from kbatch.data import Picture, Points, Stop
from kbatch.registry import discover
from kbatch.testing import random_picture

if TYPE_CHECKING:
    from kbatch.data import U8

ROOT, HERE = Path(__file__).parents[2], Path(__file__).parent
CASES = (
    (1, "split", "balanced"),
    (5, "split", "balanced"),
    (20, "kmeans++", "plain"),
    (30, "random", "balanced"),
)


def results() -> list[list[object]]:
    """Returns results on small pictures that reach every line of the kernels."""
    found: list[list[object]] = []
    for channels in (3, 4):
        rng = np.random.default_rng(channels)
        pixels = random_picture(rng, 15, 20, channels=channels, levels=12).pixels[0]
        for strategy in ("l2", "l1"):
            for k, init, effort in CASES:
                found.append(result(pixels, k, strategy, init, effort))
    pixels[..., 3] = pixels[..., 3] // 128 * 255
    found.append(result(pixels, 5, "l1", "split", "fast"))  # premultiplied, and whole numbers still
    dense = np.stack(np.unravel_index(np.arange(2600), (8, 8, 41)), axis=1)
    alone = np.repeat(np.arange(64, 256, 16)[:, None], 3, axis=1)
    many: U8 = np.vstack([dense, alone])[None].astype(np.uint8)
    found.append(result(many, 3, "l2", "split", "fast"))  # a coarse set, cells of several blocks
    whole = points(collect(Picture(many[None])), discover().build("space", "rgb"))
    few = Points(whole.x[:2], np.ones(2))
    for some in (whole, few):  # centers without points, and more centers than points
        empty = descend_means(some, np.repeat(whole.x[:2], 3, axis=0), 0, Stop(3, 0.0))
        found.append([empty.centers.tolist(), empty.labels.tolist(), empty.history.tolist()])
    rng, plane = np.random.default_rng(0), np.sin(np.arange(300.0)).reshape(15, 20)
    noise = rng.integers(0, 256, (15, 20, 3)).astype(np.uint8)
    indices = (plane > 0).astype(np.uint8)
    found.append(list(difference(noise, indices, noise[0, :2])))
    planes = luma(noise, indices, noise[0, :2])
    found.append([planes.tolist(), *similarity(planes[0], planes[1])])
    return found


def result(pixels: Any, k: int, strategy: str, init: str, effort: Any) -> list[object]:
    made = quantize(pixels, k, strategy, init=init, effort=effort)
    return [made.palette.tolist(), made.indices.tolist(), made.clustering.history.tolist()]


@pytest.mark.slow
def test_results_are_the_same_interpreted() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "overflow encountered", RuntimeWarning
        )  # meant: mod 2**64
        here = results()
    other = "0" if os.environ.get("NUMBA_DISABLE_JIT") == "1" else "1"
    env = {
        **os.environ,
        "NUMBA_DISABLE_JIT": other,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)]),
    }
    code = "import json, test_interpreted as t; print(json.dumps(t.results()))"
    command = [sys.executable, "-W", "ignore:overflow", "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, check=True)
    assert json.loads(done.stdout) == here
