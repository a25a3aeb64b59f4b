"""scikit-learn estimators on Runnel's engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d

from ._configuration import QUANTILE_NAMES, Problem
from ._estimator import PARAMETERS, RunnelEstimator
from .errors import ConfigError


class RunnelClassifier(ClassifierMixin, RunnelEstimator):
    __doc__ = ("""A classifier: two classes, several, or several labels of a row at once.
    """ + PARAMETERS + """classes_ : (classes,) labels.
    """)

    def __init__(self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
                 optimizer: Any = "adam", alpha: float = 1e-4, batch_size: Any = "auto",
                 learning_rate_init: float | str = 1e-3, schedule: Any = None, max_iter: int = 200,
                 shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
                 verbose: Any = False, warm_start: bool = False, momentum: float = 0.9,
                 nesterovs_momentum: bool = True, early_stopping: bool = False,
                 validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
                 epsilon: float = 1e-8, n_iter_no_change: int = 10, loss: Any = "auto",
                 preset: Any = None, kernel_initializer: Any = "auto",
                 batch_normalization: Any = False, dropout: Any = 0.0, class_weight: Any = None,
                 scaling: Any = "standardize", precision: str = "float32",
                 missing: str = "error", categorical: str | None = None,
                 one_hot_max: int = 9, unseen: str = "error", rare: int = 0,
                 n_jobs: int | None = None, checkpoint: Any = None,
                 config: Any = None) -> None:
        super().__init__(
            hidden_layer_sizes, activation, optimizer=optimizer, alpha=alpha,
            batch_size=batch_size, learning_rate_init=learning_rate_init, schedule=schedule,
            max_iter=max_iter, shuffle=shuffle, random_state=random_state, tol=tol,
            verbose=verbose, warm_start=warm_start, momentum=momentum,
            nesterovs_momentum=nesterovs_momentum, early_stopping=early_stopping,
            validation_fraction=validation_fraction, beta_1=beta_1, beta_2=beta_2,
            epsilon=epsilon, n_iter_no_change=n_iter_no_change, loss=loss, preset=preset,
            kernel_initializer=kernel_initializer, batch_normalization=batch_normalization,
            dropout=dropout, scaling=scaling, precision=precision,
            missing=missing, categorical=categorical, one_hot_max=one_hot_max, unseen=unseen,
            rare=rare, n_jobs=n_jobs, checkpoint=checkpoint, config=config)
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _learn_classes(self, y: np.ndarray, classes: Any, fresh: bool) -> None:
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError("y: expected a class of each row, or labels of 0 and 1, got several "
                             "columns of classes; sklearn.multioutput.MultiOutputClassifier fits "
                             "a classifier for each")
        multilabel = kind == "multilabel-indicator"
        if fresh:
            self._multilabel = multilabel
            if classes is not None:
                self.classes_ = unique_labels(classes)
            else:
                self.classes_ = np.arange(y.shape[1]) if multilabel else unique_labels(y)
        elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise ValueError(f"`classes={classes!r}` is not the same as on last call to "
                             f"partial_fit, was: {self.classes_!r}")

    def _take_targets(self, y: Any, classes: Any, fresh: bool) -> np.ndarray:
        if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._learn_classes(y, classes, fresh)
        return self._encode(y)

    def _check_again(self, y: Any) -> None:
        if not self._multilabel and not np.array_equal(unique_labels(y), self.classes_):
            raise ValueError("warm_start can only be used where `y` has the same classes as in the "
                             f"previous call to fit. Previously got {self.classes_}, `y` has "
                             f"{unique_labels(y)}")

    def _encode(self, y: Any) -> np.ndarray:
        y = np.asarray(y)
        if self._multilabel:
            return np.ascontiguousarray(y, np.float32)
        y = column_or_1d(y)
        unknown = np.setdiff1d(np.unique(y), self.classes_)
        if len(unknown):
            raise ValueError(f"y: expected the classes {self.classes_.tolist()}, got "
                             f"{unknown.tolist()}")
        return np.searchsorted(self.classes_, y).astype(np.int32)

    def _problem(self, y: np.ndarray) -> Problem:
        if self._multilabel:
            return Problem(y.shape[1], "sigmoid", "binary_crossentropy", "accuracy")
        if len(self.classes_) <= 2:
            return Problem(1, "sigmoid", "binary_crossentropy", "accuracy")
        return Problem(len(self.classes_), "softmax", "sparse_categorical_crossentropy", "accuracy")

    def _can_stratify(self) -> bool:
        return not self._multilabel

    def _weigh(self, y: Any, weights: Any) -> Any:
        if self.class_weight is None:
            return weights
        factors = compute_sample_weight(self.class_weight, y)
        return factors if weights is None else factors * weights

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """One epoch over the rows, which goes on from the last one, optimizer included.  The first
        call measures the scaling, and names all classes where its rows do not have them all."""
        return self._partial(X, y, classes, sample_weight)

    def predict_proba(self, X: Any) -> np.ndarray:
        """(rows, classes) probabilities, in the order of `classes_`."""
        p = np.asarray(self._values(X), np.float64)
        if self._multilabel:
            return p
        if len(self.classes_) == 1:
            return np.ones((len(p), 1))
        if p.shape[1] == 1:
            return np.hstack([1 - p, p])
        return p / p.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Their logarithms."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """(rows,) labels; (rows, labels) of 0 and 1 where rows have several."""
        p = self.predict_proba(X)
        if self._multilabel:
            return (p > 0.5).astype(int)
        return self.classes_[p.argmax(axis=1)]


def _quantiles_of(settings: Any) -> list[float]:
    found = settings.get("quantiles", [0.1, 0.5, 0.9]) if isinstance(settings, dict) else None
    if not isinstance(found, (list, tuple, np.ndarray)) or len(found) == 0:
        raise ConfigError("loss: expected quantiles as {'quantile': {'quantiles': [0.1, 0.5, "
                          f"0.9]}}}}, got {settings!r}")
    return list(found)


class RunnelRegressor(RegressorMixin, RunnelEstimator):
    __doc__ = ("""A regressor of one value or several.
    """ + PARAMETERS)

    def __init__(self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
                 optimizer: Any = "adam", alpha: float = 1e-4, batch_size: Any = "auto",
                 learning_rate_init: float | str = 1e-3, schedule: Any = None, max_iter: int = 200,
                 shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
                 verbose: Any = False, warm_start: bool = False, momentum: float = 0.9,
                 nesterovs_momentum: bool = True, early_stopping: bool = False,
                 validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
                 epsilon: float = 1e-8, n_iter_no_change: int = 10, loss: Any = "auto",
                 preset: Any = None, kernel_initializer: Any = "auto",
                 batch_normalization: Any = False, dropout: Any = 0.0,
                 scaling: Any = "standardize", target_scaling: Any = "standardize",
                 precision: str = "float32", missing: str = "error", categorical: str | None = None,
                 one_hot_max: int = 9, unseen: str = "error", rare: int = 0,
                 n_jobs: int | None = None, checkpoint: Any = None,
                 config: Any = None) -> None:
        super().__init__(
            hidden_layer_sizes, activation, optimizer=optimizer, alpha=alpha,
            batch_size=batch_size, learning_rate_init=learning_rate_init, schedule=schedule,
            max_iter=max_iter, shuffle=shuffle, random_state=random_state, tol=tol,
            verbose=verbose, warm_start=warm_start, momentum=momentum,
            nesterovs_momentum=nesterovs_momentum, early_stopping=early_stopping,
            validation_fraction=validation_fraction, beta_1=beta_1, beta_2=beta_2,
            epsilon=epsilon, n_iter_no_change=n_iter_no_change, loss=loss, preset=preset,
            kernel_initializer=kernel_initializer, batch_normalization=batch_normalization,
            dropout=dropout, scaling=scaling, precision=precision,
            missing=missing, categorical=categorical, one_hot_max=one_hot_max, unseen=unseen,
            rare=rare, n_jobs=n_jobs, checkpoint=checkpoint, config=config)
        self.target_scaling = target_scaling

    _least_validation = 2  # of one row, r2 is not defined

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _take_targets(self, y: Any, classes: Any, fresh: bool) -> np.ndarray:
        if fresh:
            self._one_column = np.ndim(y) == 1
            self.n_outputs_ = 1 if self._one_column else np.shape(y)[1]
        return self._encode(y)

    def _encode(self, y: Any) -> np.ndarray:
        y = check_array(y, ensure_2d=False, dtype=[np.float64, np.float32])
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _problem(self, y: np.ndarray) -> Problem:
        name, settings = self.loss, None
        if isinstance(name, dict) and len(name) == 1:
            (name, settings), = name.items()
        if name in QUANTILE_NAMES:
            quantiles = _quantiles_of({} if settings is None else settings)
            return Problem(len(quantiles), "linear", "quantile",
                           "r2_score" if 0.5 in quantiles else "")
        end = "exponential" if name == "poisson" else "linear"
        return Problem(y.shape[1], end, "mean_squared_error", "r2_score")

    def _quantiles(self) -> list[float] | None:
        """Those that the fitted model's outputs are, or None."""
        loss = self.model_.settings()["training"]["loss"]
        return loss["quantile"]["quantiles"] if "quantile" in loss else None

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """One epoch over the rows, which goes on from the last one, optimizer included.  The first
        call measures the scaling of inputs and targets."""
        return self._partial(X, y, None, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """(rows,) or (rows, outputs) values in the units of the targets; under loss quantile
        (rows, quantiles)."""
        values = self._values(X)
        return values[:, 0] if self._one_column and self._quantiles() is None else values

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2; under loss quantile that of the median."""
        check_is_fitted(self, "model_")
        quantiles = self._quantiles()
        if quantiles is None:
            return float(super().score(X, y, sample_weight))
        if 0.5 not in quantiles:
            raise ValueError("score compares the median, and the loss has no quantile 0.5")
        return float(r2_score(y, self.predict(X)[:, quantiles.index(0.5)],
                              sample_weight=sample_weight))
