"""The commands that show: a picture in the terminal, and the loop as a film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kbatch.cli.options import Debug
from kbatch.cli.session import session


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
    from kbatch import show as shows

    with session(debug=debug) as console:
        if k is None:
            shown = shows.as_it_is(file)
        else:
            shown = shows.quantized(file, {"k": k, "strategy": strategy, "dither": dither})
        console.picture(shown.image, shown.palette, shown.counts)
        console.note(f"{file}  {shown.told}")


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
    from kbatch import trace as films

    with session(debug=debug) as console:
        keys = {"k": k, "init": init, "space": space, "seed": seed}
        names = [name.strip() for name in strategy.split(",")]
        written, told = films.trace(
            file, keys, names, output, frames=frames, size=size, force=force
        )
        console.note(f"wrote {written}: {told}")
