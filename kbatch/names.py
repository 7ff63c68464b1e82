"""How outputs are called, and that no two are called the same."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kbatch.data import Choice, Source, Variant
from kbatch.errors import did_you_mean
from kbatch.variants import AXES, suited

if TYPE_CHECKING:
    from kbatch.job import Job

DEFAULT_NAME = "{folder}/{stem}_K{k}_{STRATEGY}"
PLACEHOLDERS = ("folder", "stem", *AXES[:2], "STRATEGY", *AXES[2:], "seed", "variant")

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


def template(job: Job) -> str:
    """Returns the name of outputs without their suffix: the job's own, or a telling one.

    Args:
        job: a job; where more than k and strategy differ, the default name says so too.
    """
    return job.name if job.name != DEFAULT_NAME else "{folder}/{stem}_{variant}"


def output_name(template: str, variant: Variant, source: Source) -> str:
    """Returns where an output goes, relative to the output folder, with `/` and a suffix.

    Args:
        template: see `template`; `{folder}/` vanishes for a picture at the top.
        variant: how the picture was made.
        source: the picture.
    """
    folder = str(PurePosixPath(source.picture).parent)
    if folder == ".":
        folder = ""
        template = template.replace("{folder}/", "")
    named: dict[str, Any] = {axis: _named(getattr(variant, axis)) for axis in AXES}
    name = template.format(
        **named,
        folder=folder,
        stem=source.stem,
        STRATEGY=variant.strategy.name.upper(),
        seed=variant.seed,
        variant=variant.label,
    )
    return name + suited(variant, source).suffix


def template_problem(template: str) -> str | None:
    """Returns what is wrong with a name template, or None.

    Args:
        template: the value of the key `name`.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        return f"{str(error).lower()}: a placeholder is {{stem}}, a brace itself {{{{ or }}}}"
    for _, placeholder, form, conversion in parts:
        if placeholder is None:
            continue
        if placeholder not in PLACEHOLDERS:
            hint = did_you_mean(placeholder, PLACEHOLDERS)
            known = ", ".join(PLACEHOLDERS)
            return f"unknown placeholder {{{placeholder}}}{hint}; known: {known}"
        if form or conversion:
            return f"expected {{{placeholder}}} without ':' or '!'"
    literal = "".join(text for text, *_ in parts)
    if found := _NOT_IN_NAMES.search(literal):
        return f"{found[0]!r} can't be part of a file's name everywhere (folders end with '/')"
    if template.startswith("/"):
        return "expected a name within the output folder, got an absolute path"
    if any(part in ("", ".", "..") for part in template.split("/")):
        return "expected a name within the output folder, without '.', '..' or empty parts"
    return None


def copy_name(template: str, variant: Variant, source: Source) -> str:
    """Returns where a source goes that is copied in place of an output: with its own suffix.

    Args:
        template: see `template`.
        variant: how the output was made.
        source: the picture.
    """
    copied = replace(variant, suffix=source.path.suffix, by_suffix={})
    return output_name(template, copied, source)


def clash(
    template: str, made: Iterable[Variant], *, copies: bool = False
) -> tuple[Variant, Variant, str] | None:
    """Returns the first two variants that would write one file, and its name, or None.

    Names that differ in case only are one file on many systems.

    Args:
        template: see `template`.
        made: the variants.
        copies: whether sources may be copied, so that names must differ before the suffix.
    """
    made = list(made)
    naming = copy_name if copies else output_name
    for suffix in (".png", *sorted({suffix for variant in made for suffix in variant.by_suffix})):
        probe = Source(Path(f"picture{suffix}"), f"picture{suffix}", "picture")
        seen: dict[str, Variant] = {}
        for variant in made:
            name = naming(template, variant, probe)
            other = seen.setdefault(name.casefold(), variant)
            if other is not variant:
                return other, variant, name
    return None


def _named(value: Choice | str | int) -> str:
    return value.name if isinstance(value, Choice) else str(value)
