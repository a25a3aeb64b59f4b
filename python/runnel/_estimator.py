"""What classifier and regressor share: parameters, inputs, training, history."""

from __future__ import annotations

import math
import numbers
import os
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import (_check_feature_names, _check_n_features,
                                      _check_sample_weight, check_array, check_consistent_length,
                                      check_is_fitted, validate_data)

from . import core
from ._configuration import (Problem, categorical_of, configuration, hidden_sizes, number,
                             patience_of, truth, whole)
from ._frames import gives_stream, is_frame, refuse_mixed
from ._training import Warned
from .errors import ConfigError, Stopped

PARAMETERS = """
    Parameters that scikit-learn's MLP has mean what they mean there:

    hidden_layer_sizes : units of each hidden layer; default (100,).
    activation : 'relu', 'logistic', 'tanh', 'identity', or any of `runnel.help('activation')`;
        one for all hidden layers, or a list.
    alpha : l2 penalty, whose gradient is alpha * w / rows of the mini-batch; default 1e-4.
    batch_size : rows of a step; 'auto' is min(200, rows).
    learning_rate_init : a number, or 'auto': what `runnel.find_learning_rate` suggests, which is
        looked for before the first step.
    momentum, nesterovs_momentum, beta_1, beta_2, epsilon : of the optimizer.
    max_iter : epochs at most.
    shuffle, random_state, tol, verbose, warm_start, early_stopping, validation_fraction,
    n_iter_no_change : as there; `warm_start` also keeps the optimizer's state, unless
        early_stopping went back to the weights of an earlier epoch.

    Runnel's own:

    optimizer : 'adam', 'sgd', 'adamw', ..., or a mapping such as {'rmsprop': {'rho': 0.9}}.
    schedule : a learning-rate schedule, such as {'one_cycle': {'max_rate': 0.01}}.
    loss : 'auto', or any of `runnel.help('loss')`; 'poisson' of counts, whose targets are not scaled
        and whose output is an exponential; {'quantile': {'quantiles': [0.1, 0.5, 0.9]}}, an output
        each, for a single target (regressor).
    preset : 'default_dnn' or 'self_normalizing' gives activation, initializer, optimizer, schedule
        and early stopping where these parameters stand at their defaults; 'tabular' hidden layers,
        scaling, mini-batches and categorical='auto', too, and expects max_iter=256.
    kernel_initializer : of hidden layers; 'auto' is 'glorot_uniform' for the activations of
        scikit-learn's MLP, for others what suits them ('he_normal' for elu, 'lecun_normal' for
        selu).
    batch_normalization : False, True or 'before' (the activation), 'after'.
    dropout : share that is dropped behind each hidden layer, or a list; behind selu alpha_dropout.
    class_weight : None, 'balanced', or factors by class (classifier).
    scaling : of the inputs: 'standardize', 'range', 'robust'; 'none' or None.
    target_scaling : of the targets: 'standardize'; 'none' or None (regressor).
    precision : 'float32' or 'mixed_bfloat16'.
    missing : what becomes of rows of a frame where a value is missing: 'error', 'drop' (in
        prediction an error), or 'fill' by the mean or the most frequent category.
    categorical : None: columns of texts and categories are an input of 0 or 1 for each category;
        'auto': two categories are one input of -1 and 1, a missing one is 0 under missing='fill',
        and more than one_hot_max are refused.
    unseen : what a category becomes that the training rows do not have: 'error', 'missing', none
        (all of its column's inputs are 0), or 'rare', one of those.
    rare : categories of a frame that fewer rows have share an input of their column; rows of
        validation_fraction count, too.
    n_jobs : workers, -1 one for each processor; None: as many as are foreseen to be fastest within
        what OMP_NUM_THREADS, threadpool_limits, affinity and control groups leave.  No weight
        depends on it.
    checkpoint : path of a checkpoint, which also a fit that is stopped by Ctrl-C leaves.
    config : a whole configuration (mapping, YAML text, pathlib.Path of a file, `runnel.Config`) in
        place of the above.

    Attributes
    ----------
    n_features_in_, feature_names_in_, n_iter_, loss_, best_loss_, loss_curve_ : as scikit-learn's.
    history_ : figures of each epoch: a dict of lists by name, as history.csv has them.
    model_ : the `runnel.Model`; coefs_, intercepts_ : copies of its weights and biases.
    validation_scores_, best_validation_score_ : with early_stopping, which has no best_loss_.
    t_ : steps done.
    """


