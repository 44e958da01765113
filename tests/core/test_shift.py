"""Shift between training and scored firms: what is the same, what is moved, what is outside."""

from __future__ import annotations

import numpy as np
import pytest

from credit_udfs.core.shift import indicator_shift, out_of_range, psi


def test_the_same_sample_has_no_shift() -> None:
    values = np.random.default_rng(0).lognormal(10, 2, 200)
    found = indicator_shift("annual_net_sales", values, values)
    assert (found.ks, found.p, found.psi, found.below, found.above, found.missing) == (0, 1, 0, 0, 0, 0)
    assert found.training_median == found.scored_median == np.median(values)


def test_a_moved_sample_shifts_and_runs_out_of_range() -> None:
    rng = np.random.default_rng(1)
    training, scored = rng.normal(0, 1, 300), rng.normal(2, 1, 300)
    scored[:4] = np.nan
    found = indicator_shift("x", training, scored)
    known = scored[4:]
    distance = max(abs((training <= v).mean() - (known <= v).mean()) for v in np.concatenate([training, known]))
    assert found.ks == pytest.approx(distance, abs=1e-12)
    assert found.ks == pytest.approx(0.683, abs=0.1)  # 2 Phi(1) - 1
    assert found.p < 1e-10
    assert found.psi > 0.25
    assert found.above == int((scored > training.max()).sum()) > 0
    assert found.below == 0
    assert found.missing == 4


def test_psi_by_hand() -> None:
    # Two bins cut at the median: shares (2.5, 2.5)/5 against (0.5, 4.5)/5.
    p, q = np.array([0.5, 0.5]), np.array([0.1, 0.9])
    expected = ((q - p) * np.log(q / p)).sum()
    assert psi(np.array([1.0, 2, 3, 4]), np.full(4, 9.0), bins=2) == pytest.approx(expected)


def test_psi_hardly_moves_between_samples_of_one_law() -> None:
    rng = np.random.default_rng(2)
    values = [psi(rng.normal(size=500), rng.normal(size=500)) for _ in range(20)]
    assert max(values) < 0.1


def test_out_of_range_counts_indicators_per_firm() -> None:
    training = np.array([[0.0, 0.0], [1.0, 10.0]])
    scored = np.array([[0.5, 5.0], [2.0, 5.0], [-1.0, 11.0], [np.nan, 5.0]])
    assert out_of_range(training, scored).tolist() == [0, 1, 2, 0]
    assert out_of_range(training, scored, [1]).tolist() == [0, 0, 1, 0]
