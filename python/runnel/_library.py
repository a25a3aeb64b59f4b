"""The C library by ctypes: where it is, its structs and the types of its functions.

`tests/test_header.py` compares the structs with the header, member by member.
"""

from __future__ import annotations

import ctypes as c
import os
import pathlib
from typing import Any

from .errors import BY_STATUS, RunnelError


def _path() -> str:
    """The library that the wheel puts beside the package, or where RUNNEL_LIBRARY says, for a build
    that is not a wheel."""
    given = os.environ.get("RUNNEL_LIBRARY")
    if given:
        return given
    return str(pathlib.Path(__file__).parents[1] / ".runnel.mesonpy.libs" / "librunnel.so.0")


lib = c.CDLL(_path())

size_p = c.POINTER(c.c_size_t)


class Strided(c.Structure):
    """rnl_strided"""

    _fields_ = [("first", c.c_void_p), ("type", c.c_int), ("strides", c.POINTER(c.c_ssize_t))]


class Rows(c.Structure):
    """rnl_rows"""

    _fields_ = [
        ("rows", c.c_size_t),
        ("rank", c.c_size_t),
        ("shape", size_p),
        ("floats", c.c_void_p),
        ("bytes", c.c_void_p),
        ("doubles", c.c_void_p),
        ("classes", c.c_void_p),
        ("values", c.c_void_p),
        ("double_values", c.c_void_p),
        ("value_columns", c.c_size_t),
        ("sample_weights", c.c_void_p),
        ("inputs", c.POINTER(Strided)),
        ("class_numbers", c.POINTER(Strided)),
        ("target_values", c.POINTER(Strided)),
        ("weights", c.POINTER(Strided)),
        ("frame", c.c_void_p),
        ("missing", c.c_int),
        ("all_categories", c.c_int),
        ("auto_categories", c.c_int),
    ]


class ParameterDescription(c.Structure):
    """rnl_parameter_description"""

    _fields_ = [
        ("name", c.c_char * 112),
        ("rank", c.c_size_t),
        ("shape", c.c_size_t * 2),
        ("count", c.c_size_t),
        ("fixed", c.c_int),
    ]


class Figure(c.Structure):
    """rnl_figure"""

    _fields_ = [("name", c.c_char_p), ("value", c.c_double)]


class Progress(c.Structure):
    """rnl_progress"""

    _fields_ = [
        ("epoch", c.c_size_t),
        ("epochs", c.c_size_t),
        ("rows_done", c.c_size_t),
        ("rows", c.c_size_t),
        ("step", c.c_uint64),
        ("seconds", c.c_double),
        ("timed_rows", c.c_size_t),
        ("figure_count", c.c_size_t),
        ("figures", c.POINTER(Figure)),
    ]


class LayerInspection(c.Structure):
    """rnl_layer_inspection"""

    _fields_ = [
        ("layer", c.c_char_p),
        ("mean", c.c_double),
        ("deviation", c.c_double),
        ("saturated", c.c_double),
        ("dead", c.c_double),
        ("gradient_norm", c.c_double),
        ("update_norm", c.c_double),
        ("weight_norm", c.c_double),
        ("zero_weights", c.c_double),
        ("frozen", c.c_int),
    ]


class Inspection(c.Structure):
    """rnl_inspection"""

    _fields_ = [
        ("epoch", c.c_size_t),
        ("rows", c.c_size_t),
        ("layer_count", c.c_size_t),
        ("layers", c.POINTER(LayerInspection)),
    ]


class SchedulePoint(c.Structure):
    """rnl_schedule_point"""

    _fields_ = [
        ("step", c.c_uint64),
        ("epoch", c.c_uint64),
        ("steps", c.c_uint64),
        ("epochs", c.c_uint64),
        ("learning_rate", c.c_double),
    ]


ON_BEGIN = c.CFUNCTYPE(c.c_int, c.c_void_p)
ON_PROGRESS = c.CFUNCTYPE(c.c_int, c.POINTER(Progress), c.c_void_p)
ON_INSPECT = c.CFUNCTYPE(c.c_int, c.POINTER(Inspection), c.c_void_p)
ON_LOG = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)
SCHEDULE = c.CFUNCTYPE(c.c_double, c.POINTER(SchedulePoint), c.c_void_p)


