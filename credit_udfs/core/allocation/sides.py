"""Both sides of a firm's decision under limits: the best plan that lends to it, and the best that refuses it.

The Lagrangian value at any prices bounds every plan, and a firm enters it with a term of its own. So at prices that are
known anyway it takes one look-up to say what plans are worth at most that refuse a firm, or lend to it at another
probability of default or rate; the search near ties (ties.py) finds plans about as good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from credit_udfs.core.allocation.inner import decide
from credit_udfs.core.allocation.limited import _relaxation as relaxation
from credit_udfs.core.allocation.plan import Plan, Prices
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.proof import close_gap
from credit_udfs.core.allocation.rows import Choice, Pool, pool_of
from credit_udfs.core.allocation.search import Best, Clock, polished
from credit_udfs.core.allocation.ties import search_core
from credit_udfs.types import Bools, Floats, Ints

SHARP = 1e-5
"""How near the prices come to the best bound, relatively: prices that are off mislead the search."""
KEPT = 6
"""Rounds of prices kept: another round's suit a firm's other side better at times."""
SMALL = 60
"""Firms up to which a search that ends further from the bound than the gap is followed by an exact one."""
STATES, TOGETHER = 4_000, 30
"""Sets of changes kept by the search near ties; firms decided together where that doesn't do."""
PD_STEP = 1e-4
NEAR = 0.25
"""The part of the gap at which a search stops."""


@dataclass(frozen=True, eq=False)
class Made:
    """A problem planned anew. mus (t, k): prices of several rounds, the best first; reduced (t, m): what a loan to each
    firm of the pool is worth under them; others (t, m): Lagrangian values without the firm's own term; best: the plan,
    if one was found. In the pool's units."""

    pool: Pool
    mus: Floats
    reduced: Floats
    others: Floats
    best: Best

    @property
    def prices(self) -> Prices:
        return {row.key: tuple(self.mus[:, k].tolist()) for k, row in enumerate(self.pool.rows)}


def made_anew(problem: Problem, start: Prices, gap: float) -> Made | None:
    """`problem` planned from the prices of a like one; None where no plan keeps the limits."""
    pool = pool_of(problem)
    relaxed = relaxation(pool, SHARP, lambda _: True, start)[0] if pool.size else None
    if relaxed is None:
        return None
    made = made_at(pool, np.array([relaxed.mu, *relaxed.mus[-KEPT + 1 :]]))
    _search(pool, relaxed.mu, made.best, gap, exact=False)
    return made


def _search(pool: Pool, mu: Floats, best: Best, gap: float, *, exact: bool = True) -> None:
    """A plan within the gap of the bound, as a rule: the search near ties doesn't do where several limits on money
    have a price. exact: small pools are then decided as a whole."""
    clock = Clock(None, np.inf)
    search_core(pool, mu, best, target=NEAR * gap, states=STATES)
    if best.gap() > gap:
        _decide_near(pool, mu, best, gap)
    if exact and best.gap() > gap and pool.size <= SMALL:
        close_gap(pool, mu, best, gap, clock)


def _decide_near(pool: Pool, mu: Floats, best: Best, gap: float) -> None:
    """The firms nearest to a tie decided together, the others by their best answers."""
    whole, _ = pool.respond(mu)
    near = np.sort(np.argsort(np.abs(pool.offers(mu)[1]), kind="stable")[:TOGETHER])
    whole.amount[near] = 0.0
    found = decide(pool.subset(near, pool.right - pool.total(whole)), mu, gap=NEAR * gap, whole=best.bound)
    if found is not None:
        whole.put(near, found)
        best.offer(pool, polished(pool, mu, whole))


def made_at(pool: Pool, mus: Floats) -> Made:
    """Under given prices (t, k), the plan still to be found."""
    reduced = np.array([pool.offers(mu)[1] for mu in mus])
    own = np.where(pool.forced, reduced, np.maximum(reduced, 0.0))
    total = mus @ pool.right + own.sum(axis=1)
    return Made(pool, mus, reduced, total[:, None] - own, Best(bound=float(total.min())))


