"""Churn against the lending rate: the bank's observations and the curves the plan uses."""

from __future__ import annotations

import numpy as np

from credit_udfs.core.churn import LENDABLE
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.style import BLUE, NAVY, NOTE, ORANGE, PERCENT, number

# The curves lie close together: each has its own dashes and marks, for a print in grey.
_COLOURS = {"A": NAVY, "B": BLUE, "C": ORANGE}
_DASHES = {"A": "solid", "B": "dash", "C": "sysDot"}
_MARKERS = {"A": "circle", "B": "square", "C": "triangle"}


def draw(canvas: Canvas, view: View) -> None:
    a = view.assessment
    table = a.tables.churn
    rates = np.linspace(a.curves.rate_min, a.curves.rate_max, 23) if table is None else np.asarray(table.rates)
    columns = [Column(view.t("col_rate"), number(PERCENT), 12)]
    data = [rates]
    if table is not None:
        for grade in LENDABLE:
            columns.append(Column(view.t("col_churn_observed", grade=grade), number(PERCENT), 14))
            data.append(np.asarray(table.observed[grade], dtype=np.float64))
    for grade in LENDABLE:
        columns.append(Column(view.t("col_churn_fitted", grade=grade), number(PERCENT), 14))
        data.append(a.curves.churn(rates, grade))
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    canvas.widths(dict.fromkeys(range(len(columns) + 1, 18), 9.0))
    at = float(a.plan.totals.mean_rate) if a.plan.totals.clients else 0.08
    row = canvas.heading(
        view.t("churn_title"),
        view.t("churn_finding", rate=at, **{g: float(a.curves.churn(at, g)) for g in LENDABLE}),
        16,
        note=view.t(f"churn_note_{a.curves.model}" if table is not None else "churn_note_published"),
    )
    block = canvas.table(row, 1, columns, np.stack(data, axis=1).tolist(), RESULT_TABLES["churn"], fit=False)
    lines = []
    offset = 1 + (3 if table is not None else 0)
    for i, grade in enumerate(LENDABLE):
        lines.append(
            Line(view.t("churn_line", grade=grade), block.ref(offset + i), _COLOURS[grade], x=block.ref(0),
                 dash=_DASHES[grade], smooth=True)  # type: ignore[arg-type]
        )  # fmt: skip
    if table is not None:
        for i, grade in enumerate(LENDABLE):
            lines.append(
                Line(view.t("churn_points", grade=grade), block.ref(1 + i), _COLOURS[grade], x=block.ref(0),
                     marker=_MARKERS[grade], width=0)
            )  # fmt: skip
    made = chart(
        canvas.sheet, f"{'I' if table is not None else 'F'}{block.header}", "scatter_line",
        view.t("churn_chart"), lines, lang=view.lang, size=(19, 11.5), legend="b",
        x=Axis(view.t("axis_rate"), "0%", low=0.04, high=0.15, step=0.01),
        y=Axis(view.t("axis_churn"), "0%", low=0, high=1, step=0.2),
    )  # fmt: skip
    for series, line in zip(made.series, lines, strict=True):
        if line.width == 0:
            series.graphicalProperties.line.solidFill = None
            series.graphicalProperties.line.noFill = True
    row = block.last + 2
    for grade in LENDABLE:
        known = a.curves.coefficients[grade]
        if a.curves.model != "isotonic":
            values = {name: f"{value:.6g}".replace("-", "−") for name, value in zip("abc", known, strict=True)}
            canvas.prose(row, 1, 16, view.t(f"churn_formula_{a.curves.model}", grade=grade, **values), NOTE)
            row += 1
    canvas.freeze(block.first)
    canvas.page(view.t("footer"), tall=False)
