"""The default model: its fits against scikit-learn and a plain optimum; the shipped card against its own command."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.optimize import approx_fprime
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from credit_udfs import api, models
from credit_udfs.core.assess import matrix
from credit_udfs.core.indicators import SIX, compute
from credit_udfs.core.scoring import score_rows
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput
from credit_udfs.methods.linear import fit_proportional_odds, standardise


def made_up(n: int = 200, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 4))
    eta = z @ [1.0, -0.5, 0.2, 0.0] + rng.logistic(size=n)
    return z, np.digitize(eta, [-1.0, 0.0, 1.5])


@pytest.mark.parametrize("c", [0.05, 1.0, 50.0])
def test_two_classes_are_ridge_logistic_regression(c: float) -> None:
    z, codes = made_up()
    y = (codes == 3).astype(np.int64)
    coef, cuts = fit_proportional_odds(z, y, 2, c)
    peer = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-14, max_iter=500).fit(z, y)
    assert coef == pytest.approx(peer.coef_[0], abs=1e-9)
    assert -cuts[0] == pytest.approx(peer.intercept_[0], abs=1e-9)


@pytest.mark.parametrize("c", [0.05, 1.0, 50.0])
def test_four_grades_are_at_the_penalised_optimum(c: float) -> None:
    z, codes = made_up()

    def loss(theta: np.ndarray) -> float:
        edges = np.concatenate([[-np.inf], theta[4:], [np.inf]])
        eta = z @ theta[:4]
        p = expit(edges[codes + 1] - eta) - expit(edges[codes] - eta)
        return float(-np.log(p).sum() + theta[:4] @ theta[:4] / (2 * c))

    coef, cuts = fit_proportional_odds(z, codes, 4, c)
    found = np.concatenate([coef, cuts])
    assert np.abs(approx_fprime(found, loss, 1e-6)).max() < 1e-3
    rng = np.random.default_rng(0)
    assert all(loss(found + step) >= loss(found) for step in rng.normal(scale=1e-3, size=(50, found.size)))
    assert (np.diff(cuts) > 0).all()


def test_the_shipped_model_is_what_the_command_makes(contest_rated: Tables) -> None:
    made, shipped = api.train(contest_rated, validated=False), models.load()
    assert made.data["table_sha256"] == shipped.data["table_sha256"]
    for key in ("coef", "cuts"):
        assert made.numbers["grade"][key] == pytest.approx(shipped.numbers["grade"][key], abs=1e-9)
    for made_part, part in (
        (made.numbers["default"], shipped.numbers["default"]),
        (made.numbers["grade"]["refused"], shipped.numbers["grade"]["refused"]),
    ):
        assert made_part["coef"] == pytest.approx(part["coef"], abs=1e-9)
        assert made_part["intercept"] == pytest.approx(part["intercept"], abs=1e-9)


def test_the_kernel_scores_what_was_fitted(contest_rated: Tables) -> None:
    firms = contest_rated.firms["firm"].to_list()
    x = matrix(compute(contest_rated.purchases, contest_rated.sales, firms, SIX))
    z, _ = standardise(x, SIX)
    numbers = models.load().numbers
    scores = score_rows(models.load().linear(), x)
    eta = z @ numbers["default"]["coef"] + numbers["default"]["intercept"]
    assert scores.log_odds == pytest.approx(eta, abs=1e-9)
    grade = numbers["grade"]
    refused = expit(z @ grade["refused"]["coef"] + grade["refused"]["intercept"])
    below = expit(np.array(grade["cuts"]) - (z @ grade["coef"])[:, None])
    assert scores.grade_probs[:, 3] == pytest.approx(refused, abs=1e-9)
    assert np.cumsum(scores.grade_probs, axis=1)[:, :2] == pytest.approx((1 - refused)[:, None] * below, abs=1e-9)


def test_too_little_to_train_on_is_refused(contest_rated: Tables) -> None:
    for kept in (pl.col("grade") != "D", pl.col("grade").is_null()):
        few = replace(contest_rated, firms=contest_rated.firms.filter(kept))
        with pytest.raises(BadInput, match="at least 2 of every grade"):
            api.train(few, validated=False)


def test_a_column_that_does_not_vary_has_no_effect() -> None:
    x = np.column_stack([np.full(10, 0.5), np.arange(10.0)])
    z, specs = standardise(x, ["top_customer_share", "trading_years"])
    assert (z[:, 0] == 0).all()
    assert specs[0]["sd"] == 1.0


def test_missing_values_take_the_median() -> None:
    z, specs = standardise(np.array([[1.0], [2.0], [6.0], [np.nan]]), ["trading_years"])
    assert specs[0]["median"] == 2.0
    assert z[3] == z[1]
