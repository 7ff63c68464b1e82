"""What can go wrong, in words for the person at the keyboard.

Every error that a user can cause is a `KbatchError`: its text says what is wrong, where, and how to
mend it, and its `exit_code` is what the command ends with.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class KbatchError(Exception):
    """A mistake that a user can mend; shown without a traceback."""

    exit_code = 2


class JobError(KbatchError):
    """A job that can't be run; carries every problem found, not only the first.

    Attributes:
        problems: one line each, `job.yaml:line:column: what is wrong, what was expected`.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PluginError(KbatchError):
    """A plugin that can't be loaded, or two that claim one name."""

    exit_code = 3


class PictureError(KbatchError):
    """A picture that can't be loaded, clustered or written: it fails, the others go on."""

    exit_code = 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns ` (did you mean 'x'?)` for the nearest known word, or an empty text.

    Args:
        word: what was written.
        known: what could have been meant.
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
