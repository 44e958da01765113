"""An independent look at a workbook's package: does everything refer to something that is there?

Nothing of ours and nothing of openpyxl's is used: zipfile and ElementTree only.
"""

from __future__ import annotations

import posixpath
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from zipfile import ZipFile

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REL = "{http://schemas.openxmlformats.org/package/2006/relationships}"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
RID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_NAME = re.compile(r"[A-Za-z_\\][A-Za-z0-9_.\\]{0,254}")


def check(path: Path) -> list[str]:
    """Everything wrong with the package, in words; empty when it is consistent."""
    with ZipFile(path) as package:
        faults = [f"bad entry {bad}" for bad in [package.testzip()] if bad]
        parts = package.namelist()
        if len(parts) != len(set(parts)):
            faults.append("an entry is there twice")
        trees = {p: ET.fromstring(package.read(p)) for p in parts if p.endswith((".xml", ".rels", ".vml"))}
    faults += _content_types(trees, parts)
    links = _relations(trees, set(parts), faults)
    book = trees["xl/workbook.xml"]
    sheets = {}
    for sheet in book.iter(f"{MAIN}sheet"):
        target = links.get(("xl/workbook.xml", sheet.get(RID)))
        if target is None:
            faults.append(f"sheet {sheet.get('name')} has no part")
            continue
        sheets[sheet.get("name")] = target
        if not 1 <= len(sheet.get("name")) <= 31 or set(sheet.get("name")) & set("[]:*?/\\"):
            faults.append(f"sheet name {sheet.get('name')!r} is not allowed")
        if sheet.get("state", "visible") != "visible":
            faults.append(f"sheet {sheet.get('name')} is hidden")
    if len({s.casefold() for s in sheets}) != len(sheets):
        faults.append("two sheets have one name")
    names = _names(book, sheets, faults)
    styles = trees["xl/styles.xml"]
    looks = len(styles.find(f"{MAIN}cellXfs"))
    differences = len(styles.find(f"{MAIN}dxfs")) if styles.find(f"{MAIN}dxfs") is not None else 0
    tables: dict[str, str] = {}
    ids: set[str] = set()
    for title, part in sheets.items():
        root = trees[part]
        cells = _cells(root, title, looks, faults)
        for rule in root.iter(f"{MAIN}cfRule"):
            if rule.get("dxfId") and int(rule.get("dxfId")) >= differences:
                faults.append(f"{title}: a conditional format has no look")
        for rule in root.iter(f"{MAIN}dataValidation"):
            formula = rule.findtext(f"{MAIN}formula1") or ""
            if len(formula) > 257 or len(rule.get("prompt", "")) > 255 or len(rule.get("promptTitle", "")) > 32:
                faults.append(f"{title}: a validation is too long ({rule.get('sqref')})")
        _overlaps([_box(m.get("ref")) for m in root.iter(f"{MAIN}mergeCell")], f"{title}: merged cells", faults)
        boxes = []
        for entry in root.iter(f"{MAIN}tablePart"):
            table = trees[links[part, entry.get(RID)]]
            boxes.append(_table(table, title, cells, tables, ids, names, faults))
        _overlaps(boxes, f"{title}: tables", faults)
    for part, root in trees.items():
        if part.startswith("xl/charts/chart"):
            _chart(part, root, sheets, faults)
    return faults


def _content_types(trees: dict[str, ET.Element], parts: list[str]) -> list[str]:
    root = trees["[Content_Types].xml"]
    overrides = [o.get("PartName") for o in root.iter(f"{TYPES}Override")]
    defaults = {d.get("Extension") for d in root.iter(f"{TYPES}Default")}
    faults = [f"content type of {o}, which isn't there" for o in overrides if o.lstrip("/") not in parts]
    if len(overrides) != len(set(overrides)):
        faults.append("two content types for one part")
    for part in parts:
        if part != "[Content_Types].xml" and f"/{part}" not in overrides and part.rsplit(".", 1)[-1] not in defaults:
            faults.append(f"{part} has no content type")
    return faults


def _relations(trees: dict[str, ET.Element], parts: set[str], faults: list[str]) -> dict[tuple[str, str], str]:
    links: dict[tuple[str, str], str] = {}
    used: set[str] = {"[Content_Types].xml"}
    for name, root in trees.items():
        if not name.endswith(".rels"):
            continue
        used.add(name)
        folder, file = posixpath.split(name)
        owner = posixpath.normpath(posixpath.join(folder, "..", file.removesuffix(".rels")))
        for relation in root.iter(f"{REL}Relationship"):
            if relation.get("TargetMode") == "External":
                links[owner, relation.get("Id")] = ""
                continue
            target = relation.get("Target")
            base = "" if target.startswith("/") else posixpath.dirname(owner)
            where = posixpath.normpath(posixpath.join(base, target.lstrip("/")))
            if where not in parts:
                faults.append(f"{name} points at {where}, which isn't there")
            if (owner, relation.get("Id")) in links:
                faults.append(f"{name} has {relation.get('Id')} twice")
            links[owner, relation.get("Id")] = where
            used.add(where)
        if owner not in parts and owner != ".":
            faults.append(f"{name} belongs to nothing")
    faults += [f"nothing points at {part}" for part in sorted(parts - used)]
    for part, root in trees.items():
        for element in root.iter():
            wanted = element.get(RID)
            if wanted is not None and (part, wanted) not in links:
                faults.append(f"{part} uses {wanted}, which has no relationship")
    return links


