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
from scipy.sparse import coo_array

from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.types import Bools, Floats, Ints

COARSE = (0.0, 4e-4, -4e-4, 2e-3, -2e-3, 1e-2, -1e-2)
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


def finish(
    pool: Pool,
    mu: Floats,
    *,
    gap: float,
    offset: float = 0.0,
    tangents: tuple[float, ...] = COARSE,
    lend: Bools | None = None,
    refuse: Bools | None = None,
    elastic: Floats | None = None,
    seconds: float | None = None,
) -> Finished:
    """Decide every firm of a (small) pool.

    mu: multipliers (k,) near which tangents are laid. gap: relative, of the value plus `offset` (what the
    firms decided elsewhere earn). lend, refuse: (m,) decisions known to be right. elastic: (k,) cost of
    breaking each row by one (inf: not to be broken); None: no row may be broken.
    """
    build = _Model(pool, mu, tangents)
    m, k = pool.size, len(pool.rows)
    lower, upper = np.zeros(build.width + k), build.upper.copy()
    upper = np.concatenate([upper, np.zeros(k)])
    lower[:m][pool.forced if lend is None else pool.forced | lend] = 1.0
    if refuse is not None:
        upper[:m][refuse & ~pool.forced] = 0.0
    cost = np.concatenate([-build.profit, np.zeros(k)])
    scale = float(np.abs(build.profit).max(initial=0.0)) or 1.0
    if elastic is not None:
        soft = np.isfinite(elastic)
        upper[build.width :][soft] = np.inf
        cost[build.width :][soft] = elastic[soft]
    matrix, top = build.constraints(pool.right)
    options: dict[str, float] = {"mip_rel_gap": max(gap, 1e-9)}
    if seconds is not None:
        options["time_limit"] = max(seconds, 0.01)
    found = milp(
        cost / scale,
        integrality=np.concatenate([np.ones(m), np.zeros(build.width - m + k)]),
        bounds=Bounds(lower, upper),
        constraints=LinearConstraint(matrix, -np.inf, top),
        options=options,
    )
    dual = found.mip_dual_bound
    bound = -float(dual) * scale if dual is not None and np.isfinite(dual) else np.inf
    if found.x is None:
        return Finished(None, bound, np.zeros(k), found.status == 2, found.status == 1)
    return Finished(build.read(found.x), bound, found.x[build.width :], False, found.status == 1)


class _Model:
    """Variables: z (m,), then weight q, stayed t, interest w for each mode (modes * m each)."""

    def __init__(self, pool: Pool, mu: Floats, tangents: tuple[float, ...]) -> None:
        self.pool, self.modes = pool, 2 if pool.has_stays else 1
        m, modes = pool.size, self.modes
        self.m, self.p = m, m * modes
        self.width = m + 3 * self.p
        self.firm = np.tile(np.arange(m), modes)
        # One mode: the weight is the amount itself. Two: it says which share of the loan is small, which
        # large.
        self.size = np.concatenate([pool.high, pool.low]) if modes == 2 else np.ones(m)
        gain, cost = pool.gain[self.firm], pool.cost[self.firm]
        least, most = pool.table.stay_range(pool.grade)
        self.least, self.most = least[self.firm], most[self.firm]
        q_top = np.ones(self.p) if modes == 2 else pool.high
        self.upper = np.concatenate([np.ones(m), q_top, q_top * self.most, np.full(self.p, np.inf)])
        self.profit = np.concatenate([np.zeros(m + self.p), -self.size * cost, self.size * gain])
        _, drawn, _, stays = pool.priced(mu)
        gain = np.maximum(gain, 1e-12)
        kappa = (cost + drawn[self.firm]) / gain + (stays / (gain * self.size) if modes == 2 else 0.0)
        kappa = np.clip(kappa, -1e3, 1e3)
        self.kappas = [kappa + shift for shift in tangents] + [
            np.full(self.p, far) for far in (-2.0, 0.0, 0.3)
        ]

    def constraints(self, right: Floats) -> tuple[coo_array, Floats]:
        pool, m, p = self.pool, self.m, self.p
        q, t, w = m + np.arange(p), m + p + np.arange(p), m + 2 * p + np.arange(p)
        z = np.arange(m)
        rows: list[Ints] = []
        columns: list[Ints] = []
        values: list[Floats] = []
        tops: list[Floats] = []
        count = 0

        def lines(size: int, top: Floats, *parts: tuple[Ints, Ints, Floats]) -> None:
            """`size` inequalities; parts: (line, column, value)."""
            nonlocal count
            for line, column, value in parts:
                rows.append(count + line)
                columns.append(column)
                values.append(np.broadcast_to(value, line.shape))
            tops.append(top)
            count += size

        k, one = len(pool.rows), np.ones(1)
        for at in range(k):
            money, drawn, number, stays = pool.coefficients(at)
            zero = np.zeros(p, dtype=np.int64)
            part_q = money[self.firm] * self.size
            part_t = drawn[self.firm] * self.size + stays
            lines(
                1,
                right[at : at + 1],
                (zero, q, part_q),
                (zero, t, part_t),
                (np.zeros(m, dtype=np.int64), z, number * np.ones(m)),
                (np.zeros(1, dtype=np.int64), np.array([self.width + at]), -one),
            )
        if self.modes == 2:  # z = q_large + q_small
            line, unit = np.arange(p) % m, np.ones(p)
            lines(m, np.zeros(m), (line, q, unit), (z, z, -np.ones(m)))
            lines(m, np.zeros(m), (line, q, -unit), (z, z, np.ones(m)))
        else:
            lines(m, np.zeros(m), (z, q, np.ones(m)), (z, z, -pool.high))
            lines(m, np.zeros(m), (z, q, -np.ones(m)), (z, z, pool.low))
        line = np.arange(p)
        lines(p, np.zeros(p), (line, t, np.ones(p)), (line, q, -self.most))
        lines(p, np.zeros(p), (line, t, -np.ones(p)), (line, q, self.least))
        for kappa in self.kappas:
            height = pool.table.envelope(kappa, pool.grade[self.firm])
            lines(p, np.zeros(p), (line, w, np.ones(p)), (line, t, -kappa), (line, q, -height))
        matrix = coo_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(count, self.width + k),
        )
        return matrix.tocsr(), np.concatenate(tops)

    def read(self, x: Floats) -> Choice:
        """The loans that a solution stands for; its rates back on the curve."""
        pool, m, p = self.pool, self.m, self.p
        lend = x[:m] > 0.5
        weight = np.maximum(x[m : m + p], 0.0).reshape(self.modes, m)
        stayed = np.maximum(x[m + p : m + 2 * p], 0.0).reshape(self.modes, m)
        with np.errstate(divide="ignore", invalid="ignore"):
            stay = stayed.sum(axis=0) / weight.sum(axis=0)
        amount = (weight * self.size.reshape(self.modes, m)).sum(axis=0)
        least, most = pool.table.stay_range(pool.grade)
        stay = np.clip(np.where(lend, stay, least), least, most)
        rate = pool.table.rate_at(stay, pool.grade)
        amount = np.where(lend, np.clip(amount, pool.low, pool.high), 0.0)
        return Choice(amount, rate, pool.table.stay(rate, pool.grade))
