"""The command line: arguments in, exit codes out. What a command does is elsewhere.

Heavy imports are inside the commands, so that `--help` is instant.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kbatch.cli.look import show, trace
from kbatch.cli.options import (
    Debug,
    Job,
    Jobs,
    Json,
    Output,
    Plugins,
    Quiet,
    Settings,
    Trust,
    Workers,
)
from kbatch.cli.quantize import quantize
from kbatch.cli.session import session
from kbatch.version import __version__

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
    with session(debug=debug, quiet=quiet, json=json) as console:
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

    with session(debug=debug) as console:
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

    with session() as console:
        starter.write(file, force=force)
        console.note(f"wrote {file}; next: kbatch run {file}")


app.command(
    short_help="Compress single pictures.",
    epilog="Examples: kbatch quantize photo.jpg -k 12 --strategy l1 · "
    "kbatch quantize - -k 8 < in.png > out.png",
)(quantize)


@plugins_app.callback()
def plugins(context: typer.Context, plugin: Plugins = None, debug: Debug = False) -> None:
    """List every component: stage, name, summary, provider."""
    from kbatch import registry

    with session(debug=debug) as console:
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
    with session() as console:
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

    with session(debug=debug) as console:
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

    with session(debug=debug) as console:
        files, problems = runner.report(folder, registry.discover(plugin or ()), formats)
        if not files and not problems:
            console.note("the job asks for no report: name one with --format")
        for file in files:
            console.note(f"wrote {folder / file}")
        raise typer.Exit(1 if problems else 0)


app.command(
    short_help="Show a picture and its palette in the terminal.",
    epilog="Example: kbatch show photo.jpg -k 8",
)(show)
app.command(
    short_help="Film the loop on a picture, from its start to convergence.",
    epilog="Example: kbatch trace photo.jpg -k 12 --strategy l1,l2 -o film.gif",
)(trace)


def _tell(*, on: bool) -> None:
    if on:
        typer.echo(f"kbatch {__version__}")
        raise typer.Exit
