"""What an indicator is, and the register of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import narwhals as nw

Facts: TypeAlias = Literal[
    "invoices", "all_invoices", "halves", "partners", "months", "recent", "monthly_indices", "monthly_series"
]  # fmt: skip
_Expr: TypeAlias = Callable[[], nw.Expr]


@dataclass(frozen=True)
class Indicator:
    """One indicator: its names, unit, formula in words, missing-value rule and source, and how it is computed."""

    key: str
    zh: str
    en: str
    unit: Literal["yuan", "yuan/year", "years", "fraction", "count", "1/year", "ratio"]
    formula_zh: str
    formula_en: str
    missing: Literal["never", "share", "span"]
    source: str
    needs: tuple[Facts, ...]
    expr: _Expr


INDICATORS: dict[str, Indicator] = {}


def declare(
    key: str,
    names: tuple[str, str],
    unit: Any,
    formula: tuple[str, str],
    source: str,
    needs: tuple[Facts, ...],
    expr: _Expr,
    missing: Any = "share",
) -> str:
    """Register an indicator; returns its key.

    names, formula: Chinese and English. needs: the facts that `expr` is over. missing: "never"; "share" where a
    denominator is 0 or unknown; "span" for a firm without valid invoices.
    """
    INDICATORS[key] = Indicator(key, *names, unit, *formula, missing, source, needs, expr)
    return key
