"""The settings of a workbook: named cells and tables, else our settings sheet, else the defaults.

The ribbon's verbs and the command line (``--settings-from``) read them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite
from typing import Any

from credit_udfs.cells.coerce import parse_number
from credit_udfs.commands.plan import Area, CellReader, all_blank, is_blank
from credit_udfs.core.assess import FirmTerms, Settings
from credit_udfs.core.stress import Scenario, scenario
from credit_udfs.errors import BadFile, CreditError, Problem
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.workbook import own_limits
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.contract import YES_NO, Label, Labels, normal_value
from credit_udfs.workbook.names import TABLE_GRADES, TABLE_INDUSTRIES, TABLE_STRESS, TABLE_TERMS
from credit_udfs.workbook.settings import DEFAULTS, SETTINGS, Setting, plan_settings

PAGES = ("scores", "plan", "stress", "card", "settings")
TABLES = (TABLE_GRADES, TABLE_INDUSTRIES, TABLE_TERMS, TABLE_STRESS)

# What a refusal of the computation is about, where it names no firm.
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "core.model_unknown": ("method",),
    "core.churn_needs_statistics": ("churn_model",),
    "core.no_applicants": ("lend_to",),
    "stress.unknown": ("scenario",),
    "core.amount_limits": ("amount_max", "amount_min"),
    "allocation.rate_range": ("rate_max", "rate_min"),
    "allocation.min_lent_above_budget": ("min_lent", "budget"),
    "allocation.clients_range": ("min_firms",),
    "allocation.fixed_above_budget": ("budget",),
    "allocation.no_group": ("max_group_share", "max_group_amount"),
}


def title_of(key: str, lang: Lang) -> str:
    return text(f"commands.title_{key}", lang)


def is_ours(book: CellReader, sheet: str, key: str = "") -> bool:
    """Whether a sheet was written by a command: its first cell says so."""
    first = book.values(Area(sheet, 1, 1, 1, 1))[0][0]
    return first in {title_of(k, lang) for k in ([key] if key else PAGES) for lang in LANGS}


@dataclass(frozen=True)
class Block:
    """A table found in a workbook: its header, its rows, and where they are."""

    area: Area
    header: Sequence[object]
    rows: Sequence[Sequence[object]]

    def place(self, row: int, column: int) -> tuple[str, str]:
        """Sheet and address; row and column from 0 below the header."""
        return self.area.sheet, address(self.area.top + 1 + row, self.area.left + column)


@dataclass(frozen=True)
class Chosen:
    """The settings of a workbook.

    values: by name of the setting. grades, industries: largest shares, by grade and by industry's key. terms: what is
    settled for single firms. growth: of value added by industry, where the workbook has its own. file: its name.
    places: sheet and cell of the values by name, and of the firms by "firm <id>".
    problems, growth_problems: everything wrong with them.
    """

    values: Mapping[str, Any]
    lang: Lang
    grades: Mapping[str, float] = field(default_factory=dict)
    industries: Mapping[str, float] = field(default_factory=dict)
    terms: Mapping[str, FirmTerms] = field(default_factory=dict)
    growth: Mapping[str, float] = field(default_factory=dict)
    file: str = ""
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    growth_problems: tuple[Problem, ...] = ()

    @classmethod
    def none(cls, lang: Lang) -> Chosen:
        """Nothing but defaults."""
        return cls({**DEFAULTS, "language": lang}, lang)

    @classmethod
    def of(cls, book: CellReader, lang: Lang) -> Chosen:
        """Never raises for what is wrong in the cells: see `check`."""
        return _Reading(book).chosen(lang)

    @property
    def sheet(self) -> str:
        """The sheet that the settings stand on, "" where the workbook has none."""
        return next((sheet for name, (sheet, _) in self.places.items() if name in SETTINGS), "")

    def check(self) -> None:
        """Raise BadFile where a cell can't be read as what it should be, with all that is wrong, each with sheet,
        cell and repair. Where all can be read, what contradicts itself is left to the computation (`placed`), which
        finds more."""
        if self.problems:
            raise BadFile([*self.problems, *self._contradictions()])

    def _contradictions(self) -> Iterator[Problem]:
        for low, high in (("amount_min", "amount_max"), ("rate_min", "rate_max")):
            if self.values[low] > self.values[high] and (at := self.places.get(high, self.places.get(low))):
                labels = {"low": _label(SETTINGS[low]), "high": _label(SETTINGS[high])}
                yield Problem("error", "settings.upside_down", labels, self.file, *at)

    def instead(
        self, values: Mapping[str, Any], grades: Mapping[str, float], industries: Mapping[str, float],
        terms: Mapping[str, FirmTerms] | None,
    ) -> Chosen:  # fmt: skip
        """With what the command line gives (None: nothing) in place of the workbook's."""
        given = {name: value for name, value in values.items() if value is not None}
        own = {f"firm {firm}" for firm in self.terms} if terms is not None else set[str]()
        return replace(
            self,
            values={**self.values, **given},
            grades={**self.grades, **grades},
            industries={**self.industries, **industries},
            terms=self.terms if terms is None else terms,
            places={name: at for name, at in self.places.items() if name not in given and name not in own},
        )

    def settings(self) -> Settings:
        """What the plan is made with. Raises BadFile as `check`."""
        self.check()
        return plan_settings(self.values, self.grades, self.industries, self.terms)

    @property
    def stressed(self) -> bool:
        """Whether there is a scenario."""
        return str(self.values["scenario"]) != "none"

    def scenario(self) -> Scenario:
        """The scenario of the settings, with the growth of the workbook's own table, as hard as asked for."""
        if self.growth_problems:
            raise BadFile(self.growth_problems)
        shipped = scenario(str(self.values["scenario"]))
        return replace(shipped, growth={**shipped.growth, **self.growth}).scaled(self.values["severity"])

    @contextmanager
    def placed(self) -> Iterator[None]:
        """What the computation refuses, with the cell to blame where it is known."""
        try:
            yield
        except CreditError as error:
            faults = getattr(error, "faults", (error,))
            problems = [
                Problem("error", fault.key, fault.values, self.file, *self._place_of(fault)) for fault in faults
            ]
            if any(problem.cell for problem in problems):
                raise BadFile(problems) from error
            raise

    def _place_of(self, fault: CreditError) -> tuple[str, str]:
        firm = (f"firm {fault.values['firm']}",) if "firm" in fault.values else ()
        settled = (name for name in (*firm, *_ABOUT.get(fault.key, ())) if name in self.places)
        return next((self.places[name] for name in settled if self.values.get(name, "") is not None), ("", ""))


