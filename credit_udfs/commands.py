"""The ribbon's verbs: each reads the open workbook, computes, and returns a plan of writes.

A command never writes. The host applies the plan, one write per range, after asking about `asks`; it keeps the
last plan, and `undo` makes the plan that takes it back exactly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias, get_args

from credit_udfs import api
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.coerce import parse_number
from credit_udfs.errors import BadInput, NotAvailable
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.types import Progress

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
        first, last = (self.top, self.left), (self.top + self.height - 1, self.left + self.width - 1)
        return f"{self.sheet}!{_letters(first[1])}{first[0]}:{_letters(last[1])}{last[0]}"


class BookReader(Protocol):
    """What a host shows of an open workbook. Errors in cells are their texts ("#N/A"), blanks None."""

    @property
    def name(self) -> str: ...

    @property
    def date1904(self) -> bool: ...

    def sheets(self) -> Sequence[str]: ...

    def used(self, sheet: str) -> Area | None:
        """The used cells, from A1; None where there are none."""

    def named(self, name: str) -> Area | None:
        """The cells of a table (header row included) or of a defined name; None where there is no such name."""

    def values(self, area: Area) -> Sequence[Sequence[object]]:
        """What the cells show."""

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

    def summary(self, lang: Lang) -> str:
        return self.summary_zh if lang == "zh" else self.summary_en


def run(
    verb: str,
    book: BookReader,
    lang: Lang,
    *,
    today: dt.date | None = None,
    last: WritePlan | None = None,
    progress: Progress | None = None,
) -> WritePlan:
    """The plan of a verb for an open workbook.

    lang: the user's; a workbook with the setting cu_language has its own. last: the plan applied last, for "undo".
    Raises CreditError, to be told as it is: BadFile with everything wrong with the tables, NotAvailable for nothing
    to undo, BadInput for a verb or a setting that isn't one.
    """
    if verb not in VERBS:
        raise BadInput("commands.unknown_verb", verb=verb, known=", ".join(VERBS))
    if verb == "undo":
        return undo(last, book)
    chosen = _Chosen.of(book, lang)
    return _RUN[verb](_Desk(book, chosen, today or api.now().date(), progress))


def undo(last: WritePlan | None, book: BookReader) -> WritePlan:
    """The plan that takes `last` back. asks: places that have been changed since."""
    if last is None or not (last.writes or last.creates):
        raise NotAvailable("commands.nothing_to_undo")
    present = set(book.sheets())
    writes = tuple(
        replace(write, values=write.previous, previous=_grid(book.contents(write.area)))
        for write in reversed(last.writes)
        if write.sheet not in last.creates and write.sheet in present
    )
    changed = tuple(
        str(write.area)
        for write in last.writes
        if write.sheet in present and not _same(book.contents(write.area), write.values)
    )
    zh, en = (text("commands.undone", lang, verb=text(f"commands.verb_{last.verb}", lang)) for lang in LANGS)
    removes = tuple(sheet for sheet in last.creates if sheet in present)
    return WritePlan("undo", writes, zh, en, removes=removes, asks=changed)


# --- settings -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Chosen:
    """The settings of a workbook: cells named cu_..., else those on our settings sheet, else the defaults."""

    values: Mapping[str, Any]
    lang: Lang

    @classmethod
    def of(cls, book: BookReader, lang: Lang) -> _Chosen:
        from credit_udfs.workbook.names import SETTINGS

        values: dict[str, Any] = dict(SETTINGS)
        found = _named_settings(book, values) or _sheet_settings(book)
        for name, value in found.items():
            if name in values and value is not None and not (isinstance(value, str) and not value.strip()):
                values[name] = _setting(name, value, values[name])
        own = str(values["cu_language"]).strip().lower() if "cu_language" in found else lang
        return cls(values, "en" if own == "en" else "zh" if own == "zh" else lang)

    def settings(self) -> Any:
        from credit_udfs.core.allocation import Limits
        from credit_udfs.core.assess import Settings

        v = self.values
        c_share = v["cu_max_grade_c_share"]
        return Settings(
            budget=v["cu_budget"],
            rate_min=v["cu_rate_min"],
            rate_max=v["cu_rate_max"],
            amount_min=v["cu_amount_min"],
            amount_max=v["cu_amount_max"],
            lgd=v["cu_lgd"],
            funding=v["cu_funding"],
            churn=v["cu_churn_model"],
            lend_to=v["cu_lend_to"],
            limits=Limits(
                sector_share=v["cu_max_industry_share"],
                grade_share=None if c_share is None else {"C": c_share},
                expected_loss=v["cu_max_expected_loss"],
                mean_churn=v["cu_max_churn"],
                min_clients=None if v["cu_min_firms"] is None else int(v["cu_min_firms"]),
            ),
        )


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "cu_churn_model": ("power", "log_quadratic", "isotonic"),
    "cu_lend_to": ("auto", "new", "rated", "all"),
    "cu_language": LANGS,
}
_TEXTS = ("cu_churn_model", "cu_lend_to", "cu_method", "cu_scenario", "cu_language")


def _named_settings(book: BookReader, known: Iterable[str]) -> dict[str, object]:
    found = {}
    for name in known:
        area = book.named(name)
        if area is not None:
            found[name] = book.values(replace(area, height=1, width=1))[0][0]
    return found


def _sheet_settings(book: BookReader) -> dict[str, object]:
    for sheet in book.sheets():
        if _is_ours(book, sheet, "settings"):
            area = book.used(sheet)
            rows = book.values(area) if area else ()
            return {str(row[0]): row[2] for row in rows if len(row) > 2 and str(row[0]).startswith("cu_")}
    return {}


def _setting(name: str, value: object, default: object) -> object:
    if name in _TEXTS:
        written = str(value).strip()
        if name in _CHOICES and written.lower() not in _CHOICES[name]:
            raise BadInput("commands.bad_choice", name=name, value=written, known=", ".join(_CHOICES[name]))
        return written.lower() if name in _CHOICES else written
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise BadInput("commands.bad_number", name=name, value=value)
    number = parse_number(value) if isinstance(value, str) else float(value)
    if number is None:
        raise BadInput("commands.bad_number", name=name, value=value)
    return number


# --- the workbook's tables ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Desk:
    """What a command works with."""

    book: BookReader
    chosen: _Chosen
    today: dt.date
    progress: Progress | None

    def assess(self) -> Any:
        model = self.chosen.values["cu_method"]
        return api.assess(self.tables(), self.chosen.settings(), model=model, progress=self.progress)

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
            if area is None or _is_ours(self.book, sheet):
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
        while rows and all(_blank(v) for v in rows[-1]):
            rows = rows[:-1]
        frame = pl.DataFrame({key: _series([row[at] for row in rows]) for key, at in header.columns.items()})

        def place(row: int, key: str) -> str:
            return f"{_letters(area.left + header.columns[key])}{below.top + row}"

        return Raw(header.table, self.book.name, area.sheet, frame, header.labels, place, date1904=self.book.date1904)

    # --- pages ----------------------------------------------------------------------------------------------

    def page(
        self, key: str, lines: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[object]],
        formats: Mapping[int, str] | None = None,
    ) -> tuple[Write, tuple[str, ...], tuple[str, ...]]:  # fmt: skip
        """A sheet of ours: title, lines in words, a table. Returns the write, sheets to create, places to ask about.

        A sheet of the same name that isn't ours is the user's: then the places are asked about.
        """
        lang = self.chosen.lang
        sheet = self._sheet(key)
        title = _title(key, lang)
        told: list[list[object]] = [[line] for line in lines]
        body: list[list[object]] = [[title], *told, [], list(header), *map(list, rows)]
        width = max(map(len, body))
        old = self.book.used(sheet) if sheet in self.book.sheets() else None
        height = max(len(body), old.top + old.height - 1 if old else 0)
        width = max(width, old.left + old.width - 1 if old else 0)
        values = tuple(
            tuple(_content(row[j]) if j < len(row) else None for j in range(width))
            for row in [*body, *([[]] * (height - len(body)))]
        )
        area = Area(sheet, 1, 1, height, width)
        present = sheet in self.book.sheets()
        previous = _grid(self.book.contents(area)) if present else tuple((None,) * width for _ in range(height))
        asks = () if not present or _is_ours(self.book, sheet) or _all_blank(previous) else (str(area),)
        write = Write(sheet, (1, 1), values, previous, tuple(sorted((formats or {}).items())))
        return write, () if present else (sheet,), asks

    def _sheet(self, key: str) -> str:
        """The name of our sheet `key`: as it is in the workbook in either language, else in the user's."""
        for sheet in self.book.sheets():
            if _is_ours(self.book, sheet, key):
                return sheet
        return text(f"commands.sheet_{key}", self.chosen.lang)

    def t(self, key: str, **values: object) -> str:
        return text(f"commands.{key}", self.chosen.lang, **values)

    def plan(
        self, verb: Verb, pages: Iterable[tuple[Write, tuple[str, ...], tuple[str, ...]]], **values: object
    ) -> WritePlan:
        pages = list(pages)
        zh, en = (text(f"commands.done_{verb}", lang, **values) for lang in LANGS)
        return WritePlan(
            verb,
            tuple(write for write, _, _ in pages),
            zh,
            en,
            creates=tuple(sheet for _, creates, _ in pages for sheet in creates),
            asks=tuple(place for _, _, asks in pages for place in asks),
            show=pages[0][0].sheet if pages else "",
        )


