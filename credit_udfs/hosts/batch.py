"""Our functions in a workbook file, calculated without any spreadsheet program (openpyxl, formualizer)."""

from __future__ import annotations

import contextlib
import gc
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.formula import ArrayFormula

from credit_udfs.errors import BadInput
from credit_udfs.hosts.calculation import Calculation, Failure
from credit_udfs.hosts.engine import Err, Key, Value, address
from credit_udfs.hosts.saving import lost, parts, put, save
from credit_udfs.locale import Lang, text
from credit_udfs.workbook.files import keep_existing
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
        gone = [f"- {text(key, lang, **values)}" for key, values in self.lost]
        for key, listed in (("batch.failed", failed), ("batch.errors", errors), ("batch.lost", gone)):
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
    keep_existing(target, force)
    check_workbook(source)
    before = parts(source)
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
            workbook = openpyxl.load_workbook(source, keep_vba=source.suffix.lower() == ".xlsm", rich_text=True)
        except (KeyError, ValueError, TypeError, AttributeError, OSError, zipfile.BadZipFile) as cause:
            raise BadInput("batch.unreadable", file=source.name) from cause
    stored = _Stored(source, workbook.epoch)
    calculation = Calculation(workbook, stored, dynamic="xl/metadata.xml" in before)
    calculation.run()
    values = _stay(calculation, stored)
    _write_values(workbook, calculation, values, keep_formulas)
    if workbook.calculation is not None:
        # With our formulas gone, a full calculation can't lose anything.
        workbook.calculation.fullCalcOnLoad = not keep_formulas
    save(workbook, target, values)
    gone = [*lost(before, parts(target), arrays=_arrays(workbook))]
    ours = {key: calculation.values[key] for key in calculation.ours if key in calculation.values}
    spilled = {at: calculation.spills[at] for key in ours for at in calculation.covered(key)}
    return Report(
        out=target,
        cells=len(ours),
        calls=calculation.calls,
        failures=tuple(calculation.failures[key] for key in calculation.told),
        errors=tuple(_problems({**ours, **spilled})),
        lost=(*gone, *(("batch.part_warning", {"warning": str(w.message)}) for w in noted)),
        uncalculated=sum(key not in calculation.told for key in calculation.failures if key not in values),
    )


class _Stored:
    """Values that the file holds for its formulas; read when first asked for."""

    def __init__(self, path: Path, epoch: Any) -> None:
        self.path, self.epoch = path, epoch

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
                            found[(sheet.title, cell.row, cell.column)] = self._value(cell.value, cell.data_type)
            book.close()
        return found

    def _value(self, value: Any, kind: str) -> Value:
        if kind == "e":
            return Err(value)
        if isinstance(value, (bool, str)):
            return value
        return float(value if isinstance(value, (int, float)) else to_excel(value, self.epoch))


def _stay(calculation: Calculation, stored: _Stored) -> dict[Key, Value]:
    """Stored values of the formulas that don't depend on ours."""
    held: dict[Key, Value] = {}
    for key in calculation.texts:
        if key not in calculation.ours and key not in calculation.around and (value := stored().get(key)) is not None:
            held[key] = value
    return held


def _problems(values: Mapping[Key, Value]) -> Iterator[CellProblem]:
    for key, value in values.items():
        if isinstance(value, Err):
            zh, en = (value.meaning.message_zh, value.meaning.message_en) if value.meaning else ("", "")
            yield CellProblem(key[0], address(key), value.code, zh, en)


def _write_values(workbook: Any, calculation: Calculation, values: dict[Key, Value], keep: bool) -> None:
    """Values into their cells, or beside their formulas (into `values`), and what results cover around them."""
    for key, value in calculation.values.items():
        if key in values:
            continue
        cell = workbook[key[0]].cell(key[1], key[2])
        if key in calculation.ours and not keep:
            put(cell, value)
        else:
            values[key] = value
            _stretch(cell, key, calculation)
        for at in calculation.covered(key):
            put(workbook[at[0]].cell(at[1], at[2]), calculation.spills[at])


def _stretch(cell: Any, key: Key, calculation: Calculation) -> None:
    """A formula that stays and covers more than its cell is an array formula, or opening would leave only one."""
    if key in calculation.extents and (calculation.dynamic or not isinstance(cell.value, ArrayFormula)):
        rows, columns = calculation.extents[key]
        far = address((key[0], key[1] + rows - 1, key[2] + columns - 1))
        formula = cell.value.text if isinstance(cell.value, ArrayFormula) else cell.value
        cell.value = ArrayFormula(f"{address(key)}:{far}", formula)


def _arrays(workbook: Any) -> bool:
    """Whether array formulas stay."""
    return any(isinstance(cell.value, ArrayFormula) for sheet in workbook.worksheets for cell in sheet._cells.values())
