"""Completing a card: coefficient intervals, and the validation of the very model that is shipped."""

from __future__ import annotations

import numpy as np
import pytest

from credit_udfs import api, models
from credit_udfs.core.indicators import SIX, compute
from credit_udfs.core.model_card import Model
from credit_udfs.core.scoring import score_rows
from credit_udfs.core.tables import Tables
from credit_udfs.methods import METHODS
from credit_udfs.methods.card import DEFAULT, coefficient_intervals, complete


def test_intervals_hold_the_coefficients(contest_rated: Tables) -> None:
    model = models.load()
    found = coefficient_intervals(contest_rated, model.settings, draws=150)
    numbers = model.numbers
    parts = {"default": numbers["default"], "refused": numbers["grade"]["refused"], "grade": numbers["grade"]}
    for target, part in parts.items():
        for key, value in zip(SIX, part["coef"], strict=True):
            assert found[target][key]["low"] < value < found[target][key]["high"], (target, key)
    # What the data settles: size and history lower the risk of being refused, whatever firms are drawn.
    for key in ("annual_net_sales", "trading_years"):
        assert found["refused"][key]["high"] < 0
    assert found == coefficient_intervals(contest_rated, model.settings, draws=150)


def test_the_validated_method_is_the_shipped_model(contest_rated: Tables) -> None:
    """METHODS[DEFAULT], which is cross-validated, gives on all firms what the shipped numbers give."""
    rows = contest_rated.firms
    x = compute(contest_rated.purchases, contest_rated.sales, rows["firm"].to_list(), SIX).select(SIX).to_numpy()
    x = x.astype(np.float64)
    scores = score_rows(models.load().linear(), x)
    default = rows["default"].to_numpy().astype(np.int64)
    grade = np.array(["ABCD".index(g) for g in rows["grade"]])
    assert METHODS[DEFAULT].make(0).fit(x, default).predict_proba(x)[:, 1] == pytest.approx(scores.pd, abs=1e-9)
    assert METHODS[DEFAULT].make(0).fit(x, grade).predict_proba(x) == pytest.approx(scores.grade_probs, abs=1e-9)


@pytest.mark.slow
def test_a_completed_card_reads_back(contest_rated: Tables) -> None:
    model = complete(api.train(contest_rated), contest_rated)
    assert model.validation["default"]["auc"]["value"] >= 0.9
    assert set(model.validation["coefficients"]["default"]) == set(SIX)
    assert Model.from_json(model.to_json()) == model
