"""The workbook that verbs are run on."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from credit_udfs.workbook.sample import write_sample
from tests.hosts.openpyxl_book import OpenpyxlBook


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sample(tmp_path_factory.mktemp("sample"), firms=(12, 12), seed=3, size=0.1, dirt=False)


@pytest.fixture
def book(sample: list[Path]) -> OpenpyxlBook:
    """Attachment 2 of the synthetic set, with attachment 3 as a sheet: new firms, and how rates move customers."""
    workbook = openpyxl.load_workbook(sample[1])
    churn = openpyxl.load_workbook(sample[2]).active
    sheet = workbook.create_sheet("贷款年利率与客户流失率")
    for row in churn.iter_rows(values_only=True):
        sheet.append(row)
    return OpenpyxlBook(workbook, "book.xlsx")
