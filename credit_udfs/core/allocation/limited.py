"""The bank's problem with any mix of the linear limits: relaxation by blocks, then the undecided firms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from credit_udfs.core.allocation.blocks import BLOCKS, SAMPLE, Relaxed, relax
from credit_udfs.core.allocation.clash import clash
from credit_udfs.core.allocation.inner import decide
from credit_udfs.core.allocation.lowest import Corners
from credit_udfs.core.allocation.plan import Conflict, Infeasible, Method, NoPlanYet, Plan, Prices, Status, make_plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.proof import PROVABLE, PROVEN, close_gap
from credit_udfs.core.allocation.rows import Choice, Pool, pool_of, uses
from credit_udfs.core.allocation.search import FEASIBLE, STRICT, Best, Clock, polished
from credit_udfs.core.allocation.ties import STATES, search_core
from credit_udfs.types import Floats, Ints

UNDECIDED = 30
WIDE = 0.4
HANDFUL, QUOTES, QUOTES_SECONDS = 20, 45, 5.0
"""Firms, rates and seconds at most with which loans at rates from a list are looked for."""
GRACE = 3.0
"""Seconds that a search without a plan goes on for its first one when time is up or somebody stops it."""
FIRST = 1e-2
"""The gap at which it is good enough then."""
CORNERED = 1_000
"""Firms up to which a plan is looked for with regard to the limits alone."""


def _money_within(pool: Pool, choice: Choice) -> bool:
    """Whether a choice keeps the limits that moving rates doesn't touch."""
    fixed = np.array([row.stays == 0.0 and not np.any(row.drawn) for row in pool.rows])
    slack = pool.right - pool.total(choice)
    return bool(np.all(slack[fixed] >= -STRICT * np.maximum(np.abs(pool.right[fixed]), 1.0)))


def blocks_of(pool: Pool, blocks: int) -> tuple[Ints, Ints]:
    """An order of the firms, and the block of each in that order: like firms together."""
    _, value = pool.offers(np.zeros(len(pool.rows)))
    order = np.argsort(-value / pool.high, kind="stable")
    return order, np.arange(pool.size) * min(blocks, pool.size) // max(pool.size, 1)


def solve_limited(
    problem: Problem,
    *,
    gap: float,
    prove: bool,
    clock: Clock,
    progress: Callable[[str, int, int], None] | None = None,
    start: Plan | None = None,
    why: bool = True,
) -> Plan:
    """Optimal plan under the budget and any of the linear limits.

    gap: relative; prove: to 1e-6, for up to about 600 undecided firms; start: the plan of a like problem. Rows are
    kept to 1e-6 of their right-hand side (or of the largest loan). Raises Infeasible, where `why` with the clashing
    limits (many small programmes).
    """
    pool, best = pool_of(problem), Best()
    if pool.size == 0:
        return nobody(problem, pool)

    def none() -> Infeasible:
        return clash(problem, pool, clock, progress) if why else Infeasible(())

    tick, tolerance, late = partial(clock.tick, progress), _tolerance(gap, pool.size), clock.after(GRACE)
    relaxed, order, block = _relaxation(
        pool, tolerance, lambda turn: tick("allocation_prices", turn), start.prices if start else {}, late
    )
    if relaxed is None:
        raise none()
    best.bound = relaxed.bound
    mu = relaxed.mu
    answer = pool.respond(mu)[0]
    if _money_within(pool, answer):
        best.offer(pool, polished(pool, mu, answer))
    target = PROVEN if prove else gap
    if best.gap() > target and not clock.over() and tick("allocation_decide", 0):
        search_core(pool, mu, best, target=target, states=STATES * (5 if prove else 1))
    if best.gap() > gap and pool.size > PROVABLE and relaxed.kept:
        _descend(pool, relaxed, order, block, best, tolerance, clock)
    if best.gap() > target and not clock.over() and tick("allocation_prove", 0):
        close_gap(pool, mu, best, target, clock)
    if best.gap() > gap and pool.size <= HANDFUL and not clock.over():
        _by_quotes(pool, best, gap, clock)
    if best.choice is None and clock.over() and relaxed.kept:
        _descend(pool, relaxed, order, block, best, FIRST, clock.anew(GRACE))
    if best.choice is None and _by_limits(pool, mu, best, clock.beyond(GRACE)):
        raise none()
    if best.choice is None:
        raise NoPlanYet(interrupted=clock.status == "interrupted")
    if best.bound == -np.inf:  # a plan on the very edge, that another programme held to be none
        best.bound = relaxed.bound
    rounds = (relaxed.mu, *relaxed.mus[-2:])
    prices = {row.key: tuple(float(one[k]) for one in rounds) for k, row in enumerate(pool.rows)}
    return replace(plan_of(problem, pool, mu, best, gap, clock.status), prices=prices)


