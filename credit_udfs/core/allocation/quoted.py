"""Rates that hang together: not falling as risk rises, or one per grade. Rates come from a list of quoted
rates.

With prices on the limits, rates in the order of risk are a dynamic programme over firms and quoted rates (the
best value with the running rate at each level, by prefix maxima), one rate per grade is a sum per grade and
rate. The prices come from the cuts that these answers give; the Lagrangian value bounds every plan with
quoted rates. Where rates are ordered, plans that differ from the answer in a few cheap decisions nearly attain it.
With one rate per grade none does; but every choice of rates has prices and a bound of its own, and few choices have
to be looked at until no other can be better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.optimize import linprog

from credit_udfs.core.allocation.budget_only import Shelf, allot
from credit_udfs.core.allocation.clash import clash
from credit_udfs.core.allocation.levels import Board, Costs, dearer, decide_levels
from credit_udfs.core.allocation.limited import nobody, penalties, plan_of
from credit_udfs.core.allocation.plan import Method, NoPlanYet, Plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.proof import PROVEN
from credit_udfs.core.allocation.rows import Choice, Pool, pool_of
from credit_udfs.core.allocation.search import Best, Clock
from credit_udfs.types import Floats, Ints

CUTS = 200
NEAR = 0.005
"""How far around the price of a like problem a price is looked for first, relatively."""
SMALL = 600
"""Firms up to which all decisions are looked at."""
LARGE = 1e-5
"""The gap aimed at with more firms, which lose less by whole decisions."""
WINDOWS = (20, 40, 60, 100, 160, 250, 400, 600, 900)
"""How many firms to decide together."""
NODES = 300
"""Steps of a search among them."""
GRACE = 3.0
"""Seconds that a search without a plan goes on for its first one when time is up or somebody stops it."""
FIRST = 0.05
"""The gap aimed at then."""
ROUGH = 1e-3
"""The gap at which a choice of rates waits for the others."""
TURNS = (10, 40, 160, 640)
"""Turns after which all choices of rates are decided in one programme if it is small; the last one ends the search."""
WHOLE = 2_500
"""Loans up to which a programme is small."""
NOTHING = 1e-10
"""A distance of bound and value that is rounding, in units of money."""
CHOICES = 4_000_000
"""How many choices of rates to keep apart."""


@dataclass(frozen=True, eq=False)
class Priced:
    """Prices mu (k,) of the limits and the Lagrangian value there; levels of answers on either side of the budget,
    where that is the only limit. possible: whether a mixture of answers keeps the limits."""

    mu: Floats
    bound: float
    levels: tuple[Ints, ...] = ()
    possible: bool = True


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
    one rate per grade it is the order of the grades. The bound holds for quoted rates in that order. gap: relative; at
    most 1e-5 for more than 600 firms.
    """
    pool = pool_of(problem)
    # Prices can't tell that no loan is small enough: every choice of rates would look promising.
    fits = pool.forced | (pool.low <= pool.right[0]) | (problem.terms.budget_basis == "drawn")
    if not fits.any():
        return nobody(problem, pool)
    board = board_of(problem, pool)
    ordered, target = board.pool, PROVEN if prove else gap if pool.size <= SMALL else min(gap, LARGE)
    tick, best = partial(clock.tick, progress), Best()
    mu = decided(board, target, clock, tick, best)
    if mu is not None and best.choice is None and clock.status is not None:
        # Better a plan that comes late than none: the first one will do.
        longer = clock.beyond(GRACE)
        mu = decided(board, FIRST, longer, lambda *_: best.choice is None and not longer.over(), best, mu)
    if mu is None or best.bound == -np.inf:
        raise clash(problem, pool, clock, progress)
    if best.choice is None:
        raise NoPlanYet(interrupted=clock.status == "interrupted")
    method: Method = "grade_rates" if problem.limits.one_rate_per_grade else "chain"
    if best.bound - best.value <= NOTHING:
        best.bound = best.value
    plan = plan_of(problem, ordered, mu, best, gap, clock.status, method)
    return replace(plan, prices={row.key: (float(price),) for row, price in zip(ordered.rows, mu, strict=True)})


