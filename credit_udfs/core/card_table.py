"""A model card as one table of plain cells, and its single items by name: what =MODELINFO() gives.

The table is core.card's `sections` row by row, so that a cell says what the page and the Markdown say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from credit_udfs.core.card import Figure, Range, Section, sections
from credit_udfs.core.model_card import Model
from credit_udfs.errors import NotAvailable
from credit_udfs.locale import Lang, text
from credit_udfs.types import GRADES

Row: TypeAlias = tuple[str | float, ...]

COLUMNS = ("section", "item", "detail", "value", "low", "high")
SECTIONS = ("data", "definitions", "coefficients", "validation", "limits", "leakage")

_BINARY = ("auc", "brier", "log_loss", "slope", "intercept")
_METRICS = {
    **{metric: ("default", metric) for metric in _BINARY},
    **{f"d_{metric}": ("D", metric) for metric in _BINARY},
    **{metric: ("grade", metric) for metric in ("accuracy", "balanced_accuracy", "kappa", "absolute_error", "ranked")},
}
ITEMS = (
    "name", "trained", "indicators", "firms", "defaults", *(f"grade_{grade.lower()}" for grade in GRADES), "table_hash",
    "hash", *_METRICS, "permutation_p", "dated_auc",
)  # fmt: skip


def table(model: Model, lang: Lang = "en", key: str = "") -> list[Row]:
    """The card, or its section called `key`, one fact a row under a header: section, item, detail, value, low, high.

    low, high: the ends of the value's 95% interval. Numbers are as the model has them, not rounded; what isn't there
    is "". Raises NotAvailable when the card has no section of that name.
    """
    rows: list[Row] = []
    if not key:
        known = values(model)
        label = text("card.model", lang)
        rows = [(label, item_name(name, lang), "", known[name] or "", "", "") for name in ("name", "trained", "hash")]
    for section in sections(model, lang):
        if key in {"", section.key}:
            rows += _rows(section, lang)
    if not rows:
        raise NotAvailable("card.item_missing", name=model.name, item=key)
    return [tuple(text(f"card.column_{name}", lang) for name in COLUMNS), *rows]


def _rows(section: Section, lang: Lang) -> Iterator[Row]:
    for line in section.prose:
        yield section.title, text("card.note", lang), "", line, "", ""
    interval = text("card.interval", lang)
    heads = section.header[section.labels :]
    several = sum(head != interval for head in heads) > 1
    for row in section.rows:
        item, *labels = map(str, row[: section.labels])
        found: list[list[str | float]] = []
        for head, cell in zip(heads, row[section.labels :], strict=True):
            if isinstance(cell, Range):
                found[-1][2:] = cell.low, cell.high
            elif head != interval:
                detail = " ".join([*labels, *([head] if several else [])])
                found.append([detail, cell.value if isinstance(cell, Figure) else cell, "", ""])
        for cells in found:
            yield section.title, item, *cells
    for line in section.items:
        yield section.title, "", "", line, "", ""


def value(model: Model, key: str) -> str | float:
    """The item called `key` of a card; NotAvailable when this card doesn't have it."""
    found = values(model)[key]
    if found is None:
        raise NotAvailable("card.item_missing", name=model.name, item=key)
    return found


def values(model: Model) -> dict[str, str | float | None]:
    """Every single item by its name; None where this card doesn't have it."""
    data, found = model.data, model.validation
    return {
        "name": model.name,
        "trained": model.trained,
        "indicators": ", ".join(model.indicators),
        "firms": data["firms"],
        "defaults": data["defaults"],
        **{f"grade_{grade.lower()}": data.get("grades", {}).get(grade) for grade in GRADES},
        "table_hash": data.get("table_sha256"),
        "hash": model.hash,
        **{key: found.get(target, {}).get(metric, {}).get("value") for key, (target, metric) in _METRICS.items()},
        "permutation_p": found.get("permutation", {}).get("auc_p"),
        "dated_auc": (found.get("dated_cut", {}).get("auc") or {}).get("value"),
    }


def item_name(key: str, lang: Lang) -> str:
    """What the card calls the item or section `key`."""
    if key in _METRICS:
        target, metric = _METRICS[key]
        return f"{text(f'card.target_{target}', lang)} {text(f'card.metric_{metric}', lang)}"
    if key.startswith("grade_"):
        return text("card.grade_count", lang, grade=key[-1].upper())
    own = key in {"name", "trained", "indicators", "hash", "permutation_p", "dated_auc"}
    return text(f"card.item_{key}" if own else f"card.{key}", lang)
