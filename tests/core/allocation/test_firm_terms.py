"""Terms of single firms, groups, and the ways to count money: from the settings to a plan that keeps them."""

from __future__ import annotations

import numpy as np
import pytest
from allocation_cases import contest_like
from allocation_checker import complaints

from credit_udfs.core.allocation import Limits, solve
from credit_udfs.core.assess import FirmTerms, Settings, pose
from credit_udfs.core.churn import DEFAULT_CURVES
from credit_udfs.errors import BadInput
from credit_udfs.types import GRADES

FIRMS = contest_like(60, 8)


def planned(**changes):
    """The plan of 60 firms under changed settings, by way of what `assess` poses."""
    settings = Settings(budget=1.5e7).with_changes(**changes)
    grade = tuple(GRADES[code] for code in FIRMS.grade)
    n = len(FIRMS)
    return solve(pose(settings, DEFAULT_CURVES, list(FIRMS.ids), FIRMS.pd, grade, FIRMS.sector, np.arange(n)))


def best_customers(count):
    """Names of those who get the most without any limit."""
    plan = planned()
    return [FIRMS.ids[i] for i in np.argsort(-plan.margin * plan.lend, kind="stable")[:count]]


def test_loans_of_single_firms():
    a, b, c, d = best_customers(4)
    plan = planned(
        firm_terms={
            a: FirmTerms(amount_max=250_000.0),
            b: FirmTerms(amount_max=0.0),
            c: FirmTerms(amount=350_000.0),
            d: FirmTerms(amount=0.0),
        }
    )
    assert complaints(plan) == []
    amount = dict(zip(FIRMS.ids, plan.amount, strict=True))
    assert (amount[a], amount[b], amount[c], amount[d]) == (250_000.0, 0.0, 350_000.0, 0.0)
    assert plan.amount.max() == 1_000_000.0


def test_a_smallest_loan_of_its_own():
    plan = planned(budget=3.2e6)
    (last,) = np.flatnonzero(plan.lend & (plan.amount < 1e6))
    again = planned(budget=3.2e6, firm_terms={FIRMS.ids[last]: FirmTerms(amount_min=500_000.0)})
    assert complaints(again) == []
    assert again.amount[last] == 0.0 or again.amount[last] >= 500_000.0


@pytest.mark.parametrize("quoted", [{}, {"rates_ordered": True}, {"one_rate_per_grade": True}], ids=str)
def test_groups(quoted):
    together = best_customers(5)
    terms = {name: FirmTerms(group="kin") for name in together}
    plan = planned(firm_terms=terms, limits=Limits(group_amount=1_200_000.0, **quoted))
    assert complaints(plan) == []
    assert sum(plan.amount[FIRMS.ids.index(name)] for name in together) == pytest.approx(1_200_000.0, rel=1e-5)
    plan = planned(firm_terms=terms, limits=Limits(group_share=0.1, **quoted))
    assert complaints(plan) == []
    assert plan.totals.lent > 1e7


@pytest.mark.parametrize(
    ("settings", "limits"),
    [
        ({"budget_basis": "drawn"}, {}),
        ({"budget_basis": "drawn", "use_all_budget": True, "budget": 4e6}, {}),
        ({"use_all_budget": True, "budget": 4.6e7}, {}),
        ({"use_all_budget": True}, {"rates_ordered": True, "expected_loss": 0.02}),
        ({}, {"expected_loss": 0.01, "loss_basis": "drawn"}),
        ({}, {"mean_churn": 0.85, "churn_over": "applicants"}),
        ({}, {"grade_share": {"A": 0.3, "B": 0.4}, "share_of": "budget"}),
        ({}, {"sector_share": {"a": 0.02, "b": 0.1}, "min_lent": 1.4e7, "min_clients": 20}),
    ],
    ids=str,
)
def test_ways_to_count_money(settings, limits):
    plan = planned(**settings, limits=Limits(**limits))
    assert complaints(plan) == []
    assert plan.gap <= 1e-4
    free = planned(budget=settings.get("budget", 1.5e7))
    assert abs(plan.value - free.value) > 1e-4 * free.value  # it makes a difference


def test_terms_of_a_firm_that_is_no_applicant():
    with pytest.raises(BadInput, match="nobody"):
        planned(firm_terms={"nobody": FirmTerms(amount=1e5)})
