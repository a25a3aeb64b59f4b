"""Arrays of the caller as rows of the C library: it reads them where they lie, in any order."""

from __future__ import annotations

import ctypes as c
from typing import Any

import numpy as np

from ._frames import Stream, finds_categories, is_frame, missing_rule
from ._library import Rows, Strided
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


# rnl_type
_TYPES = {np.dtype(name): number for number, name in enumerate(
    ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16",
     "float32", "float64"), start=1)}


def _numbers(x: Any, what: str) -> np.ndarray:
    """An array of a type that the library reads: any but those of other machines and long
    doubles as it is."""
    array = as_array(x)
    if array.dtype == object or array.dtype.kind not in "fiub":
        raise DataError(f"{what}: expected numbers, got an array of {array.dtype}")
    if array.dtype not in _TYPES:
        native = array.dtype.newbyteorder("=")
        array = array.astype(native if native in _TYPES else np.float64)
    return array


class _Described:
    """An rnl_strided and the array that it describes, which lives as long."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.strides = (c.c_ssize_t * array.ndim)(*array.strides)
        self.strided = Strided(array.ctypes.data, _TYPES[array.dtype], self.strides)

    @property
    def pointer(self) -> Any:
        """To the rnl_strided."""
        return c.pointer(self.strided)


def _are_whole(targets: np.ndarray) -> bool:
    """Integers or truth values, one for each row."""
    return targets.ndim == 1 and targets.dtype.kind in "iub"


def are_no_classes(targets: Any) -> bool:
    """Whole numbers of which one is below 0, or beyond int32, and so no class number."""
    array = as_array(targets)
    return _are_whole(array) and array.size > 0 \
        and bool(array.min() < 0 or array.max() > np.iinfo(np.int32).max)


class HeldRows:
    """An rnl_rows and the arrays that it points to, which live as long.

    classes: True, or False for values; None: what the targets' type says.
    """

    def __init__(self, inputs: Any, targets: Any = None, weights: Any = None,
                 name: str = "training rows", classes: bool | None = None,
                 missing: str = "error", categorical: str | None = None) -> None:
        self.name = name
        self.held: list[Any] = []
        rule = missing_rule(missing)  # a wrong one is refused with arrays, too
        automatic = finds_categories(categorical)
        self.inputs = self._take_frame(inputs, rule, automatic) if is_frame(inputs) \
            else self._take_inputs(inputs)
        if targets is not None:
            self._take_targets(targets, classes)
        if weights is not None:
            self.rows.weights = self._describe("sample weights", weights, 1)

    def _take_inputs(self, inputs: Any) -> np.ndarray:
        array = _numbers(inputs, self.name)
        if array.ndim == 0:
            raise DataError(f"{self.name}: expected an array of rows, got a single number")
        if array.ndim == 1:
            array = array.reshape(-1, 1)
        shape = array.shape[1:]
        self.shape = (c.c_size_t * len(shape))(*shape)
        self.rows = Rows(rows=array.shape[0], rank=len(shape), shape=self.shape)
        described = _Described(array)
        self.held.append(described)
        self.rows.inputs = described.pointer
        return array

    def _take_frame(self, frame: Any, rule: int, automatic: int) -> Any:
        stream = Stream(frame, self.name)
        self.held.append(stream)
        self.rows = Rows(rows=stream.rows, frame=stream.pointer, missing=rule,
                         all_categories=stream.all_categories, auto_categories=automatic)
        return frame

    def _describe(self, what: str, given: Any, rank: int) -> Any:
        """A pointer to the description of an array that has a number, or some, for each row."""
        array = _numbers(given, f"{self.name}: {what}")
        if array.shape[:1] != (self.rows.rows,) or (rank == 1 and array.ndim != 1):
            raise DataError(f"{self.name}: expected {what} for {self.rows.rows} rows, got an array "
                            f"of shape {array.shape}")
        if rank == 2:
            array = array.reshape(len(array), -1) if len(array) else array.reshape(0, 1)
        described = _Described(array)
        self.held.append(described)
        return described.pointer

    def _take_targets(self, targets: Any, classes: bool | None) -> None:
        array = as_array(targets)
        if _are_whole(array) if classes is None else classes:
            self.rows.class_numbers = self._describe("targets", array, 1)
        else:
            self.rows.target_values = self._describe("targets", array, 2)
            self.rows.value_columns = self.held[-1].array.shape[1]
