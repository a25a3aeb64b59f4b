"""Columns of pandas and polars frames as numbers: categories become 0 and 1, by their dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DataError


def is_frame(x: Any) -> bool:
    """A frame of columns with names: pandas, polars, pyarrow's table."""
    return hasattr(x, "columns") and (hasattr(x, "dtypes") or hasattr(x, "schema"))


def _names(frame: Any) -> list[Any]:
    return list(frame.column_names if hasattr(frame, "column_names") else frame.columns)


def _values(frame: Any, name: Any) -> np.ndarray:
    column = frame[name]
    if hasattr(column, "combine_chunks"):  # pyarrow
        return np.asarray(column.to_pylist())
    return np.asarray(column.to_numpy())


def _dtype(frame: Any, name: Any) -> str:
    column = frame[name]
    return str(getattr(column, "dtype", getattr(column, "type", ""))).lower()


def _is_category(frame: Any, name: Any) -> bool:
    """Categories, enumerations, texts and objects; numbers and truth values are not."""
    kind = _dtype(frame, name)
    return kind == "str" or kind.startswith(("category", "categorical", "enum", "object", "string",
                                             "large_string", "dictionary"))


def _declared(frame: Any, name: Any) -> list[Any] | None:
    """The categories that the column's type names, in its order."""
    column = frame[name]
    if hasattr(column, "cat") and hasattr(column.cat, "categories"):
        return [value for value in column.cat.categories]
    return None


def _is_missing(value: Any) -> bool:
    return value is None or value != value or str(value) == "<NA>"


def categories_of(frame: Any) -> dict[Any, list[Any]] | None:
    """The categories of each categorical column, in sorted order or that of its type; None if no
    column is categorical, so that the frame is an array."""
    found: dict[Any, list[Any]] = {}
    for name in _names(frame):
        if not _is_category(frame, name):
            continue
        declared = _declared(frame, name)
        if declared is None or not hasattr(frame[name], "cat") or hasattr(frame, "schema"):
            present = {v for v in _values(frame, name).tolist() if not _is_missing(v)}
            declared = sorted(present, key=lambda v: (str(type(v)), v))
        found[name] = declared
    return found or None


def _one_hot(frame: Any, name: Any, categories: list[Any]) -> np.ndarray:
    """0 and 1 for each category; a missing one is all 0.  An unknown one is refused."""
    numbers = {value: i for i, value in enumerate(categories)}
    values = _values(frame, name).tolist()
    block = np.zeros((len(values), len(categories)), np.float32)
    for row, value in enumerate(values):
        number = numbers.get(value) if not _is_missing(value) else -1
        if number is None:
            raise DataError(f"row {row}, column {name!r}: expected one of the {len(categories)} "
                            f"categories of the training rows, got {value!r}")
        if number >= 0:
            block[row, number] = 1
    return block


def numbers_of(frame: Any, categories: dict[Any, list[Any]]) -> np.ndarray:
    """(rows, columns, each category one) float32 of a frame, by the categories of the training's.
    Columns are those of the training, by name and in its order."""
    blocks = []
    for name in _names(frame):
        if name in categories:
            blocks.append(_one_hot(frame, name, categories[name]))
        else:
            blocks.append(np.asarray(_values(frame, name), np.float32).reshape(-1, 1))
    return np.concatenate(blocks, axis=1)