def _title(key: str, lang: Lang) -> str:
    return text(f"commands.title_{key}", lang)


_PAGES = ("scores", "plan", "stress", "card", "settings")


def _is_ours(book: BookReader, sheet: str, key: str = "") -> bool:
    """Whether a sheet was written by a command: its first cell says so."""
    area = book.used(sheet)
    if area is None:
        return False
    first = book.values(Area(sheet, 1, 1, 1, 1))[0][0]
    return first in {_title(k, lang) for k in ([key] if key else _PAGES) for lang in LANGS}


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _all_blank(grid: Sequence[Sequence[object]]) -> bool:
    return all(_blank(value) for row in grid for value in row)


def _grid(rows: Sequence[Sequence[Any]]) -> Grid:
    return tuple(tuple(None if value == "" else value for value in row) for row in rows)


def _same(one: Sequence[Sequence[object]], other: Sequence[Sequence[object]]) -> bool:
    return _grid(one) == _grid(other)


def _content(value: object) -> Content:
    """A value as a cell holds it: no NaN, no numpy."""
    if value is None or isinstance(value, (str, bool, Formula, dt.date)):
        return value
    number = float(value)  # type: ignore[arg-type]  # numbers of any kind
    return None if number != number else number


def _series(values: Sequence[object]) -> Any:
    """A column as the readers of files give it: one type where it has one, else text."""
    import polars as pl

    kinds = {type(v) for v in values if not _blank(v)}
    plain = [None if _blank(v) else v for v in values]
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


