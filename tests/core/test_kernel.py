"""The kernel: accurate, and the same bits on floats and on numpy columns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs import models
from credit_udfs.core import kernel
from credit_udfs.core.scoring import ARRAY, score_rows

SIX_VALUES = st.tuples(
    st.floats(-1e6, 1e11), st.floats(0, 20), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)
)


@given(st.floats(-700, 700))
def test_exp_is_within_an_ulp_and_the_same_on_arrays(x: float) -> None:
    ours = kernel.exp(x)
    assert abs(ours - math.exp(x)) <= math.ulp(math.exp(x))
    assert kernel.exp(np.array([x]), ARRAY)[0] == ours


@given(st.floats(1e-300, 1e300))
def test_log_is_within_an_ulp_and_the_same_on_arrays(x: float) -> None:
    ours = kernel.log(x)
    assert abs(ours - math.log(x)) <= max(math.ulp(math.log(x)), 2.3e-16)
    assert kernel.log(np.array([x]), ARRAY)[0] == ours


@pytest.mark.parametrize("x", [-1e308, -701.0, 701.0, 1e308])
def test_exp_does_not_overflow(x: float) -> None:
    assert math.isfinite(kernel.exp(x))


@given(st.lists(SIX_VALUES, min_size=1, max_size=20), st.lists(st.integers(0, 5), max_size=2))
def test_a_row_alone_and_among_others_has_the_same_bits(rows: list[tuple[float, ...]], gaps: list[int]) -> None:
    model = models.load().linear()
    x = np.array(rows)
    x[0, gaps] = np.nan
    many = score_rows(model, x)
    for i, row in enumerate(x.tolist()):
        one = kernel.score(model, row)
        assert one.score == many.score[i]
        assert one.log_odds == many.log_odds[i]
        assert one.pd == many.pd[i]
        assert list(one.points) == many.points[i].tolist()
        assert list(one.grade_probs) == many.grade_probs[i].tolist()
        assert kernel.likeliest(one.grade_probs) == many.grade[i]


def test_ten_thousand_rows_have_the_bits_of_single_rows() -> None:
    model = models.load().linear()
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.lognormal(15, 3, 10_000), rng.uniform(0, 5, 10_000), rng.uniform(0, 1, (10_000, 4))])
    x[rng.random(x.shape) < 0.05] = np.nan
    many = score_rows(model, x)
    single = [kernel.score(model, row).score if kernel.enough(row) else math.nan for row in x.tolist()]
    assert np.array_equal(many.score, np.array(single), equal_nan=True)


@given(SIX_VALUES)
def test_reasons_add_up_to_the_score(row: tuple[float, ...]) -> None:
    model = models.load().linear()
    result = kernel.score(model, row)
    total = model.base_points
    for part in result.points:
        total += part
    assert result.score == min(max(total, 0.0), 100.0)
    assert math.isclose(total, 50 + 50 / math.log(999) * result.log_odds, abs_tol=1e-9)


@given(SIX_VALUES)
def test_grade_probabilities_are_probabilities(row: tuple[float, ...]) -> None:
    probs = kernel.score(models.load().linear(), row).grade_probs
    assert all(p >= -1e-15 for p in probs)
    assert math.isclose(sum(probs), 1.0, abs_tol=1e-12)


def test_likeliest_prefers_the_worse_of_equals() -> None:
    assert kernel.likeliest([0.4, 0.4, 0.1, 0.1]) == 1
    assert kernel.likeliest([0.1, 0.2, 0.3, 0.4]) == 3
