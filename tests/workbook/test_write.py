"""The file itself: the same bytes, whole or not at all, text that stays text, numbers that no language changes."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import polars as pl
import pytest

from credit_udfs.core.assess import Settings, assess
from credit_udfs.errors import BadInput
from credit_udfs.models import load
from credit_udfs.workbook import write as module
from credit_udfs.workbook.write import write
from tests.workbook import opc
from tests.workbook.results import EPOCH, result, sample_assessment, sample_tables

_CHILD = """
import sys
from tests.workbook.results import EPOCH, sample_assessment
from credit_udfs.workbook.write import write
write(sample_assessment(), sys.argv[1], "zh", source_date_epoch=EPOCH)
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    mine = write(sample_assessment(), tmp_path / "mine.xlsx", "zh", source_date_epoch=EPOCH)
    theirs = tmp_path / "theirs.xlsx"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Shanghai"}
    subprocess.run([sys.executable, "-c", _CHILD, str(theirs)], check=True, env=environment, timeout=120,
                   cwd=Path(__file__).parents[2])  # fmt: skip
    assert digest(mine) == digest(theirs)


def test_only_the_time_stamp_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    fixed = write(sample_assessment(), tmp_path / "fixed.xlsx", "en")
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    now = write(sample_assessment(), tmp_path / "now.xlsx", "en")
    stamp = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z| UTC)?")
    with ZipFile(fixed) as one, ZipFile(now) as other:
        assert one.namelist() == other.namelist()
        assert {i.date_time for i in one.infolist()} == {(2020, 9, 13, 12, 26, 40)}
        for name in one.namelist():
            assert stamp.sub(b"", one.read(name)) == stamp.sub(b"", other.read(name)), name


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "result.xlsx"
    path.write_bytes(b"precious")
    with pytest.raises(BadInput, match="exists"):
        write(sample_assessment(), path)
    assert path.read_bytes() == b"precious"
    write(sample_assessment(), path, force=True)
    assert path.read_bytes()[:2] == b"PK"
    assert os.listdir(tmp_path) == ["result.xlsx"]


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder"):
        write(sample_assessment(), tmp_path / "nowhere" / "result.xlsx")


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.xlsx"
    path.write_bytes(b"precious")

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("credit_udfs.workbook.package._Writer.write_data", full)
    with pytest.raises(OSError, match="no space"):
        module.write(sample_assessment(), path, force=True)
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["result.xlsx"]


HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "<b>&amp;\"'", "a\x07b", "https://example.com"]


def test_text_from_a_file_never_becomes_a_formula(tmp_path: Path) -> None:
    tables = sample_tables()
    names = HOSTILE + tables.firms["name"].to_list()[len(HOSTILE) :]
    hostile = replace(tables, firms=tables.firms.with_columns(pl.Series("name", names)))
    assessment = assess(hostile, Settings(budget=5e6, lend_to="all"), load())
    path = write(assessment, tmp_path / "hostile.xlsx", "en")
    assert opc.check(path) == []
    book = openpyxl.load_workbook(path)
    found = {cell.value: cell for row in book["Firms"].iter_rows() for cell in row if cell.data_type == "s"}
    for name in HOSTILE:
        cell = found[name.replace("\x07", "")]
        assert cell.data_type == "s"
        assert bool(cell.quotePrefix) == (name[0] in "=+-@\t"), name
        assert cell.hyperlink is None
    with ZipFile(path) as package:
        for part in package.namelist():
            if part.startswith("xl/worksheets/sheet"):
                formulas = re.findall(rb"<f[^>]*>([^<]*)</f>", package.read(part))
                assert not [f for f in formulas if b"cmd" in f or f in (b"1+1", b"2+3", b"SUM(A1)")]


def test_no_number_depends_on_the_language() -> None:
    def numbers(lang: str) -> list[tuple[str, float]]:
        book = openpyxl.load_workbook(result(lang), data_only=True)
        return [
            (f"{i}!{cell.coordinate}", cell.value)
            for i, sheet in enumerate(book.worksheets)
            for row in sheet.iter_rows()
            for cell in row
            if isinstance(cell.value, int | float)
        ]

    zh, en = numbers("zh"), numbers("en")
    assert len(zh) > 1000
    assert zh == en


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_package_is_consistent(lang: str) -> None:
    assert opc.check(result(lang)) == []


def test_every_formula_has_its_value() -> None:
    """Who opens the file in a previewer, or reads it with a library, sees numbers, not blanks."""
    formulas = openpyxl.load_workbook(result("en"))
    values = openpyxl.load_workbook(result("en"), data_only=True)
    count = 0
    for sheet in formulas.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    count += 1
                    with_value = values[sheet.title][cell.coordinate].value
                    assert with_value is not None or "IFERROR" in str(cell.value) or "IF(" in str(cell.value)
    assert count > 100
