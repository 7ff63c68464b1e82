"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Jobs = Annotated[list[Path], typer.Argument(metavar="JOB", help="Job files.")]
Job = Annotated[Path, typer.Argument(metavar="JOB", help="A job file.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="Replaces the job's output.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", "-w", min=1, help="Pictures worked on at once.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replaces a key of the job: writer.level=9."),
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE", help="Loads a single-file plugin."),
]
Trust = Annotated[
    bool, typer.Option("--trust-plugins", help="Loads the plugin files that a job names.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a record on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Tells of failures only.")]
Debug = Annotated[bool, typer.Option("--debug", help="Shows tracebacks and debug messages.")]
