"""What an estimator's parameters say, as a configuration of the library."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from .errors import ConfigError

ACTIVATIONS = {"logistic": "sigmoid", "identity": "linear"}
QUANTILE_NAMES = ("quantile", "pinball", "quantile_loss", "pinball_loss")
_ADAMS = ("adam", "adamw", "adamax", "nadam")


def number(name: str, value: Any, expected: str = "a number",
           fits: Callable[[float], bool] = math.isfinite) -> float:
    """A parameter's value, where it is a number that fits."""
    try:
        if isinstance(value, Real) and fits(float(value)):
            return float(value)
    except OverflowError:
        pass
    raise ConfigError(f"{name}: expected {expected}, got {value!r}")


def whole(name: str, value: Any, expected: str = "a whole number of at least 1",
          least: float = 1) -> int:
    """The same of a count, which is exact where it was given as an integer."""
    as_float = number(name, value, expected, lambda n: n.is_integer() and n >= least)
    return int(value) if isinstance(value, Integral) else int(as_float)


def truth(name: str, value: Any, expected: str = "True or False") -> bool:
    """The same of a truth value."""
    if not isinstance(value, (bool, np.bool_)):
        raise ConfigError(f"{name}: expected {expected}, got {value!r}")
    return bool(value)


def patience_of(e: Any) -> float:
    """n_iter_no_change, which may be infinite."""
    return number("n_iter_no_change", e.n_iter_no_change,
                  "a whole number of at least 1, or infinity",
                  lambda n: n >= 1 and (n == math.inf or n.is_integer()))


def _scaling(value: Any) -> Any:
    """None is none, in Python."""
    return "none" if value is None else value


def _many(value: Any, count: int, what: str) -> list[Any]:
    """A value for each hidden layer: one for all, or a list."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        return [value] * count
    if len(value) != count:
        raise ConfigError(f"{what}: expected a value or a list of {count}, one for each hidden "
                          f"layer, got {len(value)}")
    return list(value)


def _is_tabular(e: Any) -> bool:
    """That preset has layers, scaling and mini-batches of its own, too."""
    return e.preset == "tabular" or (isinstance(e.preset, Mapping) and "tabular" in e.preset)


def categorical_of(e: Any) -> Any:
    """How a frame's categories become inputs."""
    return "auto" if e.categorical is None and _is_tabular(e) else e.categorical


def hidden_sizes(estimator: Any) -> list[int]:
    """hidden_layer_sizes as a list; a number is one layer."""
    sizes = estimator.hidden_layer_sizes
    listed = [sizes] if isinstance(sizes, (str, bytes, Mapping)) or not hasattr(sizes, "__iter__") \
        else list(sizes)
    if _is_tabular(estimator) and listed in ([], [100]):
        return [256] * 3
    return [whole("hidden_layer_sizes", n, "whole numbers of at least 1") for n in listed]


def _activations(e: Any, count: int) -> list[Any]:
    """Names or mappings, one for each hidden layer; the preset's own is None."""
    chosen = _many(e.activation, count, "activation")
    for a in chosen:
        if not isinstance(a, (str, Mapping)) or not a:
            raise ConfigError("activation: expected a name ('identity' for none), a mapping, or a "
                              f"list with one for each hidden layer, got {a!r}")
    return [None if e.activation == "relu" else a for a in chosen] if e.preset is not None \
        else chosen


def optimizer_of(e: Any) -> Any:
    """The optimizer with the parameters that scikit-learn gives names to."""
    if isinstance(e.optimizer, Mapping):
        return dict(e.optimizer)
    if not isinstance(e.optimizer, str):
        raise ConfigError(f"optimizer: expected a name or a mapping, got {e.optimizer!r}")
    rate = e.learning_rate_init
    given: dict[str, Any] = {"learning_rate": rate if isinstance(rate, str) and rate == "auto" else
                             number("learning_rate_init", rate, "a number above 0, or 'auto'",
                                    lambda n: 0 < n < math.inf)}
    name = e.optimizer.lower()  # Keras's names are taken, too
    if name == "sgd":
        momentum = number("momentum", e.momentum)
        nesterov = truth("nesterovs_momentum", e.nesterovs_momentum)
        given |= {"momentum": momentum, "nesterov": nesterov and momentum > 0}
    elif name in _ADAMS:
        given |= {key: number(key, getattr(e, key)) for key in ("beta_1", "beta_2", "epsilon")}
    return {e.optimizer: given}


def _penalty(e: Any) -> dict[str, Any]:
    own = _is_tabular(e) and e.alpha == 1e-4
    return {"kernel_regularizer": {"l2_by_rows": float(e.alpha)}} if e.alpha and not own else {}


def _initializer(e: Any, activation: Any) -> Any:
    """relu as scikit-learn draws it: He's larger weights take more epochs at its rate."""
    glorot = e.kernel_initializer == "auto" and str(activation).lower() == "relu"
    return "glorot_uniform" if glorot else e.kernel_initializer


