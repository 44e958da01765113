"""The first rows of a workbook's sheets, read straight from the XML.

The fast reader parses a whole sheet each time it's asked, and says neither in which row its range begins nor which
calendar the workbook counts its days in. A look at the first rows settles where the header stands before that.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from defusedxml.ElementTree import fromstring

from credit_udfs.workbook.addresses import column_number
from credit_udfs.workbook.guard import Package, refuse

ROWS = 40
# Beyond so many bytes no header is looked for, and no text of a cell goes on.
_HEAD_BYTES = 4 << 20
# A string may be written <si/>, or with a namespace prefix; phonetic guides are not part of its text.
_END_OF_STRING = re.compile(rb"</(?:[^\s<>:/]+:)?si\s*>|<(?:[^\s<>:/]+:)?si\s*/>")
_PHONETIC = re.compile(rb"<(?:[^\s<>:/]+:)?rPh\b.*?</(?:[^\s<>:/]+:)?rPh\s*>", re.DOTALL)
_PREFIX = re.compile(rb"(</?)[^\s<>:/\"']+:(?=\w)")
_INDEX = re.compile(r"[0-9]{1,9}$")
_OPENED = ("/worksheet", "/sharedStrings", "/styles", "/chartsheet", "/dialogsheet", "/xlMacrosheet", "/theme")
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
        self.defined_names: dict[str, str] = {}
        root = self._target("_rels/.rels", lambda kind: kind.endswith("/officeDocument"))
        workbook = next(iter(root.values()), "xl/workbook.xml")
        if workbook not in package.infos:
            raise refuse(package.path, "not_a_workbook")
        folder = posixpath.dirname(workbook)
        relations = posixpath.join(folder, "_rels", posixpath.basename(workbook) + ".rels")
        targets = self._target(relations, lambda kind: kind.endswith("/worksheet"), folder)
        opened = self._target(relations, lambda kind: kind.endswith(_OPENED), folder)
        if not all(part.lower().endswith(".xml") for part in (*root.values(), *opened.values())):
            # Only parts with this suffix have been looked over.
            raise refuse(package.path, "not_a_workbook")
        for tag, attributes, text in self._elements(workbook):
            if tag == "definedName" and "localSheetId" not in attributes:
                self.defined_names[attributes.get("name", "")] = text
            elif tag == "workbookPr":
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

    def tables(self) -> dict[str, tuple[str, str]]:
        """Name of a table -> its sheet and cells, header included."""
        found = {}
        for sheet, part in self.parts.items():
            folder, name = posixpath.split(part)
            relations = posixpath.join(folder, "_rels", f"{name}.rels")
            for target in self._target(relations, lambda kind: kind.endswith("/table"), folder).values():
                for tag, attributes, _text in self._elements(target):
                    if tag == "table":
                        found[attributes.get("displayName", "")] = sheet, attributes.get("ref", "")
        return found

    def cells(self, sheet: str, rows: int) -> dict[tuple[int, int], str]:
        """What the first `rows` rows with a value hold: (row from 1, column from 0) -> text as stored.

        Raises BadFile for a sheet so large that it would have to be cut off.
        """
        if rows > ROWS and self.size(sheet) > _HEAD_BYTES:
            raise refuse(self._package.path, "sheet_too_long", sheet=sheet)
        found = self._cells(self.parts[sheet], rows)
        strings = self._shared({int(value) for value, shared in found.values() if shared})
        return {at: strings.get(int(value), "") if shared else value for at, (value, shared) in found.items()}

    def heads(self, rows: int = ROWS) -> dict[str, Head]:
        """Of every sheet the first `rows` rows that have a value."""
        cells = {sheet: self._cells(part, rows) for sheet, part in self.parts.items()}
        strings = self._shared({int(v) for found in cells.values() for v, shared in found.values() if shared})
        heads = {}
        for sheet, found in cells.items():
            by_row: dict[int, dict[int, str]] = {}
            for (row, column), (value, shared) in found.items():
                by_row.setdefault(row, {})[column] = strings.get(int(value), "") if shared else value
            heads[sheet] = Head(sheet, by_row)
        return heads

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

    def _cells(self, part: str, rows: int) -> dict[tuple[int, int], tuple[str, bool]]:
        cells: dict[tuple[int, int], tuple[str, bool]] = {}
        row, column, seen = 0, -1, 0
        kind, value, filled, row_filled = "", "", False, False
        parser: XMLPullParser[Any] = XMLPullParser(("start", "end"))
        fed = 0
        for chunk in self._package.chunks(part):
            fed += len(chunk)
            if fed > _HEAD_BYTES:
                break
            for at in range(0, len(chunk), 8192):
                _feed(self._package, parser, chunk[at : at + 8192])
                for event, element in _events(parser):
                    tag = element.tag.rpartition("}")[2]
                    if event == "start" and tag == "row":
                        row, column, row_filled = int(element.get("r", row + 1)), -1, False
                    elif event == "start" and tag == "c":
                        reference = _REFERENCE.match(element.get("r", ""))
                        column = column_number(reference[1]) - 1 if reference else column + 1
                        row = int(reference[2]) if reference else row
                        kind, value, filled = element.get("t", "n"), "", False
                    elif event == "end" and tag in ("v", "t"):
                        value += element.text or ""
                        filled = filled or kind in ("s", "inlineStr") or bool(value)
                    elif event == "end" and tag == "c":
                        shared = kind == "s" and bool(_INDEX.match(value.strip()))
                        if filled:
                            cells[row, column] = (value.strip() if shared else value, shared)
                            row_filled = True
                        element.clear()
                    elif event == "end" and tag == "row":
                        element.clear()
                        seen += row_filled
                        if seen >= rows:
                            return cells
        return cells

    def _shared(self, wanted: set[int]) -> dict[int, str]:
        """The shared strings with these numbers. Only their own bytes are parsed: there may be millions."""
        found: dict[int, str] = {}
        if not wanted or self._strings not in self._package.infos:
            return found
        last, number, carry = max(wanted), 0, b""
        for chunk in self._package.chunks(self._strings):
            text = carry + chunk
            usual = b":si" not in text and b"<si/" not in text
            items = text.split(b"</si>") if usual else _END_OF_STRING.split(text)
            carry = items.pop()
            if len(carry) > _HEAD_BYTES:
                break
            for at in range(max(0, min(wanted) - number), len(items)):
                if number + at in wanted:
                    found[number + at] = self._string(items[at])
            number += len(items)
            if number > last:
                break
        return found

    def _string(self, item: bytes) -> str:
        start = max(item.rfind(b"<si"), item.rfind(b":si"))
        inner = item[item.find(b">", start) + 1 :]
        bare = _PREFIX.sub(rb"\1", _PHONETIC.sub(b"", inner))
        try:
            return "".join(text.text or "" for text in fromstring(b"<si>" + bare + b"</si>").iter("t"))
        except ParseError:
            return ""


def _walk(package: Package, part: str, stop: Callable[[str], bool]) -> list[tuple[str, dict[str, str], str]]:
    parser: XMLPullParser[Any] = XMLPullParser(("end",))
    found: list[tuple[str, dict[str, str], str]] = []
    for chunk in package.chunks(part):
        _feed(package, parser, chunk)
        for _event, element in _events(parser):
            tag = element.tag.rpartition("}")[2]
            found.append((tag, dict(element.attrib), element.text or ""))
            if stop(tag):
                return found
    return found


def _events(parser: XMLPullParser[Any]) -> Iterator[tuple[str, Element]]:
    yield from cast("Iterator[tuple[str, Element]]", parser.read_events())


def _feed(package: Package, parser: XMLPullParser[Any], data: bytes) -> None:
    try:
        parser.feed(data)
    except ParseError as error:
        raise refuse(package.path, "damaged") from error
