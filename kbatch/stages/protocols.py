"""What components do: a Protocol a stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

    from kbatch.data import (
        F32,
        F64,
        U8,
        Descent,
        Indexed,
        Item,
        Outcome,
        Picture,
        Points,
        Record,
        Stop,
    )


class Loader(Protocol):
    """Decodes pictures."""

    def load(self, stream: BinaryIO, name: str) -> Picture:
        """Decodes one picture.

        Args:
            stream: the file's bytes, seekable, at their start.
            name: what to call it in errors.

        Raises:
            PictureError: it can't be decoded; the text says why.
        """


class Space(Protocol):
    """A colour space to cluster in."""

    def forward(self, rgb: U8) -> F32:
        """Returns float32 (n, 3) points of the space for uint8 (n, 3) sRGB colours."""

    def inverse(self, x: F32) -> U8:
        """Returns the nearest uint8 (n, 3) sRGB colours for float32 (n, 3) points of the space."""


class Strategy(Protocol):
    """A distance and the update that lowers its sum; plain NumPy is enough.

    `CompiledStrategy` has two more methods that replace these where they are there.
    """

    def distance(self, x: F32, center: F32) -> F32:
        """Returns float32 (n,), the cost of each point x (n, d) at one center (d,)."""

    def update(self, x: F32, weight: F64, center: F32) -> F32:
        """Returns the new center (d,) of one cluster.

        Args:
            x: float32 (m, d), the points of the cluster, m ≥ 1.
            weight: float64 (m,), their weights.
            center: float32 (d,), the center they were nearest to.
        """


@runtime_checkable
class CompiledStrategy(Strategy, Protocol):
    """A strategy that brings its own loops; they must agree with the plain ones.

    One whose `distance` is the squared Euclidean one or the sum of absolute differences may say so
    with an attribute `metric`, `"squared"` or `"absolute"`: then its search is compiled too.
    """

    def assign(self, points: Points, centers: F32) -> tuple[U8, F32]:
        """Returns labels uint8 (n,) of the nearest centers (k, d) and float32 (n,) distances.

        Ties go to the lowest index.
        """

    def descend(self, points: Points, centers: F32, fixed: int, stop: Stop) -> Descent:
        """Repeats assign and update until `stop`.

        Args:
            points: what is clustered.
            centers: float32 (k, d), where it starts.
            fixed: the first so many centers never move.
            stop: when it ends.
        """


class Initializer(Protocol):
    """Chooses where centers start."""

    def centers(
        self, points: Points, count: int, fixed: F32, strategy: Strategy, rng: np.random.Generator
    ) -> F32:
        """Returns float32 (count, d), new centers only.

        Args:
            points: what is clustered; at least `count` of them differ from each other and `fixed`.
            count: how many centers are wanted.
            fixed: float32 (f, d), centers that are already there.
            strategy: the distance that counts.
            rng: seeded from the job's seed and the picture's colours.
        """


@runtime_checkable
class SpacedInitializer(Protocol):
    """An initializer that needs to know the space; `in_space` gives the one that starts."""

    def in_space(self, space: Space) -> Initializer:
        """Returns the initializer for a space; asked once, when components are built."""


class Nearest(Protocol):
    """The nearest entry of a palette in the space of the variant.

    One that means the least squared difference of the channels as they are stored, premultiplied
    where there is alpha, says so with an attribute `euclidean` that is true: then a loop may seek
    it by itself.
    """

    def __call__(self, rgba: U8) -> U8:
        """Returns uint8 (n,) indices for uint8 (n, 3) or (n, 4) colours."""


class Ditherer(Protocol):
    """Chooses an entry for each pixel so that areas look right from afar."""

    def dither(self, pixels: U8, indices: U8, palette: U8, nearest: Nearest) -> U8:
        """Returns uint8 (F, H, W) indices.

        Args:
            pixels: uint8 (F, H, W, C).
            indices: uint8 (F, H, W), the nearest entry of each pixel.
            palette: uint8 (k, 4).
            nearest: finds the nearest entry of any colour.
        """


class Writer(Protocol):
    """Encodes indexed pictures."""

    def write(self, indexed: Indexed, stream: BinaryIO) -> None:
        """Writes the whole file to `stream`."""


class Measure(Protocol):
    """Compares a result with its picture."""

    def measure(self, picture: Picture, indexed: Indexed) -> Mapping[str, float]:
        """Returns a number for each column that the Spec names."""


class Results(Protocol):
    """The records of a job in plan order, read one by one; iterating again reads them again."""

    def __iter__(self) -> Iterator[Record]:
        """Yields the records."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is known of the run: job, pictures, variants, reports, versions, plugins."""

    def preview(self, record: Record) -> bytes | None:
        """Returns a small picture of a record's source, or None where none was kept.

        It is a WebP of the first frame, at most 320 pixels wide and high.
        """


class Folder(Protocol):
    """The output of a job, which a report writes into."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Opens a file that appears whole when the block ends well, and not at all otherwise."""

    def find(self, name: str) -> Path | None:
        """Returns where a file of the output is, or None where it is not there any more.

        Args:
            name: relative, with `/`, as in `record.output`. One that leads out is not there.
        """


class Report(Protocol):
    """Makes files from results."""

    def write(self, results: Results, folder: Folder) -> None:
        """Writes the report into `folder`."""


class Executor(Protocol):
    """Runs a function over items, several at once."""

    def __enter__(self) -> Executor:
        """Starts workers."""

    def __exit__(self, *exc: object) -> None:
        """Ends workers."""

    def run(
        self, function: Callable[[Item], Any], items: Iterable[Item], window: int
    ) -> Iterator[Outcome]:
        """Yields an outcome for each item as it is ready; never raises for an item.

        Args:
            function: picklable; called with one item.
            items: taken one by one, never more than `window` ahead of what was yielded.
            window: most items in flight.
        """
