"""P3's five indices and P2's series: what the months of both sides say together.

P3's formulas are lost in scanning; what its words leave open is filled in here, and said so. Month by month, over
valid invoices and amounts excl. tax; months between a firm's first and last invoice without any count as 0. O and J
are a month's net sales and net purchases, means are over the firm's months.

- influence: mean of w O + (1 - w) J, w = the firm's share of O in O + J ("different companies place different
  emphases on output and input").
- strength: mean over months with sales of (output tax - input tax) / number of sales invoices.
- supply fluctuation: mean of |J - mean J| / (mean J + b): the paper measures supply by the firm's demand, its
  purchases, and demand by what it supplies; demand fluctuation: the same of O; b = 1 yuan, the "balance
  parameter"; the mean is the stable value, as the paper assumes. Low is stable.
- churn: void sales invoices / sales invoices, over the firm's whole history.

P2's series: the last 36 calendar months up to the firm's last valid invoice of either side; net purchases of the
month and their number, net sales and their number. The paper says only "input invoice data"; it prints neither
layers nor lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from credit_udfs.core.indicators.declare import Facts, declare
from credit_udfs.core.indicators.facts import SCALE

BALANCE = 1.0  # yuan
MONTHS = 36
CHANNELS: tuple[str, ...] = ("p2_input_net", "p2_input_count", "p2_output_net", "p2_output_count")


def _month() -> pl.Expr:
    return pl.col("date").dt.year().cast(pl.Int32) * 12 + pl.col("date").dt.month().cast(pl.Int32)


# --- P3 ------------------------------------------------------------------------------------------------------


def monthly_indices(purchases: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """P3's indices: "firm" and a Float64 column per key of P3_FIVE, null where missing."""
    sides = [_monthly(sales, "o"), _monthly(purchases, "j")]
    months = sides[0].join(sides[1], on=["firm", "month"], how="full", coalesce=True).fill_null(0)
    first, last = pl.col("month").min(), pl.col("month").max()
    calendar = (
        months.group_by("firm")
        .agg(pl.int_ranges(first, last + 1).alias("month"))
        .explode("month", empty_as_null=False)
        .cast({"month": months.schema["month"]})
    )
    full = calendar.join(months, on=["firm", "month"], how="left").fill_null(0)
    o, j = pl.col("o").cast(pl.Float64) / SCALE, pl.col("j").cast(pl.Float64) / SCALE
    tax = (pl.col("o_tax") - pl.col("j_tax")).cast(pl.Float64) / SCALE
    turnover = (pl.col("o").sum() + pl.col("j").sum()).cast(pl.Float64) / SCALE
    w = pl.when(turnover > 0).then(o.sum() / turnover).otherwise(0.5)
    indices = (
        full.sort("firm", "month")  # a fixed order of summing: the same bits every time
        .group_by("firm", maintain_order=True)
        .agg(
            (w * o.mean() + (1 - w) * j.mean()).alias("p3_influence"),
            (tax / pl.col("o_n")).filter(pl.col("o_n") > 0).mean().alias("p3_strength"),
            ((j - j.mean()).abs().mean() / (j.mean().abs() + BALANCE)).alias("p3_supply_fluctuation"),
            ((o - o.mean()).abs().mean() / (o.mean().abs() + BALANCE)).alias("p3_demand_fluctuation"),
        )
    )
    churn = sales.group_by("firm").agg(pl.col("void").mean().alias("p3_churn")).cast({"firm": pl.String})
    return indices.join(churn, on="firm", how="full", coalesce=True)


def _monthly(side: pl.DataFrame, mark: str) -> pl.DataFrame:
    units = ((pl.col(name) * SCALE).round().cast(pl.Int64) for name in ("amount", "tax"))
    return (
        side.filter(~pl.col("void"))
        .with_columns(_month().alias("month"), *units)
        .group_by("firm", "month")
        .agg(
            pl.col("amount").sum().alias(mark),
            pl.col("tax").sum().alias(f"{mark}_tax"),
            pl.len().cast(pl.Int64).alias(f"{mark}_n"),
        )
        .cast({"firm": pl.String})
    )


_P3 = "P3, section 4.2.1 (formulas lost in scanning, rebuilt from the words)"


def _index(name: str, names: tuple[str, str], unit: Any, formula: tuple[str, str], missing: str = "span") -> str:
    key = f"p3_{name}"
    return declare(key, names, unit, formula, _P3, ("monthly_indices",), lambda: nw.col(key), missing)


