"""The functions against the core that they call, and the declarations against the core's own numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from credit_udfs import models
from credit_udfs.cells import REGISTRY, ErrorValue
from credit_udfs.cells.functions import arguments, data, scoring
from credit_udfs.cells.sample import CHURN, FIRMS, INVOICES, LOANS
from credit_udfs.core import card_table, stress
from credit_udfs.core import indicators as core_indicators
from credit_udfs.core.allocation import Firms, Limits, Problem, Terms, solve
from credit_udfs.core.allocation.problem import FUNDING, LGD
from credit_udfs.core.assess import Settings
from credit_udfs.core.churn import DEFAULT_CURVES, LENDABLE, RATE_MAX, RATE_MIN, fit_churn
from credit_udfs.core.industry import industries
from credit_udfs.core.method_scores import score_model
from credit_udfs.core.scoring import score_rows
from credit_udfs.locale import LANGS, Lang
from credit_udfs.types import GRADES
from credit_udfs.workbook.contract import STATUSES

SIX = [list(row[:6]) for row in FIRMS[1:]]
X = np.array([[math.nan if v is None else v for v in row] for row in SIX])
SCORES = score_rows(models.load().linear(), X)
LENT = [list(row) for row in LOANS[1:]]


def call(name: str, *args: Any) -> list[list[Any]]:
    return REGISTRY[name].call(args)


def codes(rows: list[list[Any]]) -> list[list[Any]]:
    return [[v.code if isinstance(v, ErrorValue) else v for v in row] for row in rows]


def test_declared_bounds_and_defaults_are_the_cores() -> None:
    assert (arguments.RATE_MIN, arguments.RATE_MAX) == (RATE_MIN, RATE_MAX)
    assert (arguments.LGD, arguments.FUNDING) == (LGD, FUNDING)
    assert (Settings().amount_min, Settings().amount_max) == (arguments.AMOUNT_MIN, arguments.AMOUNT_MAX)
    assert arguments.LENDABLE == LENDABLE
    assert tuple(stress.scenarios()) == data.SCENARIOS
    assert len(REGISTRY["RISKREASONS"].columns) == scoring.REASONS
    shipped = {name: models.load(name) for name in models.names()}
    assert set(arguments.SCORERS) == {name for name, model in shipped.items() if "default" in model.predicts}
    assert set(arguments.GRADERS) == {name for name, model in shipped.items() if "grade" in model.predicts}
    assert set(arguments.MODELS) == set(shipped)
    assert shipped["default"].indicators == core_indicators.SIX
    assert arguments.columns_of("default") == arguments.SIX
    for method in arguments.OBJECTIVES:
        assert Terms(0.0, objective=method).objective == method  # type: ignore[arg-type]  # that they exist is tested
        solve(Problem(Firms.of(["a"], [0.1], ["A"]), Terms(0.0, objective=method)))  # type: ignore[arg-type]


def test_statuses_mean_what_the_files_mean() -> None:
    for status in data._STATUSES:
        assert STATUSES[status] == (status in data._VOID)


def test_the_six_columns_are_the_canonical_six_in_their_order() -> None:
    six = [core_indicators.INDICATORS[key] for key in core_indicators.SIX]
    assert [(c.zh, c.en) for c in arguments.SIX] == [(one.zh, one.en) for one in six]
    assert [one.unit for one in six] == ["yuan/year", "years", *["fraction"] * 4]


def test_scores_are_the_cores_to_the_last_bit() -> None:
    assert [r[0] for r in codes(call("RISKSCORE", SIX))] == [*SCORES.score[:4].tolist(), "#N/A"]
    assert [r[0] for r in codes(call("DEFAULTPROB", SIX))] == [*SCORES.pd[:4].tolist(), "#N/A"]
    assert codes(call("GRADEPROBS", SIX))[:4] == SCORES.grade_probs[:4].tolist()
    letters = [r[0] for r in codes(call("CREDITGRADE", SIX))]
    assert letters == [*(GRADES[g] for g in SCORES.grade[:4]), "#N/A"]


def test_a_row_alone_has_the_bits_it_has_among_ten_thousand() -> None:
    rng = np.random.default_rng(3)
    rows = np.column_stack([rng.lognormal(15, 2, 10_000), rng.uniform(0, 4, 10_000), rng.random((10_000, 4))]).tolist()
    together = call("RISKSCORE", rows)
    for i in range(0, 10_000, 997):
        assert call("RISKSCORE", [rows[i]]) == [together[i]]
    rates = rng.uniform(0.04, 0.15, 10_000).tolist()
    pds = rng.random(10_000).tolist()
    grades = [[g] for g in rng.choice(list("ABC"), 10_000)]
    churn = call("CHURNRATE", [[r] for r in rates], grades)
    best = call("BESTRATE", [[p] for p in pds], grades)
    for i in range(0, 10_000, 997):
        assert call("CHURNRATE", rates[i], grades[i][0]) == [churn[i]]
        assert call("BESTRATE", pds[i], grades[i][0]) == [best[i]]


def test_reasons_are_the_largest_contributions_and_short() -> None:
    for lang in ("zh", "en"):
        rows = call("RISKREASONS", SIX, lang)
        for i, row in enumerate(rows[:4]):
            shown = [cell for cell in row if cell]
            for cell, (_, points) in zip(shown, SCORES.reasons(i, 3), strict=True):
                assert f"{points:+.1f}" in cell
                assert len(cell) < 255
    far = call("RISKREASONS", [[1e12, 2.9, 0.3, 0.8, 0.1, 0.3]], "zh")[0][0]
    assert "超出训练范围" in far


@pytest.mark.parametrize("method", [name for name in arguments.SCORERS if name != "default"])
def test_reasons_of_every_method_are_its_contributions(method: str) -> None:
    model = models.load(method)
    middle = [spec["median"] for spec in model.numbers["indicators"]]
    rows = [middle, [v * 1.7 + 0.05 for v in middle], [None, *middle[1:]], [None] * len(middle)]
    scores = score_model(model, np.array(rows, dtype=float))
    shown = call("RISKREASONS", rows, "en", method)
    assert shown[0] == ["", "", ""]  # the median firm has no reasons
    assert [cell.partition(" points")[0].rpartition(" ")[2] for cell in shown[1] if cell] == [
        f"{points:+.1f}" for _, points in scores.reasons(1)
    ]
    for cell, (k, _) in zip(shown[1], scores.reasons(1), strict=False):
        assert cell.startswith(arguments.columns_of(method)[k].en)
    assert codes(shown[3:]) == [["#N/A"] * 3]
    assert all(len(cell) < 255 for row in (shown[1], call("RISKREASONS", rows[1], "zh", method)[0]) for cell in row)


def test_reasons_of_a_method_that_only_grades_are_an_error_that_says_which_methods_have_them() -> None:
    rows = call("RISKREASONS", SIX, "en", "p2_cnn")
    assert codes(rows) == [["#VALUE!"]]
    assert "p2_cnn" in rows[0][0].message_en
    assert "p4_logistic" in rows[0][0].message_en


OWN = [list(row) for row in CHURN[1:]]
CURVES = fit_churn([r[0] for r in OWN], {g: [r[1 + i] for r in OWN] for i, g in enumerate(LENDABLE)})


def test_the_banks_own_churn_table_takes_the_place_of_the_published_curves() -> None:
    rates = [[r] for r in (0.04, 0.0585, 0.1, 0.11)]
    wanted = CURVES.churn(np.array([0.04, 0.0585, 0.1]), "B").tolist()
    assert codes(call("CHURNRATE", rates, "B", OWN)) == [[v] for v in [*wanted, "#NUM!"]]
    backwards = [OWN[0], [None] * 4, *OWN[:0:-1]]
    assert call("CHURNRATE", 0.05, "A", backwards)[0][0] == pytest.approx(float(CURVES.churn(0.05, "A")))
    best = call("BESTRATE", 0.02, "A", None, None, None, None, None, OWN)[0][0]
    around = [[r] for r in np.linspace(0.04, 0.1, 400)]
    profits = call("EXPECTEDPROFIT", 1e6, around, 0.02, "A", None, None, None, OWN)
    top = call("EXPECTEDPROFIT", 1e6, best, 0.02, "A", None, None, None, OWN)[0][0]
    assert all(v[0] <= top * (1 + 1e-12) for v in profits)
    stay = 1 - float(CURVES.churn(best, "A"))
    assert top == pytest.approx(1e6 * stay * (best * 0.98 - LGD * 0.02 - FUNDING), rel=1e-12)
    assert codes(call("EXPECTEDPROFIT", 1e6, 0.11, 0.02, "A", None, None, None, OWN)) == [["#NUM!"]]


@pytest.mark.parametrize("own", [None, OWN])
def test_rates_stay_within_their_limits(own: Any) -> None:
    free = call("BESTRATE", [[0.001], [0.02], [0.2]], [["A"], ["B"], ["C"]], None, None, None, None, None, own)
    low, high = 0.06, 0.07
    held = call("BESTRATE", [[0.001], [0.02], [0.2]], [["A"], ["B"], ["C"]], None, None, None, low, high, own)
    for before, after in zip(free, held, strict=True):
        assert after[0] == pytest.approx(min(max(before[0], low), high), abs=1e-9)
    terms = Terms(2e6, rate_min=low, rate_max=high, curves=CURVES if own else DEFAULT_CURVES)
    plan = solve(
        Problem(Firms.of("abcde", [r[0] for r in LENT], [r[1] for r in LENT], high=[r[2] for r in LENT]), terms)
    )
    rows = call("ALLOCATE", LENT, 2e6, *[None] * 8, low, high, own)
    assert [r[3] for r in rows] == plan.profit.tolist()
    assert {r[2] for r in rows if r[0]} <= {r for r in plan.rate.tolist() if low <= r <= high}


def test_a_rate_limit_outside_the_churn_data_and_a_table_that_cannot_be_fitted_are_errors() -> None:
    assert codes(call("BESTRATE", 0.02, "A", None, None, None, 0.03)) == [["#NUM!"]]
    assert codes(call("BESTRATE", 0.02, "A", None, None, None, None, 0.12, OWN)) == [["#NUM!"]]
    assert codes(call("BESTRATE", 0.02, "A", None, None, None, 0.08, 0.06)) == [["#VALUE!"]]
    few = call("CHURNRATE", 0.05, "A", OWN[:3])
    assert codes(few) == [["#VALUE!"]]
    assert "at least 4" in few[0][0].message_en
    header = call("CHURNRATE", 0.05, "A", [list(CHURN[0]), *OWN])
    assert codes(header) == [["#VALUE!"]]
    assert "Row 1 of churn" in header[0][0].message_en
    assert codes(call("CHURNRATE", 0.05, "A", [[r[0] * 100, *r[1:]] for r in OWN])) == [["#NUM!"]]  # percents


def test_best_rate_is_best_and_profit_is_the_formula() -> None:
    for pd, grade in [(0.01, "A"), (0.05, "B"), (0.2, "C")]:
        best = call("BESTRATE", pd, grade)[0][0]
        top = call("EXPECTEDPROFIT", 1e6, best, pd, grade)[0][0]
        around = [[r] for r in np.linspace(0.04, 0.15, 400)]
        assert all(v[0] <= top * (1 + 1e-12) for v in call("EXPECTEDPROFIT", 1e6, around, pd, grade))
        stay = 1 - float(DEFAULT_CURVES.churn(best, grade))  # type: ignore[arg-type]  # a grade
        assert top == pytest.approx(1e6 * stay * (best * (1 - pd) - LGD * pd - FUNDING), rel=1e-12)
    assert codes(call("BESTRATE", 0.1, "D")) == [["#N/A"]]
    assert codes(call("CHURNRATE", 0.1, "D")) == [["#N/A"]]
    assert codes(call("EXPECTEDPROFIT", 1.0, 0.1, 0.1, "D")) == [["#N/A"]]


def test_allocate_is_the_cores_plan() -> None:
    plan = solve(
        Problem(
            Firms.of("abcde", [r[0] for r in LENT], [r[1] for r in LENT], high=[r[2] for r in LENT]),
            Terms(1_500_000.0),
        )
    )
    rows = call("ALLOCATE", LENT, 1_500_000.0)
    assert [r[0] for r in rows] == plan.lend.astype(float).tolist()
    assert [r[1] for r in rows] == plan.amount.tolist()
    assert [r[2] for r in rows] == [r if lend else "" for r, lend in zip(plan.rate.tolist(), plan.lend, strict=True)]
    assert [r[3] for r in rows] == plan.profit.tolist()
    assert sum(r[1] for r in rows) <= 1_500_000.0


def test_allocate_keeps_the_ceilings_or_says_that_it_cannot() -> None:
    args = [LENT, 1_500_000.0, None, None, None, None, None, 0.01, None, 0.6]
    rows = call("ALLOCATE", *args)
    lent = sum(r[1] for r in rows)
    assert lent > 0
    assert sum(r[1] * firm[0] * LGD for r, firm in zip(rows, LENT, strict=True)) <= 0.01 * lent * (1 + 1e-9)
    for industry in {firm[3] for firm in LENT}:
        mine = sum(r[1] for r, firm in zip(rows, LENT, strict=True) if firm[3] == industry)
        assert mine <= 0.6 * lent * (1 + 1e-9)
    wanted = solve(
        Problem(
            Firms.of("abcde", [r[0] for r in LENT], [r[1] for r in LENT], high=[r[2] for r in LENT],
                     sector=[r[3] for r in LENT]),
            Terms(1_500_000.0),
            Limits(expected_loss=0.01, sector_share=0.6),
        )
    ).value  # fmt: skip
    assert sum(r[3] for r in rows) == pytest.approx(wanted, rel=1e-9)


def test_a_ceiling_of_one_is_none() -> None:
    free = call("ALLOCATE", LENT, 1_500_000.0)
    assert call("ALLOCATE", LENT, 1_500_000.0, *[None] * 5, 1.0, 1.0, 1.0) == free
    assert call("ALLOCATE", LENT, 1_500_000.0, *[None] * 5, 1.0, 1.0, 0.5) != free


def test_allocate_refuses_and_skips() -> None:
    zero = call("ALLOCATE", [[0.01, "A", 0.0], [0.01, "A", 50_000.0], [0.01, "A", None]], 3e6)
    assert [r[0] for r in zero] == [0.0, 0.0, 1.0]
    assert codes(call("ALLOCATE", LENT, 1e6, 5e5, 1e5))[0][0] == 0.0  # smallest above every limit: nobody
    assert codes(call("ALLOCATE", LENT, "一百万")) == [["#VALUE!"]]


def test_indicators_are_the_cores() -> None:
    sales = [row[:6] for row in INVOICES[1:]]
    purchases = [row[7:] for row in INVOICES[1:] if row[7]]

    def frame(rows: Any) -> pl.DataFrame:
        return pl.DataFrame(
            [("x", r[0], r[1], r[2], r[3], r[4], r[5] == "作废发票") for r in rows],
            schema={"firm": pl.Categorical, "date": pl.Date, "counterparty": pl.Categorical, "amount": pl.Float64,
                    "tax": pl.Float64, "total": pl.Float64, "void": pl.Boolean},
            orient="row",
        )  # fmt: skip

    wanted = core_indicators.compute(frame(purchases), frame(sales), ["x"]).row(0)[1:]
    assert call("INDICATORS", [list(r) for r in sales], [list(r) for r in purchases]) == [list(wanted)]


def test_indicators_without_purchases_leave_blanks_that_score() -> None:
    sales = [list(row[:6]) for row in INVOICES[1:]]
    row = call("INDICATORS", sales, [[None] * 3])[0]
    assert row[5] == ""
    assert isinstance(call("RISKSCORE", [row])[0][0], float)
    void = call("INDICATORS", sales, [[None] * 3])[0][4]
    assert void == 1 / 8
    bad = [[*sales[0][:5], "疑似"]]
    assert codes(call("INDICATORS", bad, [[None] * 3])) == [["#VALUE!"]]


def test_industries_round_trip_into_factors() -> None:
    shock = stress.scenario(data.SCENARIOS[0])
    for key, one in industries().items():
        for name in (key, one.zh, one.en, one.en.upper()):
            assert call("STRESSFACTOR", name) == [[shock.factor(key)]]
    assert call("STRESSFACTOR", "未知") == call("STRESSFACTOR", "unknown") == [[shock.factor(None)]]
    assert call("STRESSFACTOR", "零售", None, "micro", 2) == [[shock.scaled(2.0).factor("retail", micro=True)]]
    assert call("INDUSTRY", [["***商贸有限公司"], ["个体经营E5"]], "en") == [["Wholesale trade"], ["unknown"]]


@pytest.mark.parametrize("lang", LANGS)
def test_model_info_is_the_card(lang: Lang) -> None:
    model = models.load()
    whole = call("MODELINFO", None, None, lang)
    assert whole == [list(row) for row in card_table.table(model, lang)]
    head = whole[0]
    parts = [call("MODELINFO", key, None, lang) for key in card_table.SECTIONS]
    assert all(part[0] == head for part in parts)
    assert whole[4:] == [row for part in parts for row in part[1:]]
    assert [row[3] for row in whole[1:4]] == [model.name, model.trained, model.hash]


@pytest.mark.parametrize("name", ["auc", " AUC ", "违约 AUC", "违约AUC", "Default AUC"])
def test_an_item_of_the_card_is_found_by_any_of_its_names(name: str) -> None:
    assert call("MODELINFO", name) == [[models.load().validation["default"]["auc"]["value"]]]


def test_every_item_of_the_card_has_its_value() -> None:
    model = models.load()
    found = {key: call("MODELINFO", key) for key in card_table.ITEMS}
    assert found == {key: [[value]] for key, value in card_table.values(model).items()}
    assert found["firms"] == [[123.0]]


def test_an_unknown_item_names_the_possible_ones() -> None:
    ((error,),) = call("MODELINFO", "everything")
    assert error.code == "#VALUE!"
    assert all(key in error.message_en for key in (*card_table.SECTIONS, *card_table.ITEMS))
    assert "违约 AUC" in error.message_zh


@pytest.mark.parametrize("item", ["auc", "coefficients"])
def test_an_item_that_this_card_has_not_is_not_available(item: str) -> None:
    ((error,),) = call("MODELINFO", item, "p3_svm")
    assert error.code == "#N/A"
    assert "p3_svm" in error.message_en
    assert item in error.message_en


@pytest.mark.parametrize("name", ["RISKSCORE", "DEFAULTPROB", "CREDITGRADE", "GRADEPROBS", "RISKREASONS", "MODELINFO"])
def test_a_wrong_method_is_one_error_that_lists_the_right_ones(name: str) -> None:
    args = [None] if name == "MODELINFO" else [SIX, *(["zh"] if name == "RISKREASONS" else [])]
    rows = call(name, *args, "gpt")
    assert codes(rows) == [["#VALUE!"]]
    assert "default" in rows[0][0].message_en
