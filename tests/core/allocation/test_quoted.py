"""Rates ordered by risk and one rate per grade: against the full MILP on the same quoted rates."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import contest_like, five_limits, small_problems
from allocation_checker import complaints, grid_milp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_udfs.core.allocation import BadProblem, Firms, Infeasible, Limits, Problem, Terms, solve
from credit_udfs.core.allocation.levels import decide_levels
from credit_udfs.core.allocation.plan import NoPlanYet
from credit_udfs.core.allocation.search import Stop

QUOTED = tuple(np.linspace(0.04, 0.15, 12).clip(0.04, 0.15).tolist())
KINDS = [
    {"rates_ordered": True},
    {"one_rate_per_grade": True},
    {"rates_ordered": True, "one_rate_per_grade": True},
]


def attempt(problem):
    try:
        return solve(problem, prove=True), None
    except Infeasible as error:
        return None, error


NAMES = ["ordered", "uniform", "both"]


TIGHT = Limits(expected_loss=0.018, mean_churn=0.55, min_clients=7, sector_share=0.4)


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
@pytest.mark.parametrize("limits", [Limits(), TIGHT], ids=["budget", "limits"])
def test_against_the_full_milp(limits, kind):
    for seed in range(2) if limits == Limits() else range(3):
        size = 30 if limits == Limits() else 18
        problem = Problem(contest_like(size, seed), Terms(3.1e5 * size, quoted=QUOTED), replace(limits, **kind))
        plan = solve(problem, prove=True)
        assert complaints(plan) == []
        assert set(np.round(plan.rate[plan.lend], 12)) <= set(np.round(QUOTED, 12))
        value, dual, status = grid_milp(problem, QUOTED, gap=1e-7)
        assert status == 0
        assert plan.bound >= value * (1 - 1e-9)
        assert value * (1 - 1e-6) <= plan.value <= dual * (1 + 1e-6)
        assert plan.gap <= 1e-6


@pytest.mark.slow
@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems(limits=True), st.sampled_from(KINDS), st.sampled_from(["limit", "use all", "drawn"]))
def test_small_instances(problem, kind, budget):
    terms = replace(problem.terms, quoted=QUOTED[::3], use_all_budget=budget == "use all")
    limits = replace(problem.limits, **kind)
    if budget == "drawn":
        terms, limits = replace(terms, budget_basis="drawn"), replace(limits, min_lent=None)
    problem = Problem(problem.firms, terms, limits)
    value, dual, status = grid_milp(problem, QUOTED[::3], gap=1e-9)
    plan, refused = attempt(problem)
    if plan is None:
        assert status == 2
        assert refused.conflicts
        return
    assert complaints(plan) == []
    assert status == 0
    tolerance = 2e-6 * max(abs(value), 1.0)
    assert plan.bound >= value - tolerance
    assert value - tolerance <= plan.value <= dual + tolerance
    assert plan.gap <= 1e-6


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_with_five_limits_at_302(kind):
    limits = replace(five_limits(), **kind)
    plan = solve(Problem(contest_like(302, 0), Terms(1e8), limits))
    assert complaints(plan) == []
    assert plan.gap <= 1e-4
    free = solve(Problem(contest_like(302, 0), Terms(1e8), five_limits()))
    assert plan.value < free.value


@pytest.mark.slow
def test_ordered_rates_with_five_limits_are_proven():
    plan = solve(Problem(contest_like(302, 1), Terms(1e8), replace(five_limits(), **KINDS[0])), prove=True)
    assert complaints(plan) == []
    assert plan.gap <= 1e-6


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_the_whole_budget_at_quoted_rates(kind):
    firms = contest_like(60, 2)
    plan = solve(Problem(firms, Terms(2.2e7, use_all_budget=True), Limits(**kind)))
    assert complaints(plan) == []
    assert plan.gap <= 1e-4
    assert plan.totals.lent == pytest.approx(2.2e7)
    with pytest.raises(Infeasible):
        solve(Problem(firms, Terms(1e9, use_all_budget=True), Limits(**kind)))


def test_rules_of_rates_that_leave_no_plan_are_named():
    problem = Problem(contest_like(12, 0), Terms(5e6, quoted=(0.12, 0.15)), Limits(mean_churn=0.5, min_clients=3))
    assert solve(problem).totals.mean_churn <= 0.5
    for kind in KINDS:
        with pytest.raises(Infeasible) as caught:
            solve(problem.with_limits(**kind))
        assert {conflict.limit.name for conflict in caught.value.conflicts} > {"quoted_rates"}
        for lang in ("zh", "en"):
            assert "nan" not in caught.value.text(lang)


def test_order_costs_profit_and_grade_rates_cost_more():
    firms = contest_like(302, 1)
    values = [solve(Problem(firms, Terms(1e8), Limits(**kind))).value for kind in ({}, *KINDS)]
    assert values[0] > values[1] > values[2] >= values[3]


def test_rates_out_of_range_are_refused():
    with pytest.raises(BadProblem) as caught:
        Problem(contest_like(3, 0), Terms(1e6, quoted=(0.3,)), Limits(rates_ordered=True))
    assert "quoted" in str(caught.value)


@pytest.mark.parametrize("kind", KINDS[:2], ids=NAMES[:2])
def test_larger_problems_are_within_1e5(kind):
    limits = replace(five_limits(5), **kind)
    plan = solve(Problem(contest_like(1510, 4), Terms(5e8), limits))
    assert complaints(plan) == []
    assert plan.gap <= 1e-5


def test_a_proof_goes_on_to_a_millionth(monkeypatch):
    asked = []

    def recorded(board, costs, **options):
        asked.append(options)
        return decide_levels(board, costs, **options)

    monkeypatch.setattr("credit_udfs.core.allocation.quoted.decide_levels", recorded)
    plan = solve(Problem(contest_like(60, 1), Terms(2e7), replace(five_limits(0.2), **KINDS[0])), prove=True)
    proofs = [options for options in asked if options.get("proof")]
    # Half of what is allowed: the other half is for the bound's own rounding.
    assert proofs
    assert all(options["gap"] <= 5e-7 for options in proofs)
    assert plan.gap <= 1e-6
    assert plan.status == "optimal"


def test_interrupted_with_a_plan():
    def stop(stage, turn, total):
        if stage == "allocation_prove" or (stage == "allocation_decide" and turn == 1):
            raise Stop

    for kind in KINDS[:2]:
        problem = Problem(contest_like(60, 1), Terms(2e7, quoted=QUOTED), replace(five_limits(0.2), **kind))
        plan = solve(problem, prove=True, progress=stop)
        assert plan.status == "interrupted"
        assert complaints(plan) == []
        assert plan.bound >= solve(problem).value * (1 - 1e-9)


def test_more_rates_than_choices_are_kept_of(monkeypatch):
    problem = Problem(contest_like(40, 3), Terms(1.2e7), replace(TIGHT, **KINDS[1]))
    full = solve(problem, prove=True)
    monkeypatch.setattr("credit_udfs.core.allocation.quoted.CHOICES", 27)
    few = solve(problem, prove=True)
    assert complaints(few) == []
    assert few.value <= full.bound * (1 + 1e-9)
    assert few.bound >= full.value * (1 - 1e-9)


@pytest.mark.parametrize("limits", [{"one_rate_per_grade": True}, {"rates_ordered": True}], ids=str)
def test_a_budget_below_the_smallest_loan_is_the_empty_plan(limits):
    plan = solve(Problem(contest_like(40, 5), Terms(5e4), Limits(**limits, expected_loss=0.015)))
    assert (plan.value, plan.gap, plan.lend.any()) == (0.0, 0.0, False)
    with pytest.raises(Infeasible):
        solve(Problem(contest_like(40, 5), Terms(5e4), Limits(**limits, min_clients=1)))


def equal(count, pd, grade, amount):
    return Firms.of([f"E{i}" for i in range(count)], [pd] * count, [grade] * count, low=amount, high=amount)


WHOLE_BUDGET = [
    # Loans of one size never fill the budget, though parts of them would.
    (equal(5, 0.06, "B", 5e5), Terms(2.3e6, use_all_budget=True), {}),
    (
        equal(7, 0.0294, "A", 7.7e5),
        Terms(3384819.0, funding=0.12, budget_basis="drawn", use_all_budget=True, quoted=QUOTED[::2]),
        {"min_lent": 1.3e6, "fixed": {"E2": 7.7e5}},
    ),
    (
        Firms.of("abc", [0.152, 0.1915, 0.3335], "BCC", low=[7.7e5, 2e5, 7.7e5], high=[7.7e5, 2e5, 7.7e5]),
        Terms(1291467.0, funding=0.0, objective="P1", use_all_budget=True, quoted=(0.04, 0.095, 0.15)),
        {"min_clients": 1},
    ),
]


@pytest.mark.parametrize(("firms", "terms", "limits"), WHOLE_BUDGET, ids=["equal", "drawn", "three"])
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_budget_that_no_whole_loans_use_up_has_no_plan(firms, terms, limits, kind):
    problem = Problem(firms, terms, Limits(**limits, **kind))
    assert grid_milp(problem, terms.quoted_rates)[2] == 2
    with pytest.raises(Infeasible):
        solve(problem)


MANY_RATES = [
    # All choices of a rate for each grade promise more than any keeps.
    (
        Firms.of("abcdef", [0.086, 0.095, 0.13, 0.24, 0.0045, 0.0095], "BBBCAA", high=[2e5, 3.3e5, 5e5, 2e5, 1e6, 1e6]),
        Terms(2.2e6),
        {"sector_share": {"x": 0.5, "y": 0.5}, "min_clients": 3},
    ),
    (
        Firms.of("abcdef", [0.048, 0.1, 0.16, 0.007, 0.12, 0.08], "CCBCBA", high=[5e5, 3e5, 3e5, 1e6, 3e5, 8e5]),
        Terms(3e5, funding=0.03),
        {"mean_churn": 0.2, "min_lent": 131141.0},
    ),
    (
        Firms.of("abcdef", [0.05, 0.38, 0.026, 0.46, 0.073, 0.072], "CCABAA", high=[7.7e5, 3.3e5, 1e6, 1e6, 1e6, 2e5]),
        Terms(8e4, lgd=1.0, funding=0.0, budget_basis="drawn", use_all_budget=True),
        {"group_amount": 2e5, "mean_churn": 0.9, "min_clients": 2, "expected_loss": 0.3},
    ),
]


@pytest.mark.parametrize(("firms", "terms", "limits"), MANY_RATES, ids=["sectors", "churn", "drawn"])
def test_many_quoted_rates_of_few_firms_are_decided(firms, terms, limits):
    firms = replace(firms, sector=tuple("xyxyxy"), group=tuple("gghhii"))
    problem = Problem(firms, terms, Limits(**limits, one_rate_per_grade=True))
    value, dual, status = grid_milp(problem, terms.quoted_rates)
    assert status == 0
    plan = solve(problem)
    assert complaints(plan) == []
    assert plan.gap <= 1e-4
    assert plan.bound >= value - 1e-6 * abs(value)
    assert value - 1e-4 * abs(value) <= plan.value <= dual + 1e-6 * abs(dual)


def test_rooms_of_better_plans_are_measured_from_the_prices_themselves():
    firms = Firms.of(
        "abcde",
        [0.0128, 0.0611, 0.0745, 0.0901, 0.1111],
        "ABACB",
        low=[1.7e5, 5e4, 1e5, 5e4, 4e5],
        high=[5e5, 1e6, 5e5, 2e5, 7.7e5],
        shock=[1.081, 0.791, 0.901, 0.86, 0.795],
    )
    limits = Limits(
        share_of="budget",
        grade_share={"C": 0.2, "A": 0.6},
        expected_loss=0.01,
        loss_basis="drawn",
        loss_amount=20000.0,
        fixed={"d": 5e4},
        one_rate_per_grade=True,
    )
    quoted = (0.04, 0.0767, 0.1133, 0.15)
    problem = Problem(firms, Terms(2435518.0, lgd=0.3, objective="P1", quoted=quoted), limits)
    value, _, _ = grid_milp(problem, quoted)
    plan = solve(problem)
    assert complaints(plan) == []
    assert plan.bound >= value * (1 - 1e-9)
    assert plan.value >= value * (1 - 1e-4)


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_out_of_time_a_plan_keeps_the_limits_or_there_is_none(kind):
    limits = replace(five_limits(), min_clients=100, **kind)
    plan = solve(Problem(contest_like(302, 1), Terms(1e8), limits), clock=time.perf_counter, time_limit=0.0)
    assert plan.status == "time_limit"
    assert plan.totals.clients >= 100
    assert complaints(plan) == []
    ticks = itertools.count()
    with pytest.raises(NoPlanYet):
        # Each look at this clock takes a second.
        solve(Problem(contest_like(302, 1), Terms(1e8), limits), clock=lambda: float(next(ticks)), time_limit=0.0)
    with pytest.raises(Infeasible):
        solve(Problem(*WHOLE_BUDGET[0][:2], Limits(**kind)), clock=time.perf_counter, time_limit=0.0)
