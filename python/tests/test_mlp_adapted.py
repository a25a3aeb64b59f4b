"""What scikit-learn's own tests of its MLP ask for, asked of these estimators.

Each test has the name of the one of sklearn/neural_network/tests/test_mlp.py (scikit-learn 1.9,
BSD-3-Clause, the scikit-learn developers) whose subject it takes over; the code is written anew.
What does not apply, or differs by design, is in NOT_APPLICABLE with the reason.
"""

import warnings

import joblib
import numpy as np
import pytest
from sklearn.datasets import (load_digits, load_iris, make_classification,
                              make_multilabel_classification, make_regression)
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import MinMaxScaler, scale

from runnel import RunnelClassifier, RunnelRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NOT_APPLICABLE = {
    "test_lbfgs_classification_maxfun": "there is no lbfgs, and so no max_fun",
    "test_lbfgs_regression_maxfun": "the same",
    "test_learning_rate_warmstart": "schedules take the place of invscaling; steps go on counting",
    "test_sparse_matrices": "sparse inputs are refused by name (check_estimator sees to it)",
    "test_adaptive_learning_rate": "schedule={'performance': ...} takes the place of 'adaptive'",
    "test_mlp_param_dtypes": "parameters are float32 whatever the inputs are",
    "test_mlp_diverging_loss": "NotFiniteError names the step where training diverges",
    "test_early_stopping_stratified": "a class of a single row stays among the training rows",
    "test_mlp_vs_poisson_glm_equivalent": "there is no Poisson loss",
}

ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
ESTIMATORS = [RunnelClassifier, RunnelRegressor]


def digits(classes):
    x, y = load_digits(n_class=classes, return_X_y=True)
    return MinMaxScaler().fit_transform(x[:200]), y[:200]


TWO, THREE = digits(2), digits(3)
IRIS = load_iris(return_X_y=True)
NOISY = make_regression(n_samples=200, n_features=10, bias=20.0, noise=100.0, random_state=7)
NOISY = NOISY[0], scale(NOISY[1])


def test_alpha():
    """A larger penalty leaves smaller weights, layer by layer."""
    x, y = TWO[0][:100], TWO[1][:100]
    sums = [[np.abs(w).sum() for w in RunnelClassifier(10, alpha=alpha, random_state=1,
                                                       max_iter=200).fit(x, y).coefs_]
            for alpha in (0, 1)]
    assert all(a > b for a, b in zip(*sums))


