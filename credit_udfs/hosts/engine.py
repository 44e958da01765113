"""The calculation engine (formualizer), filled from an openpyxl workbook: its cells, values, dependents and errors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import formualizer as fz
from openpyxl.cell.rich_text import CellRichText
from openpyxl.utils.cell import coordinate_to_tuple, get_column_letter, range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904, to_excel

from credit_udfs.cells import ErrorValue
from credit_udfs.hosts.spelling import ROUND, quoted
from credit_udfs.workbook.files import fixed_time

Key: TypeAlias = tuple[str, int, int]  # sheet, row, column
Value: TypeAlias = Any  # float | str | bool | None | Err

_BLOCK = 1000  # rows that the engine takes at once
_ALL = 10_000_000  # dependents, and work to find them: no limit that a sheet could reach

CODES = {
    "Na": "#N/A", "Value": "#VALUE!", "Num": "#NUM!", "Div": "#DIV/0!", "Ref": "#REF!", "Name": "#NAME?",
    "Null": "#NULL!", "Spill": "#SPILL!", "Calc": "#CALC!", "GettingData": "#GETTING_DATA",
}  # fmt: skip
"""The engine's names of the errors; what else it calls an error is a cell that it could not calculate."""
_KINDS = {code: kind for kind, code in CODES.items()}


@dataclass(frozen=True)
class Err:
    """An error in a cell, and of our functions what it means."""

    code: str
    meaning: ErrorValue | None = field(default=None, compare=False)


def address(key: Key) -> str:
    return f"{get_column_letter(key[2])}{key[1]}"


def error(code: str) -> dict[str, str]:
    """An error as the engine takes it from a function."""
    return {"type": "Error", "kind": _KINDS.get(code.upper(), "Value")}


