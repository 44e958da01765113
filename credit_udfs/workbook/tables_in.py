"""Finding the tables in a file: which sheet is what, where its header stands, and its cells as they are."""

from __future__ import annotations

import codecs
import csv
import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import cast

import fastexcel
import polars as pl

from credit_udfs.errors import BadFile, Problem
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.contract import (
    PURCHASES,
    SALES,
    TABLES,
    Label,
    Labels,
    Table,
    match_columns,
    missing,
    normal,
    table_named,
    table_with,
)
from credit_udfs.workbook.findings import Items
from credit_udfs.workbook.guard import Package, file_format, refuse
from credit_udfs.workbook.peek import ROWS, Peek
from credit_udfs.workbook.tables_out import is_result

# fastexcel logs a warning for a column without values; without a handler Python would print it.
logging.getLogger("fastexcel").addHandler(logging.NullHandler())

MAX_ROWS = 20_000_000

_PROPERTIES, _MADE_BY = "docProps/core.xml", b"<dc:creator>credit_udfs</dc:creator>"  # as workbook.write sets it


@dataclass(frozen=True)
class Raw:
    """One table as it stands in a file.

    frame: the known columns under their keys, cells as read; labels: key -> header as written;
    place: address of (row from 0, column key); ignored: rows above the header that aren't blank.
    """

    table: Table
    file: str
    sheet: str
    frame: pl.DataFrame
    labels: Mapping[str, str]
    place: Callable[[int, str], str]
    date1904: bool = False


@dataclass(frozen=True)
class Header:
    """Where a table's header stands: its (last) row, and column key -> column, both as in the file."""

    table: Table
    row: int
    columns: dict[str, int]
    labels: dict[str, str]


def find_header(name: str, rows: Mapping[int, Mapping[int, str]]) -> Header | None:
    """The header among the first rows of the sheet or file `name`; None: it holds none of our tables.

    A header may be one row, or two whose lower row completes the upper one (attachment 3).
    Raises LookupError with the missing columns (Labels) when the name says what it is but the columns don't.
    """
    numbers = list(rows)
    candidates: list[tuple[int, dict[int, str]]] = [(row, dict(rows[row])) for row in numbers]
    pairs = pairwise(numbers)
    candidates += [(b, {**rows[a], **rows[b]}) for a, b in pairs if b == a + 1]
    named = table_named(name)
    for row, headers in candidates:
        table = table_with(headers) if named is None else named
        if table is None:
            continue
        columns = match_columns(table, headers)
        if all(column.key in columns for column in table.required()):
            return Header(table, row, columns, {key: headers[at].strip() for key, at in columns.items()})
    if named is None:
        return None
    best = max((match_columns(named, headers) for _row, headers in candidates), key=len, default={})
    raise LookupError(named, missing(named, best), best)


def _missing_columns(file: str, sheet: str, error: LookupError, rows: Mapping[int, Mapping[int, str]]) -> Problem:
    table, absent, best = cast("tuple[Table, Labels, dict[str, int]]", error.args)
    headers = next((row for row in rows.values() if set(best.values()) <= set(row)), {})
    seen = Items([text.strip() for _at, text in sorted(headers.items()) if text.strip()], 12)
    key = "missing_columns" if best else "no_header"
    absent = absent if best else Labels(tuple(column.label for column in table.columns))
    return Problem(
        "error", f"problems.{key}", {"columns": absent, "table": table.label, "seen": seen, "rows": ROWS}, file, sheet
    )


@dataclass(frozen=True)
class Sheet:
    """A sheet that holds one of our tables, found but not yet read. size: bytes of XML; order: among the sheets."""

    path: Path
    name: str
    header: Header
    header_texts: Mapping[int, str]
    date1904: bool
    size: int
    order: int

    def place(self, row: int, key: str) -> str:
        return address(self.header.row + 1 + row, self.header.columns[key] + 1)


