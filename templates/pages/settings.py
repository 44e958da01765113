"""The settings page: one named input cell each."""

from __future__ import annotations

from typing import Any

from openpyxl.worksheet.datavalidation import DataValidation

from credit_udfs import models
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas
from credit_udfs.workbook.settings import GROUPS, Setting
from credit_udfs.workbook.style import CELL_WRAP, CENTRE, HEAD, INPUT, LABEL, PERCENT, lines
from templates.pages.builder import EXAMPLE_BUDGET, Builder, protect, rule

LAST, _HINT = 5, 66
_FORMATS = {"money": "#,##0", "share": PERCENT, "count": "#,##0", "seconds": "#,##0", "times": "0.00"}
# The published curves of churn reach from 4% to 15%.
_ENDS = {"rate_min": (0.04, 0.15), "rate_max": (0.04, 0.15)}


def draw(b: Builder, canvas: Canvas) -> None:
    canvas.widths({1: 27 if b.lang == "zh" else 35, 2: 17, 3: 9, 4: 10, 5: _HINT})
    row = canvas.heading(b.t("settings_title"), b.t("settings_lead"), LAST)
    for c, key in enumerate(("name", "value", "unit", "formulas", "hint"), 1):
        canvas.put(row, c, b.t(f"col_setting_{key}"), HEAD)
    canvas.height(row, 22)
    header, row = row, row + 1
    for group, settings in GROUPS.items():
        row = canvas.section(row, 1, LAST, b.t(f"group_{group}"))
        for one in settings:
            _row(b, canvas, row, one)
            row += 1
    canvas.freeze(header + 1)
    protect(canvas)
    canvas.page(b.t("title"), landscape=False, tall=False)


def _row(b: Builder, canvas: Canvas, row: int, one: Setting) -> None:
    default = {"language": b.lang, **({"budget": EXAMPLE_BUDGET} if b.data else {})}.get(one.name, one.default)
    canvas.put(row, 1, one.label(b.lang), LABEL)
    shown = None if default is None else one.shown(default, b.lang)
    canvas.put(row, 2, shown, INPUT.on(number=_FORMATS.get(one.kind, "General"), across="right"))
    canvas.put(row, 3, one.unit(b.lang) if one.kind in _FORMATS else None, CENTRE)
    canvas.put(row, 4, "✓" if one.in_formulas else None, CENTRE)
    canvas.put(row, LAST, one.hint(b.lang), CELL_WRAP.on(size=9, indent=1, across="left", down="center"))
    canvas.height(row, 7 + 13 * lines(one.hint(b.lang), _HINT * (1.25 if b.lang == "zh" else 1.35)))
    canvas.validate(address(row, 2), _rule(b, one))
    b.book.name(one.cell, canvas.sheet.title, address(row, 2, fixed=True))


def _rule(b: Builder, one: Setting) -> DataValidation:
    label, hint = one.label(b.lang), one.hint(b.lang)
    if one.kind in _FORMATS:
        low, high = _ENDS.get(one.name, (one.low, one.high))
        return rule(b, label, hint, "number", low=low, high=high, zero=one.zero)
    choices: tuple[Any, ...] = (True, False) if one.kind == "yes" else one.choices
    allowed = [str(one.shown(choice, b.lang)) for choice in choices]
    if one.name == "method":
        return rule(b, label, hint, "suggested", allowed=models.names())
    return rule(b, label, hint, "list", allowed=allowed)
