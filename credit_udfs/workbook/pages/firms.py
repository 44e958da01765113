"""Every enterprise: score, probability, grades, reasons in words, flags."""

from __future__ import annotations

import numpy as np

from credit_udfs.types import GRADES
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import FEW_INVOICES, WAN_YUAN, View
from credit_udfs.workbook.style import (
    CELL,
    CELL_WRAP,
    CENTRE,
    PERCENT,
    PERCENT_SHORT,
    SAND,
    SKY,
    WAN,
    number,
    width,
)

SCORE_COLUMN = 6
KEYS = ["id", "name", "industry", "grade_on_record", "grade_predicted", "score", "pd", "p_A", "p_B", "p_C", "p_D",
        "decision", "amount", "reason_1", "reason_2", "reason_3", "flags"]  # fmt: skip


def draw(canvas: Canvas, view: View) -> None:
    a, scores = view.assessment, view.assessment.scores
    firms, sets = a.tables.firms, view.extras.grade_sets
    columns = [
        Column(view.t("col_firm"), CENTRE.on(bold=True), 10),
        Column(view.t("col_name"), CELL, 30 if view.lang == "zh" else 36),
        Column(view.t("col_industry"), CELL, 16 if view.lang == "zh" else 34),
        Column(view.t("col_grade_on_record"), CENTRE, 10), Column(view.t("col_grade_predicted"), CENTRE, 10),
        Column(view.t("col_score"), number("0.0"), 10), Column(view.t("col_pd"), number(PERCENT), 10),
        *(Column(view.t("col_p_grade", grade=g), number(PERCENT_SHORT), 11) for g in GRADES),
        *([Column(view.t("col_grade_set"), CENTRE, 10)] if sets is not None else []),
        Column(view.t("col_decision"), CENTRE, 12), Column(view.t("col_amount_wan"), number(WAN), 14),
        *(Column(view.t(f"col_reason_{i}"), CELL.on(size=9), 42) for i in (1, 2, 3)),
        Column(view.t("col_flags"), CELL_WRAP.on(size=9), 40),
    ]  # fmt: skip
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    row = canvas.heading(view.t("firms_title"), finding(view), 13, note=view.t("firms_note", few=FEW_INVOICES))
    on_record = firms["grade"].to_list()

    def line(i: int) -> list[object]:
        j = view.plan_row.get(i)
        decision = view.t("not_in_plan") if j is None else view.t("lend" if a.plan.lend[j] else "refuse")
        return [
            view.ids[i], view.names[i], view.industry_names[i], on_record[i] or "", scores.grade_letter(i) or "",
            scores.score[i], scores.pd[i], *scores.grade_probs[i],
            *([sets[i]] if sets is not None else []),
            decision, None if j is None else a.plan.amount[j] / WAN_YUAN,
            *view.reasons(i), view.flags(i),
        ]  # fmt: skip

    block = canvas.table(row, 1, columns, (line(i) for i in range(len(view.ids))), RESULT_TABLES["firms"])
    canvas.book.publish("firms", KEYS if sets is None else [*KEYS[:11], "grade_set", *KEYS[11:]], block)
    for i in range(len(view.ids)):
        canvas.height(block.first + i, 27 if width(view.flags(i)) > 46 else 17)
    canvas.colour_scale(block.ref(SCORE_COLUMN - 1, sheet=False).replace("$", ""), dark="E9A15B", low=0, high=100)
    canvas.data_bar(block.ref(SCORE_COLUMN, sheet=False).replace("$", ""), SKY, high=1)
    lend = block.ref(len(columns) - 6, sheet=False).replace("$", "")
    first = lend.split(":")[0]
    canvas.shade_if(lend, f'{first}="{view.t("lend")}"', "DCE9F5", bold=True)
    flags = block.ref(len(columns) - 1, sheet=False).replace("$", "")
    canvas.shade_if(flags, f"LEN({flags.split(':')[0]})>0", SAND)
    canvas.freeze(block.first, 3)
    canvas.page(view.t("footer"), repeat=(block.header, block.header), halves=(2, len(columns) - 4), scale=(54, 62))


def finding(view: View) -> str:
    scores = view.assessment.scores
    known = scores.score[~np.isnan(scores.score)]
    flagged = sum(bool(view.flags(i)) for i in range(len(view.ids)))
    counts = {g: int((scores.grade == i).sum()) for i, g in enumerate(GRADES)}
    return view.t(
        "firms_finding", firms=len(view.ids), scored=known.size,
        median=float(np.median(known)) if known.size else 0.0,
        risky=int((scores.pd > 0.5).sum()), flagged=flagged, **counts,
    )  # fmt: skip
