"""A plan's risk: its parts agree with one another, with the plan, and with the simulation beside it."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from credit_udfs.core.allocation import Firms, Plan, Problem, Terms, solve
from credit_udfs.core.allocation.risk import LEVELS
from credit_udfs.core.plan_risk import PlanRisk, exceedance, plan_risk


@cache
def plan(budget: float = 1.23e7) -> Plan:
    rng = np.random.default_rng(3)
    firms = Firms.of(
        [f"E{i}" for i in range(40)], rng.beta(1, 20, 40), rng.choice(3, 40), high=rng.uniform(2e5, 1e6, 40)
    )
    return solve(Problem(firms, Terms(budget)))


@cache
def risk() -> PlanRisk:
    return plan_risk(plan())


def test_it_is_the_plan_s_own_loss_and_margin() -> None:
    found, totals = risk(), plan().totals
    assert found.drawn.expected == pytest.approx(totals.expected_loss, rel=1e-9)
    assert found.committed.expected == pytest.approx(totals.committed_loss, rel=1e-9)
    # The bank's profit is the margin less the expected loss.
    assert found.margin - totals.expected_loss == pytest.approx(plan().value, rel=1e-9)
    assert found.largest == pytest.approx(plan().amount.max() * 0.45)
    assert found.chance_of_red == exceedance(found.drawn, found.margin)


def test_the_exact_figures_lie_within_the_simulation_s_intervals() -> None:
    found, slack = risk(), 0.5 * risk().drawn.step
    assert found.simulated.size == 50_000
    estimates = [(found.mean(), found.drawn.expected)]
    estimates += [(found.var(level), found.drawn.var[level]) for level in LEVELS]
    estimates += [(found.shortfall(level), found.drawn.shortfall[level]) for level in LEVELS]
    for estimate, exact in estimates:
        assert estimate.low <= estimate.value <= estimate.high
        # Twice the interval: seven of them at once.
        middle, wide = 0.5 * (estimate.low + estimate.high), estimate.high - estimate.low
        assert abs(exact - middle) <= wide + slack


def test_exceedance_falls_from_all_to_nothing() -> None:
    distribution = risk().drawn
    losses = np.linspace(0.0, distribution.step * distribution.probabilities.size, 60)
    chances = [exceedance(distribution, loss) for loss in losses]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(1.0 - distribution.probabilities[0])
    assert exceedance(distribution, -1.0) == pytest.approx(1.0)
    assert chances[-1] == pytest.approx(0.0, abs=1e-15)
    for level in LEVELS:
        assert exceedance(distribution, distribution.var[level]) <= 1.0 - level + 1e-9
        assert exceedance(distribution, distribution.var[level] - distribution.step) > 1.0 - level - 1e-9
    for loss in (0.0, 1e5, 1e6):
        assert risk().exceeded(loss) == pytest.approx(exceedance(distribution, loss), abs=0.006)


def test_the_same_plan_has_the_same_risk_and_json_says_it() -> None:
    again = plan_risk(plan())
    assert np.array_equal(again.simulated, risk().simulated)
    told = json.loads(json.dumps(again.as_dict()))
    assert told == risk().as_dict()
    assert told["var"]["0.99"] == again.drawn.var[0.99]


def test_a_plan_without_loans_loses_nothing() -> None:
    found = plan_risk(plan(0.0))
    assert found.drawn.expected == found.drawn.var[0.999] == found.margin == found.chance_of_red == 0.0
    assert not found.simulated.any()
