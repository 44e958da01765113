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

import numpy as np
from scipy.optimize import linprog

from credit_udfs.core.allocation.budget_only import Shelf, allot
from credit_udfs.core.allocation.clash import clash
from credit_udfs.core.allocation.inner import decide
from credit_udfs.core.allocation.levels import Board, decide_levels
from credit_udfs.core.allocation.limited import nobody, penalties, plan_of
from credit_udfs.core.allocation.plan import Method, Plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.proof import PROVEN
from credit_udfs.core.allocation.rates import RateTable
from credit_udfs.core.allocation.rows import Choice, Pool, pool_of
from credit_udfs.core.allocation.search import Best, Clock
from credit_udfs.types import Floats, Ints

CUTS = 200
SMALL = 600
"""Firms up to which all levels are decided exactly."""
NEAR = 20.0
"""How many times the gap aimed at a decision may cost, to be looked at again."""
DEARER = (1.003, 1.01, 1.03, 1.1, 1.3, 2.0, 4.0)
TOGETHER = 400
NODES = 300
"""Firms decided together at given levels, and steps of the search between levels, in larger problems."""


@dataclass(frozen=True, eq=False)
class FixedRates(RateTable):
    """A table that knows one rate for each firm of a pool, (m,), whatever the prices."""

    rate: Floats
    share: Floats

    def best(self, kappa: Floats, grade: Ints) -> tuple[Floats, Floats]:
        return self.rate, self.share


def solve_quoted(
    problem: Problem,
    *,
    gap: float,
    prove: bool,
    clock: Clock,
    progress: Callable[[str, int, int], None] | None = None,
) -> Plan:
    """Optimal plan with rates ordered by risk, or one rate per grade, or both, from `Terms.quoted`, and any linear
    limits.

    The order of risk is that of the probability of default; of equal ones that of the grade, then of the list. With
    one rate per grade it is the order of the grades. The bound holds for quoted rates in that order.
    """
    pool, limits = pool_of(problem), problem.limits
    if pool.size == 0:
        return nobody(problem, pool)
    order = np.lexsort((pool.firm, pool.grade, problem.firms.pd[pool.firm]))
    ordered = pool.subset_in(order)
    uniform = limits.one_rate_per_grade
    method: Method = "grade_rates" if uniform else "chain"
    klass = np.unique(ordered.grade, return_inverse=True)[1] if uniform else np.arange(pool.size)
    board = Board(ordered, problem.terms.quoted_rates, klass, limits.rates_ordered)
    best, target = Best(), PROVEN if prove else gap
    alone = len(pool.rows) == 1 and problem.terms.budget_basis == "offered"
    mu, levels = _price(board, best) if alone else _prices(problem, board, best, target, clock, progress)
    for level in levels if alone or pool.size > SMALL else levels[:1]:
        _complete(board, level, mu, best, target)
    if best.choice is None and pool.size > SMALL:
        _dearer(board, mu, best, target)
    if best.gap() > target and not clock.over() and (uniform or pool.size <= SMALL):
        _between(board, levels, mu, best, target, clock)
    if best.gap() > target and not clock.over() and pool.size <= SMALL:
        _prove(board, mu, best, target, clock)
    if best.choice is None and clock.status is None:
        raise clash(problem, pool)
    if best.choice is None:
        rates = board.at(np.zeros(board.classes, dtype=np.int64))
        best.choice = Choice(np.where(ordered.forced, ordered.high, 0.0), rates.rate, rates.stay)
        best.value = float(ordered.profit(best.choice).sum())
    return plan_of(problem, ordered, mu, best, gap, clock.status, method)


def _between(board: Board, levels: list[Ints], mu: Floats, best: Best, target: float, clock: Clock) -> None:
    """The best plan at levels between those that the best mixture of the relaxation is made of."""
    span = np.min(levels, axis=0), np.max(levels, axis=0)
    room = NEAR * target * min(1.0, SMALL / board.pool.size) * abs(best.bound)
    nodes = NODES if board.pool.size > SMALL else None
    found = decide_levels(board, mu, room=room, gap=target / 4.0, within=span, seconds=clock.left(), nodes=nodes)
    if found.choice is not None:
        best.offer(board.pool, found.choice)


def _prove(board: Board, mu: Floats, best: Best, target: float, clock: Clock) -> None:
    """Close the gap with all levels that a better plan could have."""
    room = best.bound - best.value if best.choice is not None else np.inf
    found = decide_levels(board, mu, room=room * (1 + 1e-9) + 1e-12, gap=target / 2.0, seconds=clock.left())
    if found.choice is not None:
        best.offer(board.pool, found.choice)
    if best.choice is not None:
        best.bound = min(best.bound, max(found.bound, best.value))
    if found.stopped:
        clock.status = "time_limit"


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
    fixed = _at_rates(pool, choice)
    state, value = fixed.respond(mu)[0], fixed.offers(mu)[1]
    near = np.sort(np.argsort(np.abs(value), kind="stable")[:TOGETHER])
    kept = np.where(np.isin(np.arange(pool.size), near), 0.0, state.amount)
    right = pool.right - pool.total(Choice(kept, choice.rate, choice.stay))
    part = _at_rates(pool.subset(near, right), choice.take(near))
    found = decide(part, mu, gap=target / 3.0, whole=best.bound if near.size < pool.size else 0.0, hard=True)
    if found is not None:
        whole = Choice(kept, choice.rate.copy(), choice.stay.copy())
        whole.put(near, found)
        best.offer(pool, whole)


def _dearer(board: Board, mu: Floats, best: Best, target: float) -> None:
    """A plan of a large problem that no level of the mixture has given: answers to limits that cost more than they
    do, the least more first, then the answer to their price with all firms decided together."""
    for more in DEARER:
        level = board.respond(mu * more)[0]
        _complete(board, level, mu * more, best, target)
        if best.choice is not None:
            return
    fixed = _at_rates(board.pool, board.at(board.respond(mu)[0]))
    found = decide(fixed, mu, gap=target / 3.0, hard=True)
    if found is not None:
        best.offer(board.pool, found)


def _at_rates(pool: Pool, choice: Choice) -> Pool:
    table = FixedRates(pool.table.curves, pool.table.rate_min, pool.table.rate_max, choice.rate, choice.stay)
    return replace(pool, table=table)
