"""An open spreadsheet as commands read it, and the one place that writes into it."""

from __future__ import annotations

from typing import Any

from com.sun.star.lang import Locale

from . import link

Grid = list[list[Any]]


def cells_of(cells: Any) -> tuple[tuple[Any, ...], ...]:
    """The values of a range: floats, texts ("" is blank), and texts of errors."""
    rows = cells.getDataArray()
    for row in rows:
        if None in row:
            break
    else:
        return rows
    return tuple(
        tuple(
            link.error_name(cells.getCellByPosition(x, y).getError()) if value is None else value
            for x, value in enumerate(row)
        )
        for y, row in enumerate(rows)
    )


class Book:
    """Answers what the helper asks of a document; see commands.plan.BookReader for what each word means."""

    def __init__(self, document: Any) -> None:
        self.document = document

    def answer(self, what: str, arguments: list[Any]) -> Any:
        return getattr(self, f"read_{what}")(*arguments)

    def read_name(self) -> str:
        return str(self.document.getTitle())

    def read_date1904(self) -> bool:
        return bool(self.document.NullDate.Year == 1904)

    def read_sheets(self) -> list[str]:
        return list(self.document.Sheets.ElementNames)

    def read_used(self, sheet: str) -> Any:
        cursor = self.document.Sheets.getByName(sheet).createCursor()
        cursor.gotoEndOfUsedArea(False)
        address = cursor.getRangeAddress()
        rows, columns = address.EndRow + 1, address.EndColumn + 1
        if rows == columns == 1 and not cursor.getFormulaArray()[0][0]:
            return None
        return [sheet, 1, 1, rows, columns]

    def read_named(self, name: str) -> Any:
        for ranges in (self.document.DatabaseRanges, self.document.NamedRanges):
            if ranges.hasByName(name):
                found = ranges.getByName(name).getReferredCells()
                if found is None:
                    return None
                a = found.getRangeAddress()
                sheet = self.document.Sheets.getByIndex(a.Sheet).Name
                size = [a.EndRow - a.StartRow + 1, a.EndColumn - a.StartColumn + 1]
                return [sheet, a.StartRow + 1, a.StartColumn + 1, *size]
        return None

    def read_values(self, *area: Any) -> Any:
        return cells_of(self.cells(*area))

    def read_contents(self, *area: Any) -> Grid:
        cells = self.cells(*area)
        rows = [list(row) for row in cells.getDataArray()]
        for y, formulas in enumerate(cells.getFormulaArray()):
            for x, formula in enumerate(formulas):
                # A text that begins so is the same as value and as formula; a formula isn't its own result.
                if formula[:1] in ("=", "{") and formula != rows[y][x]:
                    rows[y][x] = {"formula": formula}
        return rows

    def cells(self, sheet: str, top: int, left: int, height: int, width: int) -> Any:
        found = self.document.Sheets.getByName(sheet)
        return found.getCellRangeByPosition(left - 1, top - 1, left + width - 2, top + height - 2)

    # --- writing -----------------------------------------------------------------------------------------

    def apply(self, plan: dict[str, Any]) -> None:
        """Make the sheets, write every range, drop the sheets; all of it, or an exception and nothing."""
        sheets = self.document.Sheets
        written: list[dict[str, Any]] = []
        created: list[str] = []
        self.document.lockControllers()
        # Calc would record some of the steps and not others: verbs.Undo is the one step.
        recording = self.document.IsUndoEnabled
        self.document.IsUndoEnabled = False
        try:
            for name in plan["creates"]:
                sheets.insertNewByName(name, sheets.getCount())
                created.append(name)
            for write in plan["writes"]:
                written.append(write)
                self._put(write["sheet"], write["top"], write["left"], write["values"])
                for column, code in write["formats"]:
                    self._format(write, column, code)
            for name in plan["removes"]:
                sheets.removeByName(name)
        except Exception:
            for write in reversed(written):
                if write["sheet"] not in created:
                    self._put(write["sheet"], write["top"], write["left"], write["previous"])
            for name in created:
                sheets.removeByName(name)
            raise
        finally:
            self.document.IsUndoEnabled = recording
            self.document.unlockControllers()

    def put_back(self, writes: list[dict[str, Any]], which: str) -> None:
        """Only the cells' "values" or "previous" contents, of sheets that are still there.

        For Ctrl+Z, during which Calc must not record anything: making or dropping a sheet it would.
        """
        self.document.lockControllers()
        try:
            for write in writes:
                if self.document.Sheets.hasByName(write["sheet"]):
                    self._put(write["sheet"], write["top"], write["left"], write[which])
        finally:
            self.document.unlockControllers()

    def _put(self, sheet: str, top: int, left: int, rows: Grid) -> None:
        cells = self.cells(sheet, top, left, len(rows), len(rows[0]))
        arrays: dict[str, list[tuple[int, int]]] = {}
        formulas = []
        plain = []
        for y, row in enumerate(rows):
            values = []
            for x, value in enumerate(row):
                if isinstance(value, dict):
                    formula = value["formula"]
                    if formula[0] == "{":
                        arrays.setdefault(formula, []).append((x, y))
                    else:
                        formulas.append((x, y, formula))
                    value = None
                # A text stays a text here, whatever it begins with.
                values.append("" if value is None else value)
            plain.append(tuple(values))
        cells.setDataArray(tuple(plain))
        for x, y, formula in formulas:
            cells.getCellByPosition(x, y).setFormula(formula)
        for formula, places in arrays.items():
            xs, ys = [x for x, _ in places], [y for _, y in places]
            spot = cells.getCellRangeByPosition(min(xs), min(ys), max(xs), max(ys))
            spot.setArrayFormula(formula[1:-1])

    def _format(self, write: dict[str, Any], column: int, code: str) -> None:
        formats = self.document.NumberFormats
        english = Locale("en", "US", "")
        key = formats.queryKey(code, english, False)
        if key == -1:
            key = formats.addNew(code, english)
        rows = len(write["values"])
        self.cells(write["sheet"], write["top"], write["left"] + column, rows, 1).NumberFormat = key

    def show(self, sheet: str) -> None:
        controller = self.document.getCurrentController()
        if sheet and controller is not None and self.document.Sheets.hasByName(sheet):
            controller.setActiveSheet(self.document.Sheets.getByName(sheet))
