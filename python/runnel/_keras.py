"""Models of Keras, carried over."""

from __future__ import annotations

import os
import re
import warnings
from typing import Any, Callable, Mapping

import numpy as np

from ._foreign import Collected, Unsupported
from .core import Model

ACTIVATIONS = {"silu": "swish", "leaky_relu": {"leaky_relu": 0.2}}
SAME = {"linear", "relu", "elu", "selu", "sigmoid", "tanh", "softplus", "softsign", "exponential",
        "hard_sigmoid", "swish", "gelu", "mish", "softmax"}


def _activation(name: Any) -> Any:
    name = name if isinstance(name, str) else getattr(name, "__name__", str(name))
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    if name not in SAME:
        raise Unsupported(f"activation {name}: Runnel has none of that name")
    return name


def _regularizer(penalty: Any) -> Any:
    if penalty is None:
        return None
    given = penalty.get_config()
    kind = type(penalty).__name__
    if kind in ("L1", "L2"):
        return {kind.lower(): float(given[kind.lower()])}
    if kind == "L1L2":
        return {"l1_l2": {"l1": float(given["l1"]), "l2": float(given["l2"])}}
    raise Unsupported(f"regularizer {kind}: expected L1, L2 or L1L2")


def _constraint(constraint: Any) -> Any:
    if constraint is None:
        return None
    given = constraint.get_config()
    kind = {"MaxNorm": "max_norm", "UnitNorm": "unit_norm", "NonNeg": "non_neg"}.get(
        type(constraint).__name__)
    if kind is None:
        raise Unsupported(f"constraint {type(constraint).__name__}: expected MaxNorm, UnitNorm or "
                          "NonNeg")
    return {kind: {k: v for k, v in given.items() if k in ("max_value", "axis")}}


def _dense(layer: Any, into: Collected) -> None:
    settings: dict[str, Any] = {"units": int(layer.units), "use_bias": bool(layer.use_bias)}
    activation = _activation(layer.activation)
    if activation != "linear":
        settings["activation"] = activation
    for key in ("kernel_regularizer", "bias_regularizer", "activity_regularizer"):
        penalty = _regularizer(getattr(layer, key))
        if penalty:
            settings[key] = penalty
    bound = _constraint(layer.kernel_constraint)
    if bound:
        settings["kernel_constraint"] = bound
    if layer.bias_constraint is not None:
        raise Unsupported(f"layer {layer.name}: bias_constraint: Runnel constrains kernels alone")
    if not layer.trainable:
        settings["trainable"] = False
    weights = [np.asarray(w) for w in layer.get_weights()]
    into.add("dense", settings, layer.name, dict(zip(("kernel", "bias"), weights)))


def _check_axis(layer: Any) -> None:
    axis = layer.axis[0] if isinstance(layer.axis, (list, tuple)) and len(layer.axis) == 1 \
        else layer.axis
    if axis not in (-1, len(layer.input.shape) - 1):
        raise Unsupported(f"layer {layer.name}: axis {axis}: expected the last one")


def _normalization(layer: Any, into: Collected) -> None:
    _check_axis(layer)
    settings: dict[str, Any] = {"momentum": float(layer.momentum),
                                "epsilon": float(layer.epsilon),
                                "center": bool(layer.center), "scale": bool(layer.scale)}
    if not layer.trainable:
        settings["trainable"] = False
    names = (["gamma"] if layer.scale else []) + (["beta"] if layer.center else []) + \
        ["moving_mean", "moving_variance"]
    into.add("batch_normalization", settings, layer.name, dict(zip(names, layer.get_weights())))


def _prelu(layer: Any, into: Collected) -> None:
    if layer.shared_axes:
        raise Unsupported(f"layer {layer.name}: shared_axes: expected an alpha for each unit")
    into.add("prelu", {} if layer.trainable else {"trainable": False}, layer.name,
             {"alpha": layer.get_weights()[0].reshape(-1)})


def _softmax(layer: Any, into: Collected) -> None:
    _check_axis(layer)
    into.activate("softmax")


def _flatten(layer: Any, into: Collected) -> None:
    if layer.data_format != "channels_last":
        raise Unsupported(f"layer {layer.name}: data_format {layer.data_format}: expected "
                          "channels_last")
    into.add("flatten")


