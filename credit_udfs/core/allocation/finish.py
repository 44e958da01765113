"""The last step under limits: a mixed-integer programme over undecided firms with continuous rates.

With y = b s the drawn money and w = b s r its interest, the pairs (y, w) a loan b can reach lie under the
tangents ``w <= kappa y + F(kappa) b`` for every kappa, F being the envelope of rates.py. Finitely many kappas
near the firm's own give a linear model that bounds the problem from above and, read back through the curve,
gives a plan. Where a limit counts clients (mean churn), a firm has two modes, its smallest and its largest
loan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from credit_udfs.core.allocation.lines import Lines
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.types import Bools, Floats

FINER = 100.0
"""Loans are modelled in such parts of a unit: HiGHS keeps each row to 1e-7, which adds up over hundreds of
firms."""
NEAR = (0.0, 3e-5, -3e-5, 1e-4, -1e-4, 3e-4, -3e-4)
FINE = (0.0, 1e-4, -1e-4, 4e-4, -4e-4, 1.5e-3, -1.5e-3, 6e-3, -6e-3, 2.5e-2, -2.5e-2, 0.1, -0.1)


@dataclass(frozen=True, eq=False)
class Finished:
    """choice: loans of the pool's firms, None where no solution was found; bound: no plan of the pool is
    worth more (inf where unknown); short: by how much each row is broken (elastic rows only); stopped: the
    time limit struck."""

    choice: Choice | None
    bound: float
    short: Floats
    infeasible: bool
    stopped: bool


@dataclass(frozen=True, eq=False)
class Ranges:
    """Where a firm's amount may lie if lent to: one or two ranges, (m,) each; a range with high 0 isn't
    allowed."""

    low: tuple[Floats, ...]
    high: tuple[Floats, ...]


def finish(
    pool: Pool,
    mu: Floats,
    *,
    gap: float,
    tangents: tuple[float, ...] = FINE,
    around: tuple[Floats, ...] = (),
    ranges: Ranges | None = None,
    lend: Bools | None = None,
    elastic: Floats | None = None,
    seconds: float | None = None,
) -> Finished:
    """Decide every firm of a (small) pool.

    mu: multipliers (k,) near which tangents are laid; around: rates (m,) near which more are. gap: relative.
    ranges: of amounts (default low to high); lend: (m,) firms known to be lent to. elastic: (k,) cost of
    breaking each row by one (inf: not to be broken); None: no row may be broken.
    """
    model = _Model(pool, mu, tangents, around, ranges or Ranges((pool.low,), (pool.high,)))
    k = len(pool.rows)
    sure = pool.forced if lend is None else pool.forced | lend
    matrix, top = model.constraints(pool.right, sure)
    cost = np.concatenate([-model.profit, np.zeros(k)])
    scale = float(np.abs(model.profit).max(initial=0.0)) or 1.0
    upper = np.concatenate([model.upper, np.zeros(k)])
    if elastic is not None:
        soft = np.isfinite(elastic)
        upper[model.width :][soft] = np.inf
        cost[model.width :][soft] = elastic[soft]
    options: dict[str, float] = {"mip_rel_gap": max(gap, 1e-9)}
    if seconds is not None:
        options["time_limit"] = max(seconds, 0.01)
    found = milp(
        cost / scale,
        integrality=np.concatenate([np.ones(model.z.size), np.zeros(upper.size - model.z.size)]),
        bounds=Bounds(np.zeros(upper.size), upper),
        constraints=LinearConstraint(matrix, -np.inf, top),
        options=options,
    )
    dual = found.mip_dual_bound
    bound = -float(dual) * scale if dual is not None and np.isfinite(dual) else np.inf
    if found.x is None:
        return Finished(None, bound, np.zeros(k), found.status == 2, found.status == 1)
    return Finished(model.read(found.x), bound, found.x[model.width :], False, found.status == 1)


class _Model:
    """Variables: z for each range and firm; then weight q, stayed t and interest w for each mode and firm.

    Without a limit on clients a range has one mode, whose weight is the amount itself; with one it has two,
    the ends of the range, and weights that add up to z.
    """

    def __init__(
        self, pool: Pool, mu: Floats, tangents: tuple[float, ...], around: tuple[Floats, ...], ranges: Ranges
    ) -> None:
        m, self.pool, self.ranges = pool.size, pool, ranges
        self.groups, self.per = len(ranges.low), 2 if pool.has_stays else 1
        self.modes = self.groups * self.per
        self.z, self.p = np.arange(m * self.groups), m * self.modes
        self.width = self.z.size + 3 * self.p
        self.firm = np.tile(np.arange(m), self.modes)
        self.group = np.repeat(np.arange(self.modes) // self.per, m)
        if self.per == 2:
            ends = [end for low, high in zip(ranges.low, ranges.high, strict=True) for end in (high, low)]
            self.size, q_top = np.concatenate(ends) / FINER, np.full(self.p, FINER)
        else:
            self.size, q_top = np.full(self.p, 1.0 / FINER), np.concatenate(ranges.high) * FINER
        gain, cost = pool.gain[self.firm], pool.cost[self.firm]
        least, most = pool.table.stay_range(pool.grade)
        self.least, self.most = least[self.firm], most[self.firm]
        allowed = (np.concatenate(ranges.high) > 0.0).astype(np.float64)
        self.upper = np.concatenate([allowed, q_top, q_top * self.most, np.full(self.p, np.inf)])
        self.profit = np.concatenate([np.zeros(self.z.size + self.p), -self.size * cost, self.size * gain])
        _, drawn, _, stays = pool.priced(mu)
        gain = np.maximum(gain, 1e-12)
        kappa = (cost + drawn[self.firm]) / gain
        if self.per == 2:
            kappa = kappa + stays / (gain * np.maximum(self.size * FINER, 1e-6))
        kappa = np.clip(kappa, -1e3, 1e3)
        self.kappas = [kappa + shift for shift in tangents]
        for rate in around:
            at = pool.table.kappa_at(rate, pool.grade)[self.firm]
            self.kappas += [np.where(np.isfinite(at), at, kappa) + shift for shift in NEAR]
        self.kappas += [np.full(self.p, far) for far in (-2.0, 0.0, 0.3)]

    def constraints(self, right: Floats, sure: Bools) -> tuple[csr_array, Floats]:
        pool, m, p = self.pool, self.pool.size, self.p
        first = self.z.size
        q, t, w = first + np.arange(p), first + p + np.arange(p), first + 2 * p + np.arange(p)
        lines = Lines(self.width + len(pool.rows))
        zero, one = np.zeros(p, dtype=np.int64), np.ones(p)
        for at in range(len(pool.rows)):
            money, drawn, number, stays = pool.coefficients(at)
            part_t = drawn[self.firm] * self.size + stays / FINER
            slack = np.array([self.width + at])
            lines.add(
                right[at : at + 1],
                (zero, q, money[self.firm] * self.size),
                (zero, t, part_t),
                (np.zeros(first, dtype=np.int64), self.z, np.full(first, number)),
                (np.zeros(1, dtype=np.int64), slack, -np.ones(1)),
            )
        line = self.group * m + self.firm
        every, ones = np.arange(first), np.ones(first)
        if self.per == 2:
            lines.add(np.zeros(first), (line, q, one), (every, self.z, -FINER * ones))
            lines.add(np.zeros(first), (line, q, -one), (every, self.z, FINER * ones))
        else:
            lines.add(np.zeros(first), (line, q, one), (every, self.z, -FINER * np.concatenate(self.ranges.high)))
            lines.add(np.zeros(first), (line, q, -one), (every, self.z, FINER * np.concatenate(self.ranges.low)))
        lines.add(np.ones(m), (every % m, self.z, ones))
        lines.add(np.where(sure, -1.0, 0.0), (every % m, self.z, -ones))
        line = np.arange(p)
        lines.add(np.zeros(p), (line, t, one), (line, q, -self.most))
        lines.add(np.zeros(p), (line, t, -one), (line, q, self.least))
        for kappa in self.kappas:
            height = pool.table.envelope(kappa, pool.grade[self.firm])
            lines.add(np.zeros(p), (line, w, one), (line, t, -kappa), (line, q, -height))
        return lines.matrix()

    def read(self, x: Floats) -> Choice:
        """The loans that a solution stands for; its rates back on the curve."""
        pool, m, p, first = self.pool, self.pool.size, self.p, self.z.size
        chosen = x[:first].reshape(self.groups, m) > 0.5
        lend = chosen.any(axis=0)
        mine = np.repeat(chosen, self.per, axis=0)
        weight = np.where(mine, np.maximum(x[first : first + p], 0.0).reshape(self.modes, m), 0.0)
        stayed = np.where(mine, np.maximum(x[first + p : first + 2 * p], 0.0).reshape(self.modes, m), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            stay = stayed.sum(axis=0) / weight.sum(axis=0)
        amount = (weight * self.size.reshape(self.modes, m)).sum(axis=0)
        least, most = pool.table.stay_range(pool.grade)
        stay = np.clip(np.where(lend, stay, least), least, most)
        rate = pool.table.rate_at(stay, pool.grade)
        amount = np.where(lend, np.clip(amount, pool.low, pool.high), 0.0)
        return Choice(amount, rate, pool.table.stay(rate, pool.grade))