def workbook_sheets(path: Path, problems: list[Problem], ignored: list[str]) -> list[Sheet]:
    """Check a workbook, and find its sheets with our tables without reading them; others go to `ignored`."""
    with damage_refused(path):
        package = Package(path)
        package.check()
        peek = Peek(package)
        heads = peek.heads()
        tops = [next(iter(head.rows.values()), {}) for head in heads.values()]
        if _is_result(package, heads) or (len(tops) == 1 and is_result(tops[0].values())):
            ignored.extend(heads)
            problems.append(Problem("warning", "problems.own_result", {}, path.name))
            return []
    found = []
    for order, (name, head) in enumerate(heads.items()):
        try:
            header = find_header(name, head.rows)
        except LookupError as error:
            problems.append(_missing_columns(path.name, name, error, head.rows))
            continue
        if header is None:
            if head.rows:
                ignored.append(name)
            continue
        texts = head.rows[header.row]
        found.append(Sheet(path, name, header, texts, peek.date1904, peek.size(name), order))
    # A page of results lists firms too: where a sheet says by its name what it is, others don't by their columns.
    told = {sheet.header.table.key for sheet in found if table_named(sheet.name)}
    guessed = [s.name for s in found if not table_named(s.name) and s.header.table.key in told]
    ignored.extend(guessed)
    return [sheet for sheet in found if sheet.name not in guessed]


def _is_result(package: Package, heads: Iterable[str]) -> bool:
    """Whether this is a result workbook of ours: its pages list firms too, but hold nothing to read.

    A user's workbook with our pages in it has invoices, and is an input like any other.
    """
    if _PROPERTIES not in package.infos or _MADE_BY not in b"".join(package.chunks(_PROPERTIES)):
        return False
    return not any(table in (PURCHASES, SALES) for table in map(table_named, heads))


def holds_result(path: Path) -> bool:
    """Whether the file is a result of ours, a workbook or a table."""
    problems: list[Problem] = []
    try:
        kind = file_format(path)
        if kind == "workbook":
            workbook_sheets(path, problems, [])
        else:
            (csv_table if kind == "csv" else parquet_table)(path, problems)
    except (BadFile, OSError):
        return False
    return any(problem.key == "problems.own_result" for problem in problems)


def read_sheets(sheets: Sequence[Sheet]) -> Iterator[tuple[Sheet, Raw]]:
    """The cells of some sheets of one workbook, one after the other, so that only one is held in memory."""
    path = sheets[0].path
    with damage_refused(path):
        reader = fastexcel.read_excel(path)
    for sheet in sheets:
        with damage_refused(path):
            frame = _load(reader, sheet)
        yield sheet, Raw(sheet.header.table, path.name, sheet.name, frame, sheet.header.labels, sheet.place,
                         sheet.date1904)  # fmt: skip
        del frame


def _load(reader: fastexcel.ExcelReader, sheet: Sheet) -> pl.DataFrame:
    """The columns of interest, types found over all rows so that a column with stray text comes as text."""
    header = sheet.header
    at_column = {at: key for key, at in header.columns.items()}
    texts = [column.key for column in header.table.columns if column.kind in ("id", "text")]
    loaded = reader.load_sheet(
        sheet.name,
        # 0 means the first row with a value; any other number is that of a row of the sheet.
        header_row=header.row - 1,
        schema_sample_rows=None,
        use_columns=lambda column: column.absolute_index in at_column,
        dtypes={sheet.header_texts.get(header.columns[key], ""): "string" for key in texts if key in header.columns},
        whitespace_as_null=True,
    )
    keys = [at_column[column.absolute_index] for column in loaded.selected_columns]
    frame: pl.DataFrame = loaded.to_polars()
    frame.columns = keys
    return frame