def test_fit():
    """A step of gradient descent, worked out by hand: 3 inputs, 2 units, 1 output, 1 row."""
    x, y = np.array([[0.6, 0.8, 0.7]]), np.array([0])
    model = RunnelClassifier(2, "logistic", optimizer="sgd", momentum=0, learning_rate_init=0.1,
                             alpha=0.1, scaling="none", random_state=1)
    model.partial_fit(x, y, classes=[0, 1])
    w1, w2 = np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0]]), np.array([[0.1], [0.2]])
    b1, b2 = np.array([0.1, 0.1]), np.array([1.0])
    names = sorted(model.model_.parameters)
    for name, value in zip(names, (b1, w1, b2, w2)):
        model.model_.parameters[name] = value
    model.partial_fit(x, y)
    h = 1 / (1 + np.exp(-(x[0] @ w1 + b1)))
    d2 = 1 / (1 + np.exp(-(h @ w2 + b2)))
    d1 = h * (1 - h) * (w2[:, 0] * d2)
    wanted = [b1 - 0.1 * d1, w1 - 0.1 * (np.outer(x[0], d1) + 0.1 * w1), b2 - 0.1 * d2,
              w2 - 0.1 * (h[:, None] * d2 + 0.1 * w2)]
    for name, value in zip(names, wanted):
        np.testing.assert_allclose(model.model_.parameters[name], value, rtol=1e-5, atol=1e-7)
    assert model.predict_proba(x)[0, 1] == pytest.approx(0.739, abs=5e-4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("labels", [2, 3])
def test_gradient(activation, labels):
    """The step that gradient descent takes is the slope of the loss, by differences in double."""
    x = np.random.RandomState(42).rand(5, 10)
    y = 1 + (np.arange(5) + 1) % labels
    model = RunnelClassifier(10, activation, optimizer="sgd", momentum=0, learning_rate_init=0.01,
                             alpha=1e-5, batch_size=5, scaling="none", random_state=1)
    model.partial_fit(x, y, classes=np.unique(y))
    names = sorted(model.model_.parameters)
    before = [model.model_.parameters[n].astype(float) for n in names]
    model.partial_fit(x, y)
    steps = [(b - model.model_.parameters[n]) / 0.01 for n, b in zip(names, before)]
    f = {"identity": lambda z: z, "logistic": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh,
         "relu": lambda z: np.maximum(z, 0)}[activation]

    def loss(p):
        z = f(x @ p[1] + p[0]) @ p[3] + p[2]
        if labels == 2:
            t = (y == 2) * 1.0
            data = np.mean(np.logaddexp(0, z[:, 0]) - t * z[:, 0])
        else:
            data = np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(5), y - 1])
        return data + 0.5 * 1e-5 * sum((w ** 2).sum() for w in (p[1], p[3])) / 5

    for k, values in enumerate(before):
        for at in list(np.ndindex(values.shape))[::7]:
            moved = []
            for side in (1e-5, -1e-5):
                p = [b.copy() for b in before]
                p[k][at] += side
                moved.append(loss(p))
            slope = (moved[0] - moved[1]) / 2e-5
            assert steps[k][at] == pytest.approx(slope, abs=3e-5), (names[k], at)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("x, y", [THREE, TWO])
def test_lbfgs_classification(x, y, activation):
    """With adam in place of lbfgs."""
    model = RunnelClassifier(50, activation, max_iter=60, random_state=1,
                             learning_rate_init=0.01).fit(x[:150], y[:150])
    found = model.predict(x[150:])
    assert model.score(x[:150], y[:150]) > 0.95
    assert found.shape == (50,) and found.dtype.kind == y.dtype.kind


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lbfgs_regression(activation):
    """With adam in place of lbfgs."""
    x, y = NOISY
    model = RunnelRegressor(50, activation, max_iter=600, tol=0, n_iter_no_change=600, alpha=0,
                            learning_rate_init=0.01, random_state=1).fit(x, y)
    assert model.score(x, y) > (0.80 if activation == "identity" else 0.98)


def test_multilabel_classification():
    """The loss is the mean over the labels, where scikit-learn's is their sum: five times the rate
    is the same step."""
    x, y = make_multilabel_classification(n_samples=50, random_state=0)
    parameters = dict(alpha=1e-5, max_iter=150, random_state=0, activation="logistic")
    model = RunnelClassifier(50, learning_rate_init=0.05, **parameters).fit(x, y)
    assert model.score(x, y) > 0.97
    model = RunnelClassifier(50, optimizer="sgd", learning_rate_init=1.0, **parameters)
    for _ in range(100):
        model.partial_fit(x, y, classes=[0, 1, 2, 3, 4])
    assert model.score(x, y) > 0.9
    RunnelClassifier(early_stopping=True, max_iter=30, random_state=0).fit(x, y).predict(x)


def test_multioutput_regression():
    x, y = make_regression(n_samples=200, n_targets=5, random_state=11)
    model = RunnelRegressor(50, max_iter=200, learning_rate_init=0.01, random_state=1).fit(x, y)
    assert model.predict(x).shape == (200, 5) and model.score(x, y) > 0.9


def test_partial_fit_classes_error():
    model = RunnelClassifier(optimizer="sgd").partial_fit([[3, 2]], [0], classes=[0, 1])
    with pytest.raises(ValueError):
        model.partial_fit([[3, 2]], [0], classes=[1, 2])


