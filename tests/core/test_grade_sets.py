"""Grade sets from a card's threshold: which grades are in, and that every calibrated card has a sensible one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs import models
from credit_udfs.core.grade_sets import contiguous, grade_sets
from credit_udfs.types import GRADES


def test_sets_by_hand() -> None:
    model = models.load()
    fixed = replace(model, numbers={**model.numbers, "grade_sets": {"level": 0.9, "threshold": 0.8}})
    probs = np.array(
        [
            [0.6, 0.3, 0.05, 0.05],
            [0.1, 0.1, 0.1, 0.7],
            [0.35, 0.1, 0.1, 0.45],  # what lies between is in
            [np.nan, np.nan, np.nan, np.nan],
        ]
    )
    assert grade_sets(fixed, probs) == ("AB", "D", "ABCD", "")


def test_a_card_without_calibration_has_none() -> None:
    model = models.load()
    bare = replace(model, numbers={k: v for k, v in model.numbers.items() if k != "grade_sets"})
    assert grade_sets(bare, np.full((2, 4), 0.25)) is None


@given(st.lists(st.floats(0.001, 1.0), min_size=4, max_size=4), st.floats(0.0, 1.0))
def test_a_set_is_neighbours_around_the_likeliest(weights: list[float], threshold: float) -> None:
    p = np.array([weights]) / sum(weights)
    (inside,) = contiguous(p, threshold)
    assert inside[p[0].argmax()]
    assert "".join(GRADES[i] for i in np.flatnonzero(inside)) in "ABCD"
    assert inside[p[0] >= 1.0 - threshold].all()


@pytest.mark.parametrize("name", [name for name in models.names() if "grade" in models.load(name).predicts])
def test_every_shipped_grader_is_calibrated(name: str) -> None:
    calibrated = models.load(name).numbers["grade_sets"]
    assert calibrated["level"] == 0.9
    assert 0.5 < calibrated["threshold"] < 1.0
