"""The run log's words: every repair and warning has a short text without blanks to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from credit_udfs.core.assess import Settings
from credit_udfs.locale import LANGS, area
from credit_udfs.workbook.pages.run_log import _said, _setting, _words
from credit_udfs.workbook.pages.view import View
from tests.workbook.results import sample_assessment

WORKBOOK = Path(__file__).parents[2] / "credit_udfs" / "workbook"


def counted() -> list[str]:
    """Keys that reading counts: warnings, and the repairs of a column or table."""
    source = "".join(path.read_text(encoding="utf-8") for path in WORKBOOK.glob("*.py"))
    return sorted(name for name in area("problems") if re.search(rf'"(problems\.)?{name}"', source))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "name", ["duplicate_rows", "sum_differs", "spaces", "unknown_firm", "no_invoices", "future_date", "blank_rows"]
)
def test_a_counted_key_is_said_in_words(name: str, lang: str) -> None:
    assert name in counted()
    said = _words(f"problems.{name}", lang)  # type: ignore[arg-type]
    assert said
    assert "{" not in said
    assert "_" not in said


@pytest.mark.parametrize("lang", LANGS)
def test_every_setting_has_words(lang: str) -> None:
    for key in Settings.__dataclass_fields__:
        assert _setting(key, lang), key  # type: ignore[arg-type]
    assert _setting("a_new_one", lang) == ""  # type: ignore[arg-type] # a run must not fail for want of a word


def test_a_choice_is_said_in_words_and_as_it_is_chosen() -> None:
    view = View(sample_assessment(), "zh")
    assert _said("churn", "power", view) == "幂函数，power"
    assert _said("prove", True, view) == "是"
    assert _said("budget", 1e8, view) == 1e8
