"""What an executor runs: one picture through the pipeline, for every variant of the plan.

Variants that share a prefix of the way share its work: the picture is decoded and its colours are
counted once, a palette is sought once for all ditherers and writers. What goes wrong costs the
picture, or only a variant of it, and is told in its records.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kbatch import core, images, metadata, pipeline
from kbatch.clock import Clock
from kbatch.data import Finished, Item, Picture, Plan, Record, Variant
from kbatch.errors import PictureError
from kbatch.names import copy_name, output_name
from kbatch.opened import Opened
from kbatch.palettes import to_hex
from kbatch.pipeline import Loaders, Parts
from kbatch.registry import Registry, discover
from kbatch.stages import ReportSpec
from kbatch.variants import suited

log = logging.getLogger(__name__)


class Worker:
    """Runs pictures through the pipeline; picklable, and called from several threads at once.

    Args:
        plan: variants, components and folders; its sources are not looked at.
        registry: where components come from; None discovers it, as in another process.
    """

    def __init__(self, plan: Plan, registry: Registry | None = None) -> None:
        core.prepare()
        registry = registry or discover(plan.plugins)
        self._plan = replace(plan, sources=())
        self._loaders = Loaders(plan.loading, registry)
        self._told_of_frames = False
        self._parts = [
            {
                each.writer.name: Parts.of(each, registry)
                for each in (variant, *variant.by_suffix.values())
            }
            for variant in plan.variants
        ]
        self._measures = pipeline.measures_of(plan.measures, registry)
        reports = [registry.find("report", choice.name) for choice in plan.reports]
        specs = [entry.spec for entry in reports if entry is not None]
        self._previews = any(isinstance(spec, ReportSpec) and spec.previews for spec in specs)

    def __reduce__(self) -> tuple[type[Worker], tuple[Plan]]:
        return Worker, (self._plan,)

    def __call__(self, item: Item) -> Finished:
        """Returns one record a variant, and a preview where a report wants it."""
        blanks = blank_records(self._plan.variants, item)
        clock = Clock()
        try:
            with clock.verb("load"):
                data = item.source.path.read_bytes()
                picture = pipeline.load(
                    data, item.source.picture, self._loaders.pick(item.source.path.name, data)
                )
                picture = metadata.kept(picture, self._plan.loading["keep"], item.source.picture)
        except Exception as error:  # whatever a file or a plugin makes a loader raise
            reason = clock.explain(error).removeprefix(f"{item.source.picture} ")
            return Finished(failed(blanks, reason, clock))
        first, *others = blanks
        blanks = (replace(first, **clock.columns()), *others)
        opened = Opened(item.source, data, picture)
        variants = [suited(variant, item.source) for variant in self._plan.variants]
        self._tell_of_frames(opened, variants)
        records = tuple(
            self._finish(blank, opened, variant, parts)
            for blank, variant, parts in zip(blanks, variants, self._parts, strict=True)
        )
        return Finished(records, self._preview(picture, item.source.picture))

    def _preview(self, picture: Picture, name: str) -> bytes | None:
        """Returns the small picture that reports show of a source, where one wants it."""
        if not self._previews:
            return None
        try:
            return images.preview(picture)
        except Exception as error:  # the results are there all the same
            log.warning("%s: no preview for reports, %s", name, error)
            return None

    def _tell_of_frames(self, opened: Opened, variants: Sequence[Variant]) -> None:
        """Warns of the first animation that goes to a writer of stills."""
        frames = len(opened.picture.pixels)
        if frames > 1 and not self._told_of_frames and not all(each.frames for each in variants):
            self._told_of_frames = True
            log.warning(
                "%s has %d frames: a writer that holds one is given the first (told once)",
                opened.source.picture,
                frames,
            )

    def _finish(
        self, blank: Record, opened: Opened, variant: Variant, parts: Mapping[str, Parts]
    ) -> Record:
        """Takes one variant the rest of the way."""
        clock = Clock()
        try:
            found = self._found(opened, variant, parts[variant.writer.name], clock)
        except Exception as error:  # whatever a plugin or the disk raises
            return failed([blank], clock.explain(error), clock)[0]
        times = clock.columns()
        times["seconds"] += blank.seconds
        return replace(blank, bytes_in=len(opened.data), **found | times)

    def _found(
        self, opened: Opened, variant: Variant, parts: Parts, clock: Clock
    ) -> dict[str, Any]:
        """Returns what is to be told of a result that is saved, or of a source that is kept."""
        work = opened.shared(variant, clock)
        with clock.verb("cluster"):
            clustering = work.clustering(variant, parts)
        with clock.verb("render"):
            rendered = work.rendered(variant, parts, clustering)
        with clock.verb("write"):
            data = pipeline.write(rendered.indexed, parts.writer)
        colors_in = len(work.colors.rgba)
        if len(data) > len(opened.data) and self._plan.job.if_larger != "write":
            return {"colors_in": colors_in} | self._kept(opened, variant, len(data), clock)
        with clock.verb("measure"):
            numbers = pipeline.measure(work.picture, rendered.indexed, self._measures)
        with clock.verb("save"):
            name = output_name(self._plan.template, variant, opened.source)
            pipeline.save(data, self._plan.output / name)
        return {
            "status": "done",
            "error": None,
            "output": name,
            "k_used": len(clustering.palette),
            "loss": rendered.loss,
            "sse": rendered.sse,
            "sad": rendered.sad,
            "iterations": len(clustering.history) - 1,
            "history": tuple(clustering.history.tolist()),
            "palette": tuple(map(to_hex, rendered.indexed.palette.tolist())),
            "counts": tuple(rendered.counts.tolist()),
            "stopped": clustering.stopped,
            "colors_in": colors_in,
            "bytes_out": len(data),
            "ratio": len(opened.data) / len(data),
            "measures": numbers,
        }

    def _kept(self, opened: Opened, variant: Variant, size: int, clock: Clock) -> dict[str, Any]:
        """Does what the job says of a result that is larger than its source.

        Raises:
            PictureError: it says that this is a failure.
        """
        if self._plan.job.if_larger == "fail":
            raise PictureError(
                f"the result has {size:,} bytes, more than the source ({len(opened.data):,}): "
                "choose a smaller k, or another if_larger"
            )
        if self._plan.job.if_larger == "skip":
            return {"status": "kept"}
        with clock.verb("save"):
            name = copy_name(self._plan.template, variant, opened.source)
            pipeline.save(opened.data, self._plan.output / name)
        return {"status": "kept", "output": name, "bytes_out": len(opened.data), "ratio": 1.0}


def blank_records(variants: Sequence[Variant], item: Item) -> tuple[Record, ...]:
    """Returns a record for each variant with what is known before work begins."""
    return tuple(
        Record(
            position=item.index * len(variants) + place,
            picture=item.source.picture,
            variant=variant.label,
            status="failed",
            k=variant.k,
            strategy=variant.strategy.name,
            init=variant.init.name,
            space=variant.space.name,
            dither=variant.dither.name,
            effort=variant.effort,
            seed=variant.seed,
        )
        for place, variant in enumerate(variants)
    )


def failed(blanks: Sequence[Record], reason: str, clock: Clock | None = None) -> tuple[Record, ...]:
    """Returns records that failed; the time is charged to the first."""
    first, *others = (replace(blank, status="failed", error=reason) for blank in blanks)
    if clock is not None:
        times = clock.columns()
        first = replace(first, **times | {"seconds": first.seconds + times["seconds"]})
    return first, *others
