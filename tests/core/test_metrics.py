"""Metrics against scikit-learn and slow references; the bootstrap against a loop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from credit_udfs.core import metrics as m

seeds = st.integers(0, 2**32 - 1)


def slope(y: Any, p: Any, weights: Any = None) -> Any:
    return m.calibration(y, p, weights)[0]


def intercept(y: Any, p: Any, weights: Any = None) -> Any:
    return m.calibration(y, p, weights)[1]


def paired(metric: m.Metric, y: Any, a: Any, b: Any, draws: int) -> m.Difference:
    """Two methods' predictions (repeats, n) for the same firms, resampled together."""
    w = m.resamples(len(y), draws, 0)
    values = [m.over_repeats(metric, y, one, weights) for weights in (None, w) for one in (a, b)]
    return m.difference(*values)


def sample(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, probabilities with ties, true and predicted grades, and weights; every class occurs."""
    rng = np.random.default_rng(seed)
    p = rng.integers(1, 20, n) / 20
    y = (rng.random(n) < p).astype(int)
    y[:2] = 0, 1
    grades, predicted = rng.integers(0, 4, n), rng.integers(0, 4, n)
    grades[:4] = range(4)
    return y, p, grades, predicted, rng.integers(1, 4, n).astype(float)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_like_scikit_learn(seed: int) -> None:
    y, p, grades, predicted, w = sample(seed)
    for weight in (None, w):
        kw = {"sample_weight": weight}
        assert m.auc(y, p, weight) == pytest.approx(sk.roc_auc_score(y, p, **kw), abs=1e-12)
        assert m.brier(y, p, weight) == pytest.approx(sk.brier_score_loss(y, p, **kw), abs=1e-12)
        assert m.log_loss(y, p, weight) == pytest.approx(sk.log_loss(y, p, **kw), abs=1e-12)
        assert m.accuracy(grades, predicted, weight) == pytest.approx(
            sk.accuracy_score(grades, predicted, **kw), abs=1e-12
        )
        assert m.balanced_accuracy(grades, predicted, weight) == pytest.approx(
            sk.balanced_accuracy_score(grades, predicted, **kw), abs=1e-12
        )
        assert m.quadratic_weighted_kappa(grades, predicted, weight) == pytest.approx(
            sk.cohen_kappa_score(grades, predicted, weights="quadratic", **kw), abs=1e-12
        )
        assert m.mean_absolute_grade_error(grades, predicted, weight) == pytest.approx(
            sk.mean_absolute_error(grades, predicted, **kw), abs=1e-12
        )
    assert (m.confusion(grades, predicted) == sk.confusion_matrix(grades, predicted, labels=range(4))).all()


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_roc_like_scikit_learn_and_its_area_is_the_auc(seed: int) -> None:
    y, p, *_ = sample(seed)
    false, true = m.roc_curve(y, p)
    expected_false, expected_true, _ = sk.roc_curve(y, p, drop_intermediate=False)
    np.testing.assert_allclose(false, expected_false, atol=1e-12)
    np.testing.assert_allclose(true, expected_true, atol=1e-12)
    assert np.trapezoid(true, false) == pytest.approx(m.auc(y, p), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_auc_is_the_share_of_pairs_in_order(seed: int) -> None:
    y, p, *_ = sample(seed, 25)
    pairs = [(p[i] > p[j]) + 0.5 * (p[i] == p[j]) for i in range(25) for j in range(25) if y[i] > y[j]]
    assert m.auc(y, p) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert m.auc(y, -p) == pytest.approx(1 - m.auc(y, p), abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_calibration_like_unpenalised_logistic_regression(seed: int) -> None:
    y, p, _, _, w = sample(seed, 200)
    x = np.log(p / (1 - p))[:, None]
    for weight in (None, w):
        reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y, sample_weight=weight)
        assert slope(y, p, weight) == pytest.approx(reference.coef_[0, 0], abs=1e-4)
        assert intercept(y, p, weight) == pytest.approx(reference.intercept_[0], abs=1e-4)


def test_calibration_tells_too_extreme_from_too_timid() -> None:
    rng = np.random.default_rng(1)
    odds = rng.normal(0, 2, 20_000)
    y = (rng.random(odds.size) < 1 / (1 + np.exp(-odds))).astype(int)
    p = 1 / (1 + np.exp(-odds))
    assert slope(y, p) == pytest.approx(1, abs=0.05)
    assert slope(y, 1 / (1 + np.exp(-2 * odds))) == pytest.approx(0.5, abs=0.03)
    assert slope(y, 1 / (1 + np.exp(-odds / 2))) == pytest.approx(2, abs=0.1)


def test_undefined_is_nan() -> None:
    ones = np.ones(5, dtype=int)
    assert math.isnan(m.auc(ones, np.linspace(0, 1, 5)))
    separated = np.array([0, 0, 1, 1])
    assert math.isnan(slope(separated, np.array([0.1, 0.2, 0.8, 0.9])))
    assert math.isnan(slope(separated, np.full(4, 0.5)))
    assert math.isnan(m.quadratic_weighted_kappa(ones, ones))


def test_constant_prediction_has_no_skill() -> None:
    y = np.array([0, 1, 0, 1, 1])
    assert m.auc(y, np.full(5, 0.3)) == 0.5
    assert m.quadratic_weighted_kappa(np.array([0, 1, 2, 3]), np.ones(4, dtype=int)) == pytest.approx(0)


def test_probabilities_of_zero_and_one_have_a_finite_loss() -> None:
    assert m.log_loss([1, 0], [0.0, 0.0]) == pytest.approx(-np.log(m.EPSILON) / 2, rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_reliability_bins_hold_every_firm_once(seed: int) -> None:
    y, p, *_ = sample(seed)
    bins = m.reliability(y, p, 5)
    assert sum(b.count for b in bins) == y.size
    assert sum(b.count * b.observed for b in bins) == pytest.approx(y.sum())
    assert sum(b.count * b.predicted for b in bins) == pytest.approx(p.sum())
    means = [b.predicted for b in bins]
    assert means == sorted(means)
    assert len(set(means)) == len(bins) <= 5
    assert all(0 <= b.low <= b.observed <= b.high <= 1 for b in bins)


def test_reliability_of_equal_probabilities_is_one_bin() -> None:
    (only,) = m.reliability([0, 1, 1, 0], [0.4] * 4)
    assert (only.count, only.predicted, only.observed) == (4, 0.4, 0.5)


def test_wilson_interval() -> None:
    # Newcombe (1998), Statistics in Medicine 17:857, Table I, method 3: 81/263 and 0/20.
    assert m.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert m.wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


def test_ranked_probability_score() -> None:
    # Two classes: the Brier score. Otherwise a sum over cuts, by hand.
    y, p, grades, *_ = sample(4)
    assert m.ranked_probability_score(y, np.stack([1 - p, p], axis=1)) == pytest.approx(m.brier(y, p))
    shares = np.random.default_rng(0).dirichlet(np.ones(4), grades.size)
    slow = [sum((row[: j + 1].sum() - (g <= j)) ** 2 for j in range(3)) for g, row in zip(grades, shares, strict=True)]
    assert m.ranked_probability_score(grades, shares) == pytest.approx(np.mean(slow))
    assert m.ranked_probability_score(grades, np.eye(4)[grades]) == 0


def test_calibration_of_an_overconfident_network() -> None:
    """Probabilities at the very ends, some of them wrong: the slope is small, and exists."""
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 120)
    p = np.where(rng.random(120) < 0.85, y, 1 - y).astype(float)
    assert 0 < slope(y, p) < 0.3
    rows = slope(y, p, m.resamples(120, 50, 0))
    assert np.isfinite(rows).all()


METRICS = [m.auc, m.brier, m.log_loss, slope, intercept]
GRADE_METRICS = [m.accuracy, m.balanced_accuracy, m.quadratic_weighted_kappa, m.mean_absolute_grade_error]


@pytest.mark.parametrize("metric", METRICS + GRADE_METRICS)
def test_rows_of_weights_are_repeated_firms(metric: m.Metric) -> None:
    y, p, grades, predicted, _ = sample(3, 80)
    truth, guess = (grades, predicted) if metric in GRADE_METRICS else (y, p)
    counts = m.resamples(80, 6, seed=5)
    assert (counts.sum(axis=1) == 80).all()
    together = metric(truth, guess, counts)
    assert together.shape == (6,)
    for row, value in zip(counts, together, strict=True):
        again = np.repeat(np.arange(80), row.astype(int))
        assert metric(truth[again], guess[again], None) == pytest.approx(value, abs=1e-9)
        assert metric(truth, guess, row) == pytest.approx(value, abs=1e-9)


def test_bootstrap_interval_of_a_mean() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    found = m.bootstrap(m.brier, y, np.zeros((1, 400)), draws=4000)
    share, half = y.mean(), 1.96 * np.sqrt(y.mean() * (1 - y.mean()) / 400)
    assert found.value == pytest.approx(share)
    assert (found.low, found.high) == pytest.approx((share - half, share + half), abs=0.005)


def test_the_difference_of_two_methods() -> None:
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], 100)
    good = np.stack([y + rng.normal(0, 0.7, 200) for _ in range(3)])
    poor = np.stack([y + rng.normal(0, 4, 200) for _ in range(2)])
    ahead = paired(m.auc, y, good, poor, draws=500)
    behind = paired(m.auc, y, poor, good, draws=500)
    assert ahead.significant
    assert ahead.low > 0
    assert ahead.p == pytest.approx(2 / 501)
    assert behind.value == pytest.approx(-ahead.value)
    assert (behind.low, behind.high) == pytest.approx((-ahead.high, -ahead.low))
    same = paired(m.auc, y, good, good, draws=200)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert not same.significant


def test_a_difference_holds_its_level() -> None:
    """Two equally good scores are found different in about one of twenty samples."""
    rng = np.random.default_rng(9)
    wrong = 0
    for _ in range(200):
        y = rng.integers(0, 2, 80)
        a, b = (y + rng.normal(0, 1, (1, 80)) for _ in range(2))
        wrong += paired(m.auc, y, a, b, draws=300).significant
    assert 2 <= wrong <= 22


def test_holm_s_adjustment() -> None:
    """The textbook's example: the smallest is multiplied by all of them, the next by one less, never falling."""
    assert m.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert m.holm([0.6, 0.9]) == (1.0, 1.0)
    assert m.holm([]) == ()


def test_a_detectable_difference_is_found_as_often_as_promised() -> None:
    size = m.detectable(2.0)
    assert size == pytest.approx(5.603, abs=1e-3)
    z = np.random.default_rng(5).normal(size / 2.0, 1.0, 200_000)
    assert np.mean(np.abs(z) > 1.959964) == pytest.approx(0.8, abs=0.005)


def test_the_error_of_a_difference_is_its_spread_over_resamples() -> None:
    found = m.difference(0.5, 0.3, np.array([0.1, 0.4, np.nan, 0.7]), np.zeros(4))
    assert found.error == pytest.approx(0.3)
    assert np.isnan(m.difference(0.5, 0.3, np.array([0.1]), np.zeros(1)).error)
