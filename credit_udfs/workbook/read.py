"""From the bank's files to checked tables: every problem at once, every repair counted."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from credit_udfs.core.tables import FIRMS_SCHEMA, INVOICE_SCHEMA, ChurnTable, Source, Tables
from credit_udfs.errors import BadFile, Problem
from credit_udfs.types import Grade, Progress
from credit_udfs.workbook.columns import coerce
from credit_udfs.workbook.contract import CHURN, TABLES, Labels, TableKey
from credit_udfs.workbook.findings import PER_COLUMN, Findings, Items, limited
from credit_udfs.workbook.guard import file_format
from credit_udfs.workbook.tables_in import Raw, Sheet, csv_table, parquet_table, read_sheets, workbook_sheets
from credit_udfs.workbook.threads import Task, run_all

BOOK: tuple[TableKey, ...] = ("firms", "purchases", "sales")
SUFFIXES = (".xlsx", ".xlsm", ".csv", ".tsv", ".parquet")
STAGE = "read"

# Bytes of XML above which a sheet is worth a thread, and a second look at the workbook's texts.
_LARGE = 16 << 20

# Rows carry their address until the checks across tables are done.
_ROW = "row"
_CENT = 0.015

_EXPECTED = {
    "number": "not_a_number",
    "date": "not_a_date",
    "status": "unknown_status",
    "grade": "unknown_grade",
    "yes_no": "not_yes_no",
}


@dataclass
class _Part:
    """One table of one file, its values understood: `frame` has the canonical columns and the row."""

    sheet: str
    key: TableKey
    frame: pl.DataFrame
    findings: Findings
    rows: int
    order: int


@dataclass
class _File:
    """What one file held."""

    path: Path
    size: int = 0
    done: int = 0
    parts: list[_Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    sha256: str = ""

    def held(self) -> set[TableKey]:
        return {part.key for part in self.parts}


def read(paths: str | Path | Iterable[str | Path], *, today: dt.date, progress: Progress | None = None) -> Tables:
    """Read the attachments: workbooks, CSV or Parquet files, or folders of them, in any order.

    paths: one or several. Together they must hold enterprises, input invoices and output invoices; the rates and
        churn rates are optional. A workbook with all three stands for itself; single tables complete one another.
    today: an invoice dated later is reported.
    progress: told the stage "read", bytes read and bytes in all.

    Returns checked tables; those with grades come first, otherwise in the order given. Rows of unknown enterprises
    and blank rows are left out, exact duplicates are kept, and both are said in `problems` or counted in `sources`.
    Raises BadFile with every problem found, up to a sensible number.
    """
    files = _expand([paths] if isinstance(paths, (str, Path)) else paths)
    return _together(_read_all(files, today, progress))


def read_open(name: str, sheets: Iterable[Raw], ignored: Sequence[str] = (), *, today: dt.date) -> Tables:
    """The same checks for the tables of a workbook that a spreadsheet program has open, called `name`.

    ignored: its sheets that hold none of our tables. Raises BadFile as `read` does; places are cell addresses.
    """
    book = _File(Path(name), ignored=list(ignored))
    book.parts += [_understand(raw, today) for raw in sheets]
    return _together([book])


def _together(books: list[_File]) -> Tables:
    """Checks across tables, and the checked tables themselves."""
    said = [problem for book in books for problem in book.problems]
    lost = [] if any(problem.severity == "error" for problem in said) else _missing_tables(books)
    lost = [*said, *lost]
    books.sort(key=lambda book: not _has_grades(book))
    parts = {key: [part for book in books for part in book.parts if part.key == key] for key in TABLES}
    firms = _firms(parts["firms"])
    purchases = _invoices(parts["purchases"])
    sales = _invoices(parts["sales"])
    # Without one of the tables, or its rows, every enterprise would look unknown or silent.
    if all(problem.severity == "warning" for problem in lost) and not _not_filled_in(parts):
        _unknown_firms([*parts["purchases"], *parts["sales"]], firms)
        _silent_firms(parts["firms"], purchases, sales)
    churn = _churn(parts["churn"])
    found = [problem for book in books for part in book.parts for problem in part.findings.problems]
    problems = [*lost, *found]
    if any(problem.severity == "error" for problem in problems):
        raise BadFile(limited(problems))
    known = firms["firm"].cast(pl.Categorical)
    return Tables(
        firms,
        _of_known(purchases, known),
        _of_known(sales, known),
        churn,
        tuple(problems),
        tuple(_source(book) for book in books if book.parts),
    )


def _expand(paths: Iterable[str | Path]) -> list[Path]:
    """Files, with those of a folder in the order of their names; the same file only once."""
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        inside = [path]
        if path.is_dir():
            inside = [
                file
                for file in sorted(path.iterdir())
                if file.suffix.lower() in SUFFIXES and not file.name.startswith(("~$", "."))
            ]
            if not inside:
                raise BadFile([Problem("error", "problems.empty_folder", {"path": str(path)}, path.name)])
        for file in inside:
            # Not Path.resolve, which breaks off where links run in a circle.
            found.setdefault(Path(os.path.realpath(file)), file)
    if not found:
        raise BadFile([Problem("error", "problems.no_files")])
    return list(found.values())


def _read_all(files: Sequence[Path], today: dt.date, progress: Progress | None) -> list[_File]:
    """Files in the order given; two sheets at a time, because the parser runs outside Python's lock."""
    books = [_File(path, size=path.stat().st_size if path.is_file() else 0) for path in files]
    total = sum(book.size for book in books)

    def tell() -> None:
        # From the caller's thread: a spreadsheet program accepts no other.
        if progress is not None:
            progress(STAGE, min(total, sum(book.done for book in books)), total)

    run_all([Task(partial(_open, book, today), str(book.path), book.size, urgent=True) for book in books], tell)
    for book in books:
        book.parts.sort(key=lambda part: part.order)
    return books


