"""Quoted rates decided exactly: a mixed-integer programme over the classes of firms that share a rate.

A class (a firm where rates are ordered, a grade where each has one rate) is at one quoted rate, its level; binaries
"the level is at least l" make both kinds of order plain inequalities between neighbours. Prices of the limits leave few
of the levels, and of the decisions to lend or refuse at them, open: what costs more under the prices than the distance
between bound and value can't be in a better plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from credit_udfs.core.allocation.finish import Lines
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.types import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Board:
    """Pool firms in order of risk, and what each quoted rate (q,) earns and keeps: (m, q) each.

    klass: (m,) class of each firm, 0 to c - 1; chained: levels don't fall from class to class.
    """

    pool: Pool
    rates: Floats
    klass: Ints
    chained: bool

    @cached_property
    def classes(self) -> int:
        return int(self.klass.max()) + 1

    @cached_property
    def stay(self) -> Floats:
        columns = [self.pool.table.stay(np.full(self.pool.size, r), self.pool.grade) for r in self.rates]
        return np.stack(columns, axis=1)

    @cached_property
    def earn(self) -> Floats:
        pool = self.pool
        return self.stay * (pool.gain[:, None] * self.rates - pool.cost[:, None])

    def values(self, mu: Floats) -> tuple[Floats, Floats, Floats]:
        """Under multipliers, at each rate, (m, q) each: reduced value of each firm's best loan, its amount, and the
        reduced value with refusing included."""
        pool = self.pool
        money, drawn, count, stays = pool.priced(mu)
        each = self.earn - self.stay * drawn[:, None] - money[:, None]
        amount = np.where(each > 0.0, pool.high[:, None], pool.low[:, None])
        loan = amount * each - count - stays * self.stay
        return loan, amount, np.where(pool.forced[:, None], loan, np.maximum(loan, 0.0))

    def by_class(self, value: Floats) -> Floats:
        """Sums of (m, q) over classes, (c, q)."""
        if self.classes == self.pool.size:
            return value
        out = np.zeros((self.classes, value.shape[1]))
        np.add.at(out, self.klass, value)
        return out

    def respond(self, mu: Floats) -> tuple[Ints, Choice, float]:
        """The best level of each class (c,) under multipliers, the loans there, and their reduced value."""
        loan, amount, value = self.values(mu)
        sums = self.by_class(value)
        level = chain(sums) if self.chained else np.argmax(sums, axis=1)
        at = level[self.klass]
        rows = np.arange(self.pool.size)
        lend = (loan[rows, at] > 0.0) | self.pool.forced
        choice = Choice(np.where(lend, amount[rows, at], 0.0), self.rates[at], self.stay[rows, at])
        return level, choice, float(value[rows, at].sum())

    def at(self, level: Ints) -> Choice:
        """The largest loan of every firm at its class's level."""
        at = level[self.klass]
        return Choice(self.pool.high, self.rates[at], self.stay[np.arange(self.pool.size), at])


def chain(value: Floats) -> Ints:
    """Levels (c,), not decreasing, of the largest total value (c, q); of equal ones the lowest."""
    c, q = value.shape
    best = np.empty((c, q))
    running = np.zeros(q)
    for i in range(c):
        np.add(running, value[i], out=best[i])
        running = np.maximum.accumulate(best[i])
    level = np.empty(c, dtype=np.int64)
    top = q
    for i in range(c - 1, -1, -1):
        top = int(best[i, :top].argmax()) + 1
        level[i] = top - 1
    return level


def dearer(sums: Floats, chained: bool) -> Floats:
    """(c, q) what forcing a class to a level costs against the best levels of all."""
    if not chained:
        alone: Floats = sums.max(axis=1, keepdims=True) - sums
        return alone
    c, q = sums.shape
    through = -sums
    running = np.zeros(q)
    for i in range(c):
        here = running + sums[i]
        through[i] += here
        running = np.maximum.accumulate(here)
    running = np.zeros(q)
    for i in range(c - 1, -1, -1):
        here = running + sums[i]
        through[i] += here
        running = np.maximum.accumulate(here[::-1])[::-1]
    cost: Floats = through.max(axis=1, keepdims=True) - through
    return cost


@dataclass(frozen=True, eq=False)
class Decided:
    """choice: None where nothing was found; bound: no plan within the levels and the room is worth more (inf where
    unknown); stopped: the time limit struck."""

    choice: Choice | None
    bound: float
    stopped: bool


def decide_levels(
    board: Board,
    mu: Floats,
    *,
    room: float,
    gap: float,
    within: tuple[Ints, Ints] | None = None,
    seconds: float | None = None,
    nodes: int | None = None,
) -> Decided:
    """The best plan whose decisions each cost at most `room` under multipliers mu (k,), to a relative `gap`.

    within: lowest and highest level of each class (c,) to look at. nodes: of the search, at most.
    """
    model = _Model(board, mu, room, within)
    if not model.possible:
        return Decided(None, -np.inf, False)
    lines, bottom = model.constraints()
    matrix, top = lines.matrix()
    worth = board.earn[model.firm, model.level]
    scale = float(np.abs(worth).max(initial=0.0)) or 1.0
    c, extra = model.firm.size, model.of_class.size
    options: dict[str, float] = {"mip_rel_gap": max(gap, 1e-9)}
    if seconds is not None:
        options["time_limit"] = max(seconds, 0.01)
    if nodes is not None:
        options["node_limit"] = nodes
    found = milp(
        np.concatenate([-worth / scale, np.zeros(c + extra)]),
        integrality=np.repeat([0, 1, 1], [c, c, extra]),
        bounds=Bounds(0.0, np.concatenate([board.pool.high[model.firm], np.ones(c + extra)])),
        constraints=LinearConstraint(matrix, bottom, top),
        options=options,
    )
    dual = found.mip_dual_bound
    bound = -float(dual) * scale if dual is not None and np.isfinite(dual) else np.inf
    if found.x is None:
        return Decided(None, -np.inf if found.status == 2 else bound, found.status == 1)
    return Decided(model.read(found.x), bound, found.status == 1)


