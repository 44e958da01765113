"""The decision on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from credit_udfs.core.allocation.plan import LimitUse, Unit
from credit_udfs.core.plan_risk import PlanRisk
from credit_udfs.locale import text
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.pages.view import FATES, WAN_YUAN, View
from credit_udfs.workbook.style import (
    BLUE,
    CELL,
    CENTRE,
    FINDING,
    GRADE_COLOURS,
    INTEGER,
    MUTED,
    NOTE,
    PERCENT,
    PERCENT_SHORT,
    TILE_LABEL,
    TILE_NOTE,
    TILE_VALUE,
    WAN,
    lines,
    number,
)

COLUMNS = 12
_TOP = 8
_LIMITS = 8
# Of a limit's unit: the number format, what numbers are divided by, and by how much easing it has its worth.
_UNITS: Mapping[Unit, tuple[str, float, float]] = {
    "yuan": (WAN, WAN_YUAN, 1e6), "share": (PERCENT, 1.0, 0.01), "count": (INTEGER, 1.0, 1.0),
}  # fmt: skip


def draw(canvas: Canvas, view: View) -> None:
    canvas.widths(dict.fromkeys(range(1, COLUMNS + 1), 12.0))
    row = canvas.heading(view.t("summary_title"), finding(view), COLUMNS)
    row = _tiles(canvas, view, row)
    canvas.prose(row, 1, COLUMNS, proof(view), FINDING.on(size=10))
    canvas.height(row + 1, 8)
    row += 2
    left = _fates(canvas, view, row)
    right = _limits(canvas, view, row)
    end, tall = max(left, right), False
    for r in range(row + 2, end):
        said = str(canvas.sheet.cell(r, 7).value or "")
        tall = tall or lines(said, 38) > 1
    for r in range(row + 2, end):
        canvas.height(r, 28 if tall else 20)
    canvas.prose(end, 7, 12, view.t("limits_note"), NOTE)
    row = end + 1
    _exposures(canvas, view, row)
    _industries(canvas, view, row)
    canvas.page(view.t("footer"), tall=False)


def finding(view: View) -> str:
    a, totals = view.assessment, view.assessment.plan.totals
    return view.t(
        "summary_finding",
        applicants=len(view.fates),
        lent=totals.clients,
        amount=view.money(totals.lent),
        share=totals.lent / a.settings.budget if a.settings.budget else 0.0,
        profit=view.money(totals.profit),
        refused=len(view.fates) - totals.clients,
    )


def proof(view: View) -> str:
    """How good the plan is, and what more money would earn, in words."""
    plan = view.assessment.plan
    values = {"value": view.money(plan.value), "bound": view.money(plan.bound)}
    if np.isnan(plan.gap) or not np.isfinite(plan.bound):
        said = view.t("proof_none", **values)
    elif plan.gap <= 1e-9:
        said = view.t("proof_exact", **values)
    else:
        said = view.t("proof_gap", gap=plan.gap, **values)
    between = " " * (view.lang == "en")
    return between.join(filter(None, [said, budget_worth(view), bad_year(view)]))


def bad_year(view: View) -> str:
    """What one year in a hundred costs, where the risk was worked out."""
    risk: PlanRisk | None = view.extras.risk
    if risk is None:
        return ""
    exact = risk.drawn
    return text(
        "risk.bad_year", view.lang, var=view.money(exact.var[0.99]), shortfall=view.money(exact.shortfall[0.99])
    )


def budget_worth(view: View) -> str:
    price = view.assessment.plan.price
    if price > 0:
        return view.t("worth_more", worth=view.money(price * 1e6))
    return view.t("worth_nothing")


def _tiles(canvas: Canvas, view: View, row: int) -> int:
    a, totals = view.assessment, view.assessment.plan.totals
    scored = int((a.scores.grade >= 0).sum())
    budget = a.settings.budget
    risk = totals.expected_loss / totals.drawn if totals.drawn else 0.0
    tiles = [
        ("scored", scored, INTEGER, view.t("tile_scored_note", firms=len(view.ids), applicants=len(view.fates))),
        ("lent", totals.clients, INTEGER, view.t("tile_lent_note", refused=len(view.fates) - totals.clients)),
        (
            "amount", totals.lent / WAN_YUAN, WAN,
            view.t("tile_amount_note", share=totals.lent / budget if budget else 0.0),
        ),
        ("profit", totals.profit / WAN_YUAN, WAN, view.t("tile_profit_note", drawn=view.money(totals.drawn))),
        ("loss", totals.expected_loss / WAN_YUAN, WAN, view.t("tile_loss_note", share=risk)),
        (
            "churn", totals.mean_churn, PERCENT_SHORT,
            view.t("tile_churn_note", rate=totals.mean_rate) if totals.clients else "",
        ),
    ]  # fmt: skip
    for i, (key, value, fmt, note) in enumerate(tiles):
        at = 1 + 2 * i
        # A white line to the right of every tile but the last keeps them apart.
        canvas.merge(row, at, row, at + 1, view.t(f"tile_{key}"), TILE_LABEL)
        canvas.merge(row + 1, at, row + 1, at + 1, value, TILE_VALUE.on(number=fmt))
        canvas.merge(row + 2, at, row + 2, at + 1, note, TILE_NOTE)
    canvas.height(row, 20)
    canvas.height(row + 1, 30)
    canvas.height(row + 2, 28)
    canvas.height(row + 3, 8)
    return row + 4


def _fates(canvas: Canvas, view: View, row: int) -> int:
    """Who gets a loan and why the others don't."""
    plan = view.assessment.plan
    row = canvas.section(row, 1, 5, view.t("summary_fates"))
    counts = {fate: view.fates.count(fate) for fate in FATES}
    _head(canvas, row, 1, [view.t("col_decision"), None, None, view.t("col_firms"), view.t("col_amount_wan")])
    for fate in FATES:
        if not counts[fate]:
            continue
        row += 1
        canvas.merge(row, 1, row, 3, view.t(f"fate_{fate}"), CELL)
        canvas.put(row, 4, counts[fate], number(INTEGER))
        amount = float(plan.amount.sum()) / WAN_YUAN if fate == "lent" else 0.0
        canvas.put(row, 5, amount, number(WAN))
    return row + 1


