"""What flips a decision where rates are quoted, held against every plan of small problems, listed one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from allocation_checker import per_yuan

from credit_udfs.core.allocation import Firms, Limits, Problem, Terms, flips, solve
from credit_udfs.core.allocation.explain import explain
from credit_udfs.core.allocation.flips import budgeted, eased
from credit_udfs.core.allocation.sides import with_pd

TIE = 0.2
"""Yuan by which two plans may differ and be alike: the gap is worth a tenth of it."""
N, QUOTED = 6, (0.045, 0.06, 0.08, 0.11)
RULES = {
    "ordered": Limits(rates_ordered=True),
    "one a grade": Limits(one_rate_per_grade=True),
    "one a grade, ordered": Limits(one_rate_per_grade=True, rates_ordered=True),
}
SETS = np.array(list(product((False, True), repeat=N)))
LEVELS = np.array(list(product(range(len(QUOTED)), repeat=N)))
RISING = LEVELS[(np.diff(LEVELS, axis=1) >= 0).all(axis=1)]
OF_GRADES = np.array(list(product(range(len(QUOTED)), repeat=3)))


def posed(rule, seed):
    rng = np.random.default_rng(seed)
    pd = rng.beta(1.2, 20, N) * rng.uniform(1, 3, N)
    firms = Firms.of("abcdef", pd, rng.integers(0, 3, N), low=1e5, high=np.round(rng.uniform(2e5, 1e6, N), -4))
    return Problem(firms, Terms(float(np.round(rng.uniform(1.2e6, 2.2e6), -4)), quoted=QUOTED), RULES[rule])


def listed(problem):
    """Every choice of firms and levels that the rules allow: lent (p, n), level (p, n), value (p,)."""
    firms, rules = problem.firms, problem.limits
    if rules.one_rate_per_grade:
        by_grade = OF_GRADES[(np.diff(OF_GRADES) >= 0).all(axis=1)] if rules.rates_ordered else OF_GRADES
        levels = by_grade[:, firms.grade]
    else:
        levels = np.empty_like(RISING)
        levels[:, np.lexsort((np.arange(N), firms.grade, firms.pd))] = RISING
    lent, level = np.repeat(SETS, len(levels), axis=0), np.tile(levels, (len(SETS), 1))
    earn = np.array([[per_yuan(problem, i, rate) for rate in QUOTED] for i in range(N)])[np.arange(N), level]
    low, more = np.where(lent, firms.low, 0.0), np.where(lent, firms.high - firms.low, 0.0)
    left = problem.terms.budget - low.sum(axis=1)
    best = np.argsort(-earn, axis=1)
    room = np.take_along_axis(more, best, axis=1)
    extra = np.clip(left[:, None] - (np.cumsum(room, axis=1) - room), 0.0, room)
    extra = np.where(np.take_along_axis(earn, best, axis=1) > 0.0, extra, 0.0)
    value = (low * earn).sum(axis=1) + (extra * np.take_along_axis(earn, best, axis=1)).sum(axis=1)
    return lent, level, np.where(left >= 0.0, value, -np.inf)


def margin(problem, row, level=None, *, of_grade=False):
    """How much more the best plan is worth that lends to the firm (at a level) than the best that doesn't."""
    lent, levels, value = listed(problem)
    here = np.full(len(value), True) if level is None else levels[:, row] == level
    without = ~lent[:, row] & (here if of_grade else True)
    return float(value[lent[:, row] & here].max() - value[without].max())


def explained(problem, rows=range(N)):
    plan = solve(problem, prove=True)
    assert plan.value == pytest.approx(listed(problem)[2].max(), rel=1e-9)
    return list(zip(rows, explain(plan, rows, gap=1e-6), strict=True))


@pytest.fixture
def no_budgets(monkeypatch):
    """Hardly any budget looked at, where they aren't what is tested."""
    monkeypatch.setattr(flips, "GRID", 1)
    monkeypatch.setattr(flips, "FEW", 0)


def stays(problem, row, lent):
    """Whether the best plans don't clearly decide otherwise."""
    more = margin(problem, row)
    return more > -TIE if lent else more < TIE


def turns(problem, row, lent):
    """Whether the best plans clearly decide otherwise, or about."""
    return stays(problem, row, not lent)


@pytest.mark.usefixtures("no_budgets")
@pytest.mark.parametrize("rule", RULES)
def test_a_probability_turns_the_best_of_all_plans_and_none_nearer_does(rule):
    said = 0
    for problem in (posed(rule, seed) for seed in (1, 2, 5)):
        for row, e in explained(problem):
            back, end = (-1e-4, 1.0) if e.lent else (1e-4, 0.0)
            if e.flip_pd is not None:
                said += 1
                end = e.flip_pd + back
                assert turns(with_pd(problem, row, e.flip_pd), row, e.lent)
            for pd in np.linspace(e.pd, end, 13):
                assert stays(with_pd(problem, row, pd), row, e.lent)
    assert said >= 12


@pytest.mark.usefixtures("no_budgets")
@pytest.mark.parametrize("rule", RULES)
def test_the_rates_between_which_a_firm_is_lent_to(rule):
    said = 0
    for problem in (posed(rule, seed) for seed in (1, 2, 9)):
        of_grade = problem.limits.one_rate_per_grade
        for row, e in explained(problem):
            if not e.lent:
                assert e.flip_rates == (None, None)
                continue
            worth = [margin(problem, row, level, of_grade=of_grade) >= -TIE for level in range(len(QUOTED))]
            own = QUOTED.index(round(e.rate, 9))
            low = next((k + 1 for k in range(own - 1, -1, -1) if not worth[k]), None)
            high = next((k - 1 for k in range(own + 1, len(QUOTED)) if not worth[k]), None)
            assert e.flip_rates == tuple(None if k is None else QUOTED[k] for k in (low, high))
            assert e.rates_of == ("grade" if of_grade else "ordered")
            said += low is not None or high is not None
    assert said >= 5


@pytest.mark.parametrize("rule", RULES)
def test_a_budget_turns_the_best_of_all_plans(rule):
    problem, said = posed(rule, 3), 0
    for row, e in explained(problem):
        if e.flip_budget is not None:
            said += 1
            assert (e.flip_budget - problem.terms.budget) * (-1.0 if e.lent else 1.0) > 0.0
            assert turns(budgeted(problem, e.flip_budget), row, e.lent)
            assert stays(budgeted(problem, e.flip_budget + (1e3 if e.lent else -1e3)), row, e.lent)
    assert said >= 3


@pytest.mark.parametrize("rule", ["ordered", "one a grade"])
def test_a_limit_turns_the_plan(rule, monkeypatch):
    monkeypatch.setattr(flips, "FEW_GRID", 2)
    problem = posed(rule, 3).with_limits(expected_loss=0.015).with_terms(budget=3e6)
    plan = solve(problem, prove=True)
    (e,) = explain(plan, [row for row, one in enumerate(explain(plan, check=False)) if one.limit is not None][:1])
    assert not e.lent
    assert e.limit.key == "expected_loss"
    for step, lends in ((0.0, True), (-1e-4, False)):
        there = eased(problem, e.limit.key, e.flip_limit + step)
        assert bool(solve(there, prove=True).lend[problem.firms.ids.index(e.firm)]) == lends
