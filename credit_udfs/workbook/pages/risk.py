"""What the plan may lose in a year: the exact distribution, a simulation beside it, and where the money stands."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from credit_udfs.core.allocation.risk import LEVELS
from credit_udfs.core.plan_risk import Estimate, PlanRisk, exceedance
from credit_udfs.locale import text
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import WAN_YUAN, View
from credit_udfs.workbook.style import (
    BLUE,
    CELL,
    CENTRE,
    FINE,
    NAVY,
    NOTE,
    ORANGE,
    PERCENT,
    PERCENT_SHORT,
    WAN,
    WAN_SHORT,
    number,
)

SPAN = 13
_MOST_BANDS = 30
_TOP = 10
_CHART = (14.6, 8.6)  # cm
_CHART_ROWS = 16
_SCALE = 70
_BESIDE = 8  # the charts' first column


def draw(canvas: Canvas, view: View) -> None:
    found: PlanRisk = view.extras.risk
    first = 31 if view.lang == "zh" else 38
    canvas.widths({1: first, **dict.fromkeys(range(2, SPAN + 1), 12.5)})
    terms = view.assessment.plan.problem.terms
    row = canvas.heading(
        _t(view, "title"), finding(view), SPAN,
        note=_t(view, "note", draws=found.simulated.size, lgd=terms.lgd),
    )  # fmt: skip
    top = canvas.section(row, 1, SPAN, _t(view, "section_figures"))
    end = max(_figures(canvas, view, top) + 1, top + _CHART_ROWS - 1)
    row = _losses(canvas, view, canvas.section(end + 1, 1, SPAN, _t(view, "section_losses")), top)
    # A long table of losses has a page of its own.
    breaks = [end, row - 1] if row - end > _CHART_ROWS + 4 else [row - 1]
    row = _exposures(canvas, view, canvas.section(row, 1, SPAN, _t(view, "section_exposures")))
    _concentration(canvas, view, canvas.section(row, 1, SPAN, _t(view, "section_concentration")))
    canvas.page(view.t("footer"), breaks=breaks, scale=_SCALE)


def _t(view: View, key: str, **values: object) -> str:
    return text(f"risk.{key}", view.lang, **values)


def finding(view: View) -> str:
    found: PlanRisk = view.extras.risk
    exact = found.drawn
    return _t(
        view, "finding", expected=view.money(exact.expected), var=view.money(exact.var[0.99]),
        shortfall=view.money(exact.shortfall[0.99]), red=found.chance_of_red, margin=view.money(found.margin),
        times=exact.var[0.99] / exact.expected if exact.expected else 0.0,
    )  # fmt: skip


def _estimates(found: PlanRisk) -> Mapping[tuple[str, float], Estimate]:
    levels = {("var", level): found.var(level) for level in LEVELS}
    return {("expected", 0.0): found.mean(), **levels, **{("shortfall", v): found.shortfall(v) for v in LEVELS}}


def _exact(found: PlanRisk, key: str, level: float) -> float:
    if key == "expected":
        return found.drawn.expected
    return float((found.drawn.var if key == "var" else found.drawn.shortfall)[level])


def _agreement(found: PlanRisk) -> tuple[int, int]:
    """How many exact figures lie within the simulation's intervals, of how many; half a lattice step counts in."""
    slack = 0.5 * found.drawn.step
    inside = [
        estimate.low - slack <= _exact(found, key, level) <= estimate.high + slack
        for (key, level), estimate in _estimates(found).items()
    ]
    return sum(inside), len(inside)


def _figures(canvas: Canvas, view: View, row: int) -> int:
    found: PlanRisk = view.extras.risk
    estimates = _estimates(found)
    columns = [
        Column(_t(view, "col_figure"), CELL),
        *(Column(_t(view, f"col_{key}"), number(WAN)) for key in ("exact", "simulated", "low", "high", "committed")),
    ]

    def line(label: str, exact: float, estimate: Estimate | None, committed: float | None) -> list[object]:
        three = [None] * 3 if estimate is None else [estimate.value, estimate.low, estimate.high]
        values = [exact, *three, committed]
        return [label, *(None if value is None else value / WAN_YUAN for value in values)]

    rows = [
        line(_t(view, "row_expected"), found.drawn.expected, estimates["expected", 0.0], found.committed.expected),
        line(_t(view, "row_deviation"), found.drawn.deviation, None, found.committed.deviation),
    ]
    for level in LEVELS:
        for key in ("var", "shortfall"):
            committed = (found.committed.var if key == "var" else found.committed.shortfall)[level]
            label = _t(view, f"row_{key}", level=level * 100)
            rows.append(line(label, _exact(found, key, level), estimates[key, level], committed))
    rows.append(line(_t(view, "row_granular"), found.granular, None, None))
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["risk"], fit=False, filters=False)
    inside, count = _agreement(found)
    said = _t(view, "agrees") if inside == count else _t(view, "differs", inside=inside, count=count)
    canvas.prose(block.last + 1, 1, 6, said, NOTE)
    return block.last + 1


