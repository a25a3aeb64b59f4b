"""Keras models, carried over in both directions."""

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
        "hard_sigmoid", "swish", "gelu", "softmax"}


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


def _normalization(layer: Any, into: Collected) -> None:
    axis = layer.axis if isinstance(layer.axis, int) else layer.axis[0]
    if axis not in (-1, 1):
        raise Unsupported(f"layer {layer.name}: axis {axis}: expected the last one")
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


def _relu(layer: Any, into: Collected) -> None:
    if layer.max_value is not None or layer.threshold:
        raise Unsupported(f"layer {layer.name}: max_value and threshold: Runnel's relu has none")
    slope = float(layer.negative_slope)
    into.activate({"leaky_relu": slope} if slope else "relu")


LAYERS: dict[str, Callable[[Any, Collected], None]] = {
    "InputLayer": lambda layer, into: None,
    "Flatten": lambda layer, into: into.add("flatten"),
    "Dense": _dense,
    "BatchNormalization": _normalization,
    "PReLU": _prelu,
    "Dropout": lambda layer, into: into.add("dropout", {"rate": float(layer.rate)}),
    "AlphaDropout": lambda layer, into: into.add("alpha_dropout", {"rate": float(layer.rate)}),
    "GaussianNoise": lambda layer, into: into.add("gaussian_noise",
                                                  {"stddev": float(layer.stddev)}),
    "Activation": lambda layer, into: into.activate(_activation(layer.activation)),
    "Softmax": lambda layer, into: into.activate("softmax"),
    "ReLU": _relu,
    "ELU": lambda layer, into: into.activate({"elu": float(layer.alpha)}),
    "LeakyReLU": lambda layer, into: into.activate({"leaky_relu": float(layer.negative_slope)}),
    "ActivityRegularization": lambda layer, into: into.add(
        "activity_regularization", {"l1_l2": {"l1": float(layer.l1), "l2": float(layer.l2)}}),
}


# Settings of layers that Runnel's have not; None where they are not used.
WITHOUT = ("noise_shape", "gamma_regularizer", "gamma_constraint", "beta_regularizer",
           "beta_constraint", "alpha_regularizer", "alpha_constraint")


def _add(layer: Any, into: Collected) -> None:
    kind = type(layer).__name__
    if kind not in LAYERS:
        raise Unsupported(f"layer {layer.name}: Runnel has no {kind}")
    for setting in WITHOUT:
        if getattr(layer, setting, None) is not None:
            raise Unsupported(f"layer {layer.name}: Runnel's has no {setting}")
    LAYERS[kind](layer, into)
    penalty = getattr(layer, "activity_regularizer", None)
    if penalty is not None and kind not in ("Dense", "ActivityRegularization"):
        into.add("activity_regularization", _regularizer(penalty))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


SGD = ["momentum", "nesterov"]
OPTIMIZERS = {"sgd": SGD, "momentum": SGD, "nesterov": SGD,
              "adam": ["beta_1", "beta_2", "epsilon"],
              "adamw": ["beta_1", "beta_2", "epsilon", "weight_decay"],
              "adamax": ["beta_1", "beta_2", "epsilon"], "nadam": ["beta_1", "beta_2", "epsilon"],
              "adagrad": ["initial_accumulator_value", "epsilon"],
              "rmsprop": ["rho", "momentum", "epsilon", "centered"]}
KINDS = {"sgd": "SGD", "momentum": "SGD", "nesterov": "SGD", "adam": "Adam", "adamw": "AdamW",
         "adamax": "Adamax", "nadam": "Nadam", "adagrad": "Adagrad", "rmsprop": "RMSprop"}
CLIPPINGS = ("clipvalue", "clipnorm", "global_clipnorm")


def _optimizer(optimizer: Any) -> dict[str, Any]:
    kind = type(optimizer).__name__
    name = next((name for name, its in KINDS.items() if its == kind), None)
    if name is None:
        raise Unsupported(f"optimizer {_snake(kind)}: expected one of "
                          f"{', '.join(sorted(set(KINDS.values())))}")
    given = optimizer.get_config()
    for key in ("amsgrad", "weight_decay", "use_ema", "gradient_accumulation_steps",
                "loss_scale_factor"):
        if given.get(key) and key not in OPTIMIZERS[name]:
            raise Unsupported(f"optimizer {kind}: Runnel's has no {key}; "
                              "from_keras(..., optimizer=) gives another")
    if isinstance(given["learning_rate"], dict):
        raise Unsupported(f"optimizer {kind}: {given['learning_rate'].get('class_name')} is not "
                          "carried over; from_keras(..., optimizer=, schedule=) gives one")
    settings = {key: given[key] for key in OPTIMIZERS[name] if given.get(key) is not None}
    rate = np.float32(np.asarray(optimizer.learning_rate))
    return {name: {"learning_rate": float(str(rate)), **settings}}


