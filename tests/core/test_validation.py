"""The report of a validation as JSON, and what a model card keeps of it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from credit_udfs.core.metrics import Interval
from credit_udfs.core.records import built, plain
from credit_udfs.core.validation import Report, SoleTraders
from credit_udfs.errors import BadInput
from tests.workbook.reports import made_up_report


def report() -> Report:
    """One without scored firms: parts that are missing, figures that don't exist."""
    unknown = float("nan")
    sole_traders = SoleTraders(0, 0, 0, 0.9, unknown, 0.2, unknown, 0.1)
    return replace(made_up_report(), selection=None, shift=None, sole_traders=sole_traders)


def test_report_as_json_has_no_nan_and_reads_back() -> None:
    text = report().to_json()
    found = json.loads(text)
    assert found["sole_traders"]["mean_pd"] is None
    assert found["methods"][1]["grade"] is None
    assert found["methods"][0]["zh"] == "本方法"
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
    assert report().method("p1_topsis").grade is None
    with pytest.raises(KeyError):
        report().method("nothing")


def test_summary_for_the_card_holds_out_of_sample_figures_only() -> None:
    found = report().summary()
    assert found["primary"] == {"default": "auc", "D": "auc", "grade": "ranked"}
    assert set(found) == {"design", "primary", "default", "D", "grade", "permutation", "dated_cut", "sole_traders"}
    assert "training" not in json.dumps({k: v for k, v in found.items() if k != "sole_traders"})
    assert found["default"]["auc"]["value"] == report().method("two_step").default.auc.value  # type: ignore[union-attr]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert "grade" not in report().summary("p1_topsis")


def test_values_of_another_type_are_not_built() -> None:
    assert built(tuple[float, ...], [1, None])[0] == 1.0
    for kind, value in ((int, 1.0), (int, True), (float, "1"), (tuple[int, int], [1]), (str, None), (Interval, {})):
        with pytest.raises(TypeError):
            built(kind, value)


def test_plain_turns_nan_and_infinity_into_nothing() -> None:
    assert plain(Interval(1.0, float("-inf"), math.nan)) == {"value": 1.0, "low": None, "high": None}