def _bands(found: PlanRisk) -> list[float]:
    """Upper ends of the bands, yuan: nothing, then multiples of the largest single loss, until beyond 99.95%."""
    distribution = found.drawn
    cumulated = np.cumsum(distribution.probabilities)
    end = distribution.step * int(np.searchsorted(cumulated, 0.9995))
    if not end > 0.0:
        return [0.0]
    lattice = distribution.step
    # Equal loans lose whole multiples of one loss: other bands would comb them.
    each = max(lattice, found.largest)
    width = each * max(1.0, np.ceil(end / (_MOST_BANDS * each)))
    return [width * k for k in range(int(np.ceil(end / width)) + 1)]


def _losses(canvas: Canvas, view: View, row: int, above: int) -> int:
    """The table of bands from `row`, with the chart of the tail beside it; that of the bands stands at `above`."""
    found: PlanRisk = view.extras.risk
    ends = _bands(found)
    more = [exceedance(found.drawn, end) for end in ends]
    chances = [1.0 - more[0], *(before - after for before, after in pairwise(more))]
    columns = [
        Column(_t(view, "col_up_to"), number(WAN_SHORT)), Column(_t(view, "col_chance"), number("0.000%")),
        Column(_t(view, "col_more"), number("0.000%")), Column(_t(view, "col_more_simulated"), number("0.000%")),
    ]  # fmt: skip
    # No point at zero: it has no place on a scale of powers of ten.
    rows = [
        (end / WAN_YUAN, chance, after or None, found.exceeded(end) or None)
        for end, chance, after in zip(ends, chances, more, strict=True)
    ]
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["losses"], fit=False, filters=False)
    var = found.drawn.var
    chart(
        canvas.sheet, address(above, _BESIDE), "column",
        _t(view, "chart_bands", none=chances[0], var=view.money(var[0.95])),
        [Line(_t(view, "col_chance"), block.ref(1), BLUE)],
        lang=view.lang, categories=block.ref(0), size=_CHART, gap=15,
        x=Axis(_t(view, "axis_loss"), "#,##0"), y=Axis(fmt="0%", low=0),
    )  # fmt: skip
    inside, count = _agreement(found)
    title = _t(view, "chart_tail" if inside == count else "chart_tail_differs", var=view.money(var[0.999]))
    chart(
        canvas.sheet, address(row, _BESIDE), "scatter_line", title,
        [Line(_t(view, "exact"), block.ref(2), NAVY, x=block.ref(0)),
         Line(_t(view, "simulated"), block.ref(3), ORANGE, x=block.ref(0), marker="circle", width=0.0)],
        lang=view.lang, size=_CHART, legend="b",
        x=Axis(_t(view, "axis_loss"), "#,##0", low=0),
        y=Axis(_t(view, "axis_more"), "0.###%", low=1e-4, high=1, log=True),
    )  # fmt: skip
    return max(block.last + 2, row + _CHART_ROWS + 1)


def _exposures(canvas: Canvas, view: View, row: int) -> int:
    plan = view.assessment.plan
    lgd, expected = plan.problem.terms.lgd, float(plan.expected_loss.sum()) or 1.0
    columns = [
        Column(view.t("col_name"), CELL), Column(view.t("col_firm"), CENTRE.on(bold=True)),
        Column(view.t("col_grade"), CENTRE), Column(view.t("col_pd"), number(PERCENT)),
        Column(view.t("col_rate"), number(PERCENT)), Column(view.t("col_amount_wan"), number(WAN)),
        Column(_t(view, "col_drawn"), number(WAN)), Column(_t(view, "col_default_loss"), number(WAN)),
        Column(view.t("col_loss_wan"), number(WAN)), Column(_t(view, "col_loss_share"), number(PERCENT_SHORT)),
    ]  # fmt: skip
    lent = np.flatnonzero(plan.lend)
    order = lent[np.lexsort((lent, -plan.expected_loss[lent], -plan.amount[lent]))][:_TOP].tolist()
    firms, rows_of = plan.problem.firms, view.assessment.applicants
    rows = [
        (view.names[int(rows_of[j])], firms.ids[j], view.applicant_grades[j], firms.pd[j], plan.rate[j],
         plan.amount[j] / WAN_YUAN, plan.amount[j] * (1.0 - plan.churn[j]) / WAN_YUAN,
         plan.amount[j] * lgd / WAN_YUAN, plan.expected_loss[j] / WAN_YUAN, plan.expected_loss[j] / expected)
        for j in order
    ]  # fmt: skip
    return canvas.table(row, 1, columns, rows, fit=False).last + 2


def _concentration(canvas: Canvas, view: View, row: int) -> None:
    found: PlanRisk = view.extras.risk
    plan, spread = view.assessment.plan, found.concentration
    columns = [
        Column(_t(view, "col_figure"), CELL), Column(_t(view, "col_index"), number(FINE)),
        Column(_t(view, "col_equal"), number("0.0")), Column(_t(view, "col_largest"), number(PERCENT_SHORT)),
    ]  # fmt: skip
    lent = float(plan.amount.sum())
    largest = {
        "firms": float(plan.amount.max()) / lent if lent else 0.0,
        "grades": max(spread.grade_share.values(), default=0.0),
        "industries": max((part for key, part in spread.industry_share.items() if key), default=0.0),
    }
    rows = []
    for key, part in largest.items():
        index = float(getattr(spread, key))
        rows.append((_t(view, f"hhi_{key}"), index, 1.0 / index if index else None, part))
    canvas.table(row, 1, columns, rows, fit=False)
