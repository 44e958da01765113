"""Exported numbers give what the fitted estimators give, to 1e-12, and need neither scikit-learn nor torch."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from credit_udfs.core import forms
from credit_udfs.errors import BadInput
from credit_udfs.methods.convert import from_sklearn


def made_up(classes: int, n: int = 150, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    x = random.normal(size=(n, k)) * np.array([1.0, 10.0, 0.1, 1e6, 1.0])[:k]
    score = x[:, 0] + x[:, 1] / 10 + random.normal(size=n)
    return x, np.searchsorted(np.quantile(score, np.arange(1, classes) / classes), score)


def svm(**options: Any) -> CalibratedClassifierCV:
    return CalibratedClassifierCV(SVC(**options), cv=3, ensemble=False)


ESTIMATORS = {
    "logistic": LogisticRegression(max_iter=5000),
    "discriminant": LinearDiscriminantAnalysis(),
    "network": MLPClassifier((6, 4), activation="tanh", solver="lbfgs", alpha=1.0, max_iter=5000, random_state=1),
    "rectified": MLPClassifier((6,), activation="relu", solver="lbfgs", alpha=1.0, max_iter=5000, random_state=1),
    "support vectors": svm(C=2.0),
    "forest": RandomForestClassifier(20, random_state=1),
    "extra trees": ExtraTreesClassifier(20, random_state=1),
    "boosting": GradientBoostingClassifier(n_estimators=20, random_state=1),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5, random_state=1),
    "vote": VotingClassifier(
        [("a", LogisticRegression(max_iter=5000)), ("b", RandomForestClassifier(5, random_state=1))],
        voting="soft",
        weights=[2.0, 1.0],
    ),
}


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_form_gives_scikit_learns_probabilities(name: str, classes: int) -> None:
    x, y = made_up(classes)
    x = StandardScaler().fit_transform(x)
    with threadpool_limits(1, "openmp"):  # a hundred rows are too few to share: threads would wait for each other
        fitted = ESTIMATORS[name].fit(x[:120], y[:120])
    exported = json.loads(json.dumps(from_sklearn(fitted)))
    mine, theirs = forms.evaluate(exported, x), fitted.predict_proba(x)
    assert np.abs(mine - theirs).max() < 1e-12
    assert np.ptp(mine[:, 0]) > 0.05  # a constant would agree with a broken fit as well


@pytest.mark.parametrize("classes", [2, 3])
def test_a_pipeline_is_a_chain_and_missing_values_take_the_median(classes: int) -> None:
    x, y = made_up(classes)
    x[::7, 1] = np.nan
    pipeline = make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), PCA(3), LogisticRegression(max_iter=5000)
    ).fit(x, y)
    exported = json.loads(json.dumps(from_sklearn(pipeline)))
    assert np.abs(forms.evaluate(exported, x) - pipeline.predict_proba(x)).max() < 1e-12


@pytest.mark.parametrize("classes", [2, 4])
def test_histogram_boosting_sends_missing_values_where_it_learnt_to(classes: int) -> None:
    x, y = made_up(classes)
    x[y == 0, 2] = np.nan
    with threadpool_limits(1, "openmp"):
        fitted = HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=5, random_state=1).fit(x, y)
    exported = json.loads(json.dumps(from_sklearn(fitted)))
    assert np.abs(forms.evaluate(exported, x) - fitted.predict_proba(x)).max() < 1e-12


def test_a_convolutional_network_gives_torchs_figures() -> None:
    torch = pytest.importorskip("torch", reason="the extra cnn isn't installed")
    random = np.random.default_rng(3)
    w1, w2 = random.normal(size=(4, 2, 3)), random.normal(size=(5, 4, 3))
    b1, b2 = random.normal(size=4), random.normal(size=5)
    w3, b3 = random.normal(size=(15, 3)), random.normal(size=3)
    form = {
        "form": "cnn",
        "channels": 2,
        "convolutions": [
            {"weights": w.tolist(), "bias": b.tolist(), "padding": 1, "activation": "relu", "pool": 2}
            for w, b in ((w1, b1), (w2, b2))
        ],
        "layers": [{"weights": w3.tolist(), "bias": b3.tolist(), "activation": "identity"}],
    }
    x = random.normal(size=(6, 2, 13))  # 13 // 2 // 2 = 3: pooling drops what doesn't fill a window
    functional, h = torch.nn.functional, torch.from_numpy(x)
    for w, b in ((w1, b1), (w2, b2)):
        inner = functional.conv1d(h, torch.from_numpy(w), torch.from_numpy(b), padding=1)
        h = functional.max_pool1d(torch.relu(inner), 2)
    z = functional.linear(h.flatten(1), torch.from_numpy(w3.T.copy()), torch.from_numpy(b3))
    theirs = torch.softmax(z, dim=1).numpy()
    assert np.abs(forms.evaluate(form, x.reshape(6, -1)) - theirs).max() < 1e-12


def test_support_vectors_score_many_rows_in_blocks() -> None:
    x, y = made_up(3)
    x = StandardScaler().fit_transform(x)
    exported = from_sklearn(svm().fit(x, y))
    many = np.tile(x, (60, 1))  # more than a block
    gap = forms.evaluate(exported, many) - np.tile(forms.evaluate(exported, x), (60, 1))
    assert np.abs(gap).max() < 1e-12
    assert forms.evaluate(exported, x[:0]).shape == (0, 3)


def test_proportional_odds_by_hand() -> None:
    form = {"form": "ordinal", "coefficients": [2.0], "thresholds": [-1.0, 0.5, 1.0]}
    p = forms.evaluate(form, np.array([[0.25]]))[0]
    cumulated = [1 / (1 + np.exp(1.5)), 0.5, 1 / (1 + np.exp(-0.5)), 1.0]
    assert p == pytest.approx(np.diff([0.0, *cumulated]), abs=1e-15)


def test_codes_prefer_the_nearest_and_spread_like_a_normal_error() -> None:
    layer = {"weights": [[1.0]], "bias": [0.0], "activation": "identity"}
    form = {"form": "codes", "layers": [layer], "codes": [4.0, 3.0, 2.0, 1.0], "spread": 0.5}
    p = forms.evaluate(form, np.array([[3.4], [0.0]]))
    assert p.argmax(axis=1).tolist() == [1, 3]
    assert p[0, 1] / p[0, 0] == pytest.approx(np.exp((0.6**2 - 0.4**2) / (2 * 0.5**2)))


def test_topsis_by_hand() -> None:
    form = {"form": "topsis", "norms": [5.0, 1.0], "weights": [0.36, 0.64], "best": [0.8, 1.0], "worst": [0.6, 0.0]}
    # normed (0.6, 1.0): D+ = sqrt(.36 * .04), D- = sqrt(.64)
    assert forms.evaluate(form, np.array([[3.0, 1.0]]))[0, 0] == pytest.approx(0.8 / 0.92)
    best_is_worst = {**form, "best": [0.6, 1.0], "worst": [0.6, 1.0]}
    assert forms.evaluate(best_is_worst, np.array([[3.0, 1.0]]))[0].tolist() == [0.5, 0.5]


def test_a_mixture_and_a_mean_add_up_their_parts() -> None:
    a = {"form": "constant", "probabilities": [0.2, 0.8]}
    b = {"form": "constant", "probabilities": [0.6, 0.4]}
    x = np.zeros((3, 1))
    mean = {"form": "mean", "weights": [1.0, 3.0], "members": [a, b]}
    assert forms.evaluate(mean, x)[2] == pytest.approx([0.5, 0.5])
    mixture = {"form": "mixture", "of": a, "shares": [[1.0, 0.0, 0.0], [0.25, 0.25, 0.5]]}
    assert forms.evaluate(mixture, x)[0] == pytest.approx([0.4, 0.2, 0.4])


LINEAR = {"form": "logistic", "coefficients": [[1.0, -2.0], [0.5, 0.0], [0.0, 3.0]], "intercept": [0.0, 1.0, -1.0]}
STEPS = [
    {"form": "impute", "values": [1.0, -1.0]},
    {"form": "signed_log", "unit": [10.0, 0.0]},
    {"form": "clip", "low": [-50.0, -1e6], "high": [50.0, 1e6]},
]


@given(arrays(np.float64, (4, 2), elements=st.floats(-1e12, 1e12) | st.just(np.nan)))
def test_probabilities_are_probabilities_for_any_numbers(x: np.ndarray) -> None:
    p = forms.evaluate(forms.chain(STEPS, LINEAR), x)
    assert p.min() >= 0.0
    assert p.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-12)


@given(st.floats(-1e300, 1e300))
def test_the_signed_logarithm_is_odd_and_increasing(value: float) -> None:
    step = [{"form": "signed_log", "unit": [2.0]}]
    pair = forms.transform(step, np.array([[value], [-value], [np.nextafter(value, np.inf)]]))[:, 0]
    assert pair[0] == -pair[1]
    assert pair[2] >= pair[0]


def test_an_unknown_form_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="oracle"):
        forms.evaluate({"form": "oracle"}, np.zeros((1, 1)))
    with pytest.raises(BadInput, match="None"):
        forms.evaluate({}, np.zeros((1, 1)))


@pytest.mark.parametrize(
    "form", [LINEAR, forms.chain(STEPS, LINEAR), {"form": "cnn", "channels": 2, "convolutions": [], "layers": []}]
)
def test_a_wrong_number_of_columns_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="doesn't fit"):
        forms.evaluate(form, np.zeros((2, 3)))


@pytest.mark.parametrize(
    "estimator",
    [
        svm(kernel="linear"),
        VotingClassifier([("a", LogisticRegression())], voting="hard"),
        SVC(),
        make_pipeline(PCA(2, whiten=True), LogisticRegression()),
    ],
)
def test_what_has_no_form_is_refused_rather_than_exported_wrong(estimator: Any) -> None:
    x, y = made_up(2)
    with pytest.raises(BadInput, match="can't be exported"):
        from_sklearn(estimator.fit(StandardScaler().fit_transform(x), y))


def test_scoring_imports_neither_scikit_learn_nor_torch() -> None:
    program = (
        "import sys, numpy as np\n"
        "import credit_udfs.methods\n"
        "from credit_udfs.core import forms\n"
        "form = {'form': 'logistic', 'coefficients': [[1.0]], 'intercept': [0.0]}\n"
        "assert forms.evaluate(form, np.zeros((1, 1)))[0, 1] == 0.5\n"
        "print(sorted({'sklearn', 'torch', 'pandas'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