class _Model:
    """Variables: amount b and lent-to z of each open loan (firm, level); y = "level at least l" of each class."""

    def __init__(self, board: Board, mu: Floats, room: float, within: tuple[Ints, Ints] | None) -> None:
        self.board = board
        pool, q = board.pool, board.rates.size
        loan, _, value = board.values(mu)
        cost = dearer(board.by_class(value), board.chained)
        self.ok = cost <= room
        at = np.arange(q)
        if within is not None:
            self.ok &= (at >= within[0][:, None]) & (at <= within[1][:, None])
        low, high = np.argmax(self.ok, axis=1), q - 1 - np.argmax(self.ok[:, ::-1], axis=1)
        if board.chained:
            low, high = np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1]
        self.ok &= (at >= low[:, None]) & (at <= high[:, None])
        self.possible = bool(self.ok.any(axis=1).all())
        self.low = low
        left = room - cost[board.klass]
        there = self.ok[board.klass]
        refuse: Bools = there & (value <= left) & ~pool.forced[:, None]
        self.firm, self.level = np.nonzero(there & (value - loan <= left))
        self.sure = ~refuse[self.firm, self.level]
        self.of_class, self.least = np.nonzero((at > low[:, None]) & (at <= high[:, None]))
        self.number = np.full((board.classes, q + 1), -1)
        self.number[self.of_class, self.least] = np.arange(self.of_class.size)

    def constraints(self) -> tuple[Lines, Floats]:
        pool, c, extra = self.board.pool, self.firm.size, self.of_class.size
        stay = self.board.stay[self.firm, self.level]
        lines, bottoms = Lines(2 * c + extra), list[Floats]()
        every, one = np.arange(c), np.ones(c)

        def add(bottom: Floats | None, top: Floats, *parts: tuple[Ints, Ints, Floats]) -> None:
            bottoms.append(np.full(top.size, -np.inf) if bottom is None else bottom)
            lines.add(top, *parts)

        first = np.zeros(c, dtype=np.int64)
        for at in range(len(pool.rows)):
            money, drawn, count, stays = pool.coefficients(at)
            by_money = money[self.firm] + drawn[self.firm] * stay
            add(None, pool.right[at : at + 1], (first, every, by_money), (first, c + every, count + stays * stay))
        add(None, np.zeros(c), (every, every, one), (every, c + every, -pool.high[self.firm]))
        add(None, np.zeros(c), (every, every, -one), (every, c + every, pool.low[self.firm]))
        # A loan at a level needs its class there, and where refusing is ruled out the class there needs the loan.
        top, parts = self._at(self.board.klass[self.firm], self.level)
        add(np.where(self.sure, top, -np.inf), top, (every, c + every, one), *parts)
        # Levels that are ruled out between others.
        gap_class, gap_level = np.nonzero(~self.ok)
        inside = (gap_level > self.low[gap_class]) & (self.number[gap_class, gap_level] >= 0)
        _, parts = self._at(gap_class[inside], gap_level[inside])
        add(None, np.zeros(int(inside.sum())), *((line, column, -value) for line, column, value in parts))
        # "At least l + 1" means "at least l"; and the next class is at least as high.
        after = [self.number[self.of_class, self.least + 1]]
        if self.board.chained:
            following = np.minimum(self.of_class + 1, self.board.classes - 1)
            after.append(np.where(following > self.of_class, self.number[following, self.least], -1))
        for k, other in enumerate(after):
            has = np.flatnonzero(other >= 0)
            line, unit = np.arange(has.size), np.ones(has.size)
            small, large = (other[has], has) if k == 0 else (has, other[has])
            add(None, np.zeros(has.size), (line, 2 * c + small, unit), (line, 2 * c + large, -unit))
        forced = np.flatnonzero(pool.forced)
        of = np.searchsorted(forced, self.firm).clip(max=max(forced.size - 1, 0))
        mine = np.flatnonzero(pool.forced[self.firm])
        add(np.ones(forced.size), np.ones(forced.size), (of[mine], c + mine, np.ones(mine.size)))
        return lines, np.concatenate(bottoms)

    def _at(self, klass: Ints, level: Ints) -> tuple[Floats, list[tuple[Ints, Ints, Floats]]]:
        """Minus the indicator "class is at level", as (constant, entries): y(l) - y(l + 1), y(lowest) being 1."""
        base = 2 * self.firm.size
        line = np.arange(klass.size)
        here, above = self.number[klass, level], self.number[klass, level + 1]
        top = np.where(level == self.low[klass], 1.0, 0.0)
        has, more = here >= 0, above >= 0
        return top, [
            (line[has], base + here[has], -np.ones(int(has.sum()))),
            (line[more], base + above[more], np.ones(int(more.sum()))),
        ]

    def read(self, x: Floats) -> Choice:
        """The loans that a solution stands for."""
        pool, c = self.board.pool, self.firm.size
        level = self.low.copy()
        np.add.at(level, self.of_class, (x[2 * c :] > 0.5).astype(np.int64))
        amount = np.zeros(pool.size)
        on = x[c : 2 * c] > 0.5
        amount[self.firm[on]] = x[:c][on]
        at = level[self.board.klass]
        amount = np.where(amount > 0.0, np.clip(amount, pool.low, pool.high), 0.0)
        return Choice(amount, self.board.rates[at], self.board.stay[np.arange(pool.size), at])
