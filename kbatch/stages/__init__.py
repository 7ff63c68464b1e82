"""The contracts of components: a Protocol for what each does, a Spec for how it announces itself.

Components are built once a worker and called from threads: they keep no state and never change
their inputs. Specs are cheap: a factory named as text ("module:attribute") is imported when a job
asks for it, so listing components imports nothing heavy.
"""

from kbatch.stages.protocols import (
    CompiledStrategy,
    Ditherer,
    Executor,
    Folder,
    Initializer,
    Loader,
    Measure,
    Nearest,
    Report,
    Results,
    Space,
    SpacedInitializer,
    Strategy,
    Writer,
)
from kbatch.stages.specs import (
    STAGES,
    Column,
    DithererSpec,
    ExecutorOptions,
    ExecutorSpec,
    InitializerSpec,
    LoaderSpec,
    MeasureSpec,
    Options,
    Palette,
    ReportSpec,
    SpaceSpec,
    Spec,
    StrategySpec,
    WriterSpec,
    palette_options,
)

__all__ = [
    "STAGES",
    "Column",
    "CompiledStrategy",
    "Ditherer",
    "DithererSpec",
    "Executor",
    "ExecutorOptions",
    "ExecutorSpec",
    "Folder",
    "Initializer",
    "InitializerSpec",
    "Loader",
    "LoaderSpec",
    "Measure",
    "MeasureSpec",
    "Nearest",
    "Options",
    "Palette",
    "Report",
    "ReportSpec",
    "Results",
    "Space",
    "SpaceSpec",
    "SpacedInitializer",
    "Spec",
    "Strategy",
    "StrategySpec",
    "Writer",
    "WriterSpec",
    "palette_options",
]
