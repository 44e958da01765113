"""What a bank settles before a plan, declared once: the template's sheet, the ribbon and the command line all ask this.

Money in yuan, rates and shares as fractions. What may be settled for single firms, grades and industries stands in
tables beside (workbook/own_limits.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.workbook.contract import YES_NO_LABELS

if TYPE_CHECKING:
    from credit_udfs.core.assess import FirmTerms, Settings

Kind: TypeAlias = Literal["money", "share", "count", "seconds", "times", "choice", "yes", "word"]


@dataclass(frozen=True)
class Setting:
    """One value that may be settled.

    name: the cell that holds it is called ``cu_<name>``. option: the command line's, "" for none. default: None for
    no limit, or where the command line has its own. low, high: inclusive, but 0 itself only where `zero`. choices:
    of a choice; of a word, those suggested. field: of core.assess.Settings, "limits.x" of its Limits, "" for neither.
    in_formulas: whether the template's formulas follow it as well.
    """

    name: str
    option: str
    kind: Kind
    field: str = ""
    default: Any = None
    low: float = 0.0
    high: float = 1.0
    zero: bool = True
    choices: tuple[str, ...] = ()
    in_formulas: bool = False

    @property
    def cell(self) -> str:
        """The name of its cell in a workbook."""
        return f"cu_{self.name}"

    @property
    def named_choices(self) -> bool:
        """Whether its choices have names in either language; those that a formula takes stay as they are."""
        return self.kind == "yes" or (self.kind == "choice" and not self.in_formulas)

    def label(self, lang: Lang) -> str:
        return text(f"template.{self.cell}", lang)

    def hint(self, lang: Lang) -> str:
        return text(f"template.{self.cell}_hint", lang)

    def unit(self, lang: Lang) -> str:
        return text(f"template.unit_{self.kind}", lang)

    def shown(self, value: Any, lang: Lang) -> Any:
        """The value as a cell holds it."""
        if self.kind == "yes":
            return format(YES_NO_LABELS[bool(value)], lang)
        return text(f"template.choice_{value}", lang) if self.named_choices else value


def _money(name: str, field: str, default: float | None = None, *, most: float = 1e13, **more: Any) -> Setting:
    return Setting(name, name, "money", field, default, high=most, **more)


def _share(name: str, field: str, default: float | None = None, **more: Any) -> Setting:
    return Setting(name, more.pop("option", name), "share", field, default, **more)


def _choice(name: str, option: str, field: str, *choices: str, **more: Any) -> Setting:
    return Setting(name, option, "choice", field, choices[0], choices=choices, **more)


def _yes(name: str, field: str) -> Setting:
    return Setting(name, name, "yes", field, False)


GROUPS: Final[Mapping[str, tuple[Setting, ...]]] = {
    "money": (
        _money("budget", "budget", 100_000_000.0, in_formulas=True),
        _choice("budget_on", "budget_on", "budget_basis", "offered", "drawn"),
        _yes("use_all_budget", "use_all_budget"),
        _money("amount_min", "amount_min", 100_000.0, most=1e12, zero=False, in_formulas=True),
        _money("amount_max", "amount_max", 1_000_000.0, most=1e12, zero=False, in_formulas=True),
        _share("rate_min", "rate_min", 0.04, in_formulas=True),
        _share("rate_max", "rate_max", 0.15, in_formulas=True),
        _share("lgd", "lgd", 0.45, in_formulas=True),
        _share("funding", "funding", 0.015, in_formulas=True),
        _choice("churn_model", "churn", "churn", "power", "log_quadratic", "isotonic"),
        _choice("lend_to", "lend_to", "lend_to", "auto", "new", "rated", "all"),
    ),
    "appetite": (
        _share("max_expected_loss", "limits.expected_loss", option="max_loss", in_formulas=True),
        _choice("loss_on", "loss_on", "limits.loss_basis", "committed", "drawn"),
        _money("max_loss_amount", "limits.loss_amount"),
        _money("max_risk", "limits.risk_amount"),
        _share("max_churn", "limits.mean_churn", in_formulas=True),
        _choice("churn_over", "churn_over", "limits.churn_over", "clients", "applicants"),
        _share("max_industry_share", "limits.sector_share", in_formulas=True),
        _share("max_group_share", "limits.group_share"),
        _money("max_group_amount", "limits.group_amount"),
        _choice("shares_of", "shares_of", "limits.share_of", "lent", "budget"),
        Setting("min_firms", "min_firms", "count", "limits.min_clients", high=1e9),
        _money("min_lent", "limits.min_lent"),
    ),
    "rates": (
        _yes("one_rate_per_grade", "limits.one_rate_per_grade"),
        _yes("rates_ordered", "limits.rates_ordered"),
    ),
    "method": (
        Setting("method", "model", "word", default="default"),
        _choice("objective", "objective", "objective", "bank", "P1", "P3", "P4", in_formulas=True),
        _yes("prove", "prove"),
        Setting("time_limit", "time_limit", "seconds", "time_limit", high=1e6, zero=False),
        Setting("scenario", "scenario", "word", default="covid19_2020q1", choices=("covid19_2020q1", "none"),
                in_formulas=True),
        Setting("severity", "severity", "times", default=1.0, high=16.0, in_formulas=True),
        Setting("language", "", "choice", default="zh", choices=LANGS, in_formulas=True),
    ),
}  # fmt: skip
"""By the section of the template's page, in its order."""

SETTINGS: Final[Mapping[str, Setting]] = {one.name: one for group in GROUPS.values() for one in group}
DEFAULTS: Final[Mapping[str, Any]] = {name: one.default for name, one in SETTINGS.items()}


def plan_settings(
    values: Mapping[str, Any],
    grades: Mapping[str, float],
    industries: Mapping[str, float],
    terms: Mapping[str, FirmTerms],
) -> Settings:
    """The plan's settings from `values` by name (None or none: the default) and the tables beside them.

    grades, industries: largest shares by grade and by industry's key; an industry of its own has its own instead of
    every industry's. terms: what is settled for single firms, by firm.
    """
    from credit_udfs.core.allocation import Limits
    from credit_udfs.core.assess import Settings
    from credit_udfs.core.industry import industries as known

    fields: dict[str, Any] = {"firm_terms": dict(terms)}
    limits: dict[str, Any] = {"grade_share": dict(grades) or None}
    for one in SETTINGS.values():
        value = values.get(one.name)
        if value is not None and one.field:
            place, _, field = one.field.rpartition(".")
            (limits if place else fields)[field] = value
    if industries:
        every = limits.get("sector_share")
        others = {} if every is None else dict.fromkeys(known(), every)
        limits["sector_share"] = others | dict(industries)
    return Settings(limits=Limits(**limits), **fields)
