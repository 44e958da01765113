"""Workbooks for the tests of the batch, and what it makes of them."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl

from credit_udfs.cells import REGISTRY
from credit_udfs.hosts.batch import Report, calc
from tests.hosts.cases import SIX


def scores_of(count: int) -> list[Any]:
    """The scores of the first so many of the made-up firms."""
    return [row[0] for row in REGISTRY["RISKSCORE"].call([SIX[:count]])]


SCORE = scores_of(1)[0]


def book_with(folder: Path, cells: dict[str, Any], sheet: str = "表 1", firms: bool = True) -> Path:
    book = openpyxl.Workbook()
    book.active.title = sheet
    if firms:
        other = book.create_sheet("firms")
        for row in SIX:
            other.append(row)
    for address, value in cells.items():
        book[sheet][address] = value
    path = folder / "in.xlsx"
    book.save(path)
    return path


def replace_part(path: Path, old: bytes, new: bytes) -> None:
    """Change the first sheet's XML, to have what openpyxl doesn't write."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    before = re.sub(rb"<v ?/>", b"<v></v>", parts[name])
    assert old in before
    parts[name] = before.replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)


def run(path: Path, **options: Any) -> tuple[Any, Report]:
    out = path.with_name("out.xlsx")
    report = calc(path, out, force=True, **options)
    return openpyxl.load_workbook(out, data_only=True), report


def shown(folder: Path, cells: dict[str, Any], address: str = "A1") -> Any:
    book, report = run(book_with(folder, cells))
    assert not report.failures, report.lines("en")
    return book["表 1"][address].value
