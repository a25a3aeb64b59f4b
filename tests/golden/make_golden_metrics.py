#!/usr/bin/env python3
"""Makes metrics.json: metrics that scikit-learn computes in float64 of given logits and values.

    python3 make_golden_metrics.py

Made with the versions that the file names.  The test that reads it needs neither Python nor
scikit-learn.  mape is Keras's: 100 times scikit-learn's, without targets of 0.
"""
import json
import warnings

import numpy as np
import sklearn
from sklearn import metrics

VERSIONS = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
rng = np.random.default_rng(20261129)


def as_float32(array):
    """What float32 holds, so that both sides start from the same numbers."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)


def probabilities(z):
    if z.shape[1] == 1:
        p = 1 / (1 + np.exp(-z))
        return np.hstack([1 - p, p])
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def auc(labels, p):
    """Of the classes that there are rows of: scikit-learn refuses others."""
    if p.shape[1] == 2:
        return metrics.roc_auc_score(labels, p[:, 1])
    there = np.unique(labels)
    if len(there) == p.shape[1]:
        return metrics.roc_auc_score(labels, p, multi_class="ovr")
    return np.mean([metrics.roc_auc_score(labels == k, p[:, k]) for k in there])


def of_classes(name, z, labels):
    p = probabilities(z)
    return {
        "name": name,
        "rows": z.shape[0],
        "outputs": z.shape[1],
        "z": z.ravel().tolist(),
        "classes": labels.tolist(),
        "figures": {
            "log_loss": metrics.log_loss(labels, p, labels=np.arange(p.shape[1])),
            "balanced_accuracy": metrics.balanced_accuracy_score(labels, p.argmax(axis=1)),
            "f1": metrics.f1_score(labels, p.argmax(axis=1),
                                   average="binary" if p.shape[1] == 2 else "macro"),
            "auc": auc(labels, p),
        },
    }


def of_values(name, predicted, targets):
    return {
        "name": name,
        "rows": targets.shape[0],
        "outputs": targets.shape[1],
        "z": predicted.ravel().tolist(),
        "values": targets.ravel().tolist(),
        "figures": {"mape": 100 * metrics.mean_absolute_percentage_error(targets, predicted)},
    }


def logits(rows, outputs, labels, strength):
    """The larger, the more probable the label, for the most part."""
    z = rng.normal(size=(rows, outputs))
    if outputs == 1:
        z[:, 0] += strength * (labels - 0.5)
    else:
        z[np.arange(rows), labels] += strength
    return z


def cases():
    two = rng.integers(0, 2, 60)
    rare = (rng.random(80) < 0.1).astype(int)
    five = rng.integers(0, 5, 75)
    absent = rng.integers(0, 4, 40)
    twice = np.repeat(as_float32(logits(30, 4, five[:30] % 4, 1)), 2, axis=0)
    yield of_classes("two classes, one output", as_float32(logits(60, 1, two, 1)), two)
    yield of_classes("two classes, two outputs", as_float32(logits(60, 2, two, 1)), two)
    yield of_classes("a rare class", as_float32(logits(80, 1, rare, 1)), rare)
    yield of_classes("the rare class is never predicted", as_float32(logits(80, 1, rare, 0) - 9), rare)
    yield of_classes("ties", np.round(2 * logits(60, 1, two, 1)) / 2, two)
    yield of_classes("all the same", np.zeros((60, 1)), two)
    yield of_classes("five classes", as_float32(logits(75, 5, five, 1)), five)
    yield of_classes("five classes, well told apart", as_float32(logits(75, 5, five, 12)), five)
    yield of_classes("ties of four classes", twice, rng.integers(0, 4, 60))
    yield of_classes("a class is absent and predicted", as_float32(logits(40, 5, absent, 1)), absent)
    yield of_classes("a class is absent, nor predicted",
                     as_float32(logits(40, 5, absent, 1) - [0, 0, 0, 0, 50]), absent)
    targets = rng.lognormal(3, 2, size=(50, 2)) * rng.choice([-1, 1], size=(50, 2))
    yield of_values("values of all sizes", as_float32(targets * rng.normal(1, 0.2, size=(50, 2))),
                    as_float32(targets))


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    made = list(cases())
with open("metrics.json", "w", encoding="utf-8") as file:
    json.dump({"versions": VERSIONS, "metrics": made}, file, indent=1)
    file.write("\n")
