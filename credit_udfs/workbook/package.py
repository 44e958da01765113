"""Writing the file itself: the same bytes for the same content, values beside formulas, spilled arrays.

openpyxl stamps a package with the time of day, leaves a formula's value out, and drops the mark of a dynamic
array. All three happen while the parts are written, so they are mended there, without a second pass.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl.cell.cell import Cell
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook import Workbook
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.constants import ARC_WORKBOOK

from credit_udfs.workbook.files import fixed_time, replacing

_METADATA = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<metadata xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray">'
    '<metadataTypes count="1"><metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" pasteAll="1"'
    ' pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" clearComments="1" assign="1"'
    ' coerce="1" cellMeta="1"/></metadataTypes>'
    '<futureMetadata name="XLDAPR" count="1"><bk><extLst><ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">'
    '<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk></futureMetadata>'
    '<cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
)
_METADATA_REL = (
    '<Relationship Id="rIdCuMetadata" Target="/xl/metadata.xml" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sheetMetadata"/></Relationships>'
)
_METADATA_TYPE = (
    '<Override PartName="/xl/metadata.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheetMetadata+xml"/></Types>'
)


@dataclass(frozen=True)
class Computed:
    """What a formula cell holds besides its formula: the value it has now, and whether it spills."""

    value: float | str | None
    spills: bool = False


Values = Mapping[tuple[str, str], Computed]
"""(sheet title, address) -> what is known of the formula there."""


Bulk = dict[str, dict[int, tuple[int, list[Any], list[Any]]]]
"""sheet title -> row -> (first column, plain values, style arrays): rows that have no cell objects. Their texts are
safe: quoting is for cells that people edit."""


def stamp(source_date_epoch: int | None) -> dt.datetime:
    """The time that goes into the file, UTC without zone: as given, or by the environment's SOURCE_DATE_EPOCH, or
    now."""
    if source_date_epoch is None:
        given = fixed_time() or dt.datetime.fromtimestamp(int(time.time()), dt.UTC)
    else:
        given = dt.datetime.fromtimestamp(source_date_epoch, dt.UTC)
    moment = given.replace(tzinfo=None)
    # A zip entry can't be older than 1980.
    return max(moment, dt.datetime(1980, 1, 1))


def save(
    workbook: Workbook,
    path: str | os.PathLike[str],
    *,
    at: dt.datetime,
    values: Values | None = None,
    ours: Collection[str] = (),
    bulk: Bulk | None = None,
    force: bool = False,
    recalculate: bool = False,
) -> Path:
    """Write `workbook` to `path`: whole or not at all, into a new file unless `force`.

    values: of formulas; ours: titles of the sheets drawn by `canvas`, written fast (they have no comments).
    recalculate: whoever opens the file computes everything.

    Raises BadInput when `path` exists and `force` is false, or when its folder does not exist.
    """
    target = Path(path)
    workbook.calculation.fullCalcOnLoad = recalculate
    if ours and not recalculate:
        # An older number would make Excel compute everything anew on opening; our values are there already, and
        # a colleague without the add-in keeps seeing them.
        workbook.calculation.calcId = 191029
    workbook.properties.modified = at
    known = values or {}
    spills = any(value.spills for value in known.values())
    with replacing(target, force=force) as temporary, _Archive(temporary, at, spills, workbook) as archive:
        _Writer(workbook, archive, known, frozenset(ours), bulk or {}).write_data()
    return target


class _Archive(ZipFile):
    """A zip whose entries carry one given time and nothing of the machine."""

    def __init__(self, path: Path, at: dt.datetime, spills: bool, workbook: Workbook) -> None:
        super().__init__(path, "w", ZIP_DEFLATED, allowZip64=True)
        self._at = at
        self._spills = spills
        self._places = [workbook._sheets.index(sheet) for sheet in workbook.worksheets]

    def _entry(self, name: str) -> ZipInfo:
        entry = ZipInfo(name, self._at.timetuple()[:6])
        entry.compress_type = ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        return entry

    def writestr(self, name: Any, data: Any, *_: Any, **__: Any) -> None:  # type: ignore[override] # only what openpyxl calls
        if self._spills and name == "xl/_rels/workbook.xml.rels":
            data = _text(data).replace("</Relationships>", _METADATA_REL)
            super().writestr(self._entry("xl/metadata.xml"), _METADATA)
        if self._spills and name == "[Content_Types].xml":
            data = _text(data).replace("</Types>", _METADATA_TYPE)
        if name == ARC_WORKBOOK:
            # openpyxl counts the sheets of local names and print areas without chart sheets; a program counts all.
            data = re.sub(r'(?<=localSheetId=")\d+', lambda found: str(self._places[int(found[0])]), _text(data))
        super().writestr(self._entry(name), data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        with open(filename, "rb") as source, self.open(self._entry(arcname), "w", force_zip64=True) as entry:
            shutil.copyfileobj(source, entry, 1 << 20)


def _text(data: str | bytes) -> str:
    return data.decode("utf-8") if isinstance(data, bytes) else data


class _Writer(ExcelWriter):  # type: ignore[misc] # openpyxl has no types
    def __init__(self, workbook: Workbook, archive: ZipFile, values: Values, ours: frozenset[str], bulk: Bulk) -> None:
        super().__init__(workbook, archive)
        self._ours, self._bulk = ours, bulk
        self._values: dict[str, dict[str, Computed]] = {}
        for (sheet, address), value in values.items():
            self._values.setdefault(sheet, {})[address] = value

    def write_worksheet(self, ws: Any) -> None:
        if ws.title not in self._ours:
            super().write_worksheet(ws)
            return
        # The rest is openpyxl's own method, with our writer of rows.
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts = ws._charts
        ws._drawing.images = ws._images
        writer = _SheetWriter(ws, self._values.get(ws.title, {}), self._bulk.get(ws.title, {}))
        writer.write()
        ws._rels = writer._rels
        self._archive.write(writer.out, ws.path[1:])
        self.manifest.append(ws)
        writer.cleanup()


class _SheetWriter(WorksheetWriter):  # type: ignore[misc] # openpyxl has no types
    """Writes a sheet of ours: openpyxl's own head and tail, and rows as plain text, which is ten times faster."""

    def __init__(
        self, ws: Any, known: Mapping[str, Computed], bulk: Mapping[int, tuple[int, list[Any], list[Any]]]
    ) -> None:
        super().__init__(ws)
        self._known = known
        self._bulk = bulk
        self._styles: dict[int, str] = {}

    def write(self) -> None:
        self.write_top()
        xf = self.xf.send(True)
        with xf.element("sheetData"):
            pass
        self.xf.send(None)
        self.write_tail()
        self.close()
        whole = Path(self.out).read_text(encoding="utf-8")
        head, empty, tail = whole.partition("<sheetData />")
        if not empty:
            head, empty, tail = whole.partition("<sheetData></sheetData>")
        assert empty, "openpyxl writes an empty sheetData in a new way"
        with open(self.out, "w", encoding="utf-8", newline="") as out:
            out.write(f"{head}<sheetData>")
            rows = dict(self.rows())
            for number in sorted({*rows, *self._bulk}):
                plain = self._bulk.get(number)
                out.write(self._row(number, rows[number]) if plain is None else self._plain_row(number, *plain))
            out.write(f"</sheetData>{tail}")

    def _row(self, number: int, row: list[Cell]) -> str:
        attributes = "".join(f' {k}="{v}"' for k, v in dict(self.ws.row_dimensions.get(number, {})).items() if k != "r")
        cells = "".join(self._cell(cell) for cell in row)
        return f'<row r="{number}"{attributes}>{cells}</row>'

    def _plain_row(self, number: int, left: int, values: list[Any], styles: list[Any]) -> str:
        out = [f'<row r="{number}">']
        for column, (value, array) in enumerate(zip(values, styles, strict=True), left):
            style = self._styles.get(id(array))
            if style is None:
                style = self._styles[id(array)] = f' s="{self.ws.parent._cell_styles.add(array)}"'
            start = f'<c r="{get_column_letter(column)}{number}"{style}'
            if value is None or value == "":
                out.append(start + "/>")
            elif isinstance(value, str):
                out.append(f'{start} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>')
            else:
                out.append(f"{start}><v>{value!r}</v></c>")
        out.append("</row>")
        return "".join(out)

    def _cell(self, cell: Cell) -> str:
        array = cell._style
        style = self._styles.get(id(array)) if array is not None else ""
        if style is None:
            style = self._styles[id(array)] = f' s="{cell.style_id}"'
        value, kind = cell._value, cell.data_type
        if cell.hyperlink:
            self.ws._hyperlinks.append(cell.hyperlink)
        start = f'<c r="{cell.coordinate}"{style}'
        if value is None or value == "":
            return start + "/>" if style else ""
        if kind == "s":
            space = ' xml:space="preserve"' if value != value.strip() or "\n" in value else ""
            return f'{start} t="inlineStr"><is><t{space}>{escape(value)}</t></is></c>'
        if kind == "b":
            return f'{start} t="b"><v>{int(value)}</v></c>'
        if kind == "d":
            return f"{start}><v>{to_excel(value)!r}</v></c>"
        if kind == "f":
            return start + self._formula(cell)
        return f"{start}><v>{value!r}</v></c>"

    def _formula(self, cell: Cell) -> str:
        known = self._known.get(cell.coordinate, Computed(None))
        value = cell._value
        if isinstance(value, ArrayFormula):
            inner = f'<f t="array" ref="{value.ref}">{escape(value.text[1:])}</f>'
        else:
            inner = f"<f>{escape(value[1:])}</f>"
        kind = ' t="str"' if isinstance(known.value, str) else ""
        mark = ' cm="1"' if known.spills else ""
        if isinstance(known.value, str):
            inner += f"<v>{escape(known.value)}</v>"
        elif known.value is not None:
            inner += f"<v>{float(known.value)!r}</v>"
        return f"{kind}{mark}>{inner}</c>"


__all__ = ["Bulk", "Computed", "Values", "save", "stamp"]
