"""Components that fail on purpose: they show that a run survives them.

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
from typing import BinaryIO, Literal, NoReturn

import numpy as np

from kbatch import PictureError, data, hookimpl, stages


class WriterOptions(stages.Options):
    """What the writer can be told: to fail half way, to find the disk full, to write nothing."""

    kind: Literal["raise", "full", "nothing"] = "raise"


class MeasureOptions(stages.Options):
    """What the measure can be told: which pictures it fails for."""

    wider_than: int = 0


class Loader:
    """Does what a file says: `ok`, `sleep 0.5`, `picture-error why` or `raise ValueError why`."""

    def load(self, stream: BinaryIO, name: str) -> data.Picture:
        """Returns a picture of 512 colours when the text lets it."""
        match stream.read().decode().split(maxsplit=2):
            case ["sleep", seconds]:
                time.sleep(float(seconds))
            case ["picture-error", *why]:
                raise PictureError(f"{name} {' '.join(why)}")
            case ["raise", kind, *why]:
                raise getattr(builtins, kind)(*why)
        y, x = np.mgrid[:16, :32].astype(np.uint8)
        return data.Picture(np.stack([8 * x, 16 * y, x ^ y], axis=2)[np.newaxis])


class Fault:
    """Fails as an initializer, a ditherer or a report, and in the update of a strategy."""

    far = 1.0

    def __init__(self, _options: stages.Options) -> None:
        pass

    def fail(self, *_: object) -> NoReturn:
        """Fails whatever it is asked."""
        raise RuntimeError("on purpose")

    centers = dither = update = fail

    def distance(self, x: data.F32, center: data.F32) -> data.F32:  # noqa: ARG002
        """Takes all points for equally far."""
        return np.full(len(x), self.far, np.float32)

    def write(self, results: stages.Results, folder: stages.Folder) -> None:
        """Fails half way through a report."""
        with folder.open("fault.txt") as stream:
            stream.writelines(f"{record.picture}\n".encode() for record in results)
            self.fail()


class NanFault(Fault):
    """Has a distance that is not a number."""

    far = float("nan")


class Writer:
    """Fails as its options say."""

    def __init__(self, options: WriterOptions) -> None:
        self._kind = options.kind

    def write(self, indexed: data.Indexed, stream: BinaryIO) -> None:
        """Writes some bytes and fails, or writes nothing."""
        if self._kind != "nothing":
            stream.write(indexed.palette.tobytes())
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise full if self._kind == "full" else RuntimeError("on purpose")


class Measure:
    """Fails for wide pictures."""

    def __init__(self, options: MeasureOptions) -> None:
        self._wider_than = options.wider_than

    def measure(self, picture: data.Picture, indexed: data.Indexed) -> Mapping[str, float]:
        """Returns the number of entries, or fails."""
        if picture.pixels.shape[2] > self._wider_than:
            raise RuntimeError("on purpose")
        return {"entries": len(indexed.palette)}


@hookimpl
def kbatch_components() -> Iterable[stages.Spec]:
    """Offers a fault of every kind."""
    why, text = "fails on purpose", (".fault",)
    cols = (stages.Column("entries", unit="", higher_is_better=False),)
    return (
        stages.LoaderSpec(name="faults", summary=why, factory=lambda _: Loader(), suffixes=text),
        stages.InitializerSpec(name="fault-init", summary=why, factory=Fault),
        stages.StrategySpec(name="fault-update", summary=why, factory=Fault),
        stages.StrategySpec(name="fault-nan", summary=why, factory=NanFault),
        stages.DithererSpec(name="fault-dither", summary=why, factory=Fault),
        stages.WriterSpec(
            name="fault-write", summary=why, factory=Writer, options=WriterOptions, suffix=".png"
        ),
        stages.MeasureSpec(
            name="fault-measure", summary=why, factory=Measure, options=MeasureOptions, columns=cols
        ),
        stages.ReportSpec(name="fault-report", summary=why, factory=Fault),
    )


@hookimpl
def kbatch_job_started() -> None:
    """Fails when it is asked to."""
    _fail_if("job_started")


@hookimpl
def kbatch_record() -> None:
    """Fails when it is asked to."""
    _fail_if("record")


@hookimpl
def kbatch_job_finished() -> None:
    """Fails when it is asked to."""
    _fail_if("job_finished")


def _fail_if(hook: str) -> None:
    if os.environ.get("KBATCH_FAULT_OBSERVER") == hook:
        raise RuntimeError("on purpose")