def _by_quotes(pool: Pool, best: Best, gap: float, clock: Clock) -> None:
    """Loans of a handful of firms at rates from a list, where those that prices call for don't do: with few clients
    their rates jump past those at which limits on churn or on drawn money are just kept."""
    rates = np.linspace(pool.table.rate_min, pool.table.rate_max, QUOTES)
    left = clock.left()
    seconds = QUOTES_SECONDS if left is None else min(left, QUOTES_SECONDS)
    found = decide(pool, np.zeros(len(pool.rows)), gap=gap, wide=0.0, rates=rates, seconds=seconds)
    if found is not None:
        best.offer(pool, found)


def _by_limits(pool: Pool, mu: Floats, best: Best, clock: Clock) -> bool:
    """A plan made with regard to the limits first, where the search ended without; whether it's shown that there is
    none."""
    if pool.size > CORNERED or clock.over():
        return False
    found = Corners(pool).plan(range(len(pool.rows)), seconds=clock.left())
    if found.choice is not None:
        best.offer(pool, found.choice)
        best.offer(pool, polished(pool, mu, found.choice))
    return found.none


def _tolerance(gap: float, size: int) -> float:
    """Large problems have small rounding losses, so their prices are worth finding more exactly."""
    return min(gap / 3.0, 3e-6 if size > 3_000 else 1.0, 3e-7 if size > 300_000 else 1.0)


def penalties(pool: Pool) -> Floats:
    """What breaking each row by one costs at first: far more than any firm could earn by it."""
    choice, _ = pool.offers(np.zeros(len(pool.rows)))
    earn = float(np.max(np.abs(choice.stay * (pool.gain * choice.rate - pool.cost)), initial=1e-3))
    out = np.empty(len(pool.rows))
    for k in range(out.size):
        money, drawn, count, stays = pool.coefficients(k)
        typical = float(np.mean(np.abs(money)) + np.mean(np.abs(drawn))) + abs(count) + abs(stays)
        out[k] = 20.0 * earn / max(typical, 1e-6)
    return out


