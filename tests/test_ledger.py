"""The ledger: what goes in comes out, whatever happens in between."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch.data import Record
from kbatch.errors import KbatchError
from kbatch.ledger import NAME, VERSION, Ledger, from_text, to_text

RECORD = Record(
    position=0,
    picture="a/b.png",
    variant="K8_L2",
    status="done",
    k=8,
    strategy="l2",
    init="split",
    space="rgb",
    dither="none",
    effort="balanced",
    seed=0,
)

# What file names decode to: any text, with undecodable bytes as low surrogates.
NAMES = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff"))
FLOATS = st.floats(allow_nan=False)
LISTS = {"history": FLOATS, "palette": st.just("#00ff0080"), "counts": st.integers(0, 2**40)}
NUMBERS = {"float": FLOATS, "int": st.integers(), "str": NAMES}


def values(name: str, kind: str) -> st.SearchStrategy[Any]:
    if name == "position":
        return st.integers(0, 2**63 - 1)
    if name in LISTS:
        return st.lists(LISTS[name], max_size=4).map(tuple)
    if name == "measures":
        return st.dictionaries(NAMES, FLOATS, max_size=3)
    if name in ("status", "stopped"):
        return st.sampled_from(["done", "kept", "failed", "labels"])
    plain = NUMBERS[kind.split(" | ")[0]]
    return st.none() | plain if kind.endswith("None") else plain


RECORDS = st.builds(
    Record, **{field.name: values(field.name, str(field.type)) for field in fields(Record)}
)


def bits(record: Record) -> list[object]:
    row = [getattr(record, field.name) for field in fields(Record)[:-1]]
    row += record.history
    row += [item for pair in record.measures.items() for item in pair]
    return [struct.pack("d", value) if isinstance(value, float) else value for value in row]


def many(count: int) -> Iterator[Record]:
    for position in range(count):
        yield replace(RECORD, position=position, picture=f"{position:06}.png", loss=position / 7)


def raw(output: Path, *statements: str) -> None:
    db = sqlite3.connect(output / NAME)
    with db:
        for statement in statements:
            db.execute(statement)
    db.close()


@given(RECORDS)
def test_a_record_comes_back_bit_for_bit(record: Record) -> None:
    text = to_text(record)
    assert text.isascii()
    assert from_text(text) == record
    assert bits(from_text(text)) == bits(record)


def test_records_come_back_from_the_file_bit_for_bit(tmp_path: Path) -> None:
    odd = replace(
        RECORD,
        picture="caf\udce9/ß😀\n'\".png",
        loss=-0.0,
        sse=math.inf,
        sad=5e-324,
        ratio=0.1 + 0.2,
        seed=2**70,
        measures={"psnr": -math.inf, "ssim": 1.7976931348623157e308},
    )
    nan = replace(RECORD, position=1, loss=math.nan)
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([odd, nan])
    with Ledger.open(tmp_path) as ledger:
        first, second = ledger
    assert first == odd
    assert bits(first) == bits(odd)
    assert second.loss is not None
    assert math.isnan(second.loss)


def test_records_come_in_plan_order_whenever_they_are_asked_for(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([replace(RECORD, position=position) for position in (5, 1, 3)])
        half_read = ledger.records()
        assert next(half_read).position == 1
        ledger.add([replace(RECORD, position=position) for position in (4, 0)])
        assert [record.position for record in ledger] == [0, 1, 3, 4, 5]
        assert [record.position for record in ledger] == [0, 1, 3, 4, 5]
        assert next(half_read).position == 3


def test_one_position_holds_one_record(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([replace(RECORD, status="failed", error="disk")])
        ledger.add([RECORD])
        assert list(ledger) == [RECORD]


def test_facts_are_kept_in_their_order(tmp_path: Path) -> None:
    facts = {"job": "k: 8\n", "versions": {"kbatch": "0.1"}, "reports": ["csv"], "total": 3}
    with Ledger.create(tmp_path / "new" / "out", facts) as ledger:
        assert ledger.facts == facts
    with Ledger.open(tmp_path / "new" / "out") as ledger:
        assert ledger.facts == facts
        assert list(ledger.facts) == list(facts)


def test_a_rerun_replaces(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {"run": 1, "old": True}) as ledger:
        ledger.add(list(many(3)))
    with Ledger.create(tmp_path, {"run": 2}) as ledger:
        assert list(ledger) == []
        ledger.add([RECORD])
    with Ledger.open(tmp_path) as ledger:
        assert ledger.facts == {"run": 2}
        assert list(ledger) == [RECORD]


def test_a_closed_ledger_is_one_file(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([RECORD])
    assert [file.name for file in tmp_path.iterdir()] == [NAME]
    # Its format is the plain one, that can also be read where nothing can be written.
    assert (tmp_path / NAME).read_bytes()[18:20] == b"\x01\x01"
    with Ledger.open(tmp_path) as ledger:
        assert list(ledger) == [RECORD]
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_records_are_added_all_or_none(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        with pytest.raises(OverflowError):
            ledger.add([RECORD, replace(RECORD, position=2**80)])
        assert list(ledger) == []


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_run_keeps_what_was_added(tmp_path: Path) -> None:
    code = """if True:
        import os, signal, sys
        from dataclasses import replace
        from pathlib import Path
        from kbatch.ledger import Ledger, from_text
        ledger = Ledger.create(Path(sys.argv[1]), {"total": 9})
        record = from_text(sys.argv[2])
        for position in range(50):
            pair = [replace(record, position=place) for place in (position, position + 100)]
            ledger.add(pair)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), to_text(RECORD)], check=False)
    assert done.returncode == -signal.SIGKILL
    with Ledger.open(tmp_path) as ledger:
        assert [record.position for record in ledger] == [*range(50), *range(100, 150)]
        assert ledger.facts == {"total": 9}
    with Ledger.create(tmp_path, {}) as ledger:
        assert list(ledger) == []