def board_of(problem: Problem, pool: Pool, held: tuple[int, int] | None = None) -> Board:
    """The firms of a pool in the order of risk, with one rate per grade grade by grade; held: a firm (row of the
    problem) and the only level that its class may be at."""
    limits, at = problem.limits, pool.firm
    pd, uniform = problem.firms.pd[at], limits.one_rate_per_grade
    ordered = pool.subset_in(np.lexsort((at, pd, pool.grade) if uniform else (at, pool.grade, pd)))
    klass = np.unique(ordered.grade, return_inverse=True)[1] if uniform else np.arange(pool.size)
    if held is not None:
        held = int(klass[np.flatnonzero(ordered.firm == held[0])[0]]), held[1]
    return Board.of(ordered, problem.terms.quoted_rates, klass, limits.rates_ordered, held)


def decided(
    board: Board,
    target: float,
    clock: Clock,
    tick: Callable[[str, int], bool],
    best: Best,
    start: Floats | None = None,
) -> Floats | None:
    """Make `best` the best plan found, with its bound (-inf where there is no plan). Returns the prices (k,) of the
    limits; None where not even a mixture of plans keeps them. start: prices of a like problem."""
    priced = _priced(board, target, lambda turn: tick("allocation_prices", turn), start)
    if not priced.possible:
        return None
    best.bound = min(best.bound, priced.bound)
    if board.classes < board.pool.size:
        return _by_grade(board, priced, best, target, clock, lambda turn: tick("allocation_decide", turn))
    tick("allocation_decide", board.pool.size)
    _decide(board, priced, best, target, clock)
    if best.gap() > target and tick("allocation_prove", 0):
        _prove(board, priced.mu, best, target, clock)
    return priced.mu


def _decide(board: Board, priced: Priced, best: Best, target: float, clock: Clock) -> None:
    """Plans near the answer to the prices, of ever more firms decided together, until one is within `target` of the
    bound."""
    for level in priced.levels:
        _fill(board, level, best, target)
    least, stopped = priced.bound - target * abs(priced.bound), 0
    if best.value >= least:
        return
    costs, room = Costs(board, priced.mu), 0.0
    for many in WINDOWS:
        none = best.choice is None
        # What costs more than the distance to the bound can't be in a better plan: further windows gain little.
        if best.value >= least or stopped > 1 or 2.0 * room >= priced.bound - best.value or clock.over():
            return
        if 4 * many > 3 * board.pool.size:
            if not none:
                return
            many = board.pool.size
        room = costs.room(many)
        found = decide_levels(
            board,
            costs,
            room=room,
            gap=target / 10.0,
            least=-np.inf if none and many == WINDOWS[-1] else least,
            seconds=clock.left(),
            nodes=NODES,
        )
        stopped += found.stopped
        if found.choice is not None:
            best.offer(board.pool, found.choice)
        if many >= board.pool.size:
            return


def _prove(board: Board, mu: Floats, best: Best, target: float, clock: Clock) -> None:
    """Close the gap with all decisions that a better plan could have; of many firms only where there is no plan yet,
    and not to the end."""
    small = board.pool.size <= SMALL
    if not small and best.choice is not None:
        return
    found = decide_levels(
        board,
        Costs(board, mu),
        room=_room(board, mu, best),
        gap=target / 2.0,
        proof=True,
        seconds=clock.left(),
        nodes=None if small else NODES,
    )
    if found.choice is not None:
        best.offer(board.pool, found.choice)
    best.bound = min(best.bound, max(found.bound, best.value))
    if found.stopped and small:
        clock.status = "time_limit"


