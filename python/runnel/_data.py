"""Rows of arrays and frames, or of files, as the library's data."""

from __future__ import annotations

import ctypes as c
from typing import TYPE_CHECKING, Any

from . import _library as _c
from ._arrays import HeldRows, are_no_classes
from ._handles import Config, Handle

if TYPE_CHECKING:
    from ._model import Model

TRAIN, VALIDATION, TEST = 1, 2, 4


class Data(Handle):
    """Rows of arrays, which are borrowed where they are float32, float64 or uint8 in C order.

    x: (rows, features) or (rows, height, width, ...) numbers, or a frame of pandas, polars or
    pyarrow, whose columns are read by its Arrow stream: numbers and truth values are an input each,
    texts and categories a 0 or 1 for each category.  y: (rows,) integers or truth values are
    classes from 0, unless one is below 0 or the loss of `config` is of numbers; floats, (rows,) or
    (rows, outputs), are values; None for prediction alone.  `validation` and `test` are tuples
    (x, y) or (x, y, sample_weight).  The arrays must not change while the data live.  With
    `config`, what its `data` says of rows is done: validation_split, folds, limit, ...
    `after`: a model whose columns and categories a frame's are to be.  `missing`: what becomes of
    rows of a frame where a value is missing: 'error', 'drop' or 'fill'.  `categorical`: 'auto' for
    a frame's texts and categories as `categorical: auto` takes a table's.  Raises `DataError`.
    """

    _free = "rnl_data_free"

    def __init__(self, x: Any = None, y: Any = None, sample_weight: Any = None, *,
                 validation: tuple[Any, ...] | None = None, test: tuple[Any, ...] | None = None,
                 config: Config | None = None, classes: bool = False,
                 after: "Model | None" = None, missing: str = "error",
                 categorical: str | None = None) -> None:
        parts = [(x, y, sample_weight) if x is not None else None, validation, test]
        names = ["training rows", "validation rows", "test rows"]
        values = any(are_no_classes(part[1]) for part in parts if part is not None and part[1:])
        self._held = [HeldRows(*part, name=name, classes=classes or (False if values else None),
                               missing=missing, categorical=categorical)
                      if part is not None else None
                      for part, name in zip(parts, names)]
        rows = [c.byref(held.rows) if held else None for held in self._held]
        if after is not None:
            made = _c.take_handle("data_create_after", config.handle if config else None,
                                  after.handle, *rows)
        elif config is not None:
            made = _c.take_handle("data_create_for", config.handle, *rows)
        else:
            made = _c.take_handle("data_create", *rows)
        super().__init__(made)

    @classmethod
    def load(cls, config: Config, parts: int = TRAIN | VALIDATION) -> "Data":
        """Loads the files that a configuration names.  Raises `ConfigError`, `DataError`, ..."""
        loaded = cls.__new__(cls)
        Handle.__init__(loaded, _c.take_handle("data_load", config.handle, parts))
        return loaded

    def rows(self, part: int = TRAIN) -> int:
        """Rows of a part: TRAIN, VALIDATION or TEST."""
        return int(_c.lib.rnl_data_rows(self.handle, part))


def handle_of(data: Data) -> int:
    """The C library's pointer; arrays in place of data are a TypeError."""
    if not isinstance(data, Data):
        raise TypeError(f"expected a runnel.Data, got {type(data).__name__}; "
                        "of arrays it is made by runnel.Data(x, y)")
    return data.handle
