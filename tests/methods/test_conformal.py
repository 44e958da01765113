"""Grade sets: their arithmetic by hand, and the coverage they promise on firms of one law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.errors import OutOfRange
from credit_udfs.methods import conformal
from credit_udfs.methods.ensemble import Linear


def test_quantile_is_the_rank_that_the_proof_needs() -> None:
    scores = np.arange(1, 10) / 10
    assert conformal.quantile(scores, 0.9) == 0.9  # ceil(10 * .9) = 9th of 9
    assert conformal.quantile(scores, 0.5) == 0.5
    assert conformal.quantile(scores, 0.95) == 1.0  # too few firms: every grade
    assert conformal.quantile(scores[::-1], 0.8) == 0.8


def test_sets_by_hand() -> None:
    p = np.array([[0.5, 0.3, 0.15, 0.05], [0.3, 0.1, 0.4, 0.2], [0.1, 0.2, 0.3, 0.4]])
    found = conformal.contiguous(p, 0.75)
    assert found.astype(int).tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]]
    assert conformal.contiguous(p, 0.0).sum(axis=1).tolist() == [1, 1, 1]  # never empty
    assert conformal.contiguous(p, 1.0).all()


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_threshold_never_loses_a_grade(seed: int, a: float, b: float) -> None:
    p = np.random.default_rng(seed).dirichlet(np.ones(4), 10)
    small, large = (conformal.contiguous(p, t) for t in sorted((a, b)))
    assert (large | ~small).all()
    for row in large:
        inside = np.flatnonzero(row)
        assert inside.size == inside[-1] - inside[0] + 1


@pytest.mark.parametrize("calibration", ["split", "cross"])
def test_coverage_is_near_the_level(calibration: conformal.Calibration) -> None:
    """Even for a poor model (one of two useful indicators, and wrong in shape)."""
    rng = np.random.default_rng(0)
    hits, size = [], []
    for _ in range(12):
        z = rng.normal(size=(500, 2))
        latent = z[:, 0] ** 3 + z[:, 1] + rng.logistic(size=500)
        grades = np.searchsorted([-2.0, 0.0, 2.0], latent)
        fitted = conformal.fit(lambda: Linear(("x",)), z[:150, :1], grades[:150], 0.9, calibration)
        sets = fitted.sets(z[150:, :1])
        hits.append(sets[np.arange(350), grades[150:]].mean())
        size.append(sets.sum(axis=1).mean())
    assert np.mean(hits) == pytest.approx(0.91, abs=0.025)
    assert 1.5 < np.mean(size) < 3.9


@pytest.mark.parametrize(("n", "level", "size"), [(110, 0.9, 39), (123, 0.9, 39), (123, 0.8, 39), (123, 0.95, 39)])
def test_a_split_promises_no_more_than_asked_for(n: int, level: float, size: int) -> None:
    assert conformal.calibration_size(n, level) == size
    scores = np.arange(1.0, size + 1)
    promised = np.searchsorted(scores, conformal.quantile(scores, level), side="right") / (size + 1)
    assert promised == pytest.approx(level)


@given(st.integers(8, 300), st.floats(0.5, 0.95), st.integers(0, 99))
def test_a_splits_sample_has_its_size_and_every_grade_in_its_share(n: int, level: float, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 4, n)
    held = conformal._held(codes, level, seed)
    size = conformal.calibration_size(n, level)
    assert held.sum() == size
    counts, whole = np.bincount(codes[held], minlength=4), np.bincount(codes, minlength=4)
    assert np.abs(counts - whole * size / n).max() <= 1.0 + 1e-9


def test_level_must_be_a_share() -> None:
    with pytest.raises(OutOfRange):
        conformal.fit(Linear, np.zeros((4, 6)), np.arange(4), level=90)
