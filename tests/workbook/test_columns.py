"""A column's cells: numbers, dates, yes and no, however people write them."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.workbook.columns import coerce, parse_date, parse_number


@pytest.mark.parametrize(
    ("written", "number"),
    [("1,234.50", 1234.5), ("１，２３４．５", 1234.5), ("¥ 1,234.5", 1234.5), ("1234.5元", 1234.5), ("(12.5)", -12.5),
     ("12.5-", -12.5), ("−3", -3.0), ("-￥1,000", -1000.0), ("4.25%", 0.0425), ("1e3", 1000.0), (".5", 0.5),
     ("1 234", 1234.0)],
)  # fmt: skip
def test_numbers_as_people_write_them(written, number):
    assert parse_number(written) == pytest.approx(number, rel=1e-15)
    assert coerce("number", pl.Series([written, "1"])).values.to_list() == pytest.approx([number, 1.0], rel=1e-15)


@pytest.mark.parametrize(
    "written", ["abc", "1,23", "12,34,567", "1.2.3", "--1", "", "-", "1,234,56", "壹佰", "0x10", "inf", "nan", "1e999"]
)
def test_what_is_no_number(written):
    result = coerce("number", pl.Series([written, "1"]))
    assert result.values.to_list() == [None, 1.0]
    assert result.bad.to_list() == [written != "", False]


@pytest.mark.parametrize(
    "written", ["5/3/2019", "03-05-19", "2019-13-01", "2019-02-30", "1901-01-01", "2150-01-01", "昨天", "5", "123456"]
)
def test_what_is_no_date(written):
    assert parse_date(written) is None


@given(st.floats(min_value=-1e12, max_value=1e12).map(lambda x: round(x, 2)))
def test_separators_change_no_amount(amount):
    assert parse_number(f"{amount:,.2f}") == amount


@given(st.dates(dt.date(1980, 1, 1), dt.date(2099, 12, 31)))
def test_every_day_survives_every_spelling(day):
    spellings = [
        day.isoformat(),
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
    ]
    spellings.append(str((day - dt.date(1899, 12, 30)).days))
    assert {parse_date(text) for text in spellings} == {day}


def test_yes_and_no_in_every_spelling():
    column = pl.Series(["是", "否", "yes", "No", "1", "0", "TRUE", "n", None])
    assert coerce("yes_no", column).values.to_list() == [True, False, True, False, True, False, True, False, None]
    assert coerce("yes_no", pl.Series([1.0, 0.0])).values.to_list() == [True, False]
    assert coerce("yes_no", pl.Series([True, False])).values.to_list() == [True, False]
