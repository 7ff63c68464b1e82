"""kbatch as a library: `import kbatch` and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from program import CHEBYSHEV, job, picture, pictures_in, pixels, python

import kbatch
from kbatch import plan

pytestmark = pytest.mark.usefixtures("kernels")


def array(kind: str, channels: int) -> Any:
    """Returns a picture as an array of a dtype; the same picture for each."""
    rgb = pixels(6)
    shape = {1: rgb[..., 0], 3: rgb, 4: np.dstack([rgb, np.full((32, 48), 255, np.uint8)])}
    values = shape[channels]
    if kind == "uint16":
        return values.astype(np.uint16) * 257
    if kind.startswith("float"):
        return values.astype(kind) / np.asarray(255, kind)
    return values


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_arrays_of_each_dtype_give_the_same_and_are_not_changed(channels: int) -> None:
    wanted = kbatch.quantize(array("uint8", channels), k=5)
    assert wanted.indices.shape == (32, 48)
    assert wanted.palette.shape == (5, 4)
    assert wanted.indices.dtype == wanted.palette.dtype == np.uint8
    assert wanted.indices.max() == 4
    for kind in ("uint8", "uint16", "float32", "float64"):
        given = array(kind, channels)
        before = given.copy()
        given.setflags(write=False)
        made = kbatch.quantize(given, k=5)
        assert np.array_equal(given, before)
        assert np.array_equal(made.indices, wanted.indices)
        assert np.array_equal(made.palette, wanted.palette)


def test_views_and_masks_are_pictures_too() -> None:
    rgb = pixels(6)
    turned = kbatch.quantize(rgb[::-1, :, ::-1].swapaxes(0, 1), k=5)
    assert turned.indices.shape == (48, 32)
    assert kbatch.quantize(rgb[..., 0] > 128, k=5).palette.tolist() in (
        [[0, 0, 0, 255], [255, 255, 255, 255]],
        [[255, 255, 255, 255], [0, 0, 0, 255]],
    )


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (np.zeros((4, 4, 2), np.uint8), ValueError),
        (np.zeros((0, 4, 3), np.uint8), ValueError),
        (np.full((4, 4, 3), 7.0), ValueError),
        (np.full((4, 4, 3), np.nan), ValueError),
        (np.zeros((4, 4, 3), np.int64), TypeError),
        ([[1, 2], [3, 4]], TypeError),
        (None, TypeError),
        (b"no picture", kbatch.PictureError),
        ("missing.png", kbatch.PictureError),
    ],
    ids=str,
)
def test_what_is_no_picture_raises_what_is_promised(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        kbatch.quantize(given)


def test_paths_bytes_and_images_give_the_same_as_their_array(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", 6)
    wanted = kbatch.quantize(pixels(6), k=7, strategy="l1").to_bytes()
    with Image.open(path) as image:
        before = image.tobytes()
        inputs: list[Any] = [path, str(path), path.read_bytes(), image]
        for given in inputs:
            assert kbatch.quantize(given, k=7, strategy="l1").to_bytes() == wanted
        assert image.tobytes() == before


def test_results_come_as_image_bytes_and_file(tmp_path: Path) -> None:
    made = kbatch.quantize(pixels(6), k=7)
    image = made.to_image()
    shown = made.palette[made.indices][..., :3]
    assert image.mode == "P"
    assert np.array_equal(np.asarray(image.convert("RGB")), shown)
    made.save(tmp_path / "deep" / "a.png")
    assert (tmp_path / "deep" / "a.png").read_bytes() == made.to_bytes()
    assert list(pictures_in(tmp_path)) == ["deep/a.png"]
    assert made.rendered.counts.sum() == 48 * 32
    error = shown.astype(float) - pixels(6)
    assert made.rendered.sse == pytest.approx((error**2).sum(axis=2).mean())
    assert "k_used 7" in repr(made)


@pytest.mark.parametrize(
    "arguments",
    [
        {"k": 0},
        {"k": 257},
        {"k": 2.5},
        {"k": [4, 8]},
        {"k": True},
        {"strategy": "l3"},
        {"strategy": {"name": "l2", "nonsense": 1}},
        {"effort": "enormous"},
        {"seed": -1},
        {"icc": "drop"},
    ],
    ids=str,
)
def test_arguments_that_cannot_be_are_a_job_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(kbatch.JobError, match=next(iter(arguments))):
        kbatch.quantize(pixels(6), **arguments)


def test_numbers_of_numpy_are_numbers() -> None:
    wanted = kbatch.quantize(pixels(6), k=4, seed=3).to_bytes()
    assert kbatch.quantize(pixels(6), k=np.int64(4), seed=np.uint8(3)).to_bytes() == wanted  # type: ignore[arg-type]


def test_components_take_options_as_a_mapping() -> None:
    rich = kbatch.quantize(pixels(6), init={"name": "kmeans++", "candidates": 8}, writer="png")
    assert len(rich.palette) == 16


def test_run_job_returns_records_in_plan_order(tmp_path: Path) -> None:
    for seed, name in enumerate(("b", "a", "c")):
        picture(tmp_path / "pictures" / f"{name}.png", seed)
    (tmp_path / "pictures" / "bad.png").touch()
    file = job(tmp_path, "k: [2, 4]\nworkers: 3\n")
    found = kbatch.run_job(file)
    assert all(isinstance(record, kbatch.Record) for record in found)
    names = ("a.png", "b.png", "bad.png", "c.png")
    wanted = [(name, f"K{k}_L2") for name in names for k in (2, 4)]
    assert [(record.picture, record.variant) for record in found] == wanted
    assert [r.status for r in found if r.picture == "bad.png"] == ["failed", "failed"]


def test_run_job_takes_a_mapping_a_plugin_and_another_output(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.png")
    keys = {"input": str(tmp_path / "pictures"), "output": "unused", "strategy": "chebyshev"}
    found = kbatch.run_job(keys, output=tmp_path / "out", plugins=[CHEBYSHEV], workers=1)
    assert [record.output for record in found] == ["a_K16_CHEBYSHEV.png"]
    assert list(pictures_in(tmp_path / "out")) == ["a_K16_CHEBYSHEV.png"]


def test_run_job_takes_a_job_as_observers_are_told_of_it(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.png")
    model = kbatch.Job(input=(str(tmp_path / "pictures"),), output=str(tmp_path / "out"), k=(4,))
    assert [record.output for record in kbatch.run_job(model)] == ["a_K4_L2.png"]
    init = {"name": "kmeans++", "candidates": 3}
    keys = {"input": tmp_path / "pictures", "output": tmp_path / "b", "init": init}
    complete = plan.make(keys)[0].job
    found = kbatch.run_job(complete)
    assert [record.init for record in found] == ["kmeans++"]
    assert plan.make(complete)[0].variants[0].init.options == {"candidates": 3}


def test_run_job_takes_paths_ranges_and_any_characters(tmp_path: Path) -> None:
    folder = tmp_path / "\U0001f99c \x85"
    picture(folder / "a.png")
    found = kbatch.run_job({"input": folder, "output": folder / "out", "k": range(2, 4)})
    assert [record.output for record in found] == ["a_K2_L2.png", "a_K3_L2.png"]
    assert list(pictures_in(folder / "out")) == ["a_K2_L2.png", "a_K3_L2.png"]


def test_what_no_job_can_hold_is_a_type_error_that_says_so() -> None:
    with pytest.raises(TypeError, match="can't hold a set"):
        kbatch.run_job({"input": "a", "output": "b", "k": {1}})


def test_run_job_raises_a_job_error_with_every_problem(tmp_path: Path) -> None:
    nonsense = {"input": str(tmp_path), "output": str(tmp_path / "out"), "k": 0, "strateg": "l1"}
    with pytest.raises(kbatch.JobError) as caught:
        kbatch.run_job(nonsense)
    assert [problem.split(": ")[1] for problem in caught.value.problems] == [
        "strateg",
        "k",
        "input",
    ]
    assert not (tmp_path / "out").exists()


def test_all_public_names_are_there_and_errors_are_of_one_family() -> None:
    assert all(getattr(kbatch, name) for name in kbatch.__all__)
    assert dir(kbatch) == sorted(kbatch.__all__)
    family = (kbatch.JobError, kbatch.PictureError, kbatch.PluginError)
    assert all(issubclass(error, kbatch.KbatchError) for error in family)
    with pytest.raises(AttributeError):
        kbatch.nonsense  # noqa: B018


def test_import_kbatch_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, kbatch\n"
        "print([name for name in ('numpy', 'PIL', 'numba', 'rich', 'typer', 'pydantic', 'yaml')"
        " if name in sys.modules])"
    )
    assert python(code, tmp_path).out == "[]\n"


def test_the_library_writes_nothing_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path / "pictures" / "a.png")
    kbatch.run_job(job(tmp_path, "k: 4\n"))
    kbatch.quantize(tmp_path / "pictures" / "a.png")
    assert capfd.readouterr() == ("", "")


def test_original_is_the_format_of_a_path_and_nothing_else_has_one(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.gif", 6)
    for given in (path, str(path)):
        made = kbatch.quantize(given, k=4, writer="original")
        assert made.to_bytes().startswith(b"GIF8")
        assert made.variant.suffix == ".gif"
    assert kbatch.quantize(path, k=4, writer="original").to_bytes() == (
        kbatch.quantize(path, k=4, writer="gif").to_bytes()
    )
    photo = picture(tmp_path / "a.jpg", 6)
    assert kbatch.quantize(photo, k=4, writer="original").to_bytes().startswith(b"\x89PNG")
    with Image.open(path) as image:
        for nameless in (path.read_bytes(), image, pixels(6)):
            with pytest.raises(kbatch.JobError, match="give a path, or name a writer"):
                kbatch.quantize(nameless, writer="original")


def test_quantize_takes_single_file_plugins() -> None:
    made = kbatch.quantize(pixels(6), k=4, strategy="chebyshev", plugins=[CHEBYSHEV])
    assert made.variant.label == "K4_CHEBYSHEV"
    with pytest.raises(kbatch.JobError, match="chebyshev"):
        kbatch.quantize(pixels(6), k=4, strategy="chebyshev")
    with pytest.raises(kbatch.PluginError, match=r"missing\.py"):
        kbatch.quantize(pixels(6), plugins=["missing.py"])
