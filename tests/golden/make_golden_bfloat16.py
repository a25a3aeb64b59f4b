#!/usr/bin/env python3
"""Makes runs_bfloat16.json: short trainings in float64 that round to bfloat16 what
`precision: mixed_bfloat16` rounds, in the form of runs.json.

    python3 make_golden_bfloat16.py

Made with the version of numpy that the file names.  Seeds are tried until no rounded number is so
near to a tie that float32 could round it to the other side: then all numbers agree closely.
"""
import json
import os

import numpy as np

ROWS, VALIDATION_ROWS, FEATURES, OUTPUTS, BATCH, EPOCHS = 10, 4, 3, 3, 4, 3
CLASSES = np.array([0, 1, 2, 1, 1, 0, 2, 2, 1, 0])
VALIDATION_CLASSES = np.array([2, 1, 0, 1])
EPSILON, MOMENTUM = 1e-3, 0.99  # of batch normalization


class NearTie(Exception):
    pass


def rounded(x):
    """To 8 significant bits, halves to even."""
    x = np.asarray(x, dtype=np.float64)
    unit = 2.0 ** (np.frexp(x)[1] - 8)
    steps = x / unit
    from_tie = np.abs(np.abs(steps - np.floor(steps)) - 0.5) * unit
    if np.any((x != 0) & (from_tie < 2e-6 * (np.abs(x) + 0.05))):
        raise NearTie
    return np.rint(steps) * unit


def as_float32(array):
    return np.asarray(array, dtype=np.float32).astype(np.float64)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# f(z), and f' from z and the rounded y.
ACTIVATIONS = {
    "linear": (lambda z: z, lambda z, y: np.ones_like(y)),
    "relu": (lambda z: np.maximum(z, 0), lambda z, y: (y > 0) * 1.0),
    "elu": (lambda z: np.where(z >= 0, z, np.expm1(z)), lambda z, y: np.where(y >= 0, 1, y + 1)),
    "tanh": (np.tanh, lambda z, y: 1 - y * y),
    "swish": (lambda z: z * sigmoid(z), lambda z, y: sigmoid(z) * (1 + z * (1 - sigmoid(z)))),
}


class Dense:
    def __init__(self, inputs, units, activation, rng):
        self.parameters = [as_float32(rng.normal(size=(inputs, units))), as_float32(rng.normal(size=units))]
        self.learned = [0, 1]
        self.f, self.slope = ACTIVATIONS[activation]

    def forward(self, x):
        """Rounded, as in training; x is."""
        kernel, bias = self.parameters
        self.x, self.rounded_kernel = x, rounded(kernel)
        self.z = x @ self.rounded_kernel + bias
        self.y = rounded(self.f(self.z))
        return self.y

    def backward(self, upstream):
        delta = rounded(upstream * self.slope(self.z, self.y))
        self.gradients = [self.x.T @ delta, delta.sum(axis=0)]
        return delta @ self.rounded_kernel.T

    def infer(self, x):
        return self.f(x @ self.parameters[0] + self.parameters[1])


