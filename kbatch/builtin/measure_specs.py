"""The built-in measures and their columns; cheap to import."""

from __future__ import annotations

from kbatch.stages import Column, MeasureSpec


def _with_worst(name: str, unit: str, *, higher_is_better: bool) -> tuple[Column, Column]:
    """Returns the column of a mean over the frames, and that of the worst frame."""
    return (
        Column(name, unit, higher_is_better=higher_is_better),
        Column(f"{name}_worst", unit, higher_is_better=higher_is_better),
    )


MEASURES = (
    MeasureSpec(
        name="mse",
        summary="mean squared error of a channel",
        factory="kbatch.builtin.measures:Mse",
        columns=_with_worst("mse", "levels²", higher_is_better=False),
    ),
    MeasureSpec(
        name="psnr",
        summary="peak signal-to-noise ratio",
        factory="kbatch.builtin.measures:Psnr",
        columns=_with_worst("psnr", "dB", higher_is_better=True),
    ),
    MeasureSpec(
        name="max_error",
        summary="largest difference of any channel of any pixel",
        factory="kbatch.builtin.measures:MaxError",
        columns=(Column("max_error", "levels", higher_is_better=False),),
    ),
    MeasureSpec(
        name="ssim",
        summary="structural similarity of luma",
        factory="kbatch.builtin.structure:Ssim",
        columns=_with_worst("ssim", "", higher_is_better=True),
    ),
    MeasureSpec(
        name="ms_ssim",
        summary="structural similarity of luma at five scales",
        factory="kbatch.builtin.structure:MsSsim",
        columns=_with_worst("ms_ssim", "", higher_is_better=True),
    ),
    MeasureSpec(
        name="delta_e",
        summary="colour difference CIEDE2000, mean and 95th percentile",
        factory="kbatch.builtin.color_difference:DeltaE",
        columns=(
            *_with_worst("delta_e", "ΔE00", higher_is_better=False),
            Column("delta_e_p95", "ΔE00", higher_is_better=False),
        ),
    ),
    MeasureSpec(
        name="entropy",
        summary="entropy of the indices",
        factory="kbatch.builtin.measures:Entropy",
        columns=(Column("entropy", "bits a pixel", higher_is_better=False),),
    ),
)
