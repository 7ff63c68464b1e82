"""Finding pictures, on real files."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from kbatch.discovery import discover
from kbatch.errors import JobError
from kbatch.stages import LoaderSpec

LOADERS = (
    LoaderSpec(
        name="pillow",
        summary="",
        factory="none:none",
        suffixes=(".png", ".gif", ".jpg"),
        magic=((0, b"\x89PNG"), (0, b"GIF8")),
    ),
    LoaderSpec(
        name="heif", summary="", factory="none:none", suffixes=(".heic",), magic=((4, b"ftyp"),)
    ),
)
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")


def make(base: Path, *names: str, data: bytes = b"") -> None:
    for name in names:
        file = base / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def pictures(base: Path, *inputs: str, output: str = "out") -> list[str]:
    return [source.picture for source in discover(inputs, base, base / output, LOADERS)]


def problems(base: Path, *inputs: str, output: str = "out") -> tuple[str, ...]:
    with pytest.raises(JobError) as caught:
        discover(inputs, base, base / output, LOADERS)
    return caught.value.problems


def test_a_folder_is_walked_and_sorted_by_parts(tmp_path: Path) -> None:
    make(tmp_path, "in/b.png", "in/a-b/x.png", "in/a/z.PNG", "in/a/b/y.gif", "in/B.jpg")
    expected = ["B.jpg", "a/b/y.gif", "a/z.PNG", "a-b/x.png", "b.png"]
    assert pictures(tmp_path, "in") == expected
    sources = discover(["in"], tmp_path, tmp_path / "out", LOADERS)
    assert [source.path for source in sources] == [tmp_path / "in" / name for name in expected]


def test_hidden_files_and_the_output_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.png", ".b.png", ".c/d.png", "out/e.png", "out/f/g.png", "h/out/i.png")
    assert pictures(tmp_path, ".") == ["a.png", "h/out/i.png"]
    assert pictures(tmp_path, "**/*.png") == ["a.png", "h/out/i.png"]
    assert pictures(tmp_path, ".c") == ["d.png"]


def test_first_bytes_tell_only_where_no_suffix_does(tmp_path: Path) -> None:
    make(tmp_path, "in/scan", "in/scan.dat", data=b"\x89PNG\r\n")
    make(tmp_path, "in/phone", data=b"\x00\x00\x00\x18ftypheic")
    make(tmp_path, "in/notes.txt", "in/late.bin", data=b"." * 64 + b"\x89PNG")
    make(tmp_path, "in/broken.png", data=b"no png at all")
    assert pictures(tmp_path, "in") == ["broken.png", "phone", "scan", "scan.dat"]


def test_only_files_of_unknown_suffix_are_opened(tmp_path: Path) -> None:
    make(tmp_path, "in/a.png", "in/b.GIF", "in/c.txt", "in/.d.txt", "in/x/e")
    code = """if True:
        import sys
        from pathlib import Path
        from kbatch.discovery import discover
        from kbatch.stages import LoaderSpec
        base = Path(sys.argv[1])
        spec = LoaderSpec(name="x", summary="", factory="a:b", suffixes=(".png", ".gif"))
        opened = []
        sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
        discover(["in"], base, base / "out", [spec])
        print(sorted(Path(path).name for path in opened if path.startswith(str(base))))
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "['c.txt', 'e']"


def test_a_file_named_outright_is_always_taken(tmp_path: Path) -> None:
    make(tmp_path, "in/.odd.xyz", "out/a.png", "in/b[1].png")
    assert pictures(tmp_path, "in/.odd.xyz", "out/a.png", "in/b[1].png") == [
        ".odd.xyz",
        "a.png",
        "b[1].png",
    ]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("in/*.png", ["a.png"]),
        ("in/**/*.png", ["a.png", "x/a.png", "x/y/a.png"]),
        ("in/*/a.png", ["x/a.png"]),
        ("in/**", ["a.png", "b.gif", "x/a.png", "x/y/a.png"]),
        ("in/*", ["a.png", "b.gif"]),
        ("in/**/y/**", ["x/y/a.png"]),
        ("i?/[ab].*", ["in/a.png", "in/b.gif"]),
        ("*/*.gif", ["in/b.gif"]),
    ],
)
def test_a_glob_matches_like_a_folder_is_walked(
    tmp_path: Path, glob: str, expected: list[str]
) -> None:
    make(tmp_path, "in/a.png", "in/b.gif", "in/c.txt", "in/x/a.png", "in/x/y/a.png", "in/.d.png")
    assert pictures(tmp_path, glob) == expected
    assert pictures(Path(), str(tmp_path / glob), output=str(tmp_path / "out")) == expected


def test_a_single_part_glob_looks_beside_the_job(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "b.gif", "x/c.png")
    assert pictures(tmp_path, "*.png") == ["a.png"]


