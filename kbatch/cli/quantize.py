"""The command `quantize` and its options, which are keys of a job."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kbatch.cli.options import Debug, Plugins, Quiet
from kbatch.cli.session import session


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
    writer: Annotated[
        str, typer.Option(help="The format of results; original is that of the picture.")
    ] = "png",
    fixed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PALETTE",
            help="Entries that are not learnt: a colour such as '#f80', a palette file, a picture.",
        ),
    ] = None,
    order: Annotated[
        str, typer.Option(help="Sorts the palette: luminance, count, hue or fixed.")
    ] = "luminance",
    seed: Annotated[int, typer.Option(help="What all chance derives from.")] = 0,
    icc: Annotated[
        str, typer.Option(help="Colour profiles: convert (to sRGB), keep or ignore.")
    ] = "convert",
    alpha: Annotated[
        str,
        typer.Option(
            help="Transparency: keep, binary or a threshold to 255, matte or a colour '#rrggbb'."
        ),
    ] = "keep",
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="What is written beside the pixels: icc, exif, dpi, xmp; icc and dpi when not "
            "given.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="A file, a folder, or - for standard output."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replaces files that are there.")] = False,
    plugin: Plugins = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compress single pictures; without -o beside the source, as photo_K16_L2.png."""
    from kbatch import single

    keys: dict[str, Any] = {
        "k": k,
        "strategy": strategy,
        "init": init,
        "space": space,
        "dither": dither,
        "effort": effort,
        "writer": writer,
        "fixed": fixed or (),
        "order": order,
        "seed": seed,
        "icc": icc,
        "alpha": int(alpha) if alpha.isdecimal() else alpha,
        "plugins": plugin or (),
    }
    if keep:
        keys["keep"] = keep
    with session(debug=debug, quiet=quiet) as console:
        done = single.quantize_files(
            pictures, keys, output, force=force, note=console.note, error=console.error
        )
        raise typer.Exit(0 if done else 1)
