"""P4: selection by Kruskal-Wallis, logistic regression, TOPSIS of firms and industries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kruskal

from credit_udfs.core.indicators import P4_SIX
from credit_udfs.errors import BadInput
from credit_udfs.methods import p4
from credit_udfs.methods.topsis import fit_topsis


def made_up(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    y = np.arange(n) % 2
    x = random.normal(size=(n, 6))
    x[:, 0] -= 1.5 * y
    x[:, 3] += 1.5 * y
    return x, y


def test_p_values_are_scipys_and_gaps_are_left_out() -> None:
    x, y = made_up()
    x[3, 0] = np.nan
    p = p4.kruskal_wallis(x[y == 0], x[y == 1])
    one, other = x[y == 0][:, 0], x[y == 1][:, 0]
    assert p[0] == kruskal(one[~np.isnan(one)], other[~np.isnan(other)]).pvalue
    same = p4.kruskal_wallis(np.ones((5, 2)), np.array([[1.0, np.nan]] * 5))
    assert same.tolist() == [1.0, 1.0]


def test_only_columns_that_differ_are_kept() -> None:
    x, y = made_up()
    fitted = p4.KruskalLogistic(level=0.001).fit(x, y)
    assert fitted.export()["steps"][0]["columns"] == [0, 3]
    assert fitted.score(x, y) > 0.75
    none = p4.KruskalLogistic(level=1e-300).fit(x, y)
    assert none.export()["steps"][0]["columns"] == list(range(6))


def test_psi_4_costs_and_the_others_benefit() -> None:
    base = np.tile([1.0, 0.2, 0.3, 0.1, 100.0, 100.0], (3, 1))
    base[1] *= [2.0, 2.0, 2.0, 0.5, 2.0, 2.0]
    base[2] *= [0.5, 0.5, 0.5, 2.0, 0.5, 0.5]
    for j in range(6):
        sign = -1.0 if P4_SIX[j] == "p4_psi4" else 1.0
        scores = []
        for change in (0.05, -0.05):
            x = base.copy()
            x[0, j] += sign * change
            scores.append(fit_topsis(x, p4.SENSES, np.full(6, 1 / 6)).scores(x)[0])
        assert scores[0] > scores[1], P4_SIX[j]
    assert (p4.firm_scores(base).max(), p4.firm_scores(base).min()) == (1.0, 0.0)


def test_industries_are_scored_by_the_medians_of_their_firms() -> None:
    x, _ = made_up(60)
    x[:20, [0, 1, 2, 4, 5]] += 5.0
    x[40:, [0, 1, 2, 4, 5]] -= 5.0
    scores = p4.industry_scores(x, ["good"] * 20 + ["middling"] * 20 + ["bad"] * 20)
    assert scores["good"] == 1.0
    assert scores["bad"] == 0.0
    assert 0.2 < scores["middling"] < 0.8
    with pytest.raises(BadInput):
        p4.industry_scores(x, ["only"] * 60)
    with pytest.raises(BadInput):
        p4.FirmTopsis().fit(x, np.arange(60) % 3)