def _names(book: ET.Element, sheets: dict[str, str], faults: list[str]) -> set[str]:
    found = set()
    for entry in book.iter(f"{MAIN}definedName"):
        name = entry.get("name")
        key = (name.casefold(), entry.get("localSheetId"))
        if key in found:
            faults.append(f"the name {name} is there twice")
        found.add(key)
        if not name.startswith("_xlnm.") and (
            not _NAME.fullmatch(name) or re.fullmatch(r"[A-Za-z]{1,3}\d+|[Rr]\d*[Cc]\d*", name)
        ):
            faults.append(f"{name} is no name")
        _sheet_of(entry.text or "", sheets, f"the name {name}", faults)
    return {name for name, _ in found}


def _sheet_of(reference: str, sheets: dict[str, str], what: str, faults: list[str]) -> None:
    if "#REF!" in reference:
        faults.append(f"{what} refers to #REF!")
    for quoted, plain in re.findall(r"(?:'((?:[^']|'')+)'|([\w.]+))!", reference):
        title = quoted.replace("''", "'") or plain
        if title not in sheets:
            faults.append(f"{what} refers to the sheet {title}, which isn't there")


def _cells(root: ET.Element, title: str, looks: int, faults: list[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    last_row = 0
    for row in root.iter(f"{MAIN}row"):
        number = int(row.get("r"))
        if number <= last_row:
            faults.append(f"{title}: row {number} out of order")
        last_row, last_column = number, 0
        for cell in row:
            letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r")).groups()
            column = _column(letters)
            if int(digits) != number or column <= last_column:
                faults.append(f"{title}: cell {cell.get('r')} out of order")
            last_column = column
            if int(cell.get("s", "0")) >= looks:
                faults.append(f"{title}: {cell.get('r')} has no look")
            inline = cell.find(f"{MAIN}is")
            if inline is not None:
                texts[cell.get("r")] = "".join(t.text or "" for t in inline.iter(f"{MAIN}t"))
            if cell.get("t") == "n" and cell.findtext(f"{MAIN}v") in ("nan", "inf"):
                faults.append(f"{title}: {cell.get('r')} is no number")
    return texts


def _table(table: ET.Element, title: str, cells: dict[str, str], tables: dict[str, str], ids: set[str],
           names: set[str], faults: list[str]) -> tuple[int, int, int, int]:  # fmt: skip
    name = table.get("displayName")
    if name.casefold() in tables or name.casefold() in names:
        faults.append(f"{name} names two things")
    if table.get("id") in ids:
        faults.append(f"table {name} has another's id")
    ids.add(table.get("id"))
    tables[name.casefold()] = title
    if not _NAME.fullmatch(name):
        faults.append(f"{name} is no name of a table")
    left, top, right, bottom = box = _box(table.get("ref"))
    headers = [c.get("name") for c in table.iter(f"{MAIN}tableColumn")]
    if len(headers) != right - left + 1:
        faults.append(f"table {name} has {len(headers)} columns over {right - left + 1}")
    if bottom <= top:
        faults.append(f"table {name} has no data row")
    if len({h.casefold() for h in headers}) != len(headers):
        faults.append(f"table {name} has a header twice")
    for i, header in enumerate(headers):
        if cells.get(f"{_letters(left + i)}{top}") != header:
            faults.append(f"table {name}: header {header!r} isn't what the cell says")
    return box


def _chart(part: str, root: ET.Element, sheets: dict[str, str], faults: list[str]) -> None:
    for formula in root.iter(f"{CHART}f"):
        _sheet_of(formula.text or "", sheets, part, faults)
    orders = [e.get("val") for e in root.iter(f"{CHART}order")]
    if len(orders) != len(set(orders)):
        faults.append(f"{part}: two series of one order")
    axes = {e.get("val") for e in root.iter(f"{CHART}axId")}
    crossed = {e.get("val") for e in root.iter(f"{CHART}crossAx")}
    if not crossed <= axes:
        faults.append(f"{part}: an axis crosses one that isn't there")


def _overlaps(boxes: list[tuple[int, int, int, int]], what: str, faults: list[str]) -> None:
    for i, (l1, t1, r1, b1) in enumerate(boxes):
        for l2, t2, r2, b2 in boxes[:i]:
            if l1 <= r2 and l2 <= r1 and t1 <= b2 and t2 <= b1:
                faults.append(f"{what} overlap")


def _box(ref: str) -> tuple[int, int, int, int]:
    first, _, last = ref.partition(":")
    (c1, r1), (c2, r2) = (re.fullmatch(r"([A-Z]+)(\d+)", x).groups() for x in (first, last or first))
    return _column(c1), int(r1), _column(c2), int(r2)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letters(column: int) -> str:
    out = ""
    while column:
        column, rest = divmod(column - 1, 26)
        out = chr(65 + rest) + out
    return out
