"""Results of ours among the attachments: left out, and said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from credit_udfs.core.indicators import SIX
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadFile
from credit_udfs.workbook.read import read
from credit_udfs.workbook.tables_in import holds_result
from credit_udfs.workbook.tables_out import write_frame

TODAY = dt.date(2026, 1, 1)


def load(*paths: Path) -> Tables:
    return read(paths, today=TODAY)


def _made_here(path: Path) -> Path:
    """The same workbook with the creator that our results have."""
    book = openpyxl.load_workbook(path)
    book.properties.creator = "credit_udfs"
    book.save(path)
    return path


def test_a_result_workbook_of_ours_is_left_out_and_said(books, tmp_path):
    attachment = books.write()
    sheets = {"企业评分": books.attachment()["企业信息"], "客户流失": [["利率"], [0.05]]}
    result = _made_here(books.write(sheets, name="plan.xlsx"))
    tables = load(attachment, result)
    assert [p.line("en") for p in tables.problems] == [
        "plan.xlsx: This is a result of this program, not an attachment; it was left out."
    ]
    assert tables.firms.rows() == load(attachment).firms.rows()
    assert [source.file for source in tables.sources] == [attachment.name]
    with pytest.raises(BadFile) as alone:
        load(result)
    assert {p.key for p in alone.value.problems} == {"problems.own_result", "problems.missing_table"}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
@pytest.mark.parametrize(
    "columns",
    [
        ["firm", "grade", "pd", "lend", "amount", "rate", "churn", "profit", "expected_loss", "best_rate", "margin"],
        ["firm", *SIX],
        ["paper", "place", "what", "printed", "ours", "as_paper", "verdict", "because"],
    ],
)
def test_a_table_of_our_results_in_the_folder_of_attachments_is_left_out_and_said(books, columns, suffix):
    attachment = books.write()
    before = load(attachment)
    ours = write_frame(pl.DataFrame({name: ["E1", "E2"] for name in columns}), attachment.parent / f"plan{suffix}")
    assert holds_result(ours)
    assert not holds_result(attachment)
    tables = load(attachment.parent)
    assert [p.key for p in tables.problems] == ["problems.own_result"]
    assert tables.firms.rows() == before.firms.rows()


def test_a_workbook_of_ours_with_invoices_is_read(books):
    assert load(_made_here(books.write())).firms.height == 2


def test_checks_across_tables_are_made_beside_a_result_workbook(books):
    result = _made_here(books.write({"企业评分": [["企业代号"], ["E1"]]}, name="plan.xlsx"))
    sheets = books.attachment()
    sheets["企业信息"].pop()
    assert "problems.unknown_firm" in {p.key for p in load(books.write(sheets), result).problems}
