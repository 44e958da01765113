"""Closing the gap under limits: a mixed-integer programme over amounts, its values at several prices of what depends
on rates, laid closer round by round.

With the loans fixed, the best rates under ceilings on churn, or on drawn money, earn ``min over p of
sum_i v_i(b_i; p) + p right``: p prices these ceilings, v_i is the most that a loan b_i earns under them. So for any
prices p_1, p_2, ... a plan is worth at most the least of such sums. Each v_i is convex in the amount, hence below its
chord between the ends of a range: the programme picks for each firm refusal or a range, and an amount in it, under
all other limits as they are. Its bound holds for all plans; its loans, their rates moved (search.settled), are a
plan, and give the prices and the amounts at which the next round is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from credit_udfs.core.allocation.ceilings import spared
from credit_udfs.core.allocation.lines import Lines
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.core.allocation.search import Best, Clock, by_rates, settled_at
from credit_udfs.types import Bools, Floats, Ints

PROVABLE = 600
PROVEN = 1e-6
ROUNDS = 20
CUTS = np.sin(np.linspace(0.0, np.pi / 2.0, 4)[1:-1]) ** 2
"""Where ranges of amounts are cut to begin with, of the way from the smallest to the largest, if churn has a limit."""
TILTS = (0.9, 1.1)
"""Factors on each price of what depends on rates, for the first round."""
LARGE = 1e3
"""What the plan is worth in the programme: HiGHS keeps each row to 1e-6."""


@dataclass(frozen=True, eq=False)
class Ranges:
    """Amounts that a firm lent to may get: several ranges a firm, (c,) each."""

    firm: Ints
    low: Floats
    high: Floats

    def take(self, keep: Bools) -> Ranges:
        return Ranges(self.firm[keep], self.low[keep], self.high[keep])

    def split(self, amount: Floats) -> Ranges:
        """Cut in two at the amounts (m,) strictly inside them."""
        at = amount[self.firm]
        inside = np.flatnonzero((at > self.low + 1e-6) & (at < self.high - 1e-6))
        high = self.high.copy()
        high[inside] = at[inside]
        return Ranges(
            np.concatenate([self.firm, self.firm[inside]]),
            np.concatenate([self.low, at[inside]]),
            np.concatenate([high, self.high[inside]]),
        )


def close_gap(pool: Pool, mu: Floats, best: Best, target: float, clock: Clock) -> None:
    """Close the gap to `target`, in a pool of which at most PROVABLE firms could still be lent to.

    A decision that costs more than `deep` under the prices mu (k,) can only be part of plans that far below their
    Lagrangian value: the programme leaves it out, and `deep` grows until its bound is above those.
    """
    moves = by_rates(pool)
    prices = [np.where(moves, mu, 0.0)]
    for k in np.flatnonzero(prices[0] > 0.0):
        for tilt in TILTS:
            prices.append(np.where(np.arange(mu.size) == k, tilt * prices[0], prices[0]))
    top = pool.respond(mu)[1]
    everyone = np.arange(pool.size)
    ranges = Ranges(everyone, pool.low, pool.high)
    for step in CUTS if pool.has_stays else ():
        ranges = ranges.split(pool.low + (pool.high - pool.low) * step)
    bound = float(mu @ pool.right + top.sum())
    least = target * max(abs(bound), float(top.max(initial=0.0)), 1e-9)
    others, lost = spared(pool, mu)
    best.bound = min(best.bound, max(bound - lost, best.value))
    deep = lost + max(2.0 * least, 1e-5 * abs(bound))
    if best.choice is not None:  # deep enough for the plan there is
        deep = max(deep, bound - best.value - 0.9 * target * abs(best.value))
    again, last = 1.0, np.full(pool.size, np.nan)
    for _ in range(ROUNDS):
        before, plan = best.gap(), best.choice is not None
        room = (bound - best.value if plan else np.inf) * (1 + 1e-9) + 1e-12
        regret, refused = _regret(pool, mu, top, ranges) + others[ranges.firm], top + others
        deep = min(deep, room, max(float(regret.max(initial=0.0)), float(refused.max(initial=0.0))))
        near = ranges.take(regret <= deep)
        if np.unique(near.firm).size > PROVABLE:
            return
        close = max(target / 2.0, before / 8.0 if plan else 0.0)
        found = _decide(pool, prices, moves, near, (refused <= deep) & ~pool.forced, close, best, clock.left())
        whole = near.firm.size == ranges.firm.size and bool(np.all((refused <= deep) | pool.forced))
        best.bound = min(best.bound, max(found.bound, best.value, -np.inf if whole else bound - deep))
        if best.bound == -np.inf:  # nothing was left out, and no plan keeps the limits
            return
        if found.amount is not None:
            choice, price, _ = settled_at(pool, mu, Choice(found.amount, *_start(pool, mu)))
            best.offer(pool, choice)
            best.offer(pool, _less(pool, choice))
            # Loans for which no rates keep the limits come up again, until the prices that rule them out are large.
            again = 10.0 * again if np.allclose(found.amount, last, atol=1e-6) else 1.0
            last = found.amount
            prices.append(np.where(moves, again * price, 0.0))
            ranges = ranges.split(found.amount)
        if found.stopped:
            clock.status = "time_limit"
        if best.gap() <= target or clock.over():
            return
        if not whole and (found.amount is None or found.bound < bound - deep + least / 2.0):
            deep = lost + 3.0 * (deep - lost)


def _less(pool: Pool, choice: Choice) -> Choice:
    """The same loans at the same rates, those above their smallest amount smaller, so that money drawn keeps its
    limits."""
    amount = choice.amount
    for k, row in enumerate(pool.rows):
        if np.any(row.drawn) and row.stays == 0.0:
            out = replace(choice, amount=amount)
            over = float((pool.total(out) - pool.right)[k])
            money, drawn, _, _ = pool.coefficients(k)
            each = np.maximum(money + drawn * choice.stay, 0.0)
            room = np.where(amount > 0.0, amount - pool.low, 0.0)
            most = float(each @ room)
            if 0.0 < over <= most:
                amount = amount - room * (over / most)
    return replace(choice, amount=amount)


def _regret(pool: Pool, mu: Floats, top: Floats, ranges: Ranges) -> Floats:
    """What amounts in ranges cost at least against the firms' best answers: it is concave between their ends."""
    return top[ranges.firm] - np.maximum(*_ends(pool, mu, ranges))


