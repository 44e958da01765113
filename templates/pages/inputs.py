"""The sheets that look like the attachments: header in row 1, rows that look like inputs."""

from __future__ import annotations

from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from credit_udfs.types import GRADES
from credit_udfs.workbook import contract, names
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.style import DATE, INPUT, PERCENT
from templates.pages.builder import Builder, capital, rule

BLANK_ROWS = {"firms": 100, "purchases": 200, "sales": 200, "churn": 29}
_TABLES = {
    "firms": names.TABLE_FIRMS,
    "purchases": names.TABLE_PURCHASES,
    "sales": names.TABLE_SALES,
    "churn": names.TABLE_CHURN,
}
_FORMATS = {"date": DATE, "number": "#,##0.00"}


def draw(b: Builder, canvas: Canvas, key: contract.TableKey) -> None:
    table = contract.TABLES[key]
    columns, wide = [], 30 if b.lang == "zh" else 42
    for column in table.columns:
        fmt = PERCENT if key == "churn" else _FORMATS.get(column.kind, "General")
        look = INPUT.on(number=fmt, across="right" if column.kind in ("number", "date") else "left")
        columns.append(Column(capital(format(column.label, b.lang)), look, wide if column.key == "name" else 18))
    blank: list[Any] = [None] * len(columns)
    canvas.table(1, 1, columns, _rows(b, key) or [blank] * BLANK_ROWS[key], _TABLES[key])
    canvas.freeze(2)
    for i, column in enumerate(table.columns):
        letter = get_column_letter(1 + i)
        # Validation reaches further than the table, which grows when data is pasted below it.
        area = f"{letter}2:{letter}{100_000 if key in ('purchases', 'sales') else 10_000}"
        canvas.validate(area, _rule(b, column, columns[i].header))
    canvas.page(capital(format(table.label, b.lang)), repeat=(1, 1), landscape=len(columns) > 5)


def _rule(b: Builder, column: contract.Column, header: str) -> DataValidation:
    hint = b.t("hint_churn" if column.key in "ABC" else f"hint_{column.key}")
    if column.kind == "grade":
        return rule(b, header, hint, "list", allowed=GRADES)
    if column.kind == "yes_no":
        return rule(b, header, hint, "list", allowed=[format(v, b.lang) for v in contract.YES_NO_LABELS.values()])
    if column.kind == "status":
        return rule(b, header, hint, "list", allowed=[format(v, b.lang) for v in contract.STATUS_LABELS.values()])
    if column.kind == "date":
        return rule(b, header, hint, "date")
    if column.key in ("rate", "A", "B", "C"):
        return rule(b, header, hint, "number", low=0.0, high=1.0)
    if column.kind == "number":
        return rule(b, header, hint, "number", low=-1e12, high=1e12)
    return rule(b, header, hint, "any")


def _rows(b: Builder, key: contract.TableKey) -> list[list[Any]]:
    if b.data is None:
        return []
    if key == "churn":
        return b.churn
    if key == "firms":
        yes_no = {v: format(label, b.lang) for v, label in contract.YES_NO_LABELS.items()}
        return [[f, n, g, None if d is None else yes_no[d]] for f, n, g, d in b.data.firms.iter_rows()]
    status = {v: format(label, b.lang) for v, label in contract.STATUS_LABELS.items()}
    frame = b.data.purchases if key == "purchases" else b.data.sales
    ordered = frame.select("firm", "date", "counterparty", "amount", "tax", "total", "void")
    return [[r[0], f"{i:08d}", *r[1:6], status[r[6]]] for i, r in enumerate(ordered.iter_rows(), 1)]
