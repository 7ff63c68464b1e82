"""The job that `kbatch init` writes."""

from __future__ import annotations

from pathlib import Path

from kbatch.errors import KbatchError
from kbatch.storage import save

JOB = """\
# A kbatch job. Run it with: kbatch run job.yaml
# Paths are relative to this file.

input: .                  # a file, a directory (walked recursively) or a glob, or a list of them
output: kbatch-out        # results.csv and the compressed pictures; never taken as input

# Axes. A list makes variants: every combination is applied to every picture.
k: [8, 32]                # entries of the palette, 1 to 256
strategy: [l2, l1]        # l2: K-Means (means), l1: K-Medians (medians)
# init: split             # or random, or {name: kmeans++, candidates: 4}; see: kbatch plugins
# effort: balanced        # plain (the textbook loop), fast, balanced, thorough
# writer: {name: png, level: 6}           # level 0 to 12

# seed: 0                 # results depend on the pictures, the variant and this
# icc: convert            # to sRGB by the colour profile, or: keep, ignore
# name: "{folder}/{stem}_K{k}_{STRATEGY}" # of the outputs, without suffix
# reports: [csv, json]
# workers: 2              # pictures at once; all cores when not given
"""


def write(file: Path, *, force: bool) -> None:
    """Writes the job.

    Args:
        file: where to.
        force: whether a file that is there may be replaced.

    Raises:
        KbatchError: there is one, or it can't be written.
    """
    if file.exists() and not force:
        raise KbatchError(f"{file} exists: give another name, or --force to replace it")
    save(JOB.encode(), file)
