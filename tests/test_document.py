"""Reading YAML: what it means, where it is, and what is refused in which words."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kbatch.errors import JobError
from kbatch.job.document import MAX_BYTES, Document, load, parse
from kbatch.job.yaml import MAX_NODES, shown


def refused(text: str) -> str:
    with pytest.raises(JobError) as caught:
        parse(text, "job.yaml")
    assert len(caught.value.problems) == 1
    assert "\n" not in caught.value.problems[0]
    return caught.value.problems[0]


# ---- what scalars mean -------------------------------------------------------------------------

CORE = {
    "true": True,
    "True": True,
    "FALSE": False,
    "tRUE": "tRUE",
    "yes": "yes",
    "no": "no",
    "on": "on",
    "off": "off",
    "y": "y",
    "null": None,
    "Null": None,
    "~": None,
    "": None,
    "nULL": "nULL",
    "0": 0,
    "-12": -12,
    "+7": 7,
    "007": 7,
    "0o17": 15,
    "0x1F": 31,
    "0b11": "0b11",
    "-0x1": "-0x1",
    "1_000": "1_000",
    "1e-4": 1e-4,
    "1E3": 1000.0,
    "1.": 1.0,
    ".5": 0.5,
    "-1.5e+3": -1500.0,
    ".": ".",
    "1.2.3": "1.2.3",
    "e3": "e3",
    ".inf": math.inf,
    "-.INF": -math.inf,
    "inf": "inf",
    "12:30": "12:30",
    "2024-01-02": "2024-01-02",
    "=": "=",
    "'8'": "8",
    '"true"': "true",
    "'null'": "null",
    '"\\t"': "\t",
    "|\n  8": "8",
}


@pytest.mark.parametrize(("written", "meant"), CORE.items())
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(written: str, meant: object) -> None:
    value = parse(f"key: {written}", "job.yaml").data["key"]
    assert value == meant
    assert type(value) is type(meant)


def test_nan_is_a_number() -> None:
    assert math.isnan(parse("key: .NaN", "job.yaml").data["key"])


def test_words_of_yaml_1_1_are_ordinary_keys_and_merge_is_not_special() -> None:
    document = parse("on: 1\nbase: &b {x: 1}\nuse: {<<: *b}", "job.yaml")
    assert document.data == {"on": 1, "base": {"x": 1}, "use": {"<<": {"x": 1}}}
    assert document.problems == []


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz_-", min_size=1), inner, max_size=4)
    ),
    max_leaves=15,
)


class Quoting(yaml.SafeDumper):
    """Writes texts in quotes, as PyYAML's 1.1 leaves bare what is a number in 1.2."""


Quoting.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


@given(
    st.dictionaries(st.text("abcxyz_-", min_size=1), json_like, min_size=1, max_size=5),
    st.booleans(),
)
def test_what_is_dumped_loads_as_it_was(data: dict[str, Any], flow: bool) -> None:  # noqa: FBT001
    document = parse(yaml.dump(data, Dumper=Quoting, default_flow_style=flow), "job.yaml")
    assert document.data == data
    assert document.problems == []


@given(st.text("ab: -[]{},#&*!|>'\"%@`?\\\n\t01.~<é\u2028\ud800\0", max_size=40))
def test_any_text_is_a_document_or_one_located_problem(text: str) -> None:
    try:
        problems = parse(text, "job.yaml").problems
    except JobError as error:
        problems = list(error.problems)
        outcome = len(problems)
    else:
        outcome = 1
    assert outcome == 1
    assert all(problem.startswith("job.yaml:") for problem in problems)
    assert all(len(problem.splitlines()) == 1 for problem in problems)


# ---- places ------------------------------------------------------------------------------------

