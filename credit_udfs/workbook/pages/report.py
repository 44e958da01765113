"""What the pages of reports share: the language, the reports, and their texts (locale/reports.toml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from credit_udfs.locale import Lang, text
from credit_udfs.workbook.canvas import Canvas
from credit_udfs.workbook.pages.view import Extras, View
from credit_udfs.workbook.style import lines

_ROW: Final = 18.0
# Western letters are narrower than the digit that a column's width counts.
_NARROW: Final = {"zh": 1.0, "en": 1.2}


@dataclass(frozen=True)
class ReportView:
    """Reports on their own, without an assessment."""

    lang: Lang
    extras: Extras = field(default_factory=Extras)


AnyView = View | ReportView
"""A report's page stands in a result, or alone."""


@dataclass(frozen=True)
class Words:
    """Texts of one language's report."""

    lang: Lang

    def __call__(self, key: str, /, **values: object) -> str:
        return text(f"reports.{key}", self.lang, **values)

    def pick(self, named: object) -> str:
        """`named.zh` or `named.en`."""
        return str(getattr(named, self.lang))

    def row(self, items: list[str]) -> str:
        return ("、" if self.lang == "zh" else ", ").join(items)

    @property
    def footer(self) -> str:
        return text("pages.footer", self.lang)


def fit_height(canvas: Canvas, row: int, texts: Mapping[int, str]) -> None:
    """A row high enough for wrapped texts: column -> text."""
    room = _NARROW[canvas.lang]
    tall = max(lines(said, canvas.column_width(column) * room) for column, said in texts.items())
    canvas.height(row, max(_ROW, 13.5 * tall + 4))
