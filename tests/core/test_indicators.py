"""Indicators against a slow, obvious version of their own words, and against the papers' tables."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from statistics import median
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kruskal

from credit_udfs.core.indicators import INDICATORS, P0_NINE, P4_SIX, SETS, SIX, WIDE, compute
from credit_udfs.core.tables import INVOICE_SCHEMA, Tables

Invoice = dict[str, Any]
ALL = (*WIDE, *P0_NINE, *P4_SIX)
FIRMS = ["F1", "F2", "F3"]

money = st.integers(-500_000, 2_000_000).map(lambda cents: cents / 100)
invoices = st.lists(
    st.fixed_dictionaries(
        {
            "firm": st.sampled_from(["F1", "F2", "elsewhere"]),
            "date": st.dates(dt.date(2016, 12, 1), dt.date(2020, 2, 14)),
            "counterparty": st.sampled_from(["a", "b", "c", "d"]),
            "amount": money,
            "tax": money,
            "total": money,
            "void": st.sampled_from([False, False, False, True]),
        }
    ),
    max_size=25,
)


def frame(rows: list[Invoice]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=INVOICE_SCHEMA)


def ratio(top: float | None, bottom: float | None) -> float | None:
    return None if top is None or bottom is None or not bottom > 0 else top / bottom


def share(top: float | None, bottom: float | None) -> float | None:
    value = ratio(top, bottom)
    return None if value is None else min(max(value, 0.0), 1.0)


class Side:
    """One side of one firm, counted by hand."""

    def __init__(self, rows: list[Invoice]) -> None:
        self.rows = rows
        self.valid = [r for r in rows if not r["void"]]
        self.net = math.fsum(r["amount"] for r in self.valid)
        self.tax = math.fsum(r["tax"] for r in self.valid)
        self.dates = sorted(r["date"] for r in self.valid)
        self.days = (self.dates[-1] - self.dates[0]).days + 1 if self.dates else None
        self.partners: dict[str, float] = defaultdict(float)
        self.seen: dict[str, set[tuple[int, int]]] = defaultdict(set)
        self.months: dict[int, float] = defaultdict(float)
        for r in self.valid:
            self.partners[r["counterparty"]] += r["amount"]
            self.seen[r["counterparty"]].add((r["date"].year, r["date"].month))
            self.months[r["date"].year * 12 + r["date"].month] += r["amount"]
        self.back = [p for p in self.partners if len(self.seen[p]) >= 2]
        self.known_net = self.net if self.valid else None

    def total(self, column: str) -> float:
        return math.fsum(r[column] for r in self.rows)

    def trend(self) -> float:
        n = len(self.rows)
        m = n // 2
        late = [r["total"] for i, r in enumerate(self.rows, start=1) if i >= m]
        early = [r["total"] for i, r in enumerate(self.rows, start=1) if i <= m]
        return math.fsum(late) - math.fsum(early)

    def daily(self) -> float:
        return self.net / self.days if self.days else 0.0

    def top(self) -> float | None:
        return max(self.partners.values()) if self.partners else None

    def net_back(self) -> float | None:
        return math.fsum(self.partners[p] for p in self.back) if self.valid else None

    def herfindahl(self) -> float | None:
        positive = [max(v, 0.0) for v in self.partners.values()]
        return ratio(math.fsum(v * v for v in positive), math.fsum(positive) ** 2)

    def gross(self) -> float | None:
        return math.fsum(r["amount"] for r in self.valid if r["amount"] > 0) if self.valid else None

    def returned(self) -> float | None:
        gross = self.gross()
        return None if gross is None else share(gross - self.net, gross)

    def span(self) -> int | None:
        return max(self.months) - min(self.months) + 1 if self.months else None

    def variation(self) -> float | None:
        if not self.months:
            return None
        values = [self.months.get(m, 0.0) for m in range(min(self.months), max(self.months) + 1)]
        mean = math.fsum(values) / len(values)
        return ratio(math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values)), mean)

    def growth(self) -> float | None:
        if not self.months:
            return None
        end = max(self.months)
        year = math.fsum(v for m, v in self.months.items() if end - m < 12)
        before = math.fsum(v for m, v in self.months.items() if 12 <= end - m < 24)
        value = ratio(year - before, year + before)
        return None if value is None else min(max(value, -1.0), 1.0)


def slow(purchases: list[Invoice], sales: list[Invoice], firm: str) -> dict[str, float | None]:
    s, p = (Side([r for r in rows if r["firm"] == firm]) for rows in (sales, purchases))
    dates = s.dates + p.dates
    years = ((max(dates) - min(dates)).days + 1) / 365 if dates else None

    def per_year(value: float) -> float | None:
        return None if years is None else value / years

    def over(top: float, bottom: float) -> float | None:
        return None if bottom == 0 else top / bottom

    void, negative = (
        [r for r in p.rows + s.rows if r["void"]],
        [r for r in p.rows + s.rows if r["amount"] < 0],
    )
    returns = sum(r["amount"] < 0 for r in s.valid)
    out: dict[str, float | None] = {
        "annual_net_sales": per_year(s.net),
        "trading_years": None if years is None else (s.days or 0) / 365,
        "top_customer_share": share(s.top(), s.known_net),
        "returning_share": share(s.net_back(), s.known_net),
        "sales_void_rate": ratio(sum(r["void"] for r in s.rows), len(s.rows)),
        "top_supplier_share": share(p.top(), p.known_net),
        "annual_net_purchases": per_year(p.net),
        "purchase_to_sales": ratio(p.net, s.net),
        "effective_vat_rate": ratio(s.tax - p.tax, s.net),
        "purchase_void_rate": ratio(sum(r["void"] for r in p.rows), len(p.rows)),
        "returning_supplier_share": share(p.net_back(), p.known_net),
        "p0_input_total": p.total("total"),
        "p0_output_total": s.total("total"),
        "p0_input_count": len(p.rows),
        "p0_output_count": len(s.rows),
        "p0_void_ratio": ratio(len(void), len(p.rows) + len(s.rows)),
        "p0_negative_ratio": ratio(len(negative), len(p.rows) + len(s.rows)),
        "p0_total_tax": p.total("tax") + s.total("tax"),
        "p0_input_trend": p.trend(),
        "p0_sales_trend": s.trend(),
        "p4_psi1": 365 * (s.daily() - p.daily()),
        "p4_psi2": over(s.daily() - p.daily(), s.daily()),
        "p4_psi3": over(s.daily() - p.daily(), p.daily()),
        "p4_psi4": ratio(sum(r["void"] for r in s.rows) + returns, len(s.rows) + returns),
        "p4_psi5": len(p.valid) / p.days * 365 if p.days else 0.0,
        "p4_psi6": len(s.valid) / s.days * 365 if s.days else 0.0,
    }
    for name, side in (("sales", s), ("purchase", p)):
        n = len(side.valid)
        out |= {
            f"{name}_return_rate": ratio(sum(r["amount"] < 0 for r in side.valid), n),
            f"{name}_return_amount_share": side.returned(),
            f"{name}_partners": len(side.partners),
            f"{name}_herfindahl": side.herfindahl(),
            f"{name}_partners_back_rate": ratio(len(side.back), len(side.partners)),
            f"{name}_invoices_per_year": per_year(n),
            f"{name}_mean_amount": ratio(side.net, n),
            f"{name}_median_amount": median(r["amount"] for r in side.valid) if n else None,
            f"{name}_active_months": ratio(len(side.months), side.span()),
            f"{name}_variation": side.variation(),
            f"{name}_growth": side.growth(),
            f"{name}_vat_rate": ratio(side.tax, side.known_net),
        }
    return out


def same(fast: float | None, obvious: float | None, key: str) -> bool:
    if fast is None or obvious is None:
        return fast is None and obvious is None
    # A coefficient of variation comes from a difference of large squares.
    loose = 1e-5 if key.endswith("variation") else 1e-9
    return math.isclose(fast, obvious, rel_tol=loose, abs_tol=1e-6)


def well_posed(side: list[Invoice], firm: str) -> bool:
    """Whether sums of the firm are clear of zero: at exactly zero, floats decide the sign of a denominator."""
    mine = Side([r for r in side if r["firm"] == firm])
    sums = [mine.net, mine.daily(), *mine.partners.values()]
    months = mine.months
    if months:
        end = max(months)
        sums.append(math.fsum(v for m, v in months.items() if end - m < 24))
    return all(v == 0 or abs(v) > 1e-3 for v in sums)


@settings(max_examples=150)
@given(invoices, invoices)
def test_every_indicator_is_what_its_words_say(purchases: list[Invoice], sales: list[Invoice]) -> None:
    fast = compute(frame(purchases), frame(sales), FIRMS, ALL)
    assert fast["firm"].to_list() == FIRMS
    for row in fast.iter_rows(named=True):
        if not (well_posed(purchases, row["firm"]) and well_posed(sales, row["firm"])):
            continue
        obvious = slow(purchases, sales, row["firm"])
        for key in ALL:
            assert same(row[key], obvious[key], key), (row["firm"], key, row[key], obvious[key])


def test_a_set_alone_has_the_bits_it_has_among_others(contest_rated: Tables) -> None:
    firms = contest_rated.firms["firm"].to_list()
    everything = compute(contest_rated.purchases, contest_rated.sales, firms, INDICATORS)
    for keys in SETS.values():
        alone = compute(contest_rated.purchases, contest_rated.sales, firms, keys)
        assert alone.equals(everything.select("firm", *keys))


def test_the_order_of_invoices_matters_to_trends_only(contest_rated: Tables) -> None:
    firms = contest_rated.firms["firm"].to_list()[:40]
    keys = [key for key in ALL if not key.endswith("_trend")]
    shuffled = [
        side.sample(fraction=1.0, shuffle=True, seed=1) for side in (contest_rated.purchases, contest_rated.sales)
    ]
    straight = compute(contest_rated.purchases, contest_rated.sales, firms, keys)
    assert compute(*shuffled, firms, keys).equals(straight)


def test_edges() -> None:
    day, base = dt.date(2019, 5, 1), {"counterparty": "a", "tax": 1.0, "total": 11.0, "void": False}
    one = {"firm": "F1", "date": day, "amount": 10.0, **base}
    voided = {**one, "firm": "F2", "void": True}
    result = compute(frame([]), frame([one, voided]), FIRMS, SIX).rows_by_key("firm", named=True, unique=True)
    # One sales invoice only: a day's trading; nothing is known of suppliers.
    assert result["F1"] == {
        "annual_net_sales": 3650.0,
        "trading_years": 1 / 365,
        "top_customer_share": 1.0,
        "returning_share": 0.0,
        "sales_void_rate": 0.0,
        "top_supplier_share": None,
    }
    # Only void invoices: only the void rate is known.
    assert result["F2"] == dict.fromkeys(SIX, None) | {"sales_void_rate": 1.0}
    # No invoice at all.
    assert result["F3"] == dict.fromkeys(SIX, None)


def test_declarations_are_complete() -> None:
    assert len(SIX) == 6
    assert len(P0_NINE) == 9
    assert len(P4_SIX) == 6
    assert len(WIDE) == 35
    assert {key for keys in SETS.values() for key in keys} == set(INDICATORS)
    for key, indicator in INDICATORS.items():
        assert indicator.key == key
        assert all([indicator.zh, indicator.en, indicator.unit, indicator.formula_zh, indicator.formula_en])
        assert all([indicator.missing, indicator.source, indicator.needs])


# --- the papers' figures -----------------------------------------------------------------------------------------


def test_p0_table_1_to_the_cent(contest_rated: Tables) -> None:
    """P0 Table 1, its mistake included: the output total and sales trend sum the INPUT sheet over the rows that the
    firm's invoices take in the OUTPUT sheet. The right totals stand in `methods.md`'s recomputation."""
    firms = ["E1", "E2", "E3"]
    table = compute(contest_rated.purchases, contest_rated.sales, firms, P0_NINE)
    printed = {
        "p0_input_total": [6892693842.00, 171736465.85, 57520838.33],
        "p0_input_count": [3441, 32156, 4561],
        "p0_output_count": [8110, 12707, 24073],
        "p0_total_tax": [1574484761.53, 46518636.35, 96282840.39],
        "p0_input_trend": [-2074911623.90, -18904332.79, -13446090.65],
    }
    for key, values in printed.items():
        assert table[key].round(2).to_list() == values
    assert [f"{v:.1%}" for v in table["p0_void_ratio"]] == ["3.6%", "3.9%", "2.0%"]
    # E1 is printed rounded (2.597%), E2 truncated (1.150%).
    for ratio_, printed_percent in zip(table["p0_negative_ratio"], [2.6, 1.1, 15.8], strict=True):
        assert abs(ratio_ * 100 - printed_percent) < 0.1
    assert table["p0_output_total"].round(2).to_list() == [4798811944.64, 694708186.72, 682739787.96]

    totals = contest_rated.purchases["total"].to_numpy()
    owners = contest_rated.sales["firm"].cast(pl.String).to_numpy()
    for firm, total, trend in zip(
        firms,
        [6946925979.04, 48758931.29, 780945531.47],
        [-6873226817.34, 9487052.75, 686512633.63],
        strict=True,
    ):
        rows = np.flatnonzero(owners == firm)
        taken = totals[rows[0] : rows[-1] + 1]
        m = taken.size // 2
        assert round(math.fsum(taken), 2) == total
        assert round(math.fsum(taken[m - 1 :]) - math.fsum(taken[:m]), 2) == trend


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        ("p4_psi1", 0.00016),
        ("p4_psi2", 0.96550),
        ("p4_psi3", 0.96550),
        ("p4_psi4", 0.00397),
        ("p4_psi5", 7.71630e-05),
        ("p4_psi6", 4.36419e-08),
    ],
)
def test_p4_table_1(contest_rated: Tables, key: str, printed: float) -> None:
    """Kruskal-Wallis of the 27 A firms against the 27 defaulters; the paper's digits are truncated."""
    firms = contest_rated.firms
    values = compute(contest_rated.purchases, contest_rated.sales, firms["firm"].to_list(), [key])[key]
    p = kruskal(values.filter(firms["grade"] == "A"), values.filter(firms["default"])).pvalue
    digit = 10 ** (math.floor(math.log10(printed)) - 5) if printed < 1e-4 else 1e-5
    assert math.floor(p / digit + 1e-6) * digit == pytest.approx(printed, rel=1e-9)
