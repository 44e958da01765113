"""Closing the gap under limits: a model of all firms that could still be decided otherwise, laid closer round by
round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from credit_udfs.core.allocation.finish import Ranges, finish
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.core.allocation.search import Best, Clock, polished
from credit_udfs.types import Bools, Floats

PROVABLE = 600
PROVEN = 1e-6
ROUNDS = 6
STEPS = 49
WIDTHS = (0.02, 0.002)


def close_gap(pool: Pool, mu: Floats, best: Best, target: float, clock: Clock) -> None:
    """Close the gap to `target`: a model of all firms that could still be decided otherwise, laid closer round by
    round.

    A decision that costs more, under the prices, than their Lagrangian value less the plan's can't be in a
    better plan; that leaves each firm the ends of its range of amounts, and shorter ends each round.
    """
    around: tuple[Floats, ...] = ()
    room = best.bound - best.value if best.choice is not None else np.inf
    ranges, refusable = _open_ranges(pool, mu, room * (1 + 1e-9) + 1e-12)
    keep = np.flatnonzero((ranges.high[0] > 0.0) | (ranges.high[1] > 0.0) | pool.forced)
    if keep.size > PROVABLE:
        return
    part = pool.subset(keep, pool.right)
    ranges = Ranges(tuple(low[keep] for low in ranges.low), tuple(high[keep] for high in ranges.high))
    offers, _ = pool.offers(mu)
    for _ in range(ROUNDS):
        found = finish(
            part,
            mu,
            gap=target / 4.0,
            around=around,
            ranges=ranges,
            lend=~refusable[keep],
            seconds=clock.left(),
        )
        before = best.gap()
        if np.isfinite(found.bound):
            best.bound = min(best.bound, max(found.bound, best.value))
        if found.choice is not None:
            whole = Choice(np.zeros(pool.size), offers.rate.copy(), offers.stay.copy())
            whole.put(keep, found.choice)
            best.offer(pool, whole)
            best.offer(pool, polished(pool, mu, whole))
            for width in WIDTHS if best.gap() > target else ():
                whole = _refined(pool, mu, whole, width)
                best.offer(pool, whole)
            around = (found.choice.rate, whole.rate[keep])
            ranges = _split(ranges, found.choice.amount)
        if found.stopped:
            clock.status = "time_limit"
        if best.gap() <= target or best.gap() > 0.97 * before or clock.over() or found.choice is None:
            return


def _split(ranges: Ranges, amount: Floats) -> Ranges:
    """Ranges cut in two at the amounts strictly inside them, where two rates were mixed."""
    low, high = [list(ranges.low), list(ranges.high)]
    new_low, new_high = amount.copy(), np.zeros(amount.size)
    for j in range(len(low)):
        inside = (amount > low[j] + 1e-5) & (amount < high[j] - 1e-5) & (new_high == 0.0)
        new_high = np.where(inside, high[j], new_high)
        high[j] = np.where(inside, amount, high[j])
    new_low = np.where(new_high > 0.0, new_low, 0.0)
    return Ranges((*low, new_low), (*high, new_high))


def _refined(pool: Pool, mu: Floats, choice: Choice, width: float) -> Choice:
    """The same firms lent to, amounts within `width` of theirs and all rates free: a linear programme in effect."""
    lent = np.flatnonzero(choice.amount > 0.0)
    part = pool.subset(lent, pool.right)
    amount, rate = choice.amount[lent], choice.rate[lent]
    near = Ranges((np.maximum(part.low, amount - width),), (np.minimum(part.high, amount + width),))
    everyone = np.ones(lent.size, dtype=bool)
    found = finish(part, mu, gap=1e-8, around=(rate,), ranges=near, lend=everyone)
    if found.choice is None:
        return choice
    refined = Choice(choice.amount.copy(), choice.rate.copy(), choice.stay.copy())
    refined.put(lent, found.choice)
    return refined


def _open_ranges(pool: Pool, mu: Floats, room: float) -> tuple[Ranges, Bools]:
    """Amounts that cost at most `room` against each firm's best answer under the prices, and whether refusing
    does.

    The reduced value is convex in the amount, so what is left is a range at each end of [low, high], or all
    of it.
    """
    _, at_best = pool.respond(mu)
    steps = np.sin(np.linspace(0.0, np.pi / 2.0, STEPS)) ** 2
    inside = np.empty((STEPS, pool.size), dtype=bool)
    sizes = pool.low + (pool.high - pool.low) * steps[:, None]
    for j in range(STEPS):
        fixed = replace(pool, low=sizes[j], high=sizes[j])
        inside[j] = at_best - fixed.offers(mu)[1] <= room
    # A grid point that isn't allowed still bounds the range that ends before it.
    rows = np.arange(pool.size)
    low_run = np.where(inside.all(axis=0), STEPS, np.argmin(inside, axis=0))
    high_run = np.where(inside.all(axis=0), STEPS, np.argmin(inside[::-1], axis=0))
    low_end = sizes[np.minimum(low_run, STEPS - 1), rows]
    high_end = sizes[np.maximum(STEPS - 1 - high_run, 0), rows]
    whole = inside.all(axis=0) | (low_run + high_run >= STEPS)
    first_high = np.where(whole, pool.high, np.where(low_run > 0, low_end, 0.0))
    second_high = np.where(whole | (high_run == 0), 0.0, pool.high)
    refusable = (at_best <= room) & ~pool.forced
    ranges = Ranges((pool.low, np.where(second_high > 0.0, high_end, pool.low)), (first_high, second_high))
    return ranges, refusable
