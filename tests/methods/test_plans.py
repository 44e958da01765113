"""The safe end of P3's frontier, and comparisons where a paper's plan can't be made."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from credit_udfs.core.allocation import Firms, Problem, Terms
from credit_udfs.core.assess import Settings, assess
from credit_udfs.core.stress import scenario
from credit_udfs.methods.plans import NAMES, compare_plans, least_risk
from credit_udfs.models import load
from tests.workbook.results import sample_tables


@pytest.mark.parametrize("seed", range(5))
def test_the_safe_end_has_the_least_money_at_risk_of_all_that_lend_as_much(seed: int) -> None:
    rng = np.random.default_rng(seed)
    firms = Firms.of([f"E{i}" for i in range(6)], rng.uniform(0, 0.3, 6), rng.choice(4, 6))
    plan = least_risk(Problem(firms, Terms(2_000_000.0)))
    lendable = np.flatnonzero(firms.grade < 3)
    whole = [sum(firms.pd[list(pair)]) * 1e6 for pair in combinations(lendable.tolist(), 2)]
    assert plan.amount.sum() == pytest.approx(2e6)
    assert (plan.amount * firms.pd).sum() == pytest.approx(min(whole))


def test_where_nothing_can_be_lent_the_ratio_is_left_out() -> None:
    nothing = assess(sample_tables(), Settings(budget=50_000.0), load())
    found = compare_plans(nothing, scenario("covid19_2020q1"))
    assert found.names == tuple(name for name in NAMES if name != "P0")
    assert "P0_Z" not in found.measures
    assert found.of("bank", "bank") == found.of("P3_least", "P3_risk") == 0.0


def test_a_budget_beyond_all_firms_is_no_obstacle() -> None:
    rich = assess(sample_tables(), Settings(budget=1e9), load())
    found = compare_plans(rich, scenario("covid19_2020q1"))
    assert found.names == NAMES
    assert found.of("P0", "P0_Z") >= max(found.of(name, "P0_Z") for name in NAMES) * (1 - 1e-3)