class Engine:
    """The sheets of an openpyxl workbook, to be filled, and functions that the engine calls back."""

    def __init__(self, book: Any, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._epoch = book.epoch
        options = fz.EvaluationConfig()
        options.enable_parallel = False  # sums in one order, whatever the machine
        options.date_system = "1904" if book.epoch == CALENDAR_MAC_1904 else "1900"
        self._book = fz.Workbook(config=fz.WorkbookConfig(mode=fz.WorkbookMode.Ephemeral, eval_config=options))
        self._book.set_temporal_egress("serial")
        self._book.set_deterministic_clock(*_clock())
        for sheet in (*book.sheetnames, ROUND):
            self._book.add_sheet(sheet)
        for name, function in functions.items():
            self._book.register_function(name, function, allow_override_builtin=True)
        self._round = 0

    def fill(
        self, sheet: str, cells: Mapping[tuple[int, int], Any], formulas: Mapping[tuple[int, int], str],
        unread: Callable[[Key], str],
    ) -> None:  # fmt: skip
        """Set a sheet's values, as openpyxl has them, and its formulas, as the engine spells them.

        unread: gives a formula in place of one that the engine can't read.
        """
        for top, left, rows in _blocks(cells):
            self._book.set_values_batch(
                sheet, top, left, [[v if type(v) is float else self._plain(v) for v in row] for row in rows]
            )
        for top, left, rows in _blocks(formulas):
            try:
                self._book.set_formulas_batch(sheet, top, left, rows)
                continue
            except RuntimeError:  # one of them can't be read
                pass
            for i, row in enumerate(rows):
                for j, spelled in enumerate(row):
                    key = (sheet, top + i, left + j)
                    try:
                        self._book.set_formula(*key, spelled)
                    except RuntimeError:
                        self._book.set_formula(*key, unread(key))

    def _plain(self, value: Any) -> Any:
        if isinstance(value, float) or value is None:
            return value
        if isinstance(value, Err):
            return fz.LiteralValue.error(_KINDS.get(value.code.upper(), "Value"), None)
        if isinstance(value, (bool, str)):
            return value
        if isinstance(value, CellRichText):
            return str(value)
        return float(value if isinstance(value, int) else to_excel(value, self._epoch))

    def calculate(self) -> None:
        """Calculate; every call of the functions is made anew."""
        self._round += 1
        self._book.set_value(ROUND, 1, 1, float(self._round))
        self._book.evaluate_all()

    def value(self, key: Key) -> Value:
        value = self._book.get_value(*key)
        if isinstance(value, dict):
            kind = str(value["kind"])
            return Err(CODES.get(kind, kind))
        return value

    def set_value(self, key: Key, value: Value) -> None:
        self._book.set_value(*key, self._plain(value))

    def wrap(self, key: Key, before: str) -> None:
        """Put a cell's formula in a bracket that opens with `before`."""
        self._book.set_formula(*key, f"={before}{str(self._book.get_formula(*key)).lstrip('=')})")

    def extent(self, key: Key) -> tuple[int, int]:
        """Rows and columns that a formula's result covers."""
        role = self._book.inspect_cell(_written(key), include_values=False).cell.spill
        if role is None or not role.extent:
            return 1, 1
        left, top, right, bottom = range_boundaries(role.extent.rpartition("!")[2])
        return bottom - top + 1, right - left + 1

    def dependents(self, key: Key) -> Iterator[Key]:
        """Formulas that refer to a cell."""
        for dependent in self._book.dependents(_written(key), max_results=_ALL, max_work=_ALL).dependents:
            yield _read(dependent.cell)

    def precedents(self, key: Key) -> Iterator[Key]:
        """The single cells that a formula refers to, and the cells of its ranges."""
        for precedent in self._book.precedents(_written(key), max_work=_ALL).precedents:
            found = precedent.reference
            if found.address:
                yield _read(found.address)
            elif found.resolved and found.cell_count and found.cell_count <= _BLOCK:
                sheet, _, cells = found.resolved.rpartition("!")
                left, top, right, bottom = range_boundaries(cells)
                for row in range(top, bottom + 1):
                    yield from ((_sheet(sheet), row, column) for column in range(left, right + 1))


def _written(key: Key) -> str:
    return f"{quoted(key[0])}!{address(key)}"


def _read(cell: str) -> Key:
    sheet, _, at = cell.rpartition("!")
    return (_sheet(sheet), *coordinate_to_tuple(at.replace("$", "")))


def _sheet(written: str) -> str:
    return written[1:-1].replace("''", "'") if written[:1] == "'" else written


def _clock() -> tuple[dt.datetime, int]:
    moment = fixed_time() or dt.datetime.now(dt.UTC)
    offset = moment.astimezone().utcoffset() or dt.timedelta()
    return moment, int(offset.total_seconds())


def _blocks(cells: Mapping[tuple[int, int], Any]) -> Iterator[tuple[int, int, list[list[Any]]]]:
    """Cells as full rectangles (top, left, rows): the engine takes them so many times faster than one by one."""
    rows: dict[int, list[int]] = {}
    for row, column in sorted(cells):
        rows.setdefault(row, []).append(column)
    growing: dict[tuple[int, int], tuple[int, list[list[Any]]]] = {}
    for row, columns in rows.items():
        for left, right in _runs(columns):
            values = [cells[row, column] for column in range(left, right + 1)]
            top, block = growing.get((left, right), (0, []))
            if block and top + len(block) == row and len(block) < _BLOCK:
                block.append(values)
                continue
            if block:
                yield top, left, block
            growing[left, right] = (row, [values])
    for (left, _), (top, block) in growing.items():
        yield top, left, block


def _runs(columns: Sequence[int]) -> Iterator[tuple[int, int]]:
    if columns[-1] - columns[0] + 1 == len(columns):
        yield columns[0], columns[-1]
        return
    start = last = columns[0]
    for column in columns[1:]:
        if column != last + 1:
            yield start, last
            start = column
        last = column
    yield start, last
