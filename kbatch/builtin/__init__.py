"""What the base dependencies can do, registered through the same hook as a stranger's plugin."""

from __future__ import annotations

from collections.abc import Iterable

from kbatch.builtin.options import (
    KMeansPlusPlusOptions,
    PillowOptions,
    PngOptions,
    WebpOptions,
)
from kbatch.hookspecs import hookimpl
from kbatch.stages import (
    DithererSpec,
    ExecutorOptions,
    ExecutorSpec,
    InitializerSpec,
    LoaderSpec,
    ReportSpec,
    SpaceSpec,
    Spec,
    StrategySpec,
    WriterSpec,
)


@hookimpl
def kbatch_components() -> Iterable[Spec]:
    """Returns the built-in components; factories are named, so that this imports nothing heavy."""
    return (
        LoaderSpec(
            name="pillow",
            summary="PNG, JPEG, WebP, GIF (first frame), BMP, TIFF, PPM by Pillow",
            factory="kbatch.builtin.pillow_loader:PillowLoader",
            options=PillowOptions,
            suffixes=(
                *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif"),
                *(".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
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
            ),
        ),
        SpaceSpec(
            name="rgb",
            summary="sRGB values as they are stored",
            factory="kbatch.builtin.spaces:Rgb",
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
        WriterSpec(
            name="png",
            summary="indexed PNG of 1, 2, 4 or 8 bits, the same bytes everywhere; animated too",
            factory="kbatch.builtin.png_writer:PngWriter",
            options=PngOptions,
            suffix=".png",
            alpha="full",
            frames=True,
            also=(".apng",),
        ),
        WriterSpec(
            name="gif",
            summary="GIF, animated too; alpha is all or nothing",
            factory="kbatch.builtin.gif_writer:GifWriter",
            suffix=".gif",
            alpha="binary",
            frames=True,
        ),
        WriterSpec(
            name="webp",
            summary="lossless WebP, animated too",
            factory="kbatch.builtin.webp_writer:WebpWriter",
            options=WebpOptions,
            suffix=".webp",
            alpha="full",
            frames=True,
        ),
        WriterSpec(
            name="tiff",
            summary="TIFF with a palette, RGBA where there is alpha; frames become pages",
            factory="kbatch.builtin.pillow_writers:TiffWriter",
            suffix=".tif",
            alpha="full",
            frames=True,
            also=(".tiff",),
        ),
        WriterSpec(
            name="bmp",
            summary="BMP of 8 bits; alpha lies on white, the first frame only",
            factory="kbatch.builtin.pillow_writers:BmpWriter",
            suffix=".bmp",
        ),
        WriterSpec(
            name="avif",
            summary="AVIF of full colour, off by up to 3; the first frame only",
            factory="kbatch.builtin.pillow_writers:AvifWriter",
            suffix=".avif",
            alpha="full",
            exact=False,
        ),
        WriterSpec(
            name="original",
            summary="the format of the picture's suffix if a writer of it is exact, else png",
            factory="kbatch.builtin.png_writer:PngWriter",
            options=PngOptions,
            suffix=".png",
            alpha="full",
            frames=True,
            original=True,
        ),
        ReportSpec(
            name="csv",
            summary="results.csv: one row a picture and variant",
            factory="kbatch.builtin.csv_report:CsvReport",
        ),
        ReportSpec(
            name="json",
            summary="results.json: one object a picture and variant",
            factory="kbatch.builtin.json_report:JsonReport",
        ),
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
