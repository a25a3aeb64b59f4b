"""Runnel: training of dense neural networks on many-core CPUs.

`RunnelClassifier` and `RunnelRegressor` are scikit-learn estimators.  Below them `Config`, `Data`,
`Model`, `train`, `Predictor`, `find_learning_rate` and `inspect` are the C library's own objects.
`from_keras`, `to_keras` and `from_torch` carry models over.  Names load when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._keras import from_keras
    from ._to_keras import to_keras
    from ._torch import from_torch
    from .core import (TEST, TRAIN, VALIDATION, Config, Data, Evaluation, Model, Parameters,
                       Predictions, Predictor, Progress, RateSearch, SchedulePoint,
                       evaluate, find_learning_rate,
                       help, inspect, predict, progress_bar, topology, train, version)
    from .errors import (ConfigError, DataError, FileError, NotFiniteError, OutOfMemory,
                         ProductError, RunnelError, Stopped, ThreadsError)
    from .estimators import RunnelClassifier, RunnelRegressor

_HOMES = {
    "_keras": ["from_keras"],
    "_to_keras": ["to_keras"],
    "_torch": ["from_torch"],
    "core": ["TEST", "TRAIN", "VALIDATION", "Config", "Data", "Evaluation", "Model", "Parameters",
             "Predictions", "Predictor", "Progress", "RateSearch", "SchedulePoint", "evaluate",
             "find_learning_rate", "help", "inspect", "predict", "progress_bar", "topology",
             "train", "version"],
    "errors": ["ConfigError", "DataError", "FileError", "NotFiniteError", "OutOfMemory",
               "ProductError", "RunnelError", "Stopped", "ThreadsError"],
    "estimators": ["RunnelClassifier", "RunnelRegressor"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return __getattr__("version")()
    if name not in _HOME:
        raise AttributeError(f"module 'runnel' has no attribute {name!r}")
    from importlib import import_module
    value = getattr(import_module("." + _HOME[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__} - {"Any", "TYPE_CHECKING", "annotations"})
