#!/usr/bin/env python3
"""Makes phases.json: a training in two phases by Keras 3 in float64, the first with a frozen part.

    KERAS_BACKEND=jax python3 make_golden_phases.py

Made with the versions that the file names.  The frozen dense layer has a penalty, which Keras counts
only in the second phase; the frozen batch normalization keeps its moving statistics in the first.
adam has a large epsilon: with 1e-7, its first step has the size of the rate for a gradient of 1e-7
too, which float32 and float64 round apart.
"""
import json
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
import jax

jax.config.update("jax_enable_x64", True)
import keras
import numpy as np

keras.config.set_floatx("float64")
ROWS, VALIDATION_ROWS, FEATURES, OUTPUTS, BATCH = 12, 5, 4, 3, 5
rng = np.random.default_rng(20261128)


def as_float32(array):
    """What float32 holds, so that both sides start from the same numbers."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


X, VALIDATION_X = (as_float32(rng.normal(size=(n, FEATURES))) for n in (ROWS, VALIDATION_ROWS))
Y, VALIDATION_Y = (as_float32(rng.normal(size=(n, OUTPUTS))) for n in (ROWS, VALIDATION_ROWS))

L, R = keras.layers, keras.regularizers
model = keras.Sequential([
    keras.Input((FEATURES,)),
    L.Dense(6, activation="tanh", kernel_regularizer=R.L2(0.05), name="low"),
    L.BatchNormalization(momentum=0.9, name="norm"),
    L.Dense(5, activation="elu", kernel_regularizer=R.L2(0.02), name="middle"),
    L.Dense(OUTPUTS, name="head"),
])
start = [as_float32(np.abs(rng.normal(size=w.shape)) if "variance" in w.path else rng.normal(size=w.shape))
         for w in model.weights]
model.set_weights(start)


def flat(weights):
    return np.concatenate([w.ravel() for w in weights]).tolist()


def phase(trainable, optimizer, epochs):
    for layer in model.layers:
        layer.trainable = layer.name in trainable
    model.compile(optimizer=optimizer, loss="mse", metrics=["mae"])
    history = model.fit(X, Y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0,
                        validation_data=(VALIDATION_X, VALIDATION_Y)).history
    # Keras orders weights by layer, whatever is trainable.
    weights = [w for layer in model.layers for w in layer.weights]
    order = {"gamma": 0, "beta": 1, "moving_mean": 2, "moving_variance": 3, "kernel": 0, "bias": 1}
    by_layer = [sorted(layer.weights, key=lambda w: order[w.path.split("/")[-1]]) for layer in model.layers]
    assert len(weights) == sum(len(ws) for ws in by_layer)
    return {
        "history": {key: [float(v) for v in values] for key, values in history.items()},
        "weights": flat([np.asarray(w) for ws in by_layer for w in ws]),
    }


phases = [
    phase({"middle", "head"}, keras.optimizers.SGD(0.05, momentum=0.9), 3),
    phase({"low", "norm", "middle", "head"}, keras.optimizers.Adam(0.01, epsilon=1e-3), 4),
]

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "phases.json"), "w") as out:
    json.dump({
        "versions": {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__},
        "rows": ROWS, "validation_rows": VALIDATION_ROWS, "features": FEATURES, "outputs": OUTPUTS,
        "x": X.ravel().tolist(), "validation_x": VALIDATION_X.ravel().tolist(),
        "values": Y.ravel().tolist(), "validation_values": VALIDATION_Y.ravel().tolist(),
        "start": flat(start),
        "model": [
            "dense: {units: 6, activation: tanh, kernel_regularizer: {l2: 0.05}, name: low}",
            "batch_normalization: {momentum: 0.9, name: norm}",
            "dense: {units: 5, activation: elu, kernel_regularizer: {l2: 0.02}, name: middle}",
            f"dense: {{units: {OUTPUTS}, name: head}}",
        ],
        "training": f"loss: mean_squared_error, metrics: [mae], batch_size: {BATCH}, shuffle: false, optimizer: adam",
        "phases": [
            "{epochs: 3, trainable: [middle, head], optimizer: {sgd: {learning_rate: 0.05, momentum: 0.9}}}",
            "{epochs: 4, trainable: all, optimizer: {adam: {learning_rate: 0.01, epsilon: 0.001}}}",
        ],
        "made": phases,
    }, out, indent=1)
    out.write("\n")
