"""What can go wrong: one base error, and problems found in a file.

Every error names the value, the place and the repair, in the user's language, and knows the real error value
a cell shows for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from credit_udfs.locale import Lang, text

CellError = Literal["#VALUE!", "#NUM!", "#N/A"]
Severity = Literal["error", "warning"]


class CreditError(Exception):
    """Base of all errors of this package.

    `key` names the text in ``locale/``; `values` fill it. ``str(error)`` is English;
    `text` gives either language.
    """

    cell: ClassVar[CellError] = "#VALUE!"

    def __init__(self, key: str, /, **values: Any) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def text(self, lang: Lang) -> str:
        return text(self.key, lang, **self.values)

    def __str__(self) -> str:
        return self.text("en")


class BadInput(CreditError):
    """A value of the wrong kind: text where a number belongs, an unknown grade, a wrong count. #VALUE!"""


class OutOfRange(CreditError):
    """A number outside what the computation is defined for: a rate of 40%, a negative budget. #NUM!"""

    cell: ClassVar[CellError] = "#NUM!"


class NotAvailable(CreditError):
    """Too little is known to answer: indicators missing, no such model or method. #N/A"""

    cell: ClassVar[CellError] = "#N/A"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file, and how to mend it.

    `severity` "error": the run can't go on; "warning": it goes on, and the text says what was done instead.
    `cell` is an address such as "C17", or "" where the problem is not about one cell.
    `count` is the number of like cases, of which `cell` is the first.
    """

    severity: Severity
    key: str
    values: dict[str, Any] = field(default_factory=dict)
    file: str = ""
    sheet: str = ""
    cell: str = ""
    count: int = 1

    def place(self) -> str:
        """Where, as a reader of spreadsheets writes it: ``book.xlsx, Sheet1!C17``."""
        at = f"{self.sheet}!{self.cell}" if self.sheet and self.cell else self.sheet or self.cell
        return ", ".join(part for part in (self.file, at) if part)

    def text(self, lang: Lang) -> str:
        said = text(self.key, lang, **self.values)
        # A warning's own text says how many; an error about a cell is one of so many.
        alike = self.severity == "error" and self.cell and self.count > 1
        return said + text("problems.like_cases", lang, count=self.count) if alike else said

    def line(self, lang: Lang) -> str:
        """Place and text in one line."""
        colon = "：" if lang == "zh" else ": "
        return colon.join(part for part in (self.place(), self.text(lang)) if part)


class BadFile(CreditError):
    """A file that can't be used; `problems` holds everything that is wrong with it, errors first. #VALUE!"""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: p.severity != "error"))
        super().__init__("problems.bad_file", count=sum(p.severity == "error" for p in self.problems))

    def text(self, lang: Lang) -> str:
        return "\n".join([super().text(lang), *(f"- {problem.line(lang)}" for problem in self.problems)])