def _limits(canvas: Canvas, view: View, row: int) -> int:
    """What binds, and what easing it would earn."""
    row = canvas.section(row, 7, 12, view.t("summary_limits"))
    _head(canvas, row, 7, [view.t("col_limit"), None, None, view.t("col_used"), view.t("col_allowed"),
                           view.t("col_limit_worth")])  # fmt: skip
    limits, left_out = _tightest(view.assessment.plan.limits)
    for use in limits:
        row += 1
        fmt, divisor, per = _UNITS[use.unit]
        canvas.merge(row, 7, row, 9, use.sentence(view.lang).rstrip("。."), CELL.on(wrap=True))
        canvas.put(row, 10, use.used / divisor, number(fmt))
        canvas.put(row, 11, use.allowed / divisor, number(fmt))
        canvas.put(row, 12, use.price * per / WAN_YUAN, number(WAN))
    if left_out:
        row += 1
        canvas.merge(row, 7, row, 12, view.t("limits_left_out", count=left_out), CELL.on(ink=MUTED))
    return row + 1


def _tightest(limits: Sequence[LimitUse]) -> tuple[list[LimitUse], int]:
    """What binds first, dearest first, then what is closest to binding; and how many are left out.

    Of the limits on every industry, those that don't bind are said by the closest.
    """
    order = sorted(limits, key=lambda use: (not use.binding, -use.price, use.slack / max(abs(use.allowed), 1e-9)))
    shown: list[LimitUse] = []
    for use in order:
        again = not use.binding and use.name == "sector" and any(other.name == "sector" for other in shown)
        if len(shown) < _LIMITS and not again:
            shown.append(use)
    return shown, len(limits) - len(shown)