def _open(book: _File, today: dt.date) -> list[Task]:
    """Look a file over; what remains to be done is reading its sheets, large ones each on its own."""
    try:
        kind = file_format(book.path)
        with book.path.open("rb") as file:
            book.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if kind != "workbook":
            raw = (csv_table if kind == "csv" else parquet_table)(book.path, book.problems)
            book.parts += [_understand(raw, today)] if raw is not None else []
            book.done = book.size
        sheets = workbook_sheets(book.path, book.problems, book.ignored) if kind == "workbook" else []
    except BadFile as error:
        book.problems += error.problems
        return []
    if not sheets and not book.parts and not book.problems:
        wanted = Labels(tuple(table.label for table in TABLES.values()))
        seen = Items(book.ignored or ["-"], 8)
        problem = Problem("error", "problems.nothing_known", {"tables": wanted, "seen": seen}, book.path.name)
        book.problems.append(problem)
    sheets.sort(key=lambda sheet: -sheet.size)
    large = [sheet for sheet in sheets if sheet.size > _LARGE] or sheets[:1]
    groups = [[sheet] for sheet in large]
    if groups:
        groups[-1] += [sheet for sheet in sheets if sheet not in large]
    return [
        Task(
            partial(_read_group, book, group, sum(sheet.size for sheet in sheets), today),
            str(book.path),
            sum(sheet.size for sheet in group),
        )
        for group in groups
    ]


def _read_group(book: _File, sheets: Sequence[Sheet], whole: int, today: dt.date) -> list[Task]:
    try:
        for sheet, raw in read_sheets(sheets):
            book.parts.append(_understand(raw, today, sheet.order))
    except BadFile as error:
        book.problems += error.problems
    book.done += round(book.size * sum(sheet.size for sheet in sheets) / whole)
    return []


