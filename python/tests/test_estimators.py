"""The estimators beyond scikit-learn's own checks."""

import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import runnel
from runnel import RunnelClassifier, RunnelRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_digits(return_X_y=True)
X, Y = np.ascontiguousarray(X[:600]), Y[:600]


def classifier(**parameters):
    return RunnelClassifier((20,), **{"max_iter": 8, "random_state": 1, "tol": 0,
                                      "n_iter_no_change": 100, "learning_rate_init": 0.02,
                                      **parameters})


def test_alpha_is_scikit_learn_s():
    """The same weights after an epoch of gradient descent, with 16, 16, 16 and 2 rows."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(50, 6)), np.arange(50) % 3
    theirs = MLPClassifier((7,), activation="tanh", solver="sgd", momentum=0, alpha=5.0,
                           nesterovs_momentum=False, learning_rate_init=0.1, batch_size=16,
                           shuffle=False, max_iter=1, warm_start=True, random_state=0).fit(x, y)
    ours = RunnelClassifier((7,), "tanh", optimizer="sgd", momentum=0, alpha=5.0, scaling="none",
                            learning_rate_init=0.1, batch_size=16, shuffle=False, max_iter=1,
                            warm_start=True).fit(x, y)
    theirs.coefs_ = [w.astype(np.float64) for w in ours.coefs_]
    theirs.intercepts_ = [b.astype(np.float64) for b in ours.intercepts_]
    before = [w.copy() for w in ours.coefs_]
    theirs.fit(x, y)
    ours.fit(x, y)
    for a, b, old in zip(ours.coefs_, theirs.coefs_, before):
        assert np.abs(b - old).max() > 0.05
        np.testing.assert_allclose(a, b, atol=2e-6)
    assert abs(ours.loss_curve_[-1] - theirs.loss_curve_[-1]) < 1e-5


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_first_weights_are_drawn_as_scikit_learn_draws_them(activation):
    """Uniform, up to sqrt(6 / (fan_in + units))."""
    model = classifier(activation=activation, optimizer="sgd", learning_rate_init=1e-9, max_iter=1)
    weights = model.fit(X, Y).coefs_[0]
    bound = np.sqrt(6 / sum(weights.shape))
    assert 0.99 * bound < np.abs(weights).max() < bound + 1e-6
    assert abs(weights.std() / (bound / np.sqrt(3)) - 1) < 0.05


def test_first_weights_of_other_activations_suit_them():
    for activation, variance in (("elu", 2 / 64), ("selu", 1 / 64)):
        model = classifier(activation=activation, optimizer="sgd", learning_rate_init=1e-9,
                           max_iter=1)
        assert abs(model.fit(X, Y).coefs_[0].var() / variance - 1) < 0.1
    model = classifier(kernel_initializer="he_uniform", optimizer="sgd", learning_rate_init=1e-9,
                       max_iter=1)
    assert np.abs(model.fit(X, Y).coefs_[0]).max() > 0.99 * np.sqrt(6 / 64)


@pytest.mark.parametrize("ours, keras", [
    ({"optimizer": "sgd", "momentum": 0.5}, {"optimizer": "SGD", "momentum": 0.5}),
    ({"optimizer": "adam", "beta_1": 0.5}, {"optimizer": "Adam", "beta_1": 0.5}),
    ({"activation": "relu"}, {"activation": "ReLU"})])
def test_names_of_keras_have_the_same_parameters(ours, keras):
    one, other = (classifier(**{**given, "max_iter": 2}).fit(X, Y) for given in (ours, keras))
    assert all((a == b).all() for a, b in zip(one.coefs_, other.coefs_))


def test_warm_start_and_partial_fit_keep_the_optimizer():
    """Two fits of four epochs, and eight of partial_fit, are one fit of eight, bit for bit."""
    whole = classifier(warm_start=True).fit(X, Y)
    halves = classifier(max_iter=4, warm_start=True).fit(X, Y)
    halves = pickle.loads(pickle.dumps(halves)).fit(X, Y)
    parts = classifier()
    for _ in range(8):
        parts.partial_fit(X, Y)
    for other in (halves, parts):
        for a, b in zip(whole.coefs_, other.coefs_):
            assert (a == b).all()
    assert halves.n_iter_ == 4 and parts.n_iter_ == 8
    assert parts.loss_curve_ == whole.loss_curve_


def test_partial_fit_takes_classes_and_other_rows():
    model = classifier().partial_fit(X[:100], Y[:100] % 2, classes=np.arange(10))
    model.partial_fit(X, Y)
    assert model.predict_proba(X).shape == (600, 10)
    with pytest.raises(ValueError, match="not the same"):
        model.partial_fit(X, Y, classes=[1, 2])


def test_layouts_and_types_are_one_model():
    expected = classifier().fit(X.astype(np.float32), Y).coefs_
    wide = np.zeros((600, 128), np.float32)
    wide[:, ::2] = X
    for x in (X, np.asfortranarray(X), X.astype(np.uint8), X.astype(np.int64), wide[:, ::2],
              X.tolist()):
        for a, b in zip(expected, classifier().fit(x, Y).coefs_):
            assert (a == b).all()


def test_arrays_are_not_copied():
    from runnel._arrays import HeldRows
    for x in (X, X.astype(np.float32), X.astype(np.uint8), X.astype(np.int16), np.asfortranarray(X),
              X[::2], X[::-1, 3:]):
        assert HeldRows(x).inputs.ctypes.data == x.ctypes.data


def test_no_order_and_no_type_changes_the_model():
    """The digits are whole numbers to 16, which every type holds."""
    plain = classifier(max_iter=2).fit(X, Y).model_.to_bytes()
    padded = np.zeros((2 * len(X), X.shape[1] + 5))
    padded[::2, 2:-3] = X
    reversed_rows = np.ascontiguousarray(X[::-1])
    arrays = [np.asfortranarray(X), padded[::2, 2:-3], reversed_rows[::-1],
              X.astype(">f8"), X.astype(np.longdouble)]
    arrays += [X.astype(t) for t in ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4")]
    arrays += [np.asfortranarray(X.astype(t)) for t in ("u1", "i4", "f2", "f4")]
    for x in arrays:
        assert classifier(max_iter=2).fit(x, Y).model_.to_bytes() == plain, (x.dtype, x.strides)


def test_targets_of_any_order_and_type():
    y = np.column_stack([Y * 0.5, Y * 2.0, np.arange(len(Y)) % 7])
    model = RunnelRegressor((20,), max_iter=2, random_state=1)
    plain = model.fit(X, y).model_.to_bytes()
    wide = np.zeros((len(Y), 7))
    wide[:, ::3] = y
    for targets in (np.asfortranarray(y), wide[:, ::3], y.astype(np.float32), y.astype(">f8")):
        assert model.fit(X, targets).model_.to_bytes() == plain


def test_one_result_on_any_number_of_jobs():
    one, two = (classifier(n_jobs=n).fit(X, Y) for n in (1, 2))
    assert one.model_.to_bytes() == two.model_.to_bytes()


def test_early_stopping_looks_at_validation_rows():
    model = RunnelClassifier((20,), early_stopping=True, random_state=0,
                             n_iter_no_change=3).fit(X, Y)
    assert model.n_iter_ < 200 and len(model.validation_scores_) == model.n_iter_
    best = int(np.argmax(model.validation_scores_))
    assert model.n_iter_ - 1 - best == 4
    given = RunnelClassifier((20,), early_stopping=True, random_state=0).fit(
        X[:500], Y[:500], X_val=X[500:], y_val=Y[500:])
    assert given.best_validation_score_ == pytest.approx(given.score(X[500:], Y[500:]))
    plain = classifier().fit(X[:500], Y[:500], X_val=X[500:], y_val=Y[500:])
    assert plain.history_["val_accuracy"][-1] == pytest.approx(plain.score(X[500:], Y[500:]))


def test_weights_move_the_decision():
    x = np.zeros((100, 1))
    y = np.arange(100) % 4 == 0
    p = classifier(max_iter=200).fit(x, y).predict_proba(x)[0, 1]
    assert abs(p - 0.25) < 0.02
    for weighted in (classifier(max_iter=200, class_weight="balanced"),
                     classifier(max_iter=200,
                                class_weight={False: 1, True: 3})):
        assert abs(weighted.fit(x, y).predict_proba(x)[0, 1] - 0.5) < 0.02
    given = classifier(max_iter=200).fit(x, y, np.where(y, 3.0, 1.0))
    assert abs(given.predict_proba(x)[0, 1] - 0.5) < 0.02


def test_several_labels():
    labels = np.stack([Y % 2 == 0, Y > 4], axis=1).astype(int)
    model = RunnelClassifier((50,), max_iter=40, random_state=0,
                             learning_rate_init=0.01).fit(X, labels)
    assert model.predict(X).shape == (600, 2) and (model.predict(X) == labels).mean() > 0.98


def test_several_columns_of_classes_are_refused_by_name():
    with pytest.raises(ValueError, match="MultiOutputClassifier fits") as refused:
        classifier().fit(X, np.column_stack([Y, Y]))
    assert len(str(refused.value)) < 200


def test_none_is_no_scaling():
    plain = classifier(scaling="none", max_iter=1).fit(X, Y)
    assert classifier(scaling=None, max_iter=1).fit(X, Y).model_.to_bytes() == \
        plain.model_.to_bytes()
    x, y = load_diabetes(return_X_y=True)
    values = [RunnelRegressor((4,), max_iter=1, random_state=0, target_scaling=none).fit(x, y)
              .predict(x) for none in (None, "none")]
    assert np.array_equal(*values)


def test_regressor_answers_in_the_units_of_the_targets():
    x, y = load_diabetes(return_X_y=True)
    model = RunnelRegressor((30,), max_iter=60, random_state=0,
                            learning_rate_init=0.01).fit(x, y * 1e6 + 1e9)
    assert model.score(x, y * 1e6 + 1e9) > 0.5
    two = RunnelRegressor((30,), max_iter=20, random_state=0).fit(x, np.stack([y, -y], axis=1))
    assert two.predict(x).shape == (442, 2) and two.n_outputs_ == 2


def test_names_of_layers_normalization_and_presets():
    model = classifier(batch_normalization="before", dropout=0.1, activation="logistic").fit(X, Y)
    assert "batch_normalization_1.gamma" in model.model_.parameters
    after = RunnelClassifier((20, 10), ["elu", "tanh"], batch_normalization="after",
                             dropout=[0, 0.2], max_iter=3, random_state=0).fit(X, Y)
    assert len(after.coefs_) == 3
    preset = RunnelClassifier((30, 30), preset="self_normalizing", max_iter=40, random_state=0)
    assert preset.fit(X, Y, X_val=X, y_val=Y).score(X, Y) > 0.9
    whole = RunnelClassifier(config={
        "model": [{"dense": {"units": 10, "activation": "softmax"}}],
        "training": {"loss": "sparse_categorical_crossentropy", "optimizer": "adam", "epochs": 2}})
    assert whole.fit(X, Y).n_iter_ == 2
    for wrong, words in [({"activation": "rleu"}, "relu"), ({"optimizer": "adm"}, "adam"),
                         ({"max_iter": 0}, "max_iter"), ({"max_iter": "5"}, "max_iter"),
                         ({"alpha": "x"}, "alpha: expected a number"),
                         ({"learning_rate_init": "fast"}, "or 'auto', got 'fast'"),
                         ({"dropout": [1, 2, 3]}, "dropout"),
                         ({"batch_normalization": "behind"}, "batch_normalization")]:
        with pytest.raises(ValueError, match=words):
            classifier(**wrong).fit(X, Y)
    with pytest.raises(ValueError, match="both X_val and y_val"):
        classifier().fit(X, Y, X_val=X)
    searched = classifier(learning_rate_init="auto", max_iter=1).fit(X, Y).model_
    assert "learning_rate: auto" in searched.config_text


@pytest.mark.parametrize("parameter, values", [
    ("hidden_layer_sizes", [(4, None), (np.inf,), (np.nan,), "5", (2.5,), 0, "", b"ab", {4: 4}]),
    ("learning_rate_init", [None, np.inf, [0.1], 0, -1, "x"]),
    ("activation", [None, 0, "", {}, False, -1, 0.5, [None], np.array(["relu", "tanh"])]),
    ("momentum", ["0.9", "x", None]), ("beta_1", [None, "0.9"]), ("beta_2", [None, 1j]),
    ("epsilon", [None, 10**400]), ("tol", [None, "0", np.nan, -1, np.inf]),
    ("alpha", [None, np.nan, -1]), ("batch_size", [None, "many", 0, 1.5, np.inf]),
    ("n_iter_no_change", ["5", None, np.nan, -1, 0, 0.5]),
    ("max_iter", [None, "5", np.inf]), ("validation_fraction", [None, "0.1", 0, 1, np.nan]),
    ("n_jobs", ["2", 1.5, np.inf, 0]), ("dropout", ["x", None, [0.1, 0.2], np.nan, -1, 1.5]),
    ("random_state", ["x", 0.5, -1]), ("optimizer", [None, ["sgd"]]),
    ("shuffle", [None, 1, "no"]), ("warm_start", [None, 0]), ("early_stopping", [None, "False"]),
    ("nesterovs_momentum", [None, 1]), ("verbose", [None, "yes", -1, 0.5]),
    ("batch_normalization", [None, 0, 1, "", []]), ("checkpoint", ["", 3, ["a"]]),
])
def test_wrong_types_are_named(parameter, values):
    for value in values:
        model = classifier(optimizer="sgd" if "momentum" in parameter else "adam")
        model.set_params(**{"n_iter_no_change": 3, parameter: value})
        with pytest.raises(runnel.ConfigError, match=parameter):
            model.fit(X, Y)


def test_values_of_numpy_are_taken():
    model = classifier(shuffle=np.True_, early_stopping=np.False_, verbose=np.False_, max_iter=2,
                       batch_normalization=np.False_, activation=np.str_("relu"))
    same = classifier(max_iter=2).fit(X, Y)
    assert (model.fit(X, Y).predict_proba(X) == same.predict_proba(X)).all()
    for threads in (-1, 1.5, "2", None):
        with pytest.raises(runnel.ConfigError, match="^threads: expected"):
            same.model_.predict(X, threads=threads)


def test_wrong_types_are_named_by_partial_fit():
    for parameter, value in [("tol", None), ("n_iter_no_change", "5"), ("n_jobs", "2")]:
        with pytest.raises(runnel.ConfigError, match=parameter):
            classifier(**{parameter: value}).partial_fit(X, Y)


def test_categorical_columns_of_frames():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    generator = np.random.default_rng(0)
    town = generator.choice(["Bern", "Chur", "Genf"], 300)
    size = generator.normal(100, 20, 300)
    price = size * 3 + np.where(town == "Genf", 200, 0)
    frame = pandas.DataFrame({"town": pandas.Categorical(town), "size": size})
    model = RunnelRegressor((20,), max_iter=100, random_state=0).fit(frame, price)
    assert list(model.feature_names_in_) == ["town", "size"] and model.n_features_in_ == 2
    assert model.score(frame, price) > 0.95
    texts = frame.astype({"town": str})
    same = RunnelRegressor((20,), max_iter=100, random_state=0).fit(texts, price)
    assert (same.predict(texts) == model.predict(frame)).all()
    with pytest.raises(ValueError, match="row 1: column 'town'.*'Basel'"):
        model.predict(pandas.DataFrame({"town": ["Bern", "Basel"], "size": [1.0, 2.0]}))
    polars = pytest.importorskip("polars")
    other = polars.DataFrame({"town": town, "size": size}, schema_overrides={
        "town": polars.Categorical})
    assert (RunnelRegressor((20,), max_iter=100, random_state=0).fit(other, price).predict(other)
            == model.predict(frame)).all()


def test_scikit_learn_s_tools():
    assert cross_val_score(classifier(max_iter=20), X, Y, cv=3).mean() > 0.85
    search = GridSearchCV(classifier(), {"alpha": [1e-4, 1.0]}, cv=2, n_jobs=2).fit(X, Y)
    alone = GridSearchCV(classifier(), {"alpha": [1e-4, 1.0]}, cv=2).fit(X, Y)
    assert (search.cv_results_["mean_test_score"] == alone.cv_results_["mean_test_score"]).all()
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:, :3], columns=["a", "b", "c"]).assign(k=np.where(Y > 4, "x", "y"))
    columns = ColumnTransformer([("n", StandardScaler(), ["a", "b", "c"]),
                                 ("k", OneHotEncoder(), ["k"])])
    assert make_pipeline(columns, classifier()).fit(frame, Y > 4).score(frame, Y > 4) > 0.95
    p = CalibratedClassifierCV(classifier(), cv=2).fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_fork_is_no_danger():
    import joblib
    with joblib.parallel_backend("multiprocessing"):
        search = GridSearchCV(classifier(), {"alpha": [1e-4, 1.0]}, cv=2, n_jobs=2).fit(X, Y)
    alone = GridSearchCV(classifier(), {"alpha": [1e-4, 1.0]}, cv=2).fit(X, Y)
    assert (search.cv_results_["mean_test_score"] == alone.cv_results_["mean_test_score"]).all()


def test_threads_train_at_the_same_time():
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: classifier().fit(X, Y).model_.to_bytes(), range(4)))
    assert found == {classifier().fit(X, Y).model_.to_bytes()}


def test_threadpool_limits_are_kept():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    told = []
    config = {"model": [{"dense": {"units": 400, "activation": "relu"}}, {"dense": 1}],
              "training": {"loss": "mean_squared_error", "optimizer": "adam", "batch_size": 256}}
    data = runnel.Data(X, Y.astype(np.float32))
    with threadpoolctl.threadpool_limits(1):
        runnel.train(runnel.Model(config, data), data, on_log=lambda level, text: told.append(text))
    assert any(text.startswith("1 worker;") for text in told), told


def test_pickle_to_another_process(tmp_path):
    model = classifier().fit(X, Y)
    with open(tmp_path / "m.pickle", "wb") as file:
        pickle.dump((model, X[:50], model.predict_proba(X[:50])), file)
    script = ("import pickle, sys\nm, x, p = pickle.load(open(sys.argv[1], 'rb'))\n"
              "assert (m.predict_proba(x) == p).all()")
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "m.pickle")], check=True,
                   env=os.environ)


def test_warnings_that_are_errors_leave_the_fit():
    for name in ("fit", "partial_fit"):
        model = classifier(scaling="none", verbose=name == "partial_fit")
        with pytest.warns(UserWarning, match="nothing scales") as told:
            getattr(model, name)(X * 1000, Y)
        assert {w.filename for w in told} == {__file__}
        del model.model_
        with warnings.catch_warnings(), pytest.raises(UserWarning, match="nothing scales"):
            warnings.simplefilter("error")
            getattr(model, name)(X * 1000, Y)
        assert model.score(X * 1000, Y) > 0 and len(model.history_["loss"]) == model.n_iter_


def test_columns_of_arrays_are_looked_at():
    leak = np.column_stack([X[:, 2:5], Y > 4])
    with pytest.warns(UserWarning, match="training rows: input number 3 says in every row what"):
        classifier().fit(leak, Y > 4)
    told = []
    same = np.column_stack([X[:, 2:5], np.ones(len(X)), np.zeros(len(X))])
    data = runnel.Data(same, Y)
    net = {"data": {"scaling": "range"}, "model": [{"dense": {"units": 10, "activation": "softmax"}}],
           "training": {"loss": "sparse_categorical_crossentropy", "optimizer": "adam"}}
    runnel.train(runnel.Model(net, data), data, on_log=lambda level, text: told.append(text))
    assert any("input number 3 and 1 other are the same in every row" in text for text in told)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "training rows")
        classifier().fit(same, Y)
        RunnelRegressor((4,), max_iter=2).fit(np.zeros((12, 64)), np.zeros(12))


def test_a_batch_size_beyond_the_rows_is_told():
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "batch_size")
        classifier().fit(X[:90], Y[:90])
        classifier(early_stopping=True).fit(X[:90], Y[:90])
        classifier(early_stopping=True, batch_size=90).fit(X[:90], Y[:90])
        classifier(batch_size=100).partial_fit(X[:90], Y[:90], np.unique(Y))
    with pytest.warns(UserWarning, match="batch_size: 91 is more than there are training rows: a "
                                         "mini-batch has all 90") as told:
        classifier(batch_size=91).fit(X[:90], Y[:90])
    assert [w.filename for w in told if "batch_size" in str(w.message)] == [__file__]
    with pytest.warns(UserWarning, match="batch_size: 91 .* has all 81$"):
        classifier(batch_size=91, early_stopping=True).fit(X[:90], Y[:90])


def test_errors_of_training_pass_warnings_that_are_errors():
    model = classifier(scaling="none", optimizer="sgd", learning_rate_init=1e6,
                       activation="identity")
    with warnings.catch_warnings(), pytest.raises(runnel.NotFiniteError):
        warnings.simplefilter("error")
        model.fit(X * 1000, Y)
    with pytest.warns(UserWarning, match="nothing scales") as told, \
            pytest.raises(runnel.NotFiniteError):
        model.fit(X * 1000, Y)
    assert told[0].filename == __file__


def test_counts_are_exact():
    assert classifier(random_state=2**53, max_iter=1).fit(X, Y).seed_ == 2**53
    for seed in (2**53 + 1, 2**63 - 1, np.int64(2**62 + 1)):
        with pytest.raises(runnel.ConfigError, match=f"got '{seed}'"):
            classifier(random_state=seed).fit(X, Y)