class RunnelEstimator(BaseEstimator):
    """What classifier and regressor share."""

    def __init__(self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
                 optimizer: Any = "adam", alpha: float = 1e-4, batch_size: Any = "auto",
                 learning_rate_init: float | str = 1e-3, schedule: Any = None, max_iter: int = 200,
                 shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
                 verbose: Any = False, warm_start: bool = False, momentum: float = 0.9,
                 nesterovs_momentum: bool = True, early_stopping: bool = False,
                 validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
                 epsilon: float = 1e-8, n_iter_no_change: int = 10, loss: str = "auto",
                 preset: Any = None, kernel_initializer: Any = "auto",
                 batch_normalization: Any = False, dropout: Any = 0.0,
                 scaling: Any = "standardize", precision: str = "float32",
                 missing: str = "error", categorical: str | None = None,
                 one_hot_max: int = 9, unseen: str = "error", rare: int = 0,
                 n_jobs: int | None = None, checkpoint: Any = None,
                 config: Any = None) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.schedule = schedule
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.loss = loss
        self.preset = preset
        self.kernel_initializer = kernel_initializer
        self.batch_normalization = batch_normalization
        self.dropout = dropout
        self.scaling = scaling
        self.precision = precision
        self.missing = missing
        self.categorical = categorical
        self.one_hot_max = one_hot_max
        self.unseen = unseen
        self.rare = rare
        self.n_jobs = n_jobs
        self.checkpoint = checkpoint
        self.config = config

    _least_validation = 1  # rows of which a score can be computed

    # ---- what the two kinds say ---------------------------------------------------------------

    def _problem(self, y: np.ndarray) -> Problem:
        raise NotImplementedError

    def _take_targets(self, y: Any, classes: Any, fresh: bool) -> np.ndarray:
        """Checks the targets, learns the classes, and returns what the library is given."""
        raise NotImplementedError

    def _check_again(self, y: Any) -> None:
        """Looks at the targets of another fit with warm_start."""

    def _encode(self, y: Any) -> np.ndarray:
        """Targets of validation rows, by what is known."""
        raise NotImplementedError

    # ---- inputs -------------------------------------------------------------------------------

    def _inputs(self, X: Any, y: Any = "no", *, reset: bool) -> Any:
        """Arrays of numbers stay as they are, in their order and type; frames become numbers."""
        if is_frame(X) and gives_stream(X):
            return self._frame(X, y, reset)
        if hasattr(X, "__dlpack__") and not isinstance(X, np.ndarray) and not is_frame(X):
            X = core.as_array(X)
        if getattr(X, "dtype", None) == object and X.ndim == 2:
            for column in range(X.shape[1]):
                refuse_mixed(X[:, column], f"column {column}")
        if isinstance(y, str):
            return validate_data(self, X, dtype="numeric", reset=reset)
        return validate_data(self, X, y, dtype="numeric", multi_output=True, reset=reset)

    def _frame(self, X: Any, y: Any, reset: bool) -> Any:
        """Frames go to the library as they are, by their Arrow stream."""
        _check_feature_names(self, X, reset=reset)
        _check_n_features(self, X, reset=reset)
        if len(X) == 0:
            raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 "
                             f"is required by {type(self).__name__}.")
        if isinstance(y, str):
            return X
        y = check_array(y, ensure_2d=False, dtype=None)
        check_consistent_length(X, y)
        return X, y

    def _threads(self) -> int:
        if self.n_jobs is None:
            return 0
        jobs = int(number("n_jobs", self.n_jobs, "None or a whole number that is not 0",
                          lambda n: n.is_integer() and n != 0))
        return jobs if jobs >= 0 else max(1, len(os.sched_getaffinity(0)) + 1 + jobs)

    def _check_parameters(self) -> None:
        whole("max_iter", self.max_iter)
        number("validation_fraction", self.validation_fraction, "a number between 0 and 1",
               lambda n: 0 < n < 1)
        number("alpha", self.alpha, "a number from 0", lambda n: 0 <= n < math.inf)
        number("tol", self.tol, "a number from 0", lambda n: 0 <= n < math.inf)
        for name in ("shuffle", "warm_start", "early_stopping"):
            truth(name, getattr(self, name))
        if not isinstance(self.verbose, np.bool_):
            whole("verbose", self.verbose, "True, False or a whole number from 0", 0)
        patience_of(self)
        self._threads()
        if self.checkpoint is not None and (
                not self.checkpoint or not isinstance(self.checkpoint, (str, bytes, os.PathLike))):
            raise ConfigError(f"checkpoint: expected None or a path, got {self.checkpoint!r}")

    # ---- training -----------------------------------------------------------------------------

    def _seed(self) -> int:
        if isinstance(self.random_state, numbers.Integral):
            return whole("random_state", self.random_state, "a whole number from 0", 0)
        try:
            return int(check_random_state(self.random_state).randint(2**31 - 1))
        except ValueError as e:
            raise ConfigError(f"random_state: {e}") from None

    def _make_config(self, problem: Problem, rows: int, epochs: int, done: int, validation: Any,
                     validated: bool, stopping: bool) -> core.Config:
        if self.config is not None:
            return self.config if isinstance(self.config, core.Config) else core.Config(self.config)
        made = configuration(self, problem, rows=rows, seed=self.seed_, epochs=epochs + done,
                             done=done, validation=validation, validated=validated,
                             stopping=stopping)
        return core.Config(made, name=type(self).__name__)

    def _split(self, X_val: Any) -> Any:
        """validation_split of the configuration, where early stopping needs one."""
        if not self.early_stopping or X_val is not None or self.config is not None:
            return None
        kind = "stratified" if self._can_stratify() else "random"
        return {kind: float(self.validation_fraction)}

    def _can_stratify(self) -> bool:
        return False

    def _train(self, X: Any, y: np.ndarray, weights: Any, X_val: Any = None, y_val: Any = None,
               *, incremental: bool, fresh: bool) -> None:
        problem = self._problem(y)
        if fresh:
            self.seed_ = self._seed()
            self._begin_curves()
        earlier = None if fresh else self.model_
        done = 0 if fresh else self._epochs_done
        split = None if incremental else self._split(X_val)
        validation = None
        if (X_val is None) != (y_val is None):
            raise ValueError("expected both X_val and y_val, or neither")
        if X_val is not None:
            validation = (self._inputs(X_val, reset=False), self._encode(y_val))
        stopping = not incremental
        keeps = (incremental or self.warm_start) and not self.early_stopping \
            and self.config is None and self.preset is None
        epochs = 1 if incremental else int(self.max_iter)
        validated = split is not None or validation is not None

        def config_for(rows: int) -> core.Config:
            return self._make_config(problem, rows, epochs, done, split, validated, stopping)

        config = config_for(len(X))
        data = core.Data(X, y, weights, validation=validation, config=config,
                         classes=y.dtype == np.int32, after=earlier if is_frame(X) else None,
                         missing=self.missing, categorical=categorical_of(self))
        if split is not None and data.rows(core.VALIDATION) < self._least_validation:
            raise ValueError("The validation set is too small. Increase 'validation_fraction' or "
                             "the size of your dataset.")
        rows = data.rows(core.TRAIN)
        kept = rows + (data.rows(core.VALIDATION) if split is not None else 0)
        if kept < len(X):  # what is missing has dropped the others
            config = config_for(kept)
        model = core.Model(config, data)
        if earlier is not None:
            model.start_from(earlier, keep_optimizer=True)
        with Warned(stacklevel=5 if incremental else 4) as warned:
            if self.config is None and self.batch_size != "auto" and not incremental \
                    and self.batch_size > kept:
                warned.items.append((UserWarning, f"batch_size: {self.batch_size} is more than "
                                     f"there are training rows: a mini-batch has all {rows}"))
            self._run(model, data, epochs + done, keeps, incremental, warned)
            self.model_ = model

    def _run(self, model: core.Model, data: core.Data, last: int, keeps: bool,
             incremental: bool, warned: Warned) -> None:
        """Trains and takes the history."""
        seen: list[core.Progress] = []
        tells = self.verbose or not incremental
        best = [np.inf, 0]

        def each(p: core.Progress) -> Any:
            seen.append(p)
            if not keeps:
                return None
            # The model that stops here keeps the optimizer's state; one that ends does not.
            loss = p.figures.get("loss", np.inf)
            best[1] = 0 if loss <= best[0] - self.tol else best[1] + 1
            best[0] = min(best[0], loss)
            return not (p.epoch >= last or (not incremental and best[1] > self.n_iter_no_change))

        try:
            core.train(model, data, threads=self._threads(), checkpoint=self.checkpoint,
                       on_epoch=each, progress=bool(self.verbose),
                       on_log=warned.log if tells else lambda level, text: None)
        except Stopped:
            if not keeps:
                raise
        self._take_history(seen, incremental)
        if not incremental and len(seen) == self.max_iter and self.max_iter > 1 \
                and self.config is None and self.preset is None and not self.early_stopping:
            warned.items.append((ConvergenceWarning, f"{self.max_iter} epochs (max_iter) were "
                                 "trained, and the loss still falls"))

    def _begin_curves(self) -> None:
        self.history_: dict[str, list[float]] = {}
        self._epochs_done = 0
        self.n_iter_ = 0
        self.t_ = 0
        self.loss_curve_: list[float] = []
        self.best_loss_ = np.inf

    def _take_history(self, seen: list[core.Progress], incremental: bool) -> None:
        if not incremental and self._epochs_done:
            self.n_iter_ = 0
        for p in seen:
            for name, value in p.figures.items():
                self.history_.setdefault(name, []).append(value)
        self._epochs_done += len(seen)
        self.n_iter_ += len(seen)
        self.t_ += seen[-1].step if seen else 0
        self.loss_curve_ = self.history_.get("loss", [])
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_, default=np.inf)
        self.n_layers_ = len(self.model_sizes_) + 2 if hasattr(self, "model_sizes_") else 0
        scores = self.history_.get("val_accuracy", self.history_.get("val_r2_score"))
        self.validation_scores_ = scores if self.early_stopping else None
        self.best_validation_score_ = max(scores) if self.early_stopping and scores else None

    def _check_rows(self, X: Any, y: Any, sample_weight: Any, fresh: bool,
                    classes: Any = None, again: bool = False) -> tuple[Any, np.ndarray, Any]:
        X, y = self._inputs(X, y, reset=fresh)
        if again:
            self._check_again(y)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        encoded = self._take_targets(y, classes, fresh)
        weights = self._weigh(y, weights)
        if weights is not None:
            total = float(np.sum(weights))
            if total <= 0:
                raise ValueError("sample_weight: expected a sum above 0: all rows weigh nothing")
            weights = np.asarray(weights * (len(weights) / total), np.float32)
        return X, encoded, weights

    def _weigh(self, y: Any, weights: Any) -> Any:
        return weights

    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None,
            y_val: Any = None) -> Any:
        """Trains.

        X : (rows, features) array of numbers, a torch tensor, or a frame; float32, float64 and
            uint8 in C order are not copied, others only within the library.
        y : (rows,) classes or values, or (rows, outputs).
        sample_weight : (rows,) factors of the rows' losses, by their mean.
        X_val, y_val : rows to validate on after each epoch; with early_stopping they are what is
            looked at, else a validation_fraction of the rows is.

        Raises `ConfigError` (a ValueError) for a parameter, `DataError` (a ValueError) for rows,
        `NotFiniteError` where training diverges.  Ctrl-C raises KeyboardInterrupt after the step.
        """
        self._check_parameters()
        fresh = not (self.warm_start and hasattr(self, "model_"))
        X, encoded, weights = self._check_rows(X, y, sample_weight, fresh, again=not fresh)
        self.model_sizes_ = hidden_sizes(self)
        self._train(X, encoded, weights, X_val, y_val, incremental=False, fresh=fresh)
        return self

    def _partial(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> Any:
        self._check_parameters()
        if self.early_stopping:
            raise ValueError("early_stopping is not supported with partial_fit")
        fresh = not hasattr(self, "model_")
        X, encoded, weights = self._check_rows(X, y, sample_weight, fresh, classes)
        self.model_sizes_ = hidden_sizes(self)
        self._train(X, encoded, weights, incremental=True, fresh=fresh)
        return self

    # ---- prediction ---------------------------------------------------------------------------

    def _values(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "model_")
        X = self._inputs(X, reset=False)
        return self.model_.predict(X, threads=self._threads(), missing=self.missing).values

    def _tensors(self, suffix: str) -> list[np.ndarray]:
        check_is_fitted(self, "model_")
        parameters = self.model_.parameters
        return [parameters[name] for name in parameters if name.endswith(suffix)]

    @property
    def coefs_(self) -> list[np.ndarray]:
        """(fan_in, units) of each dense layer, for inputs as `scaling` makes them."""
        return self._tensors(".kernel")

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """(units,) of each dense layer."""
        return self._tensors(".bias")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")
