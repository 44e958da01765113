"""A workbook file as the settings are read from it: its names, its tables, the cells they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from credit_udfs.commands import Area, Chosen
from credit_udfs.errors import BadFile
from credit_udfs.locale import Lang
from credit_udfs.workbook.addresses import column_number
from credit_udfs.workbook.guard import Package, check_workbook
from credit_udfs.workbook.peek import ROWS, Peek
from credit_udfs.workbook.settings import SETTINGS
from credit_udfs.workbook.tables_in import damage_refused

_ALL = 1 << 20  # rows of a sheet
_CELLS = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!\$?([A-Z]{1,3})\$?([0-9]+)(?::\$?([A-Z]{1,3})\$?([0-9]+))?")


class SettingsFile:
    """`commands.CellReader` on a file, of which only the sheets asked for are read. Raises BadFile for a broken one."""

    def __init__(self, path: Path) -> None:
        check_workbook(path)
        self.name = path.name
        self._peek = Peek(Package(path))
        self._held: dict[tuple[str, int], dict[tuple[int, int], str]] = {}

    def sheets(self) -> Sequence[str]:
        return list(self._peek.parts)

    def used(self, sheet: str) -> Area | None:
        held = self._cells(sheet, _ALL)
        if not held:
            return None
        return Area(sheet, 1, 1, max(row for row, _ in held), 1 + max(column for _, column in held))

    def named(self, name: str) -> Area | None:
        if name in self._tables:
            sheet, cells = self._tables[name]
            return _area(f"'{sheet.replace(chr(39), chr(39) * 2)}'!{cells}")
        return _area(self._peek.defined_names.get(name, ""))

    def values(self, area: Area) -> Sequence[Sequence[object]]:
        last = area.top + area.height - 1
        held = self._cells(area.sheet, ROWS if last <= ROWS else _ALL)
        columns = range(area.left - 1, area.left - 1 + area.width)
        return [[held.get((row, column)) for column in columns] for row in range(area.top, last + 1)]

    def _cells(self, sheet: str, rows: int) -> dict[tuple[int, int], str]:
        if (sheet, rows) not in self._held:
            self._held[sheet, rows] = self._peek.cells(sheet, rows)
        return self._held[sheet, rows]

    @cached_property
    def _tables(self) -> dict[str, tuple[str, str]]:
        return self._peek.tables()


def _area(reference: str) -> Area | None:
    found = _CELLS.fullmatch(reference)
    if found is None:
        return None
    quoted, plain, left, top, right, bottom = found.groups()
    first, last, row = column_number(left), column_number(right or left), int(top)
    sheet = (quoted or plain).replace("''", "'")
    return Area(sheet, row, first, int(bottom or top) - row + 1, last - first + 1)


def chosen_in(path: Path, lang: Lang) -> Chosen | None:
    """The settings of a workbook file; None where it has none. Raises BadFile for a file that is no workbook."""
    with damage_refused(path):
        chosen = Chosen.of(SettingsFile(path), lang)
    return chosen if chosen.places else None


def with_settings(files: Sequence[Path]) -> list[Path]:
    """Those of `files` (not those inside folders) whose cells are named as the template's settings are."""
    return [file for file in files if _has_settings(file)]


def _has_settings(path: Path) -> bool:
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        return False
    try:
        package = Package(path)
        parts = [part for part in package.infos if part.endswith("/workbook.xml")]
        return any(SETTINGS["budget"].cell.encode() in b"".join(package.chunks(part)) for part in parts)
    except (BadFile, OSError):
        return False  # whoever reads its tables says what is wrong with it
