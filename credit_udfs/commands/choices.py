"""The settings of a workbook: named cells, else our settings sheet, else the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from credit_udfs.cells.coerce import parse_number
from credit_udfs.commands.plan import Area, BookReader
from credit_udfs.errors import BadInput
from credit_udfs.locale import LANGS, Lang, text

PAGES = ("scores", "plan", "stress", "card", "settings")


def title_of(key: str, lang: Lang) -> str:
    return text(f"commands.title_{key}", lang)


def is_ours(book: BookReader, sheet: str, key: str = "") -> bool:
    """Whether a sheet was written by a command: its first cell says so."""
    first = book.values(Area(sheet, 1, 1, 1, 1))[0][0]
    return first in {title_of(k, lang) for k in ([key] if key else PAGES) for lang in LANGS}


@dataclass(frozen=True)
class Chosen:
    """The settings of a workbook: cells named cu_..., else those on our settings sheet, else the defaults."""

    values: Mapping[str, Any]
    lang: Lang

    @classmethod
    def of(cls, book: BookReader, lang: Lang) -> Chosen:
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
        if is_ours(book, sheet, "settings"):
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
