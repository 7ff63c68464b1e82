"""Values of any depth to bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from kbatch.data import U8

Array = np.ndarray[Any, np.dtype[Any]]


def to_bytes(array: Array) -> U8:
    """Returns uint8 values of the same shape."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return np.where(array, np.uint8(255), np.uint8(0))
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:  # in either byte order
        whole = array // 257
        whole += (array - whole * 257) > 128
        return whole.astype(np.uint8)
    if array.dtype.kind != "f":
        raise TypeError(f"dtype {array.dtype} is not uint8, uint16, a float from 0 to 1, or bool")
    if not (array.min() >= 0 and array.max() <= 1):  # NaN fails both
        low, high = array.min(), array.max()
        raise ValueError(f"floats must be from 0 to 1 and not NaN; these are {low} to {high}")
    rounded: U8 = np.rint(array * np.float32(255)).astype(np.uint8)
    return rounded


def from_floats(array: Array) -> U8:
    """Returns uint8 values of a float image: from 0 to 1 if none is larger, else from 0 to 255."""
    values = np.fmax(array, np.float32(0))  # of NaN and 0 it takes 0
    np.minimum(values, 255, out=values)
    if values.max() <= 1:
        values *= 255
    rounded: U8 = np.rint(values, out=values).astype(np.uint8)
    return rounded
