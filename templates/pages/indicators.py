"""The indicators page: six inputs a firm, and its score, grades and reasons by formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openpyxl.utils import get_column_letter

from credit_udfs.core.indicators import INDICATORS, SIX
from credit_udfs.types import GRADES
from credit_udfs.workbook import names
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.style import CELL, CENTRE, INPUT, PERCENT, PERCENT_SHORT, number
from templates.pages.builder import FIRST, HEADER, ROWS, SIX_FORMATS, Builder, protect, rule, working_page

LAST = FIRST + ROWS - 1


def draw(b: Builder, canvas: Canvas) -> None:
    six = [INDICATORS[k] for k in SIX]
    heads = [b.p("col_firm"), b.p("col_name"), *((i.zh if b.lang == "zh" else i.en) for i in six)]
    heads[2] = b.t("col_sales")
    looks = [INPUT.on(across="center"), INPUT, *(INPUT.on(number=fmt) for fmt in SIX_FORMATS)]
    columns = [
        Column(h, look, w)
        for h, look, w in zip(heads, looks, [10, *((28, 18) if b.lang == "zh" else (38, 16)), *[14.5] * 5], strict=True)
    ]
    columns += [
        Column(b.p("col_score"), number("0.0"), 10), Column(b.p("col_pd"), number(PERCENT), 10),
        Column(b.p("col_grade_predicted"), CENTRE, 10),
        *(Column(b.p("col_p_grade", grade=g), number(PERCENT_SHORT), 9 if b.lang == "zh" else 10) for g in GRADES),
        *(Column(b.p(f"col_reason_{i}"), CELL.on(size=9), 40) for i in (1, 2, 3)),
    ]  # fmt: skip
    working_page(b, canvas, "indicators", 12, columns)
    for r, firm in enumerate(b.rows, FIRST):
        if firm.six:
            for c, value in enumerate([firm.id, firm.name, *firm.six], 1):
                canvas.put(r, c, value, columns[c - 1].look)
        area, guard = f"C{r}:H{r}", f"COUNT(C{r}:H{r})<4"
        scored = (("RISKSCORE", firm.score), ("DEFAULTPROB", firm.pd), ("CREDITGRADE", firm.grade))
        for c, (function, value) in enumerate(scored, 9):
            canvas.formula(r, c, f'=IF({guard},"",{function}({area}))', columns[c - 1].look, value=value)
        _spill(canvas, r, 12, f'=IF({guard},"",GRADEPROBS({area}))', columns, firm.grade_probs)
        _spill(canvas, r, 16, f'=IF({guard},"",RISKREASONS({area},cu_language))', columns, firm.reasons)
    b.book.refs["template.scored"] = str(sum(isinstance(firm.score, float) for firm in b.firms))
    _inputs(b, canvas, heads)
    canvas.colour_scale(f"I{FIRST}:I{LAST}", dark="E9A15B", low=0, high=100)
    title = canvas.sheet.title
    b.book.name(names.RANGE_FIRM_IDS, title, f"$A${FIRST}:$A${LAST}")
    b.book.name(names.RANGE_INDICATORS, title, f"$C${FIRST}:$H${LAST}")
    b.book.name(names.RANGE_SCORES, title, f"$I${FIRST}:$I${LAST}")
    canvas.freeze(FIRST, 3)
    protect(canvas)
    canvas.page(b.t("title"), repeat=(HEADER, HEADER), halves=(2, 15), scale=66)


def _spill(
    canvas: Canvas, row: int, column: int, formula: str, columns: Sequence[Column], values: Sequence[Any]
) -> None:
    """One formula over as many cells of a row as it has values."""
    spill = f"{address(row, column)}:{address(row, column + len(values) - 1)}"
    canvas.formula(row, column, formula, columns[column - 1].look, value=values[0], spill=spill)
    for k, value in enumerate(values[1:], column + 1):
        canvas.put(row, k, value, columns[k - 1].look)


def _inputs(b: Builder, canvas: Canvas, heads: Sequence[str]) -> None:
    limits = {"annual_net_sales": (-1e13, 1e13), "trading_years": (0.0, 200.0)}
    for c, key in enumerate(SIX, 3):
        letter = get_column_letter(c)
        hint = b.t(f"hint_{key}") if key in limits else b.t("hint_share")
        low, high = limits.get(key, (0.0, 1.0))
        canvas.validate(f"{letter}{FIRST}:{letter}{LAST}", rule(b, heads[c - 1], hint, "number", low=low, high=high))
    canvas.validate(f"A{FIRST}:A{LAST}", rule(b, heads[0], b.t("hint_firm"), "any"))
    canvas.validate(f"B{FIRST}:B{LAST}", rule(b, heads[1], b.t("hint_name"), "any"))
