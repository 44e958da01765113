"""The analytic hierarchy process: weights, consistency, refusal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.core import forms
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput, OutOfRange
from credit_udfs.methods import METHODS, VARIANTS, p3_ahp
from credit_udfs.methods.fitted import train_method


@given(st.lists(st.floats(0.12, 8.0), min_size=1, max_size=9))
def test_consistent_comparisons_give_back_their_weights(parts: list[float]) -> None:
    w = np.array(parts) / sum(parts)
    found = p3_ahp.weights(w[:, None] / w[None, :])
    assert found.weights == pytest.approx(w, rel=1e-8)
    assert found.lambda_max == pytest.approx(len(parts), rel=1e-9)
    assert found.ratio == pytest.approx(0.0, abs=1e-8)


def test_saatys_consistency_ratio_by_hand() -> None:
    a = np.array([[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]])
    found = p3_ahp.weights(a)
    assert a @ found.weights == pytest.approx(found.lambda_max * found.weights)
    assert found.lambda_max == pytest.approx(3.0385, abs=1e-4)
    assert found.ratio == pytest.approx((found.lambda_max - 3) / 2 / 0.58)
    assert found.weights == pytest.approx([0.637, 0.258, 0.105], abs=1e-3)


def test_contradicting_comparisons_are_refused_with_their_ratio() -> None:
    circle = [[1, 5, 1 / 5], [1 / 5, 1, 5], [5, 1 / 5, 1]]
    with pytest.raises(OutOfRange, match="contradict") as caught:
        p3_ahp.weights(circle)
    assert caught.value.values["ratio"] > 0.1
    assert caught.value.cell == "#NUM!"


@pytest.mark.parametrize(
    "matrix",
    [[[1, 2], [3, 1]], [[1, -1], [-1, 1]], [[1, 2, 3], [0.5, 1, 2]], np.ones((11, 11)), [[1, 0], [0, 1]]],
)
def test_what_is_no_comparison_matrix_is_refused(matrix: object) -> None:
    with pytest.raises(BadInput):
        p3_ahp.weights(matrix)  # type: ignore[arg-type]


def test_levels_combine() -> None:
    top = p3_ahp.weights([[1, 3], [1 / 3, 1]])
    below = [p3_ahp.weights([[1, 1], [1, 1]]), p3_ahp.weights([[1, 4], [1 / 4, 1]])]
    found, ratio = p3_ahp.combined(top, below)
    assert found == pytest.approx([0.75 * 0.5 + 0.25 * 0.8, 0.75 * 0.5 + 0.25 * 0.2])
    assert ratio == 0.0
    with pytest.raises(BadInput):
        p3_ahp.combined(top, below[:1])


def test_the_papers_emphasis_under_an_epidemic() -> None:
    debt_risky, policy_risky = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 0.0, 1.0]])
    assert p3_ahp.risk(debt_risky, "medicine") > p3_ahp.risk(debt_risky, "calm")
    assert p3_ahp.risk(policy_risky, "manufacturing") > p3_ahp.risk(policy_risky, "calm")
    for emphasis in p3_ahp.EMPHASIS:
        assert p3_ahp.risk(np.ones((1, 3)), emphasis) == pytest.approx([1.0])
    with pytest.raises(BadInput, match="medicine"):
        p3_ahp.risk(np.ones((1, 3)), "alchemy")
    with pytest.raises(BadInput):
        p3_ahp.risk(np.ones((1, 2)))


def sized(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(6)
    x = np.abs(random.normal(size=(n, len(p3_ahp.INDICATORS_USED))))
    x[:, 0] *= 1e6
    return x, (random.logistic(size=n) > np.log(x[:, 0]) - 13.0).astype(np.int64)


def test_the_method_weighs_dimensions_as_the_comparisons_say() -> None:
    x, y = sized()
    export = p3_ahp.HierarchyRisk("medicine").fit(x, y).export()
    (row,) = next(step for step in export["steps"] if step["form"] == "project")["components"]
    sums = [np.abs(row[:2]).sum(), np.abs(row[2:5]).sum(), np.abs(row[5:]).sum()]
    assert sums == pytest.approx(p3_ahp.weights(p3_ahp.EMPHASIS["medicine"]).weights)
    assert np.sign(row).tolist() == [sense for group in p3_ahp.USED.values() for sense in group.values()]
    assert export["end"]["coefficients"][0][0] > 0  # more risk, more defaults


def test_the_risk_it_is_calibrated_on_lies_within_0_and_1() -> None:
    x, y = sized()
    steps = p3_ahp.HierarchyRisk().fit(x, y).export()["steps"][:-1]  # the last one standardises it
    risk = forms.transform(steps, np.vstack([x * 100.0, -x * 100.0, np.full((1, 6), np.nan)]))
    assert risk.shape == (241, 1)
    assert 0.0 <= risk.min() < risk.max() <= 1.0


def test_the_method_refuses_contradictory_comparisons_and_more_classes() -> None:
    x, y = sized()
    cycle = ((1.0, 9.0, 1 / 9), (1 / 9, 1.0, 9.0), (9.0, 1 / 9, 1.0))
    with pytest.raises(OutOfRange, match="contradict"):
        p3_ahp.HierarchyRisk(cycle).fit(x, y)
    with pytest.raises(BadInput, match="calm, medicine"):
        p3_ahp.HierarchyRisk("tourism").fit(x, y)
    with pytest.raises(BadInput, match="two classes"):
        p3_ahp.HierarchyRisk().fit(x, np.arange(120) % 4)
    with pytest.raises(BadInput, match="doesn't fit"):
        p3_ahp.HierarchyRisk().fit(x[:, :3], y)


def test_an_industrys_emphasis_is_trained_by_name_and_not_judged_with_the_rest(contest_rated: Tables) -> None:
    calm, medicine = (train_method(contest_rated, name, trained="2026-01-01") for name in ("p3_ahp", "p3_ahp_medicine"))
    assert (medicine.name, medicine.settings["comparisons"]) == ("p3_ahp_medicine", "medicine")
    assert medicine.numbers["default"] != calm.numbers["default"]
    assert not set(VARIANTS) & set(METHODS)
    with pytest.raises(BadInput):
        train_method(contest_rated, "p3_ahp_tourism", trained="2026-01-01")
