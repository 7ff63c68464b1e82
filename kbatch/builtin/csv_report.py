"""`results.csv`: a line a record, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import re
from typing import Any, BinaryIO

from kbatch.data import RECORD_COLUMNS
from kbatch.stages import Folder, Options, Results

# Where a spreadsheet would begin a formula: at the start of a cell, or of what it takes for one
# where cells end at `;`. Some take the wide forms of the signs too.
FORMULA = re.compile(r"^(?=[\t\r])|(^|[;\t\r\n])(?=[=+\-@＝＋－＠])")


class CsvReport:
    """Writes UTF-8 with LF ends of line, quoted as RFC 4180 says.

    Text that a spreadsheet would run gets an apostrophe before it; numbers stay numbers.
    `true` and `false` for booleans, nothing for what is not known, floats with all their digits.
    """

    def __init__(self, options: Options) -> None:
        self.options = options

    def write(self, results: Results, folder: Folder) -> None:
        """Writes `results.csv`: the columns of a record, then the measures as they first came."""
        measures = dict.fromkeys(name for record in results for name in record.measures)
        columns = list(dict.fromkeys([*RECORD_COLUMNS, *measures]))
        with folder.open("results.csv") as stream:
            lines = csv.writer(_Lines(stream))
            lines.writerow(map(_cell, columns))
            for record in results:
                row = record.row()
                lines.writerow([_cell(row.get(name)) for name in columns])


class _Lines:
    """Where the csv module writes: it must end lines in CR LF to quote both, we in LF."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        text = line.removesuffix("\r\n") + "\n"
        self._stream.write(text.encode("utf-8", "backslashreplace"))  # undecodable file names


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float.__repr__(value)
    return FORMULA.sub(r"\1'", value) if isinstance(value, str) else str(value)
