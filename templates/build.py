"""Build the template workbooks and the filled examples: ``python -m templates.build -o templates``.

The pages are drawn with the package's own drawing layer, so that template and result look alike; the same sources
always give the same bytes. The examples are filled from the synthetic sample, their formulas' values computed by
the cell functions themselves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from credit_udfs import models
from credit_udfs.cells import REGISTRY
from credit_udfs.core.assess import Settings, assess
from credit_udfs.core.indicators import INDICATORS, SIX
from credit_udfs.core.industry import industries, is_sole_trader
from credit_udfs.core.stress import scenario
from credit_udfs.core.tables import Tables
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.workbook import contract, names
from credit_udfs.workbook.canvas import Block, Book, Canvas, Column, address
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.package import save
from credit_udfs.workbook.pages import View, model_card
from credit_udfs.workbook.sample import write_sample
from credit_udfs.workbook.style import (
    BLUE,
    CELL,
    CENTRE,
    DATE,
    FINDING,
    HEAD,
    INPUT,
    LABEL,
    LINK,
    NAVY,
    NOTE,
    ORANGE,
    PALE,
    PERCENT,
    PERCENT_SHORT,
    PROSE,
    SIGNED_PERCENT,
    number,
)

# A template has no time of its own.
BUILT = datetime(2020, 9, 10)
ROWS = 100  # firms that formulas are ready for
BLANK_ROWS = {"firms": 100, "purchases": 200, "sales": 200, "churn": 29}
FIRST = 5  # first row of the working pages
HEADER = FIRST - 1
SAMPLE = {"firms": (12, 28), "size": 0.08, "seed": 2020}
GRADES = ("A", "B", "C", "D")
_TABLES = {
    "firms": names.TABLE_FIRMS,
    "purchases": names.TABLE_PURCHASES,
    "sales": names.TABLE_SALES,
    "churn": names.TABLE_CHURN,
}


@dataclass
class Builder:
    """One template being built; `data` fills it (the example), or is None."""

    lang: Lang
    book: Book
    data: Tables | None

    def t(self, key: str, **values: object) -> str:
        return text(f"template.{key}", self.lang, **values)

    def p(self, key: str, **values: object) -> str:
        return text(f"pages.{key}", self.lang, **values)

    def title(self, key: str) -> str:
        """The title of a sheet: an attachment's, or a page's."""
        if key in contract.TABLES:
            return capital(format(contract.TABLES[key].label, self.lang))  # type: ignore[index]
        return self.t(key)

    def ref(self, key: str, cells: str) -> str:
        return f"{quote_sheetname(self.title(key))}!{cells}"


def capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def choices(allowed: Sequence[str], **rest: Any) -> DataValidation:
    return DataValidation(type="list", formula1=f'"{",".join(allowed)}"', **rest)


def rule(builder: Builder, title: str, hint: str, kind: str, *, low: float = 0.0, high: float = 1.0,
         allowed: Sequence[str] = ()) -> DataValidation:  # fmt: skip
    """Data validation with a hint: kind "number", "list", "date" or "any"."""
    # Excel's limits: 32 characters for a title, 255 for a text.
    common: dict[str, Any] = {
        "allow_blank": True, "showInputMessage": True, "promptTitle": title[:32], "prompt": hint[:255],
    }  # fmt: skip
    if kind == "any":
        return DataValidation(type=None, **common)
    common |= {"showErrorMessage": True, "errorTitle": title[:32]}
    if kind == "list":
        return choices(allowed, error=builder.t("bad_choice"), **common)
    if kind == "date":
        return DataValidation(
            type="date", operator="between", formula1="25569", formula2="73050", error=builder.t("bad_date"), **common
        )
    error = builder.t("bad_number", low=f"{low:,.10g}", high=f"{high:,.10g}")
    return DataValidation(
        type="decimal", operator="between", formula1=f"{low:.12g}", formula2=f"{high:.12g}", error=error, **common
    )


def evaluate(name: str, *arguments: object) -> list[list[Any]]:
    """What a cell function gives, as the values of its cells; errors as their text."""
    rows = REGISTRY[name].call(arguments)
    return [[getattr(v, "code", v) for v in row] for row in rows]


# --- the pages -------------------------------------------------------------------------------------------------


def build_start(b: Builder, canvas: Canvas) -> None:
    canvas.widths({1: 3, 2: 24, 3: 52, 4: 30, 5: 3})
    canvas.put(1, 2, b.t("title"), FINDING.on(size=20, bold=True, ink=NAVY, wrap=False))
    canvas.height(1, 36)
    canvas.prose(2, 2, 4, b.t("lead"), FINDING.on(size=11))
    row = 4
    for step, sheet in ((1, "firms"), (2, "settings"), (3, "indicators")):
        canvas.merge(row, 2, row, 2, b.t(f"step_{step}"), FINDING.on(bold=True, fill=PALE, down="center", indent=1))
        canvas.put(row, 3, b.t(f"step_{step}_text"), PROSE.on(fill=PALE, down="center"))
        canvas.link(row, 4, b.t("go", sheet=b.title(sheet)), b.title(sheet), LINK.on(fill=PALE, across="center"))
        canvas.height(row, 78)
        canvas.height(row + 1, 6)
        row += 2
    row = canvas.section(row, 2, 4, b.t("check"))
    known = ",".join(repr(float(s["median"])) for s in models.load().numbers["indicators"])
    yes, no = b.t("check_addin_yes"), b.t("check_addin_no")
    counts: dict[str, int] = {}
    if b.data is not None:
        counts = {"firms": b.data.firms.height, "purchases": b.data.purchases.height, "sales": b.data.sales.height}
    # NOW makes it look again whenever the file is opened; until it has looked it claims nothing good.
    probe = f'IFERROR(IF(RISKSCORE({{{known}}})>=0,"{yes}","{no}"),"{no}")'
    _check(b, canvas, row, "check_addin", f'=IF(NOW()<0,"",{probe})', no, CELL)
    for key in ("firms", "purchases", "sales"):
        row += 1
        formula = f"=COUNTA({b.ref(key, 'A:A')})-1"
        _check(b, canvas, row, f"check_{key}", formula, counts.get(key, 0), number("#,##0"))
    last = FIRST + ROWS - 1
    scored = b.book.refs.get("template.scored", "0")
    _check(b, canvas, row + 1, "check_scored", f"=COUNT({b.ref('indicators', f'I{FIRST}:I{last}')})", float(scored),
           number("#,##0"))  # fmt: skip
    lent, used = (float(b.book.refs.get(f"template.{k}", "0")) for k in ("lent", "used"))
    _check(b, canvas, row + 2, "check_lent", f"=SUM({b.ref('plan', f'F{FIRST}:F{last}')})", lent, number("#,##0"))
    lending = b.ref("plan", f"G{FIRST}:G{last}")
    _check(b, canvas, row + 3, "check_budget", f"=IF(cu_budget>0,SUM({lending})/cu_budget,0)", used,
           number(PERCENT_SHORT))  # fmt: skip
    canvas.prose(row + 5, 2, 4, b.t("rows_note", rows=ROWS), NOTE)
    if b.data is not None:
        canvas.prose(row + 6, 2, 4, b.t("example_note"), NOTE.on(bold=True))
    canvas.page(b.t("title"), tall=False)


def _check(b: Builder, canvas: Canvas, row: int, key: str, formula: str, value: Any, look: Any) -> None:
    canvas.put(row, 2, b.t(key), LABEL)
    canvas.formula(row, 3, formula, look.on(across="left"), value=value)
    canvas.height(row, 19)


_MONEY = "#,##0"
_SETTINGS: dict[str, list[tuple[str, str, float, float, tuple[str, ...]]]] = {
    # name, number format ("" for a choice), smallest, largest, choices
    "group_money": [
        ("cu_budget", _MONEY, 0, 1e13, ()), ("cu_amount_min", _MONEY, 1, 1e12, ()),
        ("cu_amount_max", _MONEY, 1, 1e12, ()), ("cu_rate_min", PERCENT, 0.04, 0.15, ()),
        ("cu_rate_max", PERCENT, 0.04, 0.15, ()), ("cu_lgd", PERCENT, 0, 1, ()), ("cu_funding", PERCENT, 0, 1, ()),
        ("cu_churn_model", "", 0, 0, ("power", "log_quadratic", "isotonic")),
        ("cu_lend_to", "", 0, 0, ("auto", "new", "rated", "all")),
    ],
    "group_appetite": [
        ("cu_max_expected_loss", PERCENT, 0, 1, ()), ("cu_max_churn", PERCENT, 0, 1, ()),
        ("cu_max_industry_share", PERCENT, 0, 1, ()), ("cu_max_grade_c_share", PERCENT, 0, 1, ()),
        ("cu_min_firms", _MONEY, 0, 1e9, ()),
    ],
    "group_method": [
        ("cu_method", "", 0, 0, ("default",)), ("cu_scenario", "", 0, 0, ("covid19_2020q1",)),
        ("cu_severity", "0.00", 0, 16, ()), ("cu_language", "", 0, 0, ("zh", "en")),
    ],
}  # fmt: skip


def build_settings(b: Builder, canvas: Canvas) -> None:
    canvas.widths({1: 34 if b.lang == "zh" else 40, 2: 22, 3: 84})
    row = canvas.heading(b.t("settings_title"), b.t("settings_lead"), 3)
    defaults = {**names.SETTINGS, "cu_language": b.lang}
    if b.data is not None:
        defaults["cu_budget"] = EXAMPLE_BUDGET
    for group, entries in _SETTINGS.items():
        row = canvas.section(row, 1, 3, b.t(group))
        for name, fmt, low, high, allowed in entries:
            canvas.put(row, 1, b.t(name), LABEL)
            canvas.put(row, 2, defaults[name], INPUT.on(number=fmt or "General", across="right"))
            canvas.put(row, 3, b.t(f"{name}_hint"), CELL.on(size=9, indent=1, across="left"))
            canvas.height(row, 20)
            kind = "number" if fmt else "list"
            canvas.validate(
                address(row, 2), rule(b, b.t(name), b.t(f"{name}_hint"), kind, low=low, high=high, allowed=allowed)
            )
            b.book.name(name, canvas.sheet.title, address(row, 2, fixed=True))
            row += 1
        row += 1
    protect(canvas)
    canvas.page(b.t("title"), tall=False)


def protect(canvas: Canvas) -> None:
    """Against slips, without a password; filters, sorting and widths stay free."""
    guard = canvas.sheet.protection
    guard.sheet = True
    guard.formatColumns = guard.formatRows = guard.formatCells = False
    guard.autoFilter = guard.sort = False


_FORMATS = {"date": DATE, "number": "#,##0.00"}


def build_input(b: Builder, canvas: Canvas, key: contract.TableKey) -> None:
    """A sheet like the attachment of that name: header in row 1, rows that look like inputs."""
    table = contract.TABLES[key]
    columns = []
    for column in table.columns:
        fmt = PERCENT if key == "churn" else _FORMATS.get(column.kind, "General")
        look = INPUT.on(number=fmt, across="right" if column.kind in ("number", "date") else "left")
        columns.append(Column(capital(format(column.label, b.lang)), look, 30 if column.key == "name" else 18))
    rows = _rows(b, key)
    blank: list[Any] = [None] * len(columns)
    block = canvas.table(1, 1, columns, rows or [blank] * BLANK_ROWS[key], _TABLES[key])
    canvas.freeze(2)
    for i, column in enumerate(table.columns):
        letter = get_column_letter(1 + i)
        # Validation reaches further than the table, which grows when data is pasted below it.
        area = f"{letter}2:{letter}{100_000 if key in ('purchases', 'sales') else 10_000}"
        canvas.validate(area, _input_rule(b, column, columns[i].header))
    canvas.page(capital(format(table.label, b.lang)), repeat=(1, 1), landscape=len(columns) > 5)
    del block


def _input_rule(b: Builder, column: contract.Column, header: str) -> DataValidation:
    hint = b.t("hint_churn" if column.key in "ABC" else f"hint_{column.key}")
    if column.kind == "grade":
        return rule(b, header, hint, "list", allowed=GRADES)
    if column.kind == "yes_no":
        return rule(b, header, hint, "list", allowed=[format(v, b.lang) for v in contract.YES_NO_LABELS.values()])
    if column.kind == "status":
        return rule(b, header, hint, "list", allowed=[format(v, b.lang) for v in contract.STATUS_LABELS.values()])
    if column.kind == "date":
        return rule(b, header, hint, "date")
    if column.key == "rate":
        return rule(b, header, hint, "number", low=0.0, high=1.0)
    if column.key in ("A", "B", "C"):
        return rule(b, header, hint, "number", low=0.0, high=1.0)
    if column.kind == "number":
        return rule(b, header, hint, "number", low=-1e12, high=1e12)
    return rule(b, header, hint, "any")


def _rows(b: Builder, key: str) -> list[list[Any]]:
    if b.data is None:
        return []
    if key == "churn":
        known = b.data.churn
        assert known is not None
        return [[float(r), *(float(known.observed[g][i]) for g in "ABC")] for i, r in enumerate(known.rates)]  # type: ignore[index]
    if key == "firms":
        yes_no = {v: format(label, b.lang) for v, label in contract.YES_NO_LABELS.items()}
        return [[f, n, g, None if d is None else yes_no[d]] for f, n, g, d in b.data.firms.iter_rows()]
    status = {v: format(label, b.lang) for v, label in contract.STATUS_LABELS.items()}
    frame = b.data.purchases if key == "purchases" else b.data.sales
    ordered = frame.select("firm", "date", "counterparty", "amount", "tax", "total", "void")
    return [[r[0], f"{i:08d}", *r[1:6], status[r[6]]] for i, r in enumerate(ordered.iter_rows(), 1)]


EXAMPLE_BUDGET = 10_000_000.0
_SIX_FORMATS = {"annual_net_sales": "#,##0", "trading_years": "0.0"}


def build_indicators(b: Builder, canvas: Canvas) -> None:
    six = [INDICATORS[k] for k in SIX]
    heads = [b.p("col_firm"), b.p("col_name"), *((i.zh if b.lang == "zh" else i.en) for i in six)]
    heads[2] = b.t("col_sales")
    looks = [INPUT.on(across="center"), INPUT, *(INPUT.on(number=_SIX_FORMATS.get(k, PERCENT_SHORT)) for k in SIX)]
    columns = [Column(h, look, w) for h, look, w in zip(heads, looks, [10, 28, 18, *[13] * 5], strict=True)]
    columns += [
        Column(b.p("col_score"), number("0.0"), 10), Column(b.p("col_pd"), number(PERCENT), 10),
        Column(b.p("col_grade_predicted"), CENTRE, 10),
        *(Column(b.p("col_p_grade", grade=g), number(PERCENT_SHORT), 9) for g in GRADES),
        *(Column(b.p(f"col_reason_{i}"), CELL.on(size=9), 40) for i in (1, 2, 3)),
    ]  # fmt: skip
    filled, firms = _indicator_rows(b)
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    canvas.put(1, 1, b.t("indicators_title"), FINDING.on(size=18, bold=True, ink=NAVY, wrap=False))
    canvas.height(1, 30)
    canvas.prose(2, 1, 12, b.t("indicators_lead"), NOTE)
    blanks: list[Any] = [None] * len(columns)
    block = canvas.table(HEADER, 1, columns, [blanks] * ROWS, None)
    scored = 0
    for i in range(ROWS):
        r = FIRST + i
        known = i < len(filled)
        if known:
            for c, value in enumerate([*firms[i], *filled[i]], 1):
                canvas.put(r, c, value, columns[c - 1].look)
        area, guard = f"C{r}:H{r}", f"COUNT(C{r}:H{r})<4"
        row = [filled[i]] if known else []
        score = evaluate("RISKSCORE", row)[0][0] if known else ""
        scored += isinstance(score, float)
        values = {
            9: ("RISKSCORE", score), 10: ("DEFAULTPROB", evaluate("DEFAULTPROB", row)[0][0] if known else ""),
            11: ("CREDITGRADE", evaluate("CREDITGRADE", row)[0][0] if known else ""),
        }  # fmt: skip
        for c, (function, value) in values.items():
            canvas.formula(r, c, f'=IF({guard},"",{function}({area}))', columns[c - 1].look, value=value)
        _spill(canvas, r, 12, 4, f'=IF({guard},"",GRADEPROBS({area}))', columns,
               evaluate("GRADEPROBS", row)[0] if known else ["", "", "", ""])  # fmt: skip
        _spill(canvas, r, 16, 3, f'=IF({guard},"",RISKREASONS({area},cu_language))', columns,
               evaluate("RISKREASONS", row, b.lang)[0] if known else ["", "", ""])  # fmt: skip
    last = block.last
    for c, key in enumerate(SIX, 3):
        letter = get_column_letter(c)
        hint = b.t(f"hint_{key}") if key in _SIX_FORMATS else b.t("hint_share")
        high = {"annual_net_sales": 1e13, "trading_years": 200.0}.get(key, 1.0)
        low = -1e13 if key == "annual_net_sales" else 0.0
        canvas.validate(f"{letter}{FIRST}:{letter}{last}", rule(b, heads[c - 1], hint, "number", low=low, high=high))
    canvas.validate(f"A{FIRST}:A{last}", rule(b, heads[0], b.t("hint_firm"), "any"))
    canvas.validate(f"B{FIRST}:B{last}", rule(b, heads[1], b.t("hint_name"), "any"))
    canvas.colour_scale(f"I{FIRST}:I{last}", dark="E9A15B", low=0, high=100)
    title = canvas.sheet.title
    b.book.name(names.RANGE_FIRM_IDS, title, f"$A${FIRST}:$A${last}")
    b.book.name(names.RANGE_INDICATORS, title, f"$C${FIRST}:$H${last}")
    b.book.name(names.RANGE_SCORES, title, f"$I${FIRST}:$I${last}")
    b.book.refs["template.scored"] = str(scored)
    canvas.freeze(FIRST, 3)
    protect(canvas)
    canvas.page(b.t("title"), repeat=(HEADER, HEADER), halves=(2, 15), scale=70)


def _spill(canvas: Canvas, row: int, column: int, count: int, formula: str, columns: Sequence[Column],
           values: Sequence[Any]) -> None:  # fmt: skip
    """One formula over `count` cells of a row."""
    spill = f"{address(row, column)}:{address(row, column + count - 1)}"
    canvas.formula(row, column, formula, columns[column - 1].look, value=values[0], spill=spill)
    for k in range(1, count):
        canvas.put(row, column + k, values[k], columns[column + k - 1].look)


def _indicator_rows(b: Builder) -> tuple[list[list[Any]], list[tuple[str, str]]]:
    if b.data is None:
        return [], []
    assessment = assess(b.data, Settings(), models.load())
    rows = [[None if v is None else float(v) for v in r[1:]] for r in assessment.indicators.iter_rows()]
    firms = list(zip(b.data.firms["firm"].to_list(), b.data.firms["name"].to_list(), strict=True))
    return rows[:ROWS], firms[:ROWS]


def build_plan(b: Builder, canvas: Canvas) -> None:
    columns = [
        Column(b.p("col_firm"), CENTRE, 12), Column(b.p("col_pd"), number(PERCENT), 12),
        Column(b.p("col_grade"), CENTRE, 12), Column(b.t("col_limit"), INPUT.on(number="#,##0", across="right"), 16),
        Column(b.p("col_industry"), CELL, 22 if b.lang == "zh" else 34), Column(b.t("col_lend"), CENTRE, 12),
        Column(b.t("col_amount"), number("#,##0"), 15), Column(b.p("col_rate"), number(PERCENT), 12),
        Column(b.t("col_profit"), number("#,##0"), 15),
    ]  # fmt: skip
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    canvas.put(1, 1, b.t("plan_title"), FINDING.on(size=18, bold=True, ink=NAVY, wrap=False))
    canvas.height(1, 30)
    canvas.prose(2, 1, 9, b.t("plan_lead"), NOTE)
    blanks: list[Any] = [None] * len(columns)
    block = canvas.table(HEADER, 1, columns, [blanks] * ROWS, None)
    filled, firms = _indicator_rows(b)
    table: list[list[Any]] = []
    for i in range(ROWS):
        r = FIRST + i
        known = i < len(filled)
        pd = evaluate("DEFAULTPROB", [filled[i]])[0][0] if known else ""
        grade = evaluate("CREDITGRADE", [filled[i]])[0][0] if known else ""
        sector = evaluate("INDUSTRY", firms[i][1], b.lang)[0][0] if known else ""
        table.append([pd, grade, None, sector])
        source = quote_sheetname(b.title("indicators"))
        canvas.formula(r, 1, f'=IF({source}!A{r}="","",{source}!A{r})', columns[0].look,
                       value=firms[i][0] if known else "")  # fmt: skip
        canvas.formula(r, 2, f"={source}!J{r}", columns[1].look, value=pd)
        canvas.formula(r, 3, f"={source}!K{r}", columns[2].look, value=grade)
        canvas.formula(
            r, 5, f'=IF({source}!B{r}="","",INDUSTRY({source}!B{r},cu_language))', columns[4].look, value=sector
        )
    empty: list[list[Any]] = [[0.0, 0.0, "", 0.0]]
    budget = EXAMPLE_BUDGET if b.data is not None else float(names.SETTINGS["cu_budget"])  # type: ignore[arg-type]
    found = evaluate("ALLOCATE", table, budget) if filled else empty * ROWS
    spill = f"F{FIRST}:I{block.last}"
    # A blank cell arrives as 0 in LibreOffice, and a ceiling of 0 refuses everybody: 1 stands for no limit.
    ceilings = ("cu_max_expected_loss", "cu_max_churn", "cu_max_industry_share")
    given = f'B{FIRST}:E{block.last},cu_budget,cu_amount_min,cu_amount_max,cu_lgd,cu_funding,"bank"'
    limited = ",".join(f'IF({name}="",1,{name})' for name in ceilings)
    formula = f"=IF(COUNT({','.join(ceilings)})=0,ALLOCATE({given}),ALLOCATE({given},{limited}))"
    for i, row in enumerate(found):
        for k, value in enumerate(row):
            canvas.put(FIRST + i, 6 + k, value, columns[5 + k].look)
    canvas.formula(FIRST, 6, formula, columns[5].look, value=found[0][0], spill=spill)
    b.book.refs["template.lent"] = str(sum(float(r[0]) for r in found))
    b.book.refs["template.used"] = str(sum(float(r[1]) for r in found) / budget)
    canvas.validate(f"D{FIRST}:D{block.last}", rule(b, b.t("col_limit"), b.t("hint_limit"), "number", high=1e12))
    canvas.shade_if(f"A{FIRST}:I{block.last}", f"N($F{FIRST})=1", "EAF1F8")
    b.book.name("cu_plan", canvas.sheet.title, f"$A${FIRST}:$I${block.last}")
    _by_grade(b, canvas, block, table, found)
    canvas.freeze(FIRST, 2)
    protect(canvas)
    canvas.page(b.t("title"), repeat=(HEADER, HEADER), area=f"A1:Q{block.last}")


def _by_grade(b: Builder, canvas: Canvas, block: Block, table: list[list[Any]], found: list[list[Any]]) -> None:
    """Lending by grade, live, with its chart."""
    canvas.widths({10: 3, 11: 12, 12: 15, 13: 12})
    for c, label in ((11, b.p("col_grade")), (12, b.t("col_amount")), (13, b.p("col_firms"))):
        canvas.put(HEADER, c, label, HEAD)
    area = f"{FIRST}:{{}}{block.last}"
    for k, grade in enumerate((*GRADES[:3], b.t("total"))):
        r = FIRST + k
        mine = [row for row, source in zip(found, table, strict=False) if k == 3 or source[1] == grade]
        canvas.put(r, 11, grade, CENTRE.on(bold=k == 3))
        money, lend = "G" + area.format("G"), "F" + area.format("F")
        where = f"C{FIRST}:C{block.last},K{r},"
        canvas.formula(r, 12, f"=SUM({money})" if k == 3 else f"=SUMIFS({money},{where[:-1]})",
                       number("#,##0"), value=sum(float(x[1]) for x in mine))  # fmt: skip
        canvas.formula(r, 13, f"=SUM({lend})" if k == 3 else f"=SUMIFS({lend},{where[:-1]})",
                       number("#,##0"), value=sum(float(x[0]) for x in mine))  # fmt: skip
    sheet = quote_sheetname(canvas.sheet.title)
    chart(
        canvas.sheet, f"K{FIRST + 6}", "column", b.t("chart_plan"),
        [Line(b.t("col_amount"), f"{sheet}!$L${FIRST}:$L${FIRST + 2}", BLUE, labels="#,##0",
              colours=["9DC3E6", "5B9BD5", "1F5C99"])],
        lang=b.lang, categories=f"{sheet}!$K${FIRST}:$K${FIRST + 2}", size=(12, 7), y=Axis(hidden=True, low=0),
    )  # fmt: skip


_LOWERED = 20  # first column of the indicators after the shock


def build_stress(b: Builder, canvas: Canvas) -> None:
    columns = [
        Column(b.p("col_firm"), CENTRE, 12), Column(b.p("col_industry"), CELL, 22 if b.lang == "zh" else 34),
        Column(b.t("col_kind"), INPUT.on(across="center"), 14), Column(b.t("col_factor"), number(PERCENT_SHORT), 13),
        Column(b.p("col_pd"), number(PERCENT), 13), Column(b.t("col_pd_after"), number(PERCENT), 14),
        Column(b.t("col_pd_change"), number(SIGNED_PERCENT), 12), Column(b.p("col_grade"), CENTRE, 12),
    ]  # fmt: skip
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    canvas.put(1, 1, b.t("stress_title"), FINDING.on(size=18, bold=True, ink=NAVY, wrap=False))
    canvas.height(1, 30)
    canvas.prose(2, 1, 8, b.t("stress_lead"), NOTE)
    blanks: list[Any] = [None] * len(columns)
    block = canvas.table(HEADER, 1, columns, [blanks] * ROWS, None)
    filled, firms = _indicator_rows(b)
    indicators, plan = quote_sheetname(b.title("indicators")), quote_sheetname(b.title("plan"))
    sums: dict[str, list[tuple[float, float]]] = {}
    for i in range(ROWS):
        r = FIRST + i
        known = i < len(filled)
        kind = ("sole_trader" if is_sole_trader(firms[i][1]) else "normal") if known else None
        sector = evaluate("INDUSTRY", firms[i][1], b.lang)[0][0] if known else ""
        factor = evaluate("STRESSFACTOR", sector, "covid19_2020q1", kind, 1.0)[0][0] if known else ""
        before = evaluate("DEFAULTPROB", [filled[i]])[0][0] if known else ""
        grade = evaluate("CREDITGRADE", [filled[i]])[0][0] if known else ""
        after: Any = ""
        after_sales: float | None = None
        if known and isinstance(before, float):
            sales = filled[i][0]
            after_sales = None if sales is None else sales * factor
            after = evaluate("DEFAULTPROB", [[after_sales, *filled[i][1:]]])[0][0]
            sums.setdefault(str(grade), []).append((before, after))
        canvas.formula(r, 1, f"={plan}!A{r}", columns[0].look, value=firms[i][0] if known else "")
        canvas.formula(r, 2, f"={plan}!E{r}", columns[1].look, value=sector)
        canvas.put(r, 3, kind, columns[2].look)
        canvas.formula(
            r, 4, f'=IF(B{r}="","",STRESSFACTOR(B{r},cu_scenario,IF(C{r}="","normal",C{r}),cu_severity))',
            columns[3].look, value=factor,
        )  # fmt: skip
        canvas.formula(r, 5, f"={plan}!B{r}", columns[4].look, value=before)
        lowered = [after_sales, *filled[i][1:]] if known else [""] * 6
        for k in range(6):
            cell = f"{indicators}!{get_column_letter(3 + k)}{r}"
            hit = f"*$D{r}" if k == 0 else ""
            canvas.formula(
                r, _LOWERED + k, f'=IF(OR({cell}="",$D{r}=""),"",{cell}{hit})',
                number(_SIX_FORMATS.get(SIX[k], PERCENT_SHORT)), value="" if lowered[k] is None else lowered[k],
            )  # fmt: skip
        area = f"{address(r, _LOWERED)}:{address(r, _LOWERED + 5)}"
        canvas.formula(r, 6, f'=IF(COUNT({area})<4,"",DEFAULTPROB({area}))', columns[5].look, value=after)
        change = after - before if isinstance(after, float) and isinstance(before, float) else ""
        canvas.formula(r, 7, f'=IF(F{r}="","",F{r}-E{r})', columns[6].look, value=change)
        canvas.formula(r, 8, f"={plan}!C{r}", columns[7].look, value=grade)
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
    _stress_chart(b, canvas, block, sums)
    canvas.freeze(FIRST, 2)
    protect(canvas)
    canvas.page(b.t("title"), repeat=(HEADER, HEADER), area=f"A1:Q{block.last}")


def _stress_chart(b: Builder, canvas: Canvas, block: Block, sums: dict[str, list[tuple[float, float]]]) -> None:
    canvas.widths({9: 3, 10: 12, 11: 13, 12: 13})
    for c, label in ((10, b.p("col_grade")), (11, b.t("before")), (12, b.t("after"))):
        canvas.put(HEADER, c, label, HEAD)
    for k, grade in enumerate(GRADES):
        r = FIRST + k
        canvas.put(r, 10, grade, CENTRE)
        pairs = sums.get(grade, [])
        for c, letter in ((11, "E"), (12, "F")):
            mean = sum(p[c - 11] for p in pairs) / len(pairs) if pairs else 0.0
            area = f"{letter}{FIRST}:{letter}{block.last}"
            canvas.formula(r, c, f"=IFERROR(AVERAGEIFS({area},H{FIRST}:H{block.last},J{r}),0)", number(PERCENT),
                           value=mean)  # fmt: skip
    sheet = quote_sheetname(canvas.sheet.title)
    last = FIRST + 3
    chart(
        canvas.sheet, f"J{FIRST + 6}", "column", b.t("chart_stress"),
        [Line(b.t("before"), f"{sheet}!$K${FIRST}:$K${last}", "9DC3E6", labels="0.0%"),
         Line(b.t("after"), f"{sheet}!$L${FIRST}:$L${last}", ORANGE, labels="0.0%")],
        lang=b.lang, categories=f"{sheet}!$J${FIRST}:$J${last}", size=(14, 8), y=Axis(hidden=True, low=0), gap=60,
    )  # fmt: skip


def build_scenario(b: Builder, canvas: Canvas) -> None:
    """Growth by industry, to be edited: the Credit tab's stress test reads this table."""
    canvas.widths({1: 34 if b.lang == "zh" else 44, 2: 20, 3: 60})
    shipped = scenario(str(names.SETTINGS["cu_scenario"]))
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
    protect(canvas)
    canvas.page(b.t("title"), landscape=False, tall=False)


