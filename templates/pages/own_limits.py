"""The page of own limits: terms of single firms, largest shares of grades and of industries."""

from __future__ import annotations

from credit_udfs.workbook import names, own_limits
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.contract import TERMS
from credit_udfs.workbook.style import CELL, CENTRE, INPUT, LABEL, PERCENT_SHORT
from templates.pages.builder import Builder, rule

ROWS = 60  # blank ones for firms; the table grows when more is typed below
_RIGHT = len(TERMS) + 2


def draw(b: Builder, canvas: Canvas) -> None:
    canvas.widths({1: 14, 2: 18, 3: 18, 4: 20, 5: 20, 6: 3, 7: 26 if b.lang == "zh" else 36, 8: 16})
    row = canvas.heading(b.t("own_limits"), b.t("own_limits_lead"), _RIGHT + 1)
    tables = {name: (header, rows) for name, header, rows in own_limits.tables(b.lang, {}, {}, {})}

    canvas.put(row, 1, b.t(names.TABLE_TERMS), LABEL.on(bold=True, line="none"))
    looks = [INPUT.on(number="#,##0" if c.kind == "number" else "General",
                      across="right" if c.kind == "number" else "left") for c in TERMS]  # fmt: skip
    header, _ = tables[names.TABLE_TERMS]
    columns = [Column(str(head), look) for head, look in zip(header, looks, strict=True)]
    blank = [[None] * len(TERMS)] * ROWS
    terms = canvas.table(row + 1, 1, columns, blank, names.TABLE_TERMS, fit=False, filters=False)
    for i, column in enumerate(TERMS):
        kind = "number" if column.kind == "number" else "any"
        # Validation reaches further than the table, which grows.
        area = f"{chr(ord('A') + i)}{terms.first}:{chr(ord('A') + i)}10000"
        canvas.validate(area, rule(b, columns[i].header, b.t(f"hint_terms_{column.key}"), kind, high=1e12))

    for name, look in ((names.TABLE_GRADES, CENTRE), (names.TABLE_INDUSTRIES, CELL)):
        header, rows = tables[name]
        canvas.put(row, _RIGHT, b.t(name), LABEL.on(bold=True, line="none"))
        columns = [Column(str(header[0]), look), Column(str(header[1]), INPUT.on(number=PERCENT_SHORT, across="right"))]
        block = canvas.table(row + 1, _RIGHT, columns, rows, name, fit=False, filters=False)
        area = f"{chr(ord('A') + _RIGHT)}{block.first}:{chr(ord('A') + _RIGHT)}{block.last}"
        canvas.validate(area, rule(b, columns[1].header, b.t("hint_own_share"), "number"))
        row = block.last + 2
    canvas.page(b.t("title"), landscape=False, area=f"A1:H{terms.last}")
