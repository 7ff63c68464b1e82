"""The ledger: finished records in an SQLite file, safe against crashes, read back in plan order."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Self, TypeVar

from kbatch.data import LEDGER, Record
from kbatch.errors import KbatchError

log = logging.getLogger(__name__)

NAME = LEDGER
VERSION = 2  # of the tables below and the record's names; 1 had no previews
APPLICATION = 0x6B626174  # "kbat", marks the file as ours

TABLES = (
    "DROP TABLE IF EXISTS facts",
    "DROP TABLE IF EXISTS records",
    "DROP TABLE IF EXISTS previews",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE records (position INTEGER PRIMARY KEY, record TEXT NOT NULL)",
    "CREATE TABLE previews (picture TEXT PRIMARY KEY, image BLOB NOT NULL)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
FIELDS = tuple(field.name for field in fields(Record))
LISTS = ("history", "palette", "counts")
DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)

L = TypeVar("L", bound="Ledger")


class Ledger:
    """The records of one output folder; used from one thread.

    Make one with `create` or `open`, and close it: it is a context manager. Iterating yields the
    records in plan order, so it is what reports take as results.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writes = False
        self._version = VERSION
        with _explained(path):
            self._db = sqlite3.connect(path, timeout=1.0)

    @classmethod
    def create(cls, output: Path, facts: Mapping[str, Any]) -> Self:
        """Starts a new run: what an earlier run left is removed.

        Until it is closed nobody else can use the file.

        Args:
            output: folder of the results, made when it is missing.
            facts: what is to be known about the run; plain values that JSON can hold.

        Raises:
            KbatchError: the file can't be written, another run uses it, or it isn't ours.
        """
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KbatchError(f"can't make the folder {output}: {error.strerror}") from error
        with _closed_on_error(cls(output / NAME)) as ledger, _explained(ledger.path):
            ledger._start(facts)
            return ledger

    @classmethod
    def open(cls, output: Path) -> Self:
        """Opens the ledger of an earlier run to read it.

        Args:
            output: folder of the results.

        Raises:
            KbatchError: there is none, a run uses it, it is damaged, or a newer kbatch made it.
        """
        path = output / NAME
        if not path.is_file():
            raise KbatchError(f"no {NAME} in {output}: run a job first")
        with _closed_on_error(cls(path)) as ledger, _explained(path):
            ledger._check(new=False)
            return ledger

    def add(self, records: Sequence[Record], preview: bytes | None = None) -> None:
        """Commits records, all or none; they are on disk once it returns.

        Args:
            records: any order; one replaces what stands at its position.
            preview: a small picture of the source that all these records are of.

        Raises:
            KbatchError: they can't be written.
        """
        rows = [(record.position, to_text(record)) for record in records]
        with _explained(self.path), self._db:
            self._db.executemany("INSERT OR REPLACE INTO records VALUES (?, ?)", rows)
            if preview is not None:
                row = (_key(records[0].picture), preview)
                self._db.execute("INSERT OR REPLACE INTO previews VALUES (?, ?)", row)

    def records(self) -> Iterator[Record]:
        """Yields the records in plan order, read one by one.

        Raises:
            KbatchError: the file is damaged.
        """
        with _explained(self.path):
            for (text,) in self._db.execute("SELECT record FROM records ORDER BY position"):
                yield from_text(text)

    def __iter__(self) -> Iterator[Record]:
        return self.records()

    def preview(self, record: Record) -> bytes | None:
        """Returns the small picture of a record's source, or None where none was kept.

        Raises:
            KbatchError: the file is damaged.
        """
        if self._version < 2:
            return None
        with _explained(self.path):
            query = "SELECT image FROM previews WHERE picture = ?"
            found = self._db.execute(query, (_key(record.picture),)).fetchone()
            return None if found is None else found[0]

    @property
    def facts(self) -> dict[str, Any]:
        """What was told about the run when it started."""
        with _explained(self.path):
            rows = self._db.execute("SELECT name, value FROM facts ORDER BY rowid")
            return {name: json.loads(value) for name, value in rows}

    def close(self) -> None:
        """Closes the file; after a run that is one file that can be moved and read anywhere."""
        try:
            if self._writes:
                self._db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:  # the records are safe in its log, which the next one reads
            log.warning("%s could not be tidied up: %s", self.path, error)
        finally:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start(self, facts: Mapping[str, Any]) -> None:
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        # Exclusive: a second run into the same output is refused, and SQLite's log needs no shared
        # memory, which network folders lack.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._check(new=True)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # a commit returns when it is on disk
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for statement in TABLES:
                self._db.execute(statement)
            self._db.executemany("INSERT INTO facts VALUES (?, ?)", rows)
        self._writes = True

    def _check(self, *, new: bool) -> None:
        """Refuses a file of another program or a newer kbatch; a new run may find an empty one."""
        application, version, tables = (
            self._db.execute(query).fetchone()[0]
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        if tables == 0:  # a run that died before it began
            if new:
                return
            raise KbatchError(f"{self.path} is empty: run a job first")
        if application != APPLICATION:
            raise KbatchError(f"{self.path} is not a ledger of kbatch: move it away")
        if version > VERSION:
            raise KbatchError(
                f"{self.path} was made by a newer kbatch (its format is {version}, this kbatch "
                f"knows {VERSION}): upgrade kbatch, or choose another output"
            )
        if not new:
            self._version = version


def to_text(record: Record) -> str:
    """Returns a record as JSON in plain ASCII, so that undecodable file names survive.

    What is None or empty is left out; floats keep every bit.
    """
    known = ((name, getattr(record, name)) for name in FIELDS)
    values = {name: value for name, value in known if value is not None and value != ()}
    return json.dumps(values | {"measures": dict(record.measures)}, separators=(",", ":"))


def from_text(text: str) -> Record:
    """Returns the record that `to_text` was given.

    Raises:
        ValueError: the text is not a record.
    """
    try:
        values = json.loads(text)
        lists = {name: tuple(values[name]) for name in LISTS if name in values}
        return Record(**values | lists)
    except TypeError as error:
        raise ValueError(f"not a record: {error}") from error


def _key(picture: str) -> str:
    """Returns a picture's name as plain ASCII, for the same reason."""
    return json.dumps(picture)[1:-1]


@contextmanager
def _closed_on_error(ledger: L) -> Iterator[L]:
    try:
        yield ledger
    except BaseException:
        ledger.close()
        raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns what SQLite says into words for the person at the keyboard."""
    try:
        yield
    except sqlite3.ProgrammingError:  # our mistake, not theirs
        raise
    except (sqlite3.Error, ValueError) as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            text = f"{path} is in use by another run: wait for its end, or choose another output"
        elif code in DAMAGED:
            text = f"{path} is damaged ({error}): delete it and run the job again"
        else:
            text = f"can't use {path}: {error}; is there space, and may you write there?"
        raise KbatchError(text) from error
