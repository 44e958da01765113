"""Equal firms get their loans in the order of the list; the checker looks for it in every plan of the other tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import small_problems
from allocation_checker import complaints
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from credit_udfs.core.allocation import Firms, Infeasible, Limits, Problem, Terms, solve
from credit_udfs.core.allocation.turns import in_turn


@settings(max_examples=15, deadline=None)
@given(small_problems(), st.sampled_from([0.4, 0.7, 1.0]), st.booleans())
def test_rates_in_order_stay_in_order(problem: Problem, churn: float, uniform: bool) -> None:
    try:
        plan = solve(problem.with_limits(rates_ordered=True, one_rate_per_grade=uniform, mean_churn=churn))
    except Infeasible:
        assume(False)
    assert complaints(plan) == []


FOUR = Firms.of("abcd", [0.01] * 4, ["A"] * 4)


def test_four_equal_firms_under_a_ceiling_on_churn() -> None:
    plan = solve(Problem(FOUR, Terms(2_500_000.0), Limits(mean_churn=0.4)))
    assert plan.amount == pytest.approx([1e6, 1e6, 4e5, 1e5], rel=1e-6)
    assert complaints(plan) == []


def test_what_was_decided_beforehand_or_tells_firms_apart_stays() -> None:
    amount, rate = np.array([0.0, 3e5, 5e5, 2e5]), np.array([np.nan, 0.05, 0.06, 0.07])
    taken, rates = in_turn(Problem(FOUR, Terms(1e6), Limits(fixed={"a": 0.0})), amount, rate)
    assert taken.tolist() == [0.0, 5e5, 3e5, 2e5]
    assert rates[1:].tolist() == [0.06, 0.05, 0.07]
    for told in ({"sector": ("x", "x", "y", "z")}, {"shock": np.array([1.0, 1.0, 0.9, 0.8])}):
        apart = Problem(replace(FOUR, **told), Terms(1e6))
        assert in_turn(apart, amount, rate)[0].tolist() == [3e5, 0.0, 5e5, 2e5]


def test_a_loan_moves_only_to_where_its_rate_is_in_order() -> None:
    """Firms a, c, d are equal, b has the same risk but a loan of its own size; d's rate is above b's."""
    firms = Firms.of("abcd", [0.01] * 4, ["A"] * 4, high=[1e6, 5e5, 1e6, 1e6])
    problem = Problem(firms, Terms(1e7), Limits(rates_ordered=True))
    amount, rate = np.array([0.0, 5e5, 0.0, 1e6]), np.array([np.nan, 0.05, np.nan, 0.06])
    taken, rates = in_turn(problem, amount, rate, ordered=True)
    assert taken.tolist() == [0.0, 5e5, 1e6, 0.0]
    assert rates[1:3].tolist() == [0.05, 0.06]
    assert in_turn(problem, amount, rate)[0].tolist() == [1e6, 5e5, 0.0, 0.0]