def _head(canvas: Canvas, row: int, column: int, headers: list[str | None]) -> None:
    """A header whose first label spans the blanks that follow it."""
    from credit_udfs.workbook.style import HEAD

    spans = 1 + next((i for i, h in enumerate(headers[1:]) if h is not None), 0)
    canvas.merge(row, column, row, column + spans - 1, headers[0], HEAD.on(across="left", indent=1))
    for i in range(spans, len(headers)):
        canvas.put(row, column + i, (headers[i] or "").replace("（", "\n（"), HEAD)
    canvas.height(row, 34 if canvas.lang == "zh" else 44)


def _exposures(canvas: Canvas, view: View, row: int) -> int:
    plan = view.assessment.plan
    row = canvas.section(row, 1, 7, view.t("summary_exposures"))
    columns = [
        Column(view.t("col_firm"), CENTRE, 12), Column(view.t("col_grade"), CENTRE, 12),
        Column(view.t("col_pd"), number(PERCENT), 12), Column(view.t("col_amount_wan"), number(WAN), 12),
        Column(view.t("col_rate"), number(PERCENT), 12), Column(view.t("col_profit_wan"), number(WAN), 12),
        Column(view.t("col_loss_wan"), number(WAN), 12),
    ]  # fmt: skip
    order = sorted(np.flatnonzero(plan.lend).tolist(), key=lambda j: (-plan.amount[j], -plan.expected_loss[j], j))[
        :_TOP
    ]
    ids = plan.problem.firms.ids
    rows = [
        (
            ids[j], view.applicant_grades[j], plan.problem.firms.pd[j], plan.amount[j] / WAN_YUAN,
            plan.rate[j], plan.profit[j] / WAN_YUAN, plan.expected_loss[j] / WAN_YUAN,
        )
        for j in order
    ]  # fmt: skip
    block = canvas.table(row, 1, columns, rows, fit=False)
    canvas.prose(block.last + 1, 1, 7, view.t("summary_exposures_note"), NOTE)
    return block.last + 1


def _industries(canvas: Canvas, view: View, row: int) -> None:
    """Lent by grade: the chart's figures stand beside it, so that nothing is hidden."""
    plan = view.assessment.plan
    by_grade = {label: amount for label, _, amount, _, _ in view.lent_by(view.applicant_grades)}
    grades = [g for g in GRADE_COLOURS if g != "D"]
    row = canvas.section(row, 9, 12, view.t("summary_by_grade"))
    _head(canvas, row, 9, [view.t("col_grade"), view.t("col_firms"), view.t("col_amount_wan"), view.t("col_share")])
    firms = {label: count for label, count, *_ in view.lent_by(view.applicant_grades)}
    lent = float(plan.amount.sum())
    for i, grade in enumerate(grades, row + 1):
        canvas.put(i, 9, grade, CENTRE)
        canvas.put(i, 10, firms.get(grade, 0), number(INTEGER))
        canvas.put(i, 11, by_grade.get(grade, 0.0) / WAN_YUAN, number(WAN))
        canvas.put(i, 12, by_grade.get(grade, 0.0) / lent if lent else 0.0, number(PERCENT_SHORT))
    best = max(grades, key=lambda g: by_grade.get(g, 0.0))
    title = (
        view.t("summary_chart", grade=best, share=by_grade.get(best, 0.0) / lent) if lent
        else view.t("summary_chart_none")
    )  # fmt: skip
    sheet = canvas.sheet.title.replace("'", "''")
    last = row + len(grades)
    chart(
        canvas.sheet, address(last + 2, 9), "bar", title,
        [Line(view.t("col_amount_wan"), f"'{sheet}'!$K${row + 1}:$K${last}", BLUE,
              colours=[GRADE_COLOURS[g] for g in grades], labels=WAN)],
        lang=view.lang, categories=f"'{sheet}'!$I${row + 1}:$I${last}", size=(9.3, 4.6), reverse=True,
        y=Axis(hidden=True, low=0), gap=40, plot=(0.08, 0.2, 0.68, 0.75),
    )  # fmt: skip
