"""Variants of a job: their order, how hard they look, and names that never clash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch.data import Choice, Search, Source, Variant
from kbatch.errors import PluginError
from kbatch.hookspecs import hookimpl
from kbatch.job import Job
from kbatch.names import (
    DEFAULT_NAME,
    PLACEHOLDERS,
    clash,
    copy_name,
    output_name,
    template,
    template_problem,
)
from kbatch.registry import Registry
from kbatch.stages import InitializerSpec, Options, Spec, WriterSpec
from kbatch.variants import EFFORTS, suited, variants

NONE = "nowhere:nothing"


class Loop(Options):
    loop: int = 3


class Required(Options):
    quality: int


class Plugin:
    @hookimpl
    def kbatch_components(self) -> Iterable[Spec]:
        return [
            InitializerSpec(name="split", summary="", factory=NONE, deterministic=True),
            InitializerSpec(name="kmeans++", summary="", factory=NONE),
            InitializerSpec(name="grid", summary="", factory=NONE, deterministic=True),
            WriterSpec(name="png", summary="", factory=NONE, suffix=".png"),
            WriterSpec(
                name="gif",
                summary="",
                factory=NONE,
                options=Loop,
                suffix=".gif",
                alpha="binary",
                frames=True,
                also=(".giff",),
            ),
            WriterSpec(
                name="same",
                summary="",
                factory=NONE,
                suffix=".png",
                alpha="full",
                frames=True,
                original=True,
            ),
            WriterSpec(name="rough", summary="", factory=NONE, suffix=".rough", exact=False),
            WriterSpec(name="picky", summary="", factory=NONE, suffix=".picky", options=Required),
            WriterSpec(
                name="loud", summary="", factory=NONE, suffix=".GIF", alpha="full", frames=True
            ),
        ]


REGISTRY = Registry()
REGISTRY.add(Plugin(), "test")

PICTURE = Source(Path("in/birds/hopper.png"), "birds/hopper.png", "hopper")
AT_TOP = Source(Path("in/hopper.gif"), "hopper.gif", "hopper.gif")


def made(**keys: Any) -> tuple[Job, tuple[Variant, ...]]:
    job = Job(input=("in",), output="out", **keys)
    return job, variants(job, REGISTRY)


def labels(**keys: Any) -> list[str]:
    return [variant.label for variant in made(**keys)[1]]


def choices(*names: str) -> tuple[Choice, ...]:
    return tuple(Choice(name) for name in names)


# ---- variants ----------------------------------------------------------------------------------


def test_a_job_of_defaults_is_one_variant() -> None:
    _, (variant,) = made()
    assert variant == Variant(
        label="K16_L2",
        k=16,
        strategy=Choice("l2"),
        init=Choice("split"),
        space=Choice("rgb"),
        dither=Choice("none"),
        effort="balanced",
        search=replace(EFFORTS["balanced"], varies=False),
        writer=Choice("png"),
        suffix=".png",
        seed=0,
        alpha="#ffffff",  # this writer holds none
        frames=False,
    )


@pytest.mark.parametrize(
    ("asked", "none", "binary", "full"),
    [
        ("keep", "#ffffff", 128, "keep"),
        ("binary", "#ffffff", 128, 128),
        (9, "#ffffff", 9, 9),
        ("matte", "#ffffff", "#ffffff", "#ffffff"),
        ("#00ff00", "#00ff00", "#00ff00", "#00ff00"),
    ],
)
def test_alpha_is_what_the_job_asks_for_as_far_as_the_writer_can(
    asked: Any, none: Any, binary: Any, full: Any
) -> None:
    _, found = made(alpha=asked, writer=choices("png", "gif", "loud"))
    assert [variant.alpha for variant in found] == [none, binary, full]
    assert [variant.frames for variant in found] == [False, True, True]


def test_a_picture_is_written_in_its_own_format_where_that_is_asked_for() -> None:
    _, (variant,) = made(writer=choices("same"), alpha=9)
    assert (variant.suffix, variant.alpha, variant.frames) == (".png", 9, True)
    for path, writer, suffix in (
        ("a.png", "same", ".png"),
        ("a.jpg", "same", ".png"),
        ("a.gif", "gif", ".gif"),
        ("a.GIF", "gif", ".gif"),
        ("a.giff", "gif", ".gif"),
        ("a.rough", "same", ".png"),
        ("a.picky", "same", ".png"),
    ):
        source = Source(Path("in") / path, path, "a")
        chosen = suited(variant, source)
        assert (chosen.writer.name, chosen.suffix) == (writer, suffix), path
        assert output_name("{stem}_{writer}", variant, source) == f"a_same{suffix}"
    assert suited(variant, AT_TOP).writer == Choice("gif", {"loop": 3})
    assert copy_name("{stem}", variant, AT_TOP) == "hopper.gif.gif"


def test_a_format_that_a_picture_may_have_clashes_with_its_writer() -> None:
    _, found = made(writer=choices("gif", "same"))
    clashing = clash("{stem}", found)
    assert clashing is not None
    assert clashing[2] == "picture.gif"
    assert clash("{stem}_{writer}", found) is None


def test_variants_are_the_product_with_k_outermost_and_the_writer_innermost() -> None:
    _, found = made(k=(3, 6), strategy=choices("l2", "l1"), writer=choices("png", "gif"), seed=5)
    assert [(v.k, v.strategy.name, v.writer.name, v.suffix) for v in found] == [
        (3, "l2", "png", ".png"),
        (3, "l2", "gif", ".gif"),
        (3, "l1", "png", ".png"),
        (3, "l1", "gif", ".gif"),
        (6, "l2", "png", ".png"),
        (6, "l2", "gif", ".gif"),
        (6, "l1", "png", ".png"),
        (6, "l1", "gif", ".gif"),
    ]
    assert {variant.seed for variant in found} == {5}


def test_plain_is_the_textbook_loop() -> None:
    assert EFFORTS["plain"] == Search(
        restarts=1, swaps=0, finalists=1, coarse=0, tolerance=0.0, max_iterations=10_000, relax=0.0
    )


def test_efforts_look_harder_one_after_the_other() -> None:
    fast, balanced, thorough = (EFFORTS[name] for name in ("fast", "balanced", "thorough"))
    assert fast.restarts <= balanced.restarts < thorough.restarts
    assert fast.swaps < balanced.swaps < thorough.swaps
    assert fast.coarse <= balanced.coarse < thorough.coarse
    assert fast.tolerance >= balanced.tolerance >= thorough.tolerance


def test_keys_of_the_job_override_single_fields_of_every_effort() -> None:
    _, found = made(effort=("plain", "thorough"), coarse=0, max_iterations=7, tolerance=0.5)
    assert [variant.search for variant in found] == [
        replace(EFFORTS[effort], coarse=0, max_iterations=7, tolerance=0.5, varies=False)
        for effort in ("plain", "thorough")
    ]


@pytest.mark.parametrize(("restarts", "finalists"), [(1, 1), (2, 2), (50, 2)])
def test_there_are_never_more_finalists_than_restarts(restarts: int, finalists: int) -> None:
    _, (variant,) = made(effort=("thorough",), restarts=restarts)
    assert (variant.search.restarts, variant.search.finalists) == (restarts, finalists)


def test_an_initializer_without_chance_is_asked_once() -> None:
    _, found = made(init=choices("kmeans++", "grid"), restarts=5)
    assert [variant.search.varies for variant in found] == [True, False]
    assert [variant.search.restarts for variant in found] == [5, 5]


def test_many_entries_need_fewer_starts_and_swaps_have_a_budget_unless_the_job_says() -> None:
    _, found = made(k=(12, 24, 48, 250), effort=("thorough",))
    assert [variant.search.restarts for variant in found] == [7, 7, 3, 1]
    assert [variant.search.finalists for variant in found] == [2, 2, 2, 1]
    _, found = made(k=(12, 250))
    assert {variant.search.budget for variant in found} == {EFFORTS["balanced"].budget}
    assert EFFORTS["balanced"].budget > 0 < EFFORTS["balanced"].extra
    _, (variant,) = made(k=(250,), restarts=3)
    search = variant.search
    assert (search.restarts, search.budget, search.extra) == (3, EFFORTS["balanced"].budget, 0)
    _, (variant,) = made(k=(250,), restarts=3, swaps=9)
    search = variant.search
    assert (search.restarts, search.swaps, search.budget, search.extra) == (3, 9, 0, 0)


def test_a_component_that_is_not_there_is_named() -> None:
    with pytest.raises(PluginError, match="unknown writer 'jpg'"):
        made(writer=choices("jpg"))


# ---- labels ------------------------------------------------------------------------------------


def options(name: str, **values: Any) -> Choice:
    return Choice(name, values)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"k": (12,)}, ["K12_L2"]),
        ({"init": (options("kmeans++", candidates=4),)}, ["K16_L2"]),
        (
            {"init": choices("kmeans++", "grid"), "effort": ("plain", "fast")},
            [
                "K16_L2_kmeans++_plain",
                "K16_L2_kmeans++_fast",
                "K16_L2_grid_plain",
                "K16_L2_grid_fast",
            ],
        ),
        (
            {"writer": (options("png", level=6, quick=True), options("png", level=9, quick=True))},
            ["K16_L2_level6", "K16_L2_level9"],
        ),
        (
            {"writer": (options("png", level=1), options("gif"), options("png", level=9))},
            ["K16_L2_png_level1", "K16_L2_gif", "K16_L2_png_level9"],
        ),
        (
            {"strategy": (options("lp", p=1.5, on=True), options("lp", p=3.0, on=False))},
            ["K16_LP_p1.5_on-true", "K16_LP_p3.0_on-false"],
        ),
        (
            {"dither": (options("none", by="a/b: c"), options("none", by=[1, 2]))},
            ["K16_L2_by-a-b-c", "K16_L2_by--1-2"],
        ),
        (
            {"dither": (options("none", by="x" * 300), options("none", by="y"))},
            ["K16_L2_by-" + "x" * 37, "K16_L2_by-y"],
        ),
        (  # the same once they are safe, or in another case
            {"dither": (options("none", by="a b"), options("none", by="A/b"))},
            ["K16_L2_by-a-b", "K16_L2_by-a-b_2"],
        ),
    ],
)
def test_labels_say_k_the_strategy_and_what_else_differs(
    keys: dict[str, Any], expected: list[str]
) -> None:
    assert labels(**keys) == expected


names = st.sampled_from(["kmeans++", "grid"])
values = st.integers() | st.floats() | st.booleans() | st.text(max_size=60) | st.none()
component = st.builds(
    Choice, names, st.dictionaries(st.sampled_from(["a", "b_2"]), values, max_size=2)
)


@given(st.lists(component, min_size=1, max_size=5, unique_by=repr), st.sets(st.integers(1, 256)))
def test_default_names_never_clash_and_are_safe(inits: list[Choice], ks: set[int]) -> None:
    job, found = made(k=tuple(ks or {1}), init=tuple(inits), strategy=choices("l1", "l2"))
    assert clash(template(job), found) is None
    written = {output_name(template(job), variant, PICTURE).casefold() for variant in found}
    assert len(written) == len(found)
    for variant in found:
        assert set(variant.label) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-."
        )
        assert len(variant.label) < 200


# ---- names of outputs --------------------------------------------------------------------------


def test_the_default_name_has_folder_stem_k_and_strategy() -> None:
    job, (variant,) = made(k=(12,), strategy=choices("l1"))
    assert output_name(template(job), variant, PICTURE) == "birds/hopper_K12_L1.png"
    assert output_name(template(job), variant, AT_TOP) == "hopper.gif_K12_L1.png"


def test_the_default_name_says_what_else_differs() -> None:
    strategies = (options("lp", p=1), options("lp", p=3))
    job, found = made(strategy=strategies, writer=choices("png", "gif"))
    assert [output_name(template(job), variant, AT_TOP) for variant in found] == [
        "hopper.gif_K16_LP_p1_png.png",
        "hopper.gif_K16_LP_p1_gif.gif",
        "hopper.gif_K16_LP_p3_png.png",
        "hopper.gif_K16_LP_p3_gif.gif",
    ]


def test_every_placeholder_has_its_value() -> None:
    own = "|".join(f"{{{name}}}" for name in PLACEHOLDERS)
    job, (variant, *_) = made(name=own, k=(3, 5), seed=8)
    assert template(job) == own
    assert output_name(own, variant, PICTURE) == (
        "birds|hopper|3|l2|L2|split|rgb|none|balanced|png|8|K3_L2.png"
    )


def test_folders_of_deep_pictures_are_kept_and_vanish_at_the_top() -> None:
    _, (variant,) = made()
    deep = Source(Path("x"), "a/b/{k}.png", "{k}")
    assert output_name("{folder}/{stem}", variant, deep) == "a/b/{k}.png"
    assert output_name("k{k}/{folder}/{stem}", variant, deep) == "k16/a/b/{k}.png"
    assert output_name("k{k}/{folder}/{stem}", variant, AT_TOP) == "k16/hopper.gif.png"
    assert output_name("{{folder}}/{stem}", variant, AT_TOP) == "{folder}/hopper.gif.png"


@pytest.mark.parametrize(
    "good", [DEFAULT_NAME, "{stem}", "a b/{stem}-{seed}", "{{{stem}}}", "..{stem}", "{variant}/x"]
)
def test_good_templates_are_taken(good: str) -> None:
    assert template_problem(good) is None


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{steam}", "unknown placeholder {steam} (did you mean 'stem'?); known: folder"),
        ("{}", "unknown placeholder {}; known: "),
        ("{0}", "unknown placeholder"),
        ("{stem.real}", "unknown placeholder"),
        ("{stem[0]}", "unknown placeholder"),
        ("{k:>{k}}", "without ':' or '!'"),
        ("{k!r}", "without ':' or '!'"),
        ("{stem", "a placeholder is"),
        ("stem}", "a placeholder is"),
        ("/{stem}", "absolute path"),
        ("C:/{stem}", "':' can't be part"),
        ("a\\{stem}", "can't be part"),
        ("a\n{stem}", "can't be part"),
        ("../{stem}", "without '.', '..' or empty parts"),
        ("{folder}/../{stem}", "without '.', '..' or empty parts"),
        ("a//{stem}", "without '.', '..' or empty parts"),
        ("{stem}/", "without '.', '..' or empty parts"),
        ("./{stem}", "without '.', '..' or empty parts"),
        ("", "without '.', '..' or empty parts"),
    ],
)
def test_bad_templates_are_told(bad: str, why: str) -> None:
    problem = template_problem(bad)
    assert problem is not None
    assert why in problem


def test_a_clash_names_both_variants_and_the_file() -> None:
    _, found = made(k=(3, 6), strategy=choices("l2", "l1"))
    found_clash = clash("{stem}_{k}", found)
    assert found_clash == (found[0], found[1], "picture_3.png")
    assert clash("{stem}_{variant}", found) is None


def test_options_alone_clash_under_a_name_that_leaves_them_out_but_suffixes_differ() -> None:
    _, found = made(dither=(options("a", x=1), options("a", x=2)))
    assert clash("{stem}_{dither}", found) is not None
    _, found = made(writer=choices("png", "gif"))
    assert clash("{stem}", found) is None


def test_names_that_differ_in_case_only_clash() -> None:
    _, found = made(writer=choices("gif", "loud"))
    assert clash("{stem}", found) == (found[0], found[1], "picture.GIF")
