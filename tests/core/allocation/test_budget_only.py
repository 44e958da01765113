"""The bank's problem with a budget: against enumeration, the full MILP, and itself at other budgets."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import contest_like, small_problems
from allocation_checker import best_rates, complaints, grid_milp, per_yuan
from hypothesis import given, settings

from credit_udfs.core.allocation import Firms, Infeasible, Problem, Terms, solve


def best_by_enumeration(problem):
    """Optimum over all subsets of firms; per subset the amounts are a fractional knapsack above the smallest
    loans."""
    f, t = problem.firms, problem.terms
    rates = np.linspace(t.rate_min, t.rate_max, 4001)
    earn = {
        i: max(per_yuan(problem, i, r) for r in rates)
        for i in range(len(f.ids))
        if f.grade[i] < 3 and not math.isnan(f.pd[i]) and f.high[i] > 0
    }
    best = 0.0
    for k in range(1, len(earn) + 1):
        for chosen in itertools.combinations(earn, k):
            rest = t.budget - sum(f.low[i] for i in chosen)
            if rest < 0:
                continue
            value = sum(f.low[i] * earn[i] for i in chosen)
            for i in sorted(chosen, key=lambda i: -earn[i]):
                more = min(rest, f.high[i] - f.low[i]) if earn[i] > 0 else 0.0
                value, rest = value + more * earn[i], rest - more
            best = max(best, value)
    return best


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(small_problems())
def test_small_instances_are_optimal(problem):
    plan = solve(problem, prove=True)
    assert complaints(plan) == []
    true = best_by_enumeration(problem)
    # The enumeration's rates are a grid of 0.00275%, so it may be short by about 1e-7 of the value.
    assert plan.value >= true - 1e-7 * max(true, 1.0)
    assert plan.bound >= true - 1e-9 * max(true, 1.0)
    assert plan.value <= true * (1 + 1e-5) + 1e-6
    assert plan.gap <= 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_against_the_full_milp(seed):
    # Large smallest loans leave rests that only several exchanges put to use.
    firms = contest_like(40, seed)
    firms = replace(firms, low=np.minimum(firms.high, [1e5, 7e5][seed % 2]))
    problem = Problem(firms, Terms(budget=float(firms.high.sum()) * (0.1 + 0.05 * seed) + 33_333))
    plan = solve(problem, prove=True)
    assert complaints(plan) == []
    value, dual, status = grid_milp(problem, best_rates(problem), gap=1e-9)
    assert status == 0
    assert value * (1 - 1e-9) <= plan.value <= dual * (1 + 1e-6)
    assert plan.gap <= 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_quick_answer_is_within_its_own_bound(seed):
    problem = Problem(contest_like(302, seed), Terms(1e8))
    quick, proven = solve(problem), solve(problem, prove=True)
    assert complaints(quick) == []
    assert quick.gap <= 1e-4
    assert quick.value <= proven.value * (1 + 1e-12) <= quick.bound * (1 + 1e-12)
    assert proven.status == "optimal"


def test_worth_grows_with_the_budget():
    firms = contest_like(80, 3)
    values = [solve(Problem(firms, Terms(budget)), prove=True).value for budget in np.linspace(0, 6e7, 40)]
    assert all(b >= a * (1 - 1e-9) for a, b in itertools.pairwise(values))
    assert values[0] == 0.0


def test_price_is_what_one_more_yuan_earns():
    firms = contest_like(302, 9)
    plan = solve(Problem(firms, Terms(9.87e7)), prove=True)
    more = solve(Problem(firms, Terms(9.87e7 + 50_000)), prove=True)
    assert plan.price > 0
    assert more.value - plan.value == pytest.approx(50_000 * plan.price, rel=0.02)
    assert np.all(plan.margin[plan.amount == firms.high] >= -1e-12)


def test_price_of_an_ample_budget_is_zero():
    plan = solve(Problem(contest_like(50, 1), Terms(1e9)))
    assert plan.price == 0.0
    assert plan.limits[0].binding is False
    assert plan.status == "optimal"


def test_grade_d_and_unknown_pd_get_nothing():
    firms = Firms.of("abc", [0.0, float("nan"), 0.01], ["D", "A", "A"])
    plan = solve(Problem(firms, Terms(1e7)))
    assert plan.lend.tolist() == [False, False, True]
    assert np.isnan(plan.best_rate).tolist() == [True, True, False]
    assert plan.amount.tolist() == [0.0, 0.0, 1e6]


def test_equal_firms_are_served_in_list_order():
    firms = Firms.of("abcd", [0.02] * 4, ["B"] * 4)
    plan = solve(Problem(firms, Terms(2.5e6)))
    assert plan.amount.tolist() == [1e6, 1e6, 5e5, 0.0]


def test_of_equal_earnings_the_safer_firm_comes_first():
    # Under P3 a yuan earns the same whatever the probability of default.
    firms = Firms.of("ab", [0.05, 0.01], ["A", "A"])
    plan = solve(Problem(firms, Terms(1e6, objective="P3")))
    assert plan.amount.tolist() == [0.0, 1e6]


def test_nothing_earned_nothing_lent():
    firms = Firms.of("ab", [0.9, 1.0], ["A", "C"])
    plan = solve(Problem(firms, Terms(1e7)))
    assert not plan.lend.any()
    assert (plan.value, plan.bound, plan.gap) == (0.0, 0.0, 0.0)


def test_budget_to_be_used_up_lends_at_a_loss():
    firms = Firms.of("ab", [0.01, 0.9], ["A", "C"])
    loose = solve(Problem(firms, Terms(1.5e6)))
    forced = solve(Problem(firms, Terms(1.5e6, use_all_budget=True)))
    assert loose.totals.lent == 1e6
    assert complaints(forced) == []
    assert forced.totals.lent == pytest.approx(1.5e6)
    assert forced.value < loose.value


def test_budget_that_cannot_be_used_up_says_what_can():
    firms = Firms.of("ab", [0.01, 0.02], ["A", "C"])
    with pytest.raises(Infeasible) as caught:
        solve(Problem(firms, Terms(5e6, use_all_budget=True)))
    (conflict,) = caught.value.conflicts
    assert (conflict.have, conflict.need, conflict.repair) == (5e6, 2e6, -3e6)
    assert "2,000,000 yuan" in caught.value.text("en")
    assert "限额" in caught.value.text("zh")


def test_rates_are_the_best_over_a_fine_grid():
    problem = Problem(contest_like(40, 5), Terms(1e7))
    plan = solve(problem)
    fine = np.linspace(0.04, 0.15, 2201)
    for i in np.flatnonzero(problem.lendable):
        best = max(per_yuan(problem, i, r) for r in fine)
        assert plan.earning[i] >= best - 1e-12
        assert per_yuan(problem, i, plan.best_rate[i]) == pytest.approx(plan.earning[i], rel=1e-9)