def build_validation(b: Builder, canvas: Canvas) -> None:
    canvas.widths({1: 40, 2: 16, 3: 16, 4: 16})
    row = canvas.heading(b.t("validation_title"), b.t("validation_lead"), 4)
    rows = intervals(models.load().validation)
    if not rows:
        canvas.prose(row, 1, 4, b.t("no_validation"), PROSE)
    else:
        columns = [
            Column(b.t("metric"), CELL, 40),
            *(Column(b.t(k), number("0.000"), 16) for k in ("value", "low", "high")),
        ]
        canvas.table(row, 1, columns, rows, fit=False)
    canvas.page(b.t("title"), landscape=False, tall=False)


def intervals(value: Any, path: str = "") -> list[list[Any]]:
    """The numbers of a model's validation, one a row, with their intervals where they have one."""
    if isinstance(value, dict):
        if {"value", "low", "high"} <= set(value):
            return [[path, value["value"], value["low"], value["high"]]]
        return [row for k, v in value.items() for row in intervals(v, f"{path} / {k}" if path else str(k))]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [[path, value, None, None]]
    return []


def build_model_card(b: Builder, canvas: Canvas) -> None:
    assessment = assess(b.data or _sample(), Settings(), models.load())
    model_card.draw(canvas, View(assessment, b.lang, at=BUILT))


