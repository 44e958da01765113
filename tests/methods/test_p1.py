"""P1: entropy weights, TOPSIS, the discriminant, the grade network, the sensitivity check."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from credit_udfs.core import forms
from credit_udfs.errors import BadInput
from credit_udfs.methods import p1
from credit_udfs.methods.topsis import entropy_weights, fit_topsis, scaled, shares

TABLES = arrays(np.float64, (8, 3), elements=st.floats(0.0, 1e6))


def test_entropy_weights_by_hand() -> None:
    # first column: one firm has it all, entropy 0; second: shares 0, 1/2, 1/2, entropy ln 2 / ln 3; third: constant
    x = np.array([[0.0, 1.0, 5.0], [0.0, 3.0, 5.0], [7.0, 3.0, 5.0]])
    rest = 1.0 - np.log(2) / np.log(3)
    assert entropy_weights(x) == pytest.approx([1.0 / (1.0 + rest), rest / (1.0 + rest), 0.0])
    assert entropy_weights(np.ones((4, 2))).tolist() == [0.5, 0.5]


@given(TABLES)
def test_weights_are_weights_and_scores_lie_within_0_and_1(x: np.ndarray) -> None:
    w = entropy_weights(x)
    assert w.min() >= 0.0
    assert w.sum() == pytest.approx(1.0)
    o = fit_topsis(x, (1, 1, -1)).scores(x)
    assert o.min() >= 0.0
    assert o.max() <= 1.0


@given(TABLES, st.integers(0, 7), st.integers(0, 2))
def test_a_firm_that_gains_on_one_column_does_not_lose_score(x: np.ndarray, row: int, column: int) -> None:
    fitted = fit_topsis(x, (1, 1, 1))
    better = x.copy()
    better[row, column] = x[:, column].max()
    assert fitted.scores(better)[row] >= fitted.scores(x)[row] - 1e-12


def test_the_best_firm_scores_1_and_the_worst_0() -> None:
    x = np.array([[1.0, 9.0], [2.0, 4.0], [3.0, 1.0]])
    o = fit_topsis(x, (1, -1)).scores(x)
    assert o[2] == pytest.approx(1.0)
    assert o[0] == pytest.approx(0.0)
    assert shares(o).sum() == pytest.approx(1.0)
    assert scaled(np.array([2.0, 2.0])).tolist() == [0.5, 0.5]


def grouped(classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(8)
    y = random.permutation(np.arange(90) ** 2 % 7 % classes)
    return random.normal(size=(90, 3)) + y[:, None] * np.array([1.0, 0.3, 0.0]), y


def functions(fitted: p1.Discriminant, x: np.ndarray) -> np.ndarray:
    form = fitted.export()
    z = forms.transform(form["steps"], x)
    return z @ np.array(form["end"]["coefficients"]).T + np.array(form["end"]["intercept"])


@pytest.mark.parametrize("classes", [2, 3])
def test_the_discriminant_functions_are_linear_discriminant_analysis(classes: int) -> None:
    x, y = grouped(classes)
    mine = functions(p1.Discriminant("shares", None).fit(x, y), x)
    peer = LinearDiscriminantAnalysis(solver="lsqr").fit(x, y)
    # scikit-learn divides the pooled covariance by n, Bayes discriminant functions by n - classes
    theirs = x @ peer.coef_.T
    gap = theirs[:, 0] if classes == 2 else theirs[:, 1] - theirs[:, 0]
    assert np.ptp((mine[:, 1] - mine[:, 0]) * len(y) / (len(y) - classes) - gap) < 1e-9
    assert np.mean(mine.argmax(axis=1) == peer.predict(x)) > 0.97


def test_with_equal_priors_the_border_lies_midway_between_the_means() -> None:
    x, y = grouped(2)
    equal, by_shares = (p1.Discriminant(priors, None).fit(x, y) for priors in ("equal", "shares"))  # type: ignore[arg-type]
    middle = (x[y == 0].mean(axis=0) + x[y == 1].mean(axis=0))[None, :] / 2
    assert np.ptp(functions(equal, middle)[0]) < 1e-12
    p = by_shares.predict_proba(middle)[0]
    assert p == pytest.approx(np.bincount(y) / len(y))


@pytest.mark.parametrize("algorithm", ["lm", "cg"])
def test_the_grade_network_rounds_to_the_nearest_code(algorithm: str) -> None:
    random = np.random.default_rng(2)
    y = np.arange(160) % 4
    x = np.exp(random.normal(size=(160, 5)) * 0.3 + 9 - y[:, None])
    fitted = p1.GradeNetwork(algorithm, seed=0).fit(x, y)  # type: ignore[arg-type]
    end = fitted.export()["end"]
    z = forms.network(end["layers"], forms.transform(fitted.export()["steps"], x))[:, 0]
    assert np.array_equal(fitted.predict(x), np.clip(4 - np.floor(z + 0.5), 0, 3))
    assert np.mean(fitted.predict(x) == y) > 0.8
    assert fitted.stopped_.validation < np.var(y)


def test_the_discriminant_sets_d_aside_and_the_network_grades_the_rest() -> None:
    random = np.random.default_rng(3)
    y = np.arange(160) % 4
    x = np.exp(random.normal(size=(160, 5)) * 0.5 + 9 - y[:, None])
    fitted = p1.FisherThenNetwork(seed=0).fit(x, y)
    d = p1.Discriminant().fit(x, y == 3)
    network = p1.GradeNetwork("cg", seed=0).fit(x, y)
    mine = fitted.predict(x)
    assert np.array_equal(mine == 3, d.predict(x))
    both = (mine != 3) & (network.predict(x) != 3)
    assert np.array_equal(mine[both], network.predict(x)[both])
    assert fitted.predict_proba(x)[:, 3] == pytest.approx(d.predict_proba(x)[:, 1])
    with pytest.raises(BadInput, match="three classes"):
        fitted.fit(x, y == 3)


def test_another_quantification_of_the_grade_changes_the_score_but_not_by_much() -> None:
    random = np.random.default_rng(6)
    grades = [("A", "B", "C", "D")[i % 4] for i in range(40)]
    x = random.lognormal(size=(40, 5))
    found = p1.sensitivity(x, grades)  # type: ignore[arg-type]
    assert 0.0 < found.mean <= found.largest < 0.2
    assert found.rank_correlation > 0.8
    same = p1.sensitivity(x, grades, p1.CODES, tuple(10 * c for c in p1.CODES))  # type: ignore[arg-type]
    assert same.largest < 1e-12  # TOPSIS knows no scale
