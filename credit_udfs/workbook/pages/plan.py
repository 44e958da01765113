"""The lending plan, firm by firm, with totals that follow the filter."""

from __future__ import annotations

import numpy as np

from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.summary import budget_worth
from credit_udfs.workbook.pages.view import WAN_YUAN, View
from credit_udfs.workbook.style import CELL, CELL_WRAP, CENTRE, DECIMAL, PALE, PERCENT, WAN, WAN_SHORT, number

KEYS = ["id", "name", "grade", "pd", "decision", "amount", "rate", "churn", "profit", "loss", "earning", "margin",
        "why", "flip_pd", "flip_budget", "advice"]  # fmt: skip
AMOUNT, PROFIT, LOSS = 6, 9, 10  # columns, from 1
FIRST_HALF = 12  # columns on a printed page; why and what would change it are on the next


def draw(canvas: Canvas, view: View) -> None:
    plan = view.assessment.plan
    firms, rows = plan.problem.firms, view.assessment.applicants.tolist()
    columns = [
        Column(view.t("col_firm"), CENTRE.on(bold=True), 10), Column(view.t("col_name"), CELL, 30),
        Column(view.t("col_grade"), CENTRE, 8), Column(view.t("col_pd"), number(PERCENT), 10),
        Column(view.t("col_decision"), CENTRE, 10), Column(view.t("col_amount_wan"), number(WAN), 15),
        Column(view.t("col_rate"), number(PERCENT), 10), Column(view.t("col_churn"), number(PERCENT), 10),
        Column(view.t("col_profit_wan"), number(WAN), 17), Column(view.t("col_loss_wan"), number(WAN), 17),
        Column(view.t("col_earning"), number(DECIMAL), 21), Column(view.t("col_margin"), number(DECIMAL), 18),
        Column(view.t("col_why"), CELL_WRAP.on(size=8, across="left", indent=1), 58 if view.lang == "zh" else 68),
        Column(view.t("col_flip_pd"), number(PERCENT), 13), Column(view.t("col_flip_budget"), number(WAN_SHORT), 15),
        Column(view.t("col_advice"), CELL_WRAP.on(size=8, across="left", indent=1), 68 if view.lang == "zh" else 84),
    ]  # fmt: skip
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    note = view.t("plan_note", formula=view.t(f"formula_{view.objective}"))
    row = canvas.heading(view.t("plan_title"), _finding(view), FIRST_HALF, note=note)

    def line(j: int) -> list[object]:
        lend = bool(plan.lend[j])
        flip_pd, flip_budget = view.flips(j)
        return [
            firms.ids[j], view.names[rows[j]], view.applicant_grades[j], firms.pd[j],
            view.t("lend" if lend else "refuse"), plan.amount[j] / WAN_YUAN, plan.rate[j], plan.churn[j],
            plan.profit[j] / WAN_YUAN, plan.expected_loss[j] / WAN_YUAN, plan.earning[j] * WAN_YUAN,
            _exact(plan.margin[j] * WAN_YUAN), view.why(j), flip_pd,
            None if flip_budget is None else flip_budget / WAN_YUAN, view.advice(j),
        ]  # fmt: skip

    block = canvas.table(row + 1, 1, columns, (line(j) for j in range(len(firms))), RESULT_TABLES["plan"])
    canvas.book.publish("plan", KEYS, block)
    total = CELL.on(bold=True, fill=PALE)
    for c in range(1, len(columns) + 1):
        canvas.put(row, c, None, total)
    canvas.put(row, 1, view.t("total"), total.on(across="center"))
    canvas.put(row, 2, view.t("total_note"), total.on(bold=False, size=9))
    for column, values in ((AMOUNT, plan.amount), (PROFIT, plan.profit), (LOSS, plan.expected_loss)):
        area = block.ref(column - 1, sheet=False).replace("$", "")
        canvas.formula(
            row, column, f"=SUBTOTAL(109,{area})", number(WAN, total),
            value=float(sum(float(v) / WAN_YUAN for v in values)),
        )  # fmt: skip
    count = block.ref(AMOUNT - 1, sheet=False).replace("$", "")
    lent = int(plan.lend.sum())
    first = address(block.first, AMOUNT)
    canvas.formula(
        row, 5,
        f"=SUMPRODUCT(SUBTOTAL(102,OFFSET({first},ROW({count})-ROW({first}),0))*({count}>0))",
        total.on(number=view.t("firms_format"), across="center"), value=lent,
    )  # fmt: skip
    for r in range(block.first, block.last + 1):
        canvas.height(r, 24)
    whole = f"A{block.first}:{address(block.last, len(columns))}"
    canvas.shade_if(whole, f"$F{block.first}>0", "EAF1F8")
    canvas.data_bar(block.ref(AMOUNT - 1, sheet=False).replace("$", ""), "9DC3E6")
    canvas.freeze(block.first, 3)
    canvas.page(view.t("footer"), repeat=(block.header, block.header), halves=(2, FIRST_HALF),
                scale=(58, 68) if view.lang == "zh" else (54, 61))  # fmt: skip


def _exact(value: float) -> float:
    """Nothing where only rounding is left of a number, or it would be shown as -0.00."""
    return 0.0 if abs(value) < 1e-6 else float(value)


def _finding(view: View) -> str:
    plan = view.assessment.plan
    lent = np.flatnonzero(plan.lend)
    if not lent.size:
        return view.t("plan_finding_none")
    said = view.t(
        "plan_finding", lent=lent.size, low=float(plan.rate[lent].min()), high=float(plan.rate[lent].max()),
        rate=plan.totals.mean_rate, pd=float(plan.problem.firms.pd[lent].max()),
    )  # fmt: skip
    return said + " " * (view.lang == "en") + budget_worth(view)
