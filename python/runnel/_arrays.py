"""Arrays of the caller as rows of the C library: borrowed where they can be, else converted once."""

from __future__ import annotations

import ctypes as c
from typing import Any

import numpy as np

from ._library import Rows
from .errors import DataError


def as_array(x: Any) -> np.ndarray:
    """A numpy view of what the caller gave: an array, a torch tensor (DLPack), a frame, a list.

    A tensor of PyTorch, or anything else on the CPU that speaks DLPack, is seen in its own memory.
    """
    if isinstance(x, np.ndarray):
        return x
    if hasattr(x, "__dlpack__") and not hasattr(x, "dtype_backend"):
        if getattr(x, "requires_grad", False):
            x = x.detach()
        try:
            return np.from_dlpack(x)
        except (BufferError, RuntimeError, TypeError):
            pass
    return np.asarray(x)


def _kept(dtype: np.dtype, as_bytes: bool) -> type:
    """The type in which the library is given numbers of a type."""
    if as_bytes:
        return np.uint8
    return np.float32 if np.can_cast(dtype, np.float32) else np.float64


def _inputs(x: Any, name: str) -> np.ndarray:
    """float32, float64 and uint8 in C order as they are; another order is copied, other numbers
    become float64, or float32 where that holds all that the type has."""
    array = as_array(x)
    if array.dtype == object or array.dtype.kind not in "fiub":
        raise DataError(f"{name}: expected numbers, got an array of {array.dtype}")
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.ndim == 0:
        raise DataError(f"{name}: expected an array of rows, got a single number")
    return np.ascontiguousarray(array, dtype=_kept(array.dtype, array.dtype == np.uint8))


def _pointer(array: np.ndarray | None) -> int | None:
    return None if array is None else array.ctypes.data


class HeldRows:
    """An rnl_rows and the arrays that it points to, which live as long."""

    def __init__(self, inputs: Any, targets: Any = None, weights: Any = None,
                 name: str = "training rows", classes: bool = False) -> None:
        self.inputs = _inputs(inputs, name)
        count = self.inputs.shape[0]
        shape = self.inputs.shape[1:]
        self.shape = (c.c_size_t * len(shape))(*shape)
        self.rows = Rows(rows=count, rank=len(shape), shape=self.shape)
        if self.inputs.dtype == np.uint8:
            self.rows.bytes = _pointer(self.inputs)
        elif self.inputs.dtype == np.float64:
            self.rows.doubles = _pointer(self.inputs)
        else:
            self.rows.floats = _pointer(self.inputs)
        self.targets = self._take_targets(targets, name, classes) if targets is not None else None
        self.weights = None
        if weights is not None:
            self.weights = np.ascontiguousarray(as_array(weights), dtype=np.float32)
            self._check_count("sample weights", self.weights, name)
            self.rows.sample_weights = _pointer(self.weights)

    def _check_count(self, what: str, array: np.ndarray, name: str) -> None:
        if array.shape[:1] != (self.rows.rows,):
            raise DataError(f"{name}: expected {what} for {self.rows.rows} rows, got an array of "
                            f"shape {array.shape}")

    def _take_targets(self, targets: Any, name: str, classes: bool) -> np.ndarray:
        array = as_array(targets)
        self._check_count("targets", array, name)
        if classes or (array.dtype.kind in "iu" and array.ndim == 1):
            array = np.ascontiguousarray(array, dtype=np.int32)
            self.rows.classes = _pointer(array)
        else:
            array = np.ascontiguousarray(array, dtype=_kept(array.dtype, False))
            if array.dtype == np.float64:
                self.rows.double_values = _pointer(array)
            else:
                self.rows.values = _pointer(array)
            self.rows.value_columns = array[0].size if len(array) else 1
        return array
