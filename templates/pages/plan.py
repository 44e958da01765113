"""The plan page: one formula over all firms, within the limits of the settings page."""

from __future__ import annotations

from typing import Any

from openpyxl.utils import quote_sheetname

from credit_udfs.core.assess import Settings
from credit_udfs.types import GRADES
from credit_udfs.workbook import names
from credit_udfs.workbook.canvas import Block, Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.style import BLUE, CELL, CENTRE, GRADE_COLOURS, HEAD, PERCENT, number
from templates.pages.builder import EXAMPLE_BUDGET, FIRST, HEADER, Builder, evaluate, finding, protect, working_page


def draw(b: Builder, canvas: Canvas) -> None:
    columns = [
        Column(b.p("col_firm"), CENTRE, 12), Column(b.p("col_pd"), number(PERCENT), 12),
        Column(b.p("col_grade"), CENTRE, 12), Column(b.t("col_limit"), number("#,##0"), 16),
        Column(b.p("col_industry"), CELL, 22 if b.lang == "zh" else 34), Column(b.t("col_lend"), CENTRE, 12),
        Column(b.t("col_amount"), number("#,##0"), 15), Column(b.p("col_rate"), number(PERCENT), 12),
        Column(b.t("col_profit"), number("#,##0"), 15),
    ]  # fmt: skip
    block = working_page(b, canvas, "plan", 9, columns)
    source = quote_sheetname(b.title("indicators"))
    for r, firm in enumerate(b.rows, FIRST):
        canvas.formula(r, 1, f'=IF({source}!A{r}="","",{source}!A{r})', columns[0].look, value=firm.id)
        canvas.formula(r, 2, f"={source}!J{r}", columns[1].look, value=firm.pd)
        # LibreOffice finds no text equal to one that an add-in gave, in SUMIFS below say; put together anew it does.
        canvas.formula(r, 3, f'={source}!K{r}&""', columns[2].look, value=firm.grade)
        canvas.formula(r, 4, _own_limit(r), columns[3].look, value="")
        canvas.formula(
            r, 5, f'=IF({source}!B{r}="","",INDUSTRY({source}!B{r},cu_language))', columns[4].look, value=firm.industry
        )
    found = _allocate(b, canvas, block, columns)
    canvas.shade_if(f"A{FIRST}:I{block.last}", f"N($F{FIRST})=1", "EAF1F8")
    b.book.name(names.RANGE_PLAN, canvas.sheet.title, f"$A${FIRST}:$I${block.last}")
    _by_grade(b, canvas, block, found)
    canvas.freeze(FIRST, 2)
    protect(canvas)
    canvas.page(b.t("title"), repeat=(HEADER, HEADER), area=f"A1:Q{block.last}")


def _allocate(b: Builder, canvas: Canvas, block: Block, columns: list[Column]) -> list[list[Any]]:
    """The formula that spills over the four columns on the right, and what it gives."""
    found: list[list[Any]] = [[""] * 4] * len(b.rows)
    if b.firms:
        table = [[firm.pd, firm.grade, None, firm.industry] for firm in b.rows]
        to, churn = Settings(), b.churn
        rates = max(to.rate_min, churn[0][0]), min(to.rate_max, churn[-1][0])
        terms = (EXAMPLE_BUDGET, to.amount_min, to.amount_max, to.lgd, to.funding, to.objective)
        found = evaluate("ALLOCATE", table, *terms, 1.0, 1.0, 1.0, *rates, churn)
    for i, row in enumerate(found):
        for k, value in enumerate(row):
            canvas.put(FIRST + i, 6 + k, value, columns[5 + k].look)
    spill = f"F{FIRST}:I{block.last}"
    canvas.formula(FIRST, 6, _formula(block.last), columns[5].look, value=found[0][0], spill=spill)
    b.book.refs["template.lent"] = str(sum(float(r[0] or 0) for r in found))
    b.book.refs["template.used"] = str(sum(float(r[1] or 0) for r in found) / EXAMPLE_BUDGET)
    return found


