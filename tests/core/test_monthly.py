"""P3's indices and P2's series by hand, and the same bits in any order of invoices."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from credit_udfs.core.indicators import INDICATORS, P2_SERIES, P3_FIVE, compute
from credit_udfs.core.tables import INVOICE_SCHEMA


def compute_five(purchases: pl.DataFrame, sales: pl.DataFrame, firms: Sequence[str]) -> pl.DataFrame:
    return compute(purchases, sales, firms, P3_FIVE)


def invoices(rows: list[tuple[str, int, float, float, bool]]) -> pl.DataFrame:
    full = [
        (firm, datetime.date(2019, month, 5), "x", amount, tax, amount + tax, void)
        for firm, month, amount, tax, void in rows
    ]
    return pl.DataFrame(full, schema=INVOICE_SCHEMA, orient="row")


def test_the_indices_by_hand() -> None:
    sales = invoices([("甲", 1, 300.0, 30.0, False), ("甲", 1, 100.0, 12.0, False), ("甲", 3, 200.0, 18.0, False),
                      ("甲", 3, 999.0, 99.0, True)])  # fmt: skip
    purchases = invoices([("甲", 1, 60.0, 6.0, False), ("甲", 2, 90.0, 9.0, False)])
    row = compute_five(purchases, sales, ["甲"]).row(0, named=True)
    # months 1..3: O = 400, 0, 200; J = 60, 90, 0; w = 600 / 750
    assert row["p3_influence"] == pytest.approx(0.8 * 200 + 0.2 * 50)
    assert row["p3_strength"] == pytest.approx(((42 - 6) / 2 + 18 / 1) / 2)
    assert row["p3_supply_fluctuation"] == pytest.approx((10 + 40 + 50) / 3 / 51)
    assert row["p3_demand_fluctuation"] == pytest.approx((200 + 200 + 0) / 3 / 201)
    assert row["p3_churn"] == 0.25


def test_a_firm_without_sales_or_without_anything() -> None:
    purchases = invoices([("甲", 1, 60.0, 6.0, False)])
    sales = invoices([("丁", 1, 60.0, 6.0, True)])
    frame = compute_five(purchases, sales, ["乙", "甲", "丁"])
    assert frame.row(0)[1:] == (None,) * 5
    assert frame.row(1)[1:] == (pytest.approx(60.0), None, 0.0, 0.0, None)
    assert frame.row(2)[1:] == (None, None, None, None, 1.0)


def test_the_order_of_invoices_does_not_change_a_bit() -> None:
    random = np.random.default_rng(2)
    rows = [
        (firm, int(m), float(a), float(a) * 0.13, bool(v))
        for firm in "甲乙丙"
        for m, a, v in zip(
            random.integers(1, 13, 50), random.normal(1e4, 1e5, 50), random.random(50) < 0.1, strict=True
        )
    ]
    sales, purchases = invoices(rows[::2]), invoices(rows[1::2])
    first = compute_five(purchases, sales, list("甲乙丙"))
    shuffled = compute_five(
        purchases.sample(fraction=1.0, shuffle=True, seed=1),
        sales.sample(fraction=1.0, shuffle=True, seed=2),
        list("丙甲乙"),
    )
    assert first.sort("firm").equals(shuffled.sort("firm"))


def dated(*rows: tuple[str, datetime.date, float, bool]) -> pl.DataFrame:
    full = [(firm, date, "x", amount, 0.0, amount, void) for firm, date, amount, void in rows]
    return pl.DataFrame(full, schema=INVOICE_SCHEMA, orient="row")


def test_a_series_ends_with_the_firms_last_month_of_either_side() -> None:
    day = datetime.date
    purchases = dated(
        ("甲", day(2019, 10, 3), 100.0, False),
        ("甲", day(2019, 10, 9), -30.0, False),
        ("甲", day(2019, 12, 1), 50.0, True),
        ("甲", day(2016, 1, 1), 9.0, False),
    )
    sales = dated(("甲", day(2019, 12, 31), 7.0, False), ("乙", day(2019, 1, 1), 5.0, True))
    frame = compute(purchases, sales, ["乙", "甲", "丙"], P2_SERIES)
    row = frame.row(1, named=True)
    assert frame["firm"].to_list() == ["乙", "甲", "丙"]
    assert (row["p2_input_net_33"], row["p2_input_count_33"]) == (70.0, 2.0)
    assert (row["p2_input_net_35"], row["p2_output_net_35"], row["p2_output_count_35"]) == (0.0, 7.0, 1.0)
    assert sum(value for key, value in row.items() if key.startswith("p2_input_count")) == 2.0  # 2016 is too old
    assert frame.select(pl.all().exclude("firm")).row(0) == (None,) * len(P2_SERIES)  # void invoices only
    assert frame.select(pl.all().exclude("firm")).row(2) == (None,) * len(P2_SERIES)


def test_a_months_words_count_from_the_last_one() -> None:
    assert len(P2_SERIES) == 4 * 36
    first, last = INDICATORS["p2_input_net_00"], INDICATORS["p2_output_count_35"]
    assert (first.zh, first.unit) == ("第 1 月进项净额", "yuan")
    assert "35 months before" in first.formula_en
    assert (last.en, last.unit) == ("Number of sales invoices, month 36", "count")
    assert "末张发票之月" in last.formula_zh
