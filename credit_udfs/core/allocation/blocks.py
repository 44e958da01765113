"""Prices of all limits at once: Dantzig-Wolfe decomposition over blocks of firms.

Multipliers on the limits price every firm (rows.Pool.respond); the firms' answers, summed over about 150
blocks, are the columns of a small linear programme whose duals are the next multipliers. The Lagrangian value
at any multipliers bounds every plan. Blocks that come out whole are decided; the fractional ones are split
and the descent goes on, until few firms are left for a small mixed-integer programme (inner.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.types import Bools, Floats, Ints

BLOCKS = 150
ROUNDS = 60
SAMPLE = 2_000
KEPT = 1e-7
"""A row broken by no more counts as kept."""


@dataclass(eq=False)
class Columns:
    """Answers of blocks seen so far: block, the round whose multipliers gave it (-1: refuse all), profit,
    activity."""

    block: list[Ints] = field(default_factory=list)
    round: list[Ints] = field(default_factory=list)
    profit: list[Floats] = field(default_factory=list)
    activity: list[Floats] = field(default_factory=list)

    def add(self, at: int, profit: Floats, activity: Floats, keep: Ints) -> None:
        self.block.append(keep)
        self.round.append(np.full(keep.size, at))
        self.profit.append(profit[keep])
        self.activity.append(activity[:, keep])

    def pack(self) -> tuple[Ints, Ints, Floats, Floats]:
        block, rounds = np.concatenate(self.block), np.concatenate(self.round)
        profit, activity = np.concatenate(self.profit), np.concatenate(self.activity, axis=1)
        self.block, self.round, self.profit, self.activity = [block], [rounds], [profit], [activity]
        return block, rounds, profit, activity

    def drop(self, keep: Bools) -> None:
        """Keep the columns where `keep` is true."""
        at = np.flatnonzero(keep)
        self.block, self.round = [self.block[0][at]], [self.round[0][at]]
        self.profit, self.activity = [self.profit[0][at]], [self.activity[0][:, at]]


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The convex relaxation, solved.

    mu: best multipliers (k,); bound: Lagrangian value there; value: of the last master programme; short: by
    how much each row is broken there (k,), all 0 where the relaxation is feasible; weights of columns, their
    blocks and rounds; mus: multipliers of each round.
    """

    mu: Floats
    bound: float
    value: float
    short: Floats
    weight: Floats
    block: Ints
    round: Ints
    mus: tuple[Floats, ...]

    @property
    def kept(self) -> bool:
        """Whether a mixture of answers keeps all rows."""
        return float(self.short.max(initial=0.0)) <= KEPT


def relax(
    pool: Pool,
    block: Ints,
    *,
    tolerance: float,
    penalty: Floats,
    starts: tuple[Floats, ...] = (),
    tick: Callable[[int], bool] = lambda _: True,
    late: Callable[[], bool] = lambda: True,
) -> Relaxed:
    """Solve the convex relaxation of a pool to a relative distance of bound and value.

    block: (m,) non-decreasing. penalty: (k,) cost of breaking a row by one. starts: multipliers priced first,
    from which at least the given rounds' columns come. tick: called every round; False stops the descent as soon as
    no row is broken, or `late`.
    """
    k, blocks = len(pool.rows), int(block[-1]) + 1
    columns, mus = Columns(), list[Floats]()
    best_bound, best_mu = np.inf, np.zeros(k)
    forced_only = Choice(np.where(pool.forced, pool.high, 0.0), *_plain(pool))
    columns.add(
        -1,
        _sum(pool.profit(forced_only), block, blocks),
        pool.activity(forced_only, block, blocks),
        np.arange(blocks),
    )

    def price(mu: Floats, sigma: Floats | None) -> float:
        """Price all firms, add the columns that improve on their block's dual, return the bound."""
        nonlocal best_bound, best_mu
        choice, value = pool.respond(mu)
        bound = float(mu @ pool.right + value.sum())
        if bound < best_bound:
            best_bound, best_mu = bound, mu
        profit, activity = _sum(pool.profit(choice), block, blocks), pool.activity(choice, block, blocks)
        keep = np.arange(blocks)
        if sigma is not None:
            keep = np.flatnonzero(profit - last @ activity > sigma + 1e-9 * np.maximum(np.abs(sigma), 1e-6))
        columns.add(len(mus), profit, activity, keep)
        mus.append(mu)
        return bound

    for start in starts or (np.zeros(k),):
        price(start, None)
    for turn in range(ROUNDS):
        packed = columns.pack()
        value, weight, short, mu, sigma, reduced = _master(pool, packed, blocks, penalty)
        last = mu
        distance = best_bound - value
        if distance <= tolerance * max(abs(best_bound), 1e-12):
            break
        if not tick(turn) and (float(short.max(initial=0.0)) <= KEPT or late()):
            break
        if packed[0].size > 12 * blocks:
            columns.drop((weight > 0.0) | (reduced < np.quantile(reduced, 0.5)))
        inner = 0.5 * best_mu + 0.5 * mu if turn else mu
        before = best_bound
        price(inner, sigma)
        if turn and best_bound >= before and not columns.block[-1].size:
            price(mu, sigma)
            if not columns.block[-1].size:
                break
    return Relaxed(best_mu, best_bound, value, short, weight, packed[0], packed[1], tuple(mus))


def _plain(pool: Pool) -> tuple[Floats, Floats]:
    """Rates and stays without any limit."""
    choice, _ = pool.offers(np.zeros(len(pool.rows)))
    return choice.rate, choice.stay


def _sum(values: Floats, block: Ints, blocks: int) -> Floats:
    return np.bincount(block, values, blocks).astype(np.float64, copy=False)


def _master(
    pool: Pool, packed: tuple[Ints, Ints, Floats, Floats], blocks: int, penalty: Floats
) -> tuple[float, Floats, Floats, Floats, Floats, Floats]:
    """Value, weights, shortfalls, row duals, block duals, reduced costs (>= 0) of the master programme."""
    block, _, profit, activity = packed
    k, size = activity.shape
    scale = float(np.abs(profit).max(initial=0.0)) or 1.0
    choose = csr_array((np.ones(size), (block, np.arange(size))), shape=(blocks, size + k))
    found = linprog(
        np.concatenate([-profit / scale, penalty / scale]),
        A_ub=np.hstack([activity, -np.eye(k)]),
        b_ub=pool.right,
        A_eq=choose,
        b_eq=np.ones(blocks),
        method="highs",
        options={"presolve": False},
    )
    mu = -np.asarray(found.ineqlin.marginals) * scale
    sigma = -np.asarray(found.eqlin.marginals) * scale
    reduced = sigma[block] + mu @ activity - profit
    x = np.asarray(found.x)
    return -float(found.fun) * scale, x[:size], x[size:], np.maximum(mu, 0.0), sigma, reduced
