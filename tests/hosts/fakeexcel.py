"""A workbook with Excel's object model, as thin as xlwings' Windows engine needs to write into it.

What matters for tests is as in Excel: a text that is put into a cell is read as if typed (numbers, dates, booleans,
errors, formulas; an apostrophe makes it text), a single cell's value is bare, errors are codes, and everything is
logged, so that a test can count the writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from openpyxl.utils import get_column_letter, range_boundaries

from tests.hosts.fakewin import CELL_ERRORS, CDispatch

Cell = tuple[Any, str | None]  # value, formula


def typed(entry: Any) -> Cell:
    """What Excel makes of something that is put into a cell."""
    if entry in (None, ""):
        return None, None
    if not isinstance(entry, str):
        return (float(entry) if not isinstance(entry, bool) else entry), None
    if entry.startswith("'"):
        return entry[1:], None
    if entry.startswith("="):
        return f"value of {entry}", entry
    if entry in CELL_ERRORS:
        return CELL_ERRORS[entry], None
    if entry.upper() in ("TRUE", "FALSE"):
        return entry.upper() == "TRUE", None
    number = entry.strip().removesuffix("%").replace(",", "")
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", number):
        return float(number), None
    if re.fullmatch(r"\s*\d+[-/]\d+([-/]\d+)?.*|\s*[A-Za-z]{3}[- ]\d+", entry):
        return 43875.0, None  # some date
    if entry[0] in "+-@":
        return f"value of ={entry}", f"={entry}"
    return entry, None


class FakeRange(CDispatch):
    def __init__(self, sheet: FakeSheet, address: str) -> None:
        self.Worksheet = sheet
        left, top, right, bottom = range_boundaries(address.replace("$", ""))
        self.box = (top, left, bottom, right)
        self.Row, self.Column = top, left

    def _cells(self) -> list[list[tuple[int, int]]]:
        top, left, bottom, right = self.box
        return [[(r, c) for c in range(left, right + 1)] for r in range(top, bottom + 1)]

    def _get(self, which: int) -> Any:
        cells = self.Worksheet.cells
        rows = tuple(tuple(cells.get(at, (None, None))[which] for at in row) for row in self._cells())
        return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows

    def _put(self, data: Any) -> None:
        self.Worksheet.Parent.log.append((self.Worksheet.Name, self.Address))
        if self.Worksheet.Name in self.Worksheet.Parent.broken:
            raise RuntimeError("COM: the call was rejected")
        places = self._cells()
        rows = data if isinstance(data, (tuple, list)) else [[data] * len(places[0])] * len(places)
        assert [len(row) for row in rows] == [len(row) for row in places], "a write of another size than its range"
        for row, values in zip(places, rows, strict=True):
            for at, value in zip(row, values, strict=True):
                assert value is None or isinstance(value, (str, float, int, bool)), "COM takes plain values only"
                cell = typed(value)
                if cell == (None, None):
                    self.Worksheet.cells.pop(at, None)
                else:
                    self.Worksheet.cells[at] = cell

    @property
    def Rows(self) -> Any:
        return SimpleNamespace(Count=self.box[2] - self.box[0] + 1)

    @property
    def Columns(self) -> Any:
        return SimpleNamespace(Count=self.box[3] - self.box[1] + 1)

    Areas = SimpleNamespace(Count=1)

    @property
    def NumberFormat(self) -> str:
        return self.Worksheet.formats.get(self.Address, "General")

    @NumberFormat.setter
    def NumberFormat(self, value: str) -> None:
        self.Worksheet.formats[self.Address] = value

    @property
    def Address(self) -> str:
        top, left, bottom, right = self.box
        return f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}"

    def GetAddress(self, *args: Any) -> str:
        return self.Address

    Value2 = property(lambda self: self._get(0), lambda self, data: self._put(data))
    Value = Value2

    def _formulas(self) -> Any:
        cells = self.Worksheet.cells

        def shown(at: tuple[int, int]) -> str:
            value, formula = cells.get(at, (None, None))
            return formula or ("" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value))

        rows = tuple(tuple(map(shown, row)) for row in self._cells())
        return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows

    Formula = property(_formulas, _put)

    @property
    def Formula2(self) -> Any:
        if not self.Worksheet.Parent.dynamic_arrays:
            raise AttributeError("Formula2")
        return self._formulas()

    @Formula2.setter
    def Formula2(self, data: Any) -> None:
        if not self.Worksheet.Parent.dynamic_arrays:
            raise AttributeError("Formula2")
        self._put(data)

    def _some(self, places: set[tuple[int, int]]) -> bool | None:
        inside = [at in places for row in self._cells() for at in row]
        return all(inside) or (None if any(inside) else False)

    HasArray = property(lambda self: self._some(self.Worksheet.arrays))
    HasSpill = property(lambda self: self._some(self.Worksheet.spills))
    MergeCells = property(lambda self: self._some(self.Worksheet.merged))
    Locked = True


class FakeSheet(CDispatch):
    def __init__(self, book: FakeBook, name: str) -> None:
        self.Parent, self.Name = book, name
        self.cells: dict[tuple[int, int], Cell] = {}
        self.formats: dict[str, str] = {}
        self.ListObjects: list[Any] = []
        self.arrays: set[tuple[int, int]] = set()
        self.spills: set[tuple[int, int]] = set()
        self.merged: set[tuple[int, int]] = set()
        self.ProtectContents = False

    def Range(self, first: Any, last: Any = None) -> FakeRange:
        if last is not None:
            first = f"{first.Address.partition(':')[0]}:{last.Address.partition(':')[2]}"
        return FakeRange(self, first)

    def Cells(self, row: int, column: int) -> FakeRange:
        return FakeRange(self, f"{get_column_letter(column)}{row}")

    def table(self, name: str, address: str) -> None:
        self.ListObjects.append(SimpleNamespace(Name=name, Range=self.Range(address)))

    @property
    def UsedRange(self) -> FakeRange:
        rows, columns = zip(*(self.cells or {(1, 1): None}), strict=True)
        box = f"{get_column_letter(min(columns))}{min(rows)}:{get_column_letter(max(columns))}{max(rows)}"
        return FakeRange(self, box)

    @property
    def Index(self) -> int:
        return self.Parent.Worksheets.sheets.index(self) + 1

    def Delete(self) -> None:
        assert self.Parent.Application.DisplayAlerts is False, "Excel would ask"
        self.Parent.Worksheets.sheets.remove(self)

    def Activate(self) -> None:
        self.Parent.Worksheets.active = self

    def Move(self, Before: FakeSheet) -> None:
        sheets = self.Parent.Worksheets.sheets
        sheets.remove(self)
        sheets.insert(sheets.index(Before), self)


class FakeSheets(CDispatch):
    def __init__(self, book: FakeBook, names: list[str]) -> None:
        self.Parent = book
        self.sheets = [FakeSheet(book, name) for name in names]
        self.active = self.sheets[0]

    def __call__(self, key: Any) -> FakeSheet:
        if isinstance(key, int):
            return self.sheets[key - 1]
        return next(sheet for sheet in self.sheets if sheet.Name.lower() == key.lower())

    def __iter__(self) -> Iterator[FakeSheet]:
        return iter(list(self.sheets))

    @property
    def Count(self) -> int:
        return len(self.sheets)

    def Add(self, Before: FakeSheet) -> FakeSheet:
        sheet = FakeSheet(self.Parent, f"Sheet{len(self.sheets) + 1}")
        self.sheets.insert(self.sheets.index(Before), sheet)
        return sheet


class FakeApplication(CDispatch):
    def __init__(self) -> None:
        self.DisplayAlerts = self.ScreenUpdating = True
        self.Hwnd = 1
        self.Version = "16.0"
        self.language = 1033
        self.bar: list[Any] = []

    @property
    def StatusBar(self) -> Any:
        return self.bar[-1] if self.bar else False

    @StatusBar.setter
    def StatusBar(self, value: Any) -> None:
        self.bar.append(value)

    @property
    def LanguageSettings(self) -> Any:
        return self

    def LanguageID(self, which: int) -> int:
        return self.language


class FakeBook(CDispatch):
    """`broken`: sheets that refuse to be written. `log`: every write, as (sheet, address)."""

    def __init__(self, *names: str, dynamic_arrays: bool = True) -> None:
        self.Application = FakeApplication()
        self.Name = self.FullName = "book.xlsx"
        self.Date1904 = False
        self.Names: list[Any] = []
        self.log: list[tuple[str, str]] = []
        self.broken: set[str] = set()
        self.dynamic_arrays = dynamic_arrays
        self.Worksheets = FakeSheets(self, list(names))

    def fill(self, sheet: str, address: str, rows: Any) -> None:
        """Put entries as a user types them."""
        self.Worksheets(sheet).Range(address)._put(rows)
        self.log.clear()

    def name(self, name: str, sheet: str, address: str) -> None:
        self.Names.append(SimpleNamespace(Name=name, RefersToRange=self.Worksheets(sheet).Range(address)))

    def state(self) -> dict[str, dict[tuple[int, int], Cell]]:
        return {sheet.Name: dict(sheet.cells) for sheet in self.Worksheets}
