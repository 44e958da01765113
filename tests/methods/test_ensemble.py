"""Our methods: they fit, their forms give their members' figures, and what is monotone is monotone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from credit_udfs.core import forms, metrics
from credit_udfs.core.indicators import SIX, WIDE
from credit_udfs.errors import BadInput
from credit_udfs.methods import METHODS
from credit_udfs.methods.ensemble import SIGNS, Ensemble, Linear, MonotoneBoosting, TwoStep
from credit_udfs.methods.linear import fit_proportional_odds, standardise
from credit_udfs.methods.selection import ForwardLinear, forward


def firms(n: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Six indicators of made-up firms, some missing, and grades 0..3 that depend on them."""
    rng = np.random.default_rng(seed)
    x = np.column_stack(
        [
            rng.lognormal(15, 2, n),
            rng.uniform(0, 4, n),
            rng.beta(1, 3, n),
            rng.beta(5, 2, n),
            rng.beta(1, 12, n),
            rng.beta(1, 3, n),
        ]
    )
    risk = -0.5 * np.log(x[:, 0]) - 0.3 * x[:, 1] + 2 * x[:, 2] + 6 * x[:, 4] + rng.logistic(0, 0.7, n)
    x[rng.random(x.shape) < 0.02] = np.nan
    return x, np.searchsorted(np.quantile(risk, [0.25, 0.5, 0.75]), risk)


ALL = [Linear(), TwoStep(), MonotoneBoosting(rounds=10), Ensemble(trees=10)]


@pytest.mark.parametrize("made", ALL, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("classes", [2, 4])
def test_fits_clones_and_exports(made: Linear, classes: int) -> None:
    x, grades = firms()
    y = grades if classes == 4 else (grades == 3).astype(int)
    model = clone(made).fit(x, y)
    p = model.predict_proba(x)
    assert p.shape == (150, classes)
    assert p.sum(axis=1) == pytest.approx(np.ones(150))
    assert (p >= 0).all()
    assert (p == forms.evaluate(model.export(), x)).all()
    assert (p == clone(made).fit(x, y).predict_proba(x)).all()
    if classes == 2:
        assert metrics.auc(y, p[:, 1]) > 0.75
    else:
        assert metrics.quadratic_weighted_kappa(y, p.argmax(axis=1)) > 0.5


def test_linear_is_scikit_learns_ridge_logistic_regression() -> None:
    x, grades = firms()
    y = (grades == 3).astype(int)
    z, _ = standardise(x, SIX)
    for c in (0.1, 1.0, 10.0):
        reference = LogisticRegression(C=c, tol=1e-12, max_iter=10_000).fit(z, y)
        assert Linear(c=c).fit(x, y).predict_proba(x) == pytest.approx(reference.predict_proba(z), abs=1e-6)


def test_linear_refuses_another_number_of_columns() -> None:
    x, grades = firms()
    with pytest.raises(BadInput):
        Linear().fit(x[:, :5], grades)


def test_an_indicator_nobody_has_is_ignored() -> None:
    x, grades = firms()
    x[:, 4] = np.nan
    without = np.delete(x, 4, axis=1)
    keys = tuple(np.delete(SIX, 4))
    assert Linear().fit(x, grades).predict_proba(x) == pytest.approx(
        Linear(keys).fit(without, grades).predict_proba(without), abs=1e-6
    )


def test_two_step_multiplies_its_steps() -> None:
    x, grades = firms()
    p = TwoStep(c_last=2.0, c_others=0.3).fit(x, grades).predict_proba(x)
    last = Linear(c=2.0).fit(x, (grades == 3).astype(int)).predict_proba(x)
    # Both steps stand on the units of all firms, so the second one's penalty is that of the whole table's z.
    z, _ = standardise(x, SIX)
    weights, cuts = fit_proportional_odds(z[grades < 3], grades[grades < 3], 3, 0.3)
    below = expit(cuts - (z @ weights)[:, None])
    others = np.diff(below, axis=1, prepend=0.0, append=1.0)
    assert p[:, 3] == pytest.approx(last[:, 1], abs=1e-12)
    assert p[:, :3] == pytest.approx(others * last[:, :1], abs=1e-12)


def test_ensemble_is_the_mean_of_its_three() -> None:
    x, grades = firms()
    model = Ensemble(trees=20, seed=3).fit(x, grades)
    filled = np.where(np.isnan(x), np.nanmedian(x, axis=0), x)
    members = [
        Linear().fit(x, grades).predict_proba(x),
        RandomForestClassifier(20, min_samples_leaf=3, random_state=3).fit(filled, grades).predict_proba(filled),
        GradientBoostingClassifier(
            n_estimators=60, learning_rate=0.05, max_depth=2, min_samples_leaf=5, subsample=0.7, random_state=3
        )
        .fit(filled, grades)
        .predict_proba(filled),
    ]
    assert model.predict_proba(x) == pytest.approx(np.mean(members, axis=0), abs=1e-12)


@pytest.mark.parametrize("classes", [2, 4])
def test_monotone_where_the_sign_is_known(classes: int) -> None:
    x, grades = firms()
    y = grades if classes == 4 else (grades >= 2).astype(int)
    model = MonotoneBoosting().fit(x, y)
    base = np.nanmedian(x, axis=0)
    for j, sign in enumerate(SIGNS.values()):
        if sign:
            line = np.tile(base, (80, 1))
            line[:, j] = np.linspace(np.nanmin(x[:, j]), np.nanmax(x[:, j]), 80)
            worse = model.predict_proba(line) @ np.arange(classes)  # mean code: higher is riskier
            assert (np.diff(sign * worse) >= -1e-12).all(), SIX[j]
    assert np.ptp(model.predict_proba(x) @ np.arange(classes)) > 0.5


def test_forward_selection_finds_what_matters() -> None:
    rng = np.random.default_rng(5)
    z = rng.normal(size=(400, 10))
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    latent = 2 * z[:, 7] - 1.2 * z[:, 2] + 0.6 * z[:, 4] + rng.logistic(size=400)
    grades = np.searchsorted(np.quantile(latent, [0.25, 0.5, 0.75]), latent)
    assert forward(z, grades, 4, count=3) == [7, 2, 4]
    assert sorted(forward(z[:, :2], grades, 4, count=6)) == [0, 1]  # no more than there are
    double = np.column_stack([z[:, 7], z[:, 7], z[:, 2]])
    assert forward(double, grades, 4, count=2) == [0, 2]  # a copy adds nothing


def test_forward_linear_scores_from_the_whole_table() -> None:
    x, grades = firms()
    model = ForwardLinear(SIX, count=2).fit(x, grades)
    columns = [SIX.index(key) for key in model.chosen_]
    assert len(columns) == 2
    alone = Linear(model.chosen_).fit(x[:, columns], grades)
    assert model.predict_proba(x) == pytest.approx(alone.predict_proba(x[:, columns]), abs=1e-12)


def test_registered() -> None:
    assert {"linear", "linear_wide", "two_step", "monotone", "ensemble"} <= set(METHODS)
    assert METHODS["linear_wide"].indicators == WIDE
    assert METHODS["linear"].paper is None
