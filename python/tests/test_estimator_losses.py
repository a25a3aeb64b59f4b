"""Losses of the estimators that have a last layer of their own."""

import numpy as np
import pytest

from runnel import RunnelRegressor


def test_regressor_of_counts():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 3))
    y = generator.poisson(np.exp(x[:, 0] + 1))
    model = RunnelRegressor((20,), loss="poisson", max_iter=60, random_state=0).fit(x, y)
    assert (model.predict(x) > 0).all() and model.score(x, y) > 0.4
    assert model.model_.settings()["data"]["target_scaling"] == "none"
    with pytest.raises(ValueError, match="numbers from 0 up"):
        RunnelRegressor(loss="poisson").fit(x, y - 5)


def test_regressor_of_quantiles():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(1000, 2))
    y = 1000 + 50 * x[:, 0] + 30 * generator.normal(size=1000)
    for early_stopping in (False, True):
        model = RunnelRegressor((20,), loss="quantile", max_iter=60, random_state=0,
                                learning_rate_init=0.01, early_stopping=early_stopping).fit(x, y)
        p = model.predict(x)
        assert p.shape == (1000, 3) and (np.diff(p, axis=1) >= 0).all()
        assert np.allclose((y[:, None] < p).mean(axis=0), [0.1, 0.5, 0.9], atol=0.06)
        assert model.score(x, y) > 0.6
    two = RunnelRegressor(loss={"quantile": {"quantiles": [0.2, 0.8]}}, max_iter=5,
                          early_stopping=True).fit(x, y)
    assert two.predict(x).shape == (1000, 2)
    with pytest.raises(ValueError, match="no quantile 0.5"):
        two.score(x, y)
    with pytest.raises(ValueError, match="one target value"):
        RunnelRegressor(loss="quantile", max_iter=2).fit(x, np.stack([y, y], axis=1))
    for wrong in ([0.2, 0.8], {"quantiles": 0.5}, {"quantiles": []}):
        with pytest.raises(ValueError, match="expected quantiles as"):
            RunnelRegressor(loss={"quantile": wrong}).fit(x, y)


def test_losses_by_other_names_and_configurations():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(100, 2))
    y = x[:, 0] + 3.0
    named = RunnelRegressor(loss={"pinball": {"quantiles": [0.5, 0.8]}}, max_iter=2).fit(x, y)
    assert named.predict(x).shape == (100, 2)
    whole = RunnelRegressor(config={
        "model": [{"dense": {"units": 3}}],
        "training": {"loss": "quantile", "optimizer": "adam", "epochs": 2}}).fit(x, y)
    assert whole.predict(x).shape == (100, 3) and whole.score(x, y) < 1
    counts = RunnelRegressor(loss={"poisson": {}}, max_iter=2).fit(x, np.round(abs(y)))
    assert (counts.predict(x) > 0).all()
