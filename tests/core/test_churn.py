"""Churn curves against the published coefficients, and their rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.core.churn import DEFAULT_CURVES, LENDABLE, PUBLISHED, fit_churn
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput, OutOfRange


def test_the_nine_printed_coefficients_reproduce(contest_tables: Tables) -> None:
    """P0 section 2.1 prints a to four decimals, b and c to three."""
    table = contest_tables.churn
    assert table is not None
    curves = fit_churn(table.rates, table.observed, "power")
    for grade in LENDABLE:
        a, b, c = curves.coefficients[grade]
        pa, pb, pc = PUBLISHED[grade]
        assert round(a, 4) == pa
        assert round(b, 3) == pb
        assert round(c, 3) == pc


@pytest.mark.parametrize("model", ["power", "log_quadratic", "isotonic"])
def test_fits_follow_their_own_data(model: str) -> None:
    rates = np.linspace(0.04, 0.15, 29)
    true = {grade: DEFAULT_CURVES.churn(rates, grade) for grade in LENDABLE}
    curves = fit_churn(rates, true, model)  # type: ignore[arg-type]
    for grade in LENDABLE:
        assert np.abs(curves.churn(rates, grade) - true[grade]).max() < 0.02
        dense = curves.churn(np.linspace(0.04, 0.15, 500), grade)
        assert (np.diff(dense) >= -1e-9).all()
        assert ((dense >= 0) & (dense <= 1)).all()


@given(st.floats(0.04, 0.15), st.sampled_from(LENDABLE))
def test_the_built_in_curves_are_the_papers(rate: float, grade: str) -> None:
    a, b, c = PUBLISHED[grade]  # type: ignore[index]
    assert float(DEFAULT_CURVES.churn(rate, grade)) == pytest.approx(min(max(a * rate**b + c, 0), 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0.0399, 0.151, 4.0, -0.05, 0.0])
def test_a_rate_outside_is_an_error(rate: float) -> None:
    with pytest.raises(OutOfRange, match=r"must lie between 4\.00% and 15\.00%") as caught:
        DEFAULT_CURVES.churn(rate, "A")
    assert caught.value.cell == "#NUM!"
    assert "须在 4.00% 与 15.00% 之间" in caught.value.text("zh")


def test_grade_d_has_no_curve() -> None:
    with pytest.raises(BadInput, match="grade D is never lent to"):
        DEFAULT_CURVES.churn(0.05, "D")


@pytest.mark.parametrize("rates", [[0.04, 0.05, 0.06], [0.04, 0.05, 0.06, np.nan]])
def test_too_few_or_missing_observations_are_refused(rates: list[float]) -> None:
    with pytest.raises(BadInput, match="at least 4 complete pairs"):
        fit_churn(rates, dict.fromkeys(LENDABLE, rates))
