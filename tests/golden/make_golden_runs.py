#!/usr/bin/env python3
"""Makes runs.json: short trainings by Keras 3 in float64, with what each is in Runnel's configuration.

    KERAS_BACKEND=jax python3 make_golden_runs.py

Made with the versions that the file names.  The test that reads it needs neither Python nor Keras.
"""
import json
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
import jax

jax.config.update("jax_enable_x64", True)
import keras
import numpy as np

keras.config.set_floatx("float64")
VERSIONS = {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__}
ROWS, VALIDATION_ROWS, FEATURES, UNITS, OUTPUTS, BATCH, EPOCHS = 10, 4, 3, 5, 3, 4, 3
rng = np.random.default_rng(20260202)


def as_float32(array):
    """What float32 holds, so that both sides start from the same numbers."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


X = as_float32(rng.normal(size=(ROWS, FEATURES)))
VALIDATION_X = as_float32(rng.normal(size=(VALIDATION_ROWS, FEATURES)))
VALUES = as_float32(rng.normal(size=(ROWS, OUTPUTS)))
VALIDATION_VALUES = as_float32(rng.normal(size=(VALIDATION_ROWS, OUTPUTS)))
CLASSES = np.array([0, 1, 2, 1, 1, 0, 2, 2, 1, 0])
VALIDATION_CLASSES = np.array([2, 1, 0, 1])
START = [as_float32(rng.normal(size=s)) for s in [(FEATURES, UNITS), (UNITS,), (UNITS, OUTPUTS), (OUTPUTS,)]]
WEIGHTS = as_float32(rng.random(ROWS) * 2)
WEIGHTS[3] = 0
VALIDATION_WEIGHTS = as_float32(rng.random(VALIDATION_ROWS) * 2)

made = []


def random_start(model):
    """Variances and what else has to be positive included."""
    return [as_float32(np.abs(rng.normal(size=w.shape)) if "variance" in w.path else rng.normal(size=w.shape))
            for w in model.weights]


def run(name, training, hidden=None, last=None, hidden_yaml="", last_yaml="", classes=False, **rest):
    """The plain net: a hidden layer and the last one."""
    end = "softmax" if classes else "linear"
    train(name, training, START, classes=classes, **rest, layers=[
        keras.layers.Dense(UNITS, activation="tanh", **(hidden or {})),
        keras.layers.Dense(OUTPUTS, activation=end, **(last or {})),
    ], yaml=[
        f"dense: {{units: {UNITS}, activation: tanh{hidden_yaml}}}",
        f"dense: {{units: {OUTPUTS}, activation: {end}{last_yaml}}}",
    ])


def train(name, training, start, layers, yaml, classes=False, loss="mse", metrics=(), sample_weight=False,
          optimizer=None, optimizer_yaml="{sgd: {learning_rate: 0.1}}", model=None, values=None, **fit):
    """`values`, of all rows and of those of validation, take the place of the plain targets."""
    model = model or keras.Sequential([keras.Input((FEATURES,))] + layers)
    start = start if start is not None else random_start(model)
    model.set_weights(start)
    model.compile(optimizer=optimizer or keras.optimizers.SGD(0.1), loss=loss, metrics=list(metrics))
    own, of_validation = values or (VALUES, VALIDATION_VALUES)
    validation = (VALIDATION_X, VALIDATION_CLASSES if classes else of_validation)
    history = model.fit(
        X, CLASSES if classes else own, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0,
        sample_weight=WEIGHTS if sample_weight else None,
        validation_data=validation + ((VALIDATION_WEIGHTS,) if sample_weight else ()), **fit).history
    made.append({
        "name": name,
        "classes": classes,
        "sample_weight": sample_weight,
        "model": yaml,
        "training": f"{training}, optimizer: {optimizer_yaml}, batch_size: {BATCH}, epochs: {EPOCHS}, shuffle: false",
        "start": np.concatenate([w.ravel() for w in start]).tolist(),
        "weights": np.concatenate([w.ravel() for w in model.get_weights()]).tolist(),
        "history": {key: [float(v) for v in values] for key, values in history.items()},
    })
    if values:
        made[-1] |= {"values": own.ravel().tolist(), "validation_values": of_validation.ravel().tolist()}


run("metrics of values", "loss: mean_squared_error, metrics: [mae, mse, root_mean_squared_error, r2_score]",
    metrics=["mae", "mse", keras.metrics.RootMeanSquaredError(), keras.metrics.R2Score()])
run("sample weights", "loss: sparse_categorical_crossentropy, metrics: [accuracy]", classes=True,
    loss="sparse_categorical_crossentropy", metrics=["accuracy"], sample_weight=True)
run("sample weights of values", "loss: huber, metrics: [mae]", loss="huber", metrics=["mae"], sample_weight=True)
run("class weights", "loss: sparse_categorical_crossentropy, metrics: [accuracy], class_weight: {2: 0.25, 0: 3}",
    classes=True, loss="sparse_categorical_crossentropy", metrics=["accuracy"], class_weight={0: 3.0, 2: 0.25})
R = keras.regularizers
run("l2 and l1", "loss: mean_squared_error, metrics: [mae]", metrics=["mae"],
    hidden={"kernel_regularizer": R.L2(0.05), "bias_regularizer": R.L1(0.02)},
    hidden_yaml=", kernel_regularizer: {l2: 0.05}, bias_regularizer: {l1: {l1: 0.02}}",
    last={"kernel_regularizer": R.L1L2(l1=0.03, l2=0.1)}, last_yaml=", kernel_regularizer: {l1_l2: {l1: 0.03, l2: 0.1}}")
run("default factors, weighted rows, adam", "loss: sparse_categorical_crossentropy", classes=True,
    loss="sparse_categorical_crossentropy", sample_weight=True,
    hidden={"kernel_regularizer": "l2"}, hidden_yaml=", kernel_regularizer: l2",
    last={"kernel_regularizer": "l1"}, last_yaml=", kernel_regularizer: l1",
    optimizer=keras.optimizers.Adam(0.01), optimizer_yaml="{adam: {learning_rate: 0.01}}")

run("activity regularizers, weighted rows", "loss: mean_squared_error", sample_weight=True,
    hidden={"activity_regularizer": R.L1L2(l1=0.02, l2=0.05)},
    hidden_yaml=", activity_regularizer: {l1_l2: {l1: 0.02, l2: 0.05}}",
    last={"activity_regularizer": R.L2(0.1)}, last_yaml=", activity_regularizer: {l2: 0.1}")

# Keras's max_norm shrinks by norm / (1e-7 + norm) within the ball: 1e-7 of a weight for each step.
C = keras.constraints
run("max_norm", "loss: mean_squared_error",
    hidden={"kernel_constraint": C.MaxNorm(0.8), "kernel_regularizer": R.L2(0.02)},
    hidden_yaml=", kernel_constraint: {max_norm: {max_value: 0.8}}, kernel_regularizer: {l2: 0.02}",
    last={"kernel_constraint": C.MaxNorm(1.5, axis=1)}, last_yaml=", kernel_constraint: {max_norm: {max_value: 1.5, axis: 1}}")
run("unit_norm and non_neg", "loss: mean_squared_error",
    hidden={"kernel_constraint": C.UnitNorm()}, hidden_yaml=", kernel_constraint: unit_norm",
    last={"kernel_constraint": C.NonNeg(), "kernel_regularizer": R.L2(0.01)},
    last_yaml=", kernel_constraint: non_neg, kernel_regularizer: l2")

for clip, limit, optimizer in [("clipvalue", 0.05, keras.optimizers.SGD), ("clipnorm", 0.2, keras.optimizers.Adam),
                               ("global_clipnorm", 0.3, keras.optimizers.SGD)]:
    run(clip, f"loss: mean_squared_error, clipping: {{{clip}: {limit}}}", optimizer=optimizer(0.02, **{clip: limit}),
        optimizer_yaml=f"{{{optimizer.__name__.lower()}: {{learning_rate: 0.02}}}}",
        hidden={"kernel_regularizer": R.L2(0.05)}, hidden_yaml=", kernel_regularizer: {l2: 0.05}")

L = keras.layers


def normalized(name, first, first_yaml, second, second_yaml, **rest):
    train(name, "loss: mean_squared_error, metrics: [mae]", None, metrics=["mae"], **rest, layers=[
        first, L.Dense(UNITS, use_bias=False), second, L.Activation("tanh"), L.Dense(OUTPUTS),
    ], yaml=[
        first_yaml, f"dense: {{units: {UNITS}, use_bias: false}}", second_yaml, "activation: tanh",
        f"dense: {{units: {OUTPUTS}}}",
    ])


# The last mini-batch has two rows.
BN = L.BatchNormalization
normalized("batch normalization", BN(), "batch_normalization", BN(), "batch_normalization")
normalized("batch normalization, other parameters", BN(momentum=0.5, epsilon=0.1, center=False),
           "batch_normalization: {momentum: 0.5, epsilon: 0.1, center: false}", BN(momentum=0.9, scale=False),
           "batch_normalization: {momentum: 0.9, scale: false}",
           optimizer=keras.optimizers.Adam(0.01), optimizer_yaml="{adam: {learning_rate: 0.01}}")
train("prelu", "loss: mean_squared_error", None, layers=[L.Dense(UNITS), L.PReLU(), L.Dense(OUTPUTS)],
      yaml=[f"dense: {{units: {UNITS}, activation: prelu}}", f"dense: {{units: {OUTPUTS}}}"])
normalized("batch normalization, frozen", BN(trainable=False), "batch_normalization: {trainable: false}",
           BN(trainable=False), "batch_normalization: {trainable: false}")



def ordered(outputs, inputs, layers):
    """A model whose weights are in the order of these layers."""
    class Ordered(keras.Model):
        @property
        def weights(self):
            return [w for layer in layers for w in layer.weights]
    return Ordered(inputs, outputs)


# Twice: the second block's input is as wide as its end, so that it is added as it is.
x = keras.Input((FEATURES,))
parts = [L.Dense(UNITS, activation="tanh"), L.Dense(4), L.Dense(4), L.Dense(UNITS, activation="tanh"), L.Dense(4),
         L.Dense(OUTPUTS)]
first = L.Add()([parts[1](parts[0](x)), parts[2](x)])
second = L.Add()([parts[4](parts[3](first)), first])
train("projected residual", "loss: mean_squared_error, metrics: [mae]", None, metrics=["mae"], layers=[],
      model=ordered(parts[5](second), x, parts), optimizer=keras.optimizers.SGD(0.01),
      optimizer_yaml="{sgd: {learning_rate: 0.01}}", yaml=[
          f"residual: {{layers: [dense: {{units: {UNITS}, activation: tanh}}, dense: 4], project: true}}",
          f"residual: {{layers: [dense: {{units: {UNITS}, activation: tanh}}, dense: 4], project: true}}",
          f"dense: {{units: {OUTPUTS}}}",
      ])

# Wide and deep.
parts = [L.Dense(UNITS, activation="tanh"), L.Dense(OUTPUTS)]
train("concatenate", "loss: mean_squared_error", None, layers=[],
      model=ordered(parts[1](L.Concatenate()([x, parts[0](x)])), x, parts), yaml=[
          f"concatenate: [[], [dense: {{units: {UNITS}, activation: tanh}}]]",
          f"dense: {{units: {OUTPUTS}}}",
      ])



def smoothed(smoothing):
    def loss(classes, probabilities):
        one_hot = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(classes, (-1,)), "int32"), OUTPUTS)
        return keras.losses.categorical_crossentropy(one_hot, probabilities, label_smoothing=smoothing)
    return loss


run("label smoothing, weighted rows", "loss: {sparse_categorical_crossentropy: {label_smoothing: 0.2}}", classes=True,
    loss=smoothed(0.2), sample_weight=True)
run("label smoothing, class weights",
    "loss: {categorical_crossentropy: {label_smoothing: 0.1}}, class_weight: {2: 0.25, 0: 3}",
    classes=True, loss=smoothed(0.1), class_weight={0: 3.0, 2: 0.25})
train("label smoothing, binary", "loss: {binary_crossentropy: {label_smoothing: 0.3}}, metrics: [mae]", START,
      loss=keras.losses.BinaryCrossentropy(label_smoothing=0.3), metrics=["mae"],
      values=[as_float32(1 / (1 + np.exp(-v))) for v in (VALUES, VALIDATION_VALUES)],
      layers=[L.Dense(UNITS, activation="tanh"), L.Dense(OUTPUTS, activation="sigmoid")], yaml=[
          f"dense: {{units: {UNITS}, activation: tanh}}", f"dense: {{units: {OUTPUTS}, activation: sigmoid}}"])

COUNTS = [np.floor(3 * np.abs(v)) for v in (VALUES, VALIDATION_VALUES)]
for end in ("exponential", "softplus"):  # under the first, Runnel's loss is without the 1e-7 of Keras's
    train(f"poisson of {end}", "loss: poisson, metrics: [mae]", START, loss="poisson", metrics=["mae"], values=COUNTS,
          sample_weight=True, optimizer=keras.optimizers.SGD(0.01), optimizer_yaml="{sgd: {learning_rate: 0.01}}",
          layers=[L.Dense(UNITS, activation="tanh"), L.Dense(OUTPUTS, activation=end)], yaml=[
              f"dense: {{units: {UNITS}, activation: tanh}}", f"dense: {{units: {OUTPUTS}, activation: {end}}}"])

QUANTILES = np.array([0.1, 0.5, 0.8])


def pinball(targets, outputs):
    error = targets - outputs
    return keras.ops.mean(keras.ops.maximum(QUANTILES * error, (QUANTILES - 1) * error), axis=-1)


train("quantiles", "loss: {quantile: {quantiles: [0.1, 0.5, 0.8]}}", START, loss=pinball, sample_weight=True,
      values=[v[:, :1] for v in (VALUES, VALIDATION_VALUES)],
      layers=[L.Dense(UNITS, activation="tanh"), L.Dense(OUTPUTS)],
      yaml=[f"dense: {{units: {UNITS}, activation: tanh}}", f"dense: {{units: {OUTPUTS}}}"])

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "runs.json"), "w") as out:
    json.dump({
        "versions": VERSIONS,
        "rows": ROWS, "validation_rows": VALIDATION_ROWS, "features": FEATURES, "outputs": OUTPUTS,
        "x": X.ravel().tolist(), "validation_x": VALIDATION_X.ravel().tolist(),
        "values": VALUES.ravel().tolist(), "validation_values": VALIDATION_VALUES.ravel().tolist(),
        "classes": CLASSES.tolist(), "validation_classes": VALIDATION_CLASSES.tolist(),
        "sample_weights": WEIGHTS.tolist(), "validation_sample_weights": VALIDATION_WEIGHTS.tolist(),
        "runs": made,
    }, out, indent=1)
    out.write("\n")
