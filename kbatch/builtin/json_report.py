"""`results.json`: an array with an object a record, for programs."""

from __future__ import annotations

import json
import math
from typing import Any

from kbatch.stages import Folder, Options, Results


class JsonReport:
    """Writes one JSON array, a record a line; numbers that JSON doesn't know are null."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def write(self, results: Results, folder: Folder) -> None:
        """Writes `results.json`, record by record."""
        with folder.open("results.json") as stream:
            separator = b"[\n"
            for record in results:
                row = {name: _plain(value) for name, value in record.row().items()}
                text = json.dumps(row, ensure_ascii=False, allow_nan=False)
                # A file name's undecodable byte becomes \udcXX: just what JSON calls it.
                stream.write(separator + text.encode("utf-8", "backslashreplace"))
                separator = b",\n"
            stream.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
