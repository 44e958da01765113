"""What flips a decision, held against independent full solves on both sides, under mixed limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import contest_like

from credit_udfs.core.allocation import Limits, Problem, Terms, flips, solve
from credit_udfs.core.allocation.explain import explain
from credit_udfs.core.allocation.flips import budgeted, eased
from credit_udfs.core.allocation.plan import Infeasible
from credit_udfs.core.allocation.search import Stop

GAP = 1e-4
MIXED = {
    "budget": Limits(),
    "loss, grade": Limits(expected_loss=0.015, grade_share={"B": 0.4}),
    "sector, clients": Limits(sector_share=0.25, min_clients=20),
    "churn": Limits(mean_churn=0.5),
    "loss, churn, sector": Limits(expected_loss=0.015, mean_churn=0.5, sector_share=0.3),
    "ordered": Limits(rates_ordered=True),
}
SLOW = ("churn", "loss, churn, sector", "ordered")


def posed(name):
    return Problem(contest_like(40, 5), Terms(1e7), MIXED[name])


def with_pd(problem, row, pd):
    changed = problem.firms.pd.copy()
    changed[row] = pd
    return replace(problem, firms=replace(problem.firms, pd=changed))


def near(problem):
    return solve(problem, gap=GAP / 10.0)


def without(problem, row):
    return problem.with_limits(fixed={problem.firms.ids[row]: 0.0})


def is_tie(problem, row):
    """Whether the best plan that refuses the firm is worth about as much as the best of all, which may lend to it."""
    best, refusing = near(problem).value, near(without(problem, row)).value
    return best - refusing <= 3 * GAP * abs(best)


@pytest.fixture
def coarse(monkeypatch):
    """Few budgets and limits looked at, where they aren't what is tested."""
    monkeypatch.setattr(flips, "GRID", 2)
    monkeypatch.setattr(flips, "FEW", 0)
    monkeypatch.setattr(flips, "ABOUT", 1.0)


FULL = [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in MIXED]


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize("name", FULL)
def test_probability_turns_the_proven_plan(name):
    problem = posed(name)
    plan = solve(problem)
    movable = np.flatnonzero(problem.lendable)
    rows = [*movable[plan.lend[movable]][:2].tolist(), *movable[~plan.lend[movable]][:2].tolist()]
    found = explain(plan, rows)
    assert all(e.checked for e in found)
    turning = [(row, e) for row, e in zip(rows, found, strict=True) if e.flip_pd is not None]
    assert len(turning) >= 2
    for row, e in turning:
        away = 1.0 if e.lent else -1.0
        assert (e.flip_pd - e.pd) * away > 0.0
        refusing = near(without(problem, row)).value
        # At the turn both sides are worth the same, to the gap; a little to either side the proven plan is clear.
        assert abs(near(with_pd(problem, row, e.flip_pd)).value - refusing) <= 3 * GAP * abs(refusing)
        for aside in (-0.004, 0.004):
            pd = e.flip_pd + aside
            if 0.0 <= pd <= 1.0:
                assert bool(near(with_pd(problem, row, pd)).lend[row]) == (aside < 0.0)


@pytest.mark.parametrize("name", ["budget", "loss, grade"])
def test_budget_limit_and_rates_turn_it(name):
    problem = posed(name)
    plan = solve(problem)
    movable = np.flatnonzero(problem.lendable)
    rows = [*movable[plan.lend[movable]][:2].tolist(), *movable[~plan.lend[movable]][:3].tolist()]
    found = explain(plan, rows)
    said = 0
    for row, e in zip(rows, found, strict=True):
        moved = []
        if e.flip_budget is not None:
            moved.append(budgeted(problem, e.flip_budget))
        if e.flip_limit is not None:
            moved.append(eased(problem, e.limit.key, e.flip_limit))
        for there in moved:
            said += 1
            assert bool(near(there).lend[row]) != e.lent or is_tie(there, row)
    assert said >= 2


def test_for_many_firms_a_budget_is_found_about(monkeypatch):
    monkeypatch.setattr(flips, "GRID", 6)
    monkeypatch.setattr(flips, "FEW", 0)
    problem = Problem(contest_like(40, 5), Terms(1e7), Limits(sector_share=0.4))
    plan = solve(problem)
    rows = np.flatnonzero(problem.lendable)[::6].tolist()
    found = [(row, e) for row, e in zip(rows, explain(plan, rows), strict=True) if e.flip_budget is not None]
    assert len(found) >= 4
    for row, e in found:
        assert e.flip_about
        assert "about" in e.change("en")
        assert "约" in e.change("zh")
        assert (e.flip_budget - problem.terms.budget) * (-1.0 if e.lent else 1.0) > 0.0
        assert bool(near(budgeted(problem, e.flip_budget)).lend[row]) != e.lent


@pytest.mark.usefixtures("coarse")
def test_a_rate_outside_the_range_costs_more_than_refusing():
    problem = posed("sector, clients")
    plan = solve(problem)
    lent = np.flatnonzero(plan.lend)[:4].tolist()
    found = [(row, e) for row, e in zip(lent, explain(plan, lent), strict=True) if e.flip_rates[1] is not None]
    assert found
    for row, e in found[:2]:
        assert e.rate < e.flip_rates[1]
        refusing = near(without(problem, row)).value
        # What the others do beside this loan, and the loan itself at that rate: no more than without the firm.
        amounts = (problem.firms.low[row], problem.firms.high[row])
        rate = e.flip_rates[1] + 2e-4
        stay = float(problem.terms.rates.stay(np.array([rate]), problem.firms.grade[row : row + 1])[0])
        earned = stay * float(problem.gain[row] * rate - problem.cost[row])
        for amount in amounts:
            try:
                beside = near(problem.with_limits(fixed={problem.firms.ids[row]: float(amount)}))
            except Infeasible:
                continue
            assert beside.value - beside.profit[row] + amount * earned <= refusing + GAP * abs(refusing)


@pytest.mark.usefixtures("coarse")
def test_stopped_half_way_the_rest_is_unchecked():
    plan = solve(Problem(contest_like(20, 1), Terms(5e6), Limits(expected_loss=0.006)))

    def stop(_stage, done, _total):
        if done == 2:
            raise Stop

    found = explain(plan, progress=stop)
    assert sum(e.checked for e in found) == 2
    assert all(e.flip_pd is None for e in found if not e.checked)