class Options(c.Structure):
    """rnl_options"""

    _fields_ = [
        ("threads", c.c_size_t),
        ("pin", c.c_int),
        ("products", c.c_int),
        ("checkpoint", c.c_char_p),
        ("best", c.c_char_p),
        ("last", c.c_char_p),
        ("on_begin", ON_BEGIN),
        ("on_step", ON_PROGRESS),
        ("on_epoch", ON_PROGRESS),
        ("on_inspect", ON_INSPECT),
        ("on_log", ON_LOG),
        ("user", c.c_void_p),
        ("schedule", SCHEDULE),
        ("job", c.c_void_p),
    ]


class RateRange(c.Structure):
    """rnl_rate_range"""

    _fields_ = [("first", c.c_double), ("last", c.c_double), ("steps", c.c_size_t)]


class RatePoint(c.Structure):
    """rnl_rate_point"""

    _fields_ = [("learning_rate", c.c_double), ("loss", c.c_double), ("smoothed", c.c_double)]


class RateSearch(c.Structure):
    """rnl_rate_search"""

    _fields_ = [
        ("count", c.c_size_t),
        ("points", c.POINTER(RatePoint)),
        ("lowest", c.c_size_t),
        ("turn", c.c_size_t),
        ("diverged", c.c_int),
        ("fall", c.c_double),
        ("learning_rate", c.c_double),
        ("remark", c.c_char_p),
    ]


class Evaluation(c.Structure):
    """rnl_evaluation"""

    _fields_ = [
        ("rows", c.c_size_t),
        ("figure_count", c.c_size_t),
        ("figures", c.POINTER(Figure)),
        ("classes", c.c_size_t),
        ("confusion", c.POINTER(c.c_uint64)),
    ]


class Prediction(c.Structure):
    """rnl_prediction"""

    _fields_ = [
        ("rows", c.c_size_t),
        ("outputs", c.c_size_t),
        ("values", c.POINTER(c.c_float)),
        ("deviations", c.POINTER(c.c_float)),
        ("classes", c.POINTER(c.c_int32)),
        ("exact_values", c.POINTER(c.c_double)),
    ]


class Request(c.Structure):
    """rnl_request"""

    _fields_ = [
        ("rows", c.c_size_t),
        ("features", c.c_size_t),
        ("floats", c.c_void_p),
        ("doubles", c.c_void_p),
        ("bytes", c.c_void_p),
        ("values", c.c_void_p),
        ("exact_values", c.c_void_p),
        ("classes", c.c_void_p),
        ("scratch", c.c_void_p),
        ("scratch_bytes", c.c_size_t),
    ]


STRUCTS = {s.__doc__: s for s in (Strided, Rows, ParameterDescription, Figure, Progress,
                                  LayerInspection, Inspection, SchedulePoint, Options, RateRange,
                                  RatePoint, RateSearch, Evaluation, Prediction, Request)}

handle, handle_p, text_p = c.c_void_p, c.POINTER(c.c_void_p), c.POINTER(c.c_void_p)
strings, size, text, rows_p = c.POINTER(c.c_char_p), c.c_size_t, c.c_char_p, c.POINTER(Rows)
options_p = c.POINTER(Options)

# Functions that return a status.
_STATUS = {
    "config_load": [handle_p, text, strings, size],
    "config_parse": [handle_p, text, text, strings, size],
    "config_print": [handle, text_p],
    "config_print_origins": [handle, text_p],
    "config_help": [text, text_p],
    "data_load": [handle_p, handle, c.c_uint],
    "data_load_for": [handle_p, handle, c.c_uint],
    "data_create": [handle_p, rows_p, rows_p, rows_p],
    "data_create_for": [handle_p, handle, rows_p, rows_p, rows_p],
    "data_create_after": [handle_p, handle, handle, rows_p, rows_p, rows_p],
    "model_create": [handle_p, handle, handle],
    "model_load": [handle_p, text, strings, size],
    "model_resume": [handle_p, text, handle],
    "model_save": [handle, text],
    "model_save_memory": [handle, c.POINTER(c.c_void_p), size_p],
    "model_load_memory": [handle_p, text, text, size, strings, size],
    "model_start_from": [handle, handle, c.c_uint, text_p],
    "model_describe_parameter": [handle, size, c.POINTER(ParameterDescription)],
    "model_get_parameter": [handle, text, c.c_void_p, size],
    "model_set_parameter": [handle, text, c.c_void_p, size],
    "model_copy_parameters": [handle, handle],
    "model_fold": [handle, handle_p, text_p],
    "model_summary": [handle, text_p],
    "train": [handle, handle, options_p],
    "find_learning_rate": [handle, handle, c.POINTER(RateRange), options_p,
                           c.POINTER(c.POINTER(RateSearch))],
    "evaluate": [handle, handle, c.c_int, options_p, c.POINTER(c.POINTER(Evaluation))],
    "predict": [handle, handle, c.c_int, options_p, c.POINTER(c.POINTER(Prediction))],
    "predict_monte_carlo": [handle, handle, c.c_int, size, options_p,
                            c.POINTER(c.POINTER(Prediction))],
    "predictor_create": [handle_p, handle, c.c_int],
    "predictor_read_row": [handle, strings, strings, size, c.c_void_p],
    "predictor_run": [handle, c.POINTER(Request)],
    "predictor_use_threads": [handle, size],
    "topology_describe": [text, handle, options_p, text_p],
}

