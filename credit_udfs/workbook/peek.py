"""The first rows of a workbook's sheets, read straight from the XML.

The fast reader parses a whole sheet each time it's asked, and says neither in which row its range begins nor which
calendar the workbook counts its days in. A look at the first rows settles where the header stands before that.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError, XMLPullParser

from credit_udfs.workbook.guard import Package, refuse

ROWS = 40
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]+)$")


@dataclass(frozen=True)
class Head:
    """The first rows of one sheet: row number (from 1) -> column (from 0) -> text as stored.

    Only rows with a value are listed, so the first one is where the fast reader's range begins.
    """

    name: str
    rows: dict[int, dict[int, str]]


class Peek:
    """Sheets of a checked workbook, in their order, and its calendar (`date1904`)."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self.date1904 = False
        self.parts: dict[str, str] = {}
        root = self._target("_rels/.rels", lambda kind: kind.endswith("/officeDocument"))
        workbook = next(iter(root.values()), "xl/workbook.xml")
        if workbook not in package.infos:
            raise refuse(package.path, "not_a_workbook")
        folder = posixpath.dirname(workbook)
        relations = posixpath.join(folder, "_rels", posixpath.basename(workbook) + ".rels")
        targets = self._target(relations, lambda kind: kind.endswith("/worksheet"), folder)
        for tag, attributes, _text in self._elements(workbook):
            if tag == "workbookPr":
                self.date1904 = attributes.get("date1904", "0").lower() in ("1", "true", "on")
            elif tag == "sheet":
                identity = next((v for k, v in attributes.items() if k.rpartition("}")[2] == "id"), "")
                part = targets.get(identity, "")
                if part in package.infos:
                    self.parts[attributes.get("name", "")] = part
        self._strings = posixpath.join(folder, "sharedStrings.xml")
        strings = self._target(relations, lambda kind: kind.endswith("/sharedStrings"), folder)
        if strings:
            self._strings = next(iter(strings.values()))

    def size(self, sheet: str) -> int:
        """Inflated bytes of a sheet: a measure of the work in it."""
        return self._package.infos[self.parts[sheet]].file_size

    def head(self, sheet: str, rows: int = ROWS) -> Head:
        """The first `rows` rows of `sheet` that have a value."""
        cells, indices = self._cells(self.parts[sheet], rows)
        strings = self._shared(max(indices, default=-1)) if indices else []
        found: dict[int, dict[int, str]] = {}
        for (row, column), (value, shared) in cells.items():
            text = strings[int(value)] if shared and int(value) < len(strings) else value
            found.setdefault(row, {})[column] = text
        return Head(sheet, found)

    def _elements(self, part: str) -> list[tuple[str, dict[str, str], str]]:
        return [] if part not in self._package.infos else list(_walk(self._package, part, lambda _e: False))

    def _target(self, part: str, wanted: Callable[[str], bool], folder: str = "") -> dict[str, str]:
        """Relationship id -> part name, for the kinds wanted."""
        return {
            attributes.get("Id", ""): posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
            if not (target := attributes.get("Target", "")).startswith("/")
            else target.lstrip("/")
            for tag, attributes, _text in self._elements(part)
            if tag == "Relationship" and wanted(attributes.get("Type", ""))
        }

    def _cells(self, part: str, rows: int) -> tuple[dict[tuple[int, int], tuple[str, bool]], list[int]]:
        cells: dict[tuple[int, int], tuple[str, bool]] = {}
        indices: list[int] = []
        row, column, seen = 0, -1, 0
        kind, value, filled, row_filled = "", "", False, False
        parser = XMLPullParser(("start", "end"))
        for chunk in self._package.chunks(part):
            for at in range(0, len(chunk), 8192):
                _feed(self._package, parser, chunk[at : at + 8192])
                for event, element in parser.read_events():
                    tag = element.tag.rpartition("}")[2]
                    if event == "start" and tag == "row":
                        row, column, row_filled = int(element.get("r", row + 1)), -1, False
                    elif event == "start" and tag == "c":
                        reference = _REFERENCE.match(element.get("r", ""))
                        column = _column(reference[1]) if reference else column + 1
                        row = int(reference[2]) if reference else row
                        kind, value, filled = element.get("t", "n"), "", False
                    elif event == "end" and tag in ("v", "t"):
                        value += element.text or ""
                        filled = filled or kind in ("s", "inlineStr") or bool(value)
                    elif event == "end" and tag == "c":
                        shared = kind == "s" and value.strip().isdigit()
                        if filled:
                            cells[row, column] = (value.strip() if shared else value, shared)
                            row_filled = True
                            if shared:
                                indices.append(int(value))
                        element.clear()
                    elif event == "end" and tag == "row":
                        element.clear()
                        seen += row_filled
                        if seen >= rows:
                            return cells, indices
        return cells, indices

    def _shared(self, last: int) -> list[str]:
        """The shared strings up to number `last`."""
        strings: list[str] = []
        if self._strings not in self._package.infos:
            return strings
        parser = XMLPullParser(("start", "end"))
        text, phonetic, root = "", 0, None
        for chunk in self._package.chunks(self._strings):
            for at in range(0, len(chunk), 65_536):
                _feed(self._package, parser, chunk[at : at + 65_536])
                for event, element in parser.read_events():
                    tag = element.tag.rpartition("}")[2]
                    if event == "start":
                        root = element if root is None else root
                        phonetic += tag == "rPh"
                        text = "" if tag == "si" else text
                    elif tag == "rPh":
                        phonetic -= 1
                    elif tag == "t" and not phonetic:
                        text += element.text or ""
                    elif tag == "si":
                        strings.append(text)
                        if root is not None:
                            root.clear()
                        if len(strings) > last:
                            return strings
        return strings


def _walk(package: Package, part: str, stop: Callable[[str], bool]) -> list[tuple[str, dict[str, str], str]]:
    parser = XMLPullParser(("end",))
    found: list[tuple[str, dict[str, str], str]] = []
    for chunk in package.chunks(part):
        _feed(package, parser, chunk)
        for _event, element in parser.read_events():
            tag = element.tag.rpartition("}")[2]
            found.append((tag, dict(element.attrib), element.text or ""))
            if stop(tag):
                return found
    return found


def _feed(package: Package, parser: XMLPullParser[object], data: bytes) -> None:
    try:
        parser.feed(data)
    except ParseError as error:
        raise refuse(package.path, "damaged") from error


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(column: int) -> str:
    """The letters of a column counted from 0: 0 -> "A", 27 -> "AB"."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
