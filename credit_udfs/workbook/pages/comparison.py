"""The papers' plans beside the bank's on the same firms: each by every other's measure."""

from __future__ import annotations

import numpy as np

from credit_udfs.core.allocation.measures import FALLING, OWN, Comparison
from credit_udfs.locale import text
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Block, Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import WAN_YUAN, View
from credit_udfs.workbook.style import CELL, CENTRE, FINE, INTEGER, NAVY, ORANGE, PALE, PERCENT, WAN, number

_FORMATS = {"P0_churn": (PERCENT, 1.0), "P0_Z": (FINE, 1.0)}
_NO_PRIZE = frozenset({"lent", "drawn"})  # neither more nor less is better


def draw(canvas: Canvas, view: View) -> None:
    found: Comparison = view.extras.comparison
    span = 1 + len(found.names)
    canvas.widths({1: 32, **dict.fromkeys(range(2, max(span, 9) + 1), 14.5)})
    row = canvas.heading(_t(view, "title"), finding(view), max(span, 9), note=_t(view, "note"))
    block = _measures(canvas, view, canvas.section(row, 1, span, _t(view, "section_measures")))
    row = canvas.section(block.last + 2, 1, span, _t(view, "section_plans"))
    row = _plans(canvas, view, row).last + 2
    _chart(canvas, view, block, row)
    canvas.page(view.t("footer"), tall=False)


def _t(view: View, key: str, **values: object) -> str:
    return text(f"comparison.{key}", view.lang, **values)


def _others(found: Comparison) -> list[tuple[float, str]]:
    """What the papers' plans that keep the limits earn the bank, the least first."""
    return sorted((found.of(name, "bank"), name) for name in found.names if name != "bank" and found.keeps(name))


def finding(view: View) -> str:
    found: Comparison = view.extras.comparison
    others, bank = _others(found), found.of("bank", "bank")
    if not others:
        alone = len(found.names) == 1
        return _t(view, "finding_alone") if alone else _t(view, "finding_unkept", bank=view.money(bank))
    all_keep = all(found.keeps(name) for name in found.names)
    (bad, worst), (value, best) = others[0], others[-1]
    return _t(
        view, "finding", bank=view.money(bank), best=_t(view, f"name_{best}"), value=view.money(value),
        less=_less(found, value), worst=_t(view, f"name_{worst}"), bad=view.money(bad),
        kept="" if all_keep else _t(view, "finding_kept"),
    )  # fmt: skip


def _less(found: Comparison, value: float) -> float:
    """By which share a plan earns the bank less than its own."""
    bank = found.of("bank", "bank")
    return 1.0 - value / bank if bank > 0 else 0.0


def _measures(canvas: Canvas, view: View, row: int) -> Block:
    found: Comparison = view.extras.comparison
    columns = [
        Column(_t(view, "col_measure"), CELL),
        *(Column(_t(view, f"name_{n}"), number(WAN)) for n in found.names),
    ]
    rows: list[list[object]] = [
        [_t(view, "row_keeps"), *(_t(view, "keeps_yes" if found.keeps(n) else "keeps_no") for n in found.names)]
    ]
    for measure in found.measures:
        _, divisor = _FORMATS.get(measure, (WAN, WAN_YUAN))
        values = [found.of(name, measure) / divisor for name in found.names]
        rows.append([_t(view, f"measure_{measure}"), *values])
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["comparison"], fit=False, filters=False)
    keeping = np.array([found.keeps(name) for name in found.names])
    for c in range(len(found.names)):
        canvas.put(block.first, 2 + c, rows[0][1 + c], CENTRE.on(bold=not keeping[c]))
    for k, measure in enumerate(found.measures):
        fmt, _ = _FORMATS.get(measure, (WAN, WAN_YUAN))
        column = found.values[:, k]
        best = column[keeping].min(initial=np.inf) if measure in FALLING else column[keeping].max(initial=-np.inf)
        for c, name in enumerate(found.names):
            wins = (
                keeping[c] and measure not in _NO_PRIZE and abs(column[c] - best) <= 1e-9 * max(abs(float(best)), 1.0)
            )
            look = CELL.on(fill=PALE if wins else None, bold=OWN.get(name) == measure)
            canvas.put(block.first + 1 + k, 2 + c, rows[1 + k][1 + c], number(fmt, look))
    return block


def _plans(canvas: Canvas, view: View, row: int) -> Block:
    found: Comparison = view.extras.comparison
    plans = [found.plans[name] for name in found.names]

    def pd(name: str) -> float:
        plan = found.plans[name]
        return float(plan.problem.firms.pd[plan.lend].mean()) if plan.lend.any() else float("nan")

    lines: tuple[tuple[str, str, list[float]], ...] = (
        ("clients", INTEGER, [p.totals.clients for p in plans]),
        ("rate", PERCENT, [p.totals.mean_rate for p in plans]),
        ("churn", PERCENT, [p.totals.mean_churn for p in plans]),
        ("pd", PERCENT, [pd(name) for name in found.names]),
    )
    columns = [Column(_t(view, "plan"), CELL), *(Column(_t(view, f"name_{n}"), number(WAN)) for n in found.names)]
    block = canvas.table(row, 1, columns, [(_t(view, f"row_{key}"), *values) for key, _, values in lines], fit=False)
    for k, (_, fmt, values) in enumerate(lines):
        for c, value in enumerate(values, 2):
            canvas.put(block.first + k, c, value, number(fmt))
    return block


def _chart(canvas: Canvas, view: View, block: Block, row: int) -> None:
    """What each plan earns the bank, and the loss it expects."""
    found: Comparison = view.extras.comparison
    sheet = block.ref(0).split("!")[0]
    left, right = (address(1, c).rstrip("1") for c in (2, 1 + len(found.names)))

    def line(at: int) -> str:
        return f"{sheet}!${left}${at}:${right}${at}"

    others = _others(found)
    title = _t(view, "chart_alone")
    if others:
        (_, worst), (value, best) = others[0], others[-1]
        title = _t(view, "chart", best=_t(view, f"name_{best}"), worst=_t(view, f"name_{worst}"),
                   less=_less(found, value))  # fmt: skip
    chart(
        canvas.sheet, address(row, 1), "column", title,
        [Line(_t(view, "measure_bank"), line(block.first + 1 + found.measures.index("bank")), NAVY,
              labels="#,##0"),
         Line(_t(view, "measure_expected_loss"), line(block.first + 1 + found.measures.index("expected_loss")), ORANGE,
              labels="#,##0")],
        lang=view.lang, categories=line(block.header), size=(28.0, 8.5), legend="b", gap=60,
        y=Axis(view.t("axis_wan"), "#,##0"),
    )  # fmt: skip
