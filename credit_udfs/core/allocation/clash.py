"""Why no plan exists: the limits that clash, what each allows, what it would need, the smallest repair.

A linear programme in which limits may be broken at a cost names some that can't be kept together, even if loans could
be split at will; a deletion filter leaves an irreducible set of them, and further ones are looked for among the limits
outside it while these clash as well. Only where that linear programme has a solution are whole loans looked at. Then
for each limit of a set the smallest change with which, the others of its set and those in none kept, a plan exists: a
mixed-integer programme per limit (lowest.py), repeated (Dinkelbach) where the limit is a ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from credit_udfs.core.allocation.lowest import Corners
from credit_udfs.core.allocation.plan import Conflict, Infeasible, LimitUse
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.rows import Choice, Pool, Row, uses
from credit_udfs.core.allocation.search import Clock
from credit_udfs.types import Ints, Progress

Limits: TypeAlias = "list[list[int]]"
"""Limits as lists of their rows: a budget to be used up has two."""

SMALL = 400
SECONDS = 2.0
"""The most that a programme may take: what isn't known by then isn't claimed."""
PATIENCE = 5.0
"""Seconds taken at least: an answer after a time limit that was too short for it is better than none."""


def clash(problem: Problem, pool: Pool, clock: Clock | None = None, progress: Progress | None = None) -> Infeasible:
    """The error that explains why `pool` has no plan.

    Pools of more than 400 firms are explained by a sample of every so many firms, with limits in yuan and numbers of
    clients scaled; the needs are estimates then. What can't be told in time is left open.
    """
    watch = (clock or Clock(None, np.inf)).beyond(PATIENCE)
    factor = 1.0
    if pool.size > SMALL:
        factor = pool.size / SMALL
        some = np.flatnonzero(np.diff(np.floor(np.arange(pool.size + 1) / factor)) > 0)
        pool = pool.subset(some, pool.right / factor)
    finder = _Finder(problem, pool, watch, progress)
    if problem.limits.rates_ordered or problem.limits.one_rate_per_grade:
        without = finder.corners.plan(range(len(pool.rows)), seconds=finder.seconds())
        if without.choice is not None:
            return Infeasible(tuple(Conflict(use, np.nan, None) for use in _rules_of_rates(problem)))
    nothing = Choice(np.zeros(pool.size), np.full(pool.size, np.nan), np.zeros(pool.size))
    allowed = uses(problem, pool, nothing, np.zeros(len(pool.rows)))
    groups, rest = finder.groups()
    conflicts = []
    for number, group in enumerate(groups, 1):
        for one in group:
            limit = allowed[one[0]]
            need, known = finder.need(one, [row for rows in [*group, *rest] if rows is not one for row in rows])
            if need is not None:
                need = float(need) * (1.0 if limit.unit == "share" else factor)
            several = number if len(groups) > 1 else 0
            conflicts.append(Conflict(limit, limit.allowed, need, several, known, factor > 1.0))
    return Infeasible(tuple(conflicts))


def _rules_of_rates(problem: Problem) -> list[LimitUse]:
    """What ties rates together, as limits that have no number."""
    limits, names = problem.limits, ["quoted_rates"]
    if limits.rates_ordered:
        names.insert(0, "rates_ordered_by_grade" if limits.one_rate_per_grade else "rates_ordered")
    if limits.one_rate_per_grade:
        names.insert(0, "one_rate_per_grade")
    return [LimitUse("rates", name, {}, np.nan, np.nan) for name in names]


class _Finder:
    """The programmes that explain a pool."""

    def __init__(self, problem: Problem, pool: Pool, clock: Clock, progress: Progress | None) -> None:
        self.problem, self.pool, self.clock = problem, pool, clock
        self.tick: Callable[[int], bool] = lambda turn: clock.tick(progress, "allocation_clash", turn)
        self.turn = 0
        self.corners = Corners(pool)
        budget = [k for k, row in enumerate(pool.rows) if row.key in ("budget", "whole_budget")]
        self.limits = [budget, *([k] for k in range(len(pool.rows)) if k not in budget)]

    def seconds(self) -> float:
        """For the next programme."""
        self.turn += 1
        self.tick(self.turn)
        left = self.clock.left()
        return SECONDS if left is None else min(left, SECONDS)

    def groups(self) -> tuple[list[Limits], Limits]:
        """Sets of limits that clash, each for itself: without any one of them the others of its set don't, as far as
        could be told in time; and the limits in none."""
        groups, rest = list[Limits](), self.limits
        while rest:
            seconds = self.seconds()
            if groups and self.clock.over():
                break
            every = [row for limit in rest for row in limit]
            named = self.corners.clashing(every)
            if named is None and groups and not self.corners.plan(every, seconds=seconds, gap=1.0).none:
                break
            group = self._irreducible(rest, named)
            groups.append(group)
            rest = [limit for limit in rest if limit not in group]
        return groups, rest

    def _irreducible(self, limits: Limits, named: Ints | None) -> Limits:
        """Of limits that clash, some that clash while all but any one of them leave a plan; named: rows of which a
        linear programme says that they clash, None where whole loans have to be looked at."""
        some = [limit for limit in limits if named is None or np.isin(limit, named).any()]
        for one in list(some):
            rest = [limit for limit in some if limit is not one]
            rows = [row for limit in rest for row in limit]
            seconds = self.seconds()
            if self.clock.over():
                break
            if (
                self.corners.clashing(rows) is not None
                if named is not None
                else self.corners.plan(rows, seconds=seconds, gap=1.0).none
            ):
                some = rest
        return some

    def need(self, rows: list[int], others: list[int]) -> tuple[float | None, bool]:
        """The smallest (for a minimum: the largest) value of a limit with which the rows `others` leave a plan, None
        if there is none; whether that is known."""
        if self.pool.rows[rows[0]].key == "budget":
            return self._budget([*rows, *others], len(rows) > 1)
        at, corners = rows[0], self.corners
        row, need = self.pool.rows[at], None
        ratio = (
            row.key == "expected_loss"
            or (row.share is not None and row.count > 0.0)
            or row.values.get("share_of") == "lent"
        )
        for _ in range(8):
            found = corners.least_of(others, at, seconds=self.seconds())
            if found.choice is None:
                return need, found.none or need is not None
            used = uses(self.problem, self.pool, found.choice, np.zeros(len(self.pool.rows)))[at].used
            if not ratio:
                return used, True
            if need is not None and used >= need - 1e-9:
                break
            need = used
            changed = list(self.pool.rows)
            changed[at] = _recapped(row, used)
            corners = Corners(replace(self.pool, rows=tuple(changed)))
        return need, True

    def _budget(self, every: list[int], whole: bool) -> tuple[float | None, bool]:
        """The nearest budget: the limit itself counts at what it is changed to, and so do shares of it."""
        known, best = True, None
        for more in (True, False) if whole else (True,):
            found = self.corners.nearest_budget(every, more=more, seconds=self.seconds())
            known &= found.none or found.choice is not None
            if found.choice is not None:
                away = abs(found.budget - self.corners.budget)
                best = found.budget if best is None or away < abs(best - self.corners.budget) else best
        return None if best is None else best * self.pool.rows[0].scale, known or best is not None


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
    return replace(row, everyone=row.everyone - change)
