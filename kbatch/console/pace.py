"""How fast a run was from its beginning to now, in a list of bounded length, and as a sparkline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

MOST = 60  # spans
SPAN = 1.0  # seconds of the first ones

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = "_.-:=+*#"  # for encodings that lack them


class Pace:
    """How many pictures were finished in each span of a run.

    Spans are of one length, which doubles when there would be too many of them.

    Attributes:
        span: seconds of each.
    """

    def __init__(self) -> None:
        self.span = SPAN
        self._counts: list[int] = []

    def add(self, seconds: float) -> None:
        """Counts a picture that was finished so many seconds after the start."""
        self._reach(seconds)
        self._counts[-1] += 1

    def counts(self, seconds: float) -> list[int]:
        """Returns the pictures of each span that is over, so many seconds after the start."""
        self._reach(seconds)
        return self._counts[:-1]

    def _reach(self, seconds: float) -> None:
        counts = self._counts
        while seconds >= MOST * self.span:
            counts += [0] * (len(counts) % 2)
            counts = [first + second for first, second in list(pairwise(counts))[::2]]
            self.span *= 2
        # A new list, since the terminal is drawn by another thread.
        self._counts = counts + [0] * (int(seconds / self.span) + 1 - len(counts))


def sparkline(values: Sequence[float], encoding: str) -> str:
    """Returns a bar a value, the largest the highest; 0 is a blank where bars are.

    Args:
        values: none is negative.
        encoding: of the stream.
    """
    bars = _BARS
    try:
        bars.encode(encoding)
    except UnicodeEncodeError:
        bars = _PLAIN_BARS
    most = max(values, default=0)
    return "".join(
        bars[round((len(bars) - 1) * value / most)] if value else " " for value in values
    )
