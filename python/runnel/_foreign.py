"""Models of other libraries: layers and parameters collected, and a `runnel.Model` of them."""

from __future__ import annotations

import re
from typing import Any, Mapping

import numpy as np

from ._configuration import QUANTILE_NAMES
from .core import Config, Data, Model
from .errors import ConfigError


class Unsupported(ConfigError):
    """A layer, or a setting of one, that Runnel does not have."""


class Collected:
    """Layers as a configuration has them, and the values of their parameters."""

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.values: dict[str, np.ndarray] = {}
        self._names: set[str] = set()

    def name(self, wanted: str) -> str:
        """A name that a configuration may have, and no other layer has."""
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", wanted)
        plain = (plain if plain[:1].isalpha() else "layer_" + plain)[:44]
        name, number = plain, 2
        while name in self._names or name in ("all", "own", "scaling", "target_scaling"):
            name, number = f"{plain}_{number}", number + 1
        self._names.add(name)
        return name

    def add(self, kind: str, settings: Mapping[str, Any] | None = None, name: str | None = None,
            values: Mapping[str, Any] | None = None) -> None:
        """Adds a layer; one with parameters has a name."""
        settings = dict(settings or {})
        if name is not None:
            settings["name"] = self.name(name)
            for parameter, value in (values or {}).items():
                self.values[f"{settings['name']}.{parameter}"] = np.asarray(value, np.float32)
        self.layers.append({kind: settings})

    def activate(self, activation: Any) -> None:
        """Applies an activation behind the last layer: within a dense one, else as a layer."""
        if activation in (None, "linear"):
            return
        last = self.layers[-1] if self.layers else {}
        if "dense" in last and not {"activation", "activity_regularizer"} & set(last["dense"]):
            last["dense"]["activation"] = activation
        else:
            self.layers.append({"activation": activation})

    def last_activation(self) -> Any:
        """The activation of the output layer."""
        last = self.layers[-1]
        return last["dense"].get("activation", "linear") if "dense" in last else \
            last.get("activation")

    def loss(self) -> str:
        """The loss that suits the last activation."""
        return {"softmax": "sparse_categorical_crossentropy",
                "sigmoid": "binary_crossentropy"}.get(str(self.last_activation()),
                                                      "mean_squared_error")

    def outputs(self) -> int:
        """Units of the last dense layer."""
        for layer in reversed(self.layers):
            if "dense" in layer:
                return int(layer["dense"]["units"])
        raise Unsupported("expected a model with a dense layer")

    def model(self, shape: tuple[int, ...], training: Mapping[str, Any]) -> Model:
        """The model, for rows of that shape."""
        if not self.layers:
            raise Unsupported("expected a model with layers")
        settings = {"loss": self.loss(), "optimizer": "adam", **training}
        config = Config({"model": self.layers, "training": settings}, name="the model's settings")
        loss = settings["loss"]
        named = [loss] if isinstance(loss, str) else list(loss)
        values = 1 if any(name in QUANTILE_NAMES for name in named) else self.outputs()
        targets = np.zeros(1, np.int32) if "sparse_categorical_crossentropy" in named else \
            np.zeros((1, values), np.float32)
        made = Model(config, Data(np.zeros((1, *shape), np.float32), targets))
        for name, value in self.values.items():
            made.parameters[name] = value
        return made