P3_FIVE: tuple[str, ...] = (
    _index("influence", ("P3 影响力", "P3 Influence"), "yuan",
           ("月净销售额 O 与月净采购额 J 按销售占比 w 加权的月均值：w·O + (1 − w)·J，w = ΣO ÷ Σ(O + J)",
            "mean over months of w O + (1 - w) J: O net sales, J net purchases, w = sum of O / sum of O + J")),
    _index("strength", ("P3 实力", "P3 Strength"), "yuan",
           ("有销项月份的（销项税 − 进项税）÷ 销项张数之均值",
            "mean over months with sales of (output tax - input tax) / number of sales invoices"), "share"),
    _index("supply_fluctuation", ("P3 供应波动", "P3 Fluctuation of purchases"), "ratio",
           ("月净采购额与其均值之差的绝对值的均值 ÷（均值 + 1 元）",
            "mean absolute deviation of monthly net purchases / (their mean + 1 yuan)")),
    _index("demand_fluctuation", ("P3 需求波动", "P3 Fluctuation of sales"), "ratio",
           ("月净销售额与其均值之差的绝对值的均值 ÷（均值 + 1 元）",
            "mean absolute deviation of monthly net sales / (their mean + 1 yuan)")),
    _index("churn", ("P3 作废率", "P3 Churn (void sales invoices)"), "fraction",
           ("作废销项发票数 ÷ 全部销项发票数", "void sales invoices / all sales invoices"), "share"),
)  # fmt: skip


# --- P2 ------------------------------------------------------------------------------------------------------


def monthly_series(purchases: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """P2's series: "firm" and a Float64 column per key of P2_SERIES; months without invoices are 0.

    Firms without any valid invoice aren't in it.
    """
    valid = [
        side.filter(~pl.col("void")).select(pl.col("firm").cast(pl.String), _month().alias("month"), "amount")
        for side in (purchases, sales)
    ]
    last = pl.concat(valid).group_by("firm", maintain_order=True).agg(pl.col("month").max().alias("last"))
    order = {firm: i for i, firm in enumerate(last["firm"])}
    table = np.zeros((len(order), len(CHANNELS), MONTHS))
    net = (pl.col("amount") * SCALE).round().cast(pl.Int64).sum() / SCALE
    at = MONTHS - 1 - (pl.col("last") - pl.col("month"))
    for side, invoices in enumerate(valid):
        months = invoices.join(last, on="firm").filter(at >= 0).group_by("firm", at.alias("at"))
        for firm, when, amount, count in months.agg(net.alias("net"), pl.len()).iter_rows():
            table[order[firm], 2 * side : 2 * side + 2, when] = amount, count
    columns = pl.DataFrame(table.reshape(len(order), -1), schema=list(P2_SERIES))
    return columns.insert_column(0, last["firm"])


_P2 = "P2, section 2.1 (lengths and channels aren't printed: ours)"
_CHANNEL: Mapping[str, tuple[str, str, Any, str, str]] = {
    "p2_input_net": ("月进项净额", "Net purchases, month", "yuan", "有效进项金额之和", "valid purchases excl. tax"),
    "p2_input_count": ("月进项张数", "Number of purchase invoices, month", "count",
                       "有效进项发票数", "number of valid purchase invoices"),
    "p2_output_net": ("月销项净额", "Net sales, month", "yuan", "有效销项金额之和", "valid sales excl. tax"),
    "p2_output_count": ("月销项张数", "Number of sales invoices, month", "count",
                        "有效销项发票数", "number of valid sales invoices"),
}  # fmt: skip


def _step(channel: str, month: int) -> str:
    key = f"{channel}_{month:02d}"
    zh, en, unit, formula_zh, formula_en = _CHANNEL[channel]
    back = MONTHS - 1 - month
    when_zh = f"末张发票之前第 {back} 个月" if back else "末张发票之月"
    when_en = f"{back} months before the last invoice's" if back else "the last invoice's month"
    return declare(
        key, (f"第 {month + 1} {zh}", f"{en} {month + 1}"), unit,
        (f"{when_zh}的{formula_zh}（无票计 0）", f"{formula_en}, {when_en} (0 without invoices)"),
        _P2, ("monthly_series",), lambda: nw.col(key), "span",
    )  # fmt: skip


P2_SERIES: tuple[str, ...] = tuple(_step(channel, month) for channel in CHANNELS for month in range(MONTHS))

MONTHLY: Mapping[Facts, Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]] = {
    "monthly_indices": monthly_indices,
    "monthly_series": monthly_series,
}
