"""One firm, chosen from a list: facts, reasons, months, counterparties. Formulas only: it lives without macros."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from openpyxl.worksheet.datavalidation import DataValidation

from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.pages.firm_titles import Live, months_title, score_title
from credit_udfs.workbook.pages.view import PARTNERS, WAN_YUAN, View
from credit_udfs.workbook.style import (
    CELL,
    CELL_WRAP,
    CENTRE,
    FINDING,
    HEAD,
    INPUT,
    LABEL,
    MIST,
    MONTH,
    NAVY,
    NOTE,
    ORANGE,
    PERCENT,
    PERCENT_SHORT,
    SECTION,
    SIGNED,
    SKY,
    WAN,
    number,
)

COLUMNS = 12
SELECTED = "cu_firm"
_CHOICE = (4, 3)  # row and column of the cell with the chosen firm
_FACTS = 7
_MOST = 8  # indicators that there is room for


class _Sheet:
    """Formulas about the chosen firm, each with the value it has for the firm chosen at first."""

    def __init__(self, canvas: Canvas, view: View, row: int) -> None:
        self.canvas, self.view, self.row = canvas, view, row
        self.refs = canvas.book.refs
        self.plan_row = view.plan_row.get(row)

    def look_up(self, key: str) -> str:
        """The chosen firm's entry of a column of another page; "" where that is blank or the firm isn't there."""
        page = key.split(".")[0]
        at = f"MATCH({SELECTED},{self.refs[page + '.id']},0)"
        found = f"INDEX({self.refs[key]},{at})"
        return f'IFERROR(IF({found}="","",{found}),"")'

    def put(self, row: int, column: int, formula: str, look: Any, value: Any) -> None:
        if value is None or (isinstance(value, float) and np.isnan(value)):
            value = ""
        self.canvas.formula(row, column, "=" + formula, look, value=value)


def draw(canvas: Canvas, view: View) -> None:
    canvas.widths({1: 18, 2: 3, 3: 16, 4: 16, 5: 3, 6: 26, **dict.fromkeys(range(7, 11), 13.0), 11: 3, 12: 12})
    if view.lang == "en":
        canvas.widths({6: 34})
    chosen = _first(view)
    sheet = _Sheet(canvas, view, chosen)
    canvas.put(1, 1, view.t("firm_title"), FINDING.on(size=18, bold=True, ink=NAVY, wrap=False))
    canvas.height(1, 30)
    canvas.prose(2, 1, COLUMNS, view.t("firm_note"), NOTE)
    canvas.height(3, 8)
    _choice(canvas, view, chosen)
    _facts(sheet)
    _reasons(sheet)
    _partners(sheet)
    _months(sheet)
    canvas.page(view.t("footer"), landscape=False, tall=False, area=f"A1:K{_WATERFALL_AT - 4}")


def _first(view: View) -> int:
    """The firm shown at first: the lent one whose reasons are the most telling, else the first of all."""
    plan, scores = view.assessment.plan, view.assessment.scores
    rows = [int(r) for j, r in enumerate(view.assessment.applicants) if plan.lend[j] and int(r) in set(view.detailed)]
    if not rows:
        return view.detailed[0]
    return max(rows, key=lambda r: float(np.nansum(np.abs(scores.points[r]))))


def _choice(canvas: Canvas, view: View, chosen: int) -> None:
    row, column = _CHOICE
    canvas.put(row, 1, view.t("firm_choose"), LABEL.on(bold=True, line="none"))
    canvas.merge(row, column, row, column + 1, view.ids[chosen], INPUT.on(size=14, bold=True, across="center"))
    canvas.height(row, 26)
    canvas.book.name(SELECTED, canvas.sheet.title, address(row, column, fixed=True))
    rule = DataValidation(
        type="list", formula1="=" + canvas.book.refs["firm_data.id"], allow_blank=False,
        showErrorMessage=True, showInputMessage=True,
        errorTitle=view.t("firm_choose"), error=view.t("firm_choose_error"),
        promptTitle=view.t("firm_choose"), prompt=view.t("firm_choose_hint"),
    )  # fmt: skip
    canvas.validate(address(row, column), rule)
    name = view.names[chosen]
    sheet = _Sheet(canvas, view, chosen)
    canvas.merge(row, 6, row, 10, None, FINDING)
    sheet.put(row, 6, sheet.look_up("firms.name"), FINDING.on(bold=True, down="center", wrap=False), name)


def _facts(sheet: _Sheet) -> None:
    canvas, view, i, j = sheet.canvas, sheet.view, sheet.row, sheet.plan_row
    a = view.assessment
    plan, scores = a.plan, a.scores

    def of_plan(values: Any) -> Any:
        return None if j is None else float(values[j])

    def text_of(maker: Callable[[int], str]) -> str:
        return "" if j is None else maker(j)

    not_in_plan = view.t("not_in_plan")
    facts: list[tuple[str, str, str, Any]] = [
        ("col_industry", "firms.industry", "General", view.industry_names[i]),
        ("col_grade_on_record", "firms.grade_on_record", "General", a.tables.firms["grade"][i] or ""),
        ("col_grade_predicted", "firms.grade_predicted", "General", scores.grade_letter(i) or ""),
        ("col_score", "firms.score", "0.0", float(scores.score[i])),
        ("col_pd", "firms.pd", PERCENT, float(scores.pd[i])),
        ("col_decision", "firms.decision", "General",
         not_in_plan if j is None else view.t("lend" if plan.lend[j] else "refuse")),
        ("col_amount_wan", "plan.amount", WAN, None if j is None else float(plan.amount[j]) / WAN_YUAN),
        ("col_rate", "plan.rate", PERCENT, of_plan(plan.rate)),
        ("col_churn", "plan.churn", PERCENT, of_plan(plan.churn)),
        ("col_profit_wan", "plan.profit", WAN, None if j is None else float(plan.profit[j]) / WAN_YUAN),
    ]  # fmt: skip
    canvas.section(_FACTS - 1, 1, 4, view.t("firm_facts"))
    for k, (label, key, fmt, value) in enumerate(facts):
        row = _FACTS + k
        canvas.merge(row, 1, row, 2, view.t(label), LABEL)
        canvas.merge(row, 3, row, 4, None, CELL)
        sheet.put(row, 3, sheet.look_up(key), CELL.on(number=fmt, across="right"), value)
        canvas.height(row, 18)
    row = _FACTS + len(facts)
    for label, key, value, high in (
        ("col_why", "plan.why", text_of(view.why), 30),
        ("col_advice", "plan.advice", text_of(view.advice), 30),
        ("col_flags", "firms.flags", view.flags(i), 30),
    ):
        canvas.merge(row, 1, row, 2, view.t(label), LABEL)
        canvas.merge(row, 3, row, 10, None, CELL_WRAP)
        sheet.put(row, 3, sheet.look_up(key), CELL_WRAP, value)
        canvas.height(row, high)
        row += 1


def _reasons(sheet: _Sheet) -> None:
    """Indicators against the portfolio, and the score as a waterfall of reasons."""
    canvas, view, i = sheet.canvas, sheet.view, sheet.row
    a, keys = view.assessment, view.assessment.model.indicators
    x, points = view.indicators, a.scores.points
    shown, rest = _shown(view)
    canvas.section(_FACTS - 1, 6, 10, view.t("firm_indicators"))
    for c, label in enumerate(("firm_indicator", "firm_this", "firm_median", "firm_rank", "firm_points")):
        canvas.put(_FACTS, 6 + c, view.t(label), HEAD)
    canvas.height(_FACTS, 30)
    for n, k in enumerate(shown):
        row, key = _FACTS + 1 + n, keys[k]
        fmt, divisor = view.indicator_format(key)
        ref = sheet.refs[f"indicators.{key}"]
        column = x[:, k]
        known = column[~np.isnan(column)]
        value = float(x[i, k])
        this = address(row, 7)
        canvas.put(row, 6, view.indicator_header(key), CELL)
        sheet.put(row, 7, sheet.look_up(f"indicators.{key}"), number(fmt), value / divisor)
        middle = float(np.median(known)) / divisor if known.size else None
        sheet.put(row, 8, f'IFERROR(MEDIAN({ref}),"")', number(fmt), middle)
        rank = float((known < value).sum()) / known.size if known.size and not np.isnan(value) else None
        sheet.put(row, 9, f'IF({this}="","",COUNTIF({ref},"<"&{this})/COUNT({ref}))', number("0%"), rank)
        sheet.put(row, 10, sheet.look_up(f"indicators.points_{key}"), number(SIGNED), float(points[i, k]))
    steps = [(view.indicator_name(keys[k]), _FACTS + 1 + n, float(points[i, k])) for n, k in enumerate(shown)]
    if rest:
        row = _FACTS + 1 + len(shown)
        label = view.t("firm_others", count=len(rest))
        canvas.put(row, 6, label, CELL)
        for c in (7, 8, 9):
            canvas.put(row, c, None, CELL)
        terms = ",".join(f"N({sheet.look_up(f'indicators.points_{keys[k]}')})" for k in rest)
        sheet.put(row, 10, f"SUM({terms})", number(SIGNED), float(points[i, rest].sum()))
        steps.append((label, row, float(points[i, rest].sum())))
    canvas.plain_zero(f"J{_FACTS + 1}:J{_FACTS + len(steps)}")
    canvas.prose(_FACTS + 1 + len(steps), 6, 10, view.t("firm_points_note"), NOTE)
    _waterfall(sheet, steps)


def _shown(view: View) -> tuple[list[int], list[int]]:
    """Indicators that have a line on the page, and those that share the last one: of many, the most telling have."""
    points = view.assessment.scores.points
    count = points.shape[1]
    if count <= _MOST:
        return list(range(count)), []
    telling = np.argsort(-np.nansum(np.abs(points), axis=0), kind="stable")[: _MOST - 1]
    shown = sorted(int(k) for k in telling)
    return shown, [k for k in range(count) if k not in shown]


_CHARTS_AT = 21
_PARTNERS_AT = 40
_WATERFALL_AT = 72
_WIDE = {"zh": 26.2, "en": 27.8}  # cm, the width of the page's columns


def _waterfall(sheet: _Sheet, contributions: list[tuple[str, int, float]]) -> None:
    """contributions: what it is of, the row where its points are, and the points."""
    canvas, view, i = sheet.canvas, sheet.view, sheet.row
    base, points = view.assessment.scores.base_points, np.nan_to_num([points for _, _, points in contributions])
    top = _WATERFALL_AT
    canvas.section(top - 2, 1, 10, view.t("firm_behind"))
    for c, label in zip((1, 3, 4, 6, 7, 8), ("step", "after", "foot", "total", "up", "down"), strict=True):
        canvas.put(top - 1, c, view.t(f"firm_{label}"), HEAD)
    after = base
    steps = [(view.t("firm_base"), None), *((label, row) for label, row, _ in contributions),
             (view.t("col_score"), None)]  # fmt: skip
    last = top + len(steps) - 1
    for k, (label, source) in enumerate(steps):
        row = top + k
        canvas.put(row, 1, label, CELL)
        now, before = f"C{row}", f"C{row - 1}"
        if source is None:
            value = base if k == 0 else float(np.clip(after, 0, 100))
            formula = f"{base!r}" if k == 0 else f"MAX(0,MIN(100,{before}))"
            sheet.put(row, 3, formula, number("0.0"), value)
            sheet.put(row, 4, "0", number("0.0"), 0.0)
            sheet.put(row, 6, now, number("0.0"), value)
            canvas.put(row, 7, None, CELL)
            canvas.put(row, 8, None, CELL)
            continue
        step = float(points[k - 1])
        was, after = after, after + step
        sheet.put(row, 3, f"{before}+N(J{source})", number("0.0"), after)
        foot = f"MAX(0,MIN({now},{before}))"
        sheet.put(row, 4, foot, number("0.0"), max(0.0, min(after, was)))
        canvas.put(row, 6, None, CELL)
        up, down = max(0.0, after) - max(0.0, was), max(0.0, was) - max(0.0, after)
        sheet.put(row, 7, f"MAX(0,MAX(0,{now})-MAX(0,{before}))", number("0.0"), max(0.0, up))
        sheet.put(row, 8, f"MAX(0,MAX(0,{before})-MAX(0,{now}))", number("0.0"), max(0.0, down))
    fixed = f"'{canvas.sheet.title}'!"
    shown, _ = _shown(view)
    end = len(shown)
    title = score_title(
        view, i, sheet.look_up("firms.score"), (f"C{last}", f"C{top}"), f"A{top + 1}:A{top + end}",
        f"J{_FACTS + 1}:J{_FACTS + end}", shown,
    )  # fmt: skip
    _live_title(sheet, _CHARTS_AT, title)

    def column(letter: str) -> str:
        return f"{fixed}${letter}${top}:${letter}${last}"

    chart(
        canvas.sheet, address(_CHARTS_AT + 1, 1), "stacked", None,
        [Line(view.t("firm_foot"), column("D"), None), Line(view.t("firm_total"), column("F"), NAVY),
         Line(view.t("firm_up"), column("G"), ORANGE), Line(view.t("firm_down"), column("H"), MIST)],
        lang=view.lang, categories=column("A"), size=(_WIDE[view.lang], 8.6), gap=35, legend="b",
        y=Axis(view.t("axis_score"), "0", low=0),
    )  # fmt: skip


def _live_title(sheet: _Sheet, row: int, title: Live) -> None:
    for c in range(1, 11):
        sheet.canvas.put(row, c, None, SECTION)
    sheet.put(row, 1, f"{SELECTED}&{title.formula}", SECTION, sheet.view.ids[sheet.row] + title.value)
    sheet.canvas.height(row, 22)


def _partners(sheet: _Sheet) -> None:
    canvas, view, i = sheet.canvas, sheet.view, sheet.row
    firm = view.ids[i]
    top = _PARTNERS_AT
    for side, column, known in (
        ("customer", 1, view.partners[0].get(firm, [])),
        ("supplier", 6, view.partners[1].get(firm, [])),
    ):
        end = 4 if column == 1 else 10
        canvas.section(top, column, end, view.t(f"firm_{side}s"))
        canvas.put(top + 1, column, view.t(f"firm_{side}"), HEAD)
        share = 3 if column == 1 else 7
        if column == 1:
            canvas.merge(top + 1, 1, top + 1, 2, view.t("firm_customer"), HEAD)
        canvas.put(top + 1, share, view.t("col_share"), HEAD)
        for k in range(PARTNERS):
            row = top + 2 + k
            name, part = known[k] if k < len(known) else ("", None)
            if column == 1:
                canvas.merge(row, 1, row, 2, None, CENTRE)
            sheet.put(row, column, sheet.look_up(f"firm_data.{side}_id_{k}"), CENTRE, name)
            sheet.put(row, share, sheet.look_up(f"firm_data.{side}_share_{k}"), number(PERCENT_SHORT), part)
        letter = "C" if column == 1 else "G"
        canvas.data_bar(f"{letter}{top + 2}:{letter}{top + 1 + PARTNERS}", SKY, high=1)


def _months(sheet: _Sheet) -> None:
    canvas, view, i = sheet.canvas, sheet.view, sheet.row
    if not view.months:
        return
    top = _WATERFALL_AT + 13
    for c, label in zip((1, 3, 4), ("month", "sales", "purchases"), strict=True):
        canvas.put(top - 1, c, view.t(f"firm_{label}"), HEAD)
    sales, purchases = view.monthly
    for k, month in enumerate(view.months):
        row = top + k
        canvas.put(row, 1, month, CENTRE.on(number=MONTH))
        for c, side, values in ((3, "sales", sales), (4, "purchases", purchases)):
            found = sheet.look_up(f"firm_data.{side}_{k}")
            sheet.put(row, c, found, number("#,##0.0"), float(values[i, k]) / WAN_YUAN)
    last = top + len(view.months) - 1
    fixed = f"'{canvas.sheet.title}'!"
    _live_title(sheet, _PARTNERS_AT + 8, months_title(view, i, top))
    chart(
        canvas.sheet, address(_PARTNERS_AT + 9, 1), "line", None,
        [Line(view.t("firm_sales"), f"{fixed}$C${top}:$C${last}", NAVY),
         Line(view.t("firm_purchases"), f"{fixed}$D${top}:$D${last}", ORANGE, dash="dash")],
        lang=view.lang, categories=f"{fixed}$A${top}:$A${last}", size=(_WIDE[view.lang], 7.6), legend="b",
        x=Axis(fmt=MONTH, skip=3), y=Axis(view.t("firm_money_axis"), "#,##0"),
    )  # fmt: skip