# --- the verbs ----------------------------------------------------------------------------------------------

_MONEY, _PERCENT, _SCORE, _PROBABILITY = "#,##0", "0.00%", "0.0", "0.0000"


def _score_all(desk: _Desk) -> WritePlan:
    from credit_udfs.core.indicators import INDICATORS

    a = desk.assess()
    lang, keys = desk.chosen.lang, a.model.indicators
    names = [getattr(INDICATORS[key], lang) for key in keys]
    matrix = a.indicators.drop("firm").rows()
    reasons = REGISTRY["RISKREASONS"].call([[list(row) for row in matrix], lang])
    rows = [
        [
            firm, name, *matrix[i], a.scores.score[i], a.scores.pd[i], a.tables.firms["grade"][i],
            a.scores.grade_letter(i), *a.scores.grade_probs[i], *(r if isinstance(r, str) else None for r in reasons[i]),
        ]
        for i, (firm, name) in enumerate(a.tables.firms.select("firm", "name").iter_rows())
    ]  # fmt: skip
    header = [
        desk.t("col_firm"), desk.t("col_name"), *names, desk.t("col_score"), desk.t("col_pd"),
        desk.t("col_grade_on_record"), desk.t("col_grade"), *(desk.t("col_prob", grade=g) for g in "ABCD"),
        *(desk.t("col_reason", number=i) for i in (1, 2, 3)),
    ]  # fmt: skip
    units = {"yuan": _MONEY, "yuan/year": _MONEY, "years": "0.00", "fraction": _PERCENT}
    formats = {2 + i: units.get(INDICATORS[key].unit, "General") for i, key in enumerate(keys)}
    at = 2 + len(keys)
    formats |= {at: _SCORE, at + 1: _PROBABILITY, **dict.fromkeys(range(at + 4, at + 8), "0.000")}
    scored = sum(row[at] == row[at] for row in rows)
    facts = {"firms": len(rows), "scored": scored, "model": a.model.name}
    page = desk.page("scores", [desk.t("done_score_all", **facts)], header, rows, formats)
    return desk.plan("score_all", [page], **facts)


