"""What was wrong with the input, where, and what was done about it."""

from __future__ import annotations

from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.style import CELL, CELL_WRAP, CENTRE, INTEGER, lines, number


def draw(canvas: Canvas, view: View) -> None:
    found = view.assessment.tables.problems
    columns = [
        Column(view.t("col_severity"), CENTRE, 10), Column(view.t("col_file"), CELL_WRAP, 30),
        Column(view.t("col_sheet"), CELL, 18), Column(view.t("col_cell"), CENTRE, 10),
        Column(view.t("col_problem"), CELL_WRAP, 80), Column(view.t("col_cases"), number(INTEGER), 10),
    ]  # fmt: skip
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    cases = sum(p.count for p in found)
    finding = view.t("problems_finding", kinds=len(found), cases=cases) if found else view.t("problems_none")
    row = canvas.heading(view.t("problems_title"), finding, 6)
    rows = [(view.t(f"severity_{p.severity}"), p.file, p.sheet, p.cell, p.text(view.lang), p.count) for p in found]
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["problems"])
    for i, values in enumerate(rows):
        canvas.height(block.first + i, max(18.0, 15.0 * max(lines(values[4], 80), lines(values[1], 30)) + 3))
    canvas.freeze(block.first)
    canvas.page(view.t("footer"), repeat=(block.header, block.header))
