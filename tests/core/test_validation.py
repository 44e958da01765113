"""Folds, quality of out-of-fold predictions, and the report as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.core import metrics
from credit_udfs.core.metrics import Difference, Interval
from credit_udfs.core.records import built, plain
from credit_udfs.core.validation import (
    PRIMARY,
    Comparison,
    DatedCut,
    MethodQuality,
    PaperComparison,
    Permutation,
    Power,
    Report,
    SoleTraders,
    binary_quality,
    grade_quality,
    mean_roc,
    stratified_folds,
)
from credit_udfs.errors import BadInput


@given(counts=st.lists(st.integers(1, 30), min_size=1, max_size=5), folds=st.integers(2, 10), seed=st.integers(0, 99))
def test_folds_are_even_overall_and_in_each_stratum(counts: list[int], folds: int, seed: int) -> None:
    strata = np.repeat(np.arange(len(counts)), counts)
    place = stratified_folds(strata, folds, seed)
    assert place.shape == strata.shape
    assert ((place >= 0) & (place < folds)).all()
    for group in [strata == s for s in range(len(counts))] + [np.ones(len(strata), dtype=bool)]:
        sizes = np.bincount(place[group], minlength=folds)
        assert sizes.max() - sizes.min() <= 1


def test_folds_depend_on_the_seed_alone() -> None:
    strata = np.repeat([0, 1, 2, 3], [27, 38, 34, 24])
    assert (stratified_folds(strata, 5, 7) == stratified_folds(strata, 5, 7)).all()
    assert (stratified_folds(strata, 5, 7) != stratified_folds(strata, 5, 8)).any()


def test_folds_do_not_follow_file_order() -> None:
    """The enterprise number leaks size, so neighbours in the file mustn't share folds by rule."""
    place = stratified_folds(np.zeros(1000, dtype=np.int64), 5, 0)
    assert abs(np.corrcoef(np.arange(1000), place)[0, 1]) < 0.1


def predictions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1, 2, 3], 20)
    p = rng.dirichlet(np.ones(4), (3, 80))
    p[:, np.arange(80), y] += 0.2
    return y, p / p.sum(axis=2, keepdims=True), (y == 3).astype(int)


def test_binary_quality_is_the_metrics_averaged_over_repeats() -> None:
    _, p, y = predictions()
    found = binary_quality(y, p[:, :, 3], (0.99, 0.01), draws=200)
    assert found.auc.value == pytest.approx(np.mean([metrics.auc(y, row) for row in p[:, :, 3]]))
    assert found.slope == metrics.bootstrap(metrics.calibration_slope, y, p[:, :, 3], 200)
    assert found.intercept == metrics.bootstrap(metrics.calibration_intercept, y, p[:, :, 3], 200)
    assert (found.training_auc, found.training_brier) == (0.99, 0.01)
    for interval in (found.auc, found.brier, found.log_loss, found.slope):
        assert interval.low < interval.value < interval.high
    assert sum(b.count for b in found.reliability) == 80
    assert found.roc[0] == (0, 0)
    assert found.roc[-1] == (1, 1)


def test_mean_roc_of_one_repeat_is_its_curve() -> None:
    y = np.array([0, 0, 1, 1])
    assert dict(mean_roc(y, np.array([[0.1, 0.2, 0.8, 0.9]])))[0.0] == 1.0  # perfect: straight up
    rising = [true for _, true in mean_roc(y, np.array([[0.1, 0.8, 0.2, 0.9], [0.9, 0.1, 0.8, 0.2]]))]
    assert rising == sorted(rising)


def test_grade_quality_is_the_metrics_of_the_predicted_grades() -> None:
    y, p, _ = predictions()
    found = grade_quality(y, p, p.argmax(axis=2), (0.9, 0.8), draws=200)
    codes = p.argmax(axis=2)
    assert found.kappa.value == pytest.approx(np.mean([metrics.quadratic_weighted_kappa(y, c) for c in codes]))
    assert found.ranked.value == pytest.approx(np.mean([metrics.ranked_probability_score(y, row) for row in p]))
    assert np.sum(found.confusion) == pytest.approx(80)
    assert np.trace(found.confusion) / 80 == pytest.approx(found.accuracy.value)
    assert np.sum(found.confusion, axis=1) == pytest.approx([20] * 4)


