"""Running a verb, and looking at what it wrote."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from credit_udfs import commands
from credit_udfs.commands import WritePlan
from credit_udfs.errors import BadFile
from tests.hosts.openpyxl_book import OpenpyxlBook

TODAY = dt.date(2026, 1, 1)
WRITING = ("score_all", "optimise", "stress", "model_card", "settings")


def run(verb: str, book: Any, lang: Any = "zh", **more: Any) -> WritePlan:
    return commands.run(verb, book, lang, today=TODAY, **more)


def yes(places: Sequence[str]) -> bool:
    return True


def contents(book: OpenpyxlBook) -> dict[str, dict[str, Any]]:
    return {
        sheet.title: {
            c.coordinate: (c.value, c.data_type) for row in sheet.iter_rows() for c in row if c.value is not None
        }
        for sheet in book.workbook.worksheets
    }


def refused(verb: str, book: Any) -> list[tuple[str, str]]:
    """What a verb says is wrong, and where."""
    with pytest.raises(BadFile) as error:
        run(verb, book)
    return [(problem.key, f"{problem.sheet}!{problem.cell}") for problem in error.value.problems]


def rows_of(plan: WritePlan, header: str) -> list[dict[str, Any]]:
    """The table of a page, by its header row."""
    values = plan.writes[0].values
    top = next(i for i, row in enumerate(values) if row[0] == header)
    return [dict(zip(values[top], row, strict=True)) for row in values[top + 1 :] if row[0] is not None]  # type: ignore[arg-type]
