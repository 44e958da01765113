"""Plans near the bound, listed: proof and plan without a mixed-integer programme, against references that have one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from allocation_cases import contest_like
from allocation_checker import complaints, grid_milp

from credit_udfs.core.allocation import Limits, Problem, Terms, limited, solve
from credit_udfs.core.allocation.limited import _relaxation
from credit_udfs.core.allocation.rows import Choice, pool_of
from credit_udfs.core.allocation.search import Best, settled
from credit_udfs.core.allocation.ties import search_core
from credit_udfs.core.assess import Settings, assess
from credit_udfs.models import load


@pytest.fixture
def listing(monkeypatch):
    """Any mixed-integer programme fails the test; returns the numbers of loans whose rates were moved."""
    moved = []

    def refuse(*args, **options):
        raise AssertionError("listing the plans near the bound should do")

    def count(pool, mu, choice):
        moved.append(int((choice.amount > 0.0).sum()))
        return settled(pool, mu, choice)

    monkeypatch.setattr(limited, "_descend", refuse)
    monkeypatch.setattr(limited, "close_gap", refuse)
    monkeypatch.setattr("credit_udfs.core.allocation.ties.settled", count)
    return moved


@pytest.mark.parametrize(("cap", "columns"), [(0.3, {}), (0.4, {}), (0.25, {"high": 1e6}), (0.3, {"high": 1e6})])
def test_a_churn_ceiling_that_bites_at_302(cap, columns, listing):
    problem = Problem(contest_like(302, 3, **columns), Terms(1e8), Limits(mean_churn=cap))
    at_once = solve(problem)
    assert complaints(at_once) == []
    assert at_once.gap <= 1e-4
    assert len(listing) <= 300
    proven = solve(problem, prove=True)
    assert complaints(proven) == []
    assert proven.gap <= 1e-6
    assert proven.value >= at_once.value * (1 - 1e-12)
    assert proven.bound <= at_once.bound * (1 + 1e-12)


@pytest.fixture(scope="module")
def real(contest_tables):
    return assess(contest_tables, Settings(lend_to="new"), load()).plan.problem


@pytest.mark.parametrize(
    "limits",
    [
        Limits(mean_churn=0.18),
        Limits(mean_churn=0.25),
        Limits(mean_churn=0.35),
        Limits(mean_churn=0.3, min_clients=180),
        Limits(0.25, {"C": 0.3}, expected_loss=0.012, mean_churn=0.4, min_clients=150),
    ],
)
def test_churn_ceilings_on_the_real_firms(real, limits, listing):
    plan = solve(Problem(real.firms, Terms(1e8), limits))
    assert complaints(plan) == []
    assert plan.gap <= 1e-4
    assert len(listing) <= 300


@pytest.mark.parametrize("cap", [0.2, 0.4])
@pytest.mark.parametrize(("seed", "least", "budget"), [(0, None, 9.4e5), (1, 2, 9.4e5), (2, 3, 1.33e6)])
def test_every_plan_of_four_firms_against_the_list(seed, least, budget, cap):
    """Every set of smallest and largest loans, one of them anywhere between: none is worth more than the bound, and the
    best of them is found."""
    firms = contest_like(4, seed)
    pool = pool_of(Problem(firms, Terms(budget), Limits(mean_churn=cap, min_clients=least)))
    relaxed, _, _ = _relaxation(pool, 1e-6, lambda _: True, {})
    if relaxed is None:
        return
    best = Best(bound=relaxed.bound)
    search_core(pool, relaxed.mu, best, target=1e-9)
    top = Best()
    offers = pool.offers(relaxed.mu)[0]
    for picked in itertools.product(*[(0.0, low, high) for low, high in zip(pool.low, pool.high, strict=True)]):
        amount = np.array(picked)
        rest = float(pool.right[0]) - amount.sum()
        filled = [amount]
        for j in np.flatnonzero((amount > 0.0) & (amount + rest > pool.low) & (amount + rest < pool.high)):
            filled.append(np.where(np.arange(pool.size) == j, amount + rest, amount))
        for one in filled:
            if one.sum() <= pool.right[0] + 1e-9:
                top.offer(pool, settled(pool, relaxed.mu, Choice(one, offers.rate, offers.stay))[0])
    if top.choice is None:
        assert best.choice is None
        return
    assert best.bound >= top.value - 1e-9
    assert best.value >= top.value - 1e-9
    assert best.bound - best.value <= 1e-8


@pytest.mark.parametrize("seed", range(2))
def test_the_bound_holds_against_the_full_milp(seed):
    limits = Limits(mean_churn=0.35, min_clients=8)
    problem = Problem(contest_like(16, seed), Terms(3.13e6), limits)
    value, _, _ = grid_milp(problem, np.linspace(0.04, 0.15, 23), gap=1e-6, time_limit=1)
    plan = solve(problem, prove=True)
    assert complaints(plan) == []
    assert plan.gap <= 1e-6
    assert plan.bound >= value * (1 - 1e-9)
    assert plan.value >= value * (1 - 1e-6)


def test_a_search_cut_short_claims_no_more_than_it_looked_at():
    pool = pool_of(Problem(contest_like(302, 3, high=1e6), Terms(1e8), Limits(mean_churn=0.3)))
    relaxed, _, _ = _relaxation(pool, 1e-6, lambda _: True, {})
    full, short = Best(bound=relaxed.bound), Best(bound=relaxed.bound)
    search_core(pool, relaxed.mu, full, target=1e-6)
    search_core(pool, relaxed.mu, short, target=1e-6, states=20)
    assert full.gap() <= 1e-6
    assert full.value <= short.bound * (1 + 1e-12)
    assert short.value <= full.bound * (1 + 1e-12)
