"""The command line: arguments in, exit codes out. What a command does is elsewhere.

Heavy imports are inside the commands, so that `--help` is instant.
"""

from __future__ import annotations

import logging
import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kbatch import process
from kbatch.version import __version__

if TYPE_CHECKING:
    from kbatch.console import Console

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # a plain help is there in half the time
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compress folders of pictures by K-Means colour quantisation.",
    epilog="Begin with: kbatch init, then: kbatch run job.yaml",
)
plugins_app = typer.Typer(
    invoke_without_command=True, rich_markup_mode=None, help="List components, or tell of one."
)
app.add_typer(plugins_app, name="plugins")

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


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", help="Shows the version.", callback=lambda on: _tell(on=on))
    ] = False,
) -> None:
    """Compress folders of pictures by K-Means colour quantisation."""


@app.command(
    short_help="Run job files.",
    help="Run job files: pictures in, compressed pictures and a table of results out.\n\n"
    "Exit code: 0 all done, 1 some pictures or a report failed, 2 an invalid job or output, "
    "3 a plugin failed to load, 130 interrupted, 143 terminated.",
    epilog="Example: kbatch run job.yaml --set 'k=[8, 64]' --workers 2",
)
def run(
    jobs: Jobs,
    output: Output = None,
    workers: Workers = None,
    settings: Settings = None,
    plugin: Plugins = None,
    trust_plugins: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run job files."""
    from kbatch import plan, process, runner

    process.keep_freed_memory()
    with _session(debug=debug, quiet=quiet, json=json) as console:
        made = plan.make_all(
            jobs,
            settings=settings or (),
            output=output,
            workers=workers,
            plugins=plugin or (),
            trust=trust_plugins,
        )
        with runner.stopped_by_signals(console.note) as stop:
            code = 0
            for work, registry in made:
                registry.add(console, "console")
                summary = runner.run(work, registry, stop.event)
                code = max(code, int(bool(summary.failed or summary.failed_reports)))
                if summary.interrupted:
                    break
            raise typer.Exit(stop.exit_code or code)


@app.command(
    short_help="Validate a job and show its plan.",
    epilog="Example: kbatch check job.yaml --set 'k=[8, 64]'",
)
def check(
    job: Job,
    output: Output = None,
    settings: Settings = None,
    plugin: Plugins = None,
    trust_plugins: Trust = False,
    debug: Debug = False,
) -> None:
    """Validate a job and show its plan: pictures, variants, what would be written."""
    from kbatch import plan

    with _session(debug=debug) as console:
        work, _ = plan.make(
            job,
            settings=settings or (),
            output=output,
            plugins=plugin or (),
            trust=trust_plugins,
        )
        console.plan(work, plan.outputs(work, work.sources), str(job))


@app.command(
    short_help="Write a commented job that runs as it stands.",
    epilog="Example: kbatch init && kbatch run job.yaml",
)
def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("job.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replaces a file that is there.")] = False,
) -> None:
    """Write a commented job that runs as it stands on the pictures beside it."""
    from kbatch import starter

    with _session() as console:
        starter.write(file, force=force)
        console.note(f"wrote {file}; next: kbatch run {file}")


@app.command(
    short_help="Compress single pictures.",
    epilog="Examples: kbatch quantize photo.jpg -k 12 --strategy l1 · "
    "kbatch quantize - -k 8 < in.png > out.png",
)
def quantize(
    pictures: Annotated[
        list[str], typer.Argument(metavar="IN", help="Pictures; - reads standard input.")
    ],
    k: Annotated[int, typer.Option("-k", "--k", help="Entries of the palette.")] = 16,
    strategy: Annotated[str, typer.Option(help="l2 (means), l1 (medians), or a plugin's.")] = "l2",
    init: Annotated[str, typer.Option(help="Where centers start.")] = "split",
    space: Annotated[str, typer.Option(help="The space to cluster in.")] = "rgb",
    dither: Annotated[str, typer.Option(help="How pixels get their entries.")] = "none",
    effort: Annotated[str, typer.Option(help="plain, fast, balanced or thorough.")] = "balanced",
    fixed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PALETTE",
            help="Entries that are not learnt: a colour such as '#f80', a palette file, a picture.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="What all chance derives from.")] = 0,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="A file, a folder, or - for standard output."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replaces files that are there.")] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compress single pictures; without -o beside the source, as photo_K16_L2.png."""
    from kbatch import single

    keys = {
        "k": k,
        "strategy": strategy,
        "init": init,
        "space": space,
        "dither": dither,
        "effort": effort,
        "fixed": fixed or (),
        "seed": seed,
    }
    with _session(debug=debug, quiet=quiet) as console:
        done = single.quantize_files(
            pictures, keys, output, force=force, note=console.note, error=console.error
        )
        raise typer.Exit(0 if done else 1)


@plugins_app.callback()
def plugins(context: typer.Context, plugin: Plugins = None, debug: Debug = False) -> None:
    """List every component: stage, name, summary, provider."""
    from kbatch import registry

    with _session(debug=debug) as console:
        context.obj = registry.discover(plugin or ())
        if context.invoked_subcommand is None:
            rows = [
                (entry.spec.stage, entry.spec.name, entry.spec.summary, entry.provider)
                for entry in context.obj
            ]
            console.table("", ("stage", "name", "summary", "provider"), rows)


@plugins_app.command("info", epilog="Example: kbatch plugins info png")
def plugins_info(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A component, such as png or strategy:l1.")],
) -> None:
    """Tell what a component is and which options it has."""
    with _session() as console:
        for entry in context.obj.named(name):
            spec = entry.spec
            console.out(f"{spec.stage} {spec.name}: {spec.summary} (from {entry.provider})")
            options = entry.options_table()
            if options:
                console.table("", ("option", "type", "default", "meaning"), options)
            else:
                console.out("It has no options.")


@app.command(
    short_help="Print a JSON Schema of jobs, for editors.",
    epilog="Example: kbatch schema > kbatch.schema.json",
)
def schema(plugin: Plugins = None, debug: Debug = False) -> None:
    """Print a JSON Schema of jobs with the options of all installed components, for editors."""
    from json import dumps

    from kbatch import job, registry

    with _session(debug=debug) as console:
        console.out(dumps(job.schema(registry.discover(plugin or ())), indent=2))


@app.command(
    short_help="Make the reports of an output again.",
    epilog="Example: kbatch report out --format csv --format json",
)
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The output of a job.")],
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="NAME", help="Reports; the job's own when not given."),
    ] = None,
    plugin: Plugins = None,
    debug: Debug = False,
) -> None:
    """Make the reports of an output again, without clustering."""
    from kbatch import registry, runner

    with _session(debug=debug) as console:
        files, problems = runner.report(folder, registry.discover(plugin or ()), formats)
        if not files and not problems:
            console.note("the job asks for no report: name one with --format")
        for file in files:
            console.note(f"wrote {folder / file}")
        raise typer.Exit(1 if problems else 0)