def _relu(layer: Any, into: Collected) -> None:
    if layer.max_value is not None or layer.threshold:
        raise Unsupported(f"layer {layer.name}: max_value and threshold: Runnel's relu has none")
    slope = float(layer.negative_slope)
    into.activate({"leaky_relu": slope} if slope else "relu")


LAYERS: dict[str, Callable[[Any, Collected], None]] = {
    "InputLayer": lambda layer, into: None,
    "Flatten": _flatten,
    "Dense": _dense,
    "BatchNormalization": _normalization,
    "PReLU": _prelu,
    "Dropout": lambda layer, into: into.add("dropout", {"rate": float(layer.rate)}),
    "AlphaDropout": lambda layer, into: into.add("alpha_dropout", {"rate": float(layer.rate)}),
    "GaussianNoise": lambda layer, into: into.add("gaussian_noise",
                                                  {"stddev": float(layer.stddev)}),
    "Activation": lambda layer, into: into.activate(_activation(layer.activation)),
    "Softmax": _softmax,
    "ReLU": _relu,
    "ELU": lambda layer, into: into.activate({"elu": float(layer.alpha)}),
    "LeakyReLU": lambda layer, into: into.activate({"leaky_relu": float(layer.negative_slope)}),
    "ActivityRegularization": lambda layer, into: into.add(
        "activity_regularization", {"l1_l2": {"l1": float(layer.l1), "l2": float(layer.l2)}}),
}


# Settings of layers that Runnel's have not; None where they are not used.
WITHOUT = ("noise_shape", "gamma_regularizer", "gamma_constraint", "beta_regularizer",
           "beta_constraint", "alpha_regularizer", "alpha_constraint", "lora_rank")


def _add(layer: Any, into: Collected) -> None:
    kind = type(layer).__name__
    if kind not in LAYERS:
        raise Unsupported(f"layer {layer.name}: Runnel has no {kind}")
    for setting in WITHOUT:
        if getattr(layer, setting, None) is not None:
            raise Unsupported(f"layer {layer.name}: Runnel's has no {setting}")
    policy = layer.dtype_policy.name
    if policy not in ("float32", "mixed_bfloat16"):
        raise Unsupported(f"layer {layer.name}: dtype policy {policy}: expected float32 or "
                          "mixed_bfloat16")
    LAYERS[kind](layer, into)
    penalty = getattr(layer, "activity_regularizer", None)
    if penalty is not None and kind not in ("Dense", "ActivityRegularization"):
        into.add("activity_regularization", _regularizer(penalty))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


SGD = "SGD", ["momentum", "nesterov"]
BETAS = ["beta_1", "beta_2", "epsilon"]
# The class of Keras, and the settings beside the learning rate that both have.
OPTIMIZERS = {"sgd": SGD, "momentum": SGD, "nesterov": SGD, "adam": ("Adam", BETAS),
              "adamw": ("AdamW", [*BETAS, "weight_decay"]), "adamax": ("Adamax", BETAS),
              "nadam": ("Nadam", BETAS),
              "adagrad": ("Adagrad", ["initial_accumulator_value", "epsilon"]),
              "rmsprop": ("RMSprop", ["rho", "momentum", "epsilon", "centered"])}
CLIPPINGS = ("clipvalue", "clipnorm", "global_clipnorm")


def _optimizer(optimizer: Any) -> dict[str, Any]:
    kind = type(optimizer).__name__
    name = next((name for name, (its, _) in OPTIMIZERS.items() if its == kind), None)
    if name is None:
        raise Unsupported(f"optimizer {kind}: expected one of "
                          f"{', '.join(sorted({its for its, _ in OPTIMIZERS.values()}))}")
    given, both = optimizer.get_config(), OPTIMIZERS[name][1]
    for key in ("amsgrad", "weight_decay", "use_ema", "gradient_accumulation_steps",
                "loss_scale_factor"):
        if given.get(key) and key not in both:
            raise Unsupported(f"optimizer {kind}: Runnel's has no {key}; "
                              "from_keras(..., optimizer=) gives another")
    if getattr(optimizer, "_exclude_from_weight_decay", None) or \
            getattr(optimizer, "_exclude_from_weight_decay_pattern", None):
        raise Unsupported(f"optimizer {kind}: Runnel's has no exclude_from_weight_decay; "
                          "from_keras(..., optimizer=) gives another")
    if isinstance(given["learning_rate"], dict):
        raise Unsupported(f"optimizer {kind}: {given['learning_rate'].get('class_name')} is not "
                          "carried over; from_keras(..., optimizer=, schedule=) gives one")
    settings = {key: given[key] for key in both if given.get(key) is not None}
    rate = np.float32(np.asarray(optimizer.learning_rate))
    return {name: {"learning_rate": float(str(rate)), **settings}}


