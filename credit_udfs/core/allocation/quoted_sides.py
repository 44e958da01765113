"""Both sides of a firm's decision where rates are quoted, in the order of risk or one a grade.

Under the prices of the plan, what the others are worth with the firm's class at each quoted rate bounds every plan that
lends to the firm; this says where to look, and which side is clear. Else the problem is planned anew with the firm
lent to, or left out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from credit_udfs.core.allocation.levels import Board, above, below
from credit_udfs.core.allocation.plan import Plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.quoted import LARGE, SMALL, board_of, decided
from credit_udfs.core.allocation.rows import pool_of
from credit_udfs.core.allocation.search import Best, Clock
from credit_udfs.core.allocation.sides import PD_STEP, ends_of, with_pd
from credit_udfs.types import Floats, Ints


class QuotedSides:
    """As sides.Sides; values in yuan.

    Where rates are in the order of risk, a firm's rate is moved alone: the best plan that lends to it at that rate, the
    others replanned and in order with it, against the best that refuses it. With one rate per grade a firm has no rate
    of its own: then the grade's is moved, and the plan made anew with it lends to the firm or doesn't.
    """

    def __init__(self, plan: Plan, gap: float) -> None:
        self.problem, self.plan = plan.problem, plan
        pool = pool_of(plan.problem)
        self.target = gap if pool.size <= SMALL else min(gap, LARGE)
        self.pool, self.at = pool, np.full(len(plan.lend), -1)
        self.at[pool.firm] = np.arange(pool.size)
        self.board, self.ends = board_of(plan.problem, pool), ends_of(plan.problem)
        self.mu = np.array([plan.prices[row.key][0] for row in pool.rows])
        self.base = float(self.mu @ pool.right)
        self.charged = [end.priced(self.mu) for end in self.ends]
        self.worth = self.board.values(self.mu)[2]
        self.near = plan.prices
        self.at_rate = dict[tuple[int, int], Ints | None]()
        self.others = -1, np.zeros((0, 0))

    def decided(self, problem: Problem) -> Ints | None:
        """(n,) 1 where a plan made anew lends, -1 where it refuses."""
        pool = pool_of(problem)
        if not (pool.forced | (pool.low <= pool.right[0]) | (problem.terms.budget_basis == "drawn")).any():
            return np.where(problem.fixed_amount > 0.0, 1, -1)  # not even one loan
        start = np.array([self.near.get(row.key, (0.0,))[0] for row in pool.rows])
        board = board_of(problem, pool)
        found = self._best(board, start)
        if found is None:
            return None
        self.near = {row.key: (float(price),) for row, price in zip(pool.rows, found[1], strict=True)}
        return self._lends(board, found[0])

    def refused(self, row: int) -> float:
        """The value of the best plan without the firm."""
        if not self.plan.lend[row]:
            return self.plan.value
        pool = self.pool.subset(np.delete(np.arange(self.pool.size), self.at[row]), self.pool.right)
        if not pool.size:
            return 0.0 if np.all(pool.right >= 0.0) else -np.inf
        return self._value(board_of(self.problem, pool))

    def lent(self, row: int, pd: float, refused: float) -> tuple[float, float]:
        """The value of the best plan that lends to the firm at a probability of default (a bound of it, where that is
        no more than `refused`), and how fast it falls with that."""
        ends = np.clip([pd, pd - PD_STEP, pd + PD_STEP], 0.0, 1.0)
        here, more, less = (float(x) for x in self._bounds(row, ends).max(axis=1))
        fall = (more - less) / float(ends[2] - ends[1])
        return (here if here <= refused else self._lending(with_pd(self.problem, row, pd), row)), fall

    def guess(self, row: int, refused: float) -> float:
        """The probability of default up to which, by the prices, lending is worth more than refusing."""
        low, high, without = 0.0, 1.0, (self.base + float(self._beside(row)[0].max())) * self.pool.unit
        for _ in range(3):
            pd = np.linspace(low, high, 33)
            worse = np.flatnonzero(self._bounds(row, pd).max(axis=1) <= without)
            if not worse.size or worse[0] == 0:
                return low if worse.size else high
            low, high = float(pd[worse[0] - 1]), float(pd[worse[0]])
        return low

    def rates(self, row: int, refused: float) -> tuple[float, float]:
        """The lowest and the highest quoted rate, with all between, at which the firm is still lent to."""
        quoted = self.problem.terms.quoted_rates
        own = int(np.argmin(np.abs(quoted - self.plan.rate[row])))
        ends = [range(own - 1, -1, -1), range(own + 1, quoted.size)]
        if self.problem.limits.one_rate_per_grade:
            low, high = (self._while_lent(row, own, way) for way in ends)
        else:
            low, high = (self._while_worth(row, own, way, refused) for way in ends)
        return float(quoted[low]), float(quoted[high])

    def _while_lent(self, row: int, own: int, way: range) -> int:
        """The last level of the grade before the first at which the plan made anew refuses the firm."""
        for level in way:
            key = int(self.problem.firms.grade[row]), level
            if key not in self.at_rate:
                board = board_of(self.problem, self.pool, (row, level))
                found = self._best(board, self.mu)
                self.at_rate[key] = None if found is None else self._lends(board, found[0])
            lends = self.at_rate[key]
            if lends is None or lends[row] < 0:
                break
            own = level
        return own

    def _while_worth(self, row: int, own: int, way: range, refused: float) -> int:
        """The last level of the firm before the bounds, or plans made anew, say that lending is worth less."""
        bounds = self._bounds(row, self.problem.firms.pd[row : row + 1])[0]
        open_ = list[int]()
        for level in way:
            if bounds[level] < refused:
                break
            open_.append(level)
        return next((x for x in reversed(open_) if self._lending(self.problem, row, x) >= refused), own)

    def _lending(self, problem: Problem, row: int, level: int | None = None) -> float:
        """The value of the best plan that lends to the firm, at that level."""
        pool = self.pool if problem is self.problem else pool_of(problem)
        forced = pool.forced.copy()
        forced[self.at[row]] = True
        pool = replace(pool, forced=forced)
        if problem.terms.budget_basis == "offered" and pool.low[forced].sum() > pool.right[0] * (1.0 + 1e-12):
            return -np.inf
        return self._value(board_of(problem, pool, None if level is None else (row, level)))

    def _best(self, board: Board, start: Floats) -> tuple[Best, Floats] | None:
        best = Best()
        mu = decided(board, self.target, Clock(None, np.inf), lambda *_: True, best, start)
        return None if mu is None else (best, mu)

    def _value(self, board: Board) -> float:
        found = self._best(board, self.mu)
        return -np.inf if found is None else found[0].value * board.pool.unit

    def _lends(self, board: Board, best: Best) -> Ints | None:
        if best.choice is None:
            return None
        lends = np.full(self.at.size, -1)
        lends[board.pool.firm] = np.where(best.choice.amount > 0.0, 1, -1)
        return lends

    def _bounds(self, row: int, pd: Floats) -> Floats:
        """(g, q): what no plan that lends to the firm, at probabilities of default (g,) and each quoted rate, is worth
        more than."""
        at, (zero, one), terms = self.at[row], self.ends, self.problem.terms
        firms, grade = self.problem.firms, int(self.pool.grade[self.at[row]])
        rate = terms.quoted_rates
        stay = terms.rates.stay(rate, np.full(rate.size, grade))

        def between(a: Floats | float, b: Floats | float) -> Floats:
            low, high = (float(x[at]) if isinstance(x, np.ndarray) else x for x in (a, b))
            return (low + (high - low) * pd)[:, None]

        money, drawn, count, stays = (between(a, b) for a, b in zip(*self.charged, strict=True))
        gain, cost = between(zero.gain, one.gain), between(zero.cost, one.cost)
        each = stay * (gain * rate - cost - drawn) - money
        loan = np.where(each > 0.0, self.pool.high[at], self.pool.low[at]) * each - count - stays * stay
        beside, place = self._beside(row), np.zeros(pd.size, dtype=np.int64)
        if len(beside) > 1:
            others = np.delete(self.pool.firm, at)
            first = (firms.grade[others] < grade) | ((firms.grade[others] == grade) & (others < row))
            known = firms.pd[others]
            place = ((known < pd[:, None]) | ((known == pd[:, None]) & first)).sum(axis=1)
        return np.asarray((self.base + beside[place] + loan) * self.pool.unit)

    def _beside(self, row: int) -> Floats:
        """What the other firms are worth under the prices with the firm's class at each quoted rate: (p, q), at each
        place that the firm may have among them, or (1, q)."""
        if self.others[0] != row:
            board = self.board
            at = int(np.flatnonzero(board.pool.firm == row)[0])
            if self.problem.limits.one_rate_per_grade:
                k, sums = int(board.klass[at]), board.by_class(self.worth).copy()
                sums[k] -= self.worth[at]
                alone = np.delete(sums, k, axis=0).max(axis=1).sum()
                around = below(sums)[k] + above(sums)[k + 1] if board.chained else alone
                self.others = row, (sums[k] + around)[None]
            else:
                sums = np.delete(self.worth, at, axis=0)
                self.others = row, below(sums) + above(sums)
        return self.others[1]