def _place_of_normalization(e: Any) -> str:
    """"before" or "after" the activation, or ""."""
    given = e.batch_normalization
    if isinstance(given, str) and given in ("before", "after"):
        return given
    normalizes = truth("batch_normalization", given, "False, True, 'before' or 'after'")
    return "before" if normalizes else ""


def _hidden(e: Any, units: int, activation: Any, dropout: Any) -> list[dict[str, Any]]:
    dense: dict[str, Any] = {"units": units, **_penalty(e)}
    if e.preset is None:
        dense["kernel_initializer"] = _initializer(e, activation)
    if activation is not None:
        activation = ACTIVATIONS.get(activation, activation) if isinstance(activation, str) \
            else activation
    layers: list[dict[str, Any]] = []
    place = _place_of_normalization(e)
    if place == "before":
        layers += [{"dense": dense | {"use_bias": False}}, {"batch_normalization": {}},
                   {"activation": activation or "relu"}]
    else:
        layers += [{"dense": dense | ({"activation": activation} if activation else {})}]
        layers += [{"batch_normalization": {}}] if place else []
    noise = "alpha_dropout" if str(activation).lower() == "selu" else "dropout"
    rate = number("dropout", dropout, "numbers from 0 to 1", lambda n: 0 <= n <= 1)
    return layers + ([{noise: rate}] if rate else [])


def _layers(e: Any, outputs: int, activation: str) -> list[dict[str, Any]]:
    sizes = hidden_sizes(e)
    chosen = _activations(e, len(sizes))
    dropouts = _many(e.dropout, len(sizes), "dropout")
    layers: list[dict[str, Any]] = []
    for units, function, rate in zip(sizes, chosen, dropouts):
        layers += _hidden(e, units, function, rate)
    output: dict[str, Any] = {"units": outputs, **_penalty(e)}
    if activation != "linear":
        output["activation"] = activation
    return layers + [{"dense": output}]


def _stopping(e: Any, validated: bool, score: str) -> dict[str, Any]:
    """scikit-learn's rules: with early_stopping the validation score, else the training loss."""
    validates = e.early_stopping and validated
    patience = patience_of(e)
    if _is_tabular(e):
        return {"early_stopping": {"monitor": "val_" + (score or "loss"), "patience": 1 << 24,
                                   "last_of_equals": True}} if validates else {}
    if not validates and (e.preset is not None or patience >= e.max_iter):
        return {}
    return {"early_stopping": {"monitor": "val_" + (score or "loss") if validates else "loss",
                               "patience": int(min(patience, e.max_iter)) + 1,
                               "min_delta": number("tol", e.tol), "gains_add_up": False,
                               "restore_best_weights": validates}}


class Problem:
    """What the targets ask for: outputs, their activation, the loss, the metric of a score."""

    def __init__(self, outputs: int, activation: str, loss: str, metric: str) -> None:
        self.outputs, self.activation = outputs, activation
        self.loss, self.metric = loss, metric


def configuration(e: Any, problem: Problem, *, rows: int, seed: int, epochs: int, done: int,
                  validation: Any, validated: bool, stopping: bool) -> dict[str, Any]:
    """The whole configuration of a fit."""
    automatic = isinstance(e.batch_size, str) and e.batch_size == "auto"
    batch = min(rows, (256 if _is_tabular(e) else 200) if automatic else
                whole("batch_size", e.batch_size, "'auto' or a whole number of at least 1"))
    training: dict[str, Any] = {
        "loss": problem.loss if e.loss == "auto" else e.loss,
        "metrics": [problem.metric] if problem.metric else [], "batch_size": batch, "epochs": epochs, "seed": seed,
        "shuffle": truth("shuffle", e.shuffle), "precision": e.precision,
    }
    if e.preset is None or e.optimizer != "adam":
        training["optimizer"] = optimizer_of(e)
    if done:
        training["initial_epoch"] = done
    if e.schedule is not None:
        training["schedule"] = e.schedule
    if stopping:
        training |= _stopping(e, validated, problem.metric)
    data: dict[str, Any] = {"unseen": e.unseen,
                            "rare": whole("rare", e.rare, "a whole number from 0", 0),
                            "one_hot_max": whole("one_hot_max", e.one_hot_max,
                                                 "a whole number from 2", 2)}
    if not (_is_tabular(e) and e.scaling == "standardize"):
        data["scaling"] = _scaling(e.scaling)
    if hasattr(e, "target_scaling") and problem.activation == "linear":
        data["target_scaling"] = _scaling(e.target_scaling)
    if validation:
        data["validation_split"] = validation
    config: dict[str, Any] = {"data": data, "training": training,
                              "model": _layers(e, problem.outputs, problem.activation)}
    return config if e.preset is None else {"preset": e.preset, **config}
