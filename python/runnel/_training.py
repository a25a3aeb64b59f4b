"""Training, with its callbacks, and what looks at a training."""

from __future__ import annotations

import ctypes as c
import os
import sys
import threading
import warnings
from typing import Any, Callable

import numpy as np

from . import _library as _c
from ._data import Data, handle_of
from ._model import Model
from ._options import options_of
from .errors import ConfigError, NotFiniteError, Stopped

LEVELS = ("debug", "info", "warning")


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


class Warned:
    """What the library warns of in a block: told once it has ended, in whatever way.  A filter that
    makes errors of warnings does not take the place of an error of the block."""

    def __init__(self, stacklevel: int) -> None:
        self.items: list[tuple[type[Warning], str]] = []
        self._stacklevel = stacklevel  # 2 is the function with the block

    def __enter__(self) -> Warned:
        return self

    def log(self, level: str, text: str) -> None:
        """As on_log."""
        if level == "warning":
            self.items.append((UserWarning, text))

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            for category, text in self.items:
                warnings.warn(text, category, stacklevel=self._stacklevel)
        except Warning:
            if error is None:
                raise


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
    After a training that has ended, another begins anew from the weights: optimizer, schedule and
    order of rows are those of epoch 1.  What is to be done between epochs belongs into on_epoch.
    `schedule` returns the learning rate of each step, in place of the configuration's schedule.
    `progress` shows a bar.  Without on_log, what the library warns of is a UserWarning once training
    has ended, also by an error.  Raises `ConfigError`, `DataError`, `NotFiniteError`, ...
    """
    options = options_of(threads, pin, products)
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
    calls.schedule(schedule)
    with Warned(stacklevel=3) as warned:
        calls.log(on_log or warned.log)
        try:
            _run(lambda: _c.call("train", model.handle, handle_of(data), c.byref(options)),
                 model.stop)
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
    options = options_of(threads, pin)
    stopped = threading.Event()
    calls = _Calls(options)
    calls.progress("on_step", lambda p: not stopped.is_set())
    out = c.POINTER(_c.RateSearch)()
    rates = _c.RateRange(first, last, steps)
    _run(lambda: _c.call("find_learning_rate", model.handle, handle_of(data), c.byref(rates),
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
