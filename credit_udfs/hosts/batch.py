"""Our functions in a workbook file, calculated without any spreadsheet program (openpyxl)."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.writer.excel import ExcelWriter

from credit_udfs.errors import BadInput
from credit_udfs.hosts.calculation import Calculation, Failure, Key, address
from credit_udfs.hosts.evaluate import serial
from credit_udfs.hosts.formulas import Err, Value
from credit_udfs.locale import Lang, text
from credit_udfs.workbook.guard import check_workbook

SHOWN = 20  # of a long list in a report


@dataclass(frozen=True)
class CellProblem:
    """A cell of ours whose value is an error, and what it means."""

    sheet: str
    cell: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Report:
    """What `calc` did.

    cells: our cells that were calculated; calls: calls of our functions in them. failures: cells that could not
    be evaluated, their formulas unchanged: ours, those that depend on ours, and those that ours depend on. errors:
    cells whose value is an error. lost: what openpyxl could not keep, as (key of locale/batch.toml, values).
    uncalculated: other ordinary formulas without a stored value.
    """

    out: Path
    cells: int
    calls: int
    failures: tuple[Failure, ...]
    errors: tuple[CellProblem, ...]
    lost: tuple[tuple[str, Mapping[str, object]], ...]
    uncalculated: int

    def lines(self, lang: Lang) -> list[str]:
        """The report in words, for a terminal or a log."""
        lines = [text("batch.summary", lang, cells=self.cells, calls=self.calls, file=self.out.name)]
        if not self.cells and not self.failures:
            lines.append(text("batch.none_found", lang))
        failed = [f"- {f.sheet}!{f.cell}: {text(f.key, lang, **f.values)} ({f.formula})" for f in self.failures]
        errors = [f"- {e.sheet}!{e.cell}: {e.code} {e.zh if lang == 'zh' else e.en}".rstrip() for e in self.errors]
        lost = [f"- {text(key, lang, **values)}" for key, values in self.lost]
        for key, listed in (("batch.failed", failed), ("batch.errors", errors), ("batch.lost", lost)):
            if listed:
                lines.append(text(key, lang, count=len(listed)))
                lines += listed[:SHOWN]
                if len(listed) > SHOWN:
                    lines.append(text("batch.more", lang, count=len(listed) - SHOWN))
        if self.uncalculated:
            lines.append(text("batch.uncalculated", lang, count=self.uncalculated))
        return lines


def calc(book: str | Path, out: str | Path, keep_formulas: bool = False, *, force: bool = False) -> Report:
    """Calculate every formula of `book` that holds one of our functions, and write the workbook to `out`.

    Our formulas are replaced by their values; with `keep_formulas` they stay, each with its value in the same
    cell. Ordinary formulas stay, with their values: calculated anew where they depend on ours, as stored where
    not. A cell that can't be evaluated keeps its formula and is named in the report.
    force: an existing `out` may be replaced.
    Raises BadInput for a file that is missing, or `out` being `book` itself; BadFile for what is no honest workbook.
    """
    source, target = Path(book), Path(out)
    if not source.is_file():
        raise BadInput("batch.missing", file=source.name)
    if target.exists() and target.samefile(source):
        raise BadInput("batch.same_file", file=source.name)
    if target.exists() and not force:
        raise BadInput("batch.exists", file=target.name)
    check_workbook(source)
    before = _parts(source)
    with _uncollected():
        return _calc(source, target, before, keep_formulas)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cyclic collector, which would walk through all cells again and again as objects are made."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _calc(source: Path, target: Path, before: frozenset[str], keep_formulas: bool) -> Report:
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            workbook = openpyxl.load_workbook(source, keep_vba=source.suffix.lower() == ".xlsm")
        except (KeyError, ValueError, TypeError, AttributeError, OSError, zipfile.BadZipFile) as cause:
            raise BadInput("batch.unreadable", file=source.name) from cause
    stored = _Stored(source)
    calculation = Calculation(workbook, stored, dynamic="xl/metadata.xml" in before)
    calculation.run()
    ordinary = [key for key in calculation.texts if key not in calculation.ours]
    values = _stay(calculation, ordinary, stored)
    _write_values(workbook, calculation, values, keep_formulas)
    if workbook.calculation is not None:
        # With our formulas gone, a full calculation can't lose anything.
        workbook.calculation.fullCalcOnLoad = not keep_formulas
    _save(workbook, target, values)
    ours = {key: calculation.value(key) for key in calculation.ours if key in calculation.values}
    problems = [*_problems({**ours, **calculation.spills})]
    told = calculation.failures_around_ours()
    return Report(
        out=target,
        cells=len(ours),
        calls=calculation.calls,
        failures=tuple(f for key, f in calculation.failures.items() if key in told),
        errors=tuple(problems),
        lost=(*_lost(before, _parts(target)), *(("batch.part_warning", {"warning": str(w.message)}) for w in noted)),
        uncalculated=sum(key not in values and key not in told for key in ordinary),
    )


class _Stored:
    """Values that the file holds for its formulas; read when first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> Mapping[Key, Value]:
        return self._values

    @cached_property
    def _values(self) -> dict[Key, Value]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said already, when the file was loaded
            book = openpyxl.load_workbook(self.path, read_only=True, data_only=True)
            found: dict[Key, Value] = {}
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # else every row is filled up to the last column, stray cell or not
                for row in sheet.iter_rows():
                    for cell in row:
                        if cell.value is not None:
                            value = Err(cell.value) if cell.data_type == "e" else cell.value
                            found[(sheet.title, cell.row, cell.column)] = value
            book.close()
        return found


