"""The frontiers: proven points, no point worse than a tighter one, prices that are slopes."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace

import pytest
from allocation_cases import contest_like
from allocation_checker import complaints

from credit_udfs.core.allocation import Limits, Problem, Terms, solve
from credit_udfs.core.allocation.frontier import frontier


@pytest.mark.slow
@pytest.mark.parametrize("against", ["expected_loss", "churn", "budget", "risk"])
def test_points_are_proven_and_rise(against):
    problem = Problem(contest_like(60, 2), Terms(2e7))
    count = 6 if against == "churn" else 30
    found = frontier(problem, against, count)
    assert len(found.points) >= count - 1
    assert all(b >= a for a, b in itertools.pairwise(found.values))
    for point in found.points:
        assert complaints(point.plan) == []
        assert point.used <= point.ceiling * (1 + 1e-6)
        assert point.value <= point.bound * (1 + 1e-12)
        assert point.gap <= 1e-3
    if against != "budget":
        free = solve(problem)
        assert found.points[-1].value == pytest.approx(free.value, rel=1e-3)


def test_budgets_below_what_is_to_be_lent_leave_no_plan():
    found = frontier(Problem(contest_like(20, 2), Terms(5e6), Limits(min_lent=2e6)), "budget", 10)
    assert 0 < len(found.points) < 10
    assert found.points[0].ceiling >= 2e6


@pytest.mark.slow
def test_prices_are_the_slope():
    found = frontier(Problem(contest_like(302, 1), Terms(1e8)), "expected_loss", 20)
    for a, b in itertools.pairwise(found.points[3:17]):
        slope = (b.value - a.value) / (b.ceiling - a.ceiling)
        # Concave up to the gap: the slope lies between the prices at its ends.
        slack = 2e-4 * b.value / (b.ceiling - a.ceiling)
        assert b.price - slack <= slope <= a.price + slack


def test_other_limits_are_kept_along_it():
    problem = Problem(contest_like(100, 3), Terms(3e7), Limits(sector_share=0.25, min_clients=30))
    found = frontier(problem, "expected_loss", 5)
    assert found.points
    assert all(complaints(point.plan) == [] for point in found.points)


def test_two_objectives_of_p3():
    found = frontier(Problem(contest_like(60, 3), Terms(2e7, objective="P3")), "expected_loss", 6)
    assert found.points[0].price > found.points[-2].price
    assert all(complaints(point.plan) == [] for point in found.points)


def test_a_looser_ceiling_keeps_the_better_plan_of_a_tighter_one(monkeypatch):
    problem = Problem(contest_like(40, 2), Terms(1.5e7))
    made = []

    def worse_at_the_fourth(problem, **options):
        # Calls: the plan without a ceiling, then one a point; the fourth point's plan is the first one's.
        made.append(solve(problem, **options))
        if len(made) != 5:
            return made[-1]
        return replace(made[1], problem=problem, bound=made[-1].bound)

    monkeypatch.setattr(sys.modules[frontier.__module__], "solve", worse_at_the_fourth)
    found = frontier(problem, "expected_loss", 6)
    third, fourth = found.points[2:4]
    assert made[1].value < made[3].value * 0.99
    assert fourth.plan is third.plan
    assert fourth.value == third.value
    assert fourth.used == third.used
    assert fourth.bound == made[4].bound
    # And a better plan of the looser ceiling isn't given up.
    assert [point.plan for point in (*found.points[:3], found.points[4])] == [*made[1:4], made[5]]
