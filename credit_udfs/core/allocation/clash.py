"""Why no plan exists: the limits that clash, what each allows, what it would need, the smallest repair.

An irreducible set of clashing limits by a deletion filter, and further ones among the limits outside it while these
clash as well; then for each limit of a set the smallest change with which, the others of its set and those in none
kept, a plan exists: a mixed-integer programme per limit (lowest.py), repeated (Dinkelbach) where the limit is a ratio.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from credit_udfs.core.allocation.lowest import lowest
from credit_udfs.core.allocation.plan import Conflict, Infeasible, LimitUse
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.rows import Choice, Pool, Row, uses

SMALL = 700


def clash(problem: Problem, pool: Pool) -> Infeasible:
    """The error that explains why `pool` has no plan. Pools of more than 700 firms are explained by a sample
    of every so many firms, with limits in yuan and numbers of clients scaled; its needs are estimates
    then."""
    factor = 1.0
    if pool.size > SMALL:
        factor = pool.size / SMALL
        some = np.flatnonzero(np.diff(np.floor(np.arange(pool.size + 1) / factor)) > 0)
        pool = pool.subset(some, pool.right / factor)
    rest = list(range(len(pool.rows)))
    if (problem.limits.rates_ordered or problem.limits.one_rate_per_grade) and _feasible(pool, rest):
        return Infeasible(tuple(Conflict(use, np.nan, None) for use in _rules_of_rates(problem)))
    # The limits that clash with each other; each alone may or may not be enough to change.
    groups = list[list[int]]()
    while (not groups or not _feasible(pool, rest)) and (group := _irreducible(pool, rest)):
        groups.append(group)
        rest = [row for row in rest if row not in group]
    conflicts = []
    for number, group in enumerate(groups, 1):
        for at in group:
            need = _need(problem, pool, at, [row for row in sorted([*group, *rest]) if row != at])
            limit = _limit(problem, pool, at)
            if need is not None and pool.rows[at].share is None:
                need *= factor
            have = limit.allowed * (factor if pool.rows[at].share is None else 1.0)
            conflicts.append(Conflict(limit, have, need, number if len(groups) > 1 else 0))
    return Infeasible(tuple(conflicts))


def _irreducible(pool: Pool, rows: list[int]) -> list[int]:
    """Of the limits `rows`, which clash, some that clash while all but any one of them leave a plan."""
    for at in list(rows):
        fewer = [row for row in rows if row != at]
        if not _feasible(pool, fewer):
            rows = fewer
    return rows


def _rules_of_rates(problem: Problem) -> list[LimitUse]:
    """What ties rates together, as limits that have no number."""
    limits, names = problem.limits, ["quoted_rates"]
    if limits.rates_ordered:
        names.insert(0, "rates_ordered_by_grade" if limits.one_rate_per_grade else "rates_ordered")
    if limits.one_rate_per_grade:
        names.insert(0, "one_rate_per_grade")
    return [LimitUse("rates", name, {}, np.nan, np.nan) for name in names]


def _limit(problem: Problem, pool: Pool, at: int) -> LimitUse:
    nothing = Choice(np.zeros(pool.size), np.full(pool.size, np.nan), np.zeros(pool.size))
    return uses(problem, pool, nothing, np.zeros(len(pool.rows)))[at]


def _feasible(pool: Pool, rows: list[int]) -> bool:
    """Whether the limits `rows` alone leave a plan."""
    return lowest(pool, rows) is not None


def _need(problem: Problem, pool: Pool, at: int, others: list[int]) -> float | None:
    """The smallest (for a minimum: the largest) value of limit `at` with which the limits `others` leave a plan."""
    now = pool
    need: float | None = None
    for _ in range(8):
        choice = lowest(now, others, at)
        if choice is None:
            return None
        used = uses(problem, pool, choice, np.zeros(len(pool.rows)))[at].used
        row = pool.rows[at]
        ratio = row.share is not None and (row.count or row.everyone or row.key == "expected_loss")
        if not ratio:
            return used
        if need is not None and used >= need - 1e-9:
            return need
        need = used
        rows = list(now.rows)
        rows[at] = _recapped(row, used)
        now = replace(now, rows=tuple(rows))
    return need


def _recapped(row: Row, cap: float) -> Row:
    """The row of a ratio with another ceiling."""
    assert row.share is not None
    change = cap - row.share
    if row.key == "mean_churn":
        return replace(row, count=row.count - change)
    if row.key == "expected_loss":
        if row.name.endswith("drawn"):
            return replace(row, drawn=row.drawn - change)
        return replace(row, money=row.money - change)
    return replace(row, everyone=row.everyone - change) if row.everyone else row