class BatchNormalization:
    """Of rounded inputs, in full precision; its output is rounded."""

    def __init__(self, units, rng):
        self.parameters = [as_float32(rng.normal(size=units)), as_float32(rng.normal(size=units)),
                           as_float32(rng.normal(size=units)), as_float32(np.abs(rng.normal(size=units)))]
        self.learned = [0, 1]

    def forward(self, x):
        mean, variance = x.mean(axis=0), x.var(axis=0)
        self.deviation = np.sqrt(variance + EPSILON)
        self.normal = (x - mean) / self.deviation
        for i, value in [(2, mean), (3, variance)]:
            self.parameters[i] = self.parameters[i] * MOMENTUM + value * (1 - MOMENTUM)
        return rounded(self.normal * self.parameters[0] + self.parameters[1])

    def backward(self, upstream):
        self.gradients = [(upstream * self.normal).sum(axis=0), upstream.sum(axis=0)]
        n = len(upstream)
        return self.parameters[0] / self.deviation * (
            upstream - self.gradients[1] / n - self.normal * self.gradients[0] / n)

    def infer(self, x):
        gamma, beta, mean, variance = self.parameters
        return (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def squares(z, targets):
    return ((z - targets) ** 2).mean(axis=1), 2 * (z - targets) / z.shape[1] / len(z)


def cross_entropy(z, classes):
    p, rows = softmax(z), np.arange(len(z))
    delta = p.copy()
    delta[rows, classes] -= 1
    return -np.log(p[rows, classes]), delta / len(z)


class Momentum:
    def __init__(self, rate, momentum):
        self.rate, self.momentum, self.velocity = rate, momentum, {}

    def update(self, key, weights, gradient, step):
        self.velocity[key] = self.momentum * self.velocity.get(key, 0) - self.rate * gradient
        return weights + self.velocity[key]


class Adam:
    def __init__(self, rate):
        self.rate, self.state = rate, {}

    def update(self, key, weights, gradient, step):
        m, v = self.state.get(key, (0, 0))
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient ** 2
        self.state[key] = m, v
        rate = self.rate * np.sqrt(1 - 0.999 ** step) / (1 - 0.9 ** step)
        return weights - rate * m / (np.sqrt(v) + 1e-7)


def train(layers, x, targets, validation, loss, optimizer, clip=None, limit=None):
    """`clip` the common norm of the gradients, `limit` that of each column of the first kernel."""
    history, step = {"loss": [], "val_loss": []}, 0
    for _ in range(EPOCHS):
        losses = []
        for begin in range(0, ROWS, BATCH):
            step += 1
            y = rounded(x[begin:begin + BATCH])
            for layer in layers:
                y = layer.forward(y)
            row_losses, upstream = loss(y, targets[begin:begin + BATCH])
            losses.extend(row_losses)
            for layer in reversed(layers):
                upstream = layer.backward(upstream)
            if clip:
                norm = np.sqrt(sum((g ** 2).sum() for layer in layers for g in layer.gradients))
                factor = min(1, clip / norm)
                for layer in layers:
                    layer.gradients = [g * factor for g in layer.gradients]
            for l, layer in enumerate(layers):
                for i in layer.learned:
                    layer.parameters[i] = optimizer.update((l, i), layer.parameters[i], layer.gradients[i], step)
            if limit:
                norms = np.sqrt((layers[0].parameters[0] ** 2).sum(axis=0))
                layers[0].parameters[0] *= np.minimum(1, limit / norms)
        y = validation[0]
        for layer in layers:
            y = layer.infer(y)
        history["loss"].append(float(np.mean(losses)))
        history["val_loss"].append(float(loss(y, validation[1])[0].mean()))
    return history


def flat(layers):
    return np.concatenate([p.ravel() for layer in layers for p in layer.parameters]).tolist()


def attempt(seed, units, make_layers, loss, make_optimizer, **rest):
    rng = np.random.default_rng(seed)
    layers = make_layers(rng)
    start = flat(layers)
    is_class = loss is cross_entropy
    validation = (VALIDATION_X, VALIDATION_CLASSES if is_class else VALIDATION_VALUES)
    history = train(layers, X, CLASSES if is_class else VALUES, validation, loss, make_optimizer(), **rest)
    return {"start": start, "weights": flat(layers), "history": history}


def run(name, yaml, training, *arguments, **rest):
    for seed in range(10000):
        try:
            made.append({"name": name, "classes": arguments[2] is cross_entropy, "sample_weight": False,
                         "model": yaml,
                         "training": f"{training}, precision: mixed_bfloat16, batch_size: {BATCH}, "
                                     f"epochs: {EPOCHS}, shuffle: false",
                         **attempt(seed, *arguments, **rest)})
            print(name, "seed", seed)
            return
        except NearTie:
            pass
    raise SystemExit(f"{name}: no seed")


def inputs(seed):
    rng = np.random.default_rng(seed)
    return [as_float32(rng.normal(size=s)) for s in
            [(ROWS, FEATURES), (VALIDATION_ROWS, FEATURES), (ROWS, OUTPUTS), (VALIDATION_ROWS, OUTPUTS)]]


for data_seed in range(1000):
    X, VALIDATION_X, VALUES, VALIDATION_VALUES = inputs(data_seed)
    try:
        rounded(X)
        break
    except NearTie:
        pass

made = []
SQUARES, CLASS = "loss: mean_squared_error", "loss: sparse_categorical_crossentropy"
run("elu and swish, momentum",
    ["dense: {units: 5, activation: elu}", "dense: {units: 4, activation: swish}", "dense: 3"],
    f"{SQUARES}, optimizer: {{momentum: {{learning_rate: 0.05, momentum: 0.9}}}}", 5,
    lambda rng: [Dense(3, 5, "elu", rng), Dense(5, 4, "swish", rng), Dense(4, 3, "linear", rng)],
    squares, lambda: Momentum(0.05, 0.9))
run("relu and tanh, softmax, adam",
    ["dense: {units: 5, activation: relu}", "dense: {units: 5, activation: tanh}",
     "dense: {units: 3, activation: softmax}"],
    f"{CLASS}, optimizer: {{adam: {{learning_rate: 0.01}}}}", 5,
    lambda rng: [Dense(3, 5, "relu", rng), Dense(5, 5, "tanh", rng), Dense(5, 3, "linear", rng)],
    cross_entropy, lambda: Adam(0.01))
run("batch normalization",
    ["dense: 5", "batch_normalization", "dense: 3"],
    f"{SQUARES}, optimizer: {{sgd: {{learning_rate: 0.1}}}}", 5,
    lambda rng: [Dense(3, 5, "linear", rng), BatchNormalization(5, rng), Dense(5, 3, "linear", rng)],
    squares, lambda: Momentum(0.1, 0))
run("clipping and a constraint, whose weights are rounded late",
    ["dense: {units: 5, activation: tanh, kernel_constraint: {max_norm: {max_value: 1.2}}}", "dense: 3"],
    f"{SQUARES}, clipping: {{global_clipnorm: 0.5}}, optimizer: {{sgd: {{learning_rate: 0.1}}}}", 5,
    lambda rng: [Dense(3, 5, "tanh", rng), Dense(5, 3, "linear", rng)],
    squares, lambda: Momentum(0.1, 0), clip=0.5, limit=1.2)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "runs_bfloat16.json"), "w") as out:
    json.dump({"versions": {"numpy": np.__version__}, "features": FEATURES, "outputs": OUTPUTS, "rows": ROWS,
               "validation_rows": VALIDATION_ROWS,
               **{prefix + key: np.asarray(value).ravel().tolist() for prefix, key, value in [
                   ("", "x", X), ("", "values", VALUES), ("", "classes", CLASSES),
                   ("", "sample_weights", np.ones(ROWS)),
                   ("validation_", "x", VALIDATION_X), ("validation_", "values", VALIDATION_VALUES),
                   ("validation_", "classes", VALIDATION_CLASSES),
                   ("validation_", "sample_weights", np.ones(VALIDATION_ROWS))]},
               "runs": made}, out, indent=1)
    out.write("\n")
