"""Models carried over to Keras."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from ._foreign import Unsupported
from ._keras import OPTIMIZERS, SAME
from .core import Model

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
    name, settings = _kind(value)
    if name == "elu" and settings.get("alpha", 1) != 1:
        return keras.layers.ELU(alpha=settings["alpha"])
    if name == "leaky_relu":
        return keras.layers.LeakyReLU(negative_slope=settings["negative_slope"])
    if name not in SAME:
        raise Unsupported(f"activation {name}: Keras has none like it")
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


# Settings of layers that Keras's have not, and their values that mean what Keras does.
ALIKE: dict[str, tuple[Any, ...]] = {
    "learning_rate_factor": (1.0, 0.0), "bias_learning_rate_factor": ("same",), "tied_to": (None,), "statistics": ("batch",),
    "moving_statistics": ("running",)}


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
    for key, plain in ALIKE.items():
        if s.get(key, plain[0]) not in plain:
            raise Unsupported(f"layer {name}: {key} {s[key]}: Keras has none like it")
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
        raise Unsupported(f"layer {name}: a Sequential of Keras has no {kind}")
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
    if settings["training"]["precision"] != "float32":
        raise Unsupported(f"precision {settings['training']['precision']}: Keras predicts in it, "
                          "too; start_from gives the weights to a model of float32")
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
    made(np.zeros((1, *model.input_shape), np.float32))  # `export` wants one that was called
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
    kind, both = OPTIMIZERS[name]
    kept = {k: v for k, v in given.items() if k in ("learning_rate", *both)}
    if kept["learning_rate"] == "auto":
        raise Unsupported(f"optimizer {name}: learning_rate auto: expected a number, for Keras")
    if training["clipping"]:
        (clipping, limit), = training["clipping"].items()
        kept[clipping] = limit[clipping] if isinstance(limit, dict) else limit
    loss, settings = _kind(training["loss"])
    if loss == "quantile":
        raise Unsupported("loss quantile: Keras has none like it")
    smoothing = settings.get("label_smoothing", 0)
    if smoothing and loss == "sparse_categorical_crossentropy":
        raise Unsupported(f"loss {loss}: label_smoothing: Keras's has none")
    smoothed = {"categorical_crossentropy": "CategoricalCrossentropy",
                "binary_crossentropy": "BinaryCrossentropy"}
    made_loss = keras.losses.Huber(settings["delta"]) if loss == "huber" else \
        getattr(keras.losses, smoothed[loss])(label_smoothing=smoothing) if smoothing else loss
    made.compile(optimizer=getattr(keras.optimizers, kind)(**kept), loss=made_loss)
