"""P0's ratio: its bound against enumeration, its parts recomputed by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from allocation_cases import contest_like
from allocation_checker import churn

from credit_udfs.core.allocation import Firms, Infeasible, Problem, Terms
from credit_udfs.core.allocation.ratio import solve_ratio

UNTRUST = (0.10, 0.35, 0.65, 0.90)
DEFAULTS = (0.0, 0.026, 0.059, 1.0)


def parts(firms, amount, rate):
    """F, H, W from their definitions in P0."""
    f = sum(b * r * (1 - DEFAULTS[g]) for b, r, g in zip(amount, rate, firms.grade, strict=True) if b > 0)
    risk = 0.5 * np.array(UNTRUST)[firms.grade] + 0.5 * firms.pd
    h = sum(b * x for b, x in zip(amount, risk, strict=True))
    w = [churn(r, int(g)) if b > 0 else 1.0 for b, r, g in zip(amount, rate, firms.grade, strict=True)]
    return f, h, sum(w) / len(w)


def ratio(firms, amount, rate, found):
    f, h, w = parts(firms, amount, rate)
    below = 0.5 * (h / found.best_risk) ** 2 + 0.5 * (w / found.best_churn) ** 2
    return f / found.best_income / below


@pytest.mark.parametrize("seed", range(3))
def test_parts_and_constraints(seed):
    firms = contest_like(60, seed)
    found = solve_ratio(Problem(firms, Terms(1.5e7)))
    plan = found.plan
    f, h, w = parts(firms, plan.amount, plan.rate)
    assert (f, h, w) == pytest.approx((found.income, found.risk, found.churn), rel=1e-9)
    assert ratio(firms, plan.amount, plan.rate, found) == pytest.approx(found.z, rel=1e-9)
    assert plan.amount.sum() == pytest.approx(1.5e7)
    lent = plan.lend
    assert np.all(plan.amount[lent] >= firms.low[lent] - 1e-3)
    assert np.all(plan.amount[lent] <= firms.high[lent] + 1e-3)
    assert np.all(np.diff(plan.rate[lent][np.argsort(firms.pd[lent], kind="stable")]) >= 0)
    assert not np.any(lent & (firms.grade == 3))
    assert found.gap <= 1e-4
    assert f <= found.best_income * (1 + 1e-9)
    assert h >= found.best_risk * (1 - 1e-9)
    assert w >= found.best_churn * (1 - 1e-9)


def test_nothing_enumerated_beats_the_bound():
    pd = [0.01, 0.05, 0.12, 0.3]
    firms = Firms.of("abcd", pd, list("ABCC"), high=[3e5, 3e5, 3e5, 4e5])
    quoted = (0.04, 0.08, 0.15)
    found = solve_ratio(Problem(firms, Terms(7e5, quoted=quoted)))
    steps = np.arange(0, 4.01e5, 5e4)
    best = 0.0
    for amount in itertools.product(steps, repeat=4):
        if abs(sum(amount) - 7e5) > 1 or any(0 < b < 1e5 for b in amount):
            continue
        if any(b > u for b, u in zip(amount, firms.high, strict=True)):
            continue
        for rate in itertools.combinations_with_replacement(quoted, 4):
            best = max(best, ratio(firms, np.array(amount), np.array(rate), found))
    assert found.bound >= best * (1 - 1e-9)
    assert found.z >= best * (1 - found.gap) - 1e-9


@pytest.mark.slow
def test_proven_at_302():
    found = solve_ratio(Problem(contest_like(302, 0), Terms(1e8)))
    assert found.gap <= 1e-4
    assert found.plan.status == "within_gap"


def test_a_budget_that_cannot_be_used():
    with pytest.raises(Infeasible):
        solve_ratio(Problem(Firms.of("ab", [0.01, 0.02], "AB"), Terms(5e6)))