def _by_grade(
    board: Board, priced: Priced, best: Best, target: float, clock: Clock, tick: Callable[[int], bool]
) -> Floats:
    """Look at choices of a level for each grade, the most promising first; returns the prices at the best plan.

    Any prices bound all choices, by what each grade's level is worth under them. A choice is looked at roughly first,
    and closely when its bound is still the highest. Where that doesn't end soon, all choices go into one programme.
    """
    pool, mu = board.pool, priced.mu
    kept, given_up = _kept(board, mu)
    grid = np.ix_(*kept)
    bound = np.full([levels.size for levels in kept], np.inf)
    if board.chained:
        for low, high in pairwise(grid):
            bound[np.broadcast_to(low > high, bound.shape)] = -np.inf

    def cut(mu: Floats) -> None:
        worth = board.by_class(board.values(mu)[2])
        np.minimum(bound, float(mu @ pool.right) + sum(worth[k][levels] for k, levels in enumerate(grid)), out=bound)

    cut(mu)
    seen = dict[tuple[int, ...], tuple[Board, Priced]]()
    turn = 0
    while tick(turn):
        turn += 1
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(bound)), bound.shape))
        best.bound = min(best.bound, max(float(bound[at]), given_up, best.value))
        if not bound[at] > best.value + max(target * abs(best.bound), NOTHING):
            break
        if turn in TURNS and (turn == TURNS[-1] or _open(board, priced.mu, best) <= WHOLE):
            before = best.value
            _prove(board, priced.mu, best, target, clock)
            return priced.mu if best.value > before else mu
        first = at not in seen
        if first:
            part = board.fixed(np.array([levels[i] for levels, i in zip(kept, at, strict=True)]))
            own = _priced(part, target, lambda _: not clock.over(), priced.mu, best.value)
            seen[at] = part, own
            cut(own.mu)
            bound[at] = min(float(bound[at]), own.bound) if own.possible else -np.inf
        part, own = seen[at]
        if bound[at] <= best.value:
            continue
        state = Best(best.choice, best.value, float(bound[at]))
        _decide(part, own, state, max(target, ROUGH) if first else target, clock)
        if not first:
            if state.gap() > target and not clock.over():
                _prove(part, own.mu, state, target, clock)
            given_up, bound[at] = max(given_up, state.bound), -np.inf
        if state.value > best.value:
            best.choice, best.value, mu = state.choice, state.value, own.mu
    return mu


def _kept(board: Board, mu: Floats) -> tuple[list[Ints], float]:
    """The levels of each grade that are looked at, and a bound of what any other is worth."""
    many, given_up = int(CHOICES ** (1.0 / board.classes)), -np.inf
    kept = [np.flatnonzero(levels) for levels in board.allowed]
    if max(levels.size for levels in kept) > many:
        best = board.respond(mu)[2] + float(mu @ board.pool.right)
        cost = dearer(board.by_class(board.values(mu)[2]), board.chained)
        for k, levels in enumerate(kept):
            dear = levels[np.argsort(cost[k, levels], kind="stable")]
            kept[k] = np.sort(dear[:many])
            given_up = max(given_up, best - float(cost[k, dear[many:]].min(initial=np.inf)))
    return kept, given_up


def _room(board: Board, mu: Floats, best: Best) -> float:
    """What decisions of a better plan may cost: the distance to what the prices themselves bound all plans by."""
    return (board.respond(mu)[2] + float(mu @ board.pool.right) - best.value) * (1 + 1e-9) + 1e-12


def _open(board: Board, mu: Floats, best: Best) -> int:
    """How many loans a better plan could have."""
    return int((Costs(board, mu).lend <= _room(board, mu, best)).sum())


def _priced(
    board: Board, target: float, tick: Callable[[int], bool], start: Floats | None = None, least: float = -np.inf
) -> Priced:
    """Prices of the limits, looked for from `start`; fewer turns where they show that no plan is worth more than
    `least`."""
    (row, *others) = board.pool.rows
    if others or np.any(np.asarray(row.drawn) != 0.0):
        return _prices(board, target, tick, start, least)
    return _price(board, 0.0 if start is None else float(start[0]))