@pytest.mark.parametrize("x, y", [THREE, TWO])
def test_partial_fit_classification(x, y):
    """As many calls as epochs: the same weights, bit for bit."""
    parameters = dict(optimizer="sgd", random_state=1, tol=0, alpha=1e-5, learning_rate_init=0.2)
    whole = RunnelClassifier(max_iter=100, n_iter_no_change=100, **parameters).fit(x, y)
    pieces = RunnelClassifier(**parameters)
    for _ in range(100):
        pieces.partial_fit(x, y, classes=np.unique(y))
    assert all((a == b).all() for a, b in zip(whole.coefs_, pieces.coefs_))
    assert whole.score(x, y) > 0.95


def test_partial_fit_unseen_classes():
    """Learned in 50 rounds."""
    model = RunnelClassifier(random_state=0)
    for _ in range(50):
        model.partial_fit([[1], [2], [3]], ["a", "b", "c"], classes=["a", "b", "c", "d"])
        model.partial_fit([[4]], ["d"])
    assert model.score([[1], [2], [3], [4]], ["a", "b", "c", "d"]) > 0


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_partial_fit_regression(momentum):
    x, y = NOISY
    parameters = dict(optimizer="sgd", random_state=1, learning_rate_init=0.01, batch_size=200,
                      momentum=momentum)
    whole = RunnelRegressor(max_iter=100, **parameters).fit(x, y)
    pieces = RunnelRegressor(**parameters)
    for _ in range(100):
        pieces.partial_fit(x, y)
    assert (whole.predict(x) == pieces.predict(x)).all()
    assert whole.score(x, y) > 0.65


def test_partial_fit_errors():
    with pytest.raises(ValueError):
        RunnelClassifier(optimizer="sgd").partial_fit([[3, 2], [1, 6]], [1, 0], classes=[2])


def test_nonfinite_params():
    """Inputs that no float32 holds; here they are refused before training."""
    generator = np.random.RandomState(0)
    x = np.finfo(np.float64).max * generator.uniform(size=(10, 2))
    with pytest.raises(ValueError, match="row 0, column 0: expected a number within float32"):
        RunnelRegressor().fit(x, generator.standard_normal(10))


def test_predict_proba_binary():
    x, y = TWO[0][:50], TWO[1][:50]
    model = RunnelClassifier(5, "logistic", random_state=1).fit(x, y)
    p, logarithms = model.predict_proba(x), model.predict_log_proba(x)
    assert p.shape == (50, 2) and (p.argmax(1) == logarithms.argmax(1)).all()
    np.testing.assert_allclose(logarithms, np.log(p))
    assert roc_auc_score(y, p[:, 1]) == 1.0


def test_predict_proba_multiclass():
    x, y = THREE[0][:10], THREE[1][:10]
    model = RunnelClassifier(5, random_state=0).fit(x, y)
    p, logarithms = model.predict_proba(x), model.predict_log_proba(x)
    assert p.shape == (10, 3) and (p.argmax(1) == logarithms.argmax(1)).all()
    np.testing.assert_allclose(logarithms, np.log(p))


def test_predict_proba_multilabel():
    """Probabilities of labels do not sum to 1."""
    x, y = make_multilabel_classification(n_samples=50, random_state=0)
    model = RunnelClassifier(30, random_state=0, learning_rate_init=0.02, tol=0).fit(x, y)
    p, logarithms = model.predict_proba(x), model.predict_log_proba(x)
    assert p.shape == y.shape and ((p > 0.5) == y).all()
    assert ((p.sum(1) - 1) ** 2).sum() > 1e-10
    np.testing.assert_allclose(logarithms, np.log(p))


def test_shuffle():
    x, y = make_regression(n_samples=50, n_features=5, random_state=0)

    def weights(shuffle):
        return RunnelRegressor(1, max_iter=1, batch_size=1, random_state=0,
                               shuffle=shuffle).fit(x, y).coefs_[0]
    for shuffle in (True, False):
        assert (weights(shuffle) == weights(shuffle)).all()
    assert not (weights(True) == weights(False)).all()


