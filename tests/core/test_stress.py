"""Scenarios: their table, their rules, and what they do to the plan on the real attachments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs import models
from credit_udfs.core.allocation import Limits, solve
from credit_udfs.core.allocation.problem import Objective
from credit_udfs.core.assess import Assessment, Settings, assess
from credit_udfs.core.churn import DEFAULT_CURVES, fit_churn
from credit_udfs.core.industry import industries
from credit_udfs.core.stress import MAX_SEVERITY, _fewer_stay, breaking_severity, scenario, scenarios, shock, stress
from credit_udfs.core.tables import Tables
from credit_udfs.errors import NotAvailable, OutOfRange

COVID = scenario("covid19_2020q1")


@pytest.fixture(scope="module")
def assessed(contest_tables: Tables) -> Assessment:
    return assess(contest_tables, Settings(), models.load())


def test_the_shipped_table_is_the_bureaus() -> None:
    """National Bureau of Statistics, preliminary accounting, first quarter of 2020, year on year."""
    printed = {"hospitality": -0.353, "wholesale": -0.178, "construction": -0.175, "information": 0.132}
    printed |= {"transport": -0.14, "heavy_manufacturing": -0.102, "finance": 0.06, "agriculture": -0.028}
    assert {key: COVID.growth[key] for key in printed} == printed
    assert COVID.total == -0.068
    assert set(COVID.growth) == set(industries())


def test_factor() -> None:
    assert COVID.factor("hospitality") == pytest.approx(0.647)
    assert COVID.factor("hospitality", sole_trader=True) == pytest.approx(1 - 0.353 * 1.5)
    assert COVID.factor("hospitality", micro=True) == pytest.approx(1 - 0.353 * 1.25)
    assert COVID.factor("hospitality", micro=True, sole_trader=True) == pytest.approx(1 - 0.353 * 1.5)
    assert COVID.factor(None) == pytest.approx(0.932)
    assert COVID.factor("information", micro=True) == pytest.approx(1.132)  # a rise isn't multiplied


@given(st.sampled_from(sorted(industries())), st.floats(0, 20), st.booleans(), st.booleans())
def test_a_harder_shock_never_leaves_more_of_a_falling_industry(
    key: str, severity: float, sole: bool, micro: bool
) -> None:
    softer, harder = (COVID.scaled(s).factor(key, sole_trader=sole, micro=micro) for s in (severity, severity + 0.5))
    assert softer >= 0.0
    assert harder <= softer if COVID.growth[key] < 0 else harder >= softer


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total": -1.5}, 'growth of "total", -150.0%'),
        ({"growth": {"retail": 11.0}}, 'growth of "retail"'),
        ({"micro": -1.0}, '"micro" is -1.0'),
        ({"stay": 1.5}, "share of customers who stay is 1.5"),
    ],
)
def test_an_impossible_table_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(OutOfRange, match=message):
        replace(COVID, **changes)  # type: ignore[arg-type]


def test_an_unknown_scenario_lists_the_known_ones() -> None:
    with pytest.raises(NotAvailable, match="there are: covid19_2020q1"):
        scenario("nonsense")
    assert set(scenarios()) == {"covid19_2020q1"}


@pytest.mark.parametrize("model", ["power", "log_quadratic", "isotonic"])
def test_fewer_stay_is_exact_for_every_kind_of_curve(model: str) -> None:
    rates = np.linspace(0.04, 0.15, 29)
    base = fit_churn(rates, {g: DEFAULT_CURVES.churn(rates, g) for g in ("A", "B", "C")}, model)  # type: ignore[arg-type]
    moved = _fewer_stay(base, 0.8)
    for grade in ("A", "B", "C"):
        inside = rates[(base.churn(rates, grade) > 0) & (base.churn(rates, grade) < 1)]  # not at the clip
        assert 1 - moved.churn(inside, grade) == pytest.approx(0.8 * (1 - base.churn(inside, grade)), abs=1e-9)


def test_no_shock_changes_nothing(assessed: Assessment) -> None:
    calm = replace(COVID, growth={}, total=0.0)
    after = shock(assessed, calm)
    assert (after.factor == 1.0).all()
    assert after.grade == assessed.grade
    assert after.pd == pytest.approx(assessed.scores.pd, rel=1e-12)
    result = stress(assessed, calm)
    assert result.unchanged_value == pytest.approx(result.before.value, rel=1e-12)
    assert result.price_of_doing_nothing == pytest.approx(0.0, abs=1e-3)
    assert result.breaks_at is None


def test_the_third_question(assessed: Assessment) -> None:
    """302 firms, 100 million yuan, the shock: what the plan loses, and what making it anew wins back."""
    result = stress(assessed, COVID)
    assert result.after is not None
    assert result.unchanged_value < result.before.value
    assert result.after.bound >= result.after.value >= result.unchanged_value
    assert result.price_of_doing_nothing >= 0
    assert result.after.amount.sum() <= 100_000_000
    falling = result.shocked.factor < 1
    assert (result.shocked.pd[falling] > assessed.scores.pd[falling]).all()
    lent = result.before.lend
    assert np.array_equal(result.unchanged != 0, lent)


@pytest.mark.parametrize("objective", ["P1", "P3", "P4"])
def test_one_measure_throughout(assessed: Assessment, objective: Objective) -> None:
    """Before, left as it is and made anew are all by the plan's own objective, the bank's profit beside it."""
    result = stress(assess_for(assessed, objective), COVID)
    before, after = result.before, result.after
    assert after is not None
    lent = before.lend
    drawn = before.amount[lent] * (1.0 - before.churn[lent])
    pd, rate = result.shocked.pd[assessed.applicants][lent], before.rate[lent]
    funding, lgd = before.problem.terms.funding, before.problem.terms.lgd
    by_hand = {"P1": (1 - pd) * rate, "P3": rate - funding, "P4": (1 - pd) * rate}[objective]
    assert result.unchanged_value == pytest.approx(float((drawn * by_hand).sum()), rel=1e-12)
    bank = drawn * (rate * (1 - pd) - lgd * pd - funding)
    calm, unchanged, anew = result.bank
    assert unchanged == pytest.approx(float(bank.sum()), rel=1e-12)
    assert calm > unchanged
    assert (calm, anew) == (before.totals.bank_profit, after.totals.bank_profit)
    assert result.price_of_doing_nothing == after.value - result.unchanged_value
    if objective == "P3":  # which doesn't mind risk: some that it lends to have become D
        assert [use.key for use in result.unchanged_breaks] == ["lendable"]
    else:
        assert result.unchanged_breaks == ()
        assert result.price_of_doing_nothing >= 0.0


def assess_for(assessed: Assessment, objective: Objective) -> Assessment:
    """The same assessment, its plan made for another objective."""
    problem = assessed.plan.problem.with_terms(objective=objective)
    return replace(assessed, settings=replace(assessed.settings, objective=objective), plan=solve(problem))


def test_the_unchanged_plan_is_held_against_the_limits(assessed: Assessment) -> None:
    limits = Limits(expected_loss=0.005)
    problem = replace(assessed.plan.problem, limits=limits)
    limited = replace(assessed, settings=replace(assessed.settings, limits=limits), plan=solve(problem))
    assert [use.key for use in stress(limited, COVID).unchanged_breaks] == ["expected_loss"]
    assert stress(limited, replace(COVID, growth={}, total=0.0)).unchanged_breaks == ()


def test_a_plan_that_loses_the_bank_money_needs_no_shock(assessed: Assessment) -> None:
    dear = assess_for(assessed, "P4")
    terms = replace(dear.plan.problem.terms, funding=0.2)
    dear = replace(
        dear, settings=replace(dear.settings, funding=0.2), plan=solve(replace(dear.plan.problem, terms=terms))
    )
    assert dear.plan.lend.any()
    assert breaking_severity(dear, COVID) == 0.0


def test_reverse_stress_is_where_the_plan_breaks(assessed: Assessment) -> None:
    from credit_udfs.core.stress import _bank, _problem

    severity = breaking_severity(assessed, COVID)
    assert severity is not None
    assert 0 < severity < MAX_SEVERITY

    def value(s: float) -> float:
        return _bank(assessed.plan, _problem(assessed, shock(assessed, COVID.scaled(s))))

    assert value(severity) < 0 <= value(severity - 2e-3)