def _start(pool: Pool, mu: Floats) -> tuple[Floats, Floats]:
    offers, _ = pool.offers(mu)
    return offers.rate, offers.stay


def _worth(pool: Pool, mu: Floats, firm: Ints, amount: Floats) -> Floats:
    """What loans of amounts (c,) to firms (c,) are worth at their best rates under multipliers mu (k,)."""
    money, drawn, count, stays = pool.priced(mu)
    gain, cost = pool.gain[firm], (pool.cost + drawn)[firm]
    some = np.maximum(gain, 1e-12)
    rate, stay = pool.table.best(cost / some + stays / (some * amount), pool.grade[firm])
    return amount * (stay * (gain * rate - cost) - money[firm]) - count - stays * stay


def _ends(pool: Pool, mu: Floats, ranges: Ranges) -> tuple[Floats, Floats]:
    return _worth(pool, mu, ranges.firm, ranges.low), _worth(pool, mu, ranges.firm, ranges.high)


@dataclass(frozen=True, eq=False)
class _Found:
    amount: Floats | None
    bound: float
    stopped: bool


def _decide(
    pool: Pool,
    prices: list[Floats],
    moves: Bools,
    ranges: Ranges,
    refusable: Bools,
    gap: float,
    best: Best,
    seconds: float | None,
) -> _Found:
    """The amounts that are worth most at the least favourable of the prices. Columns: whether each range is taken,
    the weights of its two ends, and the plan's worth."""
    firm, c = ranges.firm, ranges.firm.size
    take, more, excess = np.arange(c), c + np.arange(c), np.array([2 * c])
    zero, one = np.zeros(c, dtype=np.int64), np.ones(c)
    lines = Lines(2 * c + 1)

    def add(right: float, low: Floats, high: Floats, *others: tuple[Ints, Ints, Floats]) -> None:
        """A row over what ranges come to at their ends."""
        lines.add(np.array([right]), (zero, take, low), (zero, more, high - low), *others)

    for k in np.flatnonzero(~moves):
        money, _, count, _ = pool.coefficients(int(k))
        add(float(pool.right[k]), money[firm] * ranges.low + count, money[firm] * ranges.high + count)
    low, high = _ends(pool, prices[0], ranges)
    scale = LARGE / max(abs(best.bound), float(np.abs(high).max(initial=0.0)), 1e-9)
    for price in prices[1:]:
        apart = float(np.abs(price - prices[0]).max())
        if apart > 1e-9:
            less_low, less_high = (
                (a - b) / apart for a, b in zip((low, high), _ends(pool, price, ranges), strict=True)
            )
            right = float((price - prices[0]) @ pool.right) / apart
            add(right, less_low, less_high, (np.zeros(1, dtype=np.int64), excess, np.array([-1.0 / (apart * scale)])))
    value = scale * np.concatenate([low, high - low, [-1.0 / scale]])
    fixed = scale * float(prices[0] @ pool.right)
    lines.add(np.zeros(c), (take, more, one), (take, take, -one))
    lines.add(np.ones(pool.size), (firm, take, one))
    lines.add(np.where(refusable, 0.0, -1.0), (firm, take, -one))
    matrix, tops = lines.matrix()
    options: dict[str, float] = {"mip_rel_gap": max(gap, 1e-9)}
    if seconds is not None:
        options["time_limit"] = max(seconds, 0.01)
    found = milp(
        -value,
        integrality=np.concatenate([np.ones(c), np.zeros(c + 1)]),
        bounds=Bounds(np.zeros(2 * c + 1), np.append(np.ones(2 * c), np.inf)),
        constraints=LinearConstraint(matrix, -np.inf, tops),
        options=options,
    )
    dual = found.mip_dual_bound
    bound = (fixed - float(dual)) / scale if dual is not None and np.isfinite(dual) else np.inf
    if found.x is None:
        return _Found(None, best.value if found.status == 2 else bound, found.status == 1)
    part = np.clip(found.x[more], 0.0, 1.0)
    loan = np.where(found.x[take] > 0.5, ranges.low + (ranges.high - ranges.low) * part, 0.0)
    amount = np.bincount(firm, loan, pool.size)
    return _Found(np.where(amount > 0.0, np.clip(amount, pool.low, pool.high), 0.0), bound, found.status == 1)
