"""What the base dependencies can do, registered through the same hook as a stranger's plugin."""

from __future__ import annotations

from collections.abc import Iterable

from kbatch.builtin.measure_specs import MEASURES
from kbatch.builtin.options import (
    DiffusionOptions,
    KMeansPlusPlusOptions,
    PaletteStartOptions,
    PillowOptions,
)
from kbatch.builtin.report_specs import REPORTS
from kbatch.builtin.writer_specs import WRITERS
from kbatch.hookspecs import hookimpl
from kbatch.stages import (
    DithererSpec,
    ExecutorOptions,
    ExecutorSpec,
    InitializerSpec,
    LoaderSpec,
    SpaceSpec,
    Spec,
    StrategySpec,
)


@hookimpl
def kbatch_components() -> Iterable[Spec]:
    """Returns the built-in components; factories are named, so that this imports nothing heavy."""
    return (
        LoaderSpec(
            name="pillow",
            summary="PNG, JPEG, WebP, AVIF, GIF, TIFF, BMP, JPEG 2000, PSD, TGA and more by Pillow",
            factory="kbatch.builtin.pillow_loader:PillowLoader",
            options=PillowOptions,
            suffixes=(
                *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif"),
                *(".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
                *(".mpo", ".avif", ".avifs", ".jp2", ".jpx", ".j2k", ".j2c", ".jpc", ".psd"),
                *(".ico", ".cur", ".qoi", ".dds", ".pcx", ".tga", ".icb", ".vda", ".vst"),
                *(".sgi", ".xpm"),
            ),
            magic=(
                (0, b"\x89PNG\r\n\x1a\n"),
                (0, b"\xff\xd8\xff"),
                (8, b"WEBP"),
                (0, b"GIF87a"),
                (0, b"GIF89a"),
                (0, b"BM"),
                (0, b"II*\x00"),
                (0, b"MM\x00*"),
                (0, b"II+\x00"),
                (0, b"MM\x00+"),
                (4, b"ftypavif"),
                (4, b"ftypavis"),
                (0, b"qoif"),
                (0, b"8BPS"),
                (0, b"DDS "),
                (0, b"\x00\x00\x00\x0cjP  \r\n"),
                (0, b"\xff\x4f\xff\x51"),
            ),
        ),
        SpaceSpec(
            name="rgb",
            summary="sRGB values as they are stored",
            factory="kbatch.builtin.spaces:Rgb",
        ),
        SpaceSpec(
            name="linear",
            summary="linear light, of which colours mix",
            factory="kbatch.builtin.spaces:Linear",
        ),
        SpaceSpec(
            name="oklab",
            summary="Oklab: equal steps look about equal",
            factory="kbatch.builtin.opponent:Oklab",
        ),
        SpaceSpec(
            name="lab",
            summary="CIE 1976 L*a*b*, D65: equal steps look about equal in theory",
            factory="kbatch.builtin.opponent:Lab",
        ),
        SpaceSpec(
            name="gray",
            summary="luma: palettes of greys",
            factory="kbatch.builtin.spaces:Gray",
        ),
        InitializerSpec(
            name="split",
            summary="one cluster, cut again and again where that takes most off the error",
            factory="kbatch.builtin.initializers:Split",
            deterministic=True,
        ),
        InitializerSpec(
            name="wu",
            summary="boxes along the axes, each cut where that leaves least squared error",
            factory="kbatch.builtin.wu:Wu",
            deterministic=True,
        ),
        InitializerSpec(
            name="maximin",
            summary="each the farthest from all before it",
            factory="kbatch.builtin.initializers:Maximin",
            deterministic=True,
        ),
        InitializerSpec(
            name="kmeans++",
            summary="far from what is there, best of a few candidates",
            factory="kbatch.builtin.initializers:KMeansPlusPlus",
            options=KMeansPlusPlusOptions,
        ),
        InitializerSpec(
            name="random",
            summary="the colours of k random pixels, all different",
            factory="kbatch.builtin.initializers:Random",
        ),
        InitializerSpec(
            name="palette",
            summary="the colours of a palette, splits for the rest",
            factory="kbatch.builtin.palette_start:FromPalette",
            options=PaletteStartOptions,
            deterministic=True,
        ),
        StrategySpec(
            name="l2",
            summary="K-Means: squared Euclidean distance, weighted means",
            factory="kbatch.builtin.strategies:L2",
        ),
        StrategySpec(
            name="l1",
            summary="K-Medians: sum of absolute differences, weighted medians",
            factory="kbatch.builtin.strategies:L1",
        ),
        DithererSpec(
            name="none",
            summary="the nearest entry for each pixel",
            factory="kbatch.builtin.ditherers:Nearest",
        ),
        DithererSpec(
            name="floyd-steinberg",
            summary="what a pixel is off by goes to four neighbours",
            factory="kbatch.builtin.ditherers:FloydSteinberg",
            options=DiffusionOptions,
        ),
        DithererSpec(
            name="sierra-lite",
            summary="what a pixel is off by goes to three neighbours",
            factory="kbatch.builtin.ditherers:SierraLite",
            options=DiffusionOptions,
        ),
        DithererSpec(
            name="ordered",
            summary="two entries a colour, mixed by a mask at fixed places",
            factory="kbatch.builtin.ditherers:Ordered",
        ),
        *WRITERS,
        *MEASURES,
        *REPORTS,
        ExecutorSpec(
            name="threads",
            summary="pictures side by side in threads; the kernels run outside Python's lock",
            factory="kbatch.builtin.executors:Threads",
            options=ExecutorOptions,
        ),
        ExecutorSpec(
            name="serial",
            summary="one picture after the other, for debugging",
            factory="kbatch.builtin.executors:Serial",
            options=ExecutorOptions,
        ),
    )
