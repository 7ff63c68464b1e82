"""The verbs of the pipeline, each on its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from kbatch import pipeline
from kbatch.data import Indexed, Picture
from kbatch.stages import Column, MeasureSpec

PICTURE = Picture(np.zeros((1, 1, 1, 3), np.uint8))
INDEXED = Indexed(np.zeros((1, 1, 1), np.uint8), np.array([[0, 0, 0, 255]], np.uint8))


class Fixed:
    """A measure that always says the same."""

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self._numbers = numbers

    def measure(self, picture: Picture, indexed: Indexed) -> Mapping[str, float]:
        return self._numbers


def measured(**numbers: float) -> dict[str, float]:
    columns = tuple(Column(name, "", higher_is_better=True) for name in ("first", "second"))
    spec = MeasureSpec(name="fixed", summary="the same", factory=Fixed, columns=columns)
    return pipeline.measure(PICTURE, INDEXED, [(spec, Fixed(numbers))])


def test_numbers_of_a_measure_are_floats_in_the_order_of_its_columns() -> None:
    told = measured(second=2, first=np.float64(1))
    assert list(told.items()) == [("first", 1.0), ("second", 2.0)]
    assert {type(number) for number in told.values()} == {float}


def test_a_measure_may_leave_a_column_out() -> None:
    assert measured(second=2) == {"second": 2}


def test_a_number_that_wasnt_announced_is_told() -> None:
    with pytest.raises(
        ValueError, match="the measure fixed gave frist, its columns are first, sec"
    ):
        measured(frist=1, second=2)
