"""A calculated workbook's file: written with the values beside its formulas, and what got lost on the way."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.writer.excel import ExcelWriter

from credit_udfs.errors import BadInput
from credit_udfs.hosts.engine import Err, Key, Value, address
from credit_udfs.workbook.files import replacing


def put(cell: Any, value: Value) -> None:
    """Write a value; a text stays a text, whatever it looks like."""
    if isinstance(value, Err):
        cell.value = value.code
    elif isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
    else:
        cell.value = value


def _keep_bits(workbook: Any) -> None:
    """openpyxl writes numbers with 16 digits, and some need 17: those go as the text of the number."""
    for sheet in workbook.worksheets:
        for cell in sheet._cells.values():
            value = cell._value
            if type(value) is float and float(f"{value:.16g}") != value:
                cell._value = repr(value)  # the kind of the cell stays "number"


_FORMULA_CELL = re.compile(rb'<c r="([A-Z]+)(\d+)"([^>]*)>(<f\b[^>]*/>|<f\b.*?</f>)(?:<v\s*/>|<v></v>)</c>', re.DOTALL)


class _Archive(zipfile.ZipFile):
    """The file being saved; values are put beside the formulas of a sheet as it passes by.

    openpyxl writes formulas without values, so that a viewer or a reader of values would find nothing.
    """

    values: Mapping[str, Mapping[str, Value]]

    def write(self, filename: Any, arcname: Any = None, *args: Any, **kwargs: Any) -> None:
        known = self.values.get(f"/{arcname}")
        if known:
            self.writestr(arcname, _with_values(Path(filename).read_bytes(), known))
        else:
            super().write(filename, arcname, *args, **kwargs)


def _with_values(xml: bytes, known: Mapping[str, Value]) -> bytes:
    def change(found: re.Match[bytes]) -> bytes:
        cell = (found[1] + found[2]).decode()
        if cell not in known:
            return found[0]
        value = known[cell]
        kind, shown = b"", ""
        if isinstance(value, bool):
            kind, shown = b' t="b"', str(int(value))
        elif isinstance(value, Err):
            kind, shown = b' t="e"', value.code
        elif isinstance(value, str):
            kind = b' t="str"'
            shown = ILLEGAL_CHARACTERS_RE.sub("", value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        elif isinstance(value, (int, float)):
            shown = repr(value)
        inside = b'<c r="%s%s"%s%s>%s' % (found[1], found[2], found[3], kind, found[4])
        return inside + b"<v>" + shown.encode() + b"</v></c>"

    return _FORMULA_CELL.sub(change, xml)


def save(workbook: Any, target: Path, values: Mapping[Key, Value]) -> None:
    """Write beside the target and rename, so that a failure leaves nothing half-written under its name."""
    # As openpyxl numbers the sheets when saving.
    paths = {sheet.title: f"/xl/worksheets/sheet{i}.xml" for i, sheet in enumerate(workbook.worksheets, 1)}
    by_path: dict[str, dict[str, Value]] = {}
    for key, value in values.items():
        by_path.setdefault(paths[key[0]], {})[address(key)] = value
    _keep_bits(workbook)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary, _Archive(temporary, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        archive.values = by_path
        ExcelWriter(workbook, archive).save()


# --- what was lost ------------------------------------------------------------------------------------------

_KINDS = (
    ("charts", re.compile(r"xl/charts/chart\w*\.xml|xl/charts/chartEx")),
    ("drawings", re.compile(r"xl/drawings/.*#")),
    ("media", re.compile(r"xl/media/")),
    ("pivots", re.compile(r"xl/pivotTables/pivotTable\w*\.xml")),
    ("macros", re.compile(r"xl/vbaProject\.bin")),
    ("dynamic", re.compile(r"xl/metadata\.xml")),
    ("comments", re.compile(r"xl/threadedComments/\w*\.xml")),
    ("queries", re.compile(r"xl/(?:connections\.xml|queryTables/\w*\.xml)")),
    ("slicers", re.compile(r"xl/(?:slicers|timelines)/\w*\.xml")),
    ("controls", re.compile(r"xl/(?:ctrlProps|activeX)/\w*\.xml")),
    ("ribbon", re.compile(r"customUI/\w*\.xml")),
    ("printer", re.compile(r"xl/printerSettings/")),
)
# Rebuilt by whoever opens or writes the file, or parts of what is counted elsewhere: nobody misses them.
_REBUILT = re.compile(
    r".*\.rels|\[Content_Types\]\.xml|xl/calcChain\.xml|xl/sharedStrings\.xml|docProps/.*|xl/comments.*"
    r"|xl/charts/(?:style|colors)\w*\.xml|xl/persons/.*|xl/(?:slicer|timeline)Caches/.*|xl/activeX/.*\.bin"
    r"|xl/drawings/\w*\.(?:xml|vml)|xl/worksheets/sheet\w*\.xml|xl/theme/.*|xl/tables/.*|xl/pivotCache/.*|xl/externalLinks/.*|xl/styles\.xml"
)


_DRAWING = re.compile(r"xl/drawings/drawing\w*\.xml")
_SHAPE = re.compile(rb"<(?:\w+:)?(?:sp|cxnSp)[ >]")


def parts(path: Path) -> frozenset[str]:
    """The names of a file's parts, and one more for each shape in a drawing: openpyxl keeps charts and pictures."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            shapes = {name: len(_SHAPE.findall(archive.read(name))) for name in names if _DRAWING.fullmatch(name)}
            return frozenset(names).union(f"{name}#{i}" for name, count in shapes.items() for i in range(count))
    except (OSError, zipfile.BadZipFile) as cause:
        raise BadInput("batch.unreadable", file=path.name) from cause


def lost(before: frozenset[str], after: frozenset[str], *, arrays: bool) -> Iterator[tuple[str, Mapping[str, object]]]:
    """What the new file is without: keys of locale/batch.toml and their values. arrays: array formulas stay."""
    had, has = (Counter(_kind(name) for name in names) for names in (before, after))
    for kind, _ in _KINDS:
        if had[kind] > has[kind] and (arrays or kind != "dynamic"):
            yield f"batch.part_{kind}", {"count": had[kind] - has[kind]}
    for name in sorted(before - after):
        if _kind(name) is None and not _REBUILT.fullmatch(name) and not name.endswith("/"):
            yield "batch.part_other", {"name": name}


def _kind(name: str) -> str | None:
    return next((kind for kind, pattern in _KINDS if pattern.match(name)), None)