def _understand(raw: Raw, today: dt.date, order: int = 0) -> _Part:
    """Coerce every column, report what can't be, drop blank rows, check what one table can tell by itself."""
    findings = Findings(raw.file, raw.sheet, raw.place)
    cells = raw.frame
    values: dict[str, pl.Series] = {_ROW: pl.int_range(cells.height, dtype=pl.UInt32, eager=True)}
    wrong: dict[str, pl.Series] = {}
    for column in raw.table.columns:
        if column.key not in cells.columns:
            continue
        result = coerce(column.kind, cells[column.key], date1904=raw.date1904)
        values[column.key], wrong[column.key] = result.values, result.bad
        for key, count in result.repaired.items():
            findings.repair(key, count)
        if result.bad.any():
            found = cells[column.key]
            label = raw.labels[column.key]
            findings.cells(_EXPECTED[column.kind], column.key, result.bad, found, column=label)
    frame = pl.DataFrame(values)
    keys = list(wrong)
    blank = frame.select(pl.all_horizontal(pl.col(keys).is_null())).to_series()
    for bad in wrong.values():
        blank &= ~bad
    findings.repair("blank_rows", int(blank.sum()))
    for column in raw.table.required():
        empty = frame[column.key].is_null() & ~wrong[column.key] & ~blank
        if empty.any():
            at = (int(empty.arg_true()[0]), column.key)
            findings.add("error", "empty_cell", at=at, count=int(empty.sum()), column=raw.labels[column.key])
    if blank.any():
        frame = frame.filter(~blank)
    rows = frame.height
    if raw.table.key in ("purchases", "sales"):
        frame = _compact(frame, findings, today)
    return _Part(raw.sheet, raw.table.key, frame, findings, rows, order)


def _compact(frame: pl.DataFrame, findings: Findings, today: dt.date) -> pl.DataFrame:
    """Invoices in their final types, after the checks that need the invoice number."""
    frame = frame.with_columns(pl.col("firm", "counterparty").cast(pl.Categorical))
    if "number" in frame.columns:
        again = ~frame.select(pl.struct(pl.exclude(_ROW)).is_first_distinct()).to_series()
        _warn_rows(findings, "duplicate_rows", frame, again, "number")
    _warn_rows(findings, "future_date", frame, (frame["date"] > today).fill_null(False), "date", today=today)
    off = ((frame["amount"] + frame["tax"] - frame["total"]).abs() > _CENT).fill_null(False)
    _warn_rows(findings, "sum_differs", frame, off, "total")
    frame = frame.rename({"status": "void"})
    return frame.select(_ROW, *INVOICE_SCHEMA)


def _warn_rows(findings: Findings, key: str, frame: pl.DataFrame, bad: pl.Series, column: str, **values: Any) -> None:
    count = int(bad.sum())
    if count:
        row = int(frame[_ROW][int(bad.arg_max() or 0)])
        findings.warn(key, at=(row, column), count=count, **values)


def _has_grades(book: _File) -> bool:
    return any(
        part.key == "firms" and "grade" in part.frame.columns and part.frame["grade"].is_not_null().any()
        for part in book.parts
    )


def _missing_tables(books: Sequence[_File]) -> list[Problem]:
    """A workbook with all three tables stands for itself; whatever is left must make up all three together."""
    loose = [book for book in books if not book.held() >= set(BOOK) and book.held() - {"churn"}]
    complete = [book for book in books if book.held() >= set(BOOK)]
    held = set().union(*(book.held() for book in loose)) if loose else set()
    absent = [TABLES[key] for key in BOOK if key not in held]
    if (complete and not loose) or not absent:
        return []
    where = loose or list(books)
    seen = [f"{book.path.name} {part.sheet}".strip() for book in where for part in book.parts]
    seen += [f"{book.path.name} {sheet}" for book in where for sheet in book.ignored]
    file = where[0].path.name if len(where) == 1 else ""
    return [
        Problem(
            "error",
            "problems.missing_table",
            {
                "table": table.label,
                "columns": Labels(tuple(column.label for column in table.columns)),
                "seen": Items(seen, 8),
            },
            file,
        )
        for table in absent
    ]


def _firms(parts: Sequence[_Part]) -> pl.DataFrame:
    """All enterprises, one row each; the same number twice is an error that names both places."""
    frames = [pl.DataFrame(schema=FIRMS_SCHEMA)]
    seen: dict[str, str] = {}
    for part in parts:
        repeated: list[tuple[int, str]] = []
        for row, firm in part.frame.select(_ROW, "firm").drop_nulls().iter_rows():
            if firm in seen:
                repeated.append((row, firm))
            else:
                seen[firm] = part.findings.whole_place(row, "firm")
        for row, firm in repeated[:PER_COLUMN]:
            part.findings.add("error", "firm_twice", at=(row, "firm"), firm=firm, first=seen[firm])
        rest = repeated[PER_COLUMN:]
        if rest:
            others = Items([firm for _row, firm in rest])
            part.findings.add("error", "firms_twice", at=(rest[0][0], "firm"), number=len(rest), firms=others)
        frame = part.frame.with_columns(
            pl.lit(None, dtype).alias(name) for name, dtype in FIRMS_SCHEMA.items() if name not in part.frame.columns
        )
        frames.append(frame.select(*FIRMS_SCHEMA).with_columns(pl.col("name").fill_null(pl.col("firm"))))
    return pl.concat(frames)


