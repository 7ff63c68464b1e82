"""What reports for people say of a record."""

from __future__ import annotations

import math

from kbatch.data import Record

JOINERS = "\u200c\u200d"  # invisible, but emoji and some scripts need them


def psnr(record: Record) -> float | None:
    """Returns the peak signal-to-noise ratio in dB, or None where no error is known.

    It follows from `sse`, the squared error a pixel summed over its channels: three, or four where
    an entry of the palette is not opaque. Infinite where there is no error.
    """
    if record.sse is None:
        return None
    channels = 4 if any(len(color) == 9 for color in record.palette) else 3
    return 10 * math.log10(255**2 * channels / record.sse) if record.sse > 0 else math.inf


def decibels(value: float | None) -> str:
    """Returns a ratio for people; empty where there is none."""
    if value is None:
        return ""
    return f"{value:.1f} dB" if math.isfinite(value) else "exact"


def size(count: int | None) -> str:
    """Returns a number of bytes for people; empty where there is none."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    unit, value = ("kB", count / 1000) if count < 999_500 else ("MB", count / 1e6)
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def shown(text: str) -> str:
    """Returns text in one line: what can't be seen, or turns the text around it, as escapes."""
    return "".join(
        char if char.isprintable() or char in JOINERS else char.encode("unicode_escape").decode()
        for char in text
    )


def apart_from_k(record: Record) -> str:
    """Returns the label of a record's variant without its K: `L2_oklab`."""
    return record.variant.removeprefix(f"K{record.k}_")
