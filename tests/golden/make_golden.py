#!/usr/bin/env python3
"""Makes losses.json, optimizers.json and activations.json: numbers that Keras 3 computes in float64.

    KERAS_BACKEND=jax python3 make_golden.py

Made with the versions that the files name.  The tests that read them need neither Python nor Keras.
"""
import json
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import keras
import numpy as np

keras.config.set_floatx("float64")
VERSIONS = {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__}
rng = np.random.default_rng(20260101)
ROWS, COLUMNS = 5, 7


def as_float32(array):
    """What float32 holds, so that both sides start from the same numbers."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


def losses():
    logits = as_float32(rng.normal(size=(ROWS, COLUMNS)) * 3)
    labels = rng.integers(0, COLUMNS, ROWS)
    raw = rng.random((ROWS, COLUMNS))
    distribution = as_float32(raw / raw.sum(axis=1, keepdims=True))
    shares = as_float32(rng.random((ROWS, COLUMNS)))
    values = as_float32(rng.normal(size=(ROWS, COLUMNS)))
    cases = {
        "sparse_cross_entropy": (keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None), labels),
        "cross_entropy": (keras.losses.CategoricalCrossentropy(from_logits=True, reduction=None), distribution),
        "binary_cross_entropy": (keras.losses.BinaryCrossentropy(from_logits=True, reduction=None), shares),
        "squared_error": (keras.losses.MeanSquaredError(reduction=None), values),
        "absolute_error": (keras.losses.MeanAbsoluteError(reduction=None), values),
        "huber": (keras.losses.Huber(reduction=None), values),
    }
    one_hot = np.eye(COLUMNS)[labels]
    smoothed = {
        "sparse_cross_entropy": (keras.losses.CategoricalCrossentropy, one_hot, labels),
        "cross_entropy": (keras.losses.CategoricalCrossentropy, distribution, distribution),
        "binary_cross_entropy": (keras.losses.BinaryCrossentropy, shares, shares),
    }
    made = []
    for name, (kind, its, targets) in smoothed.items():
        loss = kind(from_logits=True, label_smoothing=0.25, reduction=None)
        cases[name + " smoothed"] = (lambda _, x, loss=loss, its=its: loss(its, x), targets)
    counts = np.floor(np.abs(values) * 3)
    cases["poisson"] = (keras.losses.Poisson(reduction=None), counts)
    cases["poisson_of_log"] = (lambda t, x: keras.losses.Poisson(reduction=None)(t, jnp.exp(x)), counts)
    for name, (loss, targets) in cases.items():
        z = np.abs(logits) if name.startswith("poisson") else logits

        def mean(x):
            return jnp.mean(loss(targets, x))

        made.append({
            "name": name.removesuffix(" smoothed"),
            "smoothing": 0.25 if name.endswith(" smoothed") else 0,
            "rows": ROWS,
            "columns": COLUMNS,
            "z": z.ravel().tolist(),
            "targets": np.asarray(targets, dtype=np.float64).ravel().tolist(),
            "loss": np.asarray(loss(targets, z)).tolist(),
            "gradient": np.asarray(jax.grad(mean)(z)).ravel().tolist(),
        })
    return made


def optimizers(steps=100, count=6):
    O = keras.optimizers
    kinds = {  # as in a configuration
        "sgd": O.SGD(0.01),
        "momentum": O.SGD(0.01, momentum=0.9),
        "nesterov": O.SGD(0.01, momentum=0.9, nesterov=True),
        "adam": O.Adam(),
        "adamw": O.AdamW(),
        "{adamw: {learning_rate: 0.01, weight_decay: 0.5}}": O.AdamW(0.01, weight_decay=0.5),
        "adamax": O.Adamax(),
        "nadam": O.Nadam(),
        "adagrad": O.Adagrad(),
        "rmsprop": O.RMSprop(),
        "{rmsprop: {momentum: 0.9}}": O.RMSprop(momentum=0.9),
        "{rmsprop: {centered: true}}": O.RMSprop(centered=True),
        "{rmsprop: {centered: true, momentum: 0.9}}": O.RMSprop(centered=True, momentum=0.9),
    }
    start = as_float32(rng.normal(size=count))
    gradients = as_float32(rng.normal(size=(steps, count)))
    made = []
    for name, optimizer in kinds.items():
        weights = keras.Variable(start, dtype="float64")
        optimizer.build([weights])
        for gradient in gradients:
            optimizer.apply([jnp.asarray(gradient)], [weights])
        made.append({"name": name, "weights": np.asarray(weights.value).tolist()})
    return {"start": start.tolist(), "gradients": gradients.ravel().tolist(), "optimizers": made}


def activations(count=24):
    z = as_float32(np.concatenate([rng.normal(size=count) * 3, [0.5, -0.5, 20.0, -20.0]]))
    kinds = {name: getattr(keras.activations, name) for name in (
        "linear", "relu", "elu", "sigmoid", "tanh", "selu", "softplus", "softsign", "exponential", "hard_sigmoid", "silu", "mish")}
    kinds["gelu"] = lambda x: keras.activations.gelu(x, approximate=False)
    kinds["leaky_relu"] = lambda x: keras.activations.leaky_relu(x, negative_slope=0.3)
    made = []
    for name, function in kinds.items():
        y = function(jnp.asarray(z))
        made.append({
            "name": name,
            "z": z.tolist(),
            "y": np.asarray(y).tolist(),
            "gradient": np.asarray(jax.grad(lambda x: jnp.sum(function(x)))(jnp.asarray(z))).tolist(),
        })
    return made


here = os.path.dirname(os.path.abspath(__file__))
for file, content in (("losses.json", {"losses": losses()}), ("optimizers.json", optimizers()),
                      ("activations.json", {"activations": activations()})):
    with open(os.path.join(here, file), "w") as out:
        json.dump({"versions": VERSIONS, **content}, out, indent=1)
        out.write("\n")
