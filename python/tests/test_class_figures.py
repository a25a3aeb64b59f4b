"""Metrics of classes are scikit-learn's of what a model predicts."""

import numpy as np
import pytest

import runnel

metrics = pytest.importorskip("sklearn.metrics")


def trained(classes, outputs):
    generator = np.random.default_rng(classes)
    y = generator.integers(0, classes, 200)
    x = (generator.normal(size=(200, 4)) + y[:, None] / 2).astype(np.float32)
    config = {
        "data": {"scaling": "standardize"},
        "model": [{"dense": {"units": outputs, "activation": "softmax" if outputs > 1 else "sigmoid"}}],
        "training": {
            "loss": "sparse_categorical_crossentropy" if outputs > 1 else "binary_crossentropy",
            "metrics": ["auc", "f1", "balanced_accuracy", "log_loss"], "optimizer": "adam",
            "early_stopping": {"monitor": "auc", "patience": 2}, "epochs": 5},
    }
    data = runnel.Data(x, y)
    model = runnel.Model(config, data)
    history = runnel.train(model, data)
    return model, data, x, y, history


@pytest.mark.parametrize("classes, outputs", [(2, 1), (2, 2), (4, 4)])
def test_are_those_of_the_predictions(classes, outputs):
    model, data, x, y, history = trained(classes, outputs)
    got = runnel.evaluate(model, data, runnel.TRAIN).figures
    p = model.predict(x)
    values = np.asarray(p.values, np.float64)
    score = values[:, -1] if classes == 2 else values / values.sum(axis=1, keepdims=True)
    both = np.stack([1 - score, score], axis=1) if classes == 2 else score
    average = "binary" if classes == 2 else "macro"
    assert got["auc"] == pytest.approx(metrics.roc_auc_score(y, score, multi_class="ovr"), abs=1e-4)
    assert got["f1"] == pytest.approx(metrics.f1_score(y, p.classes, average=average), rel=1e-12)
    assert got["balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(y, p.classes), rel=1e-12)
    assert got["log_loss"] == pytest.approx(metrics.log_loss(y, both), rel=1e-5)
    assert all(0 <= h["auc"] <= 1 for h in history)
    if classes == 2:
        assert got["auc"] == pytest.approx(metrics.roc_auc_score(y, score), rel=1e-12)
