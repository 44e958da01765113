"""Scenarios: their table, their rules, and what they do to the plan on the real attachments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs import models
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


def test_reverse_stress_is_where_the_plan_breaks(assessed: Assessment) -> None:
    from credit_udfs.core.stress import _problem, _value

    severity = breaking_severity(assessed, COVID)
    assert severity is not None
    assert 0 < severity < MAX_SEVERITY

    def value(s: float) -> float:
        return float(_value(assessed.plan, _problem(assessed, shock(assessed, COVID.scaled(s))))[0].sum())

    assert value(severity) < 0 <= value(severity - 2e-3)
