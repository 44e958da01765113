"""Drawing on a worksheet: cells with a look, tables, names, notes, print set-up.

Text is always written as text. A text that begins like a formula keeps the apostrophe mark, so that it stays text
when somebody edits the cell.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.formatting.rule import ColorScaleRule, DataBarRule, FormulaRule, Rule
from openpyxl.styles import PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from credit_udfs.locale import Lang
from credit_udfs.workbook import paper
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.package import Bulk, Computed
from credit_udfs.workbook.style import (
    CELL,
    FINDING,
    HEAD,
    NOTE,
    SECTION,
    TITLE,
    WHITE,
    Look,
    lines,
    parts,
    width,
)

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_MAX_TEXT: Final = 32_767
_LINE_HEIGHT: Final = 15.0


@dataclass
class Book:
    """A workbook being drawn, its language, and the values of its formulas."""

    workbook: Workbook
    lang: Lang
    values: dict[tuple[str, str], Computed] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    """Ranges that other pages refer to: ``firms.score`` -> ``'Firms'!$F$6:$F$128``."""
    bulk: Bulk = field(default_factory=dict)
    _styles: dict[Look, Any] = field(default_factory=dict)
    # The same by identity: a look's hash costs more than the rest of writing a cell. The look is kept alive.
    _quick: dict[int, tuple[Look, Any]] = field(default_factory=dict)

    def style(self, look: Look, scratch: Any) -> Any:
        """The style array of a look; made once per workbook."""
        found = self._styles.get(look)
        if found is None:
            made = parts(look, self.lang)
            scratch.font, scratch.border, scratch.alignment = made.font, made.border, made.alignment
            scratch.number_format, scratch.protection = look.number, made.protection
            scratch.fill = made.fill or PatternFill()
            scratch.quotePrefix = 1 if look.quote else 0
            found = self._styles[look] = scratch._style
        return found

    def publish(self, page: str, keys: Sequence[str], block: Block) -> None:
        """Let other pages refer to the columns of `block`."""
        self.refs.update({f"{page}.{key}": block.ref(i) for i, key in enumerate(keys)})

    def name(self, name: str, sheet: str, ref: str) -> None:
        """A workbook-wide name for an absolute range such as ``$A$1:$A$9`` of `sheet`."""
        self.workbook.defined_names[name] = DefinedName(name, attr_text=f"{quote_sheetname(sheet)}!{ref}")


@dataclass(frozen=True)
class Column:
    """One column of a table: its header, the look of its cells, its width in characters (None: fitted)."""

    header: str
    look: Look = CELL
    width: float | None = None


@dataclass(frozen=True)
class Block:
    """Where a table came to stand: header row, first and last data row, first column."""

    sheet: str
    header: int
    first: int
    last: int
    left: int
    columns: int

    def ref(self, column: int, *, sheet: bool = True) -> str:
        """The data of a column (0-based) as an absolute range."""
        letter = get_column_letter(self.left + column)
        at = f"${letter}${self.first}:${letter}${self.last}"
        return f"{quote_sheetname(self.sheet)}!{at}" if sheet else at

    def area(self) -> str:
        return (
            f"{get_column_letter(self.left)}{self.header}:{get_column_letter(self.left + self.columns - 1)}{self.last}"
        )


def clean(text: str) -> str:
    """A text that a cell may hold: no control characters, not too long."""
    return str(ILLEGAL_CHARACTERS_RE.sub("", text))[:_MAX_TEXT]


class Canvas:
    """One worksheet being drawn. Rows and columns count from 1."""

    def __init__(self, book: Book, sheet: Worksheet) -> None:
        self.book, self.sheet, self.lang = book, sheet, book.lang

        sheet.sheet_view.showGridLines = False
        sheet.sheet_view.zoomScale = 100

    # --- cells ---------------------------------------------------------------------------------------------

    def put(self, row: int, column: int, value: Any, look: Look = CELL) -> None:
        """Write a value. None and NaN leave the cell blank; text is text, whatever it begins with."""
        cell = self.sheet.cell(row, column)
        value = _plain(value)
        if isinstance(value, str):
            value = clean(value)
            if value.startswith(_DANGEROUS):
                look = look.on(quote=True)
            cell._value, cell.data_type = value, "s"
        elif isinstance(value, bool):
            cell._value, cell.data_type = value, "b"
        elif isinstance(value, dt.date | dt.datetime):
            cell._value, cell.data_type = value, "d"
        elif value is not None:
            cell._value, cell.data_type = value, "n"
        self._dress(cell, look)

    def formula(
        self, row: int, column: int, text: str, look: Look = CELL, *, value: Any = None, spill: str | None = None
    ) -> None:
        """Write a formula and the value it has now. `spill`: the range that its array fills now."""
        cell = self.sheet.cell(row, column)
        cell._value = ArrayFormula(spill, text) if spill else text
        cell.data_type = "f"
        self._dress(cell, look)
        self.book.values[self.sheet.title, cell.coordinate] = Computed(_plain(value), spill is not None)

    def _dress(self, cell: Any, look: Look) -> None:
        quick = self.book._quick.get(id(look))
        if quick is None:
            cell._style = None
            quick = self.book._quick[id(look)] = (look, self.book.style(look, cell))
        cell._style = quick[1]

    def merge(self, row: int, column: int, last_row: int, last_column: int, value: Any, look: Look) -> None:
        """One value over several cells, all of which get the look."""
        for r in range(row, last_row + 1):
            for c in range(column, last_column + 1):
                self.put(r, c, None, look)
        self.put(row, column, value, look)
        if (row, column) != (last_row, last_column):
            self.sheet.merge_cells(start_row=row, start_column=column, end_row=last_row, end_column=last_column)

    def link(self, row: int, column: int, label: str, sheet: str, look: Look) -> None:
        self.put(row, column, label, look)
        cell = self.sheet.cell(row, column)
        style = cell._style
        cell.hyperlink = f"#{quote_sheetname(sheet)}!A1"
        cell.hyperlink.location = f"{quote_sheetname(sheet)}!A1"
        cell.hyperlink.target = None
        cell.hyperlink.id = None
        cell._style = style

    # --- pieces of a page ----------------------------------------------------------------------------------

    def heading(self, title: str, finding: str, span: int, *, note: str = "") -> int:
        """Title, then the finding in words, over `span` columns; the next free row. Widths must be set before."""
        self.put(1, 1, title, TITLE)
        self.height(1, 30)
        self.prose(2, 1, span, finding, FINDING)
        row = 3
        if note:
            self.prose(row, 1, span, note, NOTE)
            row += 1
        self.height(row, 8)
        return row + 1

    def section(self, row: int, column: int, last_column: int, title: str) -> int:
        for c in range(column, last_column + 1):
            self.put(row, c, None, SECTION)
        self.put(row, column, title, SECTION)
        self.height(row, 22)
        return row + 1

    def prose(self, row: int, column: int, last_column: int, text: str, look: Look = NOTE) -> None:
        """Wrapped text over several columns, with a row high enough to show it all."""
        self.merge(row, column, row, last_column, text, look)
        room = sum(self.column_width(c) for c in range(column, last_column + 1))
        # Western letters are narrower than the digit that widths are counted in.
        count = lines(text, room * (10.5 if self.lang == "zh" else 12.5) / max(look.size, 9))
        self.height(row, max(self._height(row), count * (look.size * 1.5 + 0.5) + 3))

    def table(
        self,
        row: int,
        column: int,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Any]],
        name: str | None = None,
        *,
        fit: bool = True,
        filters: bool = True,
        break_units: bool | None = None,
    ) -> Block:
        """A table with a header; an Excel table where it has a name. At least one (blank) data row."""
        for i, spec in enumerate(columns):
            # A unit stands on a line of its own where it must break; the header of an Excel table stays one text.
            narrow = width(spec.header) > (spec.width or self.column_width(column + i)) - 2
            split = narrow and (not name if break_units is None else break_units)
            header = spec.header.replace("（", "\n（").replace(" (", "\n(") if split else spec.header
            self.put(row, column + i, header, HEAD)
        at = row
        widest = [0.0] * len(columns)
        for at, values in enumerate(rows, row + 1):
            for i, value in enumerate(values):
                self.put(at, column + i, value, columns[i].look)
                if fit and isinstance(value, str) and columns[i].width is None:
                    widest[i] = max(widest[i], width(value))
        if at == row:
            at = row + 1
            for i, spec in enumerate(columns):
                self.put(at, column + i, None, spec.look)
        if fit:
            for i, spec in enumerate(columns):
                self._fit(column + i, spec, widest[i])
        heads = [(str(self.sheet.cell(row, column + i).value), column + i) for i in range(len(columns))]
        tall = max(lines(head, self.column_width(at_column) - 3) for head, at_column in heads)
        self.height(row, max(20.0, 14.0 * tall + 6))
        block = Block(self.sheet.title, row, row + 1, at, column, len(columns))
        if name:
            self._excel_table(block, columns, name, filters)
        return block

    def bulk(self, row: int, column: int, columns: Sequence[Column], rows: Sequence[Sequence[Any]], name: str) -> Block:
        """A large table of plain values: its rows go to the file without a cell object each, which costs a quarter.

        Like `table` without fitting. The last row has cells, so that the sheet's extent is right.
        """
        block = self.table(row, column, columns, rows[-1:], None, fit=False, break_units=False)
        if len(rows) > 1:
            last = [self.sheet.cell(row + 1, column + i) for i in range(len(columns))]
            looks = [cell._style for cell in last]
            for cell in last:
                del self.sheet._cells[cell.row, cell.column]
            kept = self.book.bulk.setdefault(self.sheet.title, {})
            for at, values in enumerate(rows[:-1], row + 1):
                kept[at] = (column, [clean(v) if isinstance(v, str) else _plain(v) for v in values], looks)
            for i, value in enumerate(rows[-1]):
                self.put(row + len(rows), column + i, value, columns[i].look)
            block = replace(block, last=row + len(rows))
        self._excel_table(block, columns, name, True)
        return block

    def _fit(self, column: int, spec: Column, widest: float) -> None:
        wanted = spec.width
        if wanted is None:
            # A header may take two lines, a cell's text one.
            wanted = min(48.0, max(widest + 2.0, min(width(spec.header), max(9.0, width(spec.header) / 2)) + 4))
        self.widths({column: max(wanted, self.column_width(column, default=0.0))})

    def _excel_table(self, block: Block, columns: Sequence[Column], name: str, filters: bool) -> None:
        headers = [c.header for c in columns]
        assert len({h.lower() for h in headers}) == len(headers), f"table {name} has a header twice"
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,254}", name), f"{name} is no name of a table"
        table = Table(displayName=name, name=name, ref=block.area())
        table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
        table._initialise_columns()
        for spec, header in zip(table.tableColumns, headers, strict=True):
            spec.name = clean(header)
        if not filters:
            table.autoFilter = None
        self.sheet.add_table(table)

    # --- the sheet -----------------------------------------------------------------------------------------

    def widths(self, widths: Mapping[int, float]) -> None:
        for column, characters in widths.items():
            self.sheet.column_dimensions[get_column_letter(column)].width = round(characters, 2)

    def column_width(self, column: int, default: float = 8.43) -> float:
        letter = get_column_letter(column)
        known = self.sheet.column_dimensions
        return float(known[letter].width) if letter in known else default

    def height(self, row: int, points: float) -> None:
        self.sheet.row_dimensions[row].height = round(points, 1)

    def _height(self, row: int) -> float:
        return float(self.sheet.row_dimensions[row].height or _LINE_HEIGHT)

    def tall(self, last: int) -> float:
        """The rows down to `last` together, in points."""
        return sum(self._height(row) for row in range(1, last + 1))

    def freeze(self, row: int, column: int = 1) -> None:
        """Keep what is above `row` and left of `column` in sight."""
        self.sheet.freeze_panes = address(row, column)

    def colour_scale(self, ref: str, *, dark: str, low: float | None = None, high: float | None = None) -> None:
        """From white to `dark`: one hue, so that it reads in grey."""
        kind = "min" if low is None else "num"
        kind_high = "max" if high is None else "num"
        rule = ColorScaleRule(
            start_type=kind, start_value=low, start_color="FF" + WHITE,
            end_type=kind_high, end_value=high, end_color="FF" + dark,
        )  # fmt: skip
        self.sheet.conditional_formatting.add(ref, rule)

    def data_bar(self, ref: str, colour: str, *, high: float | None = None) -> None:
        # From no length at all: else nothing lent, or no risk, has a bar of a tenth of the cell.
        rule = DataBarRule(
            start_type="num", start_value=0, end_type="max" if high is None else "num", end_value=high,
            color="FF" + colour, showValue=True, minLength=0, maxLength=100,
        )  # fmt: skip
        self.sheet.conditional_formatting.add(ref, rule)

    def shade_if(self, ref: str, formula: str, fill: str, *, bold: bool = False) -> None:
        from openpyxl.styles import Font

        font = Font(bold=True) if bold else None
        rule = FormulaRule(formula=[formula], fill=PatternFill(bgColor="FF" + fill, fill_type="solid"), font=font)
        self.sheet.conditional_formatting.add(ref, rule)

    def plain_zero(self, ref: str) -> None:
        """No sign before numbers that are shown as 0.0: a format with signs would write -0.0."""
        first = ref.split(":")[0]
        look = DifferentialStyle(numFmt=NumberFormat(numFmtId=200, formatCode="0.0;0.0"))
        rule = Rule(type="expression", dxf=look, formula=[f"AND(ISNUMBER({first}),ABS(N({first}))<0.05)"])
        self.sheet.conditional_formatting.add(ref, rule)

    def validate(self, ref: str, rule: DataValidation) -> None:
        self.sheet.add_data_validation(rule)
        rule.add(ref)

    def page(self, footer: str, **options: Any) -> None:
        """Print set-up, see `paper.set_up`."""
        paper.set_up(self.sheet, footer, self._height, **options)


def _plain(value: Any) -> Any:
    """A value as a cell takes it; None for what is missing or not finite."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
