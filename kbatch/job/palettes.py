"""The palettes that a job names: colours, palette files and pictures, all read to colours.

They are read when the job is checked, and colours stand in their place from then on: what a run
does depends on what is in a file, not on what the file is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kbatch import palettes
from kbatch.errors import KbatchError
from kbatch.job.document import Document
from kbatch.job.model import STAGE_OF, Job, short
from kbatch.job.yaml import Route, shown
from kbatch.loaders import Loaders, load
from kbatch.palettes import Rgba
from kbatch.registry import Registry
from kbatch.stages import palette_options

STAND_IN = (0, 0, 0, 255)  # where a palette can't be read, so that nothing else is missing
EXPECTED = (
    'expected a colour in quotes such as "#1a2b3c", '
    f"a palette file ({', '.join(palettes.SUFFIXES)}) or a picture"
)


def read_palettes(document: Document, registry: Registry, base: Path) -> None:
    """Puts colours in place of all palettes: of `fixed`, and of options that are palettes.

    Args:
        document: changed; what can't be read is added to its problems.
        registry: components, of which loaders read pictures.
        base: the folder that paths are relative to.
    """
    data = document.data
    if "fixed" in data:
        data["fixed"] = _colors(("fixed",), data["fixed"], document, registry, base)
    for key in STAGE_OF:
        for i, choice in enumerate(_many(data.get(key))):
            for option in _palettes_of(key, choice, registry):
                path = (key, i, option)
                choice[option] = _colors(path, choice[option], document, registry, base)


def _palettes_of(key: str, choice: Any, registry: Registry) -> list[str]:
    """Returns the options of a component that are palettes and given."""
    if not isinstance(choice, dict):
        return []
    name = choice.get("name", short(Job.model_fields[key].default))
    entry = registry.find(STAGE_OF[key], name) if isinstance(name, str) else None
    known = palette_options(entry.spec.options) if entry else []
    return [option for option in known if option in choice]


def _colors(
    path: Route, given: Any, document: Document, registry: Registry, base: Path
) -> list[str]:
    """Returns the distinct colours of a list of palettes, in hex."""
    found: list[Rgba] = []
    dotted = ".".join(part for part in path if isinstance(part, str))

    def say(place: Route, text: str) -> None:
        problem = " ".join(f"{document.where(place)}: {dotted}: {text}".splitlines())
        document.problems.append(problem)

    for i, entry in enumerate(_many(given)):
        try:
            found += _read(entry, registry, base)
        except KbatchError as error:
            say((*path, i), str(error))
            found.append(STAND_IN)
    distinct = list(dict.fromkeys(map(palettes.to_hex, found)))
    if len(distinct) > palettes.MOST:
        say(path, f"{len(distinct)} colours in all, expected up to {palettes.MOST}")
        return [palettes.to_hex(STAND_IN)]
    return distinct


def _read(entry: Any, registry: Registry, base: Path) -> Sequence[Rgba]:
    """Returns the colours of one palette."""
    if not isinstance(entry, str) or not entry:
        raise KbatchError(f"{EXPECTED}, got {shown(entry)}")
    if entry.startswith("#"):
        try:
            return [palettes.from_hex(entry)]
        except ValueError as error:
            raise KbatchError(str(error)) from None
    try:
        if not (base / entry).is_file():
            raise KbatchError(f"{entry!r} is no file in {str(base)!r}: {EXPECTED}")
        data = (base / entry).read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise KbatchError(f"{entry!r} can't be read: {why}") from error
    return (
        palettes.read(data, entry)
        if palettes.is_palette(entry)
        else _picture(data, entry, registry)
    )


def _picture(data: bytes, name: str, registry: Registry) -> Sequence[Rgba]:
    """Returns the colours of a picture, as they come from its top left."""
    import numpy as np

    try:
        pixels = load(data, name, Loaders({}, registry).pick(name, data)).pixels
    except KbatchError as error:
        raise KbatchError(f"{error}; {EXPECTED}") from error
    except Exception as error:  # whatever a plugin raises
        raise KbatchError(f"{name} can't be loaded: {type(error).__name__}: {error}") from error
    rgba = np.full((pixels[..., 0].size, 4), 255, np.uint8)
    rgba[:, : pixels.shape[3]] = pixels.reshape(-1, pixels.shape[3])
    first = np.unique(rgba.view(np.uint32), return_index=True)[1]
    return palettes.distinct(map(tuple, rgba[np.sort(first)].tolist()), name)


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
