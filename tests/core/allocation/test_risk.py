"""The loss distribution against full enumeration, the binomial, Monte Carlo and Basel's formula."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from credit_udfs import models
from credit_udfs.core.allocation.risk import (
    LEVELS,
    concentration,
    correlation,
    exposures,
    granular_var,
    loss_distribution,
    simulate,
)
from credit_udfs.core.assess import Settings, assess
from credit_udfs.core.tables import Tables


def ones(n: int) -> np.ndarray:
    return np.ones(n)


def test_independent_equal_loans_are_binomial() -> None:
    n, p = 40, 0.03
    d = loss_distribution(1000.0 * ones(n), p * ones(n), ones(n), np.zeros(n))
    points = np.flatnonzero(d.probabilities > 1e-14) * d.step
    assert np.allclose(np.round(points / 1000.0), points / 1000.0)
    k = np.round(points / 1000.0).astype(int)
    assert d.probabilities[np.flatnonzero(d.probabilities > 1e-14)] == pytest.approx(binom.pmf(k, n, p), abs=1e-12)
    assert d.var[0.99] == pytest.approx(1000.0 * binom.ppf(0.99, n, p))


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from([1e5, 2e5, 4e5]), st.floats(0.001, 0.5), st.floats(0.2, 1.0)),
        min_size=1,
        max_size=5,
    )
)
def test_few_independent_loans_by_enumeration(loans: list[tuple[float, float, float]]) -> None:
    loss, pd, stay = (np.array(column) for column in zip(*loans, strict=True))
    d = loss_distribution(loss, pd, stay, np.zeros(loss.size))
    losses = d.step * np.arange(d.probabilities.size)
    exact: dict[float, float] = {}
    for outcome in itertools.product([0, 1], repeat=loss.size):
        chance = math.prod(p if o else 1 - p for o, p in zip(outcome, pd * stay, strict=True))
        exact[float(np.dot(outcome, loss))] = exact.get(float(np.dot(outcome, loss)), 0.0) + chance
    for amount, chance in exact.items():
        near = np.abs(losses - amount) < (loss.size + 1) * d.step  # each loss may be split between two points
        assert d.probabilities[near].sum() == pytest.approx(chance, abs=1e-9)
    assert d.expected == pytest.approx(float(loss @ (pd * stay)), rel=1e-9)


def test_a_large_even_portfolio_approaches_basels_formula() -> None:
    n, p, rho = 3000, 0.02, 0.15
    d = loss_distribution(ones(n), p * ones(n), ones(n), rho * ones(n))
    limit = granular_var(ones(n), p * ones(n), ones(n), rho * ones(n))
    assert limit == pytest.approx(n * norm.cdf((norm.ppf(p) + math.sqrt(rho) * norm.ppf(0.999)) / math.sqrt(1 - rho)))
    assert d.var[0.999] == pytest.approx(limit, rel=0.02)
    assert d.var[0.999] > limit  # a finite number of names is riskier


def test_monte_carlo_agrees() -> None:
    rng = np.random.default_rng(3)
    n = 80
    loss, pd = rng.uniform(5e4, 4.5e5, n), rng.uniform(0.002, 0.1, n)
    stay, rho = rng.uniform(0.3, 1.0, n), correlation(pd)
    d = loss_distribution(loss, pd, stay, rho)
    drawn = simulate(loss, pd, stay, rho, draws=60_000, seed=1)
    assert drawn.mean() == pytest.approx(d.expected, rel=0.02)
    assert drawn.std() == pytest.approx(d.deviation, rel=0.03)
    losses = d.step * np.arange(d.probabilities.size)
    for level, within in ((0.95, 0.03), (0.99, 0.04)):
        assert np.quantile(drawn, level) == pytest.approx(d.var[level], rel=within)
        above = float(losses[losses > d.var[level]] @ d.probabilities[losses > d.var[level]])
        assert above / (1 - level) <= d.shortfall[level]
        assert drawn[drawn >= np.quantile(drawn, level)].mean() == pytest.approx(d.shortfall[level], rel=0.05)


def test_quantiles_and_shortfalls_are_in_order() -> None:
    n = 25
    d = loss_distribution(1e5 * ones(n), 0.05 * ones(n), ones(n), 0.2 * ones(n))
    var, shortfall = ([values[level] for level in LEVELS] for values in (d.var, d.shortfall))
    assert var == sorted(var)
    assert shortfall == sorted(shortfall)
    assert all(s >= v for s, v in zip(shortfall, var, strict=True))
    assert d.probabilities.sum() == pytest.approx(1.0)


def test_nothing_lent_loses_nothing() -> None:
    d = loss_distribution(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
    assert d.expected == d.deviation == d.var[0.999] == d.shortfall[0.999] == 0.0


def test_correlation_is_basels() -> None:
    """CRE31.5: 0.24 for the safest, 0.12 for the riskiest; CRE31.8: up to 0.04 less for small firms."""
    big = 50e6 * 7.8
    assert correlation(np.array([0.0, 1.0]), big).tolist() == pytest.approx([0.24, 0.12], abs=1e-12)
    assert correlation(np.array([0.01]))[0] == pytest.approx(0.12 + 0.12 * math.exp(-0.5) - 0.04, abs=1e-9)


def test_the_plan_of_the_302(contest_tables: Tables) -> None:
    plan = assess(contest_tables, Settings(), models.load()).plan
    d = loss_distribution(*exposures(plan))
    assert d.expected == pytest.approx(plan.totals.expected_loss, rel=1e-6)
    committed = loss_distribution(*exposures(plan, "committed"))
    assert committed.expected == pytest.approx(plan.totals.committed_loss, rel=1e-6)
    assert committed.var[0.99] > d.var[0.99] > d.expected
    assert granular_var(*exposures(plan)) < d.var[0.999]
    spread = concentration(plan)
    assert 1 / plan.totals.clients - 1e-12 <= spread.firms <= 1
    assert sum(spread.industry_share.values()) == pytest.approx(1.0)
    assert spread.grade_share["D"] == 0.0
