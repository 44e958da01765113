"""Facts: what the invoices of one side are summed to, per firm.

Facts of sales are prefixed ``s_``, of purchases ``p_``. Amounts are summed as whole ten-thousandths of a yuan, so
that a sum is exact and doesn't depend on the order in which an engine's threads add it up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from credit_udfs.core.indicators.declare import Facts

SCALE = 10_000  # amounts are counted in 1/SCALE yuan while they are summed


def prepare(invoices: pl.DataFrame, needs: Sequence[Facts]) -> nw.LazyFrame[Any]:
    """Invoices as the facts below take them: amounts as whole units, months counted, rows numbered if needed."""
    frame = nw.from_native(invoices)
    if "halves" in needs:
        frame = frame.with_row_index("row")
    month = nw.col("date").dt.year() * 12 + nw.col("date").dt.month()
    units = ((nw.col(name) * SCALE).round().cast(nw.Int64) for name in ("amount", "tax", "total"))
    return frame.lazy().with_columns(month.alias("month"), *units)


def _yuan(total: nw.Expr, power: int = 1) -> nw.Expr:
    return total.cast(nw.Float64) / float(SCALE**power)


def _sum(units: nw.Expr) -> nw.Expr:
    return _yuan(units.sum())


def _sum_of_squares(units: nw.Expr) -> nw.Expr:
    wide = units.cast(nw.Int128)
    return _yuan((wide * wide).sum(), 2)


def _invoices(side: nw.LazyFrame[Any], mark: str) -> nw.LazyFrame[Any]:
    """Facts of the valid invoices (void ones only count in _all_invoices)."""
    amount, tax = nw.col("amount"), nw.col("tax")
    return (
        side.filter(~nw.col("void"))
        .group_by("firm")
        .agg(
            nw.len().alias(f"{mark}valid"),
            _sum(amount).alias(f"{mark}net"),
            _sum(tax).alias(f"{mark}tax"),
            nw.col("date").min().alias(f"{mark}first"),
            nw.col("date").max().alias(f"{mark}last"),
            (amount < 0).sum().alias(f"{mark}returns"),
            _sum(nw.when(amount > 0).then(amount).otherwise(0)).alias(f"{mark}gross"),
            _yuan(amount.median()).alias(f"{mark}median"),
        )
    )


def _all_invoices(side: nw.LazyFrame[Any], mark: str) -> nw.LazyFrame[Any]:
    total = nw.col("total")
    return side.group_by("firm").agg(
        nw.len().alias(f"{mark}count"),
        nw.col("void").sum().alias(f"{mark}void"),
        (nw.col("amount") < 0).sum().alias(f"{mark}negative"),
        _sum(total).alias(f"{mark}total"),
        _sum(nw.col("tax")).alias(f"{mark}all_tax"),
    )


def _halves(side: nw.LazyFrame[Any], mark: str) -> nw.LazyFrame[Any]:
    """P0's trend over all invoices in file order: rows m..n minus rows 1..m, m = floor(n/2), row m in both."""
    position = nw.col("row").cum_count().over("firm", order_by="row")
    middle = nw.len().over("firm") // 2
    total = nw.col("total")
    return (
        side.with_columns(position.alias("position"), middle.alias("middle"))
        .with_columns(
            nw.when(nw.col("position") >= nw.col("middle")).then(total).otherwise(0).alias("late"),
            nw.when(nw.col("position") <= nw.col("middle")).then(total).otherwise(0).alias("early"),
        )
        .group_by("firm")
        .agg(_sum(nw.col("late") - nw.col("early")).alias(f"{mark}trend"))
    )


def _partners(side: nw.LazyFrame[Any], mark: str) -> nw.LazyFrame[Any]:
    """Facts of the counterparties with valid invoices: their count, shares, and who comes back."""
    net = nw.col("net")
    positive = nw.when(net > 0).then(net).otherwise(0)
    back = nw.col("last_month") > nw.col("first_month")  # seen in two calendar months or more
    return (
        side.filter(~nw.col("void"))
        .group_by("firm", "counterparty")
        .agg(
            nw.col("amount").sum().alias("net"),
            nw.col("month").min().alias("first_month"),
            nw.col("month").max().alias("last_month"),
        )
        .group_by("firm")
        .agg(
            nw.len().alias(f"{mark}partners"),
            _yuan(net.max()).alias(f"{mark}top"),
            _sum(positive).alias(f"{mark}positive"),
            _sum_of_squares(positive).alias(f"{mark}squares"),
            back.sum().alias(f"{mark}partners_back"),
            _sum(nw.when(back).then(net).otherwise(0)).alias(f"{mark}net_back"),
        )
    )


def _months(side: nw.LazyFrame[Any], mark: str) -> nw.LazyFrame[Any]:
    """Facts of the calendar months with valid invoices; a month between first and last without one counts as 0."""
    net = nw.col("net")
    return (
        side.filter(~nw.col("void"))
        .group_by("firm", "month")
        .agg(nw.col("amount").sum().alias("net"))
        .group_by("firm")
        .agg(
            nw.len().alias(f"{mark}months"),
            (nw.col("month").max() - nw.col("month").min() + 1).alias(f"{mark}month_span"),
            _sum(net).alias(f"{mark}month_sum"),
            _sum_of_squares(net).alias(f"{mark}month_squares"),
        )
    )


def _recent(side: nw.LazyFrame[Any], mark: str) -> nw.LazyFrame[Any]:
    """Net amount of the last twelve calendar months of the side, and of the twelve before them."""
    amount, age = nw.col("amount"), nw.col("last_month") - nw.col("month")
    valid = side.filter(~nw.col("void"))
    ends = valid.group_by("firm").agg(nw.col("month").max().alias("last_month"))
    return (
        valid.join(ends, on="firm", how="inner")
        .group_by("firm")
        .agg(
            _sum(nw.when(age < 12).then(amount).otherwise(0)).alias(f"{mark}year"),
            _sum(nw.when((age >= 12) & (age < 24)).then(amount).otherwise(0)).alias(f"{mark}year_before"),
        )
    )


FACTS: Mapping[Facts, Callable[[nw.LazyFrame[Any], str], nw.LazyFrame[Any]]] = {
    "invoices": _invoices,
    "all_invoices": _all_invoices,
    "halves": _halves,
    "partners": _partners,
    "months": _months,
    "recent": _recent,
}
