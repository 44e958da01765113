"""Problems: every fault at once, sentences in two languages, values that stay as they are."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from allocation_cases import contest_like, five_limits

from credit_udfs.core.allocation import BadProblem, Firms, Limits, Problem, Terms
from credit_udfs.errors import BadInput
from credit_udfs.locale import LANGS


def faults(firms, terms=None, limits=None):
    with pytest.raises(BadProblem) as caught:
        Problem(firms, terms or Terms(1e6), limits or Limits())
    for lang in LANGS:
        assert len(caught.value.text(lang).splitlines()) == 1 + len(caught.value.faults)
        assert "{" not in caught.value.text(lang)
    return [fault.key.removeprefix("allocation.") for fault in caught.value.faults]


def test_all_faults_of_firms_and_terms_at_once():
    firms = Firms(
        ("a", "a", "c", "d"),
        np.array([1.2, 0.1, 0.1, 0.1]),
        np.array([0, 7, 1, 1]),
        np.array([1e5, 1e5, 0.0, 2e6]),
        np.array([1e6, 1e6, 1e6, 1e6]),
        repayment=np.array([0.5, 0.5, 0.5, 1.5]),
        shock=np.array([1.0, -1.0, 1.0, 1.0]),
    )
    terms = Terms(-5.0, lgd=1.4, funding=-0.1, rate_min=0.2, rate_max=0.1, quoted=(0.9,))
    assert faults(firms, terms) == [
        "duplicate_firm",
        "pd_range",
        "grade_code",
        "low_not_positive",
        "low_above_high",
        "repayment_range",
        "shock_range",
        "budget_negative",
        "lgd_range",
        "funding_range",
        "quoted_range",
        "rate_range",
    ]


def test_all_faults_of_limits_at_once():
    firms = Firms.of("abc", [0.01, 0.02, np.nan], "ADB", sector=list("xyy"))
    limits = Limits(
        sector_share={"x": 1.5, "z": 0.2},
        grade_share={"D": 0.2},
        group_share=0.1,
        expected_loss=-0.1,
        mean_churn=2.0,
        min_clients=9,
        min_lent=2e6,
        loss_amount=-1.0,
        fixed={"a": 5.0, "b": 2e5, "c": 2e5, "q": 1e5},
        one_rate_per_grade=True,
        rates_ordered=True,
    )
    assert sorted(faults(firms, Terms(1e6), limits)) == sorted(
        [
            "unknown_sector",
            "unknown_grade_share",
            "share_range",
            "share_range",
            "share_range",
            "no_group",
            "amount_negative",
            "clients_range",
            "min_lent_above_budget",
            "fixed_outside",
            "fixed_grade_d",
            "fixed_unknown_pd",
            "unknown_firm",
        ]
    )


def test_fixed_above_the_budget_and_missing_sectors():
    firms = Firms.of("ab", [0.01, 0.02], "AB")
    limits = Limits(sector_share=0.3, fixed={"a": 8e5, "b": 8e5})
    assert faults(firms, Terms(1e6), limits) == ["no_sector", "fixed_above_budget"]


def test_wrong_lengths_and_letters():
    short = Firms(("a", "b"), np.array([0.1]), np.array([0, 1]), np.full(2, 1e5), np.full(2, 1e6))
    assert faults(short) == ["length"]
    with pytest.raises(BadInput, match="E"):
        Firms.of("ab", [0.1, 0.1], ["A", "E"])


def test_one_sentence_for_each_limit():
    limits = Limits(
        sector_share={"制造业": 0.3},
        grade_share={"B": 0.5, "C": 0.3},
        group_share=0.05,
        group_amount=2e6,
        share_of="budget",
        expected_loss=0.02,
        loss_amount=1e6,
        risk_amount=3e7,
        mean_churn=0.6,
        min_clients=80,
        min_lent=5e7,
        fixed={"E1": 5e5, "E2": 0.0},
        rates_ordered=True,
    )
    for lang in LANGS:
        said = limits.sentences(lang)
        assert len(said) == len(set(said)) == 14
        assert "30.0%" in said[0]
        assert all(s.endswith(("。", ".")) for s in said)
    assert Limits().sentences("en") == ()
    assert "制造业" in limits.sentences("zh")[0]
    assert Limits(sector_share=0.2).sentences("en") == ("Loans to any one sector stay within 20.0% of the money lent.",)


def test_values_are_frozen_and_changes_are_copies():
    problem = Problem(contest_like(20, 0), Terms(1e6), five_limits(0.01))
    with pytest.raises(FrozenInstanceError):
        problem.terms.budget = 2.0
    other = problem.with_terms(budget=2e6).with_limits(mean_churn=0.7)
    assert (problem.terms.budget, problem.limits.mean_churn) == (1e6, 0.6)
    assert (other.terms.budget, other.limits.mean_churn) == (2e6, 0.7)
    before = problem.firms.pd.copy()
    replace(problem.firms, pd=problem.firms.pd * 2)
    assert np.array_equal(problem.firms.pd, before)