class damage_refused:  # noqa: N801 - reads as a statement after "with"
    """Turn whatever a parser throws at a damaged file, even a panic of native code, into a plain refusal."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, (BadFile, MemoryError)):
            return
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            known = self.path.suffix.lower() in (".csv", ".tsv", ".txt", ".parquet")
            raise refuse(self.path, "damaged_data" if known else "damaged") from error


def _name_from_columns_or_file(path: Path) -> str:
    """A name that says what a one-table file holds: its own, or the table name that it contains."""
    if table_named(path.stem):
        return path.stem
    held = [t for t in TABLES.values() if any(normal(n) in normal(path.stem) for n in _telling(t.label))]
    return held[0].label.zh if len(held) == 1 else path.stem


def _telling(label: Label) -> tuple[str, ...]:
    return tuple(name for name in label.spellings() if len(normal(name)) > 3 or not name.isascii())


def _find_in_file(path: Path, rows: Mapping[int, Mapping[int, str]], problems: list[Problem]) -> Header | None:
    if is_result(next(iter(rows.values()), {}).values()):
        problems.append(Problem("warning", "problems.own_result", {}, path.name))
        return None
    by_columns = find_header("", rows)
    if by_columns is not None:
        return by_columns
    try:
        return find_header(_name_from_columns_or_file(path), rows)
    except LookupError as error:
        problems.append(_missing_columns(path.name, "", error, rows))
        return None


def csv_table(path: Path, problems: list[Problem]) -> Raw | None:
    """The table of a CSV file (UTF-8 with or without BOM, UTF-16 with BOM, GB18030; comma, semicolon or tab)."""
    text = _decoded(path)
    start = text[:8192]
    separator = max(",;\t", key=start.count)
    rows: dict[int, dict[int, str]] = {}
    with damage_refused(path):
        reader = csv.reader(io.StringIO(text[: 1 << 20], newline=""), delimiter=separator)
        skips: dict[int, int] = {}
        for number, record in enumerate(reader, 1):
            filled = {at: cell for at, cell in enumerate(record) if cell.strip()}
            if filled:
                rows[number] = filled
                skips[number] = reader.line_num
            if len(rows) >= ROWS:
                break
    header = _find_in_file(path, rows, problems)
    if header is None:
        return None
    with damage_refused(path):
        body = _after_lines(text, skips[header.row])
        # A row may have fewer cells than the header, or more; the first line settles how many are read.
        names = separator.join(str(at) for at in range(max(rows[header.row]) + 1))
        source = io.BytesIO(f"{names}\n{body}".encode())
        frame = pl.read_csv(source, separator=separator, infer_schema=False, truncate_ragged_lines=True)
        frame = frame.select(pl.col(str(at)).alias(key) for key, at in header.columns.items())
    columns, first = header.columns, header.row + 1
    return Raw(
        header.table,
        path.name,
        "",
        frame,
        header.labels,
        lambda row, key: address(first + row, columns[key] + 1),
    )


def _after_lines(text: str, lines: int) -> str:
    at = 0
    for _ in range(lines):
        at = text.find("\n", at) + 1
        if at == 0:
            return ""
    return text[at:]


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text[:4096]:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise refuse(path, "not_text")


def parquet_table(path: Path, problems: list[Problem]) -> Raw | None:
    """The table of a Parquet file; a cell's address is its column and row (from 1)."""
    with damage_refused(path):
        names = list(pl.read_parquet_schema(path))
    header = _find_in_file(path, {1: dict(enumerate(names))}, problems)
    if header is None:
        return None
    with damage_refused(path):
        scan = pl.scan_parquet(path)
        if scan.select(pl.len()).collect().item() > MAX_ROWS:
            raise refuse(path, "sheet_too_large", cells=MAX_ROWS, limit=MAX_ROWS)
        frame = scan.select(pl.col(names[at]).alias(key) for key, at in header.columns.items()).collect()
    labels = header.labels
    return Raw(header.table, path.name, "", frame, labels, lambda row, key: f"{labels[key]}[{row + 1}]")