def test_a_run_that_died_before_it_began_is_no_obstacle(tmp_path: Path) -> None:
    raw(tmp_path, "PRAGMA journal_mode = WAL")
    assert (tmp_path / NAME).stat().st_size > 0
    with pytest.raises(KbatchError, match="is empty: run a job first"):
        Ledger.open(tmp_path)
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([RECORD])


def test_a_second_run_into_one_output_is_refused(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from kbatch.errors import KbatchError; from kbatch.ledger import *\n"
        "try: getattr(Ledger, sys.argv[2])(pathlib.Path(sys.argv[1]), *eval(sys.argv[3]))\n"
        "except KbatchError as error: print(error.exit_code, error)"
    )
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([RECORD])
        for method, arguments in (("create", "[{}]"), ("open", "[]")):
            done = subprocess.run(
                [sys.executable, "-c", code, str(tmp_path), method, arguments],
                check=True,
                capture_output=True,
                text=True,
            )
            assert done.stdout.startswith(f"2 {tmp_path / NAME} is in use by another run")
        ledger.add([replace(RECORD, position=1)])
        assert len(list(ledger)) == 2


def test_no_ledger_says_run_a_job_first(tmp_path: Path) -> None:
    for output in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(KbatchError, match=r"no kbatch\.sqlite in .*: run a job first"):
            Ledger.open(output)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_ledger_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([RECORD])
    raw(tmp_path, f"PRAGMA user_version = {VERSION + 1}")
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(KbatchError, match="newer kbatch") as caught:
        Ledger.open(tmp_path)
    assert caught.value.exit_code == 2
    with pytest.raises(KbatchError, match="newer kbatch"):
        Ledger.create(tmp_path, {})
    assert (tmp_path / NAME).read_bytes() == before


