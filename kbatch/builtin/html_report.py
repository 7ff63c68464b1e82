"""`report.html`: one page with all there is to see of a job; it asks nothing of the network."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kbatch.builtin import html_summary as sums
from kbatch.builtin.html_curves import curves
from kbatch.builtin.options import HtmlOptions
from kbatch.data import Record
from kbatch.stages import Folder, Results

SCRIPTS = (
    "dom.js",
    "charts.js",
    "table.js",
    "viewer.js",
    "card.js",
    "page.js",
)  # one after the other


class HtmlReport:
    """Writes one page that needs nothing but itself, and the results beside it to show them."""

    def __init__(self, options: HtmlOptions) -> None:
        self.options = options

    def write(self, results: Results, folder: Folder) -> None:
        """Writes `report.html`; reads the records twice, first for the summary."""
        files = Environment(
            loader=PackageLoader("kbatch.builtin", "html"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        summary = sums.summarize(results)
        facts = results.facts
        style = _text(files, "page.css")
        script = "(() => {\n'use strict';\n" + "".join(_text(files, n) for n in SCRIPTS) + "})();\n"
        page = files.get_template("page.html").generate(
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
            inf=math.inf,
            summary=summary,
            counts={s: sum(t.counts[s] for t in summary.variants.values()) for s in sums.STATUSES},
            bytes_out=sum(tally.bytes_out for tally in summary.variants.values()),
            planned=facts.get("pictures", summary.pictures),
            shown=min(self.options.pictures, summary.pictures),
            job=job_text(facts.get("job", {})),
            versions=facts.get("versions", {}),
            plugins=facts.get("plugins", []),
            data=_json(self._data(summary)),
            blocks=self._blocks(results, folder, summary),
        )
        with folder.open("report.html") as stream:
            for part in page:  # undecodable file names
                stream.write(part.encode("utf-8", "backslashreplace"))

    def _data(self, summary: sums.Summary) -> dict[str, Any]:
        return {
            "columns": summary.columns,
            "variants": [sums.figures(tally) for tally in summary.variants.values()],
            "curves": curves(summary),
        }

    def _blocks(
        self, results: Results, folder: Folder, summary: sums.Summary
    ) -> Iterator[tuple[Markup, Markup | None]]:
        """Yields the figures of each picture that is shown, and what is only read to draw it."""
        labels = {label: index for index, label in enumerate(summary.variants)}
        extremes = {place for place, _, _ in summary.best + summary.worst}
        room = self.options.megabytes * 1_000_000
        for place, records in sums.pictures(results):
            if place >= self.options.pictures and place not in extremes:
                continue
            row = _json(_picture(place, records, labels, folder, summary.columns))
            room -= len(row)
            details = _json(_details(results.preview(records[0]), records)) if room > 0 else None
            room -= len(details or "")
            yield row, details if room > 0 else None


def _picture(
    place: int,
    records: list[Record],
    labels: Mapping[str, int],
    folder: Folder,
    columns: list[str],
) -> dict[str, Any]:
    rows = []
    for record in records:
        found = sums.numbers(record)
        url = None
        if record.output is not None:  # "" where the file is gone
            url = _url(record.output) if folder.find(record.output) else ""
        known = [found.get(name) for name in columns]
        row = [labels[record.variant], record.status, url, record.error, record.k_used]
        rows.append([*row, record.iterations, record.stopped, *known])
    size = next((record.bytes_in for record in records if record.bytes_in is not None), None)
    colors = next((record.colors_in for record in records if record.colors_in is not None), None)
    name = records[0].picture
    return {"place": place, "name": name, "bytes": size, "colors": colors, "rows": rows}


def _details(preview: bytes | None, records: list[Record]) -> dict[str, Any]:
    image = preview and "data:image/webp;base64," + base64.b64encode(preview).decode("ascii")
    rows = [
        [" ".join(entry[1:] for entry in record.palette), record.counts, record.history]
        for record in records
    ]
    return {"preview": image, "rows": rows}


def _url(path: str) -> str:
    """Returns the relative address of a file: bytes that are no UTF-8 as they are on disk."""
    return "./" + quote(path.encode("utf-8", "surrogateescape"), safe="/")


def job_text(job: Mapping[str, Any]) -> str:
    """Returns a job as YAML, complete: each key that has a value, components with options."""
    plain = {key: _plain(value) for key, value in job.items() if value is not None}
    if not plain:
        return ""
    return yaml.safe_dump(  # lists of plain values on one line
        plain, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        values = [_plain(entry) for entry in value]
        return values[0] if len(values) == 1 and not isinstance(values[0], list) else values
    if isinstance(value, Mapping) and set(value) == {"name", "options"}:
        options = {key: option for key, option in value["options"].items() if option is not None}
        return {"name": value["name"], **options} if options else value["name"]
    return value


def _json(value: Any) -> Markup:
    """Returns compact JSON that can't end the element it is in; numbers to six digits."""
    text = json.dumps(_short(value), separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def _short(value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return "∞" if value > 0 else None
        return int(value) if value.is_integer() and abs(value) < 1e6 else float(f"{value:.6g}")
    if isinstance(value, str) and not value.isascii():  # undecodable file names
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _short(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_short(entry) for entry in value]
    return value


def _text(files: Environment, name: str) -> str:
    assert files.loader is not None
    text, _, _ = files.loader.get_source(files, name)
    return text


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