# --- the whole -------------------------------------------------------------------------------------------------

ORDER: tuple[str, ...] = (
    "start", "settings", "firms", "purchases", "sales", "churn", "indicators", "plan", "stress", "scenario",
    "validation", "model_card",
)  # fmt: skip
_PAGES: dict[str, Callable[[Builder, Canvas], None]] = {
    "settings": build_settings, "indicators": build_indicators, "plan": build_plan, "stress": build_stress,
    "scenario": build_scenario, "validation": build_validation, "model_card": build_model_card, "start": build_start,
}  # fmt: skip
_COLOURS = {"start": NAVY, "settings": "B58900", "indicators": BLUE, "plan": BLUE, "stress": BLUE, "scenario": "B58900"}


def build(path: Path, lang: Lang, data: Tables | None = None) -> Path:
    """Write one template, filled with `data` where given."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    book = Book(workbook, lang)
    b = Builder(lang, book, data)
    sheets = {key: workbook.create_sheet(b.title(key)) for key in ORDER}
    for key in (*contract.TABLES, *_PAGES):
        canvas = Canvas(book, sheets[key])
        sheets[key].sheet_properties.tabColor = _COLOURS.get(key, "BFC6CE" if key in _PAGES else "B58900")
        if key in _PAGES:
            _PAGES[key](b, canvas)
        else:
            build_input(b, canvas, key)  # type: ignore[arg-type]
    workbook.active = 0
    properties = workbook.properties
    properties.creator, properties.title, properties.created = "credit_udfs", b.t("title"), BUILT
    properties.language = "zh-CN" if lang == "zh" else "en"
    return save(workbook, path, at=BUILT, values=book.values, ours=[s.title for s in workbook.worksheets], force=True)


def _sample() -> Tables:
    """The synthetic sample; its names are Chinese in both examples, because industries are read off them."""
    from credit_udfs.workbook.read import read

    with tempfile.TemporaryDirectory() as folder:
        paths = write_sample(folder, dirt=False, **SAMPLE)  # type: ignore[arg-type]
        return read(paths, today=date(2020, 9, 10))


def build_all(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for lang in LANGS:
        out.append(build(folder / f"sme_credit_template.{lang}.xlsx", lang))
        out.append(build(folder / f"sme_credit_example.{lang}.xlsx", lang, _sample()))
    return out


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parent)
    for path in build_all(parser.parse_args(arguments).out):
        print(path)  # noqa: T201 # a command's output


if __name__ == "__main__":
    main(sys.argv[1:])