def test_tolerance():
    model = RunnelClassifier(tol=0.5, max_iter=3000, optimizer="sgd").fit([[3, 2], [1, 6]], [1, 0])
    assert model.n_iter_ < 3000


def test_verbose_sgd(capsys):
    """Lines of epochs, or a bar, to stderr."""
    model = RunnelClassifier(2, optimizer="sgd", max_iter=2, verbose=10)
    model.fit([[3, 2], [1, 6]], [1, 0]).partial_fit([[3, 2], [1, 6]], [1, 0])
    assert "epoch" in capsys.readouterr().err


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_early_stopping(estimator):
    x, y = TWO[0][:100], TWO[1][:100]
    model = estimator(tol=0.2, max_iter=3000, optimizer="sgd", early_stopping=True,
                      random_state=0).fit(x, y)
    assert model.n_iter_ < 3000 and model.best_loss_ is None
    scores = model.validation_scores_
    assert isinstance(scores, list) and max(scores) == model.best_validation_score_
    assert all(model.best_validation_score_ + 0.2 > score for score in scores[-2:])
    model = estimator(tol=0.2, max_iter=3000, optimizer="sgd", random_state=0).fit(x, y)
    assert model.validation_scores_ is None and model.best_validation_score_ is None
    assert model.best_loss_ is not None


@pytest.mark.parametrize("counts", [(75, 75), (37, 37, 38, 38), (30,) * 5])
def test_warm_start(counts):
    x, y = IRIS
    model = RunnelClassifier(2, warm_start=True, random_state=42, max_iter=5).fit(x, y)
    model.fit(x, y).fit(x, np.repeat([0, 1, 2], [40, 40, 70]))
    with pytest.raises(ValueError, match="the same classes as in the previous call to fit"):
        model.fit(x, np.repeat(np.arange(len(counts)), counts))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_warm_start_full_iteration(estimator):
    model = estimator(2, optimizer="sgd", warm_start=True, max_iter=3, random_state=0)
    assert model.fit(*IRIS).n_iter_ == 3
    assert model.fit(*IRIS).n_iter_ == 3


def epochs_of_scikit_learn(scores, tol, patience):
    """Until more than so many epochs have each gained less than tol over the best before."""
    best, idle = -np.inf, 0
    for epoch, score in enumerate(scores, 1):
        idle = idle + 1 if score < best + tol else 0
        best = max(best, score)
        if idle > patience:
            return epoch
    return None


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("patience", [2, 10])
def test_small_gains_do_not_add_up(patience, warm):
    """Of a curve that falls slowly, with the optimizer's state kept or not."""
    x, y = digits(10)
    model = RunnelClassifier(20, tol=0.02, max_iter=300, random_state=0, warm_start=warm,
                             n_iter_no_change=patience).fit(x[:500], y[:500])
    curve = np.array(model.loss_curve_)
    assert model.n_iter_ == epochs_of_scikit_learn(-curve, 0.02, patience) < 300
    assert curve[-patience - 2] - curve[-1] > 0.02  # which Keras's rule takes for an improvement


def test_validation_scores_end_as_there():
    x, y = digits(10)
    model = RunnelClassifier(20, early_stopping=True, random_state=0, n_iter_no_change=4,
                             tol=0.005, max_iter=300).fit(x[:900], y[:900])
    scores = model.validation_scores_
    assert model.n_iter_ == epochs_of_scikit_learn(scores, 0.005, 4) < 300
    assert model.best_validation_score_ == max(scores)


@pytest.mark.parametrize("patience", [2, 5, 10, 50])
def test_n_iter_no_change(patience):
    x, y = TWO[0][:100], TWO[1][:100]
    model = RunnelClassifier(tol=0.01, max_iter=3000, optimizer="sgd", random_state=0,
                             n_iter_no_change=patience).fit(x, y)
    assert model.n_iter_ == epochs_of_scikit_learn(-np.array(model.loss_curve_), 0.01, patience)


