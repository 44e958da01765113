"""The stress page: sales hit by industry, the firms scored again; and the scenario it may be changed by."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.utils import get_column_letter, quote_sheetname

from credit_udfs.core.indicators import INDICATORS, SIX
from credit_udfs.core.industry import industries
from credit_udfs.core.stress import scenario
from credit_udfs.types import GRADES
from credit_udfs.workbook import names
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Block, Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.style import (
    CELL,
    CENTRE,
    HEAD,
    INPUT,
    LABEL,
    MIST,
    ORANGE,
    PERCENT,
    PERCENT_SHORT,
    SIGNED_PERCENT,
    number,
)
from templates.pages.builder import (
    FIRST,
    HEADER,
    SCENARIO,
    SIX_FORMATS,
    Builder,
    Firm,
    finding,
    protect,
    rule,
    working_page,
)

_LOWERED = 20  # first column of the indicators after the shock


def draw(b: Builder, canvas: Canvas) -> None:
    columns = [
        Column(b.p("col_firm"), CENTRE, 12), Column(b.p("col_industry"), CELL, 22 if b.lang == "zh" else 34),
        Column(b.t("col_kind"), INPUT.on(across="center"), 14), Column(b.t("col_factor"), number(PERCENT_SHORT), 13),
        Column(b.p("col_pd"), number(PERCENT), 13), Column(b.t("col_pd_after"), number(PERCENT), 14),
        Column(b.t("col_pd_change"), number(SIGNED_PERCENT), 12), Column(b.p("col_grade"), CENTRE, 12),
    ]  # fmt: skip
    block = working_page(b, canvas, "stress", 8, columns)
    looks = [column.look for column in columns]
    plan = quote_sheetname(b.title("plan"))
    for r, firm in enumerate(b.rows, FIRST):
        canvas.formula(r, 1, f"={plan}!A{r}", looks[0], value=firm.id)
        canvas.formula(r, 2, f"={plan}!E{r}", looks[1], value=firm.industry)
        canvas.put(r, 3, firm.kind, looks[2])
        factor = f'STRESSFACTOR(B{r},cu_scenario,IF(C{r}="","normal",C{r}),cu_severity)'
        factor = f'=IF(B{r}="","",IF(cu_scenario="none",1,{factor}))'
        canvas.formula(r, 4, factor, looks[3], value=firm.factor)
        canvas.formula(r, 5, f"={plan}!B{r}", looks[4], value=firm.pd)
        after = firm.stressed.pd
        area = f"{address(r, _LOWERED)}:{address(r, _LOWERED + 5)}"
        canvas.formula(r, 6, f'=IF(COUNT({area})<4,"",DEFAULTPROB({area}))', looks[5], value=after)
        change = after - firm.pd if isinstance(after, float) else ""
        canvas.formula(r, 7, f'=IF(F{r}="","",F{r}-E{r})', looks[6], value=change)
        canvas.formula(r, 8, f"={plan}!C{r}", looks[7], value=firm.grade)
        _lowered(b, canvas, r, firm)
    for k, key in enumerate(SIX):
        declared = INDICATORS[key]
        named = b.t("col_sales") if k == 0 else declared.zh if b.lang == "zh" else declared.en
        canvas.put(HEADER, _LOWERED + k, named, HEAD)
        canvas.widths({_LOWERED + k: 15})
    canvas.put(HEADER - 1, _LOWERED, b.t("lowered"), LABEL.on(bold=True, line="none"))
    canvas.validate(
        f"C{FIRST}:C{block.last}",
        rule(b, b.t("col_kind"), b.t("hint_kind"), "list", allowed=("normal", "micro", "sole_trader")),
    )
    _by_grade(b, canvas, block, b.firms)
    canvas.freeze(FIRST, 2)
    protect(canvas)
    canvas.page(b.t("title"), repeat=(HEADER, HEADER), area=f"A1:Q{block.last}")


def _lowered(b: Builder, canvas: Canvas, row: int, firm: Firm) -> None:
    """The six indicators after the shock: sales are lower, the rest is as it was."""
    indicators = quote_sheetname(b.title("indicators"))
    for k in range(len(SIX)):
        value = firm.stressed.six[k] if firm.stressed.six else None
        cell = f"{indicators}!{get_column_letter(3 + k)}{row}"
        hit = f"*$D{row}" if k == 0 else ""
        canvas.formula(
            row, _LOWERED + k, f'=IF(OR({cell}="",$D{row}=""),"",{cell}{hit})', number(SIX_FORMATS[k]),
            value="" if value is None else value,
        )  # fmt: skip


def _by_grade(b: Builder, canvas: Canvas, block: Block, firms: Sequence[Firm]) -> None:
    """Mean probabilities of default before and after, with their chart; below the header of the firms."""
    canvas.widths({9: 3, 10: 12, 11: 13, 12: 13})
    for c, label in ((10, b.p("col_grade")), (11, b.t("before")), (12, b.t("after"))):
        canvas.put(FIRST, c, label, HEAD)
    for k, grade in enumerate(GRADES):
        r = FIRST + 1 + k
        canvas.put(r, 10, grade, CENTRE)
        mine = [firm for firm in firms if firm.grade == grade and firm.stressed.six]
        for c, letter, values in (
            (11, "E", [firm.pd for firm in mine]),
            (12, "F", [firm.stressed.pd for firm in mine]),
        ):
            area = f"{letter}{FIRST}:{letter}{block.last}"
            canvas.formula(
                r, c, f"=IFERROR(AVERAGEIFS({area},H{FIRST}:H{block.last},J{r}),\"\")", number(PERCENT),
                value=sum(values) / len(values) if values else "",
            )  # fmt: skip
    before, after = (f"{letter}{FIRST}:{letter}{block.last}" for letter in "EF")
    both = [(firm.pd, firm.stressed.pd) for firm in firms if isinstance(firm.stressed.pd, float)]
    means = [f"{sum(side) / len(both):.1%}" for side in zip(*both, strict=True)] or ["", ""]
    finding(
        b, canvas, FIRST + 6, 10, "chart_stress", f"COUNT({after})>0",
        (f'TEXT(AVERAGEIFS({before},{after},">=0"),"0.0%")', means[0]), (f'TEXT(AVERAGE({after}),"0.0%")', means[1]),
    )  # fmt: skip
    sheet = quote_sheetname(canvas.sheet.title)
    first, last = FIRST + 1, FIRST + 4
    chart(
        canvas.sheet, f"J{FIRST + 7}", "column", None,
        [Line(b.t("before"), f"{sheet}!$K${first}:$K${last}", MIST, labels="0.0%"),
         Line(b.t("after"), f"{sheet}!$L${first}:$L${last}", ORANGE, labels="0.0%")],
        lang=b.lang, categories=f"{sheet}!$J${first}:$J${last}", size=(14, 8), y=Axis(hidden=True, low=0), gap=60,
    )  # fmt: skip


def draw_scenario(b: Builder, canvas: Canvas) -> None:
    """Growth by industry, to be edited: the Credit tab's stress test reads this table."""
    canvas.widths({1: 34 if b.lang == "zh" else 44, 2: 20, 3: 60})
    shipped = scenario(SCENARIO)
    source = shipped.source_zh if b.lang == "zh" else shipped.source_en
    row = canvas.heading(b.t("scenario"), b.t("scenario_lead", name=shipped.name(b.lang)), 3, note=source)
    columns = [
        Column(b.p("col_industry"), CELL), Column(b.t("growth"), INPUT.on(number=SIGNED_PERCENT, across="right")),
    ]  # fmt: skip
    rows = [(industry.name(b.lang), shipped.growth[key]) for key, industry in industries().items()]
    block = canvas.table(row, 1, columns, rows, names.TABLE_STRESS, fit=False, filters=False)
    canvas.validate(
        f"B{block.first}:B{block.last}", rule(b, b.t("growth"), b.t("hint_growth"), "number", low=-1.0, high=10.0)
    )
    canvas.page(b.t("title"), landscape=False, tall=False)
