"""The model's indicators of every enterprise, with their definitions."""

from __future__ import annotations

import numpy as np

from credit_udfs.core.indicators import INDICATORS
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.style import CELL, CENTRE, NOTE, SAND, SIGNED, Look, number, width

_HALF = 8  # indicators that a printed page has room for, their contributions on the next


def draw(canvas: Canvas, view: View) -> None:
    keys = view.assessment.model.indicators
    x = view.indicators
    formats = [view.indicator_format(key) for key in keys]
    columns = [
        Column(view.t("col_firm"), CENTRE.on(bold=True), 10),
        Column(view.t("col_name"), CELL, 30 if view.lang == "zh" else 42),
        *(
            _column(view, view.indicator_header(key), number(fmt), 18)
            for key, (fmt, _) in zip(keys, formats, strict=True)
        ),
        *(_column(view, view.t("col_points", name=view.indicator_name(key)), number(SIGNED), 16) for key in keys),
    ]
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    missing = int(np.isnan(x).sum())
    out = view.assessment.scores.out_of_range
    row = canvas.heading(
        view.t("indicators_title"),
        view.t("indicators_finding", firms=len(view.ids), count=len(keys), missing=missing,
               out=int(out.any(axis=1).sum())),
        len(columns),
    )  # fmt: skip
    for key in keys:
        declared = INDICATORS.get(key)
        if declared is None:
            continue
        formula = declared.formula_zh if view.lang == "zh" else declared.formula_en
        canvas.prose(row, 1, len(columns), f"{view.indicator_name(key)}{view.colon}{formula}", NOTE)
        row += 1
    canvas.prose(row, 1, len(columns), view.t("indicators_note"), NOTE)
    divisors = np.array([divisor for _, divisor in formats])
    points = view.assessment.scores.points
    rows = ([view.ids[i], view.names[i], *(x[i] / divisors), *points[i]] for i in range(len(view.ids)))
    block = canvas.table(row + 2, 1, columns, rows, RESULT_TABLES["indicators"])
    canvas.book.publish("indicators", ["id", "name", *keys, *(f"points_{key}" for key in keys)], block)
    for i, c in np.argwhere(out):
        cell = canvas.sheet.cell(block.first + int(i), 3 + int(c))
        canvas.put(block.first + int(i), 3 + int(c), cell.value, columns[2 + int(c)].look.on(fill=SAND))
    for row in range(block.first, block.last + 1):
        canvas.height(row, 16)
    canvas.plain_zero(f"{address(block.first, 3 + len(keys))}:{address(block.last, len(columns))}")
    canvas.freeze(block.first, 3)
    if len(keys) <= _HALF:
        canvas.page(view.t("footer"), repeat=(block.header, block.header), halves=(2, 2 + len(keys)), scale=(58, 72))
    else:
        canvas.page(view.t("footer"), repeat=(block.header, block.header))


def _column(view: View, header: str, look: Look, least: float) -> Column:
    """Chinese breaks anywhere, in the middle of a unit too: a header short enough stays on one line."""
    return Column(header, look, least if view.lang == "en" else min(25.0, max(least, width(header) + 5)))
