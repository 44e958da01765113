"""Plans under limits: against the full MILP on a rate grid, and checked by code of their own."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import SECTORS, contest_like, five_limits, small_problems
from allocation_checker import best_rates, complaints, grid_milp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import milp

from credit_udfs.core.allocation import Firms, Infeasible, Limits, Problem, Terms, limited, proof, solve
from credit_udfs.core.allocation.limited import _relaxation
from credit_udfs.core.allocation.plan import NoPlanYet
from credit_udfs.core.allocation.rows import pool_of
from credit_udfs.core.allocation.search import Stop


def attempt(problem):
    try:
        return solve(problem, prove=True), None
    except Infeasible as error:
        return None, error


FINE = np.linspace(0.04, 0.15, 23)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems(limits=True), st.sampled_from(["limit", "use all", "drawn"]))
def test_small_instances_against_the_full_milp(problem, budget):
    if budget == "use all":
        problem = problem.with_terms(use_all_budget=True)
    elif budget == "drawn":
        problem = problem.with_limits(min_lent=None).with_terms(budget_basis="drawn")
    value, _, status = grid_milp(problem, FINE, gap=1e-8, time_limit=5)
    plan, refused = attempt(problem)
    if plan is None:
        # The rates of the grid are among ours: what is feasible there is feasible here.
        assert status == 2
        assert refused.conflicts
        return
    assert complaints(plan) == []
    if value is not None:
        tolerance = 1e-6 * max(abs(value), 1.0)
        assert plan.bound >= value - tolerance
        # Never below what the grid reaches by more than the gap it states itself.
        assert plan.value >= value - (plan.bound - plan.value) - tolerance


LIMITS = {
    "sectors": Limits(sector_share=0.15),
    "sectors of budget": Limits(sector_share={"a": 0.05, "b": 0.1}, share_of="budget"),
    "grades": Limits(grade_share={"C": 0.2, "B": 0.3}),
    "loss": Limits(expected_loss=0.015),
    "loss drawn": Limits(expected_loss=0.012, loss_basis="drawn"),
    "churn": Limits(mean_churn=0.55),
    "churn of applicants": Limits(mean_churn=0.82, churn_over="applicants"),
    "clients": Limits(min_clients=58),
    "lent": Limits(min_lent=2.4e7, expected_loss=0.026),
    "groups": Limits(group_share=0.04, group_amount=9e5),
    "five": Limits(0.25, {"C": 0.3}, expected_loss=0.02, mean_churn=0.6, min_clients=40),
}


RATES_MATTER = ("loss drawn", "churn", "churn of applicants", "five")


@pytest.mark.parametrize("name", [name for name in LIMITS if name not in RATES_MATTER])
def test_each_limit_on_money_is_exact(name):
    problem = Problem(contest_like(80, 7), Terms(2.5e7), LIMITS[name])
    plan = solve(problem)
    value, dual, status = grid_milp(problem, best_rates(problem), gap=1e-7)
    assert status == 0
    assert complaints(plan) == []
    assert plan.gap <= 1e-4
    # The rates of the reference are a fine grid: it may be short by about 1e-7.
    assert plan.bound >= value * (1 - 1e-9)
    assert plan.value <= dual * (1 + 1e-6)
    assert plan.value >= value * (1 - 1e-4)
    proven = solve(problem, prove=True)
    assert value * (1 - 1e-6) <= proven.value <= dual * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_prices_bound_every_plan(seed):
    limits = Limits(sector_share=0.25, grade_share={"C": 0.3}, expected_loss=0.02, min_clients=25)
    problem = Problem(contest_like(60, seed), Terms(1.5e7), limits)
    pool = pool_of(problem)
    relaxed, _, _ = _relaxation(pool, 1e-6, lambda _: True, {})
    value, _, status = grid_milp(problem, best_rates(problem), gap=1e-7)
    assert status == 0
    assert value * (1 - 1e-9) <= relaxed.bound * pool.unit <= value * 1.01
    rng = np.random.default_rng(seed)
    for _ in range(20):  # and so do prices that are anything but the best
        mu = relaxed.mu * rng.uniform(0.0, 2.0, relaxed.mu.size)
        assert (mu @ pool.right + pool.respond(mu)[1].sum()) * pool.unit >= value * (1 - 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", RATES_MATTER)
def test_each_limit_on_rates_against_the_full_milp(name):
    firms = contest_like(50, 7)
    limits = LIMITS[name] if name != "five" else replace(LIMITS[name], min_clients=25)
    problem = Problem(firms, Terms(1.5e7), limits)
    plan = solve(problem)
    assert complaints(plan) == []
    # Under the churn ceiling HiGHS runs into the time limit; what it has found by then is a reference all the same.
    value, _, _ = grid_milp(problem, gap=1e-4, time_limit=3)
    assert plan.bound >= value * (1 - 1e-9)
    assert plan.value >= value * (1 - 1e-4)
    assert plan.gap <= 1e-4
    unlimited = solve(Problem(firms, Terms(1.5e7)), prove=True)
    assert plan.value <= unlimited.bound * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_five_limits_at_302_within_a_gap_of_1e4(seed):
    plan = solve(Problem(contest_like(302, seed), Terms(1e8), five_limits()))
    assert complaints(plan) == []
    assert plan.gap <= 1e-4
    assert plan.status in ("within_gap", "optimal")
    assert {use.key for use in plan.limits} >= {
        "budget",
        "expected_loss",
        "mean_churn",
        "min_clients",
        "grade C",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["five", "churn", "sectors", "loss"])
def test_proven_to_1e6(name):
    limits = LIMITS[name] if name != "five" else Limits(0.25, {"C": 0.3}, expected_loss=0.02, mean_churn=0.6)
    plan = solve(Problem(contest_like(120, 11), Terms(4e7), limits), prove=True)
    assert complaints(plan) == []
    assert plan.gap <= 1e-6
    assert plan.status == "optimal"


def test_ten_thousand_firms_within_1e5():
    plan = solve(Problem(contest_like(10_000, 1), Terms(3e9), five_limits(33)))
    assert complaints(plan) == []
    assert plan.gap <= 1e-5


def test_budget_on_drawn_money_lends_more():
    firms = contest_like(302, 2)
    offered, drawn = (
        solve(Problem(firms, Terms(5e7))),
        solve(Problem(firms, Terms(5e7, budget_basis="drawn"))),
    )
    assert complaints(drawn) == []
    assert drawn.totals.drawn <= 5e7 * (1 + 1e-6)
    assert drawn.totals.lent > offered.totals.lent
    assert drawn.value > offered.value
    assert drawn.gap <= 1e-4


def test_fixed_decisions_are_kept():
    firms = contest_like(120, 4)
    free = solve(Problem(firms, Terms(3e7), Limits(expected_loss=0.02)))
    refused = firms.ids[int(np.flatnonzero(~free.lend & (firms.grade < 3))[0])]
    lent = firms.ids[int(np.flatnonzero(free.lend)[0])]
    plan = solve(Problem(firms, Terms(3e7), Limits(expected_loss=0.02, fixed={refused: 150_000.0, lent: 0.0})))
    assert complaints(plan) == []
    assert plan.value <= free.bound


def test_price_of_a_limit_is_what_easing_it_earns():
    firms = contest_like(302, 3)
    at = {cap: solve(Problem(firms, Terms(1e8), Limits(expected_loss=cap))) for cap in (0.02, 0.0201)}
    (use,) = [use for use in at[0.02].limits if use.key == "expected_loss"]
    assert use.binding
    assert use.used == pytest.approx(0.02, rel=1e-6)
    assert at[0.0201].value - at[0.02].value == pytest.approx(use.price * 0.0001, rel=0.05)


@pytest.mark.slow
def test_easing_a_limit_never_hurts():
    firms = contest_like(150, 5)
    plans = [solve(Problem(firms, Terms(5e7), Limits(mean_churn=cap))) for cap in (0.45, 0.5, 0.55, 0.6, 0.9)]
    for tight, loose in itertools.pairwise(plans):
        assert loose.bound >= tight.value * (1 - 1e-9)
        assert loose.value >= tight.value * (1 - 2e-4)


def test_clashing_limits_are_named_with_their_repair():
    firms = Firms.of([f"E{i}" for i in range(6)], [0.02] * 6, ["A"] * 3 + ["B"] * 3, sector=list("aabbcc"))
    limits = Limits(grade_share={"A": 0.6, "C": 0.5}, sector_share={"a": 0.1}, min_clients=5)
    problem = Problem(firms, Terms(450_000.0), limits)
    with pytest.raises(Infeasible) as caught:
        solve(problem)
    conflicts = {conflict.limit.key: conflict for conflict in caught.value.conflicts}
    assert set(conflicts) == {"budget", "min_clients"}
    assert conflicts["min_clients"].need == pytest.approx(4)
    assert conflicts["budget"].have == 450_000.0
    # Five loans of which at most a tenth goes to sector a, at 100,000 at least: one there, 900,000 elsewhere.
    assert conflicts["budget"].need == pytest.approx(1e6, rel=1e-6)
    repaired = problem.with_terms(budget=conflicts["budget"].need * (1 + 1e-9))
    assert complaints(solve(repaired)) == []


def test_ratio_limits_are_repaired_to_the_smallest_ratio():
    firms = Firms.of("abcd", [0.01, 0.03, 0.05, 0.2], list("ABCC"))
    problem = Problem(firms, Terms(4e6), Limits(expected_loss=0.008, min_lent=2e6))
    with pytest.raises(Infeasible) as caught:
        solve(problem)
    conflicts = {conflict.limit.key: conflict for conflict in caught.value.conflicts}
    assert set(conflicts) == {"expected_loss", "min_lent"}
    need = conflicts["expected_loss"].need
    # A million each at 1% and 3%: 45% of 2%.
    assert need == pytest.approx(0.009, rel=1e-6)
    assert complaints(solve(problem.with_limits(expected_loss=need * (1 + 1e-9)))) == []


def test_the_smallest_ratio_may_lend_to_more_firms():
    firms = Firms.of("abcd", [0.01, 0.03, 0.05, 0.2], list("ABCC"))
    problem = Problem(firms, Terms(4e6), Limits(expected_loss=0.008, fixed={"d": 1e6}))
    with pytest.raises(Infeasible) as caught:
        solve(problem)
    # All four: 45% of the mean of 1, 3, 5 and 20%; without b and c, which by themselves exceed 0.8%, it would be more.
    (need,) = [conflict.need for conflict in caught.value.conflicts if conflict.limit.key == "expected_loss"]
    assert need == pytest.approx(0.45 * 0.0725, rel=1e-6)
    assert "3.27%" in caught.value.text("en")
    assert complaints(solve(problem.with_limits(expected_loss=0.0327))) == []


def test_all_d_with_a_minimum_of_clients_cannot_be():
    firms = Firms.of("ab", [0.5, 0.5], ["D", "D"])
    with pytest.raises(Infeasible):
        solve(Problem(firms, Terms(1e6), Limits(min_clients=1)))
    assert solve(Problem(firms, Terms(1e6), Limits(mean_churn=0.5))).value == 0.0


def test_time_limit_gives_the_best_so_far():
    ticks = iter(np.arange(0.0, 1e6, 0.4))
    plan = solve(
        Problem(contest_like(200, 1), Terms(7e7), Limits(mean_churn=0.5)),
        prove=True,
        time_limit=1.0,
        clock=lambda: float(next(ticks)),
    )
    assert plan.status == "time_limit"
    assert complaints(plan) == []


@pytest.mark.parametrize("n", [120, 2_500])
@pytest.mark.parametrize("limits", [Limits(min_clients=1), five_limits()], ids=["clients", "five"])
def test_a_plan_shown_when_time_is_out_keeps_the_limits(n, limits):
    """No time at all: the relaxation itself is cut short, and the first plan is looked for all the same."""
    limits = replace(limits, min_clients=n // 2)
    plan = solve(Problem(contest_like(n, 1), Terms(3e5 * n), limits), time_limit=0.0, clock=lambda: 0.0)
    assert plan.status == "time_limit"
    assert complaints(plan) == []
    assert plan.totals.clients >= n // 2
    assert plan.gap < 0.5


def test_no_plan_in_time_is_said_to_be_neither(monkeypatch):
    """Firms near a tie that can't be decided in time: nothing is found, and nothing is called infeasible."""
    leaps = itertools.count(0.0, 100.0)
    monkeypatch.setattr(limited, "CORNERED", 0)
    monkeypatch.setattr(limited, "decide", lambda *_, **options: None)
    problem = Problem(contest_like(120, 1), Terms(3.6e7), Limits(min_clients=60))
    with pytest.raises(NoPlanYet) as caught:
        solve(problem, time_limit=1.0, clock=lambda: float(next(leaps)))
    assert "nor was it shown" in caught.value.text("en")
    assert "未能证明" in caught.value.text("zh")


