"""A model card: what a reader needs to judge a model, from the card's own numbers alone.

`sections` is its content, in order; `markdown`, the workbook's page and the table of core.card_table, which
=MODELINFO() gives, all show exactly that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from credit_udfs.core.indicators import INDICATORS, SIX
from credit_udfs.core.model_card import Model
from credit_udfs.locale import Lang, area, text

# What a model of form "linear" predicts, each by coefficients of its own: default, grade D, the other grades.
_TARGETS = ("default", "refused", "grade")
FEW_SOLE = 0.1
"""A smaller share of sole traders in training is too few to learn from."""


@dataclass(frozen=True)
class Figure:
    """A number with the decimals it is shown with; `signed` shows a plus, too."""

    value: float
    decimals: int
    signed: bool = False

    def __str__(self) -> str:
        return f"{self.value:{'+' if self.signed else ''},.{self.decimals}f}"


class Range(str):
    """The 95% interval of the number in the column before: a text that knows its ends."""

    low: float
    high: float

    def __new__(cls, low: float, high: float, form: str) -> Range:
        self = super().__new__(cls, f"{low:{form}} – {high:{form}}")
        self.low, self.high = low, high
        return self


Cell: TypeAlias = str | int | Figure


@dataclass(frozen=True)
class Section:
    """One part of a card: prose, then a table (header and rows; none where the header is empty), then items.

    key: what =MODELINFO() calls it, and its title's text. labels: how many columns at the left name the row.
    """

    key: str
    title: str
    prose: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    items: tuple[str, ...] = ()
    labels: int = 1


def title(model: Model, lang: Lang = "en") -> str:
    return text("card.title", lang, name=model.name)


def intro(model: Model, lang: Lang = "en") -> str:
    """When it was trained, on how many firms, and the hash of the card."""
    data = model.data
    return text(
        "card.intro", lang, trained=model.trained, firms=data["firms"], defaults=data["defaults"], hash=model.hash
    )


def sections(model: Model, lang: Lang = "en") -> Iterator[Section]:
    """Data and counts, definitions, a linear model's coefficients with signs and intervals, validation, limits of
    use, leakage list.
    """
    yield _data(model, lang)
    yield _definitions(model, lang)
    if model.form == "linear":
        yield _coefficients(model, lang)
    yield _validation(model, lang)
    yield Section("limits", text("card.limits", lang), items=tuple(_limits(model, lang)))
    yield Section("leakage", text("card.leakage", lang), items=tuple(_lines("leakage_text", lang)))


def markdown(model: Model, lang: Lang = "en") -> str:
    """The card as Markdown. Text from files is put in as text: no cell or heading can break out."""
    parts = [f"# {_safe(title(model, lang))}", intro(model, lang)]
    for section in sections(model, lang):
        parts += [f"## {section.title}", *section.prose]
        if section.header:
            parts.append(_table(section.header, section.rows))
        if section.items:
            parts.append("\n".join(f"- {item}" for item in section.items))
    return "\n\n".join(parts) + "\n"


_TRANSFORMS = {"identity": "x", "sqrt": "√x", "log10": "log10({:g} + x)"}


def _data(model: Model, lang: Lang) -> Section:
    def t(key: str, **values: Any) -> str:
        return text(f"card.{key}", lang, **values)

    data = model.data
    rows: list[tuple[Cell, ...]] = [
        (t("firms"), data["firms"]),
        (t("defaults"), data["defaults"]),
        *((t("grade_count", grade=grade), count) for grade, count in data.get("grades", {}).items()),
        *((t("file", file=file), digest) for file, digest in data.get("files", {}).items()),
        (t("table_hash"), data.get("table_sha256", "")),
        *((t(_setting(key), name=key), _said(value)) for key, value in model.settings.items()),
    ]
    return Section("data", t("data"), header=(t("item"), t("value")), rows=tuple(rows))


def _setting(key: str) -> str:
    """The text that names a setting of training; one that has none keeps its own name."""
    return f"setting_{key}" if f"setting_{key}" in area("card") else "setting"


def _definitions(model: Model, lang: Lang) -> Section:
    def t(key: str) -> str:
        return text(f"card.{key}", lang)

    specs = model.numbers["indicators"]
    columns = [key for key in ("median", "low", "high", "mean", "sd") if all(key in spec for spec in specs)]
    header = (t("indicator"), t("transform"), *map(t, columns), t("unit"), t("formula"))
    return Section(
        "definitions", t("definitions"), header=header, rows=tuple(_definition(spec, columns, lang) for spec in specs)
    )


def _definition(spec: Mapping[str, Any], columns: Sequence[str], lang: Lang) -> tuple[Cell, ...]:
    known = INDICATORS.get(spec["key"])
    moved = spec.get("transform", {"name": "", "shift": 0.0})
    transform = _TRANSFORMS.get(moved["name"], moved["name"]).format(moved["shift"])
    figures = (Figure(spec[key], 0 if abs(spec[key]) >= 1000 else 4) for key in columns)
    row = (_indicator(spec, lang), transform, *figures)
    if known is None:
        return (*row, "", "")
    unit = text(f"card.unit_{known.unit.replace('/', '_per_')}", lang)
    return (*row, unit, known.formula_zh if lang == "zh" else known.formula_en)


def _indicator(spec: Mapping[str, Any], lang: Lang) -> str:
    known = INDICATORS.get(spec["key"])
    if known is None:
        return str(spec.get(lang, spec["key"]))
    return known.zh if lang == "zh" else known.en


def _coefficients(model: Model, lang: Lang) -> Section:
    def t(key: str, **values: Any) -> str:
        return text(f"card.{key}", lang, **values)

    numbers = model.numbers
    parts = dict(zip(_TARGETS, (numbers["default"], numbers["grade"]["refused"], numbers["grade"]), strict=True))
    intervals = model.validation.get("coefficients", {})
    rows = []
    for i, spec in enumerate(numbers["indicators"]):
        row: list[Cell] = [_indicator(spec, lang)]
        for target, part in parts.items():
            row += [Figure(part["coef"][i], 4, signed=True), _range(_interval(intervals, target, spec["key"]), "+.3f")]
        row.append(_sign(parts["default"]["coef"][i], _interval(intervals, "default", spec["key"]), lang))
        rows.append(tuple(row))
    return Section(
        "coefficients",
        t("coefficients"),
        prose=(
            t("coefficients_note"),
            *_drawn(model.validation.get("coefficient_draws"), lang),
            *_against_sense(model, lang),
            t(
                "constants",
                intercept=parts["default"]["intercept"],
                refused=parts["refused"]["intercept"],
                cuts=", ".join(f"{cut:.4f}" for cut in parts["grade"]["cuts"]),
            ),
        ),
        header=(
            t("indicator"),
            *(cell for target in _TARGETS for cell in (t(f"{target}_coef"), t("interval"))),
            t("sign"),
        ),
        rows=tuple(rows),
    )


def _interval(intervals: Mapping[str, Any], target: str, key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = intervals.get(target, {}).get(key, {})
    return found


def _sign(coefficient: float, interval: Mapping[str, Any], lang: Lang) -> str:
    """Which way the indicator moves the risk of default, and whether the interval settles that."""
    settled = bool(interval) and interval["low"] * interval["high"] > 0
    said = text("card.raises" if coefficient > 0 else "card.lowers", lang)
    return said if settled else said + text("card.unsettled", lang)


def _validation(model: Model, lang: Lang) -> Section:
    def t(key: str, **values: Any) -> str:
        return text(f"card.{key}", lang, **values)

    found = model.validation
    if "design" not in found:
        return Section("validation", t("validation"), prose=(t("not_validated"),))
    primary = found.get("primary", {})

    def named(target: str, metric: str) -> str:
        said = t(f"metric_{metric}")
        return t("primary", metric=said) if primary.get(target) == metric else said

    rows: list[tuple[Cell, ...]] = [
        (
            t(f"target_{target}"),
            named(target, metric),
            "" if value.get("value") is None else Figure(value["value"], 3),
            _range(value, ".3f"),
        )
        for target in ("default", "D", "grade")
        for metric, value in found.get(target, {}).items()
        if isinstance(value, Mapping)
    ]
    design = found["design"]
    extra = []
    if luck := found.get("permutation"):
        extra.append(t("permutation", auc=luck["auc_by_luck"], p=luck["auc_p"], draws=luck["draws"]))
    if (cut := found.get("dated_cut")) and cut["auc"]:
        extra.append(t("dated_cut", until=cut["until"], auc=cut["auc"]["value"]))
    if alone := found.get("sole_traders"):
        extra.append(t("sole_traders", training=alone["training"], scored=alone["scored"]))
    return Section(
        "validation",
        t("validation"),
        prose=(
            t("design", folds=design["folds"], repeats=design["repeats"], firms=design["firms"]),
            *_drawn(design.get("draws"), lang),
            *([t("six_chosen")] if model.indicators == SIX else []),
        ),
        header=(t("target"), t("metric"), t("value"), t("interval")),
        rows=tuple(rows),
        items=tuple(extra),
        labels=2,
    )


def _limits(model: Model, lang: Lang) -> Iterator[str]:
    no_dates, *others = _lines("limits_text", lang, firms=model.data["firms"])
    yield no_dates
    sole = model.validation.get("sole_traders", {}).get("training")
    if sole is None or sole < FEW_SOLE * model.data["firms"]:
        yield text("card.limits_sole", lang)
    yield from others


def _lines(name: str, lang: Lang, **values: Any) -> list[str]:
    return text(f"card.{name}", lang, **values).strip().split("\n")


def _against_sense(model: Model, lang: Lang) -> list[str]:
    """That depending on one supplier lowers the risk in these data, where it does."""
    coefficients = dict(zip(model.indicators, model.numbers["default"]["coef"], strict=True))
    return [text("card.supplier_sign", lang)] if coefficients.get("top_supplier_share", 0.0) < 0.0 else []


def _drawn(draws: int | None, lang: Lang) -> tuple[str, ...]:
    """How many resamples are behind the intervals; cards of before say nothing of it."""
    return () if draws is None else (text("card.drawn", lang, draws=draws),)


def _range(found: Mapping[str, Any], form: str) -> str:
    low, high = found.get("low"), found.get("high")
    return "" if low is None or high is None else Range(low, high, form)


def _said(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    lines = [list(map(_safe, header)), ["---"] * len(header), *(list(map(_safe, row)) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _safe(value: Any) -> str:
    """One line, with the characters that Markdown or HTML would act on taken as they are."""
    said = " ".join(str(value).split())
    for mark in "\\|<>[]*_#":
        said = said.replace(mark, "\\" + mark)
    return said.replace("`", "'")
