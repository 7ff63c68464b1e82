"""Animations from and to each format that plays: frames, times and loops are the source's."""

from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence
from program import job, kbatch, rows

pytestmark = pytest.mark.usefixtures("kernels")

Pixels = np.ndarray[Any, np.dtype[Any]]

KINDS = ("gif", "png", "webp")
PAIRS = [(source, made) for source in KINDS for made in KINDS]
TIMES = [50, 120, 400, 80, 1000]
PLAYS = 3
SHOWN = 5  # frames


def frames(colors: int) -> Pixels:
    """Returns a square that walks over a still ground and leaves a hole: uint8 (F, H, W, 4)."""
    y, x = np.mgrid[:30, :40]
    palette = np.random.default_rng(5).integers(40, 256, (colors, 3), np.uint8)
    ground = np.dstack([palette[(x // 4 + y // 3) % colors], np.full(x.shape, 255, np.uint8)])
    made = np.stack([ground] * SHOWN)
    for place, frame in enumerate(made):
        frame[5:15, 6 * place : 6 * place + 8] = [255, 0, 0, 255]
    made[:, 28:, :3] = 0  # so that Pillow writes a transparent entry into each frame of a GIF
    made[1:4, 20:26, 10:20] = 0
    return made


def indexed(shown: Pixels) -> list[Image.Image]:
    """Returns frames with one palette, whose first entry is transparent."""
    listed, indices = np.unique(shown.reshape(-1, 4), axis=0, return_inverse=True)
    assert not listed[0].any()
    images = [Image.fromarray(each) for each in indices.reshape(shown.shape[:3]).astype(np.uint8)]
    for image in images:
        image.putpalette(listed[:, :3].tobytes())
    return images


def saved(shown: Pixels, kind: str) -> bytes:
    """Returns an animation of which the frames after the first are stored in parts."""
    stream = io.BytesIO()
    images = [Image.fromarray(frame) for frame in shown]
    if kind == "gif":
        images = indexed(shown)
    options: dict[str, Any] = {
        "gif": {"disposal": 2, "transparency": 0, "loop": PLAYS - 1},  # times that it is repeated
        "png": {"disposal": 1, "blend": 0, "loop": PLAYS},
        "webp": {"lossless": True, "exact": True, "loop": PLAYS},
    }[kind]
    save = images[0].save
    save(stream, kind, save_all=True, append_images=images[1:], duration=TIMES, **options)
    return stream.getvalue()


def composed(path: Path) -> Pixels:
    """Returns the frames as Pillow plays them, clear pixels without colour."""
    with Image.open(path) as image:
        played = [np.asarray(one.convert("RGBA")) for one in ImageSequence.Iterator(image)]
    found = np.stack(played)
    found[found[..., 3] == 0] = 0
    return found


def times_and_plays(path: Path) -> tuple[list[float], int | None]:
    with Image.open(path) as image:
        # a frame must be loaded before a WebP tells its time
        told = [f.info["duration"] for f in ImageSequence.Iterator(image) if f.load() is not None]
        loop = image.info.get("loop")
    return told, loop + 1 if path.suffix == ".gif" and loop else loop


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a job makes of animations of few and of many colours in each format."""
    folder = tmp_path_factory.mktemp("played")
    (folder / "pictures").mkdir()
    for kind in KINDS:
        (folder / "pictures" / f"few_{kind}.{kind}").write_bytes(saved(frames(9), kind))
        (folder / "pictures" / f"many_{kind}.{kind}").write_bytes(saved(frames(90), kind))
    job(folder, f"k: 12\nwriter: [{', '.join(KINDS)}]\nname: '{{stem}}_{{writer}}'\n")
    ended = kbatch("run", "job.yaml", cwd=folder)
    assert ended.code == 0, ended.stderr
    assert "warning" not in ended.stderr
    return folder


def out(played: Path, colors: str, source: str, made: str) -> Path:
    return played / "out" / f"{colors}_{source}_{made}.{made}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_sources_are_what_they_should_be(played: Path, kind: str) -> None:
    source = played / "pictures" / f"few_{kind}.{kind}"
    assert np.array_equal(composed(source), frames(9))
    assert times_and_plays(source) == (TIMES, PLAYS)


@pytest.mark.parametrize(("source", "made"), PAIRS)
def test_few_colours_play_as_their_source_does(played: Path, source: str, made: str) -> None:
    path = out(played, "few", source, made)
    assert np.array_equal(composed(path), frames(9))
    assert times_and_plays(path) == (TIMES, PLAYS)


@pytest.mark.parametrize(("source", "made"), PAIRS)
def test_many_colours_play_near_their_source(played: Path, source: str, made: str) -> None:
    path = out(played, "many", source, made)
    found, expected = composed(path), composed(played / "pictures" / f"many_{source}.{source}")
    assert times_and_plays(path) == (TIMES, PLAYS)
    assert np.array_equal(found[..., 3], expected[..., 3])
    assert np.array_equal(found, composed(out(played, "many", source, "png")))
    off = found[..., :3].astype(float) - expected[..., :3]
    row = next(r for r in rows(played / "out") if r["output"] == path.name)
    assert (off**2).sum(axis=3).mean() == pytest.approx(float(row["sse"]))


@pytest.mark.skipif(find_spec("pyvips") is None, reason="needs pyvips")
@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("made", ["gif", "webp"])
def test_another_player_shows_the_same(played: Path, source: str, made: str) -> None:
    import pyvips

    image = pyvips.Image.new_from_file(str(out(played, "few", source, made)), n=-1)
    found = image.numpy().reshape(SHOWN, 30, 40, 4).copy()
    found[found[..., 3] == 0] = 0
    assert np.array_equal(found, frames(9))
    assert image.get("delay") == TIMES
    assert image.get("loop") == PLAYS