def _stay(calculation: Calculation, ordinary: list[Key], stored: _Stored) -> dict[Key, Value]:
    """Values of the ordinary formulas, which stay formulas."""
    values: dict[Key, Value] = {}
    for key in ordinary:
        if key in calculation.values:
            values[key] = calculation.value(key)
        elif key not in calculation.failures and (held := stored().get(key)) is not None:
            values[key] = held
    return values


def _problems(values: Mapping[Key, Value]) -> Iterator[CellProblem]:
    for key, value in values.items():
        if isinstance(value, Err):
            zh, en = (value.meaning.message_zh, value.meaning.message_en) if value.meaning else ("", "")
            yield CellProblem(key[0], address(key), value.code, zh, en)


# --- writing ------------------------------------------------------------------------------------------------


def _write_values(workbook: Any, calculation: Calculation, values: dict[Key, Value], keep: bool) -> None:
    extents: dict[Key, Key] = {}
    for at, _ in calculation.spills.items():
        owner = calculation.owner(at)
        far = extents.get(owner, owner)
        extents[owner] = (owner[0], max(far[1], at[1]), max(far[2], at[2]))
    for key in calculation.ours:
        if key not in calculation.values:
            continue
        cell = workbook[key[0]].cell(key[1], key[2])
        if not keep:
            _put(cell, calculation.value(key))
            continue
        values[key] = calculation.value(key)
        if key in extents and not isinstance(cell.value, ArrayFormula):
            cell.value = ArrayFormula(f"{address(key)}:{address(extents[key])}", cell.value)
    for at, value in calculation.spills.items():
        _put(workbook[at[0]].cell(at[1], at[2]), value)


def _put(cell: Any, value: Value) -> None:
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
        elif value is not None:
            shown = repr(serial(value))
        inside = b'<c r="%s%s"%s%s>%s' % (found[1], found[2], found[3], kind, found[4])
        return inside + b"<v>" + shown.encode() + b"</v></c>"

    return _FORMULA_CELL.sub(change, xml)


def _save(workbook: Any, target: Path, values: Mapping[Key, Value]) -> None:
    """Write beside the target and rename, so that a failure leaves nothing half-written under its name."""
    # As openpyxl numbers the sheets when saving.
    paths = {sheet.title: f"/xl/worksheets/sheet{i}.xml" for i, sheet in enumerate(workbook.worksheets, 1)}
    by_path: dict[str, dict[str, Value]] = {}
    for key, value in values.items():
        by_path.setdefault(paths[key[0]], {})[address(key)] = value
    _keep_bits(workbook)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    try:
        with _Archive(name, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            archive.values = by_path
            ExcelWriter(workbook, archive).save()
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# --- what was lost ------------------------------------------------------------------------------------------

_KINDS = (
    ("charts", re.compile(r"xl/charts/chart\w*\.xml|xl/charts/chartEx")),
    ("drawings", re.compile(r"xl/drawings/(?:drawing|vmlDrawing)\w*\.(?:xml|vml)")),
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
    r"|xl/worksheets/sheet\w*\.xml|xl/theme/.*|xl/tables/.*|xl/pivotCache/.*|xl/externalLinks/.*|xl/styles\.xml"
)


def _parts(path: Path) -> frozenset[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(archive.namelist())
    except (OSError, zipfile.BadZipFile) as cause:
        raise BadInput("batch.unreadable", file=path.name) from cause


def _lost(before: frozenset[str], after: frozenset[str]) -> Iterator[tuple[str, Mapping[str, object]]]:
    had, has = (Counter(_kind(name) for name in names) for names in (before, after))
    for kind, _ in _KINDS:
        if had[kind] > has[kind]:
            yield f"batch.part_{kind}", {"count": had[kind] - has[kind]}
    for name in sorted(before - after):
        if _kind(name) is None and not _REBUILT.fullmatch(name) and not name.endswith("/"):
            yield "batch.part_other", {"name": name}


def _kind(name: str) -> str | None:
    return next((kind for kind, pattern in _KINDS if pattern.match(name)), None)
