"""`python -m benchmarks.measures`: what each measure costs, beside scikit-image's."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.tables import markdown, plain

if TYPE_CHECKING:
    from kbatch.data import U8

OUTPUT = Path(__file__).parent / "out"
DISTRIBUTIONS = ("kbatch-image", "numpy", "numba", "scikit-image")
NAMES = ("mse", "psnr", "max_error", "entropy", "ssim", "ms_ssim", "delta_e")
DITHERERS = ("none", "floyd-steinberg")
K = 16
REPEATS = 15
MOST_MS = 10  # of ssim, on a photo of the size below
GOAL_PIXELS = 768 * 512
HEADER = ("measure", *(f"ms, {name}" for name in DITHERERS), "ms a megapixel", "scikit-image, ms")
NOTES = f"""\
Pictures at K = {K}, without and with dithering, which makes more pairs of colour and entry. Warm,
on one core, the best of {REPEATS} calls that take turns; means over the pictures. scikit-image is
given what its functions take: arrays of colours, of luma, or L*a*b*, which are made outside the
timed part."""

Times = Mapping[str, Sequence[float]]


def main(arguments: Sequence[str]) -> int:
    """Measures, prints a table and the goal as met or missed, and writes measures.md.

    Args:
        arguments: of the command line.

    Returns:
        0, also when the goal is missed: this is a measurement. 2 when there is nothing to measure.
    """
    given = _parser().parse_args(arguments)
    pinned = machine.one_core()
    # only now: these bring NumPy, which reads how many threads it may use
    from benchmarks.goals import Verdict
    from benchmarks.pictures import NoPicturesError, pictures

    try:
        found = pictures(given.pictures, given.limit)
    except NoPicturesError as error:
        print(error, file=sys.stderr)
        return 2
    facts = [
        f"Command: python -m benchmarks.measures {shlex.join(arguments)}".rstrip(),
        f"Machine: {machine.describe()}; {pinned}; {machine.limit_pools()}",
        f"Versions: {machine.versions(DISTRIBUTIONS)}",
        f"Pictures: {', '.join(found)}",
    ]
    print("\n".join(facts), end="\n\n", flush=True)
    times = {ditherer: measure(found, ditherer) for ditherer in DITHERERS}
    megapixels = fmean(pixels.shape[0] * pixels.shape[1] for pixels in found.values()) / 1e6
    rows = [HEADER, *(_row(name, times, megapixels) for name in NAMES)]
    ms = fmean(times["none"]["ssim"]) * GOAL_PIXELS / 1e6 / megapixels
    goal = f"ssim, at most {MOST_MS} ms for 768 × 512 pixels"
    verdicts = [("verdict", "goal", "measured"), Verdict(goal, f"{ms:.1f}", ms <= MOST_MS).row()]
    print(plain(rows), plain(verdicts), sep="\n\n")
    page = ["# Measures", *("- " + fact for fact in facts), "\n" + NOTES]
    page += ["\n" + markdown(rows), "\n" + markdown(verdicts)]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "measures.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    return 0


def measure(pictures: Mapping[str, U8], ditherer: str) -> Times:
    """Returns milliseconds a picture: of each measure, and under its name and `+` of the peer's.

    Args:
        pictures: uint8 (H, W, 3) by name.
        ditherer: what the results are made with.
    """
    from benchmarks.turns import best
    from kbatch import quantize
    from kbatch.data import Indexed, Picture
    from kbatch.registry import discover

    registry = discover()
    measures = {name: registry.build("measure", name) for name in NAMES}
    times: dict[str, list[float]] = {}
    for pixels in pictures.values():
        made = quantize(pixels, K, dither=ditherer)
        picture = Picture(pixels[None])
        indexed = Indexed(made.indices.reshape(1, *pixels.shape[:2]), made.palette)
        calls: dict[str, Callable[[], object]] = {
            name: lambda one=one, picture=picture, indexed=indexed: one.measure(  # type: ignore[misc]
                picture, indexed
            )
            for name, one in measures.items()
        }
        calls |= peers(pixels, indexed.palette[indexed.indices[0]][..., :3])
        for name, seconds in zip(calls, best(list(calls.values()), REPEATS), strict=True):
            times.setdefault(name, []).append(seconds * 1e3)
    return times


def peers(pixels: U8, made: U8) -> dict[str, Callable[[], object]]:
    """Returns scikit-image's functions by the name of a measure and `+`, or nothing without it.

    Args:
        pixels: uint8 (H, W, 3).
        made: the result.
    """
    if find_spec("skimage") is None:
        return {}
    color, metrics = (importlib.import_module(f"skimage.{name}") for name in ("color", "metrics"))
    x, y = ((one * [0.299, 0.587, 0.114]).sum(axis=-1) for one in (pixels, made))
    first, second = color.rgb2lab(pixels), color.rgb2lab(made)
    return {
        "mse+": lambda: metrics.mean_squared_error(pixels, made),
        "psnr+": lambda: metrics.peak_signal_noise_ratio(pixels, made),
        "ssim+": lambda: metrics.structural_similarity(
            x,
            y,
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        ),
        "delta_e+": lambda: color.deltaE_ciede2000(first, second),
    }


def _row(name: str, times: Mapping[str, Times], megapixels: float) -> Sequence[str]:
    ours = [fmean(times[ditherer][name]) for ditherer in DITHERERS]
    theirs = times["none"].get(f"{name}+")
    return (
        name,
        *(f"{ms:.2f}" for ms in ours),
        f"{ours[0] / megapixels:.1f}",
        f"{fmean(theirs):.1f}" if theirs else "–",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.measures", description=__doc__)
    add = parser.add_argument
    add("--pictures", type=Path, metavar="DIR", help="default: photos that scikit-image brings")
    add("--limit", type=int, metavar="N", help="only the first N pictures")
    add("--output", type=Path, metavar="DIR", default=OUTPUT, help="where measures.md goes")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