def test_the_same_file_reached_twice_counts_once(tmp_path: Path) -> None:
    make(tmp_path, "in/a.png", "in/x/b.png")
    assert pictures(tmp_path, "in", "in/*.png", "in/../in/a.png", "in") == ["a.png", "x/b.png"]


@posix
def test_links_are_followed_once_and_loops_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, "in/a.png", "in/x/b.png", "other/c.png", "out/d.png")
    folder = tmp_path / "in"
    (folder / "up").symlink_to("..")
    (folder / "x" / "self").symlink_to(".")
    (folder / "results").symlink_to("../out")
    (folder / "also.png").symlink_to("a.png")
    (folder / "round.png").symlink_to("round.png")
    (folder / "gone.png").symlink_to("nowhere.png")
    assert pictures(tmp_path, "in") == ["a.png", "up/other/c.png", "x/b.png"]
    assert "gone.png" in caplog.text
    assert "round.png" in caplog.text


@posix
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    make(tmp_path, "in/a.png")
    os.mkfifo(tmp_path / "in" / "pipe")
    os.mkfifo(tmp_path / "in" / "pipe.png")
    assert pictures(tmp_path, "in") == ["a.png"]
    assert "neither a file nor a folder" in problems(tmp_path, "in/pipe.png")[0]


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
def test_names_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with open(os.fsencode(tmp_path) + b"/in/caf\xe9.png", "wb"):  # noqa: PTH123
        pass
    assert pictures(tmp_path, "in") == ["caf\udce9.png"]


def test_a_stem_keeps_its_suffix_where_it_would_be_shared(tmp_path: Path) -> None:
    names = ["hopper.gif", "hopper.png", "hopper.gif.png", "x/hopper.png", "Sky.jpg", "sky.png"]
    make(tmp_path / "in", *names, "a.b.png")
    make(tmp_path / "in", "scan", data=b"GIF89a")
    sources = discover(["in"], tmp_path, tmp_path / "out", LOADERS)
    assert {source.picture: source.stem for source in sources} == {
        "Sky.jpg": "Sky.jpg",
        "a.b.png": "a.b",
        "hopper.gif": "hopper.gif",
        "hopper.gif.png": "hopper.gif.png",
        "hopper.png": "hopper.png",
        "scan": "scan",
        "sky.png": "sky.png",
        "x/hopper.png": "hopper",
    }


def test_two_pictures_of_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    make(tmp_path, "a/p.png", "b/p.png", "a/q.png", "b/q.png")
    (problem,) = problems(tmp_path, "a", "b")
    assert str(tmp_path / "a" / "p.png") in problem
    assert str(tmp_path / "b" / "p.png") in problem
    assert "1 more such pair" in problem
    assert "one folder that holds both" in problem


def test_every_missing_input_is_named(tmp_path: Path) -> None:
    make(tmp_path, "in/a.png")
    one, two = problems(tmp_path, "nope", "in", "gone/*.png")
    assert "input 'nope' does not exist" in one
    assert "input 'gone/*.png' does not exist" in two


def test_no_picture_says_where_it_looked_and_for_what(tmp_path: Path) -> None:
    make(tmp_path, "in/a.txt", "more/b.txt")
    (problem,) = problems(tmp_path, "in", "more/*")
    assert "no picture found" in problem
    for word in ("'in'", "'more/*'", ".gif, .heic, .jpg, .png"):
        assert word in problem


@pytest.mark.parametrize("text", [".", "*.png"])
def test_the_output_is_no_input(tmp_path: Path, text: str) -> None:
    make(tmp_path, "a.png")
    (problem,) = problems(tmp_path, text, output=".")
    assert "choose another output" in problem


def test_the_output_may_hold_the_input(tmp_path: Path) -> None:
    make(tmp_path, "in/a.png")
    assert pictures(tmp_path, "in", output=".") == ["a.png"]


def test_a_picture_takes_less_than_a_kilobyte(tmp_path: Path) -> None:
    make(tmp_path, *(f"in/{file % 10}/{file:04}.png" for file in range(4_000)))
    tracemalloc.start()
    try:
        sources = discover(["in"], tmp_path, tmp_path / "out", LOADERS)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(sources) == 4_000
    assert kept < 4_000 * 800
    assert peak < 4_000 * 1_600


def test_one_of_several_inputs_without_a_picture_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, "in/a.png", "empty/notes.txt")
    assert "'*.gif'" in problems(tmp_path, "in", "*.gif")[0]
    assert "'empty'" in problems(tmp_path, "in", "empty")[0]


def test_a_stem_never_leads_out_of_its_folder(tmp_path: Path) -> None:
    make(tmp_path, "...png", "....png")
    sources = discover(["...png", "....png"], tmp_path, tmp_path / "out", LOADERS)
    assert {source.stem for source in sources} == {"...png", "..."}