@app.command(
    short_help="Show a picture and its palette in the terminal.",
    epilog="Example: kbatch show photo.jpg -k 8",
)
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A picture.")],
    k: Annotated[
        int | None, typer.Option("-k", "--k", help="Quantises it to so many entries first.")
    ] = None,
    strategy: Annotated[str, typer.Option(help="l2 (means), l1 (medians), or a plugin's.")] = "l2",
    dither: Annotated[str, typer.Option(help="How pixels get their entries.")] = "none",
    debug: Debug = False,
) -> None:
    """Show a picture in the terminal, and its palette: that of an indexed file, or of -k."""
    from kbatch import show

    with _session(debug=debug) as console:
        if k is None:
            shown = show.as_it_is(file)
        else:
            shown = show.quantized(file, {"k": k, "strategy": strategy, "dither": dither})
        console.picture(shown.image, shown.palette, shown.counts)
        console.note(f"{file}  {shown.told}")


@app.command(
    short_help="Film the loop on a picture, from its start to convergence.",
    epilog="Example: kbatch trace photo.jpg -k 12 --strategy l1,l2 -o film.gif",
)
def trace(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A picture.")],
    k: Annotated[int, typer.Option("-k", "--k", help="Entries of the palette.")] = 12,
    strategy: Annotated[
        str, typer.Option(metavar="NAME[,NAME]", help="l2, l1, or several side by side: l1,l2.")
    ] = "l2",
    init: Annotated[str, typer.Option(help="Where centers start.")] = "random",
    space: Annotated[str, typer.Option(help="The space to cluster in.")] = "rgb",
    seed: Annotated[int, typer.Option(help="What all chance derives from.")] = 0,
    frames: Annotated[int, typer.Option(min=2, max=1000, help="Most frames of the film.")] = 60,
    size: Annotated[
        int, typer.Option(min=16, max=2000, help="Pixels of the picture's longest side in it.")
    ] = 480,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="A .gif, .png, .apng, .webp or .html file."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replaces a file that is there.")] = False,
    debug: Debug = False,
) -> None:
    """Film the textbook loop: picture, palette and loss at each iteration, until none moves."""
    from kbatch import trace

    with _session(debug=debug) as console:
        keys = {"k": k, "init": init, "space": space, "seed": seed}
        names = [name.strip() for name in strategy.split(",")]
        written, told = trace.trace(
            file, keys, names, output, frames=frames, size=size, force=force
        )
        console.note(f"wrote {written}: {told}")


@contextmanager
def _session(*, debug: bool = False, quiet: bool = False, json: bool = False) -> Iterator[Console]:
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
        except (
            KeyboardInterrupt
        ):  # at once: what was reported is on disk, threads are not waited for
            console.close()
            os._exit(128 + signal.SIGINT)
        except BrokenPipeError as error:  # whoever read our output has gone
            raise typer.Exit(1) from error
        finally:
            logger.removeHandler(handler)


def _tell(*, on: bool) -> None:
    if on:
        typer.echo(f"kbatch {__version__}")
        raise typer.Exit
