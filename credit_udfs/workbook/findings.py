"""Collecting everything that is wrong with a table, as problems with places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from credit_udfs.errors import Problem, Severity

PER_COLUMN = 5
"""So many different wrong values of one column are listed one by one; the rest are counted."""

IN_ALL = 40
"""So many problems are listed for all files together; the rest are counted."""

LONGEST = 40


@dataclass(frozen=True)
class Items:
    """The first few of a list of names, for a text template: ``{x:zh}`` or ``{x:en}``."""

    items: Sequence[str]
    shown: int = 5

    def __format__(self, spec: str) -> str:
        text = ("、" if spec == "zh" else ", ").join(self.items[: self.shown])
        more = len(self.items) - self.shown
        if more <= 0:
            return text
        return f"{text} 等" if spec == "zh" else f"{text} and {more} more"


@dataclass
class Findings:
    """Problems and repairs of one table. `place` gives the address of a row (from 0) and column key."""

    file: str
    sheet: str
    place: Callable[[int, str], str]
    problems: list[Problem] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)

    def whole_place(self, row: int = 0, key: str = "") -> str:
        """File, sheet and, with a column's key, the address of one cell."""
        return Problem("error", "", {}, self.file, self.sheet, self.place(row, key) if key else "").place()

    def add(
        self,
        severity: Severity,
        key: str,
        *,
        at: tuple[int, str] | None = None,
        count: int = 1,
        **values: Any,
    ) -> None:
        cell = self.place(*at) if at is not None else ""
        self.problems.append(Problem(severity, f"problems.{key}", values, self.file, self.sheet, cell, count))

    def warn(self, key: str, *, at: tuple[int, str], count: int, **values: Any) -> None:
        """A warning about `count` rows, whose text says the count."""
        place = self.place(*at)
        values = {"count": count, **values}
        self.problems.append(Problem("warning", f"problems.{key}", values, self.file, self.sheet, place, count))

    def repair(self, key: str, count: int) -> None:
        if count:
            self.repaired[f"problems.{key}"] += count

    def cells(self, key: str, at: str, bad: pl.Series, found: pl.Series, *, column: str) -> None:
        """One error per different wrong value of a column, with its first cell; beyond PER_COLUMN only counted.

        at: the column's key; bad: shape (rows,), which cells are wrong; found: what they hold; column: its title.
        """
        wrong = (
            pl.DataFrame({"row": pl.int_range(len(bad), eager=True), "found": found.cast(pl.String), "bad": bad})
            .filter("bad")
            .group_by("found", maintain_order=True)
            .agg(pl.col("row").first(), pl.len().alias("count"))
        )
        for row, text, count in wrong.head(PER_COLUMN).select("row", "found", "count").iter_rows():
            self.add("error", key, at=(row, at), count=count, found=shorten(text), column=column)
        rest = wrong.slice(PER_COLUMN)
        if rest.height:
            self.add(
                "error",
                "more_of_the_same",
                at=(rest["row"][0], at),
                count=int(rest["count"].sum()),
                different=rest.height,
                column=column,
            )


def shorten(text: str | None) -> str:
    """A cell's text fit for a message: one line, not too long."""
    line = " ".join((text or "").split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def limited(problems: Sequence[Problem]) -> list[Problem]:
    """Errors first, at most IN_ALL, and a last line that says how many more there are."""
    ordered = sorted(problems, key=lambda problem: problem.severity != "error")
    if len(ordered) <= IN_ALL:
        return ordered
    rest = ordered[IN_ALL:]
    severity: Severity = "error" if any(problem.severity == "error" for problem in rest) else "warning"
    return [*ordered[:IN_ALL], Problem(severity, "problems.and_more", {"count": len(rest)}, count=len(rest))]
