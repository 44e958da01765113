"""What the template's pages share: the book being built, the example's firms, inputs and their hints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from openpyxl.utils import quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from credit_udfs import models
from credit_udfs.cells import REGISTRY
from credit_udfs.core.assess import Settings, assess
from credit_udfs.core.churn import LENDABLE
from credit_udfs.core.indicators import SIX
from credit_udfs.core.industry import is_sole_trader
from credit_udfs.core.tables import Tables
from credit_udfs.locale import Lang, text
from credit_udfs.workbook import contract
from credit_udfs.workbook.canvas import Block, Book, Canvas, Column
from credit_udfs.workbook.style import FINDING, NAVY, NOTE, PERCENT_SHORT

# A template has no time of its own.
BUILT = datetime(2020, 9, 10)
ROWS = 100  # firms that formulas are ready for
FIRST = 5  # first row of the working pages
HEADER = FIRST - 1
EXAMPLE_BUDGET = 10_000_000.0
SCENARIO = "covid19_2020q1"
SIX_FORMATS = [{"annual_net_sales": "#,##0", "trading_years": "0.0"}.get(key, PERCENT_SHORT) for key in SIX]


def evaluate(name: str, *arguments: object) -> list[list[Any]]:
    """What a cell function gives, as the values of its cells; errors as their text."""
    rows = REGISTRY[name].call(arguments)
    return [[getattr(v, "code", v) for v in row] for row in rows]


@dataclass(frozen=True)
class Firm:
    """One row of the working pages: an enterprise of the example, or a blank row, whose values are all ""."""

    id: str = ""
    name: str = ""
    six: Sequence[float | None] = ()
    lang: Lang = "zh"

    def _of_six(self, function: str, *more: object, blank: int = 1) -> list[Any]:
        return evaluate(function, [list(self.six)], *more)[0] if self.six else [""] * blank

    @cached_property
    def score(self) -> Any:
        return self._of_six("RISKSCORE")[0]

    @cached_property
    def pd(self) -> Any:
        return self._of_six("DEFAULTPROB")[0]

    @cached_property
    def grade(self) -> Any:
        return self._of_six("CREDITGRADE")[0]

    @cached_property
    def grade_probs(self) -> list[Any]:
        return self._of_six("GRADEPROBS", blank=4)

    @cached_property
    def reasons(self) -> list[Any]:
        return self._of_six("RISKREASONS", self.lang, blank=3)

    @cached_property
    def industry(self) -> Any:
        return evaluate("INDUSTRY", self.name, self.lang)[0][0] if self.six else ""

    @property
    def kind(self) -> str | None:
        return ("sole_trader" if is_sole_trader(self.name) else "normal") if self.six else None

    @cached_property
    def factor(self) -> Any:
        """Sales kept in the shock."""
        return evaluate("STRESSFACTOR", self.industry, SCENARIO, self.kind, 1.0)[0][0] if self.six else ""

    @cached_property
    def stressed(self) -> Firm:
        """The same firm with the sales it keeps."""
        if not self.six or not isinstance(self.pd, float):
            return Firm()
        sales, *rest = self.six
        return Firm(self.id, self.name, [None if sales is None else sales * self.factor, *rest], self.lang)


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

    @cached_property
    def firms(self) -> list[Firm]:
        """The example's firms, one for each row that has any."""
        if self.data is None:
            return []
        found = assess(self.data, Settings(), models.load()).indicators.drop("firm")
        known = zip(self.data.firms["firm"], self.data.firms["name"], found.iter_rows(), strict=True)
        return [Firm(firm, name, [None if v is None else float(v) for v in six], self.lang)
                for firm, name, six in known][:ROWS]  # fmt: skip

    @cached_property
    def churn(self) -> list[list[float]]:
        """The example's churn statistics: rate, churn of A, B and C; by rate."""
        known = self.data.churn if self.data else None
        if known is None:
            return []
        columns = [known.rates, *(known.observed[grade] for grade in LENDABLE)]
        return [[float(value) for value in row] for row in zip(*columns, strict=True)]

    @cached_property
    def rows(self) -> list[Firm]:
        """The firms, and blank ones to the last row."""
        return [*self.firms, *[Firm()] * (ROWS - len(self.firms))]


def capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def working_page(b: Builder, canvas: Canvas, key: str, span: int, columns: Sequence[Column]) -> Block:
    """Title, lead over `span` columns, and an empty table with its header in row HEADER."""
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    canvas.put(1, 1, b.t(f"{key}_title"), FINDING.on(size=18, bold=True, ink=NAVY, wrap=False))
    canvas.height(1, 30)
    canvas.prose(2, 1, span, b.t(f"{key}_lead"), NOTE)
    blanks: list[Any] = [None] * len(columns)
    return canvas.table(HEADER, 1, columns, [blanks] * ROWS, None)


def finding(b: Builder, canvas: Canvas, row: int, column: int, key: str, known: str, *pieces: tuple[str, str]) -> None:
    """A live sentence above a chart: the text `key`, its marks | filled with formulas, each with what it gives now.

    known: a condition; without it, and in a template without firms, nothing is said.
    """
    words = b.t(key).split("|")
    parts = [*zip(words, pieces, strict=False), (words[-1], None)]
    formula = "&".join(
        piece for word, found in parts for piece in (f'"{word}"' * bool(word), found and found[0]) if piece
    )
    value = "".join(word + (piece[1] if piece else "") for word, piece in parts) if b.firms else ""
    canvas.formula(
        row, column, f'=IFERROR(IF({known},{formula},""),"")', FINDING.on(size=11, bold=True, wrap=False), value=value
    )


def protect(canvas: Canvas) -> None:
    """Against slips, without a password; filters, sorting and widths stay free."""
    guard = canvas.sheet.protection
    guard.sheet = True
    guard.formatColumns = guard.formatRows = guard.formatCells = False
    guard.autoFilter = guard.sort = False


def rule(b: Builder, title: str, hint: str, kind: str, *, low: float = 0.0, high: float = 1.0,
         zero: bool = True, allowed: Sequence[str] = ()) -> DataValidation:  # fmt: skip
    """Data validation with a hint: kind "number" (`low` itself only with `zero`), "list", "suggested" (a list that
    something else may be typed for), "date" or "any"."""
    # Excel's limits: 32 characters for a title, 255 for a text.
    common: dict[str, Any] = {
        "allow_blank": True, "showInputMessage": True, "promptTitle": title[:32], "prompt": hint[:255],
    }  # fmt: skip
    if kind == "any":
        return DataValidation(type=None, **common)
    listed = f'"{",".join(allowed)}"'
    assert len(listed) <= 255, "Excel takes no longer list"
    if kind == "suggested":
        return DataValidation(type="list", formula1=listed, **common)
    common |= {"showErrorMessage": True, "errorTitle": title[:32]}
    if kind == "list":
        return DataValidation(type="list", formula1=listed, error=b.t("bad_choice"), **common)
    if kind == "date":
        return DataValidation(
            type="date", operator="between", formula1="25569", formula2="73050", error=b.t("bad_date"), **common
        )
    error = b.t("bad_number" if zero else "bad_number_above", low=f"{low:,.10g}", high=f"{high:,.10g}")
    if not zero:
        low = 0.01  # Excel knows no half-open interval
    return DataValidation(
        type="decimal", operator="between", formula1=f"{low:.12g}", formula2=f"{high:.12g}", error=error, **common
    )
