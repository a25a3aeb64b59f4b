"""Predictions and evaluations of many rows, and the predictor of single ones."""

from __future__ import annotations

import ctypes as c
import threading
from typing import Any, Mapping

import numpy as np

from . import _library as _c
from ._arrays import as_array
from ._data import TEST, Data, handle_of
from ._handles import Handle
from ._model import Model
from ._options import options_of
from .errors import DataError


class Predictions:
    """values (rows, outputs) float64 where targets are scaled, else float32; classes (rows,) or
    None; deviations (rows, outputs) of Monte Carlo, or None."""

    def __init__(self, p: _c.Prediction) -> None:
        shape = (p.rows, p.outputs)

        def copy(pointer: Any, shape: tuple[int, ...]) -> np.ndarray | None:
            return np.ctypeslib.as_array(pointer, shape).copy() if pointer else None

        exact = copy(p.exact_values, shape)
        values = exact if exact is not None else copy(p.values, shape)
        assert values is not None
        self.values: np.ndarray = values
        self.classes = copy(p.classes, shape[:1])
        self.deviations = copy(p.deviations, shape)


def predict(model: Model, data: Data, part: int = TEST, *, threads: int = 0, pin: str = "auto",
            monte_carlo: int = 0) -> Predictions:
    """Predicts the rows of a part of the data."""
    out = c.POINTER(_c.Prediction)()
    options = options_of(threads, pin)
    if monte_carlo:
        _c.call("predict_monte_carlo", model.handle, handle_of(data), part, monte_carlo,
                c.byref(options), c.byref(out))
    else:
        _c.call("predict", model.handle, handle_of(data), part, c.byref(options), c.byref(out))
    try:
        return Predictions(out.contents)
    finally:
        _c.lib.rnl_prediction_free(out)


class Evaluation:
    """figures: "loss" and the metrics, by name; confusion (classes, classes) or None."""

    def __init__(self, e: _c.Evaluation) -> None:
        self.rows = int(e.rows)
        self.figures = {e.figures[i].name.decode(): e.figures[i].value
                        for i in range(e.figure_count)}
        self.confusion = (np.ctypeslib.as_array(e.confusion, (e.classes, e.classes)).copy()
                          if e.classes else None)


def evaluate(model: Model, data: Data, part: int = TEST, *, threads: int = 0,
             pin: str = "auto") -> Evaluation:
    """Loss, metrics and confusion matrix over a part of the data."""
    out = c.POINTER(_c.Evaluation)()
    options = options_of(threads, pin)
    _c.call("evaluate", model.handle, handle_of(data), part, c.byref(options), c.byref(out))
    try:
        return Evaluation(out.contents)
    finally:
        _c.lib.rnl_evaluation_free(out)


class Predictor(Handle):
    """A model ready to answer single rows, from many threads at once; no thread is started, unless
    `threads` share the rows of a call that brings more than 96, with the same numbers.

    `fold` folds batch normalization into the weights.  Raises `DataError`.
    """

    _free = "rnl_predictor_free"

    def __init__(self, model: Model, fold: bool = False, threads: int = 1) -> None:
        super().__init__(_c.take_handle("predictor_create", model.handle, int(fold)))
        _c.call("predictor_use_threads", self.handle, threads)
        self.features = int(_c.lib.rnl_predictor_features(self.handle))
        self.outputs = int(_c.lib.rnl_predictor_outputs(self.handle))
        self.classes = int(_c.lib.rnl_predictor_classes(self.handle))
        self._local = threading.local()

    def _scratch(self, rows: int) -> np.ndarray:
        need = _c.lib.rnl_predictor_scratch(self.handle, min(rows, 96))
        scratch = getattr(self._local, "scratch", None)
        if scratch is None or scratch.nbytes < need:
            scratch = self._local.scratch = np.empty(need, np.uint8)
        return scratch

    def _request(self, x: Any) -> tuple[_c.Request, Any]:
        array = as_array(x)
        kind = {np.dtype(np.uint8): "bytes", np.dtype(np.float64): "doubles"}.get(
            array.dtype, "floats")
        array = np.ascontiguousarray(array, None if kind != "floats" else np.float32)
        if array.size % self.features or array.size == 0:
            raise DataError(f"expected rows of {self.features} numbers, got an array of shape "
                            f"{array.shape}")
        rows = array.size // self.features
        scratch = self._scratch(rows)
        request = _c.Request(rows=rows, features=self.features, scratch=scratch.ctypes.data,
                             scratch_bytes=scratch.nbytes)
        setattr(request, kind, array.ctypes.data)
        return request, (array, scratch)

    @property
    def columns(self) -> list[str]:
        """The names of the table's columns that are inputs; none if the model knows no table."""
        count = _c.lib.rnl_predictor_columns(self.handle)
        return [_c.lib.rnl_predictor_column_name(self.handle, i).decode() for i in range(count)]

    def row(self, cells: Mapping[str, str | None]) -> np.ndarray:
        """(features,) numbers of a table's row: texts by column, None where one is missing."""
        def texts(items: Any) -> Any:
            return (c.c_char_p * len(cells))(*(t if t is None else t.encode() for t in items))
        out = np.empty(self.features, np.float64)
        _c.call("predictor_read_row", self.handle, texts(cells), texts(cells.values()), len(cells),
                out.ctypes.data)
        return out

    def values(self, x: Any) -> np.ndarray:
        """(rows, outputs) float64 of one row (features,) or of rows (rows, features)."""
        request, held = self._request(x)
        out = np.empty((request.rows, self.outputs), np.float64)
        request.exact_values = out.ctypes.data
        _c.call("predictor_run", self.handle, c.byref(request))
        del held
        return out

    __call__ = values

    def predict_classes(self, x: Any) -> np.ndarray:
        """(rows,) class numbers."""
        request, held = self._request(x)
        out = np.empty(request.rows, np.int32)
        request.classes = out.ctypes.data
        _c.call("predictor_run", self.handle, c.byref(request))
        del held
        return out
