"""The state of a search under limits: time left, the best plan so far, and how rates are moved to meet a ceiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from credit_udfs.core.allocation.plan import Status
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.types import Bools, Floats, Ints

NESTED, SWEEPS = 2, 30
"""Up to how many rows that depend on rates are met exactly, one within the other; more in turn, this many times."""
FEASIBLE = 1e-6
STRICT = 1e-9


class Stop(Exception):
    """Raised by a progress callback to end the search; the best plan so far is returned."""


@dataclass(eq=False)
class Clock:
    """Time left, and whether the caller asked to stop. each: seconds for a programme where there is no clock."""

    now: Callable[[], float] | None
    until: float
    status: Status | None = None
    each: float | None = None

    def left(self) -> float | None:
        return self.each if self.now is None else max(self.until - self.now(), 0.0)

    def anew(self, seconds: float) -> Clock:
        """A clock that runs that long from now, whatever was asked for."""
        if self.now is None:
            return Clock(None, np.inf, each=seconds)
        return Clock(self.now, self.now() + seconds)

    def beyond(self, seconds: float) -> Clock:
        """The same, as long as this clock if that is longer."""
        more = self.anew(seconds)
        return more if self.status else replace(more, until=max(self.until, more.until))

    def after(self, seconds: float) -> Callable[[], bool]:
        """Whether so much time has gone by since the search was over; never where there is no clock."""
        longer: Clock | None = None

        def late() -> bool:
            nonlocal longer
            if longer is None and self.over():
                longer = self.anew(seconds)
            return longer is not None and longer.over()

        return late

    def tick(self, progress: Callable[[str, int, int], None] | None, stage: str, turn: int) -> bool:
        """Say that a turn of a stage begins; whether to go on."""
        try:
            if progress is not None and self.status is None:
                progress(stage, turn, 0)
        except Stop:
            self.status = "interrupted"
        return not self.over()

    def over(self) -> bool:
        if self.status is None and self.now is not None and self.now() >= self.until:
            self.status = "time_limit"
        return self.status is not None


@dataclass(eq=False)
class Best:
    """The best feasible choice so far, and the bound."""

    choice: Choice | None = None
    value: float = -np.inf
    bound: float = np.inf

    def offer(self, pool: Pool, choice: Choice) -> None:
        """Take a choice over if it keeps the limits and is worth more."""
        if not within(pool, choice, STRICT):
            # HiGHS keeps rows to 1e-6: a hair off the partial loans usually mends that.
            partial = (choice.amount > pool.low) & (choice.amount < pool.high)
            less = np.where(partial, np.maximum(choice.amount * (1.0 - 2e-5), pool.low), choice.amount)
            shaved = Choice(less, choice.rate, choice.stay)
            if within(pool, shaved, STRICT):
                choice = shaved
            elif not within(pool, choice, FEASIBLE):
                return
        value = float(pool.profit(choice).sum())
        if value > self.value:
            self.choice, self.value = choice, value

    def gap(self) -> float:
        return (self.bound - self.value) / max(abs(self.bound), 1e-12)


def within(pool: Pool, choice: Choice, tolerance: float) -> bool:
    slack = pool.right - pool.total(choice)
    return bool(np.all(slack >= -tolerance * np.maximum(np.abs(pool.right), 1.0)))


def polished(pool: Pool, mu: Floats, choice: Choice) -> Choice:
    """The same loans at the rates the prices call for, moved together until a ceiling on mean churn is just
    used up."""
    return settled(pool, mu, choice)[0]


def settled(pool: Pool, mu: Floats, choice: Choice) -> tuple[Choice, float]:
    """`polished`, and a value that no rates for these loans exceed.

    That value prices what is left of rows that depend on rates, at the prices at which they are just used up.
    """
    out, _, worth = settled_at(pool, mu, choice)
    return out, worth


def by_rates(pool: Pool) -> Bools:
    """(k,) whether a row depends on rates: it counts the clients that stay or money drawn."""
    return np.array([row.stays != 0.0 or bool(np.any(row.drawn)) for row in pool.rows])


def settled_at(pool: Pool, mu: Floats, choice: Choice) -> tuple[Choice, Floats, float]:
    """`settled`, with the prices (k,) of the rows at which rates came to rest."""
    lent = np.flatnonzero(choice.amount > 0.0)
    part = pool.subset(lent, pool.right)
    amount, gain = choice.amount[lent], np.maximum(part.gain, 1e-12)
    part = replace(part, low=amount, high=amount)
    moves = by_rates(pool)
    at = np.flatnonzero(moves)
    prices = np.where(moves, mu, 0.0)
    rates = list[Choice]()

    def respond() -> Floats:
        """What the loans use too much of each row at the prices."""
        _, drawn, _, stays = part.priced(prices)
        kappa = (part.cost + drawn) / gain + stays / (gain * amount)
        rates[:] = [Choice(amount, *part.table.best(kappa, part.grade))]
        return part.total(rates[0]) - pool.right

    def settle(rows: Ints) -> Floats:
        """Prices at which `rows`, the first within the last, are just used up."""
        if not rows.size:
            return respond()
        k, inner = int(rows[-1]), rows[:-1]

        def over(price: float) -> float:
            prices[k] = price
            return float(settle(inner)[k])

        prices[k] = _just_met(over, float(mu[k]), 1e-10 * max(lent.size, 1))
        return settle(inner)

    out = Choice(choice.amount, choice.rate.copy(), choice.stay.copy())
    if lent.size and at.size <= NESTED:
        settle(at)
        out.put(lent, rates[0])
    elif lent.size:
        for _ in range(SWEEPS):
            before = prices.copy()
            for k in at:
                settle(at[at == k])
            if np.allclose(prices, before, rtol=1e-9, atol=1e-12):
                break
        out.put(lent, rates[0])
    left = np.where(moves, pool.right - pool.total(out), 0.0)
    return out, prices, float(pool.profit(out).sum() + prices @ left)


def _just_met(short: Callable[[float], float], near: float, tolerance: float) -> float:
    """The smallest price, about, at which a falling function isn't positive; the largest tried, where there is none."""
    low = high = near
    at_low = at_high = short(near)
    step = max(0.02 * near, 1e-6)
    while at_low <= 0.0 and low > 0.0:
        high, at_high = low, at_low
        low = max(low - step, 0.0)
        at_low, step = short(low), 4.0 * step
    if at_low <= 0.0:
        return low
    while at_high > 0.0:
        if high > 4.0 * near + 1.0:
            return high
        low, at_low = high, at_high
        high += step
        at_high, step = short(high), 4.0 * step
    side = 0
    for _ in range(25):
        if at_high > -tolerance:
            break
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        now = short(middle)
        if now <= 0.0:
            high, at_high, at_low = middle, now, at_low / 2.0 if side < 0 else at_low
            side = -1
        else:
            low, at_low, at_high = middle, now, at_high / 2.0 if side > 0 else at_high
            side = 1
    return high
