"""Made-up results for the page: pictures of a few pixels, records as a run would leave them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kbatch.builtin.html_report import HtmlReport
from kbatch.builtin.options import HtmlOptions
from kbatch.data import Record
from kbatch.storage import ReportFolder

EVIL = "<img src=x onerror=alert(1)>.png"
NAMES = (
    *("plain.png", EVIL, "a#b?c%41&d'e\"f.png", "</script><b>x.png", "zoo/tïger ünd 100%.png"),
    *("\u202egnp.exe", "x" * 200 + ".png", "caf\udce9.png", "=cmd|' /C calc'!A0.png", "a:b.png"),
)
FACTS: dict[str, Any] = {
    "job": {
        "input": ["pictures"],
        "output": "out",
        "k": [3, 12, 48],
        "strategy": [{"name": "l2", "options": {}}, {"name": "l1", "options": {}}],
        "writer": [{"name": "png", "options": {"level": 9, "optimize": "off"}}],
        "restarts": None,
    },
    "versions": {"kbatch": "0.1", "python": "3.11"},
    "plugins": ["kbatch"],
}


@dataclass
class Made:
    """Results without a ledger.

    Attributes:
        count: how many pictures.
        ks: entries; each with l2 and l1.
        size: bytes of a preview, made of noise where it is not a picture.
    """

    count: int = 10
    ks: tuple[int, ...] = (3, 12, 48)
    preview_bytes: int = 0
    facts: Mapping[str, Any] = field(default_factory=lambda: FACTS)

    def __iter__(self) -> Iterator[Record]:
        position = 0
        for place in range(self.count):
            for k in self.ks:
                for strategy in ("l2", "l1"):
                    yield record(position, place, k, strategy)
                    position += 1

    def preview(self, record: Record) -> bytes | None:
        if self.preview_bytes:
            return bytes(range(256)) * (self.preview_bytes // 256)
        stream = io.BytesIO()
        Image.fromarray(pixels()).save(stream, "WEBP")
        return stream.getvalue()


def name(place: int) -> str:
    return NAMES[place] if place < len(NAMES) else f"folder/picture {place:05}.png"


def record(position: int, place: int, k: int, strategy: str, **changes: Any) -> Record:
    label = f"K{k}_{strategy.upper()}"
    error = 9000 / k * (1.1 if strategy == "l1" else 1) * (1 + place % 7 / 7)
    size = 3000 + int(900 * k**0.8)
    values: dict[str, Any] = dict(  # noqa: C408
        position=position,
        picture=name(place),
        variant=label,
        status="done",
        output=f"{name(place).removesuffix('.png')}_{label}.png",
        k=k,
        k_used=k,
        strategy=strategy,
        init="split",
        space="rgb",
        dither="none",
        effort="balanced",
        seed=0,
        loss=error if strategy == "l2" else error**0.5,
        sse=error,
        sad=error**0.5,
        iterations=5,
        stopped="tolerance",
        colors_in=12345 + place,
        bytes_in=100_000 + place,
        bytes_out=size,
        ratio=(100_000 + place) / size,
        seconds=0.0123,
        history=tuple(error * (1 + 2.0**-step) for step in range(6)),
        palette=tuple(f"#{(place * 7919 + i * 328965) % 2**24:06x}" for i in range(k)),
        counts=tuple(1000 * (i + 1) for i in range(k)),
        measures={"ssim": 1 - 1 / k},
    )
    return Record(**values | changes)


def pixels() -> np.ndarray[Any, np.dtype[np.uint8]]:
    y, x = np.mgrid[0:60, 0:90].astype(np.uint8)
    return np.stack([x * 2, y * 4, 255 - x], axis=2)


def write_outputs(folder: Path, results: Made) -> None:
    """Writes a small picture for each record that names one."""
    for one in results:
        path = folder / (one.output or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        step = np.uint8(max(1, 200 // one.k))
        Image.fromarray(pixels() // step * step).save(path)


def make(folder: Path, results: Any, **options: Any) -> str:
    """Writes the page and returns its text."""
    HtmlReport(HtmlOptions(**options)).write(results, ReportFolder(folder))
    return (folder / "report.html").read_text(encoding="utf-8")
