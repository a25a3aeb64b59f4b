"""What an estimator's parameters say, as a configuration of the library."""

from __future__ import annotations

from numbers import Real
from typing import Any, Mapping, Sequence

from .errors import ConfigError

ACTIVATIONS = {"logistic": "sigmoid", "identity": "linear"}
_ADAMS = ("adam", "adamw", "adamax", "nadam")


def _many(value: Any, count: int, what: str) -> list[Any]:
    """A value for each hidden layer: one for all, or a list."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        return [value] * count
    if len(value) != count:
        raise ConfigError(f"{what}: expected a value or a list of {count}, one for each hidden "
                          f"layer, got {len(value)}")
    return list(value)


def hidden_sizes(estimator: Any) -> list[int]:
    """hidden_layer_sizes as a list; a number is one layer."""
    sizes = estimator.hidden_layer_sizes
    listed = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if any(not isinstance(n, Real) or int(n) != n or n < 1 for n in listed):
        raise ConfigError(f"hidden_layer_sizes: expected numbers of at least 1, got {sizes!r}")
    return [int(n) for n in listed]


def optimizer_of(e: Any) -> Any:
    """The optimizer with the parameters that scikit-learn gives names to."""
    if isinstance(e.optimizer, Mapping):
        return dict(e.optimizer)
    rate = e.learning_rate_init  # a number, or "auto"
    given: dict[str, Any] = {"learning_rate": rate if isinstance(rate, str) else float(rate)}
    name = str(e.optimizer).lower()  # Keras's names are taken, too
    if name == "sgd":
        given |= {"momentum": float(e.momentum),
                  "nesterov": bool(e.nesterovs_momentum and e.momentum > 0)}
    elif name in _ADAMS:
        given |= {"beta_1": float(e.beta_1), "beta_2": float(e.beta_2),
                  "epsilon": float(e.epsilon)}
    return {e.optimizer: given}


def _penalty(e: Any) -> dict[str, Any]:
    return {"kernel_regularizer": {"l2_by_rows": float(e.alpha)}} if e.alpha else {}


def _initializer(e: Any, activation: Any) -> Any:
    """relu as scikit-learn draws it: He's larger weights take more epochs at its rate."""
    glorot = e.kernel_initializer == "auto" and str(activation).lower() == "relu"
    return "glorot_uniform" if glorot else e.kernel_initializer


def _hidden(e: Any, units: int, activation: Any, dropout: float) -> list[dict[str, Any]]:
    dense: dict[str, Any] = {"units": units, **_penalty(e)}
    if e.preset is None:
        dense["kernel_initializer"] = _initializer(e, activation)
    if activation is not None:
        activation = ACTIVATIONS.get(activation, activation) if isinstance(activation, str) \
            else activation
    layers: list[dict[str, Any]] = []
    if e.batch_normalization in (True, "before"):
        layers += [{"dense": dense | {"use_bias": False}}, {"batch_normalization": {}},
                   {"activation": activation or "relu"}]
    else:
        layers += [{"dense": dense | ({"activation": activation} if activation else {})}]
        if e.batch_normalization == "after":
            layers += [{"batch_normalization": {}}]
        elif e.batch_normalization:
            raise ConfigError("batch_normalization: expected False, True, 'before' or 'after', got "
                              f"{e.batch_normalization!r}")
    noise = "alpha_dropout" if str(activation).lower() == "selu" else "dropout"
    return layers + ([{noise: float(dropout)}] if dropout else [])


def _layers(e: Any, outputs: int, activation: str) -> list[dict[str, Any]]:
    sizes = hidden_sizes(e)
    chosen = _many(e.activation, len(sizes), "activation")
    dropouts = _many(e.dropout, len(sizes), "dropout")
    if e.preset is not None:
        chosen = [None if e.activation == "relu" else a for a in chosen]  # the preset's own
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
    if not validates and (e.preset is not None or e.n_iter_no_change >= e.max_iter):
        return {}
    return {"early_stopping": {"monitor": "val_" + score if validates else "loss",
                               "patience": int(min(e.n_iter_no_change, e.max_iter)) + 1,
                               "min_delta": float(e.tol), "gains_add_up": False,
                               "restore_best_weights": validates}}


class Problem:
    """What the targets ask for: outputs, their activation, the loss, the metric of a score."""

    def __init__(self, outputs: int, activation: str, loss: str, metric: str) -> None:
        self.outputs, self.activation = outputs, activation
        self.loss, self.metric = loss, metric


def configuration(e: Any, problem: Problem, *, rows: int, seed: int, epochs: int, done: int,
                  validation: Any, validated: bool, stopping: bool) -> dict[str, Any]:
    """The whole configuration of a fit."""
    if e.batch_size == "auto":
        batch = min(200, rows)
    elif isinstance(e.batch_size, str) or e.batch_size < 1:
        raise ConfigError(f"batch_size: expected 'auto' or at least 1, got {e.batch_size!r}")
    else:
        batch = min(int(e.batch_size), rows)
    training: dict[str, Any] = {
        "loss": problem.loss if e.loss == "auto" else e.loss,
        "metrics": [problem.metric], "batch_size": batch, "epochs": epochs, "seed": seed,
        "shuffle": bool(e.shuffle), "precision": e.precision,
    }
    if e.preset is None or e.optimizer != "adam":
        training["optimizer"] = optimizer_of(e)
    if done:
        training["initial_epoch"] = done
    if e.schedule is not None:
        training["schedule"] = e.schedule
    if stopping:
        training |= _stopping(e, validated, problem.metric)
    data: dict[str, Any] = {"scaling": e.scaling}
    if problem.metric == "r2_score":
        data["target_scaling"] = e.target_scaling
    if validation:
        data["validation_split"] = validation
    config: dict[str, Any] = {"data": data, "training": training,
                              "model": _layers(e, problem.outputs, problem.activation)}
    return config if e.preset is None else {"preset": e.preset, **config}