class _Reading:
    """One workbook being read, and what is found wrong."""

    def __init__(self, book: CellReader) -> None:
        self.book = book
        self.places: dict[str, tuple[str, str]] = {}
        self.problems: list[Problem] = []
        self.blocks: dict[str, Block] = {}

    def chosen(self, lang: Lang) -> Chosen:
        found = self._named() or self._listed()
        values: dict[str, Any] = {**DEFAULTS, "language": lang}
        for name, value in found.items():
            if not is_blank(value):
                values[name] = self._understood(SETTINGS[name], value)
        for name in TABLES:
            area = self.book.named(name)
            if area is not None:
                header, *rows = self.book.values(area)
                self.blocks[name] = Block(area, header, rows)
        grades = self._by_name(TABLE_GRADES, own_limits.grade_shares)
        industries = self._by_name(TABLE_INDUSTRIES, own_limits.industry_shares)
        terms = self._terms()
        problems, self.problems = tuple(self.problems), []
        growth = self._by_name(TABLE_STRESS, own_limits.growth)
        return Chosen(
            values, values["language"], grades, industries, terms, growth, self.book.name, self.places, problems,
            tuple(self.problems),
        )  # fmt: skip

    def _named(self) -> dict[str, object]:
        found = {}
        for name, setting in SETTINGS.items():
            area = self.book.named(setting.cell)
            if area is not None:
                found[name] = self.book.values(replace(area, height=1, width=1))[0][0]
                self.places[name] = area.sheet, address(area.top, area.left)
        return found

    def _listed(self) -> dict[str, object]:
        """The settings on a sheet that a command wrote: names in the first column, values in the third; tables below,
        each under its name and a header."""
        sheet = next((sheet for sheet in self.book.sheets() if is_ours(self.book, sheet, "settings")), None)
        area = self.book.used(sheet) if sheet else None
        found: dict[str, object] = {}
        if area is None:
            return found
        cells = {setting.cell: name for name, setting in SETTINGS.items()}
        rows = self.book.values(area)
        starts = [at for at, row in enumerate(rows) if row[0] in TABLES]
        for at, row in enumerate(rows[: min(starts, default=len(rows))], area.top):
            first = str(row[0] or "").strip()
            if first in cells and len(row) > 2:
                found[cells[first]] = row[2]
                self.places[cells[first]] = area.sheet, address(at, area.left + 2)
            elif first.startswith("cu_"):
                self._say("unknown", (area.sheet, address(at, area.left)), name=first)
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            header, *below = rows[start + 1 : end] or [()]
            width = max((at for at, name in enumerate(header, 1) if not is_blank(name)), default=0)
            while below and all_blank(below[-1:]):
                below.pop()
            place = Area(area.sheet, area.top + start + 1, area.left, 1 + len(below), max(width, 1))
            self.blocks[str(rows[start][0])] = Block(place, header[:width], [row[:width] for row in below])
        return found

    def _by_name(self, table: str, read: Callable[..., dict[str, float]]) -> dict[str, float]:
        block = self.blocks.get(table)
        return read(block.rows, partial(self._say_in, block)) if block else {}

    def _terms(self) -> dict[str, FirmTerms]:
        block = self.blocks.get(TABLE_TERMS)
        if block is None or all_blank(block.rows):
            return {}
        terms, places = own_limits.firm_terms(block.header, block.rows, partial(self._say_in, block))
        self.places |= {f"firm {firm}": block.place(*at) for firm, at in places.items()}
        return terms

    def _understood(self, setting: Setting, value: object) -> Any:
        """What the cell means; its default where that can't be told."""
        name, at = {"name": _label(setting)}, self.places[setting.name]
        if setting.kind == "word":
            return str(value).strip()
        if setting.kind in ("choice", "yes"):
            known = (True, False) if setting.kind == "yes" else setting.choices
            spellings = {normal_value(one): choice for choice in known for one in _spellings(setting, choice)}
            meant = (YES_NO if setting.kind == "yes" else spellings).get(normal_value(own_limits.as_text(value)))
            if meant is None:
                named = Labels(tuple(Label(*_spellings(setting, choice)[:2]) for choice in known))
                self._say("not_a_choice", at, value=value, known=named, **name)
                return DEFAULTS[setting.name]
            return meant
        number = parse_number(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
            self._say("not_a_number", at, value=value, **name)
            return DEFAULTS[setting.name]
        if setting.kind == "count" and number != int(number):
            self._say("not_whole", at, value=value, **name)
        elif not setting.low <= number <= setting.high or (number == 0 and not setting.zero):
            ends = {"low": _said(setting, setting.low), "high": _said(setting, setting.high)}
            self._say("out_of_range" if setting.zero else "not_above", at, value=_said(setting, number), **ends, **name)
        return int(number) if setting.kind == "count" else float(number)

    def _say(self, key: str, at: tuple[str, str], **values: object) -> None:
        self.problems.append(Problem("error", f"settings.{key}", values, self.book.name, *at))

    def _say_in(self, block: Block, key: str, row: int, column: int, **values: object) -> None:
        self._say(key, block.place(row, column), **values)


def _label(setting: Setting) -> Label:
    return Label(setting.label("zh"), setting.label("en"))


def _spellings(setting: Setting, choice: object) -> tuple[str, str, str]:
    """What a cell may say for it: the Chinese word, the English one, and its name in a program."""
    return str(setting.shown(choice, "zh")), str(setting.shown(choice, "en")), str(choice)


def _said(setting: Setting, value: float) -> str:
    return f"{value * 100.0:.10g}%" if setting.kind == "share" else f"{value:,.10g}"
