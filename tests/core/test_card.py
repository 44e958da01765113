"""The model card as Markdown: complete, in both languages, and nothing from a file can break out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from credit_udfs import models
from credit_udfs.core.card import markdown, sections
from credit_udfs.core.indicators import INDICATORS
from credit_udfs.core.model_card import Model
from credit_udfs.locale import Lang

VALIDATION = {
    "design": {"folds": 5, "repeats": 10, "seed": 0, "firms": 123},
    "primary": {"default": "auc", "D": "auc", "grade": "ranked"},
    "default": {
        "auc": {"value": 0.9061, "low": 0.814, "high": 0.98},
        "slope": {"value": None, "low": None, "high": None},
    },
    "grade": {"kappa": {"value": 0.666, "low": 0.544, "high": 0.761}},
    "permutation": {"draws": 99, "auc_by_luck": 0.489, "auc_p": 0.01},
    "dated_cut": {"until": "2018-12-31", "auc": {"value": 0.883, "low": 0.79, "high": 0.95}},
    "sole_traders": {"training": 3, "scored": 56},
    "coefficients": {
        "default": {"annual_net_sales": {"low": -2.5, "high": -1.2}, "top_customer_share": {"low": -0.2, "high": 1.0}}
    },
}


@pytest.fixture
def model() -> Model:
    return models.load().with_validation(VALIDATION)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_card_names_all_that_matters(model: Model, lang: Lang) -> None:
    text = markdown(model, lang)
    assert model.hash in text
    assert model.trained in text
    for key, coefficient in zip(model.indicators, model.numbers["default"]["coef"], strict=True):
        known = INDICATORS[key]
        assert (known.zh if lang == "zh" else known.en) in text
        assert f"{coefficient:+.4f}" in text
    for digest in model.data["files"].values():
        assert digest in text
    assert "0.906" in text
    assert "0.814 – 0.980" in text
    assert "2018-12-31" in text
    assert "None" not in text
    assert "nan" not in text
    assert text.count("\n## ") == 6


def test_the_primary_measure_is_marked(model: Model) -> None:
    marked = [line for line in markdown(model, "en").splitlines() if "(primary measure)" in line]
    assert [line.split("|")[1:3] for line in marked] == [[" Default ", " AUC (primary measure) "]]
    assert "AUC（主要指标）" in markdown(model, "zh")


def test_intervals_settle_a_sign_or_do_not(model: Model) -> None:
    lines = markdown(model, "en").splitlines()
    (sales,) = [line for line in lines if "-2.500 – -1.200" in line]
    (customer,) = [line for line in lines if "-0.200 – +1.000" in line]
    assert sales.endswith("| lowers the risk |")
    assert customer.endswith("| raises the risk (sign not settled) |")


def test_intervals_say_how_many_resamples_they_are_from(model: Model) -> None:
    assert "resamples" not in markdown(model, "en")  # a card of before doesn't know
    found = markdown(models.load(), "en")
    assert "2,000 resamples" in found
    assert "500 resamples" in found
    assert "1,000 resamples" in markdown(models.load("p4_logistic"), "en")


def test_what_is_said_of_our_data_is_said_where_it_holds(model: Model) -> None:
    numbers = model.numbers
    other = {**numbers["default"], "coef": [*numbers["default"]["coef"][:5], 0.4]}
    bank = replace(
        model,
        numbers={**numbers, "default": other},
        validation={**VALIDATION, "sole_traders": {"training": 60, "scored": 2}},
    )
    ours, theirs, papers = (markdown(one, "en") for one in (model, bank, models.load("p4_logistic")))
    for said in ("contrary to expectation", "Sole traders are almost absent"):
        assert said in ours
        assert said not in theirs
    assert "The six were chosen" in theirs
    assert "The six were chosen" not in papers


def test_a_model_without_validation_says_so() -> None:
    assert "not been validated" in markdown(models.load().with_validation({}), "en")


def test_names_of_files_stay_text(model: Model) -> None:
    hostile = "a|b\n# head <img src=x> [x](http://x) `x`.xlsx"
    bad = replace(model, data={**model.data, "files": {hostile: "`|0\n# x"}})
    lines = markdown(bad, "en").splitlines()
    assert not any(line.startswith("# ") and "head" in line for line in lines)
    assert not any("<img" in line.replace("\\<", "") for line in lines)
    (row,) = [line for line in lines if "img src" in line]
    assert row.replace("\\|", "").count("|") == 3


def test_every_table_is_a_table(model: Model) -> None:
    for block in markdown(model, "zh").split("\n\n"):
        if block.startswith("|"):
            widths = {line.replace("\\|", "").count("|") for line in block.splitlines()}
            assert len(widths) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_indicator_can_stand_on_a_card(model: Model, lang: Lang) -> None:
    spec = model.numbers["indicators"][0]
    wide = [{**spec, "key": key} for key in INDICATORS]
    other = replace(model, form="method", numbers={**model.numbers, "indicators": wide})
    (definitions,) = [s for s in sections(other, lang) if len(s.rows) == len(INDICATORS)]
    assert all(row[-1] and row[-2] for row in definitions.rows)
