"""Scores of many firms: the scale, missing values, reasons and flags."""

from __future__ import annotations

import numpy as np
import pytest

from credit_udfs import models
from credit_udfs.core.scoring import score_rows
from credit_udfs.errors import BadInput

SOUND = [5e7, 3.0, 0.1, 0.95, 0.03, 0.2]
WEAK = [5e4, 1.0, 0.9, 0.2, 0.3, 0.2]


def test_higher_is_riskier_on_a_scale_of_odds() -> None:
    scores = score_rows(models.load().linear(), np.array([SOUND, WEAK]))
    assert 0 <= scores.score[0] < 50 < scores.score[1] <= 100
    odds = scores.pd / (1 - scores.pd)
    assert np.allclose(scores.score, 50 + 50 * np.log(odds) / np.log(999))


def test_a_missing_indicator_takes_the_training_median() -> None:
    model = models.load().linear()
    row = [np.nan, *SOUND[1:]]
    filled = [model.columns[0].median, *SOUND[1:]]
    a, b = (score_rows(model, np.array([r])) for r in (row, filled))
    assert a.score[0] == b.score[0]
    assert a.points[0, 0] == 0.0
    assert a.missing[0].tolist() == [True, *[False] * 5]


@pytest.mark.parametrize("count", [1, 100])
def test_without_grades_everything_else_has_the_same_bits(count: int) -> None:
    model, x = models.load().linear(), np.array([SOUND, WEAK, [np.nan] * 6] * count)
    whole, part = score_rows(model, x), score_rows(model, x, grades=False)
    for name in ("score", "log_odds", "pd", "points", "missing", "out_of_range"):
        assert getattr(part, name).tobytes() == getattr(whole, name).tobytes()
    assert np.isnan(part.grade_probs).all()
    assert set(part.grade.tolist()) == {-1}


def test_too_little_known_gives_no_score() -> None:
    model = models.load().linear()
    scores = score_rows(model, np.array([[np.nan] * 3 + SOUND[3:], SOUND]))
    assert np.isnan([scores.score[0], scores.pd[0], *scores.points[0], *scores.grade_probs[0]]).all()
    assert scores.grade.tolist()[0] == -1
    assert scores.grade_letter(0) is None
    assert scores.grade_letter(1) in "ABCD"


def test_values_outside_training_are_scored_and_flagged() -> None:
    model = models.load().linear()
    scores = score_rows(model, np.array([[1e13, *SOUND[1:]]]))
    assert np.isfinite(scores.score[0])
    assert scores.out_of_range[0].tolist() == [True, *[False] * 5]


def test_reasons_are_largest_first() -> None:
    scores = score_rows(models.load().linear(), np.array([WEAK]))
    sizes = [abs(points) for _, points in scores.reasons(0, 6)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(scores.reasons(0)) == 3


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 5)), "Wrong number of indicators: 5 given, 6 expected"),
        (np.array([SOUND, [np.inf, *SOUND[1:]]]), "Row 2 has an indicator that is not a finite number"),
    ],
)
def test_bad_tables_are_refused(x: np.ndarray, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        score_rows(models.load().linear(), x)