def test_n_iter_no_change_inf():
    x, y = TWO[0][:100], TWO[1][:100]
    model = RunnelClassifier(tol=1e9, max_iter=300, optimizer="sgd", n_iter_no_change=np.inf,
                             random_state=0).fit(x, y)
    assert model.n_iter_ == 300


def test_mlp_early_stopping_string_labels():
    x, y = make_classification(n_samples=200, n_features=10, n_classes=3, n_informative=5,
                               random_state=42)
    names = np.array(["class_a", "class_b", "class_c"], dtype=object)
    model = RunnelClassifier(early_stopping=True, max_iter=50, random_state=42).fit(x, names[y])
    assert len(model.validation_scores_) == model.n_iter_
    assert np.isfinite(model.validation_scores_).all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_mlp_dtypes_casting(estimator):
    """Of test_mlp_classifier_dtypes_casting and test_mlp_regressor_dtypes_casting: here the digits
    are whole numbers, and so the bits are the same."""
    x, y = load_digits(n_class=2, return_X_y=True)
    model = estimator((5, 3), alpha=1e-5, random_state=1, max_iter=50, tol=0.1)
    wide = model.fit(x[:300], y[:300]).predict(x[300:])
    narrow = model.fit(x[:300].astype(np.float32), y[:300]).predict(x[300:].astype(np.float32))
    assert (wide == narrow).all()


def test_mlp_loading_from_joblib_partial_fit(tmp_path):
    """Without scaling: one row has no deviation."""
    model = RunnelRegressor(42, random_state=42, learning_rate_init=0.01, max_iter=200,
                            scaling="none", target_scaling="none").fit([[2]], [4])
    joblib.dump(model, tmp_path / "mlp.pkl")
    loaded = joblib.load(tmp_path / "mlp.pkl")
    for _ in range(200):
        loaded.partial_fit([[2]], [1])
    np.testing.assert_allclose(loaded.predict([[2]]), [1], rtol=1e-3)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_preserve_feature_names(estimator):
    pandas = pytest.importorskip("pandas")
    x = pandas.DataFrame(np.random.RandomState(0).randn(10, 2), columns=["colname_a", "colname_b"])
    y = pandas.Series(np.full(10, 1), name="colname_y")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "(?s).*feature names", UserWarning)
        estimator(early_stopping=True, validation_fraction=0.2, max_iter=20).fit(x, y)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_mlp_warm_start_with_early_stopping(estimator):
    model = estimator(max_iter=10, random_state=0, warm_start=True, early_stopping=True).fit(*IRIS)
    count = len(model.validation_scores_)
    assert len(model.set_params(max_iter=20).fit(*IRIS).validation_scores_) > count


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_mlp_warm_start_no_convergence(estimator, optimizer):
    model = estimator(optimizer=optimizer, warm_start=True, max_iter=10, n_iter_no_change=np.inf,
                      random_state=0)
    for epochs in (10, 20):
        with pytest.warns(ConvergenceWarning):
            model.set_params(max_iter=epochs).fit(*IRIS)
        assert model.n_iter_ == epochs


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_mlp_partial_fit_after_fit(estimator):
    model = estimator(early_stopping=True, random_state=0, max_iter=20).fit(*IRIS)
    with pytest.raises(ValueError, match="early_stopping"):
        model.partial_fit(*IRIS)


def test_mlp_sample_weight_with_early_stopping():
    x, y = make_regression(n_samples=100, n_features=2, n_informative=2, random_state=42)
    model = RunnelRegressor(10, early_stopping=True, tol=1e-2, learning_rate_init=0.01,
                            batch_size=10, random_state=42, max_iter=50)
    weighted = model.fit(x, y, sample_weight=np.ones_like(y)).predict(x)
    np.testing.assert_allclose(weighted, model.fit(x, y).predict(x))


def test_minimum_input_sample_size():
    x, y = make_regression(n_samples=2, n_features=5, random_state=0)
    with pytest.raises(ValueError, match="The validation set is too small"):
        RunnelRegressor(early_stopping=True, random_state=0).fit(x, y)
