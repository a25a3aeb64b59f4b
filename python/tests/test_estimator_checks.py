"""scikit-learn's own checks of estimators."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from runnel import RunnelClassifier, RunnelRegressor

FAILURES = {
    "check_sample_weight_equivalence_on_dense_data":
        "a repeated row is another row of another mini-batch, and of the scaling, as for "
        "MLPClassifier",
}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([RunnelClassifier(), RunnelRegressor()],
                         expected_failed_checks=lambda estimator: FAILURES)
def test_check(estimator, check):
    check(estimator)
