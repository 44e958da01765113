"""The plan before and after a shock: what it costs to do nothing, who gains, who loses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from credit_udfs.core.stress import MAX_SEVERITY, Stress
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import WAN_YUAN, View
from credit_udfs.workbook.style import (
    CELL,
    CENTRE,
    INTEGER,
    MIST,
    NAVY,
    NOTE,
    PERCENT,
    PERCENT_SHORT,
    PROSE,
    SIGNED,
    SIGNED_PERCENT,
    WAN,
    number,
)

SPAN = 8
MOST = 40  # firms listed whose amount changes
_SCALE = 78
_PAGE = 620.0  # points of rows that one page holds at this scale
_TALLEST = 11.0  # cm, of a chart that shares its page with the totals


def draw(canvas: Canvas, view: View) -> None:
    found: Stress = view.extras.stress
    scenario = found.scenario
    zh = view.lang == "zh"
    canvas.widths({1: 26 if zh else 36, **dict.fromkeys(range(2, SPAN + 1), 19.0 if zh else 16.0)})
    source = scenario.source_zh if view.lang == "zh" else scenario.source_en
    row = canvas.heading(view.t("stress_title"), finding(view), SPAN, note=view.t("stress_note", source=source))
    canvas.prose(
        row - 1, 1, SPAN,
        view.t("stress_assumptions", sole_trader=scenario.sole_trader, micro=scenario.micro,
               micro_sales=view.money(scenario.micro_sales), log_odds=scenario.log_odds_per_loss, stay=scenario.stay),
        NOTE,
    )  # fmt: skip
    if unknown := sum(not key for key in view.applicant_industries):
        canvas.prose(row, 1, SPAN, view.t("stress_unknown", firms=unknown, growth=scenario.total), NOTE)
        row += 1
    row = _totals(canvas, view, canvas.section(row + 1, 1, SPAN, view.t("stress_totals")))
    top, end = _by_industry(canvas, view, canvas.section(row + 1, 1, SPAN, view.t("stress_by_industry")))
    last = _firms(canvas, view, canvas.section(end + 1, 1, SPAN, view.t("stress_firms")))
    # A list of firms too long for what is left of the page begins the next one.
    long = canvas.tall(last) - canvas.tall(top - 1) > _PAGE
    canvas.page(view.t("footer"), scale=_SCALE, breaks=[top - 1, end] if long else [top - 1])


def finding(view: View) -> str:
    found: Stress = view.extras.stress
    between = " " * (view.lang == "en")
    none = found.after is None
    breaks = (
        view.t("stress_never", severity=MAX_SEVERITY) if found.breaks_at is None
        else view.t("stress_breaks" if found.breaks_at else "stress_loses", severity=found.breaks_at)
    )  # fmt: skip
    if view.objective != "bank":
        before, unchanged, after = (view.money(value) for value in found.bank)
        said = view.t("stress_bank_none" if none else "stress_bank", before=before, unchanged=unchanged, after=after)
        breaks = said + between + breaks
    values = {
        "name": found.scenario.name(view.lang), "before": view.money(found.before.value),
        "unchanged": view.money(found.unchanged_value), "breaks": breaks,
    }  # fmt: skip
    if found.after is None:
        return view.t("stress_finding_none", **values)
    key = "stress_finding_unkept" if found.unchanged_breaks else "stress_finding"
    return view.t(key, after=view.money(found.after.value), price=view.money(found.price_of_doing_nothing), **values)


def _totals(canvas: Canvas, view: View, row: int) -> int:
    found: Stress = view.extras.stress
    before, after = found.before, found.after
    rows_of = view.assessment.applicants
    pd_before, pd_after = before.problem.firms.pd, found.shocked.pd[rows_of]

    def mean(values: object, lend: object) -> float | None:
        picked = np.asarray(values)[np.asarray(lend)]
        return float(picked.mean()) if picked.size else None

    totals = None if after is None else after.totals
    lines = [
        ("lent", WAN, before.totals.lent / WAN_YUAN, before.totals.lent / WAN_YUAN,
         None if totals is None else totals.lent / WAN_YUAN),
        ("clients", INTEGER, before.totals.clients, before.totals.clients, None if totals is None else totals.clients),
        ("profit", WAN, before.value / WAN_YUAN, found.unchanged_value / WAN_YUAN,
         None if after is None else after.value / WAN_YUAN),
        ("loss", WAN, before.totals.expected_loss / WAN_YUAN, float(found.unchanged_loss.sum()) / WAN_YUAN,
         None if totals is None else totals.expected_loss / WAN_YUAN),
        ("pd", PERCENT, mean(pd_before, before.lend), mean(pd_after, before.lend),
         None if after is None else mean(pd_after, after.lend)),
    ]  # fmt: skip
    if view.objective != "bank":
        before_, unchanged, anew = (value / WAN_YUAN for value in found.bank)
        lines.insert(3, ("bank", WAN, before_, unchanged, None if after is None else anew))
    columns = [
        Column(view.t("stress_col_what"), CELL),
        *(Column(view.t(f"stress_col_{k}"), number(WAN)) for k in ("before", "unchanged", "after")),
    ]
    block = canvas.table(
        row, 1, columns, [(view.t(f"stress_row_{key}"), *values) for key, _, *values in lines], fit=False
    )
    for i, (_, fmt, *values) in enumerate(lines):
        for c, value in enumerate(values, 2):
            canvas.put(block.first + i, c, value, number(fmt))
    return block.last + 1


def _by_industry(canvas: Canvas, view: View, row: int) -> tuple[int, int]:
    """Chart, and the table behind it: its header's row and the next free one."""
    found: Stress = view.extras.stress
    labels = view.applicant_industries
    factor = found.shocked.factor[view.assessment.applicants]
    after = np.zeros(len(labels)) if found.after is None else found.after.amount
    lines: list[list[Any]] = []
    for key in sorted(set(labels)):
        mine = np.array([label == key for label in labels])
        growth = found.scenario.growth.get(key, found.scenario.total)
        lines.append(
            [view.industry_name(key), int(mine.sum()), growth, float(factor[mine].mean()),
             float(found.before.amount[mine].sum()) / WAN_YUAN, float(after[mine].sum()) / WAN_YUAN,
             float(found.before.profit[mine].sum()) / WAN_YUAN,
             float(found.unchanged[mine].sum()) / WAN_YUAN]
        )  # fmt: skip
    # Stable, so equal ones stay in the order of the keys in either language.
    lines.sort(key=lambda line: (-line[4], -line[5]))
    columns = [
        Column(view.t("col_industry"), CELL), Column(view.t("col_firms"), number(INTEGER)),
        Column(view.t("stress_col_growth"), number(SIGNED_PERCENT)),
        Column(view.t("stress_col_factor"), number(PERCENT_SHORT)),
        *(Column(view.t(f"stress_col_{k}"), number(WAN))
          for k in ("lent_before", "lent_after", "profit_before", "profit_unchanged")),
    ]  # fmt: skip
    # Industries without money before or after stand last and need no bar.
    shown = max(1, sum(line[4] > 0 or line[5] > 0 for line in lines))
    height = min(max(7.0, 0.58 * shown + 2.3), _TALLEST)
    top = row + int(height / 0.53) + 2
    block = canvas.table(top, 1, columns, lines, RESULT_TABLES["stress"], fit=False, filters=False)
    drawn = replace(block, last=block.first + shown - 1)
    chart(
        canvas.sheet, address(row, 1), "bar",
        _moves(view, {str(line[0]): line[5] - line[4] for line in lines}),
        [Line(view.t("stress_col_before"), drawn.ref(4), MIST), Line(view.t("stress_col_after"), drawn.ref(5), NAVY)],
        lang=view.lang, categories=drawn.ref(0), size=(29.5 if view.lang == "zh" else 28.5, height),
        y=Axis(fmt="#,##0", low=0), reverse=True, gap=45,
    )  # fmt: skip
    return top, block.last + 1