def _loss(loss: Any) -> Any:
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    given = loss.get_config() if hasattr(loss, "get_config") else {}
    given = {**given, **getattr(loss, "_fn_kwargs", {})}  # which has the delta of Huber
    if given.get("from_logits"):
        raise Unsupported("loss of logits: expected a last layer with softmax or sigmoid")
    for key, plain in (("label_smoothing", 0), ("ignore_class", None)):
        if given.get(key, plain) != plain:
            raise Unsupported(f"loss {_snake(name)}: Runnel's has no {key}")
    if given.get("reduction", "mean") not in ("mean", "sum_over_batch_size"):
        raise Unsupported(f"loss {_snake(name)}: reduction: expected sum_over_batch_size, "
                          f"got {given['reduction']}")
    short = {"mse": "mean_squared_error", "mae": "mean_absolute_error"}
    name = _snake(name)
    return {"huber": float(given["delta"])} if "delta" in given else short.get(name, name)


def _training(model: Any, replaced: Mapping[str, Any]) -> dict[str, Any]:
    """The compile settings, as far as both have them and nothing replaces them."""
    training: dict[str, Any] = {}
    optimizer, loss = getattr(model, "optimizer", None), getattr(model, "loss", None)
    if optimizer is not None and "optimizer" not in replaced:
        training["optimizer"] = _optimizer(optimizer)
        for key in CLIPPINGS:
            if getattr(optimizer, key, None):
                training["clipping"] = {key: float(getattr(optimizer, key))}
    if loss is not None and not isinstance(loss, (dict, list)) and "loss" not in replaced:
        training["loss"] = _loss(loss)
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
    layers, and compile's optimizer, clipping and loss come along; `training` gives or replaces keys
    of the configuration's training.  Raises `ConfigError` for what Runnel does not have.
    """
    if isinstance(model, (str, os.PathLike)):
        model = _load(model)
    if type(model).__name__ != "Sequential":
        raise Unsupported(f"expected a Sequential, got a model of type {type(model).__name__}")
    into = Collected()
    for layer in model.layers:
        _add(layer, into)
    return into.model(tuple(model.input_shape[1:]), {**_training(model, training), **training})


# ---- and back ------------------------------------------------------------------------------------

# The parameter that a kind has where a configuration prints it alone.
ALONE = {"dropout": "rate", "alpha_dropout": "rate", "gaussian_noise": "stddev", "elu": "alpha",
         "leaky_relu": "negative_slope", "l1": "l1", "l2": "l2", "max_norm": "max_value",
         "activation": "function", "prelu": "initial_slope", "l2_by_rows": "alpha",
         "l1_proximal": "l1", "huber": "delta"}


def _kind(entry: Any) -> tuple[str, dict[str, Any]]:
    """Kind and parameters of an entry of the configuration, however short it is written."""
    if isinstance(entry, str):
        return entry, {}
    (kind, given), = entry.items()
    if given is None:
        return kind, {}
    is_one = not isinstance(given, dict) or kind == "activation"
    return kind, {ALONE.get(kind, "value"): given} if is_one and not (
        isinstance(given, dict) and "function" in given) else given


def _keras_activation(value: Any, keras: Any) -> Any:
    """A function or a layer."""
    if isinstance(value, str):
        return {"swish": "silu"}.get(value, value)
    name, settings = _kind(value)
    if name == "elu" and settings["alpha"] != 1:
        return keras.layers.ELU(alpha=settings["alpha"])
    if name == "leaky_relu":
        return keras.layers.LeakyReLU(negative_slope=settings["negative_slope"])
    return {"swish": "silu"}.get(name, name)


def _keras_penalty(value: Any, batch_size: int, keras: Any) -> Any:
    if not value:
        return None
    kind, settings = _kind(value)
    if kind == "l2_by_rows":  # as in a full mini-batch
        kind, settings = "l2", {"l2": settings["alpha"] / (2 * batch_size)}
    if kind not in ("l1", "l2", "l1_l2"):
        raise Unsupported(f"regularizer {kind}: Keras has none like it")
    return keras.regularizers.L1L2(l1=settings.get("l1", 0.0), l2=settings.get("l2", 0.0))


def _keras_constraint(value: Any, keras: Any) -> Any:
    if not value:
        return None
    name, settings = _kind(value)
    kind = {"max_norm": "MaxNorm", "unit_norm": "UnitNorm", "non_neg": "NonNeg"}[name]
    return getattr(keras.constraints, kind)(**settings)


def _learns(s: dict[str, Any]) -> bool:
    return bool(s["trainable"]) and s["learning_rate_factor"] != 0


def _keras_dense(s: dict[str, Any], name: str, batch_size: int, keras: Any) -> list[Any]:
    activation = _keras_activation(s["activation"], keras)
    apart = not isinstance(activation, str)
    dense = keras.layers.Dense(
        s["units"], activation=None if apart else activation, use_bias=s["use_bias"], name=name,
        kernel_regularizer=_keras_penalty(s["kernel_regularizer"], batch_size, keras),
        bias_regularizer=_keras_penalty(s["bias_regularizer"], batch_size, keras),
        activity_regularizer=_keras_penalty(s["activity_regularizer"], batch_size, keras),
        kernel_constraint=_keras_constraint(s["kernel_constraint"], keras))
    dense.trainable = _learns(s)
    return [dense, activation] if apart else [dense]


def _keras_layers(kind: str, s: Any, name: str, batch_size: int, keras: Any) -> list[Any]:
    layers = keras.layers
    if s.get("learning_rate_factor", 1.0) not in (0.0, 1.0):
        raise Unsupported(f"layer {name}: learning_rate_factor: Keras has none like it")
    if kind == "dense":
        return _keras_dense(s, name, batch_size, keras)
    if kind == "batch_normalization":
        made = layers.BatchNormalization(momentum=s["momentum"], epsilon=s["epsilon"],
                                         center=s["center"], scale=s["scale"], name=name)
        made.trainable = _learns(s)
        return [made]
    if kind == "prelu":
        slopes = layers.PReLU(name=name)
        slopes.trainable = _learns(s)
        return [slopes]
    if kind == "activity_regularization":
        return [layers.ActivityRegularization(
            **_keras_penalty(s, batch_size, keras).get_config())]
    if kind == "activation":
        value = _keras_activation(s["function"], keras)
        return [layers.Activation(value) if isinstance(value, str) else value]
    simple: dict[str, Callable[[], Any]] = {
        "flatten": lambda: layers.Flatten(),
        "dropout": lambda: layers.Dropout(s["rate"]),
        "alpha_dropout": lambda: layers.AlphaDropout(s["rate"]),
        "gaussian_noise": lambda: layers.GaussianNoise(s["stddev"]),
    }
    if kind not in simple:
        raise Unsupported(f"layer {name}: Keras has no {kind}")
    return [simple[kind]()]


def _scaling(tensors: dict[str, np.ndarray], prefix: str) -> tuple[np.ndarray, np.ndarray] | None:
    """(shift, scale) with y = (x - shift) * scale."""
    if f"{prefix}.scale" not in tensors:
        return None
    scale = tensors[f"{prefix}.scale"]
    if f"{prefix}.clip" in tensors:
        raise Unsupported("scaling with clipped inputs: Keras has none like it")
    shift = tensors.get(f"{prefix}.centre", np.zeros_like(scale))
    offset = tensors.get(f"{prefix}.offset", np.zeros_like(scale))
    return shift - offset / np.where(scale == 0, 1, scale), scale


def _set_values(made: Any, name: str, parameters: dict[str, np.ndarray]) -> None:
    own = [value for key, value in parameters.items() if key.startswith(name + ".")]
    made.set_weights(own)


def to_keras(model: Model) -> Any:
    """A Keras Sequential that predicts what the model predicts, compiled with its optimizer,
    clipping and loss; schedule, metrics and what else `fit` takes are left out.  Scaling of inputs
    becomes a Rescaling layer of one number for each input, that of targets part of the last layer.
    Raises `ConfigError` for what Keras does not have."""
    import keras
    settings, tensors = model.settings(), model.tensors()
    made = keras.Sequential([keras.layers.Input(model.input_shape)])
    scaling = _scaling(tensors, "scaling")
    if scaling:
        shift, scale = (a.reshape(model.input_shape).tolist() for a in scaling)
        made.add(keras.layers.Rescaling(scale=scale, offset=(-np.asarray(shift)
                                                             * np.asarray(scale)).tolist()))
    parameters = {name: value for name, value in model.parameters.items()}
    numbers: dict[str, int] = {}
    for entry in settings["model"]:
        kind, s = _kind(entry)
        numbers[kind] = numbers.get(kind, 0) + 1
        name = s.get("name", f"{kind}_{numbers[kind]}")
        for layer in _keras_layers(kind, s, name, settings["training"]["batch_size"], keras):
            made.add(layer)
            if layer.weights:
                _set_values(layer, name, parameters)
    _unscale(made, _scaling(tensors, "target_scaling"))
    _compile(made, settings["training"], keras)
    return made


def _unscale(made: Any, scaling: tuple[np.ndarray, np.ndarray] | None) -> None:
    if not scaling:
        return
    last = made.layers[-1]
    if not hasattr(last, "kernel") or getattr(last.activation, "__name__", "") != "linear" \
            or not last.use_bias:
        raise Unsupported("target_scaling: expected a last dense layer that is linear, with a bias")
    shift, scale = scaling
    kernel, bias = last.get_weights()
    last.set_weights([kernel / scale, bias / scale + shift])


def _compile(made: Any, training: dict[str, Any], keras: Any) -> None:
    name, given = _kind(training["optimizer"])
    kept = {k: v for k, v in given.items() if k in ("learning_rate", *OPTIMIZERS[name])}
    if training["clipping"]:
        (kind, limit), = training["clipping"].items()
        kept[kind] = limit[kind] if isinstance(limit, dict) else limit
    loss, settings = _kind(training["loss"])
    made.compile(optimizer=getattr(keras.optimizers, KINDS[name])(**kept),
                 loss=keras.losses.Huber(settings["delta"]) if loss == "huber" else loss)
