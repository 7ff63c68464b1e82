"""Kernels are compiled once a machine; a cache that is damaged or can't be written stops nobody."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kbatch.core import collect
from kbatch.core.kernels import jit
from kbatch.testing import check_strategy, random_picture

SCRIPT = """
import importlib, json, logging, sys
logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", level="INFO")
import numpy as np
from kbatch.core import collect, prepare
from kbatch.core.kernels import jit
from kbatch.data import Picture
jit.MODULES = tuple(sys.argv[1:]) or jit.MODULES
prepare()
assert collect(Picture(np.zeros((1, 4, 4, 3), np.uint8))).count.tolist() == [16]
found = {}
for name in jit.MODULES:
    module = importlib.import_module(f"kbatch.core.kernels.{name}")
    for kernel in vars(module).values():
        if getattr(kernel, "wanted", ()):
            hits, misses = kernel.stats.cache_hits, kernel.stats.cache_misses
            counts = sum(hits.values()), sum(misses.values()), len(kernel.signatures)
            found[f"{name}.{kernel.__name__}"] = counts
print(json.dumps(found))
"""

ORDERED = """
import json, logging, sys, threading
logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", level="INFO")
from kbatch.core import prepare
from kbatch.core.kernels import ordered
threads = [threading.Thread(target=prepare, args=["ordered"]) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
hits, misses = ordered.paint.stats.cache_hits, ordered.paint.stats.cache_misses
counts = sum(hits.values()), sum(misses.values()), len(ordered.paint.signatures)
print(json.dumps({"ordered.paint": counts}))
"""

HIT = [1, 0, 1]

BOTH = """
import numpy as np
from kbatch.core import assign_nearest, prepare
from kbatch.data import Points
prepare()
points = Points(np.asfortranarray([[3, 0, 0]], np.float32), np.ones(1))
for squared in (True, False):
    print(assign_nearest(points, np.zeros((1, 3), np.float32), squared=squared)[1][0])
"""


DIMENSIONS = """
import json, sys
import numpy as np
from kbatch.core import assign_nearest, prepare
from kbatch.data import Points
prepare()
found = []
for d in map(int, sys.argv[1:]):
    far = np.eye(1, d, d - 1, dtype=np.float32)  # only its last channel is not 0
    points = Points(np.asfortranarray(3 * far), np.ones(1))
    centers = np.vstack([far, 0 * far])
    for squared in (True, False):
        labels, cost = assign_nearest(points, centers, squared=squared)
        found.append([int(labels[0]), float(cost[0])])
print(json.dumps(found))
"""


def run(cache: Path, *modules: str, script: str = SCRIPT) -> tuple[Any, str]:
    """Prepares kernels in a process of their own; returns what it prints, and the log."""
    done = subprocess.run(
        [sys.executable, "-c", script, *modules],
        env=os.environ | {"KBATCH_CACHE_DIR": str(cache)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def damaged(cache: Path, copy: Path) -> Path:
    """Copies a cache with files that are not whole; returns its folder."""
    if copy != cache:
        shutil.copytree(cache, copy, dirs_exist_ok=True)
    (folder,) = copy.iterdir()
    for file in folder.rglob("*.nbc"):
        file.write_bytes(file.read_bytes()[:100])
    return folder


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A cache of all kernels, and what was said while it was filled."""
    cache = tmp_path_factory.mktemp("cache")
    _, said = run(cache)
    return cache, said


def test_kernels_are_compiled_once(filled: tuple[Path, str]) -> None:
    cache, said = filled
    assert "compiling the kernels for this machine, once" in said
    assert "WARNING" not in said
    counts, said = run(cache)
    assert said == ""
    assert {name.partition(".")[0] for name in counts} == set(jit.MODULES)
    assert all(count == HIT for count in counts.values()), counts


def test_what_two_processes_compiled_is_never_mixed_up_in_a_third(
    filled: tuple[Path, str], tmp_path: Path
) -> None:
    """Loops of one factory once had one name, and one was called for the other."""
    cache = tmp_path / "cache"
    shutil.copytree(filled[0], cache)
    expected = [[0, 4.0], [0, 2.0]]
    for dimensions in (["4"], ["3", "4"], ["4", "3"]):  # the first compiles, the others load
        found, _ = run(cache, *dimensions, script=DIMENSIONS)
        assert found == expected * len(dimensions)


def test_kernels_of_a_factory_have_names_of_their_own() -> None:
    folder = Path(jit.__file__).parent
    names = [file.stem for file in folder.glob("*.py") if file.stem not in ("__init__", "jit")]
    modules = [importlib.import_module(f"{jit.__package__}.{name}") for name in names]
    found = {
        kernel: (kernel.py_func.__module__, kernel.py_func.__qualname__)
        for module in modules
        for kernel in vars(module).values()
        if hasattr(kernel, "py_func")
    }
    assert len(found) > len(modules)
    assert len(set(found.values())) == len(found)
    assert not any("<locals>" in name for _, name in found.values())


def test_what_two_processes_fill_at_once_is_never_one_file(filled: tuple[Path, str]) -> None:
    """Two loops of one factory once shared an index, and one was loaded for the other."""
    (folder,) = filled[0].iterdir()
    for index in folder.rglob("*.nbi"):
        assert index.relative_to(folder).parts[0] in jit.MODULES
        assert len(list(index.parent.glob(f"{index.stem}.*.nbc"))) == 1
    assert {index.relative_to(folder).parts[0] for index in folder.rglob("*.nbi")} == {*jit.MODULES}
    done = subprocess.run(
        [sys.executable, "-c", BOTH],
        env=os.environ | {"KBATCH_CACHE_DIR": str(filled[0])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["9.0", "3.0"]


def test_a_damaged_cache_is_mended(filled: tuple[Path, str], tmp_path: Path) -> None:
    damaged(filled[0], tmp_path)
    counts, said = run(tmp_path, "histogram")
    assert "WARNING the kernels kept in" in said
    assert "damaged" in said
    assert all(hits == 0 for hits, _, _ in counts.values())
    counts, said = run(tmp_path, "histogram")
    assert "WARNING" not in said
    assert all(count == HIT for count in counts.values()), counts


def test_a_cache_that_was_damaged_while_it_was_filled_is_mended(
    filled: tuple[Path, str], tmp_path: Path
) -> None:
    """The disk was full, or the power failed: no stamp, and files that are not whole."""
    for stamp in damaged(filled[0], tmp_path).rglob(jit.STAMP):
        stamp.unlink()
    run(tmp_path, "histogram")
    counts, said = run(tmp_path, "histogram")
    assert "WARNING" not in said
    assert all(count == HIT for count in counts.values()), counts


def test_a_place_that_cant_be_written_is_done_without(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a folder")
    counts, said = run(occupied / "below", "histogram")
    assert "WARNING compiling the kernels for this run only" in said
    assert "KBATCH_CACHE_DIR" in said
    assert all(hits == 0 for hits, _, _ in counts.values())


def test_kernels_that_few_need_are_compiled_when_they_are_asked_for(tmp_path: Path) -> None:
    counts, said = run(tmp_path, script=ORDERED)
    assert said.count("compiling the kernels for this machine, once, those for ordered") == 1
    assert counts == {"ordered.paint": [0, 1, 1]}
    (folder,) = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == ["ordered"]
    assert run(tmp_path, script=ORDERED) == ({"ordered.paint": HIT}, "")
    damaged(tmp_path, tmp_path)
    counts, said = run(tmp_path, script=ORDERED)
    assert said.count("WARNING the kernels kept in") == 1
    assert counts == {"ordered.paint": [0, 1, 1]}
    run(tmp_path, script=ORDERED)  # puts the stamp there
    assert run(tmp_path, script=ORDERED) == ({"ordered.paint": HIT}, "")


def test_what_few_need_is_no_part_of_the_engine(filled: tuple[Path, str]) -> None:
    (folder,) = filled[0].iterdir()
    assert {path.name for path in folder.iterdir()} == {*jit.MODULES}


def test_processes_that_compile_the_same_at_once_do_no_harm(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _: run(tmp_path, script=ORDERED), range(2)))
    assert [counts["ordered.paint"][2] for counts, _ in ended] == [1, 1]
    assert run(tmp_path, script=ORDERED) == ({"ordered.paint": HIT}, "")


def test_a_changed_kernel_gets_another_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KBATCH_CACHE_DIR", str(tmp_path))
    source = tmp_path / "kernels"
    source.mkdir()
    monkeypatch.setattr(jit, "__file__", str(source / "jit.py"))
    (source / "jit.py").write_text("a")
    first = jit.cache_folder()
    assert first.parent == tmp_path
    assert jit.cache_folder() == first
    (source / "callee.py").write_text("b")
    second = jit.cache_folder()
    (source / "callee.py").write_text("c")
    assert len({first, second, jit.cache_folder()}) == 3
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    assert jit.cache_folder() not in (first, second)


@pytest.mark.usefixtures("kernels")
def test_nothing_is_compiled_for_a_second_type(registry: Any) -> None:
    """All that the engine does fits the signatures that were compiled beforehand."""
    from kbatch.core import Placed, assign_nearest, cluster
    from kbatch.pipeline import Parts, render
    from kbatch.variants import EFFORTS

    modules = [importlib.import_module(f"{jit.__package__}.{name}") for name in jit.MODULES]
    kernels = [k for module in modules for k in vars(module).values() if getattr(k, "wanted", ())]
    before = [len(kernel.signatures) for kernel in kernels]
    assert len(before) > len(modules)
    assert all(before)
    searches = [*EFFORTS.values(), replace(EFFORTS["fast"], coarse=100)]
    rgb, none = registry.build("space", "rgb"), registry.build("dither", "none")
    png = registry.build("writer", "png")
    for channels in (3, 4):
        made = random_picture(np.random.default_rng(0), 30, 30, channels=channels)
        made.pixels.flags.writeable = False
        placed = Placed(collect(made), rgb)
        for name in ("l1", "l2"):
            strategy = registry.build("strategy", name)
            for init in ("random", "kmeans++", "split"):
                start = registry.build("init", init)
                for search in searches:
                    found = cluster(placed, 16, strategy, start, search=search, seed=0)
            render(made, placed, found.palette, Parts(strategy, start, rgb, none, png))
            check_strategy(strategy)
        assign_nearest(placed.points, np.ones((3, channels), np.float32), squared=True)
    assert [len(kernel.signatures) for kernel in kernels] == before
