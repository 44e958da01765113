"""A workbook file as the ribbon's verbs see an open one: read by openpyxl, the plan applied to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from credit_udfs.commands import Area, Content, Formula, WritePlan


class OpenpyxlBook:
    """`commands.BookReader` on an openpyxl workbook, and `apply`.

    shown: the same workbook loaded with the values its formulas had (data_only), where there are formulas.
    """

    def __init__(self, workbook: Any, name: str, shown: Any = None) -> None:
        self.workbook, self._name = workbook, name
        self.shown = workbook if shown is None else shown

    @property
    def name(self) -> str:
        return self._name

    @property
    def date1904(self) -> bool:
        return bool(self.workbook.epoch == CALENDAR_MAC_1904)

    def sheets(self) -> Sequence[str]:
        return [sheet.title for sheet in self.workbook.worksheets]

    def used(self, sheet: str) -> Area | None:
        if sheet not in self.sheets():
            return None
        held = [at for at, cell in self.workbook[sheet]._cells.items() if cell.value is not None]
        if not held:
            return None
        return Area(sheet, 1, 1, max(row for row, _ in held), max(column for _, column in held))

    def named(self, name: str) -> Area | None:
        for sheet in self.workbook.worksheets:
            for table in sheet.tables.values():
                if table.displayName.casefold() == name.casefold():
                    return _area(sheet.title, table.ref)
        for space in (self.workbook, *self.workbook.worksheets):
            defined = space.defined_names.get(name)
            if defined is not None:
                places = list(defined.destinations)
                return _area(*places[0]) if len(places) == 1 else None
        return None

    def values(self, area: Area) -> Sequence[Sequence[object]]:
        book = self.shown if area.sheet in self.shown.sheetnames else self.workbook
        return [[_plain(cell.value) for cell in row] for row in self._cells(book, area)]

    def contents(self, area: Area) -> Sequence[Sequence[Content]]:
        return [
            # An error is entered like a formula: as what it is, not as a text that looks like it.
            [Formula(cell.value) if cell.data_type in ("f", "e") else cell.value for cell in row]
            for row in self._cells(self.workbook, area)
        ]

    def _cells(self, book: Any, area: Area) -> Any:
        return book[area.sheet].iter_rows(area.top, area.top + area.height - 1, area.left, area.left + area.width - 1)

    def apply(self, plan: WritePlan, ask: Callable[[Sequence[str]], bool]) -> bool:
        """Write the plan; False, with nothing written, when `ask` says no about the user's own cells."""
        if plan.asks and not ask(plan.asks):
            return False
        for sheet in plan.creates:
            self.workbook.create_sheet(sheet)
        for write in plan.writes:
            formats = dict(write.formats)
            for cells, row in zip(self._cells(self.workbook, write.area), write.values, strict=True):
                for column, (cell, value) in enumerate(zip(cells, row, strict=True)):
                    _put(cell, value)
                    if column in formats and isinstance(value, float):
                        cell.number_format = formats[column]
        for sheet in plan.removes:
            del self.workbook[sheet]
        return True


def _area(sheet: str, reference: str) -> Area:
    from openpyxl.utils.cell import range_boundaries

    left, top, right, bottom = range_boundaries(reference.replace("$", ""))
    return Area(sheet, top, left, bottom - top + 1, right - left + 1)


def _plain(value: Any) -> object:
    return None if isinstance(value, (ArrayFormula, DataTableFormula)) else value


def _put(cell: Any, value: Content) -> None:
    held = value.text if isinstance(value, Formula) else value
    cell.value = held
    if isinstance(value, Formula):
        if str(held).startswith("#"):
            cell.data_type = "e"  # openpyxl knows the errors of old only, and #SPILL! would become a text
    elif isinstance(value, str):
        cell.data_type = "s"  # a text stays a text, whatever it begins with