def report() -> Report:
    y, p, d = predictions()
    binary = binary_quality(d, p[:, :, 3], (0.99, 0.01), draws=50)
    quality = MethodQuality(
        "two_step",
        None,
        "线性",
        "Linear",
        6,
        3,
        binary,
        binary,
        grade_quality(y, p, p.argmax(axis=2), (0.9, 0.8), draws=50),
    )
    nan = float("nan")
    gap = Difference(-0.05, -0.09, -0.01, 0.01, 0.02)
    return Report(
        quick=True,
        ours="two_step",
        primary=PRIMARY,
        firms=80,
        defaults=20,
        grades=(20, 20, 20, 20),
        folds=5,
        seed=0,
        draws=50,
        data={"一.xlsx": "00ff"},
        methods=(quality, replace(quality, name="topsis", grade=None)),
        comparisons=(Comparison("two_step", "topsis", "P1", "default", "brier", gap, "ahead"),),
        papers=(
            PaperComparison(
                "topsis", "P1", "理想解", "TOPSIS", "税额", "tax", "default", "auc", 0.9, 0.8, gap, 0.01, "ahead"
            ),
        ),
        power=Power(0.8, 0.05, 0.04, 0.06, 0.1),
        selection=None,
        permutation=Permutation(19, 0.9, 0.5, 0.6, 0.05, 0.6, 0.0, 0.1, 0.05),
        dated=DatedCut("2018-12-31", 0, quality),
        shift=None,
        sole_traders=SoleTraders(0, 0, 0, 0.9, nan, 0.2, nan, 0.1),
        conformal=(),
        skipped={"p2_cnn": "quick"},
    )


def test_report_as_json_has_no_nan_and_reads_back() -> None:
    text = report().to_json()
    found = json.loads(text)
    assert found["sole_traders"]["mean_pd"] is None
    assert found["methods"][1]["grade"] is None
    assert found["methods"][0]["zh"] == "线性"
    assert found["shift"] is None
    assert text == report().to_json()
    again = Report.from_json(text)
    assert again.to_json() == text
    assert type(again.method("two_step").default) is type(report().method("two_step").default)
    assert again.methods[0] == report().methods[0]
    assert math.isnan(again.sole_traders.mean_pd)
    assert again.primary["grade"] == "ranked"


def changed(**values: object) -> str:
    return json.dumps({**json.loads(report().to_json()), **values})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "r.json is not a validation report"),
        ("[1, 2]", "not a validation report"),
        ('{"schema": 1, "hash": "00", "name": "default"}', "not a validation report"),
        (changed(kind="something else"), "not a validation report"),
        (changed(schema=99), "has schema 99; this version of the program reads schema 2"),
        (changed(firms="eighty"), "incomplete or was changed"),
        (changed(methods=None), "incomplete or was changed"),
        (changed(more=1), "incomplete or was changed"),
    ],
)
def test_what_is_no_report_is_refused_with_its_name(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        Report.from_json(text, "r.json")
    assert "r.json" in caught.value.text("zh")


def test_report_finds_a_method_by_name() -> None:
    assert report().method("topsis").grade is None
    with pytest.raises(KeyError):
        report().method("nothing")


def test_summary_for_the_card_holds_out_of_sample_figures_only() -> None:
    found = report().summary()
    assert found["primary"] == {"default": "auc", "D": "auc", "grade": "ranked"}
    assert set(found) == {"design", "primary", "default", "D", "grade", "permutation", "dated_cut", "sole_traders"}
    assert "training" not in json.dumps({k: v for k, v in found.items() if k != "sole_traders"})
    assert found["default"]["auc"]["value"] == report().method("two_step").default.auc.value  # type: ignore[union-attr]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert "grade" not in report().summary("topsis")


def test_values_of_another_type_are_not_built() -> None:
    assert built(tuple[float, ...], [1, None])[0] == 1.0
    for kind, value in ((int, 1.0), (int, True), (float, "1"), (tuple[int, int], [1]), (str, None), (Interval, {})):
        with pytest.raises(TypeError):
            built(kind, value)


def test_plain_turns_nan_and_infinity_into_nothing() -> None:
    assert plain(Interval(1.0, float("-inf"), math.nan)) == {"value": 1.0, "low": None, "high": None}