def _moves(view: View, change: dict[str, float]) -> str:
    """Who gains and who loses when the plan is made anew: the chart's title. Changes below 50 yuan are none."""
    if view.extras.stress.after is None:
        return view.t("stress_chart_none")
    loser, winner = min(change, key=change.__getitem__), max(change, key=change.__getitem__)
    gains, loses = change[winner] > 0.005, change[loser] < -0.005
    kind = {(True, True): "", (True, False): "_gain", (False, True): "_loss"}.get((gains, loses), "_same")
    return view.t(f"stress_chart{kind}", industry=winner, loser=loser)


def _firms(canvas: Canvas, view: View, row: int) -> int:
    """The firms whose amount changes most, or that there are none; the last row."""
    found: Stress = view.extras.stress
    rows_of = view.assessment.applicants
    after = np.zeros(found.before.amount.shape) if found.after is None else found.after.amount
    change = after - found.before.amount
    order = sorted(np.flatnonzero(np.abs(change) > 0.5).tolist(), key=lambda j: (-abs(change[j]), j))
    if not order:
        canvas.prose(row, 1, SPAN, view.t("stress_firms_none"), PROSE)
        return row
    columns = [
        Column(view.t("col_industry"), CELL), Column(view.t("col_firm"), CENTRE),
        Column(view.t("col_pd"), number(PERCENT)), Column(view.t("stress_col_pd_after"), number(PERCENT)),
        Column(view.t("stress_col_before"), number(WAN)), Column(view.t("stress_col_after"), number(WAN)),
        Column(view.t("stress_col_change"), number(SIGNED)),
    ]  # fmt: skip
    firms = found.before.problem.firms
    block = canvas.table(
        row, 1, columns,
        [(view.industry_names[int(rows_of[j])], firms.ids[j], firms.pd[j], found.shocked.pd[int(rows_of[j])],
          found.before.amount[j] / WAN_YUAN, after[j] / WAN_YUAN, change[j] / WAN_YUAN) for j in order[:MOST]],
        fit=False,
    )  # fmt: skip
    if len(order) > MOST:
        canvas.prose(block.last + 1, 1, SPAN, view.t("stress_firms_left_out", count=len(order) - MOST), NOTE)
    return block.last + 1