# Functions that return something else: the type, then those of the arguments.
_OTHERS: dict[str, list[Any]] = {
    "message": [text],
    "version": [text],
    "text_free": [None, c.c_void_p],
    "memory_free": [None, c.c_void_p],
    "config_free": [None, handle],
    "config_name": [text, handle],
    "config_optimizer": [text, handle],
    "config_inspects": [c.c_int, handle],
    "data_free": [None, handle],
    "data_rows": [size, handle, c.c_int],
    "model_free": [None, handle],
    "model_outputs": [size, handle],
    "model_classes": [size, handle],
    "model_class_name": [text, handle, size],
    "model_output_name": [text, handle, size],
    "model_config": [handle, handle],
    "model_parameter_count": [size, handle],
    "model_restart_schedule": [None, handle],
    "model_step": [c.c_uint64, handle],
    "model_epoch": [c.c_uint64, handle],
    "stop": [None, handle],
    "rate_search_free": [None, c.POINTER(RateSearch)],
    "evaluation_free": [None, c.POINTER(Evaluation)],
    "prediction_free": [None, c.POINTER(Prediction)],
    "predictor_free": [None, handle],
    "predictor_features": [size, handle],
    "predictor_outputs": [size, handle],
    "predictor_classes": [size, handle],
    "predictor_columns": [size, handle],
    "predictor_column_name": [text, handle, size],
    "predictor_scratch": [size, handle, size],
}

for _name, _arguments in _STATUS.items():
    _function = getattr(lib, "rnl_" + _name)
    _function.restype, _function.argtypes = c.c_int, _arguments
for _name, (_result, *_arguments) in _OTHERS.items():
    _function = getattr(lib, "rnl_" + _name)
    _function.restype, _function.argtypes = _result, _arguments


def failure(status: int) -> RunnelError:
    """The exception of a status other than 0, with the calling thread's message."""
    return BY_STATUS.get(status, RunnelError)(lib.rnl_message().decode(errors="replace"))


def call(name: str, *arguments: Any) -> None:
    """Calls a function that returns a status; raises the exception of its failure."""
    status = getattr(lib, "rnl_" + name)(*arguments)
    if status:
        raise failure(status)


def take_text(name: str, *arguments: Any) -> str:
    """Calls a function whose last argument receives a text."""
    pointer = c.c_void_p()
    call(name, *arguments, c.byref(pointer))
    try:
        return c.string_at(pointer.value or 0).decode(errors="replace") if pointer.value else ""
    finally:
        lib.rnl_text_free(pointer)


def take_handle(name: str, *arguments: Any) -> int:
    """Calls a function whose first argument receives a handle."""
    pointer = c.c_void_p()
    call(name, c.byref(pointer), *arguments)
    assert pointer.value
    return pointer.value


def string_list(words: Any) -> tuple[Any, int]:
    """A list of texts as an array of pointers, and its length."""
    encoded = [str(word).encode() for word in words]
    return (c.c_char_p * len(encoded))(*encoded) if encoded else None, len(encoded)


def path_bytes(path: Any) -> bytes | None:
    """A path as the C library takes it."""
    return None if path is None else os.fsencode(path)


def thread_limit() -> int:
    """How many threads OpenMP would start here: what OMP_NUM_THREADS and threadpool_limits say."""
    try:
        return int(lib.omp_get_max_threads())
    except AttributeError:  # the runtime is linked into the library under other names
        return int(os.environ.get("OMP_NUM_THREADS", "0").split(",")[0] or 0) or 1 << 30
