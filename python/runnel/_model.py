"""Models: parameters by name, files, bytes in memory."""

from __future__ import annotations

import ctypes as c
import json
import os
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping

import numpy as np

from . import _library as _c
from ._arrays import as_array
from ._data import TEST, Data, handle_of
from ._frames import is_frame
from ._handles import Config, Handle, config_of
from .errors import ConfigError, DataError

if TYPE_CHECKING:
    from ._prediction import Predictions


class Parameters(Mapping[str, np.ndarray]):
    """A model's tensors by name: `parameters["dense_1.kernel"]` is a copy in float32; assign to
    set."""

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


class Model(Handle):
    """A network with its parameters, scaling and configuration.

    Made of a configuration for the shape of the data's rows; initial weights follow from the seed.
    Raises `ConfigError`, `DataError`.
    """

    _free = "rnl_model_free"

    def __init__(self, config: Config | Mapping[str, Any] | str, data: Data) -> None:
        kept = config_of(config)  # freed after the call
        super().__init__(_c.take_handle("model_create", kept.handle, handle_of(data)))

    @classmethod
    def _of(cls, handle: int) -> "Model":
        made = cls.__new__(cls)
        Handle.__init__(made, handle)
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
        kept = config_of(config)  # freed after the call
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
        from ._prediction import predict
        data = Data(test=(x,), after=self if is_frame(x) else None, missing=missing)
        return predict(self, data, TEST, threads=threads, pin=pin,
                       monte_carlo=monte_carlo)