def _relaxation(
    pool: Pool, tolerance: float, tick: Callable[[int], bool], start: Prices, late: Callable[[], bool] = lambda: True
) -> tuple[Relaxed | None, Ints, Ints]:
    """The relaxation of the whole pool (None where it has no solution), firms in `order`; large pools start from the
    prices of a sample. Cut short, by `tick` and then `late`, it may break rows."""
    order, block = blocks_of(pool, BLOCKS if pool.size > SAMPLE else max(pool.size // 8, 10))
    ordered = pool.subset_in(order)
    penalty, starts, cut = penalties(pool), tuple[Floats, ...](), False

    def go(turn: int) -> bool:
        nonlocal cut
        cut = not tick(turn)
        return not cut

    if start:
        rounds = max(len(prices) for prices in start.values())
        none = (0.0,) * rounds
        starts = tuple(np.array([start.get(row.key, none)[t] for row in pool.rows]) for t in range(rounds))
    elif pool.size > 2 * SAMPLE:
        stride = pool.size // SAMPLE
        some = np.arange(stride // 2, pool.size, stride)
        sample = ordered.subset(some, pool.right * (some.size / pool.size))
        few = np.arange(some.size) * BLOCKS // some.size
        found = relax(sample, few, tolerance=max(tolerance, 1e-6), penalty=penalty, tick=go, late=late)
        starts = (found.mu, *found.mus[-4:])
    for _ in range(3):
        relaxed = relax(ordered, block, tolerance=tolerance, penalty=penalty, starts=starts, tick=go, late=late)
        if relaxed.kept or (cut and late()):
            return relaxed, order, block
        penalty = penalty * 100.0
        starts = (relaxed.mu, *relaxed.mus[-3:])
    return None, order, block


def _descend(
    pool: Pool, relaxed: Relaxed, order: Ints, block: Ints, best: Best, tolerance: float, clock: Clock
) -> None:
    """Decide the blocks that came out whole, split the fractional ones, until few firms are left; then finish
    them."""
    state, _ = pool.respond(relaxed.mu)
    state = Choice(state.amount.copy(), state.rate.copy(), state.stay.copy())
    rows, top = order, relaxed
    while True:
        undecided = _settle(pool, state, top, rows, block)
        if undecided.size <= UNDECIDED or clock.over():
            break
        part = pool.subset(undecided, pool.right - _without(pool, state, undecided))
        _, value = part.offers(relaxed.mu)
        inner = np.argsort(-value / part.high, kind="stable")
        rows, block = undecided[inner], np.arange(undecided.size) * BLOCKS // undecided.size
        if undecided.size < BLOCKS:
            block = np.arange(undecided.size)
        used = np.unique(top.round[top.weight > 1e-9])
        starts = tuple(top.mus[t] for t in used if t >= 0) or (relaxed.mu,)
        top = relax(part.subset_in(inner), block, tolerance=tolerance, penalty=penalties(part) * 100.0, starts=starts)
        if rows.size <= BLOCKS:
            undecided = _settle(pool, state, top, rows, block)
            break
    _finish(pool, relaxed.mu, best, state, undecided, tolerance, clock)


def _settle(pool: Pool, state: Choice, top: Relaxed, rows: Ints, block: Ints) -> Ints:
    """Write the whole blocks' answers into `state`; return the firms of the fractional ones."""
    heavy = top.weight > 1.0 - 1e-9
    of_block = np.full(int(block[-1]) + 1, -2)
    of_block[top.block[heavy]] = top.round[heavy]
    turn = of_block[block]
    for t in np.unique(turn):
        at = np.sort(rows[turn == t])
        if t == -2:
            continue
        part = pool.subset(at, pool.right)
        if t == -1:
            offers, _ = part.offers(top.mu)
            state.put(at, Choice(np.where(part.forced, part.high, 0.0), offers.rate, offers.stay))
        else:
            state.put(at, part.respond(top.mus[t])[0])
    return np.sort(rows[turn == -2])


def _without(pool: Pool, state: Choice, rows: Ints) -> Floats:
    """Activity of all firms but `rows`."""
    kept = state.amount.copy()
    kept[rows] = 0.0
    return pool.total(Choice(kept, state.rate, state.stay))


def _finish(pool: Pool, mu: Floats, best: Best, state: Choice, undecided: Ints, tolerance: float, clock: Clock) -> None:
    """Decide `undecided` and the firms nearest to a tie, the others as in `state`."""
    _, value = pool.offers(mu)
    distance = np.abs(value)
    distance[undecided] = -1.0
    distance[pool.forced] = np.inf
    many = max(UNDECIDED, undecided.size)
    near = np.argsort(distance, kind="stable")[:many] if pool.size > many else np.arange(pool.size)
    _solve_part(pool, mu, best, state, np.sort(near), WIDE, tolerance, clock)


def _solve_part(
    pool: Pool, mu: Floats, best: Best, state: Choice, rows: Ints, wide: float, tolerance: float, clock: Clock
) -> None:
    part = pool.subset(rows, pool.right - _without(pool, state, rows))
    kept = state.amount.copy()
    kept[rows] = 0.0
    found = decide(part, mu, gap=tolerance, whole=best.bound, wide=wide, seconds=clock.left())
    if found is None:
        return
    whole = Choice(kept, state.rate.copy(), state.stay.copy())
    whole.put(rows, found)
    best.offer(pool, whole)
    best.offer(pool, polished(pool, mu, whole))


def _rates(pool: Pool, mu: Floats) -> tuple[Floats, Floats]:
    choice, _ = pool.offers(mu)
    return choice.rate, choice.stay


def plan_of(
    problem: Problem,
    pool: Pool,
    mu: Floats,
    best: Best,
    gap: float,
    status: Status | None,
    method: Method = "blocks",
) -> Plan:
    """The plan that `best` stands for."""
    choice = best.choice
    assert choice is not None
    n = len(problem.firms)
    amount, rate = np.zeros(n), np.full(n, np.nan)
    amount[pool.firm], rate[pool.firm] = choice.amount * pool.unit, choice.rate
    offers, value = pool.offers(mu)
    margin = np.full(n, np.nan)
    margin[pool.firm] = value / offers.amount
    limits = uses(problem, pool, choice, mu)
    price = sum(use.price * (-1.0 if use.key == "whole_budget" else 1.0) for use in limits if "budget" in use.key)
    distance = best.gap()
    proof: Status = "optimal" if distance <= 1e-6 else "within_gap" if distance <= gap else "feasible"
    kappa = problem.cost / np.maximum(problem.gain, 1e-12)
    plan = make_plan(
        problem,
        amount,
        rate,
        best=problem.terms.rates.best(kappa, problem.firms.grade),
        bound=best.bound * pool.unit,
        price=price,
        limits=tuple(use for use in limits if use.key != "whole_budget"),
        status=status or proof,
        method=method,
    )
    return replace(plan, margin=margin)


def nobody(problem: Problem, pool: Pool) -> Plan:
    """No firm may get a loan: the empty plan, if the limits allow it."""
    nothing = Choice(np.zeros(pool.size), *_rates(pool, np.zeros(len(pool.rows))))
    limits = uses(problem, pool, nothing, np.zeros(len(pool.rows)))
    broken = [use for use, row in zip(limits, pool.rows, strict=True) if row.right < -FEASIBLE]
    if broken:  # a minimum above nothing
        several = len(broken) > 1
        raise Infeasible(
            tuple(Conflict(use, use.allowed, use.used, at if several else 0) for at, use in enumerate(broken, 1))
        )
    best = Best(nothing, 0.0, 0.0)
    return plan_of(problem, pool, np.zeros(len(pool.rows)), best, 0.0, None)
