"""From invoices to indicators: one row per enterprise, each indicator declared once.

Written against narwhals and evaluated lazily on polars, so that the same declarations run on another engine (the
monthly indices and series of P3 and P2 are polars).

The way: invoices of a side are summed to facts per firm (`facts`), months of both sides to P3's indices and P2's
series (`monthly`), and an indicator is an expression over those (`sets`, `monthly`). Sums are exact: the same
invoices give the same bits everywhere.

Missing values: a sum or count of a side without invoices is 0; a share, rate or ratio whose denominator is 0 or
unknown is missing (NaN); a firm without any invoice has every indicator missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import get_args

import narwhals as nw
import polars as pl

from credit_udfs.core.indicators.declare import INDICATORS, Facts, Indicator
from credit_udfs.core.indicators.facts import FACTS, prepare
from credit_udfs.core.indicators.monthly import MONTHLY, P2_SERIES, P3_FIVE
from credit_udfs.core.indicators.sets import P0_NINE, P4_SIX, SIX, WIDE

SETS: Mapping[str, tuple[str, ...]] = {
    "six": SIX, "p0": P0_NINE, "p2": P2_SERIES, "p3": P3_FIVE, "p4": P4_SIX, "wide": WIDE
}  # fmt: skip

__all__ = ["INDICATORS", "P0_NINE", "P2_SERIES", "P3_FIVE", "P4_SIX", "SETS", "SIX", "WIDE", "Indicator", "compute"]


def compute(
    purchases: pl.DataFrame, sales: pl.DataFrame, firms: Sequence[str], keys: Iterable[str] = SIX
) -> pl.DataFrame:
    """Indicators of `firms`, in their order.

    purchases, sales: invoices (core.tables.INVOICE_SCHEMA), in file order; invoices of other firms are ignored.
    keys: which indicators, see INDICATORS and SETS.
    Returns a frame with the column "firm" and one Float64 column per key; missing is null (see the module's rule).
    Raises KeyError for an unknown key.
    """
    chosen = [INDICATORS[key] for key in dict.fromkeys(keys)]
    needs: list[Facts] = [fact for fact in get_args(Facts) if any(fact in one.needs for one in chosen)]
    sides = {"s_": prepare(sales, needs), "p_": prepare(purchases, needs)}
    # Keys of a side's own engine type (a dictionary-encoded string, say) become plain text only once summed.
    parts = [
        FACTS[fact](side, mark).with_columns(nw.col("firm").cast(nw.String))
        for fact in needs
        if fact in FACTS
        for mark, side in sides.items()
    ]
    parts += [nw.from_native(MONTHLY[fact](purchases, sales)).lazy() for fact in needs if fact in MONTHLY]
    order = nw.from_native(pl.DataFrame({"firm": list(firms)}, schema={"firm": pl.String}).with_row_index("order"))
    facts = reduce(lambda left, part: left.join(part, on="firm", how="left"), parts, order.lazy())
    values = facts.with_columns(_finite(indicator.expr()).alias(indicator.key) for indicator in chosen)
    result = values.sort("order").select("firm", *(indicator.key for indicator in chosen)).collect("polars")
    frame: pl.DataFrame = result.to_native()
    return frame


def _finite(value: nw.Expr) -> nw.Expr:
    number = value.cast(nw.Float64)
    return nw.when(number.is_finite()).then(number)
