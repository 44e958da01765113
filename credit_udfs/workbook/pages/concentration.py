"""How the money lent is spread over grades, industries and firms."""

from __future__ import annotations

import numpy as np

from credit_udfs.types import Floats
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Block, Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.pages.view import WAN_YUAN, View
from credit_udfs.workbook.style import CELL, CENTRE, INTEGER, NAVY, ORANGE, PERCENT_SHORT, WAN, number


def draw(canvas: Canvas, view: View) -> None:
    plan = view.assessment.plan
    first, others = (18.0, 13.0) if view.lang == "zh" else (38.0, 16.5)
    canvas.widths({1: first, **dict.fromkeys(range(2, 8), others), **dict.fromkeys(range(8, 17), 9.0)})
    # Ordered by key, then named: no order depends on the language.
    by_key = view.lent_by(view.applicant_industries)
    by_industry = [(view.industry_name(r[0]), r[1], r[2], r[3], r[4]) for r in by_key]
    by_grade = sorted(view.lent_by(view.applicant_grades))
    lent = float(plan.amount.sum())
    shares = np.sort(plan.amount[plan.lend] / lent)[::-1] if lent else np.zeros(0)
    # Firms whose name doesn't tell are no industry.
    known = [(row[0], row[2] / lent) for row, (key, *_) in zip(by_industry, by_key, strict=True) if key and lent]
    row = canvas.heading(
        view.t("concentration_title"), finding(view, shares, known), 16, note=view.t("concentration_note")
    )
    row = canvas.section(row, 1, 7, view.t("concentration_by_grade"))
    grades = _table(canvas, view, row, view.t("col_grade"), by_grade, CENTRE)
    row = canvas.section(grades.last + 2, 1, 7, view.t("concentration_by_industry"))
    block = _table(canvas, view, row, view.t("col_industry"), by_industry, CELL)
    riskiest = max(by_grade, key=lambda r: r[4] / r[2] if r[2] else 0.0) if by_grade else None
    chart(
        canvas.sheet, address(grades.header - 1, 9), "column",
        view.t("concentration_chart_grade", grade=riskiest[0], share=riskiest[4] / riskiest[2])
        if riskiest else view.t("summary_chart_none"),
        [Line(view.t("share_of_lent"), grades.ref(3), NAVY, labels="0%"),
         Line(view.t("share_of_loss"), grades.ref(6), ORANGE, labels="0%")],
        lang=view.lang, categories=grades.ref(0), size=(15.5, 6.6), y=Axis(fmt="0%", low=0, hidden=True), gap=80,
    )  # fmt: skip
    chart(
        canvas.sheet, address(grades.header + 12, 9), "bar",
        _largest(view, "concentration_chart", known) if known
        else view.t("concentration_chart_unknown" if lent else "summary_chart_none"),
        [Line(view.t("share_of_lent"), block.ref(3), NAVY, labels="0.0%")],
        lang=view.lang, categories=block.ref(0), size=(15.5, max(6.0, 0.62 * len(by_industry) + 2.2)),
        y=Axis(fmt="0%", low=0, hidden=True), reverse=True, gap=35, plot=(0.3, 0.12, 0.56, 0.85),
    )  # fmt: skip
    row = canvas.section(block.last + 2, 1, 7, view.t("concentration_by_firm"))
    for count in (1, 5, 10, 20, 50):
        if count <= shares.size:
            canvas.put(row, 1, view.t("concentration_top", count=count), CELL)
            canvas.put(row, 2, float(shares[:count].sum()), number(PERCENT_SHORT))
            row += 1
    canvas.put(row, 1, view.t("concentration_hhi"), CELL)
    canvas.put(row, 2, float((shares**2).sum()), number("0.0000"))
    canvas.put(row + 1, 1, view.t("concentration_equal"), CELL)
    hhi = float((shares**2).sum())
    canvas.put(row + 1, 2, 1.0 / hhi if hhi else None, number("0.0"))
    canvas.page(view.t("footer"), tall=False)


def finding(view: View, shares: Floats, known: list[tuple[str, float]]) -> str:
    """shares: of the firms lent to, largest first; known: of the industries that names tell."""
    if not shares.size:
        return view.t("concentration_finding_none")
    said = view.t(
        "concentration_finding", firms=shares.size, hhi=float((shares**2).sum()), ten=float(shares[:10].sum())
    )
    if not known:
        return said + view.t("concentration_finding_all_unknown") + view.stop
    said += _largest(view, "concentration_finding", known)
    rest = 1.0 - sum(share for _, share in known)
    return said + (view.t("concentration_finding_unknown", share=rest) if rest > 1e-9 else "") + view.stop


def _largest(view: View, key: str, known: list[tuple[str, float]]) -> str:
    """The largest industry, or how many share that place."""
    name, share = known[0]
    level = sum(one > share - 1e-9 for _, one in known)
    kind = "industry" if level == 1 else "level"
    return view.t(f"{key}_{kind}", industry=name, share=share, count=level)


def _table(canvas: Canvas, view: View, row: int, label: str, rows: list[tuple[str, int, float, float, float]],
           look: object) -> Block:  # fmt: skip
    lent = sum(r[2] for r in rows) or 1.0
    loss = sum(r[4] for r in rows) or 1.0
    columns = [
        Column(label, look), Column(view.t("col_firms"), number(INTEGER)),  # type: ignore[arg-type]
        Column(view.t("col_amount_wan"), number(WAN)), Column(view.t("share_of_lent"), number(PERCENT_SHORT)),
        Column(view.t("col_profit_wan"), number(WAN)), Column(view.t("col_loss_wan"), number(WAN)),
        Column(view.t("share_of_loss"), number(PERCENT_SHORT)),
    ]  # fmt: skip
    return canvas.table(
        row, 1, columns,
        [(name, firms, amount / WAN_YUAN, amount / lent, profit / WAN_YUAN, expected / WAN_YUAN, expected / loss)
         for name, firms, amount, profit, expected in rows],
        fit=False,
    )  # fmt: skip
