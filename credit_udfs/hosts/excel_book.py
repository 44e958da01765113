"""An open workbook of Excel as the ribbon's verbs see it, through xlwings' Book API; plans are written to it.

One write per range. Excel reads a text that is put into a cell as if it were typed: "1-2" becomes a date, "=A1" a
formula. So a text that could be read as something else gets an apostrophe in front, which Excel doesn't show.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from credit_udfs.commands import Area, Content, Formula, Write, WritePlan
from credit_udfs.errors import NotAvailable

Ask: TypeAlias = Callable[[Sequence[str]], bool]
"""Shows places, such as "Sheet1!A1:C9", and returns whether to write over them."""

# Excel's codes of errors as COM gives them, and what to type for them.
_ERRORS: Final = {
    -2146826288: "#NULL!",
    -2146826281: "#DIV/0!",
    -2146826273: "#VALUE!",
    -2146826265: "#REF!",
    -2146826259: "#NAME?",
    -2146826252: "#NUM!",
    -2146826246: "#N/A",
}
_OTHER_ERROR: Final = "#VALUE!"  # errors that can't be typed (#SPILL!, #CALC!)
# Any digit may be part of a number, date or amount in some currency, in the ways of some country.
_READ_AS_SOMETHING_ELSE: Final = re.compile(r"\s*(?:[-=+@'#]|(?:true|false)\s*$)|.*\d", re.IGNORECASE | re.DOTALL)


def entry(value: Content) -> object:
    """What to put into a cell so that it holds `value`."""
    if value is None:
        return ""
    if isinstance(value, Formula):
        return value.text
    if isinstance(value, float) and not math.isfinite(value):
        return "#N/A" if math.isnan(value) else "#NUM!"
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return f"'{value}" if _READ_AS_SOMETHING_ELSE.match(value) else value


class ExcelBook:
    """`commands.BookReader` on an xlwings Book, and `apply`.

    Values are taken as Value2: xlwings' own way cuts cells in a currency format to four decimals, and a date's
    serial number goes back into its cell unchanged.
    """

    def __init__(self, book: Any) -> None:
        self.book = book

    @property
    def name(self) -> str:
        return str(self.book.name)

    @property
    def date1904(self) -> bool:
        return bool(self.book.api.Date1904)

    def sheets(self) -> Sequence[str]:
        return [sheet.name for sheet in self.book.sheets]

    def used(self, sheet: str) -> Area | None:
        if sheet not in self.sheets():
            return None
        box = self.book.sheets[sheet].used_range.api
        bottom, right = box.Row + box.Rows.Count - 1, box.Column + box.Columns.Count - 1
        area = Area(sheet, 1, 1, bottom, right)
        if (bottom, right) == (1, 1) and self.values(area)[0][0] is None:
            return None  # Excel calls A1 used on an empty sheet
        return area

    def named(self, name: str) -> Area | None:
        wanted = name.casefold()
        for sheet in self.book.sheets:
            for table in sheet.api.ListObjects:
                if table.Name.casefold() == wanted:
                    return _area(table.Range)
        for defined in self.book.api.Names:
            # A name of one sheet shows as "Sheet1!name".
            if defined.Name.rpartition("!")[2].casefold() == wanted:
                try:
                    cells = defined.RefersToRange
                except Exception:  # a name for a number or a formula: a COM error, whose class is Windows' own
                    return None
                return _area(cells) if cells.Areas.Count == 1 else None
        return None

    def values(self, area: Area) -> Sequence[Sequence[object]]:
        return [[_shown(value) for value in row] for row in _rows(self._cells(area).Value2)]

    def contents(self, area: Area) -> Sequence[Sequence[Content]]:
        cells = self._cells(area)
        try:
            formulas = cells.Formula2  # keeps dynamic arrays as they are
        except Exception:  # Excel before 2021 doesn't have it
            formulas = cells.Formula
        pairs = zip(_rows(cells.Value2), _rows(formulas), strict=True)
        return [[_content(v, f) for v, f in zip(vs, fs, strict=True)] for vs, fs in pairs]

    def _cells(self, area: Area) -> Any:
        return self.book.sheets[area.sheet].range(str(area).rpartition("!")[2]).api

    def apply(self, plan: WritePlan, ask: Ask, tell: Callable[[int, int], None] = lambda done, total: None) -> bool:
        """Write the plan, every range at once; False, with nothing written, when `ask` says no.

        tell: called with how many ranges are written, and of how many. Raises NotAvailable for a range that can't
        be written whole or couldn't be put back; should a write fail, those before it are taken back.
        """
        for write in plan.writes:
            if write.sheet not in plan.creates:
                self._check_writable(write.area)
        if plan.asks and not ask(plan.asks):
            return False
        made: list[str] = []
        done: list[Write] = []
        try:
            for name in plan.creates:
                self.book.sheets.add(name, after=self.book.sheets[len(self.book.sheets) - 1])
                made.append(name)
            for write in plan.writes:
                self._put(write.area, write.values)
                done.append(write)
                self._format(write)
                tell(len(done), len(plan.writes))
            self._delete(plan.removes)
        except Exception:
            for write in reversed(done):
                if write.sheet not in made:
                    self._put(write.area, write.previous)
            self._delete(made)
            raise
        if plan.show in self.sheets():
            self.book.sheets[plan.show].api.Activate()
        return True

    def _put(self, area: Area, rows: Sequence[Sequence[Content]]) -> None:
        cells = self._cells(area)
        entries = tuple(tuple(map(entry, row)) for row in rows)
        if any(isinstance(value, Formula) for row in rows for value in row):
            try:
                cells.Formula2 = entries
            except Exception:  # Excel before 2021
                cells.Formula = entries
        else:
            cells.Value2 = entries

    def _format(self, write: Write) -> None:
        sheet, area = self.book.sheets[write.sheet], write.area
        for column, number_format in write.formats:
            if column < area.width:
                first, last = (area.top, area.left + column), (area.top + area.height - 1, area.left + column)
                sheet.range(first, last).number_format = number_format

    def _delete(self, names: Iterable[str]) -> None:
        app = self.book.app
        alerts, app.display_alerts = app.display_alerts, False
        try:
            for name in names:
                self.book.sheets[name].delete()
        finally:
            app.display_alerts = alerts

    def _check_writable(self, area: Area) -> None:
        cells = self._cells(area)
        # Each is False for none of the cells, True for all and None for some.
        if cells.HasArray is not False or _spills(cells):
            raise NotAvailable("excel.array_in_the_way", place=area)
        if cells.MergeCells is not False:
            raise NotAvailable("excel.merged_in_the_way", place=area)
        if self.book.sheets[area.sheet].api.ProtectContents and cells.Locked is not False:
            raise NotAvailable("excel.protected", place=area)


def _rows(shown: Any) -> tuple[tuple[Any, ...], ...]:
    """COM gives a single cell bare and a range as rows."""
    return shown if isinstance(shown, tuple) else ((shown,),)


def _shown(value: Any) -> object:
    # Excel's numbers are floats: a whole number is the code of an error.
    if type(value) is int:
        return _ERRORS.get(value, _OTHER_ERROR)
    return None if value == "" else value


def _content(value: Any, formula: Any) -> Content:
    # A text such as "=A1" behind an apostrophe shows as formula and as value alike.
    if isinstance(formula, str) and formula.startswith("=") and formula != value:
        return Formula(formula)
    if type(value) is int:
        return Formula(_ERRORS.get(value, _OTHER_ERROR))  # typed as it is, it is that error again
    content: Content = None if value == "" else value
    return content


def _area(cells: Any) -> Area:
    return Area(str(cells.Worksheet.Name), cells.Row, cells.Column, cells.Rows.Count, cells.Columns.Count)


def _spills(cells: Any) -> bool:
    try:
        return cells.HasSpill is not False
    except Exception:  # Excel before 2021 has no spills
        return False