def _price(board: Board, start: float) -> Priced:
    """The price of a yuan when only the budget couples firms: where the cuts of too much and too little
    meet."""
    pool, budget = board.pool, float(board.pool.right[0])
    bound = np.inf

    def ask(price: float) -> tuple[Ints, float, float]:
        """Levels, profit, money."""
        nonlocal bound
        level, choice, value = board.respond(np.array([price]))
        money = float(choice.amount.sum())
        bound = min(bound, value + price * budget)
        return level, value + price * money, money

    over = ask(start * (1.0 - NEAR))
    if over[2] <= budget * (1 + 1e-12) and start > 0.0:
        over = ask(0.0)
    if over[2] <= budget * (1 + 1e-12):
        return Priced(np.zeros(1), bound, (over[0],))
    under = ask(start * (1.0 + NEAR)) if start > 0.0 else over
    if under[2] > budget:
        high = float(board.earn.max()) + 1e-9
        under = ask(high) if pool.forced.any() else (over[0], 0.0, 0.0)
    price = 0.0
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
    return Priced(np.array([price]), bound, (under[0], over[0]))


def _prices(board: Board, target: float, tick: Callable[[int], bool], start: Floats | None, least: float) -> Priced:
    """Prices of several limits by cutting planes."""
    pool, k = board.pool, len(board.pool.rows)
    penalty = penalties(pool)
    mu = np.zeros(k) if start is None else start
    bound, best_mu = np.inf, mu
    profits, activities = list[float](), list[Floats]()
    for turn in range(CUTS):
        _, choice, value = board.respond(mu)
        here = value + float(mu @ pool.right)
        if here < bound:
            bound, best_mu = here, mu
        profits.append(float(pool.profit(choice).sum()))
        activities.append(pool.total(choice))
        going = tick(turn) and bound > least
        found = linprog(
            np.concatenate([-np.array(profits), penalty]),
            A_ub=np.hstack([np.array(activities).T, -np.eye(k)]),
            b_ub=pool.right,
            A_eq=np.concatenate([np.ones(len(profits)), np.zeros(k)])[None, :],
            b_eq=[1.0],
            method="highs",
        )
        outer = np.maximum(-found.ineqlin.marginals, 0.0)
        if not going:
            break
        if bound + found.fun <= max(target / 4.0 * abs(bound), NOTHING):
            if found.x[len(profits) :].max() <= 1e-7:
                break
            if penalty.max() > 1e6:
                return Priced(best_mu, bound, possible=False)
            penalty = penalty * 100.0
            mu = outer
            continue
        mu = 0.5 * best_mu + 0.5 * outer if turn % 4 else outer
    return Priced(best_mu, bound)


def _fill(board: Board, level: Ints, best: Best, target: float) -> None:
    """The best loans at given levels under a budget alone."""
    pool, rows, at = board.pool, np.arange(board.pool.size), level[board.klass]
    earn = board.earn[rows, at]
    loans = np.flatnonzero((earn > 0.0) & ((pool.high > pool.low) | ~pool.forced))
    loans = loans[np.argsort(-earn[loans], kind="stable")]
    # Where a loan has to be, only what it is above the smallest is decided.
    sure = np.where(pool.forced, pool.low, 0.0)
    low, high = np.where(pool.forced, 0.0, pool.low)[loans], (pool.high - sure)[loans]
    shelf = Shelf(loans, earn[loans], low, high, float(pool.right[0] - sure.sum()), False)
    amount = sure.copy()
    amount[loans] += allot(shelf, target, float(sure @ earn))[0]
    best.offer(pool, Choice(amount, board.rates[rows, at], board.stay[rows, at]))
