"""Whether given loans keep a problem's limits, whoever made them and whatever for."""

from __future__ import annotations

import numpy as np

from credit_udfs.core.allocation.plan import LimitUse
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.rows import Choice, pool_of, uses
from credit_udfs.core.allocation.search import FEASIBLE
from credit_udfs.types import Bools, Floats


def broken(problem: Problem, amount: Floats, rate: Floats, stay: Floats | None = None) -> tuple[LimitUse, ...]:
    """The limits that loans of amount (n,; yuan, 0 where refused) at rate (n,) don't keep, to a millionth.

    stay: (n,) share that stays, where it isn't that of the problem's own curves. Beside the limits of the problem:
    "lendable", loans to firms that may not be lent to; "loans", amounts outside a firm's range; "fixed", decisions not
    kept; "rates", rates out of their order or not one per grade. Of these `used` is how many firms they are about.
    """
    firms, lent = problem.firms, amount > 0.0
    if stay is None:
        stay = np.zeros(amount.shape)
        stay[lent] = problem.terms.rates.stay(rate[lent], firms.grade[lent])
    pool = pool_of(problem)
    choice = Choice(amount[pool.firm] / pool.unit, np.nan_to_num(rate[pool.firm]), stay[pool.firm])
    over = pool.total(choice) - pool.right > FEASIBLE * np.maximum(np.abs(pool.right), 1.0)
    of_rows = uses(problem, pool, choice, np.zeros(len(pool.rows)))
    found = [use for use, bad in zip(of_rows, over, strict=True) if bad]
    fixed, slack = problem.fixed_amount, FEASIBLE * np.maximum(amount, 1.0)
    free = lent & problem.lendable & np.isnan(fixed)
    outside = free & ((amount < firms.low - slack) | (amount > firms.high + slack))
    decided = ~np.isnan(fixed) & (np.abs(amount - fixed) > slack)
    checks: tuple[tuple[str, Bools], ...] = (
        ("lendable", lent & ~problem.lendable & ~(fixed == 0.0)),
        ("loans", outside),
        ("fixed", decided),
        ("rates", _unlike(problem, rate, lent)),
    )
    for key, firms_at_fault in checks:
        if count := int(firms_at_fault.sum()):
            found.append(LimitUse(key, f"kept_{key}", {}, float(count), 0.0, unit="count"))
    return tuple(found)


def _unlike(problem: Problem, rate: Floats, lent: Bools) -> Bools:
    """(n,) firms whose rate is below that of one before them in the order of risk, or not their grade's."""
    firms, limits = problem.firms, problem.limits
    out = np.zeros(lent.shape, dtype=bool)
    if limits.rates_ordered:
        keys = (firms.grade,) if limits.one_rate_per_grade else (np.arange(len(firms)), firms.grade, firms.pd)
        order = np.lexsort(keys)
        order = order[lent[order]]
        before = np.maximum.accumulate(rate[order])
        out[order] = rate[order] < before - 1e-9
    if limits.one_rate_per_grade:
        for code in range(3):
            mine = np.flatnonzero(lent & (firms.grade == code))
            if mine.size:
                out[mine] |= np.abs(rate[mine] - rate[mine[0]]) > 1e-9
    return out
