"""Scores by the forms of method cards: what they are made of, what is missing, and that contributions add up."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from credit_udfs import models
from credit_udfs.core import forms
from credit_udfs.core.kernel import POINTS_PER_LOG_ODDS
from credit_udfs.core.method_scores import likeliest, score_model
from credit_udfs.core.model_card import Model
from credit_udfs.core.scoring import score_rows
from credit_udfs.errors import BadInput

METHODS = [name for name in models.names() if models.load(name).form == "method"]


def firms(model: Model, n: int = 40) -> np.ndarray:
    """Firms between the smallest and the largest that training has seen, some with one value missing."""
    random = np.random.default_rng(3)
    low, high = (np.array([s[end] for s in model.numbers["indicators"]]) for end in ("low", "high"))
    x = low + (high - low) * random.random((n, len(low))) ** 3
    x[::7, 1] = np.nan
    return x


@pytest.mark.parametrize("name", METHODS)
def test_probabilities_are_the_forms_to_twelve_decimals(name: str) -> None:
    model = models.load(name)
    x = firms(model)
    scores = score_model(model, x, contributions=False)
    if "default" in model.predicts:
        p = forms.evaluate(model.numbers["default"], x)[:, 1]
        assert scores.pd == pytest.approx(p, abs=1e-12)
        inside = (p > 2e-3) & (p < 1 - 2e-3)
        odds = np.log(p[inside] / (1 - p[inside]))
        assert scores.score[inside] == pytest.approx(50 + POINTS_PER_LOG_ODDS * odds, abs=1e-6)
        assert (scores.score >= 0).all()
        assert (scores.score <= 100).all()
    else:
        assert np.isnan(scores.pd).all()
        assert np.isnan(scores.score).all()
    if "grade" in model.predicts:
        assert scores.grade_probs == pytest.approx(forms.evaluate(model.numbers["grade"], x), abs=1e-12)
        assert set(scores.grade.tolist()) <= {0, 1, 2, 3}
    else:
        assert np.isnan(scores.grade_probs).all()
        assert (scores.grade == -1).all()


@pytest.mark.parametrize("name", METHODS)
def test_one_row_has_the_bits_it_has_among_many(name: str) -> None:
    model = models.load(name)
    x = firms(model)
    many = score_model(model, x, contributions=False)
    for i in (0, 7, 20):
        one = score_model(model, x[i : i + 1], contributions=False)
        assert np.array_equal(one.score, many.score[i : i + 1], equal_nan=True)
        assert np.array_equal(one.grade_probs, many.grade_probs[i : i + 1], equal_nan=True)


@pytest.mark.parametrize("name", [name for name in METHODS if "default" in models.load(name).predicts])
def test_contributions_add_up_to_the_score(name: str) -> None:
    model = models.load(name)
    x = firms(model)
    x[::7, 1] = x[1, 1]  # a missing value isn't the median everywhere: trees have a way of their own for it
    scores = score_model(model, x)
    unclipped = 50 + POINTS_PER_LOG_ODDS * scores.log_odds
    assert scores.base_points + scores.points.sum(axis=1) == pytest.approx(unclipped, abs=1e-9)


def test_contributions_of_a_linear_form_are_its_coefficients() -> None:
    end = {"form": "logistic", "coefficients": [[0.4, -0.7]], "intercept": [-1.0]}
    specs = [{"key": k, "median": m, "low": -9.0, "high": 9.0} for k, m in (("a", 1.0), ("b", 0.5))]
    model = replace(models.load("p4_logistic"), numbers={"indicators": specs, "default": end})
    points = score_model(model, np.array([[2.0, -1.0]])).points
    assert points == pytest.approx(POINTS_PER_LOG_ODDS * np.array([[0.4 * 1.0, -0.7 * -1.5]]), abs=1e-8)


@pytest.mark.parametrize("name", METHODS)
def test_more_than_a_third_missing_is_no_score(name: str) -> None:
    model = models.load(name)
    x = firms(model, 2)
    k = x.shape[1]
    x[:] = [s["median"] for s in model.numbers["indicators"]]
    x[0, : k // 3] = np.nan
    x[1, : k // 3 + 1] = np.nan
    scores = score_model(model, x)
    known = scores.pd if "default" in model.predicts else scores.grade_probs[:, 0]
    assert not np.isnan(known[0])
    assert np.isnan(known[1])
    assert scores.grade[1] == -1


def test_out_of_range_and_refused_input() -> None:
    model = models.load("p4_logistic")
    x = firms(model, 2)
    x[1, 0] = 1e15
    assert score_model(model, x).out_of_range[1, 0]
    assert not score_model(model, x).out_of_range[0, 0]
    with pytest.raises(BadInput, match="6 expected"):
        score_model(model, x[:, :5])
    x[0, 2] = np.inf
    with pytest.raises(BadInput, match="Row 1"):
        score_model(model, x)


def test_a_refusing_method_calls_d_by_its_own_rule() -> None:
    p = np.array([[0.3, 0.1, 0.05, 0.55], [0.2, 0.2, 0.15, 0.45], [0.25, 0.25, 0.25, 0.25]])
    assert likeliest(p).tolist() == [3, 3, 3]
    assert likeliest(p, 0.5).tolist() == [3, 1, 2]


def test_the_default_model_goes_its_own_way() -> None:
    model = models.load()
    x = np.array([[4.3e6, 2.9, 0.3, 0.8, 0.09, 0.35]])
    assert np.array_equal(score_model(model, x).points, score_rows(model.linear(), x).points)


def test_scoring_a_method_needs_neither_sklearn_nor_torch_nor_tables() -> None:
    code = (
        "import sys\nfrom credit_udfs.cells import REGISTRY\n"
        "print(REGISTRY['RISKSCORE'].call([[[1e6, 2.0, 0.3, 0.8, 0.05, 0.4]], 'monotone']))\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split("\n")
    assert float(said[0].strip("[]")) > 0
    assert not set(said[1].split()) & {"sklearn", "torch", "scipy", "polars", "pandas"}
