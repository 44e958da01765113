"""Rates ordered by risk and one rate per grade: against the full MILP on the same quoted rates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import contest_like, five_limits, small_problems
from allocation_checker import complaints, grid_milp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_udfs.core.allocation import BadProblem, Infeasible, Limits, Problem, Terms, solve

QUOTED = tuple(np.linspace(0.04, 0.15, 12).clip(0.04, 0.15).tolist())
KINDS = [{"rates_ordered": True}, {"one_rate_per_grade": True}]


@pytest.mark.parametrize("kind", KINDS, ids=["ordered", "uniform"])
@pytest.mark.parametrize("seed", range(3))
def test_against_the_full_milp(kind, seed):
    problem = Problem(contest_like(40, seed), Terms(1.234e7, quoted=QUOTED), Limits(**kind))
    plan = solve(problem, prove=True)
    assert complaints(plan) == []
    assert set(np.round(plan.rate[plan.lend], 12)) <= set(np.round(QUOTED, 12))
    value, dual, status = grid_milp(problem, QUOTED, gap=1e-6)
    assert status == 0
    assert plan.bound >= value * (1 - 1e-9)
    assert plan.value >= value * (1 - max(plan.gap, 2e-6) * 1.01)
    assert plan.value <= dual * (1 + 1e-6)
    assert plan.gap <= 2e-3


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems(limits=True), st.sampled_from(KINDS))
def test_small_instances(problem, kind):
    problem = Problem(problem.firms, replace(problem.terms, quoted=QUOTED[::3]), replace(problem.limits, **kind))
    try:
        plan = solve(problem)
    except Infeasible:
        return  # tests/core/allocation/test_limited.py holds that against the MILP
    assert complaints(plan) == []
    value, _, _ = grid_milp(problem, QUOTED[::3], gap=1e-8)
    if value is not None and _distinct(problem):
        assert plan.bound >= value - 1e-6 * max(abs(value), 1.0)
        assert plan.value >= value - (plan.bound - plan.value) - 1e-6 * max(abs(value), 1.0)


def _distinct(problem):
    """Whether the order of risk leaves nothing to the tie rule."""
    known = problem.firms.pd[~np.isnan(problem.firms.pd)]
    return np.unique(known).size == known.size


@pytest.mark.parametrize("kind", KINDS, ids=["ordered", "uniform"])
def test_with_five_limits_at_302(kind):
    limits = replace(five_limits(), **kind)
    plan = solve(Problem(contest_like(302, 0), Terms(1e8), limits))
    assert complaints(plan) == []
    assert plan.gap <= 1e-3
    free = solve(Problem(contest_like(302, 0), Terms(1e8), five_limits()))
    assert plan.value < free.value


def test_order_costs_profit_and_grade_rates_cost_more():
    firms = contest_like(302, 1)
    values = [solve(Problem(firms, Terms(1e8), Limits(**kind))).value for kind in ({}, *KINDS)]
    assert values[0] > values[1] > values[2]


def test_rates_out_of_range_are_refused():
    with pytest.raises(BadProblem) as caught:
        Problem(contest_like(3, 0), Terms(1e6, quoted=(0.3,)), Limits(rates_ordered=True))
    assert "quoted" in str(caught.value)
