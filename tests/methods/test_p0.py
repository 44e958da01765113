"""P0's quantified reputation, lending standard and network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.errors import BadInput, OutOfRange
from credit_udfs.methods.p0 import (
    BPNetwork,
    default_rates,
    grade_shares,
    grades_by_risk,
    lending_standard,
    quantified_reputation,
)


def test_reputation_is_the_midpoint_of_cumulated_shares() -> None:
    assert quantified_reputation() == pytest.approx([0.10, 0.35, 0.65, 0.90], abs=1e-15)


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=8))
def test_reputation_increases_within_0_and_1(parts: list[float]) -> None:
    k = quantified_reputation(np.array(parts) / sum(parts))
    assert k[0] > 0.0
    assert k[-1] < 1.0
    assert np.all(np.diff(k) > 0)


@pytest.mark.parametrize("shares", [[0.5, 0.6], [1.2, -0.2]])
def test_shares_that_are_none_are_refused(shares: list[float]) -> None:
    with pytest.raises(OutOfRange):
        quantified_reputation(shares)


def test_shares_and_default_rates_by_grade() -> None:
    grades = ["A", "A", "B", "D"]
    assert grade_shares(grades).tolist() == [0.5, 0.25, 0.0, 0.25]  # type: ignore[arg-type]
    rates = default_rates(grades, [False, True, False, True])  # type: ignore[arg-type]
    assert rates[[0, 1, 3]].tolist() == [0.5, 0.0, 1.0]
    assert np.isnan(rates[2])
    with pytest.raises(BadInput):
        grade_shares([])


def test_firms_without_a_grade_are_graded_in_the_order_of_their_risk() -> None:
    risk = np.array([0.9, 0.0, 0.5, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8])
    assert "".join(grades_by_risk(risk)) == "DACABBBCCD"
    assert "".join(grades_by_risk(np.zeros(4))) == "AAAA"
    assert "".join(grades_by_risk(risk, [1.0, 0.0, 0.0, 0.0])) == "A" * 10
    with pytest.raises(OutOfRange):
        grades_by_risk(risk, [0.5, 0.1, 0.1, 0.1])


def test_the_lending_standard_weighs_risk_and_reputation_alike() -> None:
    l_ = lending_standard(np.array([0.2, 0.8]), np.array([0.1, 0.9]))
    assert l_ == pytest.approx([0.15, 0.85])


def test_the_risk_is_higher_for_defaulters() -> None:
    random = np.random.default_rng(0)
    y = np.arange(100) % 2
    x = random.normal(size=(100, 9)) + y[:, None]
    q = BPNetwork().fit(x[:70], y[:70]).predict_proba(x[70:])[:, 1]
    assert q[y[70:] == 1].mean() > q[y[70:] == 0].mean() + 0.5