def _loss(loss: Any) -> Any:
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    given = loss.get_config() if hasattr(loss, "get_config") else {}
    given = {**given, **getattr(loss, "_fn_kwargs", {})}  # which has the delta of Huber
    if given.get("from_logits"):
        raise Unsupported("loss of logits: expected a last layer with softmax or sigmoid")
    if given.get("ignore_class") is not None:
        raise Unsupported(f"loss {_snake(name)}: Runnel's has no ignore_class")
    if given.get("reduction", "mean") not in ("mean", "sum_over_batch_size"):
        raise Unsupported(f"loss {_snake(name)}: reduction: expected sum_over_batch_size, "
                          f"got {given['reduction']}")
    short = {"mse": "mean_squared_error", "mae": "mean_absolute_error"}
    name = _snake(name)
    if given.get("label_smoothing"):
        return {name: {"label_smoothing": float(given["label_smoothing"])}}
    return {"huber": float(given["delta"])} if "delta" in given else short.get(name, name)


def _only(given: Any, what: str) -> Any:
    """The only one of a list or a mapping by outputs."""
    if not isinstance(given, (dict, list, tuple)):
        return given
    if len(given) != 1:
        raise Unsupported(f"{what}: expected one, for a single output, got {len(given)}")
    return next(iter(given.values() if isinstance(given, dict) else given))


def _precision(model: Any) -> str:
    policies = {layer.dtype_policy.name for layer in model.layers}
    if len(policies) > 1:
        raise Unsupported(f"dtype policies {', '.join(sorted(policies))}: expected one for all "
                          "layers; from_keras(..., precision=) gives one")
    return policies.pop() if policies else "float32"


def _training(model: Any, replaced: Mapping[str, Any]) -> dict[str, Any]:
    """The compile settings, as far as both have them and nothing replaces them."""
    training: dict[str, Any] = {}
    if "precision" not in replaced:
        training["precision"] = _precision(model)
    optimizer, loss = getattr(model, "optimizer", None), getattr(model, "loss", None)
    if optimizer is not None and "optimizer" not in replaced:
        training["optimizer"] = _optimizer(optimizer)
    for key in CLIPPINGS if "clipping" not in replaced else ():
        if getattr(optimizer, key, None):
            training["clipping"] = {key: float(getattr(optimizer, key))}
    if loss is not None and "loss" not in replaced:
        training["loss"] = _loss(_only(loss, "loss"))
        compiled = getattr(getattr(model, "_compile_config", None), "config", {})
        weight = _only(compiled.get("loss_weights"), "loss_weights")
        if weight not in (None, 1):
            raise Unsupported(f"loss_weights {weight}: Runnel has none; from_keras(..., loss=) "
                              "takes a loss without")
    return training


def _load(path: str | os.PathLike[str]) -> Any:
    """A saved model; without its compile settings where Keras cannot read its own, as those of an
    .h5 file with a short name of a loss."""
    import keras
    try:
        return keras.models.load_model(path)
    except ValueError:
        loaded = keras.models.load_model(path, compile=False)
    warnings.warn(f"{path}: Keras cannot read the optimizer and the loss that it stored: they are "
                  "left out", UserWarning, stacklevel=3)
    return loaded


def from_keras(model: Any, **training: Any) -> Model:
    """A Runnel model of a Keras Sequential, or of the path of a .keras or .h5 file.

    Layers: Flatten, Dense, BatchNormalization, Dropout, AlphaDropout, GaussianNoise, PReLU, ReLU,
    LeakyReLU, ELU, Softmax, Activation, ActivityRegularization; regularizers, constraints, frozen
    layers, the dtype policy, and compile's optimizer, clipping and loss come along; `training` gives
    or replaces keys of the configuration's training.  Raises `ConfigError` for what Runnel does not
    have.
    """
    if isinstance(model, (str, os.PathLike)):
        model = _load(model)
    if type(model).__name__ != "Sequential":
        raise Unsupported(f"expected a Sequential, got a model of type {type(model).__name__}")
    into = Collected()
    for layer in model.layers:
        _add(layer, into)
    return into.model(tuple(model.input_shape[1:]), {**_training(model, training), **training})
