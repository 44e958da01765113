"""Loans held against limits, whoever made them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import contest_like, five_limits
from allocation_checker import complaints

from credit_udfs.core.allocation import Firms, Limits, Plan, Problem, Terms, compare, solve
from credit_udfs.core.allocation.kept import broken
from credit_udfs.locale import LANGS

FIRMS = Firms.of("abcd", [0.01, 0.02, 0.03, 0.5], ["A", "B", "C", "D"], sector=("x", "x", "y", "y"))
AMOUNT, RATE = np.array([5e5, 5e5, 5e5, 0.0]), np.array([0.05, 0.06, 0.07, np.nan])


def keys(limits: Limits, amount: list[float] | None = None, rate: list[float] | None = None) -> list[str]:
    problem = Problem(FIRMS, Terms(1.5e6), limits)
    loans = AMOUNT if amount is None else np.array(amount)
    rates = np.where(loans > 0, RATE if rate is None else np.array(rate), np.nan)
    found = broken(problem, loans, rates, np.where(loans > 0, 0.5, 0.0))
    assert all(use.sentence(lang) for use in found for lang in LANGS)
    return [use.key for use in found]


@pytest.mark.parametrize(
    ("limits", "broken_ones"),
    [
        ({}, []),
        ({"sector_share": 0.5}, ["sector x"]),
        ({"sector_share": {"y": 0.3}}, ["sector y"]),
        ({"grade_share": {"C": 0.2, "B": 0.4}}, ["grade C"]),
        ({"expected_loss": 0.008}, ["expected_loss"]),
        ({"expected_loss": 0.0091}, []),
        ({"loss_amount": 13_000.0}, ["loss_amount"]),
        ({"mean_churn": 0.49}, ["mean_churn"]),
        ({"mean_churn": 0.6, "churn_over": "applicants"}, ["mean_churn"]),
        ({"min_clients": 4}, ["min_clients"]),
        ({"fixed": {"a": 4e5}}, ["fixed"]),
        ({"fixed": {"a": 0.0}}, ["fixed"]),
        ({"one_rate_per_grade": True, "rates_ordered": True}, []),
    ],
)
def test_each_limit(limits: dict[str, object], broken_ones: list[str]) -> None:
    assert keys(Limits(**limits)) == broken_ones  # type: ignore[arg-type]


def test_loans_that_nobody_may_have() -> None:
    assert keys(Limits(), [5e5, 5e5, 0.0, 5e5], [0.05, 0.06, 0.07, 0.08]) == ["lendable"]
    assert keys(Limits(), [1.1e6, 0.0, 0.0, 0.0]) == ["loans"]
    assert keys(Limits(), [9e5, 9e5, 0.0, 0.0]) == ["budget"]
    assert keys(Limits(min_lent=1.1e6), [5e5, 5e5, 0.0, 0.0]) == ["min_lent"]
    assert keys(Limits(rates_ordered=True), rate=[0.05, 0.07, 0.06, np.nan]) == ["rates"]


def test_a_solver_s_plan_keeps_its_limits_and_another_is_told_apart() -> None:
    firms = contest_like(90, 4)
    kept = solve(Problem(firms, Terms(2e7), replace(five_limits(0.1), mean_churn=0.4, expected_loss=0.005)))
    free = solve(Problem(firms, Terms(2e7)))
    table = compare(firms, Terms(2e7), {"kept": kept, "free": free}, kept.problem.limits)
    assert table.keeps("kept")
    assert table.keeps("free") == (complaints(under(free, kept.problem)) == [])
    assert not table.keeps("free")
    assert compare(firms, Terms(2e7), {"free": free}).keeps("free")


def under(plan: Plan, problem: Problem) -> Plan:
    return replace(plan, problem=problem)