def _invoices(parts: Sequence[_Part]) -> pl.DataFrame:
    frames = [part.frame.select(*INVOICE_SCHEMA) for part in parts]
    return pl.concat(frames) if frames else pl.DataFrame(schema=INVOICE_SCHEMA)


def _unknown_firms(parts: Sequence[_Part], firms: pl.DataFrame) -> None:
    known = firms["firm"].cast(pl.Categorical)
    for part in parts:
        strange = part.frame.filter(~pl.col("firm").is_in(known.implode()))
        if strange.height:
            names = Items(strange["firm"].cast(pl.String).unique(maintain_order=True).to_list())
            at = (int(strange[_ROW][0]), "firm")
            part.findings.warn("unknown_firm", at=at, count=strange.height, firms=names)


def _not_filled_in(parts: Mapping[TableKey, Sequence[_Part]]) -> bool:
    """Tables that are headers only, as in a template's form: nothing can be said of no enterprise, or no invoice."""
    groups: tuple[tuple[TableKey, ...], ...] = (("firms",), ("purchases", "sales"))
    found = False
    for group in groups:
        tables = [part for key in group for part in parts[key]]
        if not any(part.rows or part.findings.problems for part in tables):
            for part in tables:
                part.findings.add("error", "not_filled_in", table=TABLES[part.key].label)
                found = True
    return found


def _silent_firms(parts: Sequence[_Part], purchases: pl.DataFrame, sales: pl.DataFrame) -> None:
    """Enterprises without a single invoice: they stay, and can't be scored."""
    heard = {firm for frame in (purchases, sales) for firm in frame["firm"].unique().cast(pl.String)}
    for part in parts:
        silent = [(row, firm) for row, firm in part.frame.select(_ROW, "firm").iter_rows() if firm not in heard]
        if silent:
            names = Items([firm for _row, firm in silent])
            part.findings.warn("no_invoices", at=(silent[0][0], "firm"), count=len(silent), firms=names)


def _churn(parts: Sequence[_Part]) -> ChurnTable | None:
    if not parts:
        return None
    for part in parts[1:]:
        part.findings.add("error", "churn_twice", first=parts[0].findings.whole_place())
    part = parts[0]
    if not part.rows:
        return None  # headers only, as in a template's form: the same as none
    for column in CHURN.columns:
        # A rate typed as 4 instead of 4% would be read as 400%.
        values = part.frame[column.key]
        outside = ((values < 0) | (values > 1)).fill_null(False)
        if outside.any():
            at = (int(part.frame[_ROW].filter(outside)[0]), column.key)
            found = f"{values.filter(outside)[0]:g}"
            part.findings.add("error", "not_a_share", at=at, count=int(outside.sum()), found=found, column=column.label)
    frame = part.frame.drop_nulls()
    grades: tuple[Grade, ...] = ("A", "B", "C")
    return ChurnTable(frame["rate"].to_numpy(), {grade: frame[grade].to_numpy() for grade in grades})


def _of_known(invoices: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    is_known = invoices["firm"].is_in(known.implode())
    return invoices if is_known.all() else invoices.filter(is_known)


def _source(book: _File) -> Source:
    rows: dict[str, int] = {}
    repaired: Counter[str] = Counter()
    for part in book.parts:
        rows[part.sheet or part.key] = part.rows
        repaired.update(part.findings.repaired)
        for problem in part.findings.problems:
            repaired[problem.key] += problem.count
    if book.ignored:
        repaired["problems.sheets_ignored"] = len(book.ignored)
    return Source(book.path.name, book.sha256, rows, dict(repaired))
