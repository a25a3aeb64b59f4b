"""PyTorch's Sequential, carried over."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from ._foreign import Collected, Unsupported
from .core import Model


def _array(tensor: Any) -> np.ndarray:
    return np.array(tensor.detach().cpu().numpy())


def _trainable(layer: Any, name: str) -> dict[str, bool]:
    """`trainable: false` of a layer whose parameters take no gradients."""
    learn = {parameter.requires_grad for parameter in layer.parameters(recurse=False)}
    if len(learn) > 1:
        raise Unsupported(f"layer {name}: expected requires_grad of all its parameters, or of none")
    return {"trainable": False} if learn == {False} else {}


def _linear(layer: Any, name: str, into: Collected) -> None:
    values = {"kernel": _array(layer.weight).T}
    if layer.bias is not None:
        values["bias"] = _array(layer.bias)
    into.add("dense", {"units": int(layer.out_features), "use_bias": layer.bias is not None,
                       **_trainable(layer, name)}, name, values)


def _normalization(layer: Any, name: str, into: Collected) -> None:
    if layer.running_mean is None or layer.momentum is None:
        raise Unsupported(f"layer {name}: expected running statistics with a momentum")
    values = {"gamma": _array(layer.weight), "beta": _array(layer.bias)} if layer.affine else {}
    into.add("batch_normalization",
             {"momentum": 1 - float(layer.momentum), "epsilon": float(layer.eps),
              "center": bool(layer.affine), "scale": bool(layer.affine),
              **_trainable(layer, name)}, name,
             {**values, "moving_mean": _array(layer.running_mean),
              "moving_variance": _array(layer.running_var)})


def _prelu(layer: Any, name: str, into: Collected) -> None:
    units, slopes = into.outputs(), _array(layer.weight)
    frozen = len(slopes) == 1 and not layer.weight.requires_grad
    if len(slopes) != units and not frozen:
        raise Unsupported(f"layer {name}: num_parameters {len(slopes)}: expected {units}, a slope "
                          "for each unit, or one that is frozen")
    into.add("prelu", _trainable(layer, name), name,
             {"alpha": np.broadcast_to(slopes, (units,))})


def _flatten(layer: Any, name: str, into: Collected) -> None:
    if (layer.start_dim, layer.end_dim) != (1, -1):
        raise Unsupported(f"layer {name}: start_dim {layer.start_dim}, end_dim {layer.end_dim}: "
                          "expected 1 and -1")
    into.add("flatten")


def _gelu(layer: Any, name: str, into: Collected) -> None:
    if layer.approximate != "none":
        raise Unsupported(f"layer {name}: approximate {layer.approximate}: Runnel's is exact")
    into.activate("gelu")


def _softplus(layer: Any, name: str, into: Collected) -> None:
    if layer.beta != 1:
        raise Unsupported(f"layer {name}: beta {layer.beta}: expected 1")
    into.activate("softplus")


def _softmax(layer: Any, name: str, into: Collected) -> None:
    if layer.dim not in (None, 1, -1):
        raise Unsupported(f"layer {name}: dim {layer.dim}: expected the last one")
    into.activate("softmax")


def _plain(activation: str) -> Callable[[Any, str, Collected], None]:
    return lambda layer, name, into: into.activate(activation)


LAYERS: dict[str, Callable[[Any, str, Collected], None]] = {
    "Linear": _linear,
    "BatchNorm1d": _normalization,
    "PReLU": _prelu,
    "GELU": _gelu,
    "Softplus": _softplus,
    "Softmax": _softmax,
    "Identity": lambda layer, name, into: None,
    "Flatten": _flatten,
    "Dropout": lambda layer, name, into: into.add("dropout", {"rate": float(layer.p)}),
    "AlphaDropout": lambda layer, name, into: into.add("alpha_dropout", {"rate": float(layer.p)}),
    "ELU": lambda layer, name, into: into.activate({"elu": float(layer.alpha)}),
    "LeakyReLU": lambda layer, name, into: into.activate(
        {"leaky_relu": float(layer.negative_slope)}),
    **{kind: _plain(name) for kind, name in {
        "ReLU": "relu", "SELU": "selu", "SiLU": "swish", "Tanh": "tanh", "Sigmoid": "sigmoid",
        "Softsign": "softsign", "Hardsigmoid": "hard_sigmoid", "Mish": "mish"}.items()},
}


def from_torch(model: Any, input_shape: tuple[int, ...] | int | None = None, *,
               logits: bool = False, **training: Any) -> Model:
    """A Runnel model of a `torch.nn.Sequential`, nested ones included.

    `input_shape` of a row is needed where the model begins with Flatten.  With `logits`, a softmax
    (a sigmoid behind a single output) is added, as CrossEntropyLoss has it in itself.  `training`
    gives keys of the configuration's training.  A frozen BatchNorm1d normalizes by its moving
    statistics, in training, too.  Raises `ConfigError` for what Runnel does not have.
    """
    into = Collected()
    first: list[int] = []
    owners: dict[int, str] = {}  # of each tensor

    def own(layer: Any, name: str) -> None:
        for tensor in (*layer.parameters(recurse=False), *layer.buffers(recurse=False)):
            if id(tensor) in owners:
                raise Unsupported(f"layer {name}: shared weights: layer {owners[id(tensor)]} has "
                                  "them, too")
            owners[id(tensor)] = name

    def walk(module: Any, prefix: str) -> None:
        for name, layer in module._modules.items():  # each use of a module that stands twice
            kind, full = type(layer).__name__, f"{prefix}{name}"
            if kind == "Sequential":
                walk(layer, full + "_")
            elif kind not in LAYERS:
                raise Unsupported(f"layer {full}: Runnel has no {kind}")
            else:
                own(layer, full)
                if kind == "Linear" and not first:
                    first.append(int(layer.in_features))
                LAYERS[kind](layer, f"{kind.lower()}_{full}", into)

    if type(model).__name__ != "Sequential":
        raise Unsupported(f"expected a Sequential, got {type(model).__name__}")
    walk(model, "")
    if logits:
        into.activate("sigmoid" if into.outputs() == 1 else "softmax")
    shape = input_shape if input_shape is not None else tuple(first)
    return into.model((shape,) if isinstance(shape, int) else tuple(shape), training)
