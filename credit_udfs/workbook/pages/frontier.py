"""What profit costs in risk, churn or money: one chart and one table per frontier."""

from __future__ import annotations

import numpy as np

from credit_udfs.core.allocation.frontier import Frontier
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import WAN_YUAN, View
from credit_udfs.workbook.style import CELL, INTEGER, MUTED, NAVY, ORANGE, PALE, PERCENT, WAN, number

SPAN = 14
_CHART_ROWS = 18


def draw(canvas: Canvas, view: View) -> None:
    fronts: list[Frontier] = [f for f in view.extras.frontiers if f.points]
    canvas.widths({**dict.fromkeys(range(1, 7), 15.0), **dict.fromkeys(range(7, SPAN + 1), 13.0)})
    between = "" if view.lang == "zh" else " "  # after a Chinese full stop nothing
    row = canvas.heading(view.t("frontier_title"), between.join(finding(view, f) for f in fronts), SPAN,
                         note=view.t("frontier_note"))  # fmt: skip
    breaks = []
    for i, front in enumerate(fronts):
        if i:
            breaks.append(row - 1)
        row = _front(canvas, view, front, row, i) + 2
    canvas.page(view.t("footer"), scale=68, breaks=breaks)


def finding(view: View, front: Frontier) -> str:
    """What the last fifth of the way costs: most of the profit comes early."""
    values, used = front.values, np.array([p.used for p in front.points])
    top = float(values.max())
    if top <= 0:
        return view.t("frontier_none")
    at = int(np.argmax(values >= 0.9 * top))
    share = float(used[at] / used[-1]) if used[-1] else 0.0
    return view.t(f"frontier_{front.against}", profit=0.9, share=share)


def _front(canvas: Canvas, view: View, front: Frontier, row: int, number_: int) -> int:
    money = front.against != "churn"
    divisor, fmt = (WAN_YUAN, WAN) if money else (1.0, PERCENT)
    row = canvas.section(row, 1, SPAN, view.t(f"frontier_section_{front.against}"))
    columns = [
        Column(view.t(f"frontier_ceiling_{front.against}"), number(fmt)),
        Column(view.t("frontier_used"), number(fmt)),
        Column(view.t("frontier_value"), number(WAN)), Column(view.t("frontier_bound"), number(WAN)),
        Column(view.t("frontier_price"), number("#,##0.0000")), Column(view.t("col_firms"), number(INTEGER)),
    ]  # fmt: skip
    # Price: profit per unit of the ceiling; per percentage point for a churn rate.
    per = 1.0 if money else WAN_YUAN * 100
    rows = [
        (p.ceiling / divisor, p.used / divisor, p.value / WAN_YUAN, p.bound / WAN_YUAN, p.price / per,
         p.plan.totals.clients)
        for p in front.points
    ]  # fmt: skip
    plan = view.assessment.plan
    at = {
        "expected_loss": plan.totals.committed_loss, "churn": plan.totals.mean_churn, "budget": plan.totals.lent,
        "risk": float((plan.amount[plan.lend] * plan.problem.firms.risk_value[plan.lend]).sum()),
    }[front.against] / divisor  # fmt: skip
    name = RESULT_TABLES["frontier"] + ("" if number_ == 0 else str(number_ + 1))
    block = canvas.table(row, 1, columns, rows, name, fit=False, filters=False)
    # The plan itself, on a line of its own below the table.
    own = block.last + 1
    for c, (value, column) in enumerate(zip((at, at, plan.value / WAN_YUAN), columns, strict=False), 1):
        canvas.put(own, c, value, column.look.on(fill=PALE, bold=True))
    canvas.merge(own, 4, own, 6, view.t("frontier_plan"), CELL.on(fill=PALE, bold=True, across="left", indent=1))
    sheet = block.ref(0).split("!")[0]
    chart(
        canvas.sheet, address(row, 8), "scatter_line", finding(view, front).rstrip("。."),
        [Line(view.t("frontier_value"), block.ref(2), NAVY, x=block.ref(0)),
         Line(view.t("frontier_bound"), block.ref(3), MUTED, x=block.ref(0), dash="sysDot", width=1.5),
         Line(view.t("frontier_plan"), f"{sheet}!$C${own}", ORANGE, x=f"{sheet}!$B${own}", marker="diamond", width=0,
              size=10)],
        lang=view.lang, size=(17.4, 9.0), legend="b",
        x=Axis(view.t(f"frontier_ceiling_{front.against}"), "#,##0" if money else "0%"),
        y=Axis(view.t("frontier_value"), "#,##0", low=0),
    )  # fmt: skip
    return max(own, row + _CHART_ROWS)
