"""The contract itself: no name is claimed twice, and matching ignores only what doesn't matter."""

from __future__ import annotations

from collections import Counter

import pytest

from credit_udfs.workbook.contract import (
    CHURN,
    FIRMS,
    PURCHASES,
    SALES,
    STATUSES,
    TABLES,
    YES_NO,
    Labels,
    match_columns,
    missing,
    normal,
    normal_value,
    table_named,
    table_with,
)


def test_no_sheet_name_means_two_tables():
    names = Counter(normal(name) for table in TABLES.values() for name in table.label.spellings())
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_no_title_means_two_columns_of_a_table(table):
    names = Counter(normal(name) for column in table.columns for name in column.label.spellings())
    assert [name for name, count in names.items() if count > 1] == []
    assert len({column.key for column in table.columns}) == len(table.columns)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_table_is_known_by_its_own_titles(table, lang):
    titles = {at: format(column.label, lang) for at, column in enumerate(table.columns)}
    assert table_with(titles) is table
    assert match_columns(table, titles) == {column.key: at for at, column in enumerate(table.columns)}


@pytest.mark.parametrize(
    ("written", "table"),
    [
        ("企业信息", FIRMS),
        (" 进项 发票信息 ", PURCHASES),
        ("OUTPUT_INVOICES", SALES),
        ("Churn-Rate", CHURN),
        ("Sheet1", None),
        ("", None),
    ],
)
def test_sheet_names(written, table):
    assert table_named(written) is table


def test_the_side_of_a_bare_counterparty_is_not_guessed():
    titles = ["firm", "date", "counterparty", "amount", "tax", "total", "status"]
    assert table_with(dict(enumerate(titles))) is None
    assert match_columns(SALES, dict(enumerate(titles)))["counterparty"] == 2


def test_of_two_columns_with_one_title_the_first_counts():
    assert match_columns(FIRMS, {3: "企业代号", 1: "企业代号"})["firm"] == 1


def test_units():
    assert normal("金额（元）") == normal("金额 (元)") == normal("金额")
    assert normal("金额（万元）") != normal("金额")


def test_missing_columns_are_named_in_the_language_asked_for():
    absent = missing(FIRMS, [])
    assert isinstance(absent, Labels)
    assert (format(absent, "zh"), format(absent, "en")) == ("企业代号", "enterprise")
    assert format(missing(SALES, ["firm", "date", "counterparty", "amount", "tax"]), "zh") == "价税合计、发票状态"


def test_words_are_stored_as_they_are_looked_up():
    assert all(normal_value(word) == word for word in (*STATUSES, *YES_NO))
