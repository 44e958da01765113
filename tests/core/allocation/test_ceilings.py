"""Groups of firms under ceilings of their own: every plan of a few firms tried, against what the lists claim."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from allocation_cases import contest_like
from allocation_checker import complaints, grid_milp

from credit_udfs.core.allocation import Firms, Limits, Problem, Terms, solve
from credit_udfs.core.allocation.ceilings import kept_rows, spared
from credit_udfs.core.allocation.limited import _relaxation
from credit_udfs.core.allocation.rows import Choice, pool_of
from credit_udfs.core.allocation.search import Best, settled
from credit_udfs.core.allocation.ties import search_core

SHARES = {
    "of the budget": Limits(sector_share=0.35, share_of="budget"),
    "of what is lent": Limits(sector_share=0.4),
    "beside churn": Limits(sector_share=0.35, share_of="budget", mean_churn=0.4),
    "of what is lent, beside churn": Limits(sector_share=0.4, mean_churn=0.35),
    "groups": Limits(group_amount=5e5, mean_churn=0.45),
    "grades, clients": Limits(grade_share={"A": 0.3, "B": 0.4}, share_of="budget", mean_churn=0.4, min_clients=2),
}


def posed(seed, limits, budget=1.8e6):
    rng = np.random.default_rng(seed)
    firms = contest_like(
        5,
        seed,
        sector=rng.choice(["x", "y"], 5).tolist(),
        group=rng.choice(["p", "q", ""], 5).tolist(),
        high=rng.choice([3e5, 5e5, 6.2e5], 5),
    )
    return Problem(firms, Terms(budget), limits)


def every_plan(pool, mu):
    """The best of all plans whose loans are smallest or largest, but for one a group that uses its ceiling up, and one
    that uses the budget up."""
    best, offers = Best(), pool.offers(mu)[0]
    caps = [
        (row.members, float(right) - row.everyone * float(pool.right[0]))
        for row, right in zip(pool.rows, pool.right, strict=True)
        if row.members is not None
    ]

    def offer(amount):
        if amount.sum() <= pool.right[0] + 1e-9:
            best.offer(pool, settled(pool, mu, Choice(amount, offers.rate, offers.stay))[0])

    def filled(amount, members, right):
        rest = right - amount[members].sum()
        yield amount
        for j in members[amount[members] > 0.0]:
            if pool.low[j] < amount[j] + rest < pool.high[j]:
                more = amount.copy()
                more[j] += rest
                yield more

    everyone = np.arange(pool.size)
    for picked in itertools.product(
        *[dict.fromkeys((0.0, lo, hi)) for lo, hi in zip(pool.low, pool.high, strict=True)]
    ):
        plans = [np.array(picked)]
        for members, right in caps:
            plans = [more for plan in plans for more in filled(plan, members, right)]
        for plan in plans:
            for more in filled(plan, everyone, float(pool.right[0])):
                if all(more[members].sum() <= right + 1e-9 for members, right in caps):
                    offer(more)
    return best


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_plan_of_five_firms_against_the_list(name, seed):
    pool = pool_of(posed(seed, SHARES[name]))
    relaxed, _, _ = _relaxation(pool, 1e-6, lambda _: True, {})
    assert relaxed is not None
    mu = relaxed.mu
    top, best = every_plan(pool, mu), Best(bound=relaxed.bound)
    search_core(pool, mu, best, target=1e-7)
    assert best.bound >= top.value - 1e-9
    if kept_rows(pool, mu).all and kept_rows(pool, mu).exact:
        assert best.value >= top.value - 1e-9
        assert best.gap() <= 1e-6
    # What groups must lose bounds every plan, whether all rows are kept or not.
    _, lost = spared(pool, mu)
    assert relaxed.bound - lost >= top.value - 1e-9


def test_what_is_spared_leaves_out_no_decision_of_the_best_plan():
    for seed in (0, 1):
        pool = pool_of(posed(seed, SHARES["of what is lent, beside churn"]))
        relaxed, _, _ = _relaxation(pool, 1e-6, lambda _: True, {})
        if relaxed is None:
            continue
        top = every_plan(pool, relaxed.mu)
        others, _ = spared(pool, relaxed.mu)
        _, value = pool.respond(relaxed.mu)
        refused = np.flatnonzero(top.choice.amount == 0.0)
        assert np.all(value[refused] + others[refused] <= relaxed.bound - top.value + 1e-9)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(sector_share=0.16, mean_churn=0.4),
        Limits(sector_share=0.12, share_of="budget", mean_churn=0.45),
        Limits(grade_share={"A": 0.2, "B": 0.35}, share_of="budget", mean_churn=0.45),
    ],
)
def test_shares_beside_a_churn_ceiling_at_302(limits, monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("listing the plans near the bound should do")

    problem = Problem(contest_like(302, 0), Terms(1e8), limits)
    proven = solve(problem, prove=True)
    assert complaints(proven) == []
    assert proven.gap <= 1e-6
    monkeypatch.setattr("credit_udfs.core.allocation.limited.close_gap", refuse)
    at_once = solve(problem)
    assert complaints(at_once) == []
    assert at_once.gap <= 1e-4
    assert at_once.value <= proven.bound * (1 + 1e-12)
    assert proven.value <= at_once.bound * (1 + 1e-12)


def test_money_drawn_leaves_no_loan_at_its_ends():
    """What loans earn under a budget on drawn money isn't convex in their amounts: both stay in between."""
    firms = Firms.of(["a", "b"], [0.0248, 0.0223], ["A", "B"], low=[1e5, 1e5], high=[7.7e5, 2e5])
    limits = Limits(mean_churn=0.2, churn_over="applicants", min_lent=145_467.0)
    problem = Problem(firms, Terms(3e5, budget_basis="drawn"), limits)
    plan = solve(problem, prove=True)
    assert complaints(plan) == []
    value, _, _ = grid_milp(problem, np.linspace(0.04, 0.15, 45), gap=1e-9, time_limit=20)
    assert plan.value >= value * (1 - 1e-9)
    assert plan.bound >= plan.value


def test_a_programme_over_all_decisions_bounds_every_plan():
    """Nothing is left out, so nothing else can be worth more than what the programme found."""
    firms = Firms.of(
        list("abcd"),
        [0.0044, 0.0826, 0.0768, 0.0002],
        ["A", "A", "B", "C"],
        low=[5e4, 1e5, 4e5, 5e4],
        high=[2e5, 7.7e5, 1e6, 1e6],
        sector=["x", "y", "", "z"],
    )
    plan = solve(
        Problem(
            firms, Terms(6e5, objective="P4"), Limits(sector_share={"x": 0.3, "y": 0.3, "z": 0.3}, share_of="budget")
        )
    )
    assert complaints(plan) == []
    assert plan.gap <= 1e-6
