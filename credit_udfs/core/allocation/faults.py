"""Everything wrong with a problem, at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from credit_udfs.errors import BadInput, CreditError, OutOfRange
from credit_udfs.types import GRADES, Bools, Floats, Ints

if TYPE_CHECKING:
    from credit_udfs.core.allocation.problem import Firms, Limits, Terms

GRADE_D = 3

Add: TypeAlias = Callable[[CreditError], None]


def faults_of(firms: Firms, terms: Terms, limits: Limits) -> list[CreditError]:
    """Wrong numbers, names and limits that contradict each other; empty where the problem can be posed."""
    faults: list[CreditError] = []
    _check_firms(firms, faults.append)
    _check_terms(terms, faults.append)
    if not faults:  # limits name firms and sectors, so they make sense only with sound ones
        _check_limits(firms, terms, limits, faults.append)
    return faults


def _check_firms(firms: Firms, add: Add) -> None:
    n = len(firms.ids)
    columns = ("pd", "grade", "low", "high", "sector", "group", "repayment", "shock")
    lengths = {name: len(getattr(firms, name)) for name in columns if getattr(firms, name) is not None}
    wrong = {name: length for name, length in lengths.items() if length != n}
    for name, length in wrong.items():
        add(BadInput("allocation.length", column=name, got=length, want=n))
    if wrong:
        return
    if len(set(firms.ids)) < n:
        twice = next(name for name, count in Counter(firms.ids).items() if count > 1)
        add(BadInput("allocation.duplicate_firm", firm=twice))

    def each(bad: Bools, key: str, column: Floats | Ints) -> None:
        rows = np.flatnonzero(bad)
        if rows.size:
            first = int(rows[0])
            value = column[first]
            add(OutOfRange(key, firm=firms.ids[first], value=float(value), count=int(rows.size)))

    each((firms.pd < 0) | (firms.pd > 1), "allocation.pd_range", firms.pd)
    each((firms.grade < 0) | (firms.grade > GRADE_D), "allocation.grade_code", firms.grade)
    each(~((firms.high >= 0) & np.isfinite(firms.high)), "allocation.high_negative", firms.high)
    each((firms.high > 0) & ~(firms.low > 0), "allocation.low_not_positive", firms.low)
    each((firms.high > 0) & (firms.low > firms.high), "allocation.low_above_high", firms.low)
    if firms.repayment is not None:
        bad = (firms.repayment < 0) | (firms.repayment > 1)
        each(bad, "allocation.repayment_range", firms.repayment)
    if firms.shock is not None:
        each(firms.shock < 0, "allocation.shock_range", firms.shock)


def _check_terms(terms: Terms, add: Add) -> None:
    if not (np.isfinite(terms.budget) and terms.budget >= 0):
        add(OutOfRange("allocation.budget_negative", value=terms.budget))
    if not 0 <= terms.lgd <= 1:
        add(OutOfRange("allocation.lgd_range", value=terms.lgd))
    if not 0 <= terms.funding < 1:
        add(OutOfRange("allocation.funding_range", value=terms.funding))
    if terms.quoted is not None and not all(terms.rate_min <= r <= terms.rate_max for r in terms.quoted or (np.nan,)):
        add(OutOfRange("allocation.quoted_range", low=terms.rate_min, high=terms.rate_max))
    low, high = terms.curves.rate_min, terms.curves.rate_max
    if not low - 1e-12 <= terms.rate_min <= terms.rate_max <= high + 1e-12:
        values = {"low": terms.rate_min, "high": terms.rate_max, "least": low, "most": high}
        add(OutOfRange("allocation.rate_range", **values))


def _check_limits(firms: Firms, terms: Terms, limits: Limits, add: Add) -> None:
    shares: dict[str, float | None] = {"expected_loss": limits.expected_loss, "mean_churn": limits.mean_churn}
    shares["group_share"] = limits.group_share
    if isinstance(limits.sector_share, Mapping):
        shares |= {f"sector_share {name}": share for name, share in limits.sector_share.items()}
        known = set(firms.sector or ())
        for name in limits.sector_share:
            if firms.sector is not None and name not in known:
                add(BadInput("allocation.unknown_sector", sector=name))
    else:
        shares["sector_share"] = limits.sector_share
    for grade, share in (limits.grade_share or {}).items():
        shares[f"grade_share {grade}"] = share
        if grade not in GRADES[:3]:
            add(BadInput("allocation.unknown_grade_share", grade=grade))
    for name, cap in shares.items():
        if cap is not None and not 0 <= cap <= 1:
            add(OutOfRange("allocation.share_range", limit=name, value=cap))
    if limits.sector_share is not None and limits.sector_share != {} and firms.sector is None:
        add(BadInput("allocation.no_sector"))
    if (limits.group_share is not None or limits.group_amount is not None) and firms.group is None:
        add(BadInput("allocation.no_group"))
    amounts = (
        ("group_amount", limits.group_amount),
        ("min_lent", limits.min_lent),
        ("loss_amount", limits.loss_amount),
        ("risk_amount", limits.risk_amount),
    )
    for name, least in amounts:
        if least is not None and not (np.isfinite(least) and least >= 0):
            add(OutOfRange("allocation.amount_negative", limit=name, value=least))
    if limits.min_clients is not None and not 0 <= limits.min_clients <= len(firms):
        add(OutOfRange("allocation.clients_range", value=limits.min_clients, count=len(firms)))
    if limits.min_lent is not None and terms.budget_basis == "offered" and limits.min_lent > terms.budget:
        add(BadInput("allocation.min_lent_above_budget", amount=limits.min_lent, budget=terms.budget))
    _check_fixed(firms, terms, limits, add)


def _check_fixed(firms: Firms, terms: Terms, limits: Limits, add: Add) -> None:
    fixed = limits.fixed or {}
    if not fixed:
        return
    rows = {name: row for row, name in enumerate(firms.ids)}
    for name, amount in fixed.items():
        row = rows.get(name)
        if row is None:
            add(BadInput("allocation.unknown_firm", firm=name))
        elif not (np.isfinite(amount) and amount >= 0):
            add(OutOfRange("allocation.fixed_negative", firm=name, value=amount))
        elif amount > 0 and firms.grade[row] == GRADE_D:
            add(BadInput("allocation.fixed_grade_d", firm=name))
        elif amount > 0 and np.isnan(firms.pd[row]):
            add(BadInput("allocation.fixed_unknown_pd", firm=name))
        elif amount > 0 and not firms.low[row] <= amount <= firms.high[row]:
            values = {"low": float(firms.low[row]), "high": float(firms.high[row])}
            add(OutOfRange("allocation.fixed_outside", firm=name, value=amount, **values))
    total = sum(amount for amount in fixed.values() if amount > 0)
    if terms.budget_basis == "offered" and total > terms.budget:
        add(BadInput("allocation.fixed_above_budget", total=total, budget=terms.budget))
