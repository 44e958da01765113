"""What a command works with: the open workbook's tables, checked, and sheets of ours to write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

from credit_udfs import api
from credit_udfs.commands.choices import Chosen, is_ours, title_of
from credit_udfs.commands.plan import (
    Area,
    BookReader,
    Verb,
    Write,
    WritePlan,
    as_content,
    as_grid,
    is_blank,
)
from credit_udfs.locale import LANGS, text
from credit_udfs.types import Progress
from credit_udfs.workbook.addresses import address


@dataclass(frozen=True)
class Desk:
    """What a command works with."""

    book: BookReader
    chosen: Chosen
    today: dt.date
    progress: Progress | None

    def assess(self) -> Any:
        chosen, tables = self.chosen, self.tables()
        with chosen.placed():
            return api.assess(tables, chosen.settings(), model=chosen.values["method"], progress=self.progress)

    def tables(self) -> Any:
        """The workbook's tables, checked as files are; by their names, else by sheets and headers."""
        from credit_udfs.workbook import names
        from credit_udfs.workbook.contract import TABLES
        from credit_udfs.workbook.read import read_open
        from credit_udfs.workbook.tables_in import find_header

        by_name = {
            "firms": names.TABLE_FIRMS,
            "purchases": names.TABLE_PURCHASES,
            "sales": names.TABLE_SALES,
            "churn": names.TABLE_CHURN,
        }
        raws, ignored = [], []
        left = dict(by_name)
        for key, name in by_name.items():
            area = self.book.named(name)
            if area is not None:
                header = find_header(TABLES[key].label.zh, self._head(area))  # type: ignore[index]  # keys are literal
                if header is not None:
                    raws.append(self._raw(area, header))
                    del left[key]
        for sheet in self.book.sheets() if left else ():
            area = self.book.used(sheet)
            if area is None or is_ours(self.book, sheet):
                continue
            try:
                header = find_header(sheet, self._head(area))
            except LookupError:
                header = None
            if header is not None and header.table.key in left:
                raws.append(self._raw(area, header))
            elif header is None:
                ignored.append(sheet)
        return read_open(self.book.name, raws, ignored, today=self.today)

    def _head(self, area: Area) -> dict[int, dict[int, str]]:
        """The first rows as `find_header` takes them: row of the area from 1 -> column from 0 -> text."""
        rows = self.book.values(replace(area, height=min(area.height, 40)))
        texts = ({j: str(v) for j, v in enumerate(row) if v is not None and str(v).strip()} for row in rows)
        return {i: row for i, row in enumerate(texts, 1) if row}

    def _raw(self, area: Area, header: Any) -> Any:
        import polars as pl

        from credit_udfs.workbook.tables_in import Raw

        below = replace(area, top=area.top + header.row, height=area.height - header.row)
        rows = self.book.values(below) if below.height else []
        while rows and all(is_blank(v) for v in rows[-1]):
            rows = rows[:-1]
        frame = pl.DataFrame({key: _series([row[at] for row in rows]) for key, at in header.columns.items()})

        def place(row: int, key: str) -> str:
            return address(below.top + row, area.left + header.columns[key])

        return Raw(header.table, self.book.name, area.sheet, frame, header.labels, place, date1904=self.book.date1904)

    # --- pages ----------------------------------------------------------------------------------------------

    def page(
        self, key: str, lines: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[object]],
        formats: Mapping[int, str] | None = None,
    ) -> tuple[Write, tuple[str, ...], tuple[str, ...]]:  # fmt: skip
        """A sheet of ours: title, lines in words, a table. Returns the write, sheets to create, places to ask about.

        A sheet of the same name that isn't ours is the user's, and ours gets another name.
        """
        lang = self.chosen.lang
        sheet = self._sheet(key)
        title = title_of(key, lang)
        body: list[list[object]] = [[line] for line in (title, *lines)]
        body.append([])
        if header:
            body.append(list(header))
        body += map(list, rows)
        width = max(map(len, body))
        old = self.book.used(sheet) if sheet in self.book.sheets() else None
        height = max(len(body), old.top + old.height - 1 if old else 0)
        width = max(width, old.left + old.width - 1 if old else 0)
        values = tuple(
            tuple(as_content(row[j]) if j < len(row) else None for j in range(width))
            for row in [*body, *([[]] * (height - len(body)))]
        )
        area = Area(sheet, 1, 1, height, width)
        present = sheet in self.book.sheets()
        previous = as_grid(self.book.contents(area)) if present else tuple((None,) * width for _ in range(height))
        write = Write(sheet, (1, 1), values, previous, tuple(sorted((formats or {}).items())))
        return write, () if present else (sheet,), ()

    def working_table(self, rows: Sequence[Sequence[object]]) -> Write | Literal["full", "none"]:
        """Firm, name and indicators for the template's page of indicators, whose formulas do the rest.

        rows: firm, name, indicators. "none": the workbook has no such page; "full": it has too few rows.
        """
        from credit_udfs.workbook.names import RANGE_FIRM_IDS, RANGE_INDICATORS

        ids, six = self.book.named(RANGE_FIRM_IDS), self.book.named(RANGE_INDICATORS)
        if ids is None or six is None or (ids.sheet, ids.top) != (six.sheet, six.top) or six.left <= ids.left:
            return "none"
        if len(rows) > ids.height:
            return "full"
        gap = six.left - ids.left - 1  # columns between the firm and its indicators; the first is its name
        area = Area(ids.sheet, ids.top, ids.left, ids.height, 1 + gap + six.width)
        previous = as_grid(self.book.contents(area))
        values = tuple(
            tuple(as_content(v) for v in (row[0], *([row[1]] * min(gap, 1)), *old[2 : 1 + gap], *row[2:]))
            if row
            else (*(None,) * (1 + min(gap, 1)), *old[2 : 1 + gap], *(None,) * six.width)
            for row, old in zip([*rows, *[()] * (ids.height - len(rows))], previous, strict=True)
        )
        return Write(area.sheet, (area.top, area.left), values, previous)

    def _sheet(self, key: str) -> str:
        """The name of our sheet `key`: the one in the workbook, in either language, else one that is free."""
        taken = set()
        for sheet in self.book.sheets():
            if is_ours(self.book, sheet, key):
                return sheet
            taken.add(sheet.casefold())
        name = text(f"commands.sheet_{key}", self.chosen.lang)
        numbered = (name if i == 1 else f"{name} {i}" for i in count(1))
        return next(free for free in numbered if free.casefold() not in taken)

    def t(self, key: str, **values: object) -> str:
        return text(f"commands.{key}", self.chosen.lang, **values)

    def plan(
        self,
        verb: Verb,
        pages: Iterable[tuple[Write, tuple[str, ...], tuple[str, ...]]],
        told: str = "",
        /,
        **values: object,
    ) -> WritePlan:
        pages = list(pages)
        zh, en = (text(f"commands.{told or f'done_{verb}'}", lang, **values) for lang in LANGS)
        return WritePlan(
            verb,
            tuple(write for write, _, _ in pages),
            zh,
            en,
            creates=tuple(sheet for _, creates, _ in pages for sheet in creates),
            asks=tuple(place for _, _, asks in pages for place in asks),
            show=pages[0][0].sheet if pages else "",
        )


def _series(values: Sequence[object]) -> Any:
    """A column as the readers of files give it: one type where it has one, else text."""
    import polars as pl

    kinds = {type(v) for v in values if not is_blank(v)}
    plain = [None if is_blank(v) else v for v in values]
    if kinds <= {int, float}:
        return pl.Series(plain, dtype=pl.Float64)
    if kinds <= {dt.datetime, dt.date}:
        moments = [dt.datetime(v.year, v.month, v.day) if isinstance(v, dt.date) else None for v in plain]
        return pl.Series(moments, dtype=pl.Datetime)
    return pl.Series([None if v is None else _as_text(v) for v in plain], dtype=pl.String)


def _as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value.isoformat()[:10] if isinstance(value, dt.date) else str(value)
