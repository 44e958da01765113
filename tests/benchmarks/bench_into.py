"""`run --into` against what openpyxl alone needs to load and save the same workbook, in one run.

    python tests/benchmarks/bench_into.py [invoice rows, default 200000]

The budget is 1.3 times; both sides are measured in processor time, once each.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

import openpyxl
import xlsxwriter

from credit_udfs.workbook.into import write_into
from tests.workbook.results import sample_assessment


def make(path: Path, rows: int) -> Path:
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("invoices")
    start = dt.date(2017, 1, 1)
    for row in range(rows):
        sheet.write_string(row, 0, f"E{row % 300}")
        sheet.write_string(row, 1, f"{row:08d}")
        sheet.write_datetime(row, 2, dt.datetime.combine(start + dt.timedelta(days=row % 1000), dt.time()), day)
        sheet.write_string(row, 3, f"B{row % 5000}")
        for column, value in enumerate((row * 1.17, row * 0.17, row * 1.34), 4):
            sheet.write_number(row, column, value)
        sheet.write_string(row, 7, "valid")
    book.close()
    return path


def main(rows: int) -> None:
    assessment = sample_assessment()
    with tempfile.TemporaryDirectory() as folder:
        source = make(Path(folder) / "source.xlsx", rows)
        begun = time.process_time()
        openpyxl.load_workbook(source, rich_text=True).save(Path(folder) / "plain.xlsx")
        plain = time.process_time() - begun
        begun = time.process_time()
        write_into(assessment, source, Path(folder) / "ours.xlsx", "en")
        ours = time.process_time() - begun
    print(f"{rows:,} rows: openpyxl load and save {plain:.1f} s, ours {ours:.1f} s, ratio {ours / plain:.2f} (1.3)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
