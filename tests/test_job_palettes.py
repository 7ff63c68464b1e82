"""Palettes in jobs: read when the job is checked, each mistake at its place."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kbatch import plan
from kbatch.errors import JobError
from kbatch.job import Job, check, schema
from kbatch.job.document import parse
from kbatch.registry import Registry
from kbatch.variants import variants

HEAD = "input: a.png\noutput: out\n"
GPL = "GIMP Palette\n#\n255 0 0\tred\n0 0 0\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    pixels = np.array([[[0, 0, 255, 255], [1, 2, 3, 0], [0, 0, 255, 255], [9, 9, 9, 7]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "brand.gpl").write_text(GPL)
    return tmp_path


def checked(text: str, base: Path, registry: Registry) -> Job:
    return check(parse(HEAD + text, "job.yaml"), registry, base)


def problems(text: str, base: Path, registry: Registry) -> list[str]:
    with pytest.raises(JobError) as caught:
        checked(text, base, registry)
    assert all(len(problem.splitlines()) == 1 for problem in caught.value.problems)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("given", "colors"),
    [
        ("'#F00'", ["#ff0000"]),
        ("['#abc', '#12345678', '#aabbcc']", ["#aabbcc", "#12345678"]),
        ("brand.gpl", ["#ff0000", "#000000"]),
        ("a.png", ["#0000ff", "#00000000", "#09090907"]),
        (
            "['#000', brand.gpl, a.png]",
            ["#000000", "#ff0000", "#0000ff", "#00000000", "#09090907"],
        ),
        ("[]", []),
    ],
)
def test_palettes_become_colours(
    given: str, colors: list[str], base: Path, registry: Registry
) -> None:
    job = checked(f"fixed: {given}", base, registry)
    assert list(job.fixed) == colors
    (variant,) = variants(job, registry)
    assert len(variant.fixed) == len(colors)
    if colors:
        assert (job.order, variant.order) == ("luminance", "luminance")
    init = checked(f"init: {{name: palette, from: {given}}}", base, registry) if colors else None
    assert init is None or list(init.init[0].options["from"]) == colors


def test_a_job_holds_what_was_in_its_files(base: Path, registry: Registry) -> None:
    text = "fixed: brand.gpl\ninit: [{name: palette, from: brand.gpl}, split]\n"
    first = variants(checked(text, base, registry), registry)
    assert [variant.init.name for variant in first] == ["palette", "split"]
    (base / "brand.gpl").rename(base / "other.gpl")
    same = variants(checked(text.replace("brand", "other"), base, registry), registry)
    assert same == first
    (base / "other.gpl").write_text(GPL.replace("255 0 0", "254 0 0"))
    changed = variants(checked(text.replace("brand", "other"), base, registry), registry)
    assert changed[0].fixed != first[0].fixed
    assert changed[0].init != first[0].init


def test_one_list_may_stand_at_two_places(base: Path, registry: Registry) -> None:
    job = checked("fixed: &brand [brand.gpl]\ninit: {name: palette, from: *brand}", base, registry)
    assert (
        list(job.fixed) == job.init[0].options["from"] or job.fixed == job.init[0].options["from"]
    )


def test_labels_tell_palettes_to_start_from_apart(base: Path, registry: Registry) -> None:
    text = "init: [{name: palette, from: '#f00'}, {name: palette, from: a.png}, split]"
    labels = [variant.label for variant in variants(checked(text, base, registry), registry)]
    assert len(set(labels)) == 3
    assert labels[0].startswith("K16_L2_palette_from")
    assert labels[2] == "K16_L2_split"


MISTAKES = {
    "fixed: '#12'": "3:8: fixed: expected a colour as #rgb, #rgba, #rrggbb or #rrggbbaa, got '#12'",
    "fixed:\n  - #fff": "fixed: expected a colour in quotes such as",
    "fixed: ['#000', 7]": "3:17: fixed: expected a colour in quotes such as",
    "fixed: ['#000', lost.gpl]": "3:17: fixed: 'lost.gpl' is no file in ",
    "fixed: red": "3:8: fixed: 'red' is no file in ",
    "fixed: '.'": "3:8: fixed: '.' is no file in ",
    "fixed: bad.gpl": "3:8: fixed: bad.gpl is damaged: line 2 is not three numbers from 0 to 255",
    "fixed: text.png": "3:8: fixed: text.png is in no format that kbatch reads",
    "fixed: noise.png": "3:8: fixed: noise.png has 2,500 colours, expected up to 256",
    "fixed: [a.gpl]\nk: 300": "4:4: k: expected a whole number from 1 to 256, got 300",
    "fixed: brand.gpl\nk: [5, 1]": "4:8: k: k is 1, expected at least 2: all fixed entries count",
    "fixed: many.hex": "3:8: fixed: k is 16, expected at least 17: all fixed entries count",
    "fixed: [first.hex, second.hex]": "3:8: fixed: 400 colours in all, expected up to 256",
    "init: {name: palette, from: lost.act}": "3:29: init.from: 'lost.act' is no file in ",
    "init: [split, {name: palette, from: [a.png, 3]}]": "3:45: init.from: expected a colour",
    "init: palette": "3:7: init.from: missing, expected text or a list",
    "init: {name: palette, from: []}": "3:29: init.from: ",
    "order: random": "3:8: order: expected luminance, count, hue or fixed, got 'random'",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_at_its_place(text: str, base: Path, registry: Registry) -> None:
    (base / "bad.gpl").write_text("GIMP Palette\n1 2\n")
    (base / "text.png").write_text("no picture")
    (base / "many.hex").write_text("".join(f"0000{n:02x}\n" for n in range(17)))
    for name, start in (("first", 0), ("second", 200)):
        (base / f"{name}.hex").write_text("".join(f"{n:06x}\n" for n in range(start, start + 200)))
    noise = np.arange(7500, dtype=np.uint16).view(np.uint8)[:7500].reshape(50, 50, 3)
    Image.fromarray(noise).save(base / "noise.png")
    found = problems(text, base, registry)
    assert any(f"{MISTAKES[text]}" in problem for problem in found), found
    assert len(found) == (2 if "a.gpl" in text else 1), found


def test_all_mistakes_are_told_at_once_and_in_order(base: Path, registry: Registry) -> None:
    text = "fixed: [lost.gpl, '#1']\nk: 0\ninit: {name: palette, from: red}\nstrategy: l3\n"
    places = [problem.split(": ")[0] for problem in problems(text, base, registry)]
    assert places == [
        "job.yaml:3:9",
        "job.yaml:3:19",
        "job.yaml:4:4",
        "job.yaml:5:29",
        "job.yaml:6:11",
    ]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions")
def test_a_file_that_may_not_be_read_is_told(base: Path, registry: Registry) -> None:
    (base / "brand.gpl").chmod(0)
    (problem,) = problems("fixed: brand.gpl", base, registry)
    assert "can't be read" in problem


def test_paths_are_relative_to_the_job_file_and_a_job_runs_again(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "deep").mkdir()
    (base / "deep" / "job.yaml").write_text("input: ../a.png\noutput: out\nfixed: ../brand.gpl\n")
    monkeypatch.chdir(base)
    work, _ = plan.make(Path("deep/job.yaml"))
    assert work.variants[0].fixed == ((255, 0, 0, 255), (0, 0, 0, 255))
    job = work.job.model_copy(update={"input": ("a.png",)})
    (base / "brand.gpl").unlink()
    again, _ = plan.make(job)
    assert again.variants == work.variants


def test_editors_are_told_of_the_keys(registry: Registry) -> None:
    made = schema(registry)
    fixed = made["properties"]["fixed"]
    assert [form["type"] for form in fixed["anyOf"]] == ["string", "array"]
    assert '"from"' in json.dumps(made["$defs"]["init"])
    assert "from_" not in json.dumps(made)