def _optimise(desk: _Desk) -> WritePlan:
    a = desk.assess()
    return desk.plan("optimise", [_plan_page(desk, a)], **_plan_facts(a))


def _plan_facts(a: Any) -> dict[str, object]:
    totals, plan = a.plan.totals, a.plan
    return {
        "clients": totals.clients, "applicants": len(plan.lend), "lent": totals.lent, "budget": a.settings.budget,
        "profit": totals.profit, "gap": plan.gap,
    }  # fmt: skip


def _plan_page(desk: _Desk, a: Any) -> tuple[Write, tuple[str, ...], tuple[str, ...]]:
    plan, lang = a.plan, desk.chosen.lang
    named = dict(a.tables.firms.select("firm", "name").iter_rows())
    firms = plan.problem.firms
    rows = [
        [
            firm, named[firm], a.grade[int(a.applicants[j])], firms.pd[j],
            desk.t("lend" if plan.lend[j] else "refuse"), plan.amount[j], plan.rate[j], plan.churn[j], plan.profit[j],
            plan.expected_loss[j], plan.margin[j],
        ]
        for j, firm in enumerate(firms.ids)
    ]  # fmt: skip
    header = [
        desk.t(f"col_{key}")
        for key in (
            "firm", "name", "grade", "pd", "decision", "amount", "rate", "churn", "profit", "expected_loss", "margin",
        )
    ]  # fmt: skip
    formats = {3: _PROBABILITY, 5: _MONEY, 6: _PERCENT, 7: _PERCENT, 8: _MONEY, 9: _MONEY, 10: "0.000000"}
    binding = [limit.sentence(lang) for limit in plan.binding]
    lines = [
        desk.t("done_optimise", **_plan_facts(a)),
        *([desk.t("binding", limits=" ".join(binding))] if binding else []),
    ]
    return desk.page("plan", lines, header, rows, formats)


def _stress(desk: _Desk) -> WritePlan:
    from credit_udfs.core import stress as core

    a = desk.assess()
    result = core.stress(a, _scenario(desk), desk.progress)
    rows = []
    named = dict(a.tables.firms.select("firm", "name").iter_rows())
    for j, firm in enumerate(result.before.problem.firms.ids):
        i = int(a.applicants[j])
        after = result.after
        rows.append(
            [
                firm, named[firm], a.industry[i], result.shocked.factor[i], a.scores.pd[i], result.shocked.pd[i],
                result.before.amount[j], after.amount[j] if after else None,
                (after.amount[j] - result.before.amount[j]) if after else None, result.unchanged[j],
            ]
        )  # fmt: skip
    header = [
        desk.t(f"col_{key}")
        for key in (
            "firm", "name", "industry", "factor", "pd", "pd_after", "amount_before", "amount_after", "change",
            "profit_unchanged",
        )
    ]  # fmt: skip
    formats = {3: _PERCENT, 4: _PROBABILITY, 5: _PROBABILITY, 6: _MONEY, 7: _MONEY, 8: _MONEY, 9: _MONEY}
    facts = {
        "before": result.before.value, "unchanged": result.unchanged_value,
        "after": result.after.value if result.after else float("nan"), "price": result.price_of_doing_nothing,
    }  # fmt: skip
    breaks = result.breaks_at
    lines = [
        desk.t("scenario", name=result.scenario.name(desk.chosen.lang)),
        desk.t("done_stress", **facts),
        desk.t("never_breaks") if breaks is None else desk.t("breaks", severity=breaks),
        getattr(result.scenario, f"source_{desk.chosen.lang}"),
    ]
    return desk.plan("stress", [desk.page("stress", lines, header, rows, formats)], **facts)


