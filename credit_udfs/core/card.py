"""A model card as Markdown: what a reader needs to judge a model, from the card's own numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from credit_udfs.core.indicators import INDICATORS
from credit_udfs.core.model_card import Model
from credit_udfs.locale import Lang, text


def markdown(model: Model, lang: Lang = "en") -> str:
    """The card of a model: data and counts, definitions, a linear model's coefficients with signs and intervals,
    validation, limits of use, leakage list, hash and date. Text from files is put in as text: no cell or heading can
    break out.
    """

    def t(key: str, **values: Any) -> str:
        return text(f"card.{key}", lang, **values)

    data, specs = model.data, model.numbers["indicators"]
    parts = [
        f"# {t('title', name=_safe(model.name))}",
        t("intro", trained=model.trained, firms=data["firms"], defaults=data["defaults"], hash=model.hash),
        f"## {t('data')}",
        _table(
            [t("item"), t("value")],
            [
                [t("firms"), data["firms"]],
                [t("defaults"), data["defaults"]],
                *([t("grade_count", grade=grade), count] for grade, count in data.get("grades", {}).items()),
                *([t("file", file=file), f"`{_safe(digest)}`"] for file, digest in data.get("files", {}).items()),
                [t("table_hash"), f"`{_safe(data.get('table_sha256', ''))}`"],
                *([t("setting", name=key), _said(value)] for key, value in model.settings.items()),
            ],
        ),
        f"## {t('definitions')}",
        _table([t("indicator"), t("unit"), t("formula"), t("transform")], [_definition(s, lang) for s in specs]),
        *(_coefficients(model, lang) if model.form == "linear" else ()),
        f"## {t('validation')}",
        *_validation(model.validation, lang),
        f"## {t('limits')}",
        _list(t("limits_text", firms=data["firms"])),
        f"## {t('leakage')}",
        _list(t("leakage_text")),
    ]
    return "\n\n".join(parts) + "\n"


def _coefficients(model: Model, lang: Lang) -> list[str]:
    def t(key: str, **values: Any) -> str:
        return text(f"card.{key}", lang, **values)

    numbers = model.numbers
    intervals = model.validation.get("coefficients", {})
    return [
        f"## {t('coefficients')}",
        t("coefficients_note"),
        _table(
            [t("indicator"), t("default_coef"), t("interval"), t("grade_coef"), t("interval"), t("sign")],
            [
                _coefficient(spec["key"], numbers["default"]["coef"][i], numbers["grade"]["coef"][i], intervals, lang)
                for i, spec in enumerate(numbers["indicators"])
            ],
        ),
        t(
            "constants",
            intercept=numbers["default"]["intercept"],
            cuts=", ".join(f"{cut:.4f}" for cut in numbers["grade"]["cuts"]),
        ),
    ]


def _definition(spec: Mapping[str, Any], lang: Lang) -> list[str]:
    known = INDICATORS.get(spec["key"])
    moved = spec.get("transform", {"name": "", "shift": 0.0})
    name = moved["name"]
    transform = f"{name}({moved['shift']:g} + x)" if name == "log10" else name
    if known is None:
        return [spec.get(lang, spec["key"]), "", "", transform]
    zh = lang == "zh"
    return [known.zh if zh else known.en, known.unit, known.formula_zh if zh else known.formula_en, transform]


def _coefficient(key: str, default: float, grade: float, intervals: Mapping[str, Any], lang: Lang) -> list[str]:
    known = INDICATORS.get(key)
    name = key if known is None else known.zh if lang == "zh" else known.en
    cells = [name]
    settled = []
    for target, value in (("default", default), ("grade", grade)):
        found = intervals.get(target, {}).get(key)
        cells += [f"{value:+.4f}", f"[{found['low']:+.3f}, {found['high']:+.3f}]" if found else ""]
        settled.append(bool(found) and found["low"] * found["high"] > 0)
    sign = "raises" if default > 0 else "lowers"
    return [*cells, text(f"card.{sign}", lang) + ("" if settled[0] else text("card.unsettled", lang))]


def _validation(found: Mapping[str, Any], lang: Lang) -> list[str]:
    def t(key: str, **values: Any) -> str:
        return text(f"card.{key}", lang, **values)

    if "design" not in found:
        return [t("not_validated")]
    rows = [
        [t(f"target_{target}"), t(f"metric_{metric}"), _number(value.get("value")), _range(value)]
        for target in ("default", "D", "grade")
        for metric, value in found.get(target, {}).items()
        if isinstance(value, Mapping)
    ]
    design = found["design"]
    parts = [
        t("design", folds=design["folds"], repeats=design["repeats"], firms=design["firms"]),
        _table([t("target"), t("metric"), t("value"), t("interval")], rows),
    ]
    extra = []
    if luck := found.get("permutation"):
        extra.append(t("permutation", auc=luck["auc_by_luck"], p=luck["auc_p"], draws=luck["draws"]))
    if (cut := found.get("dated_cut")) and cut["auc"]:
        extra.append(t("dated_cut", until=cut["until"], auc=cut["auc"]["value"]))
    if alone := found.get("sole_traders"):
        extra.append(t("sole_traders", training=alone["training"], scored=alone["scored"]))
    return [*parts, _list("\n".join(extra))] if extra else parts


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    return _safe(value) if not str(value).startswith("`") else str(value)


def _safe(value: Any) -> str:
    """One line, with the characters that Markdown or HTML would act on taken as they are."""
    said = " ".join(str(value).split())
    for mark in "\\|<>[]*_#":
        said = said.replace(mark, "\\" + mark)
    return said.replace("`", "'")


def _said(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.3f}"


def _range(found: Mapping[str, Any]) -> str:
    low, high = found.get("low"), found.get("high")
    return "" if low is None or high is None else f"{low:.3f} – {high:.3f}"


def _list(lines: str) -> str:
    return "\n".join(f"- {line}" for line in lines.strip().split("\n"))
