"""The records that travel between the rooms: frozen, picklable, without behaviour of their own.

Shapes: F frames, H rows, W columns, C channels (3 when opaque, else 4), n distinct colours,
k centers, d dimensions of a space. Arrays are never changed once they are in a record.
"""

from typing import TYPE_CHECKING

from kbatch.data.pixels import (
    Blocks,
    Clustering,
    Colors,
    Descent,
    Indexed,
    Meta,
    Picture,
    Points,
    Rendered,
    Stop,
    Stopped,
)
from kbatch.data.results import LEDGER, RECORD_COLUMNS, Record, Status, Summary
from kbatch.data.work import Alpha, Choice, Finished, Item, Outcome, Plan, Search, Source, Variant

if TYPE_CHECKING:
    from kbatch.data.arrays import F32 as F32
    from kbatch.data.arrays import F64 as F64
    from kbatch.data.arrays import I16 as I16
    from kbatch.data.arrays import I32 as I32
    from kbatch.data.arrays import I64 as I64
    from kbatch.data.arrays import U8 as U8
    from kbatch.data.arrays import U32 as U32
    from kbatch.data.arrays import U64 as U64
    from kbatch.data.arrays import Bool as Bool
    from kbatch.data.arrays import Index as Index

__all__ = [
    "LEDGER",
    "RECORD_COLUMNS",
    "Alpha",
    "Blocks",
    "Choice",
    "Clustering",
    "Colors",
    "Descent",
    "Finished",
    "Indexed",
    "Item",
    "Meta",
    "Outcome",
    "Picture",
    "Plan",
    "Points",
    "Record",
    "Rendered",
    "Search",
    "Source",
    "Status",
    "Stop",
    "Stopped",
    "Summary",
    "Variant",
]
