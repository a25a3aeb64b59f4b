"""The library's objects: `Config`, `Data`, `Model`, `train`, `Predictor`, and what looks inside.

They mirror `runnel.h`: a configuration says all of a training, data are arrays or files, a model is
trained, saved and asked.
"""

from __future__ import annotations

import ctypes as c
from typing import Sequence

from . import _library as _c
from ._arrays import as_array
from ._data import TEST, TRAIN, VALIDATION, Data
from ._handles import Config
from ._model import Model, Parameters
from ._options import options_of
from ._prediction import Evaluation, Predictions, Predictor, evaluate, predict
from ._training import (Progress, RateSearch, SchedulePoint, find_learning_rate, inspect,
                        progress_bar, train)


def help(topic: str | None = None) -> str:  # noqa: A001 - the program's command
    """The reference of the configuration: an overview, or a section, kind or key."""
    return _c.take_text("config_help", topic.encode() if topic else None)


def topology(machine: str | None = None, *, model: Model | None = None, threads: int = 0,
             pin: str = "auto") -> str:
    """Describes this machine, and where the workers would be."""
    return _c.take_text("topology_describe", machine.encode() if machine else None,
                        model.handle if model else None, c.byref(options_of(threads, pin)))


def version() -> str:
    """The version of the C library."""
    return _c.lib.rnl_version().decode()


__all__: Sequence[str] = [
    "TRAIN", "VALIDATION", "TEST", "Config", "Data", "Model", "Parameters", "Predictions",
    "Predictor", "Progress", "RateSearch", "SchedulePoint", "Evaluation", "evaluate",
    "find_learning_rate", "help",
    "as_array", "inspect", "predict", "progress_bar", "topology", "train", "version",
]
