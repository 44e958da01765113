"""What names stand for in a workbook's formulas: defined names, tables and their columns."""

from __future__ import annotations

import re
from typing import Any

from credit_udfs.hosts.formulas import Formula, Ref, Slot, Unsupported, parse

_COLUMN = re.compile(r"\[((?:[^\[\]']|'.)*)\]")


class Names:
    """The names of an openpyxl workbook."""

    def __init__(self, book: Any) -> None:
        self._book = book

    def meaning(self, name: str, sheet: str, row: int) -> Formula:
        """What `name` stands for in a formula in that row of a sheet. Raises Unsupported where there is none."""
        scope, _, bare = name.rpartition("!") if "[" not in name else ("", "", name)
        own = scope.strip("'").replace("''", "'") or sheet
        local = self._book[own].defined_names if own in self._book.sheetnames else {}
        for space in (local, self._book.defined_names):
            for known, defined in space.items():
                if known.upper() == bare.upper():
                    return parse(f"={defined.attr_text}")
        wanted, bracket, inside = bare.partition("[")
        for home in self._book.worksheets:
            for table in home.tables.values():
                if table.displayName.casefold() == wanted.casefold():
                    cells = _cells(table, inside.removesuffix("]"), row if home.title == sheet else 0)
                    if cells is None:
                        raise Unsupported("batch.structured", name=name)
                    return Formula(Slot(0), (cells._replace(sheet=home.title),))
        raise Unsupported("batch.structured" if bracket else "batch.name", name=name)


def _cells(table: Any, inside: str, row: int) -> Ref | None:
    """``Table[column]``, ``Table[[first]:[last]]``, ``Table[[#This Row],[column]]`` and their kin, as saved.

    row: the formula's, 0 on another sheet. None for what isn't understood, or isn't there.
    """
    box = parse(f"={table.ref}").refs[0]
    headers = [column.name.casefold() for column in table.tableColumns]
    parts = _COLUMN.findall(inside) or ([inside] if inside else [])
    special = {part.casefold() for part in parts if part.startswith("#")}
    columns = [re.sub("'(.)", r"\1", part).casefold() for part in parts if not part.startswith("#")]
    if len(columns) > 2 or not set(columns) <= set(headers):
        return None
    left, right = box.left, box.right
    if columns:
        left, right = (box.left + headers.index(column) for column in (columns[0], columns[-1]))
    top, bottom = box.top + (table.headerRowCount or 0), box.bottom - (table.totalsRowCount or 0)
    if special == {"#this row"} and top <= row <= bottom:
        top = bottom = row
    elif special == {"#all"}:
        top, bottom = box.top, box.bottom
    elif special == {"#headers"}:
        top = bottom = box.top
    elif special - {"#data"}:
        return None
    return Ref("", left, top, right, bottom)
