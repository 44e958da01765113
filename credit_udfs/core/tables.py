"""The checked input: enterprises, their invoices, the churn statistics, and where each came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from credit_udfs.errors import Problem
from credit_udfs.types import Floats, Grade

FIRMS_SCHEMA = {"firm": pl.String, "name": pl.String, "grade": pl.String, "default": pl.Boolean}
INVOICE_SCHEMA = {
    "firm": pl.Categorical,
    "date": pl.Date,
    "counterparty": pl.Categorical,
    "amount": pl.Float64,
    "tax": pl.Float64,
    "total": pl.Float64,
    "void": pl.Boolean,
}


@dataclass(frozen=True)
class Source:
    """One input file: its name without folders, its SHA-256, rows read per sheet, and how often what was
    repaired or ignored (problem key -> count)."""

    file: str
    sha256: str
    rows: Mapping[str, int]
    repaired: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ChurnTable:
    """Attachment 3: lending rates (m,) and the churn rate observed at each, per grade A, B, C."""

    rates: Floats
    observed: Mapping[Grade, Floats]


@dataclass(frozen=True)
class Tables:
    """Checked tables, in file order.

    firms: one row per enterprise (FIRMS_SCHEMA); grade and default are null where unknown.
    purchases (input invoices), sales (output invoices): INVOICE_SCHEMA; amounts in yuan, returns negative.
    problems: warnings only; a table with errors is never built. seconds: what reading took, for the run log.
    """

    firms: pl.DataFrame
    purchases: pl.DataFrame
    sales: pl.DataFrame
    churn: ChurnTable | None = None
    problems: tuple[Problem, ...] = ()
    sources: tuple[Source, ...] = ()
    seconds: float | None = None
