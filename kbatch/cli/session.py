"""What surrounds a command: its console, its log, and errors as a text and an exit code."""

from __future__ import annotations

import logging
import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import typer

from kbatch import process

if TYPE_CHECKING:
    from kbatch.console import Console


@contextmanager
def session(*, debug: bool = False, quiet: bool = False, json: bool = False) -> Iterator[Console]:
    """Gives a command its console, and turns errors into a text and an exit code."""
    from kbatch.console import Console, LogHandler
    from kbatch.errors import KbatchError

    logger = logging.getLogger("kbatch")
    silenced = nullcontext() if debug else process.libraries_silenced()
    with silenced, Console(quiet=quiet, json=json) as console:
        handler = LogHandler(console)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO)
        try:
            yield console
        except KbatchError as error:
            console.error("".join(traceback.format_exception(error)) if debug else str(error))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:  # at once: what was told is on disk, threads are not waited for
            console.close()
            os._exit(128 + signal.SIGINT)
        except BrokenPipeError as error:  # whoever read our output has gone
            raise typer.Exit(1) from error
        finally:
            logger.removeHandler(handler)
