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
    rows = [k for k, row in enumerate(pool.rows) if row.stays != 0.0]
    lent = np.flatnonzero(choice.amount > 0.0)
    if not lent.size:
        return choice
    part = pool.subset(lent, pool.right)
    amount = choice.amount[lent]
    _, drawn, _, _ = part.priced(mu)
    gain = np.maximum(part.gain, 1e-12)
    kappa = (part.cost + drawn) / gain
    moved = Choice(choice.amount, choice.rate.copy(), choice.stay.copy())
    if not rows:
        moved.put(lent, Choice(amount, *part.table.best(kappa, part.grade)))
        return moved
    (k,) = rows[:1]
    row, right = pool.rows[k], pool.right[k]

    def at(price: float) -> tuple[Floats, Floats]:
        return part.table.best(kappa + price * row.stays / (gain * amount), part.grade)

    def over(price: float) -> float:
        return float(row.count * lent.size + row.stays * float(at(price)[1].sum()) - right)

    # The price at which the ceiling is just met, from the side on which it is (Illinois).
    low, high = 0.0, max(4.0 * float(mu[k]), 1e-6)
    at_low, at_high = over(low), over(high)
    if at_low <= 0.0:
        high = low
    elif at_high > 0.0:
        return choice
    else:
        side = 0
        for _ in range(25):
            middle = (low * at_high - high * at_low) / (at_high - at_low)
            now = over(middle)
            if now <= 0.0:
                high, at_high, at_low = middle, now, at_low / 2.0 if side < 0 else at_low
                side = -1
                if now > -1e-10 * lent.size:
                    break
            else:
                low, at_low, at_high = middle, now, at_high / 2.0 if side > 0 else at_high
                side = 1
    rate, stay = at(high)
    moved.put(lent, Choice(amount, rate, stay))
    return moved
