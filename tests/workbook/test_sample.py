"""The synthetic attachments: like the real ones in form, learnable, the same every time."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from credit_udfs.core.indicators import SIX, compute
from credit_udfs.core.tables import Tables
from credit_udfs.types import GRADES
from credit_udfs.workbook.guard import Package
from credit_udfs.workbook.peek import Peek
from credit_udfs.workbook.read import read
from credit_udfs.workbook.sample import write_sample


def load(paths: list[Path]) -> Tables:
    return read(paths, today=dt.date(2026, 1, 1))


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> list[Path]:
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def tables(paths) -> Tables:
    return load(paths)


def test_sheets_and_columns_are_those_of_the_attachments(paths, contest):
    for made, real in zip(paths, sorted(contest.glob("*.xlsx")), strict=True):
        ours, theirs = (Peek(Package(path)).heads(2) for path in (made, real))
        # Attachment 3 has two empty sheets more.
        used = {name: head.rows for name, head in theirs.items() if head.rows}
        assert list(ours) == list(used)
        for name, rows in used.items():
            assert ours[name].rows[1] == rows[1]


def test_what_is_in_it(tables):
    assert tables.firms.height == 90
    assert tables.firms["firm"].to_list() == [f"E{i}" for i in range(1, 91)]
    rated = tables.firms.head(30)
    assert set(rated["grade"]) == set(GRADES)
    assert rated.filter(pl.col("grade") == "D")["default"].all()
    assert tables.firms.tail(60)["grade"].is_null().all()
    for side in (tables.purchases, tables.sales):
        assert side["firm"].n_unique() == 90
        assert (side["amount"] < 0).any()
        assert side["void"].any()
        assert side["date"].min() >= dt.date(2016, 10, 8)
        assert side["date"].max() <= dt.date(2020, 2, 21)
    assert tables.churn is not None
    assert tables.churn.rates.tolist()[:3] == [0.04, 0.0425, 0.0465]
    assert len(tables.churn.rates) == 29


def test_the_dirt_is_all_repaired(tables):
    assert {problem.key for problem in tables.problems} == {"problems.duplicate_rows"}
    found = {key.removeprefix("problems.") for source in tables.sources for key in source.repaired}
    assert found == {"spaces", "grade_spelling", "number_text", "date_text", "blank_rows", "duplicate_rows"}


def test_without_dirt_there_is_nothing_to_repair(tmp_path):
    clean = load(write_sample(tmp_path, firms=(8, 2), size=0.3, dirt=False))
    assert clean.problems == ()
    assert all(source.repaired == {} for source in clean.sources)


@pytest.mark.parametrize("seed", [2020, 7])
def test_indicators_tell_defaulters_apart(tmp_path, seed):
    found = load(write_sample(tmp_path, firms=(60, 0), seed=seed, size=0.4))
    six = compute(found.purchases, found.sales, found.firms["firm"].to_list(), SIX)
    default = found.firms["default"].to_numpy()
    sales = six["annual_net_sales"].to_numpy()
    share = six["top_customer_share"].to_numpy()
    voids = six["sales_void_rate"].to_numpy()
    for values, sign in ((sales, -1), (share, 1), (voids, 1)):
        higher = np.mean(sign * values[default][:, None] > sign * values[~default][None, :])
        assert higher > 0.6
    # Not so clearly that a model would be perfect.
    assert np.log(sales[default]).max() > np.log(sales[~default]).min()


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    options = {"firms": (8, 3), "size": 0.2}
    first = write_sample(tmp_path / "a", seed=5, **options)
    second = write_sample(tmp_path / "b", seed=5, **options)
    other = write_sample(tmp_path / "c", seed=6, **options)
    assert [path.name for path in first] == [path.name for path in second]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert first[0].read_bytes() != other[0].read_bytes()


def test_size_scales_invoices_and_not_business(tmp_path):
    small, large = (load(write_sample(tmp_path / str(s), firms=(10, 0), size=s)) for s in (0.5, 2.0))
    assert 3.3 < large.sales.height / small.sales.height < 4.7
    assert 0.7 < large.sales["amount"].sum() / small.sales["amount"].sum() < 1.4


def test_english(tmp_path):
    paths = write_sample(tmp_path, firms=(8, 4), size=0.2, lang="en")
    assert all(path.name.isascii() for path in paths)
    tables = load(paths)
    assert tables.firms.height == 12
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            strings = archive.read("xl/sharedStrings.xml")
        assert strings.isascii()


def test_an_english_firm_has_the_industry_and_the_numbers_of_its_chinese_twin(tmp_path):
    from credit_udfs.core.industry import coverage, industry_of, is_sole_trader

    options = {"firms": (20, 40), "size": 0.05}
    zh, en = (load(write_sample(tmp_path / lang, lang=lang, **options)).firms for lang in ("zh", "en"))
    assert [industry_of(name) for name in zh["name"]] == [industry_of(name) for name in en["name"]]
    assert [is_sole_trader(name) for name in zh["name"]] == [is_sole_trader(name) for name in en["name"]]
    assert coverage(en["name"]) == 1.0
    assert en.drop("name").equals(zh.drop("name"))
    assert all(name.isascii() for name in en["name"])
