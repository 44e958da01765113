"""Rates that hang together: not falling as risk rises, or one per grade. Rates come from a list of quoted
rates.

With prices on the limits, rates in the order of risk are a dynamic programme over firms and quoted rates (the
best value with the running rate at each level, by prefix maxima), one rate per grade is a sum per grade and
rate. The prices come from the cuts that these answers give; the Lagrangian value bounds every plan with
quoted rates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import linprog

from credit_udfs.core.allocation.budget_only import Shelf, allot
from credit_udfs.core.allocation.clash import clash
from credit_udfs.core.allocation.inner import decide
from credit_udfs.core.allocation.limited import Best, Clock, nobody, penalties, plan_of
from credit_udfs.core.allocation.plan import Method, Plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.rates import RateTable
from credit_udfs.core.allocation.rows import Choice, Pool, pool_of
from credit_udfs.types import Floats, Ints

CUTS = 200
TRIPLES = 400


@dataclass(frozen=True, eq=False)
class FixedRates(RateTable):
    """A table that knows one rate for each firm of a pool, (m,), whatever the prices."""

    rate: Floats
    share: Floats

    def best(self, kappa: Floats, grade: Ints) -> tuple[Floats, Floats]:
        return self.rate, self.share


@dataclass(frozen=True, eq=False)
class Board:
    """Pool firms in order of risk, and what each quoted rate (q,) earns and keeps: stay (m, q)."""

    pool: Pool
    rates: Floats
    uniform: bool

    @cached_property
    def stay(self) -> Floats:
        columns = [self.pool.table.stay(np.full(self.pool.size, r), self.pool.grade) for r in self.rates]
        return np.stack(columns, axis=1)

    @cached_property
    def earn(self) -> Floats:
        pool = self.pool
        return self.stay * (pool.gain[:, None] * self.rates - pool.cost[:, None])

    def values(self, mu: Floats) -> tuple[Floats, Floats]:
        """Reduced value of each firm's best loan at each rate, refusing included, and its amount: (m, q)
        each."""
        pool = self.pool
        money, drawn, count, stays = pool.priced(mu)
        each = self.earn - self.stay * drawn[:, None] - money[:, None]
        amount = np.where(each > 0.0, pool.high[:, None], pool.low[:, None])
        value = amount * each - count - stays * self.stay
        refuse = (value <= 0.0) & ~pool.forced[:, None]
        return np.where(refuse, 0.0, value), np.where(refuse, 0.0, amount)

    def respond(self, mu: Floats) -> tuple[Ints, Choice, float]:
        """The best levels (m,) under multipliers, the loans at them, and their reduced value."""
        value, amount = self.values(mu)
        level = self._by_grade(value) if self.uniform else chain(value)
        rows = np.arange(self.pool.size)
        choice = Choice(amount[rows, level], self.rates[level], self.stay[rows, level])
        return level, choice, float(value[rows, level].sum())

    def _by_grade(self, value: Floats) -> Ints:
        level = np.zeros(self.pool.size, dtype=np.int64)
        for code in range(3):
            mask = self.pool.grade == code
            level[mask] = int(np.argmax(value[mask].sum(axis=0))) if mask.any() else 0
        return level

    def at(self, level: Ints) -> Choice:
        """The largest loan of every firm at its level."""
        return Choice(self.pool.high, self.rates[level], self.stay[np.arange(self.pool.size), level])


def chain(value: Floats) -> Ints:
    """Levels (m,), not decreasing, of the largest total value; of equal ones the lowest."""
    m, q = value.shape
    best = np.empty((m, q))
    running = np.zeros(q)
    for i in range(m):
        np.add(running, value[i], out=best[i])
        running = np.maximum.accumulate(best[i])
    level = np.empty(m, dtype=np.int64)
    top = q
    for i in range(m - 1, -1, -1):
        top = int(best[i, :top].argmax()) + 1
        level[i] = top - 1
    return level


def solve_quoted(
    problem: Problem,
    *,
    gap: float,
    prove: bool,
    clock: Clock,
    progress: Callable[[str, int, int], None] | None = None,
) -> Plan:
    """Optimal plan with rates ordered by risk, or one rate per grade, from `Terms.quoted`, and any linear
    limits.

    Firms of equal probability of default are ordered by grade, then as listed. The bound holds for quoted
    rates.
    """
    pool = pool_of(problem)
    firms = problem.firms
    order = np.lexsort((pool.firm, pool.grade, firms.pd[pool.firm]))
    ordered = pool.subset_in(order)
    uniform = problem.limits.one_rate_per_grade
    method: Method = "grade_rates" if uniform else "chain"
    k = len(pool.rows)
    if pool.size == 0:
        return nobody(problem, pool)
    board, best = Board(ordered, problem.terms.quoted_rates, uniform), Best()
    target = 1e-6 if prove else gap
    if k == 1 and problem.terms.budget_basis == "offered":
        mu, levels = _price(board, best)
    else:
        mu, levels = _prices(problem, board, best, target, clock, progress)
    for level in levels:
        _complete(board, level, mu, best, target)
    if uniform:
        _all_grades(board, mu, best, target, clock)
    if best.choice is None and clock.status is None:
        raise clash(problem, pool)
    if best.choice is None:
        best.choice, best.value = Choice(np.zeros(pool.size), *_any_rates(board)), 0.0
    return plan_of(problem, ordered, mu, best, gap, clock.status, method)


def _any_rates(board: Board) -> tuple[Floats, Floats]:
    choice = board.at(np.zeros(board.pool.size, dtype=np.int64))
    return choice.rate, choice.stay


def _price(board: Board, best: Best) -> tuple[Floats, list[Ints]]:
    """The price of a yuan when only the budget couples firms: where the cuts of too much and too little
    meet."""
    pool, budget = board.pool, float(board.pool.right[0])

    def ask(price: float) -> tuple[Ints, float, float]:
        """Levels, profit, money."""
        level, choice, value = board.respond(np.array([price]))
        money = float(choice.amount.sum())
        best.bound = min(best.bound, value + price * budget)
        return level, value + price * money, money

    over = ask(0.0)
    if over[2] <= budget * (1 + 1e-12):
        return np.zeros(1), [over[0]]
    high = float(board.earn.max()) + 1e-9
    under = (over[0], 0.0, float(pool.high[pool.forced].sum()))
    price = high
    for _ in range(CUTS):
        price = max((over[1] - under[1]) / (over[2] - under[2]), 0.0)
        now = ask(price)
        line = over[1] - price * over[2]
        if now[1] - price * now[2] <= line + 1e-11 * max(abs(line), 1e-9):
            break
        if now[2] > budget:
            over = now
        else:
            under = now
    return np.array([price]), [under[0], over[0]]


def _prices(
    problem: Problem,
    board: Board,
    best: Best,
    target: float,
    clock: Clock,
    progress: Callable[[str, int, int], None] | None,
) -> tuple[Floats, list[Ints]]:
    """Prices of several limits by cutting planes, and the levels of the answers that the best mixture is made
    of."""
    pool, k = board.pool, len(board.pool.rows)
    penalty = penalties(pool)
    mu, best_mu = np.zeros(k), np.zeros(k)
    profits, activities, levels = list[float](), list[Floats](), list[Ints]()
    weight = np.ones(1)
    for turn in range(CUTS):
        level, choice, value = board.respond(mu)
        bound = value + float(mu @ pool.right)
        if bound < best.bound:
            best.bound, best_mu = bound, mu
        profits.append(float(pool.profit(choice).sum()))
        activities.append(pool.total(choice))
        levels.append(level)
        if progress is not None:
            progress("allocation_prices", turn, 0)
        matrix = np.array(activities).T
        found = linprog(
            np.concatenate([-np.array(profits), penalty]),
            A_ub=np.hstack([matrix, -np.eye(k)]),
            b_ub=pool.right,
            A_eq=np.concatenate([np.ones(len(profits)), np.zeros(k)])[None, :],
            b_eq=[1.0],
            method="highs",
        )
        weight, short = found.x[: len(profits)], found.x[len(profits) :]
        outer = np.maximum(-found.ineqlin.marginals, 0.0)
        if best.bound + found.fun <= target / 4.0 * abs(best.bound) or clock.over():
            if short.max() > 1e-7:
                if penalty.max() > 1e6:
                    raise clash(problem, pool)
                penalty = penalty * 100.0
                mu = outer
                continue
            break
        mu = 0.5 * best_mu + 0.5 * outer if turn % 4 else outer
    used = np.argsort(-weight)[: int((weight > 1e-9).sum())]
    return best_mu, [levels[j] for j in used]


def _complete(board: Board, level: Ints, mu: Floats, best: Best, target: float) -> None:
    """The best loans at given levels."""
    pool = board.pool
    if best.gap() <= target:
        return
    choice = board.at(level)
    if len(pool.rows) == 1 and pool.rows[0].drawn == 0.0:
        earn = choice.stay * (pool.gain * choice.rate - pool.cost)
        loans = np.flatnonzero((earn > 0.0) & ~pool.forced)
        loans = loans[np.argsort(-earn[loans], kind="stable")]
        forced = float(pool.high[pool.forced].sum())
        budget = float(pool.right[0]) - forced
        shelf = Shelf(loans, earn[loans], pool.low[loans], pool.high[loans], budget, False)
        amount = np.where(pool.forced, pool.high, 0.0)
        amount[loans] = allot(shelf, target)[0]
        best.offer(pool, Choice(amount, choice.rate, choice.stay))
        return
    table = FixedRates(pool.table.curves, pool.table.rate_min, pool.table.rate_max, choice.rate, choice.stay)
    found = decide(replace(pool, table=table), mu, gap=target / 3.0, hard=True)
    if found is not None:
        best.offer(pool, found)


def _all_grades(board: Board, mu: Floats, best: Best, target: float, clock: Clock) -> None:
    """Every combination of one rate per grade that the prices don't rule out, most promising first."""
    pool, q = board.pool, board.rates.size
    value, _ = board.values(mu)
    grades = [np.flatnonzero(pool.grade == code) for code in range(3)]
    sums = [value[rows].sum(axis=0) if rows.size else np.zeros(1) for rows in grades]
    base = float(mu @ pool.right)
    reach = base + sums[0][:, None, None] + sums[1][None, :, None] + sums[2][None, None, :]
    flat = reach.ravel()
    order = np.argsort(-flat, kind="stable")
    for tried, at in enumerate(order):
        if flat[at] <= best.value + target * abs(best.value):
            best.bound = min(best.bound, max(float(flat[at]), best.value))
            return
        if tried >= TRIPLES or clock.over():
            best.bound = min(best.bound, max(float(flat[at]), best.value))
            return
        combination = np.unravel_index(at, reach.shape)
        level = np.zeros(pool.size, dtype=np.int64)
        for rows, j in zip(grades, combination, strict=True):
            level[rows] = min(int(j), q - 1)
        only = Best(bound=np.inf)
        only.value = best.value
        _complete(board, level, mu, only, target)
        if only.choice is not None and only.value > best.value:
            best.choice, best.value = only.choice, only.value
    best.bound = best.value
