"""Small workbooks to read, written cell by cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

FIRMS = [["企业代号", "企业名称", "信誉评级", "是否违约"], ["E1", "甲", "A", "否"], ["E2", "乙", "D", "是"]]
DAY = dt.date(2019, 3, 5)
PURCHASES = [
    ["企业代号", "发票号码", "开票日期", "销方单位代号", "金额", "税额", "价税合计", "发票状态"],
    ["E1", "001", DAY, "A1", 100.0, 13.0, 113.0, "有效发票"],
    ["E2", "002", DAY, "A2", 200.0, 26.0, 226.0, "作废发票"],
]
SALES = [
    ["企业代号", "发票号码", "开票日期", "购方单位代号", "金额", "税额", "价税合计", "发票状态"],
    ["E1", "003", DAY, "B1", 1000.0, 130.0, 1130.0, "有效发票"],
    ["E2", "004", DAY, "B2", -10.5, -1.37, -11.87, "有效发票"],
]

Rows = Sequence[Sequence[Any]]


class Error(str):
    """A cell with an Excel error value, such as #N/A."""


def attachment(**sheets: Rows) -> dict[str, Rows]:
    """The three sheets of an attachment, some replaced: firms=..., purchases=..., sales=... A test may change it."""
    return {
        "企业信息": changed(sheets.get("firms", FIRMS)),
        "进项发票信息": changed(sheets.get("purchases", PURCHASES)),
        "销项发票信息": changed(sheets.get("sales", SALES)),
    }


def changed(rows: Rows, *changes: tuple[int, int, Any]) -> list[list[Any]]:
    """A copy of `rows` with cells replaced: (row from 0, column from 0, value)."""
    copy = [list(row) for row in rows]
    for row, column, value in changes:
        copy[row][column] = value
    return copy


def write_cells(
    path: Path, sheets: Mapping[str, Rows], *, corner: tuple[int, int] = (0, 0), date_1904: bool = False
) -> Path:
    """A workbook with these cells, the first one at `corner`."""
    book = xlsxwriter.Workbook(path, {"date_1904": date_1904})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(rows, corner[0]):
            for column, value in enumerate(cells, corner[1]):
                if isinstance(value, Error):
                    sheet.write_formula(row, column, "=NA()", None, str(value))
                elif isinstance(value, (dt.date, dt.datetime)):
                    sheet.write_datetime(row, column, value, day)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write(row, column, value)
    book.close()
    return path


class Books:
    """What the tests of reading write with."""

    FIRMS, PURCHASES, SALES, DAY, Error = FIRMS, PURCHASES, SALES, DAY, Error
    attachment = staticmethod(attachment)
    changed = staticmethod(changed)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, sheets: Mapping[str, Rows] | None = None, name: str = "book.xlsx", **options: Any) -> Path:
        return write_cells(self.folder / name, attachment() if sheets is None else sheets, **options)


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


Make = Callable[..., Path]
