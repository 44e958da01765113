"""What the pages say of industries: told by names, told by some, told by none; and who gains in a shock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import openpyxl
import pytest

from credit_udfs.core.assess import Settings, assess
from credit_udfs.core.stress import scenario, stress
from credit_udfs.models import load
from credit_udfs.workbook.pages import Extras, View
from credit_udfs.workbook.pages.concentration import finding
from credit_udfs.workbook.pages.stress import _moves
from credit_udfs.workbook.write import write
from tests.workbook.results import result, sample_assessment, sample_extras, sample_tables

ENGLISH = View(sample_assessment(), "en", sample_extras())


@pytest.mark.parametrize(
    ("shares", "known", "said", "unsaid"),
    [
        ([0.6, 0.4], [("Retail trade", 0.6), ("Education", 0.4)], '"Retail trade" with 60.0%.', "don't tell"),
        ([0.6, 0.4], [("Education", 0.4)], "the names of firms with 60.0% don't tell theirs.", "Retail"),
        ([0.6, 0.4], [], "No firm lent to has a name that tells its industry.", " 0.0%"),
        ([], [], "Nothing is lent", "%"),
    ],
)
def test_the_concentration_says_what_names_tell(shares: list[float], known: Any, said: str, unsaid: str) -> None:
    sentence = finding(ENGLISH, np.array(shares), known)
    assert said in sentence
    assert unsaid not in sentence


def test_where_no_name_tells_neither_page_names_an_industry(tmp_path: Any) -> None:
    tables = sample_tables()
    nameless = replace(tables, firms=tables.firms.with_columns(name="firm"))
    a = assess(nameless, Settings(budget=5_000_000.0), load())
    extras = Extras(stress=stress(a, scenario("covid19_2020q1")))
    book = openpyxl.load_workbook(write(a, tmp_path / "nameless.xlsx", "en", extras=extras))
    texts = [str(c.value) for t in ("Concentration", "Stress") for row in book[t].iter_rows() for c in row if c.value]
    assert any("No firm lent to has a name that tells its industry." in text for text in texts)
    assert any("The names of 20 applicants don't tell the industry" in text for text in texts)
    titles = [c.title.tx.rich.p[0].r[0].t for c in book["Concentration"]._charts]
    assert "No name tells an industry" in titles


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"a": 5.0, "b": -3.0, "c": 0.0}, '"a" gains most, "b" loses most'),
        ({"a": 5.0, "b": 0.0}, '"a" gains most, no industry loses'),
        ({"a": -5.0, "b": 0.0}, '"a" loses most, no industry gains'),
        ({"a": 0.0, "b": 0.004}, "no industry's lending changes"),
    ],
)
def test_the_stress_chart_says_who_gains_and_who_loses(change: dict[str, float], said: str) -> None:
    assert said in _moves(ENGLISH, change)


def test_after_a_shock_without_a_plan_nobody_gains() -> None:
    hopeless = replace(ENGLISH, extras=Extras(stress=replace(sample_extras().stress, after=None)))
    assert "no plan is possible" in _moves(hopeless, {"a": -5.0, "b": 3.0})


def test_the_run_log_says_settings_in_words_and_by_name() -> None:
    sheet = openpyxl.load_workbook(result("zh"))["运行记录"]
    rows = {row[1].value: row[2] for row in sheet.iter_rows(min_row=5) if row[1].value}
    assert rows["信贷总额（元），budget"].value == 5_000_000.0
    assert rows["信贷总额（元），budget"].number_format == "#,##0"
    assert rows["最低年利率，rate_min"].number_format == "0.00%"
    assert rows["优化目标，objective"].value == "bank"
