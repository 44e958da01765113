"""What a command reads and what it returns: the open workbook, areas of cells, and the plan of writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any, Literal, Protocol, TypeAlias, get_args

from credit_udfs.locale import Lang
from credit_udfs.workbook.addresses import address

Verb: TypeAlias = Literal["score_all", "optimise", "stress", "undo", "model_card", "settings", "help"]
VERBS: tuple[Verb, ...] = get_args(Verb)


@dataclass(frozen=True)
class Formula:
    """A formula in a cell, with its "="; a plain text is never one, whatever it begins with."""

    text: str


Content: TypeAlias = "float | str | bool | dt.datetime | dt.date | Formula | None"
Grid: TypeAlias = "tuple[tuple[Content, ...], ...]"


@dataclass(frozen=True)
class Area:
    """A rectangle of cells; rows and columns count from 1."""

    sheet: str
    top: int
    left: int
    height: int
    width: int

    def __str__(self) -> str:
        last = address(self.top + self.height - 1, self.left + self.width - 1)
        return f"{self.sheet}!{address(self.top, self.left)}:{last}"


class CellReader(Protocol):
    """The cells of a workbook, open or in a file. Errors in cells are their texts ("#N/A"), blanks None."""

    @property
    def name(self) -> str: ...

    def sheets(self) -> Sequence[str]: ...

    def used(self, sheet: str) -> Area | None:
        """The used cells, from A1; None where there are none."""

    def named(self, name: str) -> Area | None:
        """The cells of a table (header row included) or of a defined name; None where there is no such name."""

    def values(self, area: Area) -> Sequence[Sequence[object]]:
        """What the cells show."""


class BookReader(CellReader, Protocol):
    """What a host shows of an open workbook."""

    @property
    def date1904(self) -> bool: ...

    def contents(self, area: Area) -> Sequence[Sequence[Content]]:
        """What the cells hold: a Formula where there is one."""


@dataclass(frozen=True)
class Write:
    """One rectangle of cells, its new contents and what was there before.

    formats: number format by column (from 0), for sheets of ours.
    """

    sheet: str
    top_left: tuple[int, int]
    values: Grid
    previous: Grid
    formats: tuple[tuple[int, str], ...] = ()

    @property
    def area(self) -> Area:
        return Area(self.sheet, *self.top_left, len(self.values), len(self.values[0]))


@dataclass(frozen=True)
class WritePlan:
    """What a command wants written.

    creates: sheets to add (after the last one) before writing; removes: sheets to delete after it.
    asks: places where cells of the user's own would be overwritten; the host asks first when there are any.
    show: the sheet to bring to the front. summary: what to tell the user.
    """

    verb: Verb
    writes: tuple[Write, ...]
    summary_zh: str
    summary_en: str
    creates: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    show: str = ""

    @property
    def ours(self) -> frozenset[str]:
        """Sheets that may be written over without asking."""
        return frozenset(write.sheet for write in self.writes if str(write.area) not in self.asks)

    def summary(self, lang: Lang) -> str:
        return self.summary_zh if lang == "zh" else self.summary_en


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def all_blank(grid: Sequence[Sequence[object]]) -> bool:
    return all(is_blank(value) for row in grid for value in row)


def as_grid(rows: Sequence[Sequence[Any]]) -> Grid:
    return tuple(tuple(None if value == "" else value for value in row) for row in rows)


def same_contents(one: Sequence[Sequence[object]], other: Sequence[Sequence[object]]) -> bool:
    """Whether two ranges hold the same. Numbers may differ as they do where a file keeps fifteen digits (.ods)."""

    def same(a: object, b: object) -> bool:
        if isinstance(a, float) and isinstance(b, float):
            return isclose(a, b, rel_tol=1e-12)
        return a == b

    ones, others = as_grid(one), as_grid(other)
    return list(map(len, ones)) == list(map(len, others)) and all(
        same(a, b) for row, other_row in zip(ones, others, strict=True) for a, b in zip(row, other_row, strict=True)
    )


def as_content(value: object) -> Content:
    """A value as a cell holds it: no NaN, no numpy."""
    if value is None or isinstance(value, (str, bool, Formula, dt.date)):
        return value
    number = float(value)  # type: ignore[arg-type]  # numbers of any kind
    return None if number != number else number