def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    text = b"my precious text, not a database" * 99
    (tmp_path / NAME).write_bytes(text)
    with pytest.raises(KbatchError, match=r"is damaged .*delete it"):
        Ledger.open(tmp_path)
    with pytest.raises(KbatchError, match=r"is damaged .*delete it"):
        Ledger.create(tmp_path, {})
    assert (tmp_path / NAME).read_bytes() == text


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    raw(tmp_path, "CREATE TABLE recipes (name TEXT)")
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(KbatchError, match="not a ledger of kbatch"):
        Ledger.open(tmp_path)
    with pytest.raises(KbatchError, match="not a ledger of kbatch"):
        Ledger.create(tmp_path, {})
    assert (tmp_path / NAME).read_bytes() == before


def test_a_damaged_ledger_says_so(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add(list(many(2000)))
    data = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    with pytest.raises(KbatchError, match="damaged"), Ledger.open(tmp_path) as ledger:
        list(ledger)


def test_a_record_that_is_none_says_damaged(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([RECORD])
    for text in ("{", "[]", '{"position":0}'):
        raw(tmp_path, f"UPDATE records SET record = '{text}'")
        with pytest.raises(KbatchError, match="damaged"), Ledger.open(tmp_path) as ledger:
            list(ledger)


def test_a_ledger_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KbatchError, match="can't make the folder") as caught:
        Ledger.create(tmp_path / "file", {})
    assert str(tmp_path / "file") in str(caught.value)
    (tmp_path / NAME).mkdir()
    with pytest.raises(KbatchError, match="can't use") as caught:
        Ledger.create(tmp_path, {})
    assert str(tmp_path / NAME) in str(caught.value)


def test_a_full_disk_is_named_and_nothing_half_is_kept(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add(list(many(5)))
        ledger._db.execute("PRAGMA max_page_count = 20")  # SQLite's own "disk is full"
        with pytest.raises(KbatchError, match="is full; is there space") as caught:
            ledger.add(list(many(5000)))
        assert str(tmp_path / NAME) in str(caught.value)
        assert len(list(ledger)) == 5


def test_twenty_thousand_records_are_never_all_in_memory(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        batch = list(many(20_000))
        ledger.add(batch)
        del batch
        tracemalloc.start()
        try:
            total = sum(record.loss or 0 for record in ledger)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert total == sum(position / 7 for position in range(20_000))
    assert peak < 1e6


# ---- previews ----------------------------------------------------------------------------------


def test_previews_are_kept_with_the_records_of_their_picture(tmp_path: Path) -> None:
    odd = replace(RECORD, position=2, picture="caf\udce9/ß😀\n'\".png")
    other = replace(RECORD, position=3, picture="caf\\udce9.png")
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([RECORD, replace(RECORD, position=1, variant="K9_L2")], b"one")
        ledger.add([odd], b"two")
        ledger.add([other])
    with Ledger.open(tmp_path) as ledger:
        assert [ledger.preview(record) for record in ledger] == [b"one", b"one", b"two", None]


def test_a_preview_is_replaced_and_a_rerun_has_none_of_the_last_run(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([RECORD], b"old")
        ledger.add([RECORD], b"new")
        assert ledger.preview(RECORD) == b"new"
    with Ledger.create(tmp_path, {}) as ledger:
        ledger.add([RECORD])
        assert ledger.preview(RECORD) is None


def test_a_preview_without_room_takes_its_records_back(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {}) as ledger:
        ledger._db.execute("PRAGMA max_page_count = 20")
        with pytest.raises(KbatchError, match="is full"):
            ledger.add([RECORD], bytes(1_000_000))
        assert list(ledger) == []


def test_a_ledger_of_the_first_format_is_read_and_replaced(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, {"run": 1}) as ledger:
        ledger.add([RECORD])
    raw(tmp_path, "DROP TABLE previews", "PRAGMA user_version = 1")
    with Ledger.open(tmp_path) as ledger:
        (record,) = ledger
        assert record == RECORD
        assert ledger.preview(record) is None
    with Ledger.create(tmp_path, {"run": 2}) as ledger:
        ledger.add([RECORD], b"new")
    with Ledger.open(tmp_path) as ledger:
        assert ledger.preview(RECORD) == b"new"
