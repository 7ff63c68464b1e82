"""Batch image compression by K-Means and K-Medians colour quantisation.

`quantize` compresses one picture, `run_job` a folder of them by a YAML job. A plugin marks its
functions with `hookimpl`. Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbatch.api import Quantized, quantize, run_job
from kbatch.version import __version__

if TYPE_CHECKING:
    from kbatch.data import Record
    from kbatch.errors import JobError, KbatchError, PictureError, PluginError
    from kbatch.hookspecs import hookimpl
    from kbatch.job import Job


__all__ = [
    "Job",
    "JobError",
    "KbatchError",
    "PictureError",
    "PluginError",
    "Quantized",
    "Record",
    "__version__",
    "hookimpl",
    "quantize",
    "run_job",
]


def __getattr__(name: str) -> Any:
    """Imports the rest of the public names when they are asked for."""
    from importlib import import_module

    homes = {"Job": "job", "Record": "data", "hookimpl": "hookspecs"}
    if name not in __all__:
        raise AttributeError(f"module 'kbatch' has no attribute {name!r}")
    return getattr(import_module(f"kbatch.{homes.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    """Lists the public names, those that are imported later among them."""
    return __all__
