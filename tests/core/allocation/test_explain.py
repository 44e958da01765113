"""Explanations: the reason fits the plan, and a flip flips when the plan is made anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import contest_like
from allocation_checker import per_yuan

from credit_udfs.core.allocation import Firms, Limits, Problem, Terms, solve
from credit_udfs.core.allocation.explain import explain
from credit_udfs.core.allocation.rules import rules_plan


def with_pd(problem, row, pd):
    changed = problem.firms.pd.copy()
    changed[row] = pd
    return replace(problem, firms=replace(problem.firms, pd=changed))


def least_earning(problem, row):
    """What a yuan of the firm must earn so that its smallest loan replaces what the others would do with the money."""
    others = problem.with_limits(fixed={problem.firms.ids[row]: 0.0})
    low = float(problem.firms.low[row])
    less = others.with_terms(budget=problem.terms.budget - low)
    return (solve(others, prove=True).value - solve(less, prove=True).value) / low


@pytest.mark.parametrize("low", [1e5, 6e5])
def test_flips_hold_on_both_sides(low):
    firms = contest_like(60, 2)
    problem = Problem(replace(firms, low=np.minimum(firms.high, low)), Terms(1.21e7))
    plan = solve(problem)
    rows = [int(i) for i in np.flatnonzero(problem.lendable)[::6]]
    found = explain(plan, rows)
    assert {True, False} == {e.lent for e in found}
    for row, e in zip(rows, found, strict=True):
        assert e.checked
        if e.flip_pd is not None:
            back = -2e-4 if e.lent else 2e-4
            assert solve(with_pd(problem, row, e.flip_pd), prove=True).lend[row] != e.lent
            assert solve(with_pd(problem, row, e.flip_pd + back), prove=True).lend[row] == e.lent
        if e.flip_budget is not None:
            assert solve(problem.with_terms(budget=e.flip_budget), prove=True).lend[row] != e.lent
        if e.flip_rates != (None, None) and low == 1e5:  # a large smallest loan isn't the one to look at
            rates = tuple(end or edge for end, edge in zip(e.flip_rates, (0.04, 0.15), strict=True))
            assert rates[0] <= e.rate <= rates[1]
            least = least_earning(problem, row)
            # At both ends the smallest loan earns no less than it takes from the others; beyond them it earns less.
            for rate, beyond in zip(rates, (-2e-4, 2e-4), strict=True):
                assert per_yuan(problem, row, rate) >= least - 1e-4
                if 0.04 <= rate + beyond <= 0.15:
                    assert per_yuan(problem, row, rate + beyond) <= least + 1e-4
    assert sum(e.flip_pd is not None for e in found) >= len(found) // 2


def test_the_limit_in_the_way_is_named():
    plan = solve(Problem(contest_like(25, 1), Terms(5e6), Limits(expected_loss=0.006)))
    refused = next(e for e in explain(plan, check=False) if e.reason == "below_cut")
    assert refused.limit is not None
    assert refused.limit.key == "expected_loss"
    assert refused.priced
    assert "the limits" in refused.sentence("en")
    assert "cut" not in refused.sentence("en")


def test_reasons():
    firms = Firms.of("abcdefgh", [0.5, np.nan, 0.01, 0.02, 0.02, 0.9, 0.06, 0.01], list("DABBBCCA"))
    firms = replace(firms, high=np.array([1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 0.0]))
    plan = solve(Problem(firms, Terms(2.3e6), Limits(fixed={"c": 5e5, "d": 0.0})))
    said = {e.firm: e.reason for e in explain(plan)}
    assert said == {
        "a": "grade_d",
        "b": "unknown_pd",
        "c": "fixed",
        "d": "fixed_refused",
        "e": "full",
        "f": "loses",
        "g": "partial",
        "h": "no_limit",
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_firm_has_a_sentence(lang):
    plan = solve(Problem(contest_like(302, 0), Terms(1e8), Limits(grade_share={"C": 0.1})))
    found = explain(plan, check=False)
    sentences = [e.sentence(lang) for e in found]
    assert all(s.endswith("。" if lang == "zh" else ".") for s in sentences)
    assert "nan" not in " ".join(sentences)
    counts = Counter(e.reason for e in found)
    assert counts["full"] > 50
    assert counts["grade_d"] == int((plan.problem.firms.grade == 3).sum())
    assert all("{" not in e.change(lang) for e in found)


def test_sentence_says_the_numbers():
    firms = Firms.of("ab", [0.01, 0.08], ["A", "C"])
    plan = solve(Problem(firms, Terms(1e6)))
    first, second = explain(plan)
    assert f"{first.rate:.2%}" in first.sentence("en")
    assert f"{100 * first.earning:.2f} fen" in first.sentence("en")
    assert "would be refused" in first.change("en")
    assert "放贷" in second.change("zh")


def test_rules_are_explained_as_rules():
    firms = contest_like(30, 0)
    plan = rules_plan(Problem(firms, Terms(1e6)), np.zeros(30), np.zeros(30), np.ones(30, dtype=bool)).plan
    reasons = {e.reason for e in explain(plan)}
    assert {"by_rules", "not_by_rules"} <= reasons
