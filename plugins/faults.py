"""Components that fail on purpose, of every stage of a picture: they show that a run survives them.

Also an example of a plugin with many components: `kbatch run job.yaml --plugin plugins/faults.py`,
and in the job, say, `dither: [none, fault-dither]` or `writer: {name: fault-write, kind: full}`.
Its observers fail when the environment says so: `KBATCH_FAULT_OBSERVER=record`.
"""

from __future__ import annotations

import builtins
import errno
import os
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import BinaryIO, Literal, NoReturn

import numpy as np

from kbatch import PictureError, data, hookimpl
from kbatch.stages import (
    Column,
    DithererSpec,
    InitializerSpec,
    LoaderSpec,
    MeasureSpec,
    Options,
    ReportSpec,
    Spec,
    StrategySpec,
    WriterSpec,
)
from kbatch.stages import Folder, Nearest, Results


class FaultOptions(Options):
    """Options of all faults but the loader."""

    text: str = "on purpose"


class WriteOptions(FaultOptions):
    """Options of the writer: it raises, finds the disk full, or writes nothing."""

    kind: Literal["raise", "full", "nothing"] = "raise"


class MeasureOptions(FaultOptions):
    """Options of the measure: it fails for pictures that are wider."""

    wider_than: int = 0


class Fault:
    """Fails when it is asked to."""

    def __init__(self, options: FaultOptions) -> None:
        self._text = options.text

    def fail(self, *_: object) -> NoReturn:
        raise RuntimeError(self._text)

    centers = dither = fail