JOB = """\
# a job
input: pictures
k: [3,  6]
strategy:
  - l1
  - {name: l2,
     p: 3}
init: {name: kmeans++, candidates: 4}
empty:
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), "2:1", "2:1"),
        (("input",), "2:8", "2:1"),
        (("k",), "3:4", "3:1"),
        (("k", 1), "3:9", "3:9"),
        (("strategy",), "5:3", "4:1"),
        (("strategy", 1, "p"), "7:9", "7:6"),
        (("init", "candidates"), "8:36", "8:24"),
        # deeper than the file: pydantic sees a list of mappings where the file has a name
        (("input", 0), "2:8", "2:1"),
        (("input", 0, "name"), "2:8", "2:1"),
        (("strategy", 0, "name"), "5:5", "5:5"),
        (("init", 0, "candidates"), "8:36", "8:24"),
        (("k", 1, "int"), "3:9", "3:9"),
        (("k", 7), "3:4", "3:1"),
        (("nowhere", 3), "2:1", "2:1"),
        (("empty",), "9:7", "9:1"),
    ],
)
def test_where_gives_line_and_column_of_values_and_keys(
    path: tuple[str | int, ...], value: str, key: str
) -> None:
    document = parse(JOB, "job.yaml")
    assert document.where(path) == f"job.yaml:{value}"
    assert document.where(path, key=True) == f"job.yaml:{key}"


def test_where_counts_characters_after_a_mark_and_in_other_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_bytes("\ufeffé: ü\r\nñandú: {ö: 1}\r\n".encode())
    document = load(file)
    assert document.data == {"é": "ü", "ñandú": {"ö": 1}}
    assert document.where(("é",)) == f"{file}:1:4"
    assert document.where(("ñandú", "ö")) == f"{file}:2:12"


def test_an_alias_is_where_its_value_is_written_and_its_data_is_its_own() -> None:
    document = parse("a: &x [1, 2]\nb: *x", "job.yaml")
    assert document.data == {"a": [1, 2], "b": [1, 2]}
    assert document.data["a"] is not document.data["b"]
    assert document.where(("b", 1)) == "job.yaml:1:11"
    assert document.where(("b",), key=True) == "job.yaml:2:1"


def test_order_sorts_by_line_then_column_and_the_command_line_last() -> None:
    document = parse("k: 1", "a:1:b.yaml")
    problems = ["--set k=8: x", "a:1:b.yaml:10:1: x", "a:1:b.yaml:9:20: x", "a:1:b.yaml:9:3: x"]
    assert sorted(problems, key=document.order) == problems[::-1]


# ---- what is collected -------------------------------------------------------------------------


def test_duplicate_keys_are_collected_at_the_second_key_and_the_first_counts() -> None:
    document = parse("k: 3\nwriter: {level: 1,\n  level: 9}\nk: 4\n", "job.yaml")
    assert document.problems == [
        "job.yaml:3:3: 'level' is given twice, first on line 2",
        "job.yaml:4:1: 'k' is given twice, first on line 1",
    ]
    assert document.data == {"k": 3, "writer": {"level": 1}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("3: a", "job.yaml:1:1: expected text as a key, got 3: quote it"),
        ("a: {true: b}", "job.yaml:1:5: expected text as a key, got true: quote it"),
        ("? [a]\n: b", "job.yaml:1:3: expected text as a key, got a list: quote it"),
        ("~: b", "job.yaml:1:1: expected text as a key, got nothing: quote it"),
        ('a: "x\\0"', "job.yaml:1:4: text with a character that can't be: 'x\\x00'"),
        ('a: "\\ud800"', "job.yaml:1:4: text with a character that can't be: '\\ud800'"),
    ],
)
def test_other_than_text_as_a_key_and_unwritable_text_are_collected(
    text: str, problem: str
) -> None:
    assert parse(text, "job.yaml").problems == [problem]


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("k: 3: 4", "1:5: a ':' that doesn't belong here: indent it right, or quote the text"),
        ("k: 3\n  b: 4", "2:4: a ':' that doesn't belong here"),
        ("k: 3\n\tb: 4", "2:1: a tab: indent with spaces"),
        ("input: *.png", "1:8: text that begins with '*' or '&' needs quotes: in 'input: *.png'"),
        ("input: *png", "1:8: text that begins with '*' needs quotes"),
        ("a: @x", "1:4: text that begins with this character needs quotes: in 'a: @x'"),
        ("k: [3, 6\nb: l1", "1:4: this '[' has no ']', or a ',' between its entries is missing"),
        ("a: {b: 1\nc: 2", "1:4: this '{' has no '}'"),
        ("a: 1\nb: 'x\n", '2:4: this quote is not closed: in "b: \'x"'),
        ('a: "C:\\new\\q"', "1:12: unknown escape: use single quotes, in which '\\' is itself"),
        ('a: "\\xzz"', "1:7: unfinished escape"),
        ('a: "\\UFFFFFFFF"', "1:7: a number that is too large"),
        ("name: {folder}/{stem}", "1:15: text after the end of a value: quote all of it"),
        ("a: 1\n- b", "2:1: this doesn't continue what is above: check the indentation"),
        ("  a: 1\n b: 2", "2:2: this doesn't continue what is above"),
        ("a: - b", "1:4: a list can't begin here"),
        ("k: ]", "1:4: expected a value: in 'k: ]'"),
        ("a: &x 1\nb: &x 2", "2:4: two '&' anchors have this name"),
        ("a: 1\n---\nb: 2", "2:1: a second document: a job file holds one"),
        ("a: \x01", "1:4: a character that YAML doesn't allow: U+0001"),
        ("a: !!python/object/apply:os.system [x]", "1:4: tags ('!') are not allowed"),
        ("a: !!str 8", "1:4: tags ('!') are not allowed"),
        ("a: !mine 8", "1:4: tags ('!') are not allowed"),
        ("a: !e!x 8", "1:4: tags ('!') are not allowed"),
        ("a: ! 8", "1:4: tags ('!') are not allowed"),
        ("!!map {a: 1}", "1:1: tags ('!') are not allowed"),
        ("a: &a [*a]", "1:4: an alias that contains itself"),
        ("a: &a {b: {c: *a}}", "1:4: an alias that contains itself"),
        ("a: " + "9" * 101, "1:4: a number of more than 100 digits"),
        ("", "1:1: empty, expected 'input: …' and 'output: …'"),
        ("# nothing\n---\n", "1:1: empty"),
        ("\n- a", "2:1: expected 'key: value' lines, got a list"),
        ("k:3", "1:1: expected 'key: value' lines, got 'k:3'"),
    ],
)
def test_what_can_not_be_read_is_told_in_plain_words_with_its_place(
    text: str, problem: str
) -> None:
    assert refused(text).startswith(f"job.yaml:{problem}")


def test_a_long_line_is_quoted_in_part() -> None:
    problem = refused("a: [" + "1, " * 500 + "'b: c\n")
    assert problem.startswith("job.yaml:1:1505: this quote is not closed: in ")
    assert len(problem) < 150


def test_nesting_is_allowed_to_32_levels() -> None:
    levels = 31  # and the mapping of the job itself
    assert parse("a: " + "[" * levels + "]" * levels, "job.yaml").problems == []
    assert refused("a: " + "[" * (levels + 1)).startswith(
        "job.yaml:1:35: nested deeper than 32 levels"
    )


def test_nesting_by_aliases_counts_too() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 40)]
    assert "nested deeper than 32 levels" in refused("\n".join(lines))


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "nested deeper than 32 levels"),
        ("{a: " * 100_000, "nested deeper than 32 levels"),
        ("- " * 100_000, "nested deeper than 32 levels"),
        ("? " * 100_000, "nested deeper than 32 levels"),
        (BOMB, "more than 20,000 values, aliases expanded"),
        ("a: [" + "1," * 400_000 + "]", "more than 20,000 values"),
    ],
    ids=["lists", "mappings", "blocks", "keys", "aliases", "wide"],
)
def test_bombs_are_refused_within_seconds(text: str, problem: str) -> None:
    start = time.perf_counter()
    assert problem in refused(text)
    assert time.perf_counter() - start < 3  # a tenth of it on a quiet machine


def test_aliases_are_counted_as_often_as_they_stand() -> None:
    part = "a: &a [" + "1," * 999 + "]\n"  # 1000 values, twice for each key
    assert parse(part + "b: [" + "*a," * 18 + "]", "job.yaml").problems == []
    assert str(MAX_NODES // 1000) in refused(part + "b: [" + "*a," * 20 + "]")


def test_text_over_one_megabyte_is_refused() -> None:
    assert refused("#" * (MAX_BYTES + 1)) == "job.yaml: larger than 1 MB, expected a job"


# ---- files -------------------------------------------------------------------------------------


def unloaded(path: Path) -> str:
    with pytest.raises(JobError) as caught:
        load(path)
    (problem,) = caught.value.problems
    return problem


def test_files_that_can_not_be_read_are_told_apart(tmp_path: Path) -> None:
    missing, folder, large = tmp_path / "no.yaml", tmp_path, tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    assert unloaded(missing) == f"{missing}: no such file"
    assert unloaded(folder).startswith(  # the second on Windows
        (f"{folder}: a directory, expected a job file", f"{folder}: can't be read")
    )
    assert unloaded(large) == f"{large}: larger than 1 MB, expected a job file"
    assert "can't be read" in unloaded(tmp_path / ("x" * 5000))
    assert "can't be read" in unloaded(Path("a\0b"))


def test_what_is_not_utf8_is_located(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_bytes("a: é\nb: ü".encode() + b"\xff")
    assert unloaded(file) == f"{file}:2:5: not UTF-8: save the file as UTF-8"


# ---- --set -------------------------------------------------------------------------------------


def with_sets(text: str, *assignments: str) -> Document:
    document = parse(text, "job.yaml")
    for assignment in assignments:
        document.set(assignment)
    return document


@pytest.mark.parametrize(
    ("text", "assignment", "data"),
    [
        ("k: 3", "k=8", {"k": 8}),
        ("k: 3", "k=[3, 6]", {"k": [3, 6]}),
        ("k: 3", "dither=off", {"k": 3, "dither": "off"}),
        ("k: 3", "name=a=b", {"k": 3, "name": "a=b"}),
        ("k: 3", "k=", {"k": None}),
        ("writer: png", "writer.level=9", {"writer": {"name": "png", "level": 9}}),
        ("writer: {name: png}", "writer.level=9", {"writer": {"name": "png", "level": 9}}),
        ("k: 3", "writer.level=9", {"k": 3, "writer": {"level": 9}}),
        ("writer:", "writer.level=9", {"writer": {"level": 9}}),
        ("k: 3", "a.b.c=1", {"k": 3, "a": {"b": {"c": 1}}}),
        ("k: [3, 6]", "k.1=12", {"k": [3, 12]}),
        ("k: 3", "k.0=12", {"k": 12}),
        ("w: [a, b]", "w.1.x=2", {"w": ["a", {"name": "b", "x": 2}]}),
        ("w: a", "w.0.x=2", {"w": {"name": "a", "x": 2}}),
    ],
)
def test_set_changes_one_value(text: str, assignment: str, data: dict[str, Any]) -> None:
    document = with_sets(text, assignment)
    assert document.data == data
    path = [int(p) if p.isdigit() else p for p in assignment.partition("=")[0].split(".")]
    assert document.where(path) == f"--set {assignment}"


def test_what_was_set_is_at_its_option_and_the_rest_in_the_file() -> None:
    document = with_sets("k: [3, 6]\nwriter: png", "k=8", "writer.level=9", "init.n.0=4")
    assert document.where(("k",)) == "--set k=8"
    assert document.where(("k", 1), key=True) == "--set k=8"
    assert document.where(("writer", 0, "level")) == "--set writer.level=9"
    assert document.where(("writer", "name")) == "job.yaml:2:9"
    assert document.where(("init",), key=True) == "--set init.n.0=4"


@pytest.mark.parametrize(
    ("assignment", "problem"),
    [
        ("k", "--set k: expected KEY=VALUE"),
        ("=3", "--set =3: expected KEY=VALUE"),
        ("a..b=3", "--set a..b=3: expected KEY=VALUE"),
        ("0=3", "--set 0=3: expected KEY=VALUE"),
        (".".join("a" * 40) + "=3", f"--set {'.'.join('a' * 40)}=3: expected KEY=VALUE"),
        ("k=[3", "--set k=[3: this '[' has no ']', or a ',' between its entries is missing"),
        ("k=!x 3", "--set k=!x 3: tags ('!') are not allowed"),
        ("k={a: 1, a: 2}", "--set k={a: 1, a: 2}: 'a' is given twice, first on line 1"),
        ("k.x=3", "--set k.x=3: k has no options"),
        ("w.2=3", "--set w.2=3: '2' is no entry of this list; known: 0 to 1"),
        ("w.x=3", "--set w.x=3: 'x' is no entry of this list; known: 0 to 1"),
        ("e.0=3", "--set e.0=3: '0' is no entry of this list; known: none"),
    ],
)
def test_assignments_that_do_not_fit_name_their_option(assignment: str, problem: str) -> None:
    with pytest.raises(JobError) as caught:
        with_sets("k: 3\nw: [a, b]\ne: []", assignment)
    (told,) = caught.value.problems
    assert told.startswith(problem)


def test_values_are_shown_short_and_on_one_line() -> None:
    values: tuple[Any, ...] = (None, True, 3, 0.5, "a\nb", {}, [], [1])
    assert [shown(value) for value in values] == [
        "nothing",
        "true",
        "3",
        "0.5",
        r"'a\nb'",
        "a mapping",
        "an empty list",
        "a list",
    ]
    assert len(shown("x" * 1000)) == 62
