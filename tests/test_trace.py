"""A film of the loop is honest: each frame is an iterate of the textbook loop."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from gradients import gradients
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kbatch import core, pipeline, request
from kbatch.data import Picture, Stop
from kbatch.errors import KbatchError
from kbatch.trace import FIRST, FRAME, LAST, trace
from kbatch.trace.drawing import CURVES, GAP, LINE, MARGIN, NARROWEST, STRIP, Panel, draw, sampled
from kbatch.trace.iterates import chosen, iterates, painted

if TYPE_CHECKING:
    from kbatch.stages import Strategy

KEYS = {"k": 6, "init": "random", "space": "rgb", "seed": 0}
PIXELS = gradients(48, 32)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def loop(**keys: Any) -> tuple[core.Placed, Any, pipeline.Parts]:
    variant, _, registry = request.resolve(request.written(KEYS | {"effort": "plain"} | keys))
    parts = pipeline.Parts.of(variant, registry)
    return core.Placed(core.collect(Picture(PIXELS[np.newaxis])), parts.space), variant, parts


# ---- iterates --------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["l2", "l1"])
@pytest.mark.parametrize("init", ["random", "kmeans++", "split"])
@pytest.mark.parametrize("space", ["rgb", "oklab"])
def test_the_iterates_are_those_of_effort_plain(strategy: str, init: str, space: str) -> None:
    placed, variant, parts = loop(strategy=strategy, init=init, space=space)
    found = iterates(placed, variant, parts)
    whole = pipeline.cluster(placed, variant, parts)
    assert found.losses == tuple(whole.history)
    assert len(found.centers) == len(found.losses) > 2
    assert whole.stopped == "labels"


def test_a_strategy_without_compiled_methods_is_filmed_too(chebyshev: Strategy) -> None:
    placed, variant, parts = loop(strategy="l1")
    parts = replace(parts, strategy=chebyshev)
    found = iterates(placed, variant, parts)
    whole = core.descend_plain(
        chebyshev, placed.points, found.centers[0], 0, Stop(variant.search.max_iterations, 0.0)
    )
    assert found.losses == tuple(whole.history)
    assert np.array_equal(found.centers[-1], whole.centers)


@pytest.mark.parametrize("strategy", ["l2", "l1"])
def test_each_iterate_is_the_plain_step_from_the_one_before(strategy: str) -> None:
    placed, variant, parts = loop(strategy=strategy)
    found = iterates(placed, variant, parts)
    x, weight = placed.points.x.astype(np.float64), placed.points.weight
    for at, (before, after) in enumerate(zip(found.centers, found.centers[1:], strict=False)):
        apart = np.abs(x[:, None] - before[None].astype(np.float64))
        distance = (apart**2 if strategy == "l2" else apart).sum(axis=2)
        nearest = distance.argmin(axis=1)
        loss = (weight * distance.min(axis=1)).sum() / weight.sum()
        assert found.losses[at] == pytest.approx(loss, rel=1e-5)
        for index in np.unique(nearest):
            mine = nearest == index
            if strategy == "l2":
                middle = np.average(x[mine], axis=0, weights=weight[mine])
            else:
                spread = np.repeat(x[mine], weight[mine].astype(int), axis=0)
                middle = np.sort(spread, axis=0)[(len(spread) - 1) // 2]
            assert after[index] == pytest.approx(middle, abs=2e-2)


def test_what_is_painted_is_the_nearest_center_rounded() -> None:
    placed, variant, parts = loop()
    centers = iterates(placed, variant, parts).centers[1]
    palette, labels = painted(placed, parts, centers)
    apart = ((placed.points.x[:, None] - centers[None]) ** 2).sum(axis=2)
    assert np.array_equal(palette, np.rint(centers).astype(np.uint8))
    assert (apart[np.arange(len(labels)), labels] <= apart.min(axis=1) * (1 + 1e-5)).all()


@given(st.integers(1, 5000), st.integers(2, 100))
def test_frames_rise_from_the_start_to_the_end_with_the_first_ones_among_them(
    count: int, most: int
) -> None:
    places = chosen(count, most)
    assert len(places) == min(count, most)
    assert places == sorted(set(places))
    assert (places[0], places[-1]) == (0, count - 1)
    assert places[: most // 2] == list(range(min(count, most // 2)))


@given(st.integers(1, 300), st.integers(1, 300), st.integers(16, 200))
def test_the_pixels_drawn_are_the_pictures_own_and_no_more_than_wanted(
    height: int, width: int, longest: int
) -> None:
    rows, columns = sampled(height, width, longest)
    for places, size in ((rows, height), (columns, width)):
        assert 1 <= len(places) <= longest
        assert (np.diff(places) >= 0).all()
        assert 0 <= places[0] <= places[-1] < size
        assert len(places) % size == 0 or len(np.unique(places)) == len(places)


# ---- frames ----------------------------------------------------------------------------------


def panel(place: int, **more: Any) -> Panel:
    palette = np.array([[255, 0, 0], [0, 255, 0]], np.uint8)
    values: dict[str, Any] = {
        "title": "L2",
        "pixels": np.full((300, 300, 3), 77, np.uint8),
        "palette": palette,
        "losses": (9.0, 3.0, 1.0),
        "place": place,
        "curve": CURVES[0],
    }
    return Panel(**(values | more))


def test_a_frame_holds_the_picture_its_palette_and_the_loss_so_far() -> None:
    first, second, last = (draw([panel(place)]) for place in range(3))
    top = MARGIN + LINE
    assert (first[top : top + 300, MARGIN : MARGIN + 300] == 77).all()
    strip = first[top + 300 + GAP + STRIP // 2]
    assert (strip[MARGIN : MARGIN + 150] == (255, 0, 0)).all()
    assert (strip[MARGIN + 150 : MARGIN + 300] == (0, 255, 0)).all()
    curve = [int((frame == (0, 114, 178)).all(axis=2).sum()) for frame in (first, second, last)]
    assert 0 < curve[0] < curve[1] < curve[2]
    assert first.shape == second.shape == last.shape


def test_panels_stand_side_by_side_and_a_narrow_picture_in_the_middle() -> None:
    small = np.full((20, 30, 3), 77, np.uint8)
    frame = draw([panel(0, pixels=small), panel(1, pixels=small)])
    assert frame.shape[1] == 3 * MARGIN + 2 * NARROWEST
    columns = np.flatnonzero((frame == 77).all(axis=2).sum(axis=0) >= 20)
    left = MARGIN + (NARROWEST - 30) // 2
    assert list(columns) == [
        start + step for start in (left, left + MARGIN + NARROWEST) for step in range(30)
    ]


# ---- films -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gif", ".png", ".apng", ".webp"])
def test_a_film_has_a_frame_an_iterate_and_shows_each_for_its_time(
    photo: Path, suffix: str
) -> None:
    placed, variant, parts = loop()
    losses = iterates(placed, variant, parts).losses
    file, told = trace(photo, KEYS, ["l2"], photo.with_suffix(f".film{suffix}"))
    with Image.open(file) as film:
        assert getattr(film, "n_frames", 1) == len(losses)
        times = []
        for place in range(len(losses)):
            film.seek(place)
            film.load()
            times.append(film.info["duration"])
    assert times == [FIRST, *[FRAME] * (len(losses) - 2), LAST]
    last = len(losses) - 1
    assert f"L2: iteration {last} of {last}, loss {losses[-1]:,.2f} a pixel" in told


def test_a_film_of_few_colours_is_exact(photo: Path) -> None:
    file, _ = trace(photo, KEYS, ["l2"], photo.with_name("film.png"), frames=3)
    placed, variant, parts = loop()
    found = iterates(placed, variant, parts)
    inverse = placed.colors.inverse
    assert inverse is not None
    rows, columns = sampled(32, 48, 480)
    pixels = inverse.reshape(32, 48)[np.ix_(rows, columns)]
    with Image.open(file) as film:
        for place, at in enumerate(chosen(len(found.losses), 3)):
            palette, labels = painted(placed, parts, found.centers[at])
            film.seek(place)
            frame = np.asarray(film.convert("RGB"))[MARGIN + LINE :, MARGIN:]
            seen = frame[: len(rows), : len(columns)]
            assert np.array_equal(seen, palette[labels[pixels]])


def test_l1_stands_beside_l2_and_the_shorter_loop_waits(photo: Path) -> None:
    lengths = []
    for strategy in ("l1", "l2"):
        placed, variant, parts = loop(strategy=strategy)
        lengths.append(len(iterates(placed, variant, parts).losses))
    file, told = trace(photo, KEYS, ["l1", "l2"])
    assert file.name == "photo_K6_L1_L2_trace.gif"
    with Image.open(file) as film:
        assert getattr(film, "n_frames", 1) == max(lengths)
        assert film.width > 2 * 480
    for name, length in zip(("L1", "L2"), lengths, strict=True):
        assert f"{name}: iteration {length - 1} of {length - 1}" in told


def test_a_page_holds_every_frame_and_sends_no_request(tmp_path: Path) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)>&.png"
    Image.fromarray(PIXELS).save(hostile)
    file, _ = trace(hostile, KEYS, ["l1", "l2"], tmp_path / "film.html", frames=5)
    page = file.read_text(encoding="utf-8")
    assert "<img src=x" not in page
    title = "&lt;img src=x onerror=alert(1)&gt;&amp;.png: L1 beside L2, K 6"
    assert f"<title>{title}</title>" in page
    assert not re.search(r"https?:|//\w|url\(|@import|fetch|XMLHttp", _words(page))
    assert all(source.startswith("data:") for source in re.findall(r'(?:src|href)="([^"]*)', page))
    frames = json.loads(re.findall(r"const frames = (.*);", page)[0])
    assert len(frames) == 5
    assert frames[0][0].startswith("L1: iteration 0 of ")
    assert ". L2: iteration 0 of " in frames[0][0]
    assert f'max="{len(frames) - 1}"' in page
    for _, image in frames:
        with Image.open(io.BytesIO(base64.b64decode(image))) as png:
            assert png.format == "PNG"
            assert png.width > 2 * 480


def _words(page: str) -> str:
    return re.sub(r"[A-Za-z0-9+/=]{200,}", "", page)


def test_a_picture_with_alpha_is_filmed_on_white(tmp_path: Path) -> None:
    alpha = np.full((32, 48), 255, np.uint8)
    alpha[:, :24] = 0
    Image.fromarray(np.dstack([PIXELS, alpha])).save(tmp_path / "a.png")
    file, _ = trace(tmp_path / "a.png", KEYS, ["l2"], tmp_path / "film.png", frames=2)
    with Image.open(file) as film:
        film.seek(1)
        frame = np.asarray(film.convert("RGB"))
    clear = frame[MARGIN + LINE :, MARGIN:][:320, :240]  # ten pixels each; the entry is a mean
    assert clear.min() >= 250


# ---- mistakes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "strategies", "name", "words"),
    [
        ({}, ["l2"], "film.mp4", "give it one of .gif, .png, .apng, .webp, .html"),
        ({}, ["l3"], "film.gif", "unknown strategy 'l3'"),
        ({}, [""], "film.gif", "strategy"),
        ({"k": 0}, ["l2"], "film.gif", "k"),
        ({"k": 256}, ["l2"], "film.gif", "give a smaller -k"),
        ({"init": "nowhere"}, ["l2"], "film.gif", "nowhere"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(
    tmp_path: Path, keys: dict[str, Any], strategies: list[str], name: str, words: str
) -> None:
    few = Image.fromarray(PIXELS // 64 * 64)
    few.save(tmp_path / "a.png")
    with pytest.raises(KbatchError, match=re.escape(words)):
        trace(tmp_path / "a.png", KEYS | keys, strategies, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_film_that_is_there_is_replaced_only_when_forced(photo: Path) -> None:
    file, _ = trace(photo, KEYS, ["l2"], frames=2)
    before = file.read_bytes()
    with pytest.raises(KbatchError, match="--force"):
        trace(photo, KEYS, ["l2"], frames=3)
    assert file.read_bytes() == before
    trace(photo, KEYS, ["l2"], frames=3, force=True)
    assert file.read_bytes() != before
