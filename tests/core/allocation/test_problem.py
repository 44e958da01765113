"""Problems: every fault at once, sentences in two languages, values that stay as they are."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from allocation_cases import contest_like, five_limits

from credit_udfs.core.allocation import BadProblem, Firms, Limits, Problem, Terms, frontier, solve, solve_ratio
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


def test_wrong_lengths_and_kinds_of_columns():
    short = Firms(("a", "b"), np.array([0.1]), np.array([0, 1]), np.full(2, 1e5), np.full(2, 1e6))
    assert faults(short) == ["length"]
    firms = Firms.of("abc", [0.1, 0.2], ["A", "B", "C"], low=[1e5, 1e5], high=[[1e6], [1e6], [1e6]])
    assert faults(firms) == ["length", "length", "length"]
    firms = Firms.of("ab", [0.1, "high"], [True, "B"], high="much")
    assert faults(firms, limits=Limits(fixed={"a": 2e5})) == [
        "column_not_numbers", "unknown_grade", "column_not_numbers",
    ]  # fmt: skip
    assert Problem(Firms.of("ab", [0.1, None], "AB"), Terms(1e6)).lendable.tolist() == [True, False]


def test_faults_of_firms_terms_and_limits_hide_none_of_one_another():
    """Every firm at fault is named, up to five, and everything else that is wrong."""
    ids = list("aabbcdefgh")
    pd = [2.0, -1.0, 0.1, *(7.0,) * 6, np.nan]
    firms = Firms.of(ids, pd, list("EFABCABCAB"), sector=["x"] * 10)
    terms = Terms(-5.0, objective="P7", lgd=2.0)
    limits = Limits(sector_share={"y": 1.5}, min_lent=-3.0, mean_churn=np.nan, min_clients=11, fixed={"q": 1e5})
    with pytest.raises(BadProblem) as caught:
        Problem(firms, terms, limits)
    assert caught.value.text("en").splitlines() == [
        "The credit plan's input can't be used as given (faults: 12):",
        "- A grade must be A, B, C or D. Not so for 2 firms: a (E), a (F).",
        "- Give each firm one row: 2 firms appear more than once: a, b.",
        "- A probability of default must lie between 0 and 1. Not so for 8 firms: "
        "a (2), a (-1), b (7), c (7), d (7), ….",
        "- \"objective\" must be one of bank, P1, P3, P4: it is 'P7'.",
        "- The budget must be a number of at least 0: it is -5 yuan.",
        "- The loss given default must lie between 0 and 1: it is 2.",
        '- No firm is in sector "y" named in the limits: check the sector\'s name.',
        '- Limit "mean_churn" must be a share between 0 and 1: it is nan (write 30% as 0.3 or 30%).',
        '- Limit "sector_share y" must be a share between 0 and 1: it is 1.5 (write 30% as 0.3 or 30%).',
        '- Limit "min_lent" must be an amount of at least 0: it is -3 yuan.',
        "- The minimum number of clients must lie between 0 and the 10 firms: it is 11.",
        '- Firm "q" of the fixed decisions isn\'t on the list: check its code.',
    ]
    assert caught.value.text("zh").splitlines()[1:5] == [
        "- 信誉评级须为 A、B、C 或 D，以下 2 家企业不符：a (E), a (F)。",
        "- 每家企业只能有一行，以下 2 家企业出现了不止一次：a, b。",
        "- 违约概率须在 0 与 1 之间，以下 8 家企业不符：a (2), a (-1), b (7), c (7), d (7), …。",
        "- “objective”须为下列之一：bank, P1, P3, P4；现为 'P7'。",
    ]


TWO = Firms.of("ab", [0.01, 0.02], "AB", sector="xy", group="gg")


@pytest.mark.parametrize(
    ("terms", "limits", "en", "zh"),
    [
        ({"objective": "P7"}, {}, "must be one of bank, P1, P3, P4: it is 'P7'", "须为下列之一：bank, P1, P3, P4"),
        ({"budget_basis": "draw"}, {}, "must be one of offered, drawn: it is 'draw'", "现为 'draw'"),
        ({}, {"share_of": "lentt"}, "must be one of lent, budget: it is 'lentt'", "lent, budget；现为 'lentt'"),
        ({}, {"loss_basis": "commited"}, "must be one of committed, drawn: it is 'commited'", "committed, drawn"),
        ({}, {"churn_over": "client"}, "must be one of clients, applicants: it is 'client'", "clients, applicants"),
        ({}, {"churn_over": None}, "must be one of clients, applicants: it is None", "clients, applicants"),
        ({"budget": "1e6"}, {}, "must be a number: it is '1e6'", "须为数：现为 '1e6'"),
        ({"budget": True}, {}, "must be a number: it is True", "须为数：现为 True"),
        ({"lgd": None}, {}, "must be a number: it is None", "须为数：现为 None"),
        ({"rate_min": "4%"}, {}, "must be a number: it is '4%'", "须为数：现为 '4%'"),
        ({"use_all_budget": "no"}, {}, "must be True or False: it is 'no'", "须为 True 或 False：现为 'no'"),
        ({}, {"rates_ordered": "no"}, "must be True or False: it is 'no'", "须为 True 或 False：现为 'no'"),
        ({}, {"mean_churn": "60%"}, "must be a number: it is '60%'", "须为数：现为 '60%'"),
        ({}, {"min_clients": 2.5}, "must be a whole number: it is 2.5", "须为整数：现为 2.5"),
        ({}, {"min_clients": np.nan}, "must be a whole number: it is nan", "须为整数：现为 nan"),
        ({}, {"group_amount": "x"}, "must be a number: it is 'x'", "须为数：现为 'x'"),
        ({"curves": "power"}, {}, "must be of the kind ChurnCurves: it is 'power'", "须为 ChurnCurves：现为 'power'"),
        ({"quoted": 0.05}, {}, "must be of the kind Iterable, NoneType: it is 0.05", "现为 0.05"),
        ({}, {"fixed": ["a"]}, "must be of the kind Mapping, NoneType: it is ['a']", "现为 ['a']"),
        ({}, {"grade_share": 0.3}, "must be of the kind Mapping, NoneType: it is 0.3", "现为 0.3"),
        ({}, {"sector_share": "x"}, "must be of the kind Real, Mapping, NoneType: it is 'x'", "现为 'x'"),
        ({}, {"sector_share": {"x": None}}, '"sector_share x" must be a number: it is None', "须为数：现为 None"),
        ({}, {"sector_share": {"x": "1"}}, "\"sector_share x\" must be a number: it is '1'", "须为数：现为 '1'"),
        ({}, {"grade_share": {"A": "1"}}, "\"grade_share A\" must be a number: it is '1'", "须为数：现为 '1'"),
        ({}, {"fixed": {"a": "1"}}, "\"fixed a\" must be a number: it is '1'", "须为数：现为 '1'"),
    ],
    ids=str,
)
def test_a_wrong_word_or_kind_is_refused_with_the_field_and_what_it_may_be(terms, limits, en, zh):
    with pytest.raises(BadProblem) as caught:
        Problem(TWO, Terms(**{"budget": 1e6, **terms}), Limits(**limits))
    (fault,) = caught.value.faults
    field = next(iter({**terms, **limits}))
    assert fault.text("en").startswith(f'"{field}')
    assert fault.text("zh").startswith(f"“{field}")
    assert en in fault.text("en")
    assert zh in fault.text("zh")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0], ids=str)
def test_scores_and_factors_that_are_no_such_numbers(bad):
    firms = Firms.of("ab", [0.1, np.nan], "AB", repayment=[bad, np.nan], shock=[bad, np.nan])
    assert faults(firms) == ["repayment_range", "shock_range"]


@pytest.mark.parametrize("gap", [np.nan, -1.0, np.inf, "1e-4", None])
def test_a_gap_and_a_time_limit_that_are_none(gap):
    problem = Problem(TWO, Terms(1e6))
    with pytest.raises(BadProblem) as caught:
        solve(problem, gap=gap, prove="yes", time_limit=np.nan)
    said = [fault.values["field"] for fault in caught.value.faults]
    assert said == ["gap", "prove", "time_limit"]
    with pytest.raises(BadProblem, match='"gap" must be a number'):
        solve_ratio(problem, gap=gap)
    with pytest.raises(BadProblem, match='"against" must be one of expected_loss, churn, budget, risk'):
        frontier(problem, "loss")


def test_numbers_of_any_library_will_do():
    terms = Terms(np.float64(1e6), lgd=np.float32(0.5), use_all_budget=np.False_)
    assert Problem(TWO, terms, Limits(min_clients=np.int64(1), group_amount=10**6)).lendable.all()


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
