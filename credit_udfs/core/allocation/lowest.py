"""Plans without regard to what they earn: whether limits leave one, and the least that one limit can be brought to.

A loan of b (low to high) at a rate where the share s stays (least to most) is a mix of its four corners, so every
limit is linear in the corners' weights: exactly, or where a limit counts who stays beside one on drawn money, as a
relaxation. The budget is a variable, so that shares of it follow when it is the limit in question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, hstack

from credit_udfs.core.allocation.lines import Lines
from credit_udfs.core.allocation.rows import Choice, Pool, Row
from credit_udfs.types import Floats, Ints

FINER = 100.0
"""Loans are modelled in such parts of themselves: HiGHS keeps each row to 1e-7, which adds up over hundreds of
firms."""
SHORT = 1e-6
"""By how much rows may be broken in all, each against what a loan typically puts into it, and count as kept."""


@dataclass(frozen=True, eq=False)
class Found:
    """choice: None where nothing was found; none: there is none, proven; budget: that of the choice, in units."""

    choice: Choice | None
    none: bool
    budget: float


def _of_budget(row: Row) -> float:
    """What a unit of budget adds to the right-hand side of a row."""
    if row.key in ("budget", "whole_budget"):
        return 1.0 if row.key == "budget" else -1.0
    return float(row.share or 0.0) if row.values.get("share_of") == "budget" else 0.0


class Corners:
    """The programmes over a pool. Columns: whether each firm is lent to (m,), the weights of its corners (4 m,), the
    budget."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        m = pool.size
        self.least, self.most = pool.table.stay_range(pool.grade)
        self.amount = np.stack([pool.low, pool.high, pool.low, pool.high])
        self.stay = np.stack([self.least, self.least, self.most, self.most])
        self.budget = float(pool.right[0])
        firm, weights, ones, lent = np.tile(np.arange(m), 4), m + np.arange(4 * m), np.ones(4 * m), np.arange(m)
        self.used = [self._used(row) for row in range(len(pool.rows))]
        lines, zero = Lines(5 * m + 1), np.zeros(1, dtype=np.int64)
        for used, row, right in zip(self.used, pool.rows, pool.right, strict=True):
            of = _of_budget(row)
            budget = (zero, np.array([5 * m]), np.array([-of]))
            lines.add(np.array([right - of * self.budget]), (np.zeros(4 * m, np.int64), weights, used), budget)
        lines.add(np.zeros(m), (firm, weights, ones), (lent, lent, np.full(m, -FINER)))
        lines.add(np.zeros(m), (firm, weights, -ones), (lent, lent, np.full(m, FINER)))
        self.matrix, self.top = lines.matrix()

    def _used(self, row: int) -> Floats:
        """What row `row` charges the corners, (4 m,)."""
        money, drawn, count, stays = self.pool.coefficients(row)
        used = (self.amount * (money + drawn * self.stay) + count + stays * self.stay).ravel() / FINER
        return np.asarray(used)

    @cached_property
    def _earned(self) -> Floats:
        """About what the corners earn, (4 m,): at the least and the most that can stay, at the rates for that."""
        pool, rate = self.pool, self.pool.table.rate_at
        rates = np.stack([rate(self.least, pool.grade)] * 2 + [rate(self.most, pool.grade)] * 2)
        return np.asarray((self.amount * self.stay * (pool.gain * rates - pool.cost)).ravel() / FINER)

    def clashing(self, rows: Sequence[int]) -> Ints | None:
        """Some of `rows` that can't be kept together whatever loans are split; None where that alone leaves a plan."""
        m, k = self.pool.size, len(rows)
        kept = np.concatenate([np.asarray(rows, dtype=np.int64), len(self.pool.rows) + np.arange(2 * m)])
        typical = np.array([float(np.abs(self.used[row]).max(initial=0.0)) * FINER or 1.0 for row in rows])
        slack = csr_array((-typical, (np.arange(k), np.arange(k))), shape=(kept.size, k))
        found = linprog(
            np.concatenate([np.zeros(5 * m + 1), np.ones(k)]),
            A_ub=hstack([self.matrix[kept], slack], format="csr"),
            b_ub=self.top[kept],
            bounds=np.stack([np.append(self._bottom, np.zeros(k)), np.append(self._ceiling(), np.full(k, np.inf))], 1),
            method="highs",
        )
        if found.x is None or found.fun <= SHORT:
            return None
        paid = -np.asarray(found.ineqlin.marginals)[:k] * typical
        named: Ints = np.asarray(rows, dtype=np.int64)[paid > 1e-7]
        return named

    @property
    def _bottom(self) -> Floats:
        return np.concatenate([self.pool.forced, np.zeros(4 * self.pool.size), [self.budget]])

    def _ceiling(self) -> Floats:
        m = self.pool.size
        return np.append(np.repeat([1.0, FINER], [m, 4 * m]), self.budget)

    def plan(self, rows: Sequence[int], *, seconds: float | None = None, gap: float = 0.1) -> Found:
        """A choice within the limits `rows`, not the worst of them."""
        scale = float(np.abs(self._earned).max(initial=0.0)) or 1.0
        return self._solved(rows, np.append(-self._earned / scale, 0.0), gap=gap, seconds=seconds)

    def least_of(self, rows: Sequence[int], at: int, *, seconds: float | None = None) -> Found:
        """A choice within the limits `rows`, of least activity in row `at`."""
        return self._solved(rows, np.append(FINER * self.used[at], 0.0), seconds=seconds)

    def nearest_budget(self, rows: Sequence[int], *, more: bool, seconds: float | None = None) -> Found:
        """A choice within the limits `rows` at the budget nearest to the given one, above it or below."""
        cost = np.append(np.zeros(4 * self.pool.size), 1.0 if more else -1.0)
        ends = (self.budget, np.inf) if more else (0.0, self.budget)
        return self._solved(rows, cost, budget=ends, seconds=seconds)

    def _solved(
        self,
        rows: Sequence[int],
        cost: Floats,
        *,
        gap: float = 1e-9,
        budget: tuple[float, float] | None = None,
        seconds: float | None = None,
    ) -> Found:
        pool, m = self.pool, self.pool.size
        kept = np.concatenate([np.asarray(rows, dtype=np.int64), len(pool.rows) + np.arange(2 * m)])
        bottom, ceiling = self._bottom, self._ceiling()
        if budget is not None:
            bottom[-1], ceiling[-1] = budget
        options: dict[str, float] = {"mip_rel_gap": gap}
        if seconds is not None and np.isfinite(seconds):
            options["time_limit"] = max(seconds, 0.01)
        found = milp(
            np.concatenate([np.zeros(m), cost]),
            integrality=np.repeat([1, 0], [m, 4 * m + 1]),
            bounds=Bounds(bottom, ceiling),
            constraints=LinearConstraint(self.matrix[kept], -np.inf, self.top[kept]),
            options=options,
        )
        if found.x is None:
            return Found(None, found.status == 2, np.nan)
        return Found(self._read(found.x), False, float(found.x[-1]))

    def _read(self, x: Floats) -> Choice:
        pool, m = self.pool, self.pool.size
        lend = x[:m] > 0.5
        weight = np.where(lend, np.maximum(x[m:-1].reshape(4, m), 0.0), 0.0)
        # Shares by weight are right where they're counted, by money elsewhere: there a limit is about what is drawn.
        counted = weight if pool.has_stays else weight * self.amount
        with np.errstate(divide="ignore", invalid="ignore"):
            loan = (weight * self.amount).sum(axis=0) / weight.sum(axis=0)
            stay = np.where(lend, (counted * self.stay).sum(axis=0) / counted.sum(axis=0), self.least)
        return Choice(np.where(lend, loan, 0.0), pool.table.rate_at(stay, pool.grade), stay)
