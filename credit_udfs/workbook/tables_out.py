"""A plain table to a file: CSV, Parquet or a one-sheet workbook."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from credit_udfs.errors import BadInput
from credit_udfs.workbook.files import replacing

FORMATS = (".csv", ".parquet", ".xlsx")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A Chinese or Japanese Excel takes full-width signs for their narrow ones."""

# Columns by which a table of our own results is known: loans, firms' scores, reproduced figures.
_MARKS = (
    {"firm", "lend", "amount", "best_rate", "margin"},
    {"firm", "score", "pd", "grade_predicted"},
    {"paper", "place", "printed", "as_paper", "verdict"},
)


def is_result(headers: Iterable[str]) -> bool:
    """Whether column titles are those of a table of results as `write_frame` writes it: it lists firms, but is none
    of the attachments."""
    from credit_udfs.core.indicators import INDICATORS

    found = set(headers)
    return any(mark <= found for mark in _MARKS) or (
        len(found) > 1 and "firm" in found and found - {"firm"} <= INDICATORS.keys()
    )


def write_frame(frame: pl.DataFrame, path: Path) -> Path:
    """Write `frame` in the format that the ending of `path` names (.csv, .parquet, .xlsx). Returns `path`.

    Text that a spreadsheet program would take for a formula gets an apostrophe before it in CSV, where nothing else
    marks it as text; in a workbook it is written as text. CSV has a byte-order mark, so that Excel reads Chinese.
    Raises BadInput for another ending, or when the file can't be written.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise BadInput("files.format", suffix=path.suffix or path.name)
    with replacing(path) as temporary:
        if kind == ".csv":
            frame.with_columns(_defused(name) for name in frame.columns if frame[name].dtype == pl.String).write_csv(
                temporary, include_bom=True
            )
        elif kind == ".parquet":
            try:
                frame.write_parquet(temporary)
            except pl.exceptions.ComputeError as cause:  # what polars makes of a full disk
                raise OSError(str(cause)) from cause
        else:
            _write_xlsx(frame, temporary, path.stem)
    return path


def _defused(name: str) -> pl.Expr:
    text = pl.col(name)
    risky = text.str.slice(0, 1).is_in(FORMULA_STARTS)
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).alias(name)


def _write_xlsx(frame: pl.DataFrame, path: Path, name: str) -> None:
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        # Apostrophes at the ends and these signs are not allowed in a sheet's name, nor more than 31 characters.
        sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", "_", name)[:31].strip("'") or None)
        sheet.write_row(0, 0, frame.columns, book.add_format({"bold": True}))
        for row, values in enumerate(frame.iter_rows(), start=1):
            for column, value in enumerate(values):
                if isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write(row, column, value)
        sheet.freeze_panes(1, 1)
        sheet.autofit()