def _scenario(desk: _Desk) -> Any:
    """The scenario of the settings, with the growth that the workbook's own table gives."""
    from credit_udfs.core import stress as core
    from credit_udfs.core.industry import industries
    from credit_udfs.workbook.names import TABLE_STRESS

    chosen = core.scenario(str(desk.chosen.values["cu_scenario"]))
    area = desk.book.named(TABLE_STRESS)
    if area is None or area.height < 2 or area.width < 2:
        return chosen
    known = {name: key for key, one in industries().items() for name in (key, one.zh, one.en)}
    growth = dict(chosen.growth)
    for row in desk.book.values(replace(area, top=area.top + 1, height=area.height - 1)):
        name, value = str(row[0] or "").strip(), row[1]
        if not name:
            continue
        if name not in known:
            raise BadInput("commands.unknown_industry", name=name, table=TABLE_STRESS)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadInput("commands.bad_growth", name=name, value=value, table=TABLE_STRESS)
        growth[known[name]] = float(value)
    return replace(chosen, growth=growth)


def _model_card(desk: _Desk) -> WritePlan:
    from credit_udfs.core.indicators import INDICATORS

    model = api.load_model(str(desk.chosen.values["cu_method"]))
    lang = desk.chosen.lang
    rows: list[list[object]] = [[key, value] for key, value in REGISTRY["MODELINFO"].call([None, model.name])]
    for group in ("data", "settings", "validation"):
        rows += [[f"{group}.{key}", _said(value)] for key, value in getattr(model, group).items()]
    for i, spec in enumerate(model.numbers["indicators"]):
        name = getattr(INDICATORS[spec["key"]], lang)
        rows.append([desk.t("card_weight", name=name), model.numbers["default"]["coef"][i]])
    facts = {"model": model.name, "trained": model.trained, "hash": model.hash[:12]}
    lines = [desk.t("done_model_card", **facts), desk.t("card_limits")]
    return desk.plan("model_card", [desk.page("card", lines, [desk.t("col_item"), desk.t("col_value")], rows)], **facts)


def _said(value: object) -> object:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return "; ".join(f"{k}: {_said(v)}" for k, v in value.items())
    return ", ".join(str(_said(v)) for v in value) if isinstance(value, (list, tuple)) else str(value)


def _settings(desk: _Desk) -> WritePlan:
    """The settings sheet: made when there is none, else only shown."""
    named = desk.book.named("cu_budget")
    if named is not None:
        zh, en = (text("commands.settings_named", lang, sheet=named.sheet) for lang in LANGS)
        return WritePlan("settings", (), zh, en, show=named.sheet)
    rows = [[name, desk.t(name), value] for name, value in desk.chosen.values.items() if name != "cu_language"]
    rows.append(["cu_language", desk.t("cu_language"), desk.chosen.lang])
    header = [desk.t("col_setting"), desk.t("col_meaning"), desk.t("col_value")]
    page = desk.page("settings", [desk.t("settings_how")], header, rows)
    zh, en = (text("commands.done_settings", lang, sheet=page[0].sheet) for lang in LANGS)
    return replace(desk.plan("settings", [page], sheet=page[0].sheet), summary_zh=zh, summary_en=en)


def _help(_desk: _Desk) -> WritePlan:
    zh, en = (
        text("commands.help", lang, verbs="\n".join(f"- {text(f'commands.help_{verb}', lang)}" for verb in VERBS))
        for lang in LANGS
    )
    return WritePlan("help", (), zh, en)


_RUN: Mapping[str, Callable[[_Desk], WritePlan]] = {
    "score_all": _score_all,
    "optimise": _optimise,
    "stress": _stress,
    "model_card": _model_card,
    "settings": _settings,
    "help": _help,
}