def choice_of(pool: Pool, plan: Plan) -> Choice:
    """A plan's loans to the firms of the pool."""
    lent, at = plan.lend[pool.firm], pool.firm
    amount = np.where(lent, plan.amount[at] / pool.unit, 0.0)
    return Choice(amount, np.where(lent, plan.rate[at], pool.table.rate_min), np.where(lent, 1.0 - plan.churn[at], 1.0))


def with_pd(problem: Problem, row: int, pd: float) -> Problem:
    """The same with another probability of default of one firm."""
    changed = problem.firms.pd.copy()
    changed[row] = pd
    return replace(problem, firms=replace(problem.firms, pd=changed))


def ends_of(problem: Problem) -> tuple[Pool, Pool]:
    """The pool if every firm's probability of default were 0, and 1: all in between is linear."""
    firms = problem.firms
    known = np.where(np.isnan(firms.pd), np.nan, 0.0)
    zero, one = (pool_of(replace(problem, firms=replace(firms, pd=known + end))) for end in (0.0, 1.0))
    return zero, one


class Sides:
    """The decisions of a plan under limits, looked at from both sides. Firms by their row in the problem; values in
    units of the pool."""

    def __init__(self, plan: Plan, gap: float) -> None:
        made = made_anew(plan.problem, plan.prices, gap)
        assert made is not None
        made.best.offer(made.pool, choice_of(made.pool, plan))
        self.problem, self.gap, self.made = plan.problem, gap, made
        self.at = np.full(len(plan.lend), -1)
        self.at[made.pool.firm] = np.arange(made.pool.size)
        self.last: tuple[int, Choice | None] = -1, None
        self.near = made.prices

    def decided(self, problem: Problem) -> Ints | None:
        """(n,) 1 where a plan made anew lends, -1 where it refuses, 0 where the prices don't agree."""
        made = made_anew(problem, self.near, self.gap)
        if made is None:
            return None
        self.near = made.prices
        out = np.full(self.at.size, -1)
        choice = made.best.choice
        out[made.pool.firm] = 0
        if choice is not None:
            lent, worth = choice.amount > 0.0, made.reduced[0]
            refused = ~lent & ((worth <= 0.0) | self._too_large(made.pool))
            out[made.pool.firm] = np.where(lent & (worth >= 0.0), 1, np.where(refused, -1, 0))
        return out

    def _too_large(self, pool: Pool) -> Bools:
        """(m,) whose smallest loan exceeds the whole budget."""
        offered = self.problem.terms.budget_basis == "offered"
        return pool.low > pool.right[0] if offered else np.zeros(pool.size, dtype=bool)

    def refused(self, row: int) -> float:
        """The value of the best plan without the firm."""
        made, at = self.made, self.at[row]
        if made.best.choice is not None and made.best.choice.amount[at] == 0.0:
            return made.best.value
        others = np.delete(np.arange(made.pool.size), at)
        best = int(np.argmin(made.others[:, at]))
        found = Best(bound=float(made.others[best, at]))
        pool = made.pool.subset(others, made.pool.right)
        if made.best.choice is not None:
            found.offer(pool, made.best.choice.take(others))
        _search(pool, made.mus[best], found, self.gap)
        return found.value

    def lent(self, row: int, pd: float, refused: float) -> tuple[float, float]:
        """The value of the best plan that lends to the firm at a probability of default (a bound of it, where that is
        no more than `refused`), and how fast it falls with that."""
        made, at = self.made, self.at[row]
        worth, fall = made.others[:, at] + self._loans(at, np.array([pd])).max(axis=0)[:, 0], self._fall(at, pd)
        best = int(np.argmin(worth))
        if worth[best] <= refused:
            return float(worth[best]), fall
        pool, mu = pool_of(with_pd(self.problem, row, pd)), made.mus[best]
        forced = pool.forced.copy()
        forced[at] = True
        found = Best(bound=float(worth[best]))
        if self.last[0] != row:
            self.last = row, made.best.choice
        if self.last[1] is not None and self.last[1].amount[at] > 0.0:
            found.offer(pool, polished(pool, mu, self.last[1]))
        if found.value <= refused:
            _search(replace(pool, forced=forced), mu, found, self.gap)
        self.last = row, found.choice
        return found.value, fall

    def guess(self, row: int, refused: float) -> float:
        """The probability of default up to which, by the prices, lending is worth more than `refused`."""
        at, low, high = self.at[row], 0.0, 1.0
        for _ in range(3):
            pd = np.linspace(low, high, 33)
            most = (self.made.others[:, at, None] + self._loans(at, pd).max(axis=0)).min(axis=0)
            k = int(np.searchsorted(-most, -refused))
            if k == 0 or k == pd.size:
                return low if k == 0 else high
            low, high = float(pd[k - 1]), float(pd[k])
        return low

    def rates(self, row: int, refused: float) -> tuple[float, float] | None:
        """The lowest and the highest rate at which a plan that lends to the firm can be worth `refused`; None where
        there is none."""
        pool, made, at = self.made.pool, self.made, self.at[row]
        rate = np.linspace(pool.table.rate_min, pool.table.rate_max, 1101)
        stay = pool.table.stay(rate, np.full(rate.size, pool.grade[at]))
        most = np.full(rate.size, np.inf)
        for t, mu in enumerate(made.mus):
            money, drawn, count, stays = pool.priced(mu)
            each = stay * (pool.gain[at] * rate - pool.cost[at] - drawn[at]) - money[at]
            loan = np.maximum(pool.low[at] * each, pool.high[at] * each) - count - stays * stay
            most = np.minimum(most, made.others[t, at] + loan)
        enough = np.flatnonzero(most >= refused)
        return (float(rate[enough[0]]), float(rate[enough[-1]])) if enough.size else None

    def _loans(self, at: int, pd: Floats) -> Floats:
        """Reduced values (2, t, g) of the firm's smallest and largest loan at probabilities of default (g,)."""
        zero, one = self._ends

        def between(a: Floats, b: Floats) -> Floats:
            return a + (b - a) * pd

        money, drawn, count, stays = (
            between(a[:, at, None], b[:, at, None]) for a, b in zip(*self._charges, strict=True)
        )
        cost = between(zero.cost[at], one.cost[at]) + drawn
        gain = np.maximum(between(zero.gain[at], one.gain[at]), 1e-12)
        grade = np.full(cost.size, zero.grade[at])
        out = []
        for amount in (zero.low[at], zero.high[at]):
            kappa = cost / gain + stays / (gain * amount)
            rate, stay = (x.reshape(cost.shape) for x in zero.table.best(kappa.ravel(), grade))
            out.append(amount * (stay * (gain * rate - cost) - money) - count - stays * stay)
        return np.array(out)

    def _fall(self, at: int, pd: float) -> float:
        """How fast the value of lending falls with the probability of default, by the prices."""
        ends = np.clip([pd - PD_STEP, pd + PD_STEP], 0.0, 1.0)
        above, below = self._loans(at, ends)[:, 0].max(axis=0)
        return float((above - below) / (ends[1] - ends[0]))

    @cached_property
    def _ends(self) -> tuple[Pool, Pool]:
        return ends_of(self.problem)

    @cached_property
    def _charges(self) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
        """At both ends, (t, m) each: what the prices charge for money, drawn money, a loan, a staying client."""

        def of(pool: Pool) -> tuple[Floats, ...]:
            rounds = [pool.priced(mu) for mu in self.made.mus]
            return tuple(np.array([np.broadcast_to(one[k], pool.size) for one in rounds]) for k in range(4))

        return of(self._ends[0]), of(self._ends[1])