def test_stop_from_the_progress_callback():
    seen = []

    def progress(stage, done, total):
        seen.append(stage)
        if len(seen) > 4:
            raise Stop

    plan = solve(Problem(contest_like(200, 1), Terms(7e7), Limits(mean_churn=0.5)), progress=progress)
    assert plan.status == "interrupted"
    assert complaints(plan) == []
    assert len(seen) == 5


def test_equal_firms_get_the_same_rate():
    firms = Firms.of([f"E{i}" for i in range(40)], [0.03] * 40, ["B"] * 40, sector=[SECTORS[0]] * 40)
    plan = solve(Problem(firms, Terms(2.55e7), Limits(expected_loss=0.02)))
    assert complaints(plan) == []
    assert np.ptp(plan.rate[plan.lend]) < 1e-9


def test_churn_and_sector_ceilings_at_302_take_few_programmes(monkeypatch):
    """Several limits on money beside one on churn: the mixed-integer programmes are small and few."""
    sizes = []

    def count(cost, **options):
        sizes.append(int(options["integrality"].sum()))
        return milp(cost, **options)

    monkeypatch.setattr(proof, "milp", count)
    problem = Problem(contest_like(302, 0), Terms(1e8), Limits(sector_share=0.13, mean_churn=0.45))
    plan = solve(problem)
    assert complaints(plan) == []
    assert plan.gap <= 1e-4
    assert 1 <= len(sizes) <= 8
    assert max(sizes) <= 600
