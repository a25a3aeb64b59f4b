"""Frames of pandas, polars and pyarrow as Arrow streams, which the C library reads."""

from __future__ import annotations

import ctypes as c
from collections.abc import Iterable
from numbers import Number
from typing import Any

import numpy as np

from .errors import ConfigError, DataError

MISSING = {"error": 0, "drop": 1, "fill": 2}

_pointer_of = c.pythonapi.PyCapsule_GetPointer
_pointer_of.restype, _pointer_of.argtypes = c.c_void_p, [c.py_object, c.c_char_p]


def missing_rule(missing: str) -> int:
    """rnl_missing_rule"""
    if not isinstance(missing, str) or missing not in MISSING:
        raise ConfigError(f"missing: expected one of {', '.join(MISSING)}, got {missing!r}")
    return MISSING[missing]


def finds_categories(categorical: str | None) -> int:
    """auto_categories of an rnl_rows"""
    if not (categorical is None or (isinstance(categorical, str) and categorical == "auto")):
        raise ConfigError(f"categorical: expected None or 'auto', got {categorical!r}")
    return int(categorical == "auto")


def is_frame(x: Any) -> bool:
    """A frame of columns with names: pandas, polars, pyarrow's table."""
    named = hasattr(x, "columns") or hasattr(x, "column_names")
    return named and hasattr(x, "__arrow_c_stream__")


def refuse_mixed(values: Iterable[Any], where: str) -> None:
    """Truth values among numbers, which pandas and numpy take as 1 and 0 without a word."""
    if not set(map(type, values)) & {bool, np.bool_}:
        return
    truths = [(row, value) for row, value in enumerate(values) if isinstance(value, (bool, np.bool_))]
    others = [(row, value) for row, value in enumerate(values)
              if isinstance(value, Number) and value == value and value not in (0, 1)]
    if others:
        raise DataError(f"{where}: row {truths[0][0]} has {truths[0][1]}, where row {others[0][0]} "
                        f"has the number {others[0][1]}: expected numbers or truth values")


def _is_pandas(frame: Any) -> bool:
    return hasattr(frame, "iloc")


class Stream:
    """An Arrow stream of a frame, and the capsule that owns it.

    Of pandas, the categories that a column's type declares are categories of the model, also those
    that no row has; of others, those that rows have.
    """

    def __init__(self, frame: Any, name: str) -> None:
        self.rows = len(frame)
        self.all_categories = int(_is_pandas(frame))
        if _is_pandas(frame):  # the index is no column
            frame = frame.reset_index(drop=True)
            for label, values in frame.items():
                if values.dtype == object:
                    refuse_mixed(values, f"{name}: column {label!r}")
        try:
            self.capsule = frame.__arrow_c_stream__()
        except ImportError as error:
            raise DataError(f"{name}: expected pyarrow to be installed, by which pandas gives its "
                            f"columns: {error}") from error
        except (TypeError, ValueError, NotImplementedError) as error:
            raise DataError(f"{name}: expected columns of numbers, truth values, texts or "
                            f"categories: {error}") from error
        self.pointer = _pointer_of(self.capsule, b"arrow_array_stream")


def gives_stream(frame: Any) -> bool:
    """False where pandas needs pyarrow, which is not installed: numbers come through numpy then.
    Raises `DataError` for texts and categories."""
    if not _is_pandas(frame):
        return True
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        if any(str(dtype) in ("category", "str", "string") for dtype in frame.dtypes):
            raise DataError("expected pyarrow to be installed, by which pandas gives its columns "
                            "of texts and categories") from None
        return False
    return True
