"""Plans by the papers' names, each in every other's measure; P2's rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import contest_like
from allocation_checker import complaints, per_yuan

from credit_udfs.core.allocation import Problem, Terms
from credit_udfs.core.allocation.measures import NAMED, compare, named_plan
from credit_udfs.core.allocation.ratio import solve_ratio
from credit_udfs.core.allocation.rules import rules_plan
from credit_udfs.errors import BadInput


@pytest.fixture(scope="module")
def firms():
    rng = np.random.default_rng(4)
    plain = contest_like(90, 4)
    return replace(plain, repayment=rng.uniform(0.2, 1, 90), shock=rng.uniform(0.5, 1.1, 90))


def rules(firms, budget, **options):
    rng = np.random.default_rng(1)
    return rules_plan(
        Problem(firms, Terms(budget)),
        rng.normal(size=90),
        rng.normal(size=90),
        rng.random(90) > 0.2,
        **options,
    )


@pytest.mark.slow
def test_every_plan_is_the_best_in_its_own_measure(firms):
    terms = Terms(2e7)
    problem = Problem(firms, terms)
    plans = {name: named_plan(problem, name) for name in NAMED}
    plans["P0"] = solve_ratio(problem).plan
    plans["P2"] = rules(firms, 2e7).plan
    table = compare(firms, terms, plans)
    assert table.values.shape == (7, 13)
    assert np.isfinite(table.values).all()
    for name in NAMED:
        own = table.of(name, name)
        assert own == pytest.approx(plans[name].value, rel=1e-9)
        # No other plan is worth more than the bound.
        column = table.values[:, table.measures.index(name)]
        assert column.max() <= plans[name].bound * (1 + 1e-9)
    assert complaints(plans["P1_shock"]) == []


def test_measures_by_hand(firms):
    problem = Problem(firms, Terms(2e7))
    plan = named_plan(problem, "bank")
    table = compare(firms, problem.terms, {"bank": plan})
    for name, objective in NAMED.items():
        under = Problem(replace(firms, shock=None) if name == "P1" else firms, Terms(2e7, objective=objective))
        lent = np.flatnonzero(plan.lend)
        value = sum(plan.amount[i] * per_yuan(under, i, plan.rate[i]) for i in lent)
        assert table.of("bank", name) == pytest.approx(value, rel=1e-9)


def test_rules_keep_the_budget_and_their_rates(firms):
    found = rules(firms, 2e7)
    plan = found.plan
    assert complaints(replace(plan, bound=plan.value)) == []
    for code, rate in enumerate((0.0545, 0.0585, 0.0625)):
        mine = plan.lend & (firms.grade == code)
        assert np.unique(plan.rate[mine]).tolist() == [rate]
    assert np.isnan(plan.bound)
    assert np.isnan(plan.gap)
    assert plan.value < named_plan(plan.problem, "bank").value


def test_rules_top_up_when_the_budget_allows(firms):
    rich, poor, broke = rules(firms, 1e9), rules(firms, 1.2e7), rules(firms, 2e6)
    assert rich.topped_up
    assert rich.scale == 1.0
    assert not rules(firms, 1e9, top_ups=False).topped_up
    assert rich.plan.totals.lent > rules(firms, 1e9, top_ups=False).plan.totals.lent
    assert 0 < poor.scale < 1
    assert poor.plan.totals.lent == pytest.approx(1.2e7)
    assert broke.dropped > 0
    assert broke.plan.totals.lent <= 2e6


def test_rules_refuse_a_wrong_length(firms):
    with pytest.raises(BadInput, match="stability"):
        rules_plan(Problem(firms, Terms(1e7)), np.zeros(90), np.zeros(3), np.ones(90, dtype=bool))
