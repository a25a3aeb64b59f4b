"""Estimators with the preset tabular."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_digits  # noqa: E402

from runnel import RunnelClassifier, RunnelRegressor  # noqa: E402

X, Y = load_digits(return_X_y=True)


def test_the_preset_of_tables():
    model = RunnelClassifier(preset="tabular", max_iter=32, random_state=0, early_stopping=True)
    assert model.fit(X, Y).score(X, Y) > 0.9
    assert [w.shape[1] for w in model.coefs_] == [256, 256, 256, 10]
    settings = model.model_.settings()
    assert settings["data"]["scaling"] == {"robust": {"smooth_clip": 3.0}}
    training = settings["training"]
    assert training["batch_size"] == 256 and training["drop_last"]
    assert training["early_stopping"]["last_of_equals"]
    assert not settings["model"][1]["dense"]["kernel_regularizer"]
    own = RunnelClassifier((30,), preset={"tabular": {}}, max_iter=2, scaling="none", alpha=0.5,
                           batch_size=99, random_state=0).fit(X, Y)
    assert [w.shape[1] for w in own.coefs_] == [30, 10]
    assert own.model_.settings()["data"]["scaling"] == "none"
    assert own.model_.settings()["training"]["batch_size"] == 99
    x = np.random.default_rng(0).normal(size=(400, 3))
    values = RunnelRegressor(preset="tabular", max_iter=40, random_state=0)
    assert values.fit(x, x[:, 0] * x[:, 1]).score(x, x[:, 0] * x[:, 1]) > 0.9


def test_hidden_layers_of_the_preset_take_what_is_said_of_hidden_layers():
    model = RunnelClassifier(preset="tabular", activation="tanh", dropout=[0.1, 0, 0.2], max_iter=1,
                             random_state=0).fit(X, Y)
    layers = [layer if isinstance(layer, str) else next(iter(layer))
              for layer in model.model_.settings()["model"]]
    assert layers == ["scale", "dense", "dropout", "dense", "dense", "dropout", "dense"]
    assert model.model_.settings()["model"][1]["dense"]["activation"] == "tanh"
    assert model.n_layers_ == 5
    sizes = RunnelClassifier(np.array([20, 10]), preset="tabular", max_iter=1, random_state=0)
    assert [w.shape[1] for w in sizes.fit(X, Y).coefs_] == [20, 10, 10]


def test_two_categories_of_a_frame_are_one_input():
    pandas = pytest.importorskip("pandas")
    side = np.where(X[:, 20] > 8, "left", "right")
    frame = pandas.DataFrame({"side": side, "number": X[:, 10]})
    inputs = [RunnelClassifier(preset=preset, max_iter=1, random_state=0).fit(frame, Y)
              .coefs_[0].shape[0] for preset in ("tabular", "self_normalizing")]
    assert inputs == [2, 3]
