"""The fitters against peers: scikit-learn's logistic regression, numerical gradients, known minima."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.linear_model import LogisticRegression

from credit_udfs.core import forms
from credit_udfs.methods.fitting import (
    Shape,
    fit_bp,
    fit_logistic,
    fit_stopped,
    impute_step,
    prepare,
    range_step,
    standard_step,
)


def made_up(classes: int, n: int = 200, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    z = random.normal(size=(n, k))
    score = z @ np.array([1.0, -0.7, 0.2])[:k] + random.logistic(size=n)
    return z, np.searchsorted(np.quantile(score, np.arange(1, classes) / classes), score)


@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_regression_is_the_maximum_likelihood(classes: int) -> None:
    z, y = made_up(classes)
    mine = fit_logistic(z, y, classes)
    peer = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=500).fit(z, y)
    p = forms.evaluate(mine.form(), z)
    assert np.abs(p - peer.predict_proba(z)).max() < 1e-6
    assert mine.log_likelihood == pytest.approx(np.log(p[np.arange(len(y)), y]).sum(), abs=1e-9)


def test_a_ridge_shrinks_the_coefficients_not_the_intercept() -> None:
    z, y = made_up(2)
    mine = fit_logistic(z, y, 2, ridge=5.0)
    peer = LogisticRegression(C=0.2, solver="newton-cholesky", tol=1e-12, max_iter=500).fit(z, y)
    assert mine.coefficients[0] == pytest.approx(peer.coef_[0], abs=1e-7)
    assert mine.intercept[0] == pytest.approx(peer.intercept_[0], abs=1e-7)


def test_separated_classes_end_with_finite_numbers() -> None:
    z = np.linspace(-1, 1, 20)[:, None]
    mine = fit_logistic(z, (z[:, 0] > 0).astype(np.int64), 2)
    p = forms.evaluate(mine.form(), z)
    assert np.isfinite(mine.coefficients).all()
    assert p[-1, 1] > 0.999
    assert p[0, 1] < 0.001


def test_no_columns_at_all_give_the_shares() -> None:
    _, y = made_up(4)
    mine = fit_logistic(np.empty((len(y), 0)), y, 4)
    p = forms.evaluate(mine.form(), np.empty((1, 0)))
    assert p[0] == pytest.approx(np.bincount(y) / len(y), abs=1e-9)


def test_back_propagation_is_the_gradient() -> None:
    shape, random = Shape(3, 4, 2), np.random.default_rng(2)
    z, slope, w = random.normal(size=(7, 3)), random.normal(size=(7, 2)), random.normal(size=shape.size)
    hidden = shape.outputs_of(w, z)[1]
    numeric = approx_fprime(w, lambda v: float((shape.outputs_of(v, z)[0] * slope).sum()), 1e-7)
    assert shape.backward(w, z, hidden, slope) == pytest.approx(numeric, abs=1e-5)
    assert shape.layers(w)[0]["weights"] == w[:12].reshape(3, 4).tolist()


@pytest.mark.parametrize("classes", [2, 3])
def test_a_network_learns_what_no_line_can(classes: int) -> None:
    random = np.random.default_rng(1)
    z = random.uniform(-1, 1, (150, 2))
    y = np.digitize((z**2).sum(axis=1), [0.5, 0.9][: classes - 1])
    form = fit_bp(z, y, classes, hidden=8, decay=0.0, steps=500, seed=0)
    line = forms.evaluate(fit_logistic(z, y, classes).form(), z)
    assert np.mean(forms.evaluate(form, z).argmax(axis=1) == y) > 0.9
    assert np.mean(line.argmax(axis=1) == y) < 0.75


def test_weight_decay_keeps_weights_small() -> None:
    z, y = made_up(2)
    sizes = [np.abs(fit_bp(z, y, 2, 5, decay, 300, 0)["layers"][0]["weights"]).max() for decay in (0.0, 0.001, 0.1)]
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.parametrize("algorithm", ["lm", "cg"])
def test_training_stops_at_the_smallest_validation_error(algorithm: str) -> None:
    random = np.random.default_rng(4)
    z = random.uniform(-1, 1, (120, 3))
    target = 2.0 + np.sin(2 * z[:, 0]) + 0.3 * random.normal(size=120)
    found = fit_stopped(z, target, 10, 0.0, seed=1, algorithm=algorithm)  # type: ignore[arg-type]
    again = fit_stopped(z, target, 10, 0.0, seed=1, algorithm=algorithm)  # type: ignore[arg-type]
    assert np.array_equal(found.weights, again.weights)
    assert found.epoch > 0
    assert found.train < 0.5 * target.var()
    assert found.validation < target.var()
    # stopped early: going on would have fitted the training part better
    longer = fit_stopped(z, target, 10, 0.0, seed=1, algorithm=algorithm, patience=10**6)  # type: ignore[arg-type]
    assert found.validation >= longer.validation


def test_steps_leave_a_constant_column_at_nothing_and_fill_the_median() -> None:
    x = np.array([[1.0, 5.0, np.nan], [3.0, 5.0, np.nan], [np.nan, 5.0, np.nan], [8.0, 5.0, np.nan]])
    assert impute_step(x)["values"] == [3.0, 5.0, 0.0]
    z, steps = prepare(x)
    assert z[:, 1:].tolist() == [[0.0, 0.0]] * 4
    assert z[:, 0].mean() == pytest.approx(0.0)
    assert z[:, 0].std() == pytest.approx(1.0)
    assert [step["form"] for step in steps] == ["impute", "affine"]
    scaled, _ = prepare(x, scaling=range_step)
    assert (scaled[:, 0].min(), scaled[:, 0].max()) == (-1.0, 1.0)
    assert standard_step(np.full((3, 1), 1e9 + 0.1))["scale"] == [1.0]
