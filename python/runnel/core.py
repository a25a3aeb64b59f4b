"""The library's own objects: `Config`, `Data`, `Model`, `train`, `Predictor`, and what looks inside.

They mirror `runnel.h`: a configuration says all of a training, data are arrays or files, a model is
trained, saved and asked.
"""

from __future__ import annotations

import ctypes as c
import json
import os
import sys
import threading
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from . import _library as _c
from ._arrays import HeldRows, as_array
from ._frames import is_frame
from .errors import ConfigError, DataError, NotFiniteError, Stopped

TRAIN, VALIDATION, TEST = 1, 2, 4
PINS = {"auto": 0, "on": 1, "off": 2}
PRODUCTS = {"auto": 0, "own": 1, "onednn": 2}
LEVELS = ("debug", "info", "warning")


class _Handle:
    """Owns a handle of the C library, and frees it."""

    _free: str = ""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    @property
    def handle(self) -> int:
        """The C library's pointer."""
        if not self._handle:
            raise ValueError(f"this {type(self).__name__} has been closed")
        return self._handle

    def __del__(self, lib: Any = _c.lib) -> None:
        handle = getattr(self, "_handle", None)
        if handle and self._free:
            self._handle = None
            getattr(lib, self._free)(handle)


class Config(_Handle):
    """A configuration: a mapping, or YAML text, with the keys of `runnel.help()`.

    `overrides` are texts "key.path=value", as `--set` of the program takes them.  Raises
    `ConfigError` with line, key, what was expected and the nearest valid name.
    """

    _free = "rnl_config_free"

    def __init__(self, source: Mapping[str, Any] | str, overrides: Iterable[str] = (),
                 name: str = "config") -> None:
        text = source if isinstance(source, str) else json.dumps(source, indent=1)
        words, count = _c.string_list(overrides)
        super().__init__(_c.take_handle("config_parse", name.encode(), text.encode(), words, count))

    @classmethod
    def load(cls, path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> "Config":
        """Reads a YAML file.  Raises `ConfigError`, `FileError`."""
        words, count = _c.string_list(overrides)
        loaded = cls.__new__(cls)
        _Handle.__init__(loaded, _c.take_handle("config_load", _c.path_bytes(path), words, count))
        return loaded

    @property
    def name(self) -> str:
        """The run's name."""
        return _c.lib.rnl_config_name(self.handle).decode()

    def text(self) -> str:
        """The whole configuration as YAML, defaults filled in."""
        return _c.take_text("config_print", self.handle)

    def origins(self) -> str:
        """The same, each value with where it is from: file, override, preset or default."""
        return _c.take_text("config_print_origins", self.handle)

    def __str__(self) -> str:
        return self.text()

    def __reduce__(self) -> Any:
        return Config, (self.text(), (), self.name)


def _config(source: Config | Mapping[str, Any] | str) -> Config:
    return source if isinstance(source, Config) else Config(source)


class Data(_Handle):
    """Rows of arrays, which are borrowed where they are float32, float64 or uint8 in C order.

    x: (rows, features) or (rows, height, width, ...) numbers, or a frame of pandas, polars or
    pyarrow, whose columns are read by its Arrow stream: numbers and truth values are an input each,
    texts and categories a 0 or 1 for each category.  y: (rows,) integers are classes from 0;
    floats, (rows,) or (rows, outputs), are values; None for prediction alone.  `validation` and
    `test` are tuples (x, y) or (x, y, sample_weight).  The arrays must not change while the data
    live.  With `config`, what its `data` says of rows is done: validation_split, folds, limit, ...
    `after`: a model whose columns and categories a frame's are to be.  `missing`: what becomes of
    rows of a frame where a value is missing: 'error', 'drop' or 'fill'.  Raises `DataError`.
    """

    _free = "rnl_data_free"

    def __init__(self, x: Any = None, y: Any = None, sample_weight: Any = None, *,
                 validation: tuple[Any, ...] | None = None, test: tuple[Any, ...] | None = None,
                 config: Config | None = None, classes: bool = False,
                 after: "Model | None" = None, missing: str = "error") -> None:
        parts = [(x, y, sample_weight) if x is not None else None, validation, test]
        names = ["training rows", "validation rows", "test rows"]
        self._held = [HeldRows(*part, name=name, classes=classes, missing=missing)
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
        _Handle.__init__(loaded, _c.take_handle("data_load", config.handle, parts))
        return loaded

    def rows(self, part: int = TRAIN) -> int:
        """Rows of a part: TRAIN, VALIDATION or TEST."""
        return int(_c.lib.rnl_data_rows(self.handle, part))


class Parameters(Mapping[str, np.ndarray]):
    """A model's tensors by name: `parameters["dense_1.kernel"]` is a float32 copy; assign to set."""

    def __init__(self, model: "Model") -> None:
        self._model = model

    def _description(self, number: int) -> _c.ParameterDescription:
        description = _c.ParameterDescription()
        _c.call("model_describe_parameter", self._model.handle, number, c.byref(description))
        return description

    def _all(self) -> list[_c.ParameterDescription]:
        count = _c.lib.rnl_model_parameter_count(self._model.handle)
        return [self._description(i) for i in range(count)]

    def _shape(self, name: str) -> tuple[int, ...]:
        for description in self._all():
            if description.name.decode() == name:
                return tuple(description.shape[: description.rank])
        return (0,)  # the library's message names the nearest

    def __getitem__(self, name: str) -> np.ndarray:
        values = np.empty(self._shape(name), np.float32)
        try:
            _c.call("model_get_parameter", self._model.handle, name.encode(), values.ctypes.data,
                    values.size)
        except ConfigError as error:
            raise KeyError(str(error)) from None
        return values

    def __setitem__(self, name: str, values: Any) -> None:
        array = np.ascontiguousarray(as_array(values), np.float32)
        shape = self._shape(name)
        if shape != (0,) and array.shape != shape:
            raise DataError(f"{name}: expected numbers of shape {shape}, got {array.shape}")
        _c.call("model_set_parameter", self._model.handle, name.encode(), array.ctypes.data,
                array.size)

    def __iter__(self) -> Iterator[str]:
        return (description.name.decode() for description in self._all())

    def __len__(self) -> int:
        return int(_c.lib.rnl_model_parameter_count(self._model.handle))

    def fixed(self) -> set[str]:
        """Names of those that gradients do not change: moving statistics."""
        return {d.name.decode() for d in self._all() if d.fixed}


def _choice(name: str, choices: Mapping[str, int], value: str) -> int:
    if value not in choices:
        raise ConfigError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
    return choices[value]


def _options(threads: int = 0, pin: str = "auto", products: str = "auto") -> _c.Options:
    return _c.Options(threads=_thread_count(threads), pin=_choice("pin", PINS, pin),
                      products=_choice("products", PRODUCTS, products))


def _thread_count(threads: int) -> int:
    """0: as many as are foreseen to be fastest, within OMP_NUM_THREADS and threadpool_limits."""
    if threads > 0:
        return threads
    limit = _c.thread_limit()
    return limit if limit < len(os.sched_getaffinity(0)) else 0


class Model(_Handle):
    """A network with its parameters, scaling and configuration.

    Made of a configuration for the shape of the data's rows; initial weights follow from the seed.
    Raises `ConfigError`, `DataError`.
    """

    _free = "rnl_model_free"

    def __init__(self, config: Config | Mapping[str, Any] | str, data: Data) -> None:
        kept = _config(config)  # freed after the call
        super().__init__(_c.take_handle("model_create", kept.handle, data.handle))

    @classmethod
    def _of(cls, handle: int) -> "Model":
        made = cls.__new__(cls)
        _Handle.__init__(made, handle)
        return made

    @classmethod
    def load(cls, path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> "Model":
        """Reads a model file or checkpoint.  Raises `DataError`, `ConfigError`, `FileError`."""
        words, count = _c.string_list(overrides)
        return cls._of(_c.take_handle("model_load", _c.path_bytes(path), words, count))

    @classmethod
    def resume(cls, path: str | os.PathLike[str],
               config: Config | Mapping[str, Any] | str) -> "Model":
        """Reads a checkpoint, from which `train` continues."""
        kept = _config(config)  # freed after the call
        return cls._of(_c.take_handle("model_resume", _c.path_bytes(path), kept.handle))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a safetensors file, which appears whole or not at all.  Raises `FileError`."""
        _c.call("model_save", self.handle, _c.path_bytes(path))

    def to_bytes(self) -> bytes:
        """The bytes that `save` writes.  What is in the middle of training keeps its state."""
        pointer, count = c.c_void_p(), c.c_size_t()
        _c.call("model_save_memory", self.handle, c.byref(pointer), c.byref(count))
        try:
            return c.string_at(pointer.value or 0, count.value)
        finally:
            _c.lib.rnl_memory_free(pointer)

    @classmethod
    def from_bytes(cls, contents: bytes, overrides: Iterable[str] = ()) -> "Model":
        """A model of the bytes of a model file.  Raises `DataError`, `ConfigError`."""
        words, count = _c.string_list(overrides)
        return cls._of(_c.take_handle("model_load_memory", b"a model in memory", contents,
                                      len(contents), words, count))

    def __reduce__(self) -> Any:
        return Model.from_bytes, (self.to_bytes(),)

    def __deepcopy__(self, memo: Any) -> "Model":
        return Model.from_bytes(self.to_bytes())

    @property
    def parameters(self) -> Parameters:
        """The tensors by name."""
        return Parameters(self)

    @property
    def outputs(self) -> int:
        """Outputs of the last layer."""
        return int(_c.lib.rnl_model_outputs(self.handle))

    @property
    def classes(self) -> int:
        """Classes; 0 if the model predicts values."""
        return int(_c.lib.rnl_model_classes(self.handle))

    @property
    def step(self) -> int:
        """Steps done by a model in the middle of training; else 0."""
        return int(_c.lib.rnl_model_step(self.handle))

    @property
    def config_text(self) -> str:
        """The model's configuration as YAML."""
        return _c.take_text("config_print", _c.lib.rnl_model_config(self.handle))

    def header(self) -> dict[str, Any]:
        """What a model file says before its numbers: "__metadata__", and each tensor's place."""
        contents = self.to_bytes()
        count = int.from_bytes(contents[:8], "little")
        return json.loads(contents[8:8 + count])

    def settings(self) -> dict[str, Any]:
        """The whole configuration as a mapping, from which another `Config` can be made."""
        return json.loads(self.header()["__metadata__"]["config"])

    def tensors(self) -> dict[str, np.ndarray]:
        """All that a model file holds, by name: parameters, scaling, the optimizer's state."""
        contents = self.to_bytes()
        begin = 8 + int.from_bytes(contents[:8], "little")
        found = {}
        for name, entry in self.header().items():
            if name != "__metadata__":
                first, last = entry["data_offsets"]
                found[name] = np.frombuffer(
                    contents[begin + first:begin + last],
                    np.float64 if entry["dtype"] == "F64" else np.float32).reshape(entry["shape"])
        return found

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of a row."""
        return tuple(map(int, self.header()["__metadata__"]["input_shape"].split()))

    def summary(self) -> str:
        """A table of the layers, with parameters, operations and memory."""
        return _c.take_text("model_summary", self.handle)

    def start_from(self, earlier: "Model", *, skip_mismatch: bool = False,
                   keep_optimizer: bool = False) -> str:
        """Takes over the parameters of layers of the same name; returns what was taken."""
        return _c.take_text("model_start_from", self.handle, earlier.handle,
                            (1 if skip_mismatch else 0) | (2 if keep_optimizer else 0))

    def fold(self) -> "Model":
        """A model for inference with batch normalization folded into the weights."""
        handle, report = c.c_void_p(), c.c_void_p()
        _c.call("model_fold", self.handle, c.byref(handle), c.byref(report))
        _c.lib.rnl_text_free(report)
        assert handle.value
        return Model._of(handle.value)

    def stop(self) -> None:
        """Asks a training to stop after its current step; from any thread."""
        _c.lib.rnl_stop(self.handle)

    def predict(self, x: Any, *, threads: int = 0, pin: str = "auto",
                monte_carlo: int = 0, missing: str = "error") -> "Predictions":
        """Predicts rows (rows, features ...), or of a frame.  Raises `DataError`, `NotFiniteError`.

        `monte_carlo` N: mean and deviation of N passes with dropout on.  `missing`: as of `Data`.
        """
        data = Data(test=(x,), after=self if is_frame(x) else None, missing=missing)
        return predict(self, data, TEST, threads=threads, pin=pin,
                       monte_carlo=monte_carlo)


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
    options = _options(threads, pin)
    if monte_carlo:
        _c.call("predict_monte_carlo", model.handle, data.handle, part, monte_carlo,
                c.byref(options), c.byref(out))
    else:
        _c.call("predict", model.handle, data.handle, part, c.byref(options), c.byref(out))
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
    options = _options(threads, pin)
    _c.call("evaluate", model.handle, data.handle, part, c.byref(options), c.byref(out))
    try:
        return Evaluation(out.contents)
    finally:
        _c.lib.rnl_evaluation_free(out)


class Progress:
    """Where training stands: epoch, epochs, rows_done, rows, step, seconds, and figures by name."""

    def __init__(self, p: _c.Progress) -> None:
        self.epoch, self.epochs = int(p.epoch), int(p.epochs)
        self.rows_done, self.rows = int(p.rows_done), int(p.rows)
        self.step, self.seconds = int(p.step), float(p.seconds)
        self.figures = {p.figures[i].name.decode(): p.figures[i].value
                        for i in range(p.figure_count)}


class SchedulePoint:
    """A step to come: step and epoch from 0, of steps and epochs in all, and the learning_rate of
    the step before."""

    def __init__(self, p: _c.SchedulePoint) -> None:
        self.step, self.epoch = int(p.step), int(p.epoch)
        self.steps, self.epochs = int(p.steps), int(p.epochs)
        self.learning_rate = float(p.learning_rate)


def _layers(i: _c.Inspection) -> list[dict[str, Any]]:
    names = [name for name, _ in _c.LayerInspection._fields_]
    rows = [{name: getattr(i.layers[k], name) for name in names} for k in range(i.layer_count)]
    for row in rows:
        row["layer"] = row["layer"].decode()
        row["frozen"] = bool(row["frozen"])
    return rows


class _Calls:
    """Callbacks of Python as those of the C library.  An exception of one ends the training."""

    def __init__(self, options: _c.Options) -> None:
        self.options = options
        self.error: BaseException | None = None

    def _guard(self, function: Callable[..., Any]) -> Callable[..., int]:
        def run(*arguments: Any) -> int:
            try:
                return 1 if function(*arguments) is False else 0
            except BaseException as error:  # noqa: BLE001 - it is raised where train was called
                self.error = self.error or error
                return 1
        return run

    def begin(self, function: Callable[[], Any] | None) -> None:
        """Adds on_begin."""
        if function:
            self.options.on_begin = _c.ON_BEGIN(self._guard(lambda user: function()))

    def progress(self, member: str, function: Callable[[Progress], Any] | None) -> None:
        """Adds on_step or on_epoch."""
        if function:
            setattr(self.options, member, _c.ON_PROGRESS(
                self._guard(lambda p, user: function(Progress(p.contents)))))

    def inspect(self, function: Callable[[int, list[dict[str, Any]]], Any] | None) -> None:
        """Adds on_inspect."""
        if function:
            self.options.on_inspect = _c.ON_INSPECT(self._guard(
                lambda i, user: function(int(i.contents.epoch), _layers(i.contents))))

    def schedule(self, function: Callable[[SchedulePoint], float] | None) -> None:
        """Adds schedule; an exception becomes NaN, which ends the training."""
        if not function:
            return

        def run(point: Any, user: Any) -> float:
            try:
                return float(function(SchedulePoint(point.contents)))
            except BaseException as error:  # noqa: BLE001 - it is raised where train was called
                self.error = self.error or error
                return float("nan")
        self.options.schedule = _c.SCHEDULE(run)

    def log(self, function: Callable[[str, str], Any] | None) -> None:
        """Adds on_log."""
        if function:
            guarded = self._guard(lambda level, text, user: function(
                LEVELS[level], text.decode(errors="replace")))

            def run(*arguments: Any) -> None:
                guarded(*arguments)
            self.options.on_log = _c.ON_LOG(run)


def _run(call: Callable[[], None], stop: Callable[[], None]) -> None:
    """Runs a long call of the library.  In the main thread, where signals arrive, it runs in
    another, so that Ctrl-C reaches this one: the run is asked to stop, saves what it saves, and
    KeyboardInterrupt is raised."""
    if threading.current_thread() is not threading.main_thread():
        call()
        return
    outcome: list[BaseException] = []
    claim, done = threading.Lock(), threading.Event()

    def work() -> None:
        if not claim.acquire(blocking=False):
            return
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - it is raised below
            outcome.append(error)
        finally:
            done.set()

    # KeyboardInterrupt may be raised anywhere in here, in start() as well: whether that thread runs
    # is then unknown, another is started, and one of them claims the call.  A signal that comes
    # just before a wait begins does not end it, so waits are short.
    interruption: BaseException | None = None
    started = asked = False
    while True:
        try:
            if interruption and not asked:
                stop()
                asked = True
            if not started:
                threading.Thread(target=work, name="runnel", daemon=True).start()
                started = True
            if done.wait(0.05):
                break
        except BaseException as error:  # noqa: BLE001 - mostly KeyboardInterrupt
            interruption = error
    if interruption:
        raise interruption
    if outcome:
        raise outcome[0]


def progress_bar(stream: Any = None) -> Callable[[Progress], None]:
    """A callback for `on_epoch`: a bar by tqdm where it is installed, else a line per epoch."""
    out = stream or sys.stderr
    try:
        from tqdm.auto import tqdm
    except ImportError:
        def line(p: Progress) -> None:
            shown = "  ".join(f"{k} {v:.4f}" for k, v in p.figures.items()
                              if k not in ("learning_rate", "momentum", "samples_per_second"))
            print(f"epoch {p.epoch}/{p.epochs}  {shown}", file=out)
        return line
    bars: list[Any] = []

    def advance(p: Progress) -> None:
        if not bars:
            bars.append(tqdm(total=p.epochs, unit="epoch", file=out))
        bar = bars[0]
        bar.set_postfix({k: f"{v:.4f}" for k, v in p.figures.items() if "loss" in k})
        bar.update(p.epoch - bar.n)
        if p.epoch == p.epochs:
            bar.close()
    return advance


def train(model: Model, data: Data, *, threads: int = 0, pin: str = "auto",
          products: str = "auto",
          checkpoint: str | os.PathLike[str] | None = None,
          best: str | os.PathLike[str] | None = None, last: str | os.PathLike[str] | None = None,
          on_begin: Callable[[], Any] | None = None,
          on_step: Callable[[Progress], Any] | None = None,
          on_epoch: Callable[[Progress], Any] | None = None,
          on_inspect: Callable[[int, list[dict[str, Any]]], Any] | None = None,
          on_log: Callable[[str, str], Any] | None = None,
          schedule: Callable[[SchedulePoint], float] | None = None,
          progress: bool = False) -> list[dict[str, float]]:
    """Trains for the configuration's epochs; returns the figures of each, as history.csv has them.

    A callback that returns False ends training with `Stopped`, one that raises with its exception.
    Ctrl-C stops after the current step, saves the checkpoint if one is named, and raises
    KeyboardInterrupt; the model stands where it stopped, and another `train` continues.
    `schedule` returns the learning rate of each step, in place of the configuration's schedule.
    `progress` shows a bar.  Raises `ConfigError`, `DataError`, `NotFiniteError`, `ThreadsError`, ...
    """
    options = _options(threads, pin, products)
    options.checkpoint, options.best, options.last = map(_c.path_bytes, (checkpoint, best, last))
    history: list[dict[str, float]] = []
    shown = progress_bar() if progress else None

    def each_epoch(p: Progress) -> Any:
        history.append({"epoch": p.epoch, **p.figures})
        if shown:
            shown(p)
        return on_epoch(p) if on_epoch else None

    calls = _Calls(options)
    calls.begin(on_begin)
    calls.progress("on_step", on_step)
    calls.progress("on_epoch", each_epoch)
    calls.inspect(on_inspect)
    calls.log(on_log)
    calls.schedule(schedule)
    try:
        _run(lambda: _c.call("train", model.handle, data.handle, c.byref(options)), model.stop)
    except (Stopped, NotFiniteError):
        if calls.error:
            raise calls.error from None
        raise
    if calls.error:
        raise calls.error
    return history


class RateSearch:
    """learning_rate: suggested, or NaN; remark: why none, or None; points: (steps, 3) rate, loss,
    smoothed loss; diverged, lowest, turn: as in runnel.h."""

    def __init__(self, s: _c.RateSearch) -> None:
        self.learning_rate, self.diverged = float(s.learning_rate), bool(s.diverged)
        self.lowest, self.turn = int(s.lowest), int(s.turn)
        self.remark = s.remark.decode() if s.remark else None
        self.points = np.array([[p.learning_rate, p.loss, p.smoothed]
                                for p in s.points[: s.count]]).reshape(-1, 3)


def find_learning_rate(model: Model, data: Data, *, first: float = 0, last: float = 0,
                       steps: int = 0, threads: int = 0, pin: str = "auto") -> RateSearch:
    """A range test on a copy of the model: rates from `first` to `last` in `steps` steps; 0 stands
    for 1e-5, 10 and 500.  Raises as `train`."""
    options = _options(threads, pin)
    stopped = threading.Event()
    calls = _Calls(options)
    calls.progress("on_step", lambda p: not stopped.is_set())
    out = c.POINTER(_c.RateSearch)()
    rates = _c.RateRange(first, last, steps)
    _run(lambda: _c.call("find_learning_rate", model.handle, data.handle, c.byref(rates),
                         c.byref(options), c.byref(out)), stopped.set)
    try:
        return RateSearch(out.contents)
    finally:
        _c.lib.rnl_rate_search_free(out)


def inspect(model: Model, data: Data, **options: Any) -> list[list[dict[str, Any]]]:
    """Trains as `train` does, of a configuration with training.inspect; returns for each
    inspection, before the first step and after each epoch, the layers with mean, deviation,
    saturated, dead, gradient_norm, update_norm, weight_norm, zero_weights, frozen."""
    if not _c.lib.rnl_config_inspects(_c.lib.rnl_model_config(model.handle)):
        raise ConfigError("training.inspect: expected true, for the layers to be looked at")
    seen: list[list[dict[str, Any]]] = []
    train(model, data, on_inspect=lambda epoch, layers: seen.append(layers), **options)
    return seen


class Predictor(_Handle):
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


def help(topic: str | None = None) -> str:  # noqa: A001 - the program's command
    """The reference of the configuration: an overview, or a section, kind or key."""
    return _c.take_text("config_help", topic.encode() if topic else None)


def topology(machine: str | None = None, *, model: Model | None = None, threads: int = 0,
             pin: str = "auto") -> str:
    """Describes this machine, and where the workers would be."""
    return _c.take_text("topology_describe", machine.encode() if machine else None,
                        model.handle if model else None, c.byref(_options(threads, pin)))


def version() -> str:
    """The version of the C library."""
    return _c.lib.rnl_version().decode()


__all__: Sequence[str] = [
    "TRAIN", "VALIDATION", "TEST", "Config", "Data", "Model", "Parameters", "Predictions",
    "Predictor", "Progress", "RateSearch", "SchedulePoint", "Evaluation", "evaluate", "find_learning_rate", "help",
    "inspect", "predict", "progress_bar", "topology", "train", "version",
]
