"""The state of a search under limits: time left, the best plan so far, and how rates are moved to meet a ceiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from credit_udfs.core.allocation.plan import Status
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.types import Floats

FEASIBLE = 1e-6
STRICT = 1e-9


class Stop(Exception):
    """Raised by a progress callback to end the search; the best plan so far is returned."""


@dataclass(eq=False)
class Clock:
    """Time left, and whether the caller asked to stop."""

    now: Callable[[], float] | None
    until: float
    status: Status | None = None

    def left(self) -> float | None:
        return None if self.now is None else max(self.until - self.now(), 0.0)

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

    That value prices what is left of rows that depend on rates, mean churn at the price at which it is just used up.
    """
    lent = np.flatnonzero(choice.amount > 0.0)
    amount, grade, gain = choice.amount[lent], pool.grade[lent], np.maximum(pool.gain[lent], 1e-12)
    churn = next((k for k, row in enumerate(pool.rows) if row.stays != 0.0), -1)
    prices = mu.copy()
    if churn >= 0:
        prices[churn] = 0.0
    kappa = (pool.cost + pool.priced(prices)[1])[lent] / gain
    if churn >= 0 and lent.size:
        row = pool.rows[churn]
        step = row.stays / (gain * amount)
        least = float(pool.right[churn] - row.count * lent.size) / row.stays

        def short(price: float) -> float:
            """How many clients too few stay at a price of churn."""
            return least - float(pool.table.best(kappa + price * step, grade)[1].sum())

        prices[churn] = _just_met(short, float(mu[churn]), 1e-10 * lent.size)
        kappa = kappa + prices[churn] * step
    out = Choice(choice.amount, choice.rate.copy(), choice.stay.copy())
    out.put(lent, Choice(amount, *pool.table.best(kappa, grade)))
    by_rate = np.array([row.stays != 0.0 or bool(np.any(row.drawn)) for row in pool.rows])
    left = np.where(by_rate, pool.right - pool.total(out), 0.0)
    return out, float(pool.profit(out).sum() + prices @ left)


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