def _own_limit(row: int) -> str:
    """The firm's decided amount, else its largest loan, from the page of limits; nothing where neither is there."""
    decided, largest = (f"VLOOKUP(A{row},{names.TABLE_TERMS}[],{column},FALSE)" for column in (4, 3))
    return f'=IFERROR(IF({decided}<>"",{decided},IF({largest}<>"",{largest},"")),"")'


def _formula(last: int) -> str:
    """ALLOCATE within the limits of the settings page: by the bank's own churn statistics where there are any."""
    # A blank cell arrives as 0 in LibreOffice, and a ceiling of 0 refuses everybody: 1 stands for no limit.
    ceilings = ("cu_max_expected_loss", "cu_max_churn", "cu_max_industry_share")
    limits = ",".join(f'IF({name}="",1,{name})' for name in ceilings)
    given = f"B{FIRST}:E{last},cu_budget,cu_amount_min,cu_amount_max,cu_lgd,cu_funding,cu_objective,{limits}"
    churn = names.TABLE_CHURN
    known = f"INDEX({churn}[],0,1)"
    rates = f"MAX(cu_rate_min,MIN({known})),MIN(cu_rate_max,MAX({known}))"
    published = f"ALLOCATE({given},cu_rate_min,cu_rate_max)"
    return f'=IF(COUNT(B{FIRST}:B{last})=0,"",IF(COUNT({known})=0,{published},ALLOCATE({given},{rates},{churn}[])))'


def _by_grade(b: Builder, canvas: Canvas, block: Block, found: list[list[Any]]) -> None:
    """Lending by grade, live, with its chart; below the header of the firms, which is printed on every page."""
    canvas.widths({10: 3, 11: 12, 12: 15, 13: 12})
    for c, label in ((11, b.p("col_grade")), (12, b.t("col_amount")), (13, b.p("col_firms"))):
        canvas.put(FIRST, c, label, HEAD)
    for k, grade in enumerate((*GRADES[:3], b.t("total"))):
        r = FIRST + 1 + k
        mine = [row for row, firm in zip(found, b.rows, strict=True) if k == 3 or firm.grade == grade]
        canvas.put(r, 11, grade, CENTRE.on(bold=k == 3))
        for c, column, letter in ((12, 1, "G"), (13, 0, "F")):
            area = f"{letter}{FIRST}:{letter}{block.last}"
            formula = f"=SUM({area})" if k == 3 else f"=SUMIFS({area},C{FIRST}:C{block.last},K{r})"
            canvas.formula(r, c, formula, number("#,##0"), value=sum(float(row[column] or 0) for row in mine))
    first, last, total = FIRST + 1, FIRST + 3, f"L{FIRST + 4}"
    most, lent = (
        f"MAX(L{first}:L{last})",
        [sum(float(r[1] or 0) for r, f in zip(found, b.rows, strict=True) if f.grade == grade) for grade in GRADES[:3]],
    )
    grade, share = GRADES[lent.index(max(lent))], max(lent) / (sum(lent) or 1.0)
    finding(
        b, canvas, FIRST + 6, 11, "chart_plan", f"N({total})>0",
        (f"INDEX(K{first}:K{last},MATCH({most},L{first}:L{last},0))", grade),
        (f'TEXT({most}/{total},"0%")', f"{share:.0%}"),
    )  # fmt: skip
    sheet = quote_sheetname(canvas.sheet.title)
    chart(
        canvas.sheet, f"K{FIRST + 7}", "column", None,
        [Line(b.t("col_amount"), f"{sheet}!$L${FIRST + 1}:$L${FIRST + 3}", BLUE, labels="#,##0",
              colours=[GRADE_COLOURS[g] for g in GRADES[:3]])],
        lang=b.lang, categories=f"{sheet}!$K${FIRST + 1}:$K${FIRST + 3}", size=(12, 7), y=Axis(hidden=True, low=0),
    )  # fmt: skip
