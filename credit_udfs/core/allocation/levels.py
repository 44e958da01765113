"""Rates from a list, decided exactly: a mixed-integer programme over the firms that could be decided otherwise.

A class (a firm where rates are ordered, a grade where each has one rate) is at one quoted rate, its level. Binaries
"the level is at least l" make the order of risk plain inequalities between neighbours. Prices of the limits leave few
of the levels, and of the decisions to lend or refuse at them, open: what costs more under the prices than the distance
between bound and value can't be in a better plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from credit_udfs.core.allocation.lines import Lines
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.core.churn import LENDABLE
from credit_udfs.types import Bools, Floats, Ints

BARRED = 1e5
"""What a level counts less that a class may not be at, in units of money: more than all firms earn."""
ENOUGH = 0.7
"""The part of the distance between relaxation and good enough at which a search may stop."""


@dataclass(frozen=True, eq=False)
class Board:
    """Pool firms, in order of risk where rates are, and what each of their rates (m, q), its columns levels, earns.

    stay: (m, q) share of customers that stays. klass: (m,) class of each firm, 0 to c - 1, not falling; chained: levels
    don't fall from class to class. held: a class and the only level that it may be at.
    """

    pool: Pool
    rates: Floats
    stay: Floats
    klass: Ints
    chained: bool
    held: tuple[int, int] | None = None

    @classmethod
    def of(cls, pool: Pool, quoted: Floats, klass: Ints, chained: bool, held: tuple[int, int] | None = None) -> Board:
        """All firms choose from the same quoted rates (q,)."""
        each = [pool.table.stay(quoted, np.full(quoted.size, code)) for code in range(len(LENDABLE))]
        rates = np.broadcast_to(quoted, (pool.size, quoted.size))
        return cls(pool, rates, np.array(each)[pool.grade], klass, chained, held)

    def fixed(self, level: Ints) -> Board:
        """The same firms, each at the one rate of its class's level (c,)."""
        at = np.arange(self.pool.size), level[self.klass]
        return Board(self.pool, self.rates[at][:, None], self.stay[at][:, None], at[0], False)

    @cached_property
    def classes(self) -> int:
        return int(self.klass.max()) + 1

    @cached_property
    def allowed(self) -> Bools:
        """(c, q) the levels that each class may be at."""
        out = np.ones((self.classes, self.rates.shape[1]), dtype=bool)
        if self.held is not None:
            klass, level = self.held
            out[klass] = np.arange(out.shape[1]) == level
        return out

    @cached_property
    def earn(self) -> Floats:
        pool = self.pool
        return self.stay * (pool.gain[:, None] * self.rates - pool.cost[:, None])

    def values(self, mu: Floats) -> tuple[Floats, Floats, Floats]:
        """Under multipliers, at each rate, (m, q) each: reduced value of each firm's best loan, what a unit of money
        adds to it, and the reduced value with refusing included."""
        pool = self.pool
        money, drawn, count, stays = pool.priced(mu)
        each = self.earn - self.stay * drawn[:, None] - money[:, None]
        loan = np.where(each > 0.0, pool.high[:, None], pool.low[:, None]) * each - count - stays * self.stay
        return loan, each, np.where(pool.forced[:, None], loan, np.maximum(loan, 0.0))

    def by_class(self, value: Floats) -> Floats:
        """Sums of (m, q) over classes, (c, q)."""
        out = value
        if self.classes < self.pool.size:
            out = np.add.reduceat(value, np.searchsorted(self.klass, np.arange(self.classes)), axis=0)
        return out if self.held is None else np.where(self.allowed, out, out - BARRED)

    def respond(self, mu: Floats) -> tuple[Ints, Choice, float]:
        """The best level of each class (c,) under multipliers, the loans there, and their reduced value."""
        loan, each, value = self.values(mu)
        sums = self.by_class(value)
        level = chain(sums) if self.chained else np.argmax(sums, axis=1)
        rows, at = np.arange(self.pool.size), level[self.klass]
        return level, self.loans(at, loan[rows, at], each[rows, at]), float(value[rows, at].sum())

    def loans(self, at: Ints, loan: Floats, each: Floats) -> Choice:
        """The best loans at levels (m,), given their reduced values and those of a unit of money, (m,) each."""
        pool, rows = self.pool, np.arange(self.pool.size)
        amount = np.where((loan > 0.0) | pool.forced, np.where(each > 0.0, pool.high, pool.low), 0.0)
        return Choice(amount, self.rates[rows, at], self.stay[rows, at])


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


def below(sums: Floats) -> Floats:
    """(c + 1, q) what the classes before one are worth at most with levels that don't fall, up to each."""
    out = np.zeros((sums.shape[0] + 1, sums.shape[1]))
    for i, here in enumerate(sums):
        np.maximum.accumulate(out[i] + here, out=out[i + 1])
    return out


def above(sums: Floats) -> Floats:
    """(c + 1, q) the same of the classes from one on, from each level up."""
    return below(sums[::-1, ::-1])[::-1, ::-1]


def dearer(sums: Floats, chained: bool) -> Floats:
    """(c, q) what forcing a class to a level costs against the best levels of all."""
    if not chained:
        alone: Floats = sums.max(axis=1, keepdims=True) - sums
        return alone
    through = below(sums)[:-1] + sums + above(sums)[1:]
    cost: Floats = through.max(axis=1, keepdims=True) - through
    return cost


class Costs:
    """What decisions cost under multipliers, against the best of all together.

    level: a class's level, whatever its firms' loans, (c, q); lend: a firm's best loan at a level; resize: the other
    end of its range of amounts; refuse: none. (m, q) each. best: the best loan or none at each firm's best level.
    """

    def __init__(self, board: Board, mu: Floats) -> None:
        pool, rows = board.pool, np.arange(board.pool.size)
        loan, each, value = board.values(mu)
        self.level = dearer(board.by_class(value), board.chained)
        level = self.level[board.klass]
        self.lend = level + (value - loan)
        size = (pool.high - pool.low)[:, None]
        self.resize = np.where(size > 0.0, self.lend + np.abs(each) * size, np.inf)
        self.refuse = np.where(pool.forced[:, None], np.inf, level + value)
        at = np.argmin(self.lend, axis=1)
        self.best = board.loans(at, loan[rows, at], each[rows, at])

    def room(self, many: int) -> float:
        """What decisions may cost so that about `many` firms have a choice."""
        lend, refuse = np.sort(self.lend, axis=1), self.refuse.min(axis=1)
        second = lend[:, 1] if lend.shape[1] > 1 else np.inf
        other = np.minimum(np.minimum(second, refuse), self.resize.min(axis=1))
        change = np.where(lend[:, 0] <= refuse, other, lend[:, 0])
        many = min(many, change.size) - 1
        return float(np.partition(change, many)[many]) * (1 + 1e-9) + 1e-11


@dataclass(frozen=True, eq=False)
class Decided:
    """choice: None where nothing was found; bound: no plan within the room is worth more (inf where unknown); stopped:
    at a limit of time or steps."""

    choice: Choice | None
    bound: float
    stopped: bool


def decide_levels(
    board: Board,
    costs: Costs,
    *,
    room: float,
    gap: float,
    least: float = -np.inf,
    proof: bool = False,
    seconds: float | None = None,
    nodes: int | None = None,
) -> Decided:
    """The best plan whose decisions each cost at most `room`, to a relative `gap`.

    proof: of all such plans; else firms with one decision within the room have it (their amount may not move either),
    which leaves a small programme of a large board. least: the value from which on a plan is good enough; nothing is
    looked for where the linear relaxation shows that there is none. nodes: steps of the search, at most.
    """
    model = _Model(board, costs, room, proof)
    if not model.possible:
        return Decided(None, -np.inf, False)
    lines, bottom = model.constraints()
    matrix, top = lines.matrix()
    worth, rest = board.earn[model.firm, model.level], float(board.pool.profit(model.kept).sum())
    scale = float(np.abs(worth).max(initial=0.0)) or 1.0
    c, extra = model.firm.size, model.of.size

    def solve(whole: list[int], **options: float) -> OptimizeResult:
        if seconds is not None:
            options["time_limit"] = max(seconds, 0.01)
        # The last variable is 1: what the settled firms earn counts in the gap.
        return milp(
            np.concatenate([-worth / scale, np.zeros(c + extra), [-rest / scale]]),
            integrality=np.repeat(whole, [c, c, extra, 1]),
            bounds=Bounds(
                np.append(np.zeros(2 * c + extra), 1.0),
                np.concatenate([board.pool.high[model.firm], np.ones(c + extra + 1)]),
            ),
            constraints=LinearConstraint(matrix, bottom, top),
            options=options,
        )

    bound, finest, steps = np.inf, max(gap, 1e-9), {} if nodes is None else {"node_limit": nodes}
    if np.isfinite(least):
        relaxed = solve([0, 0, 0, 0])
        bound = -np.inf if relaxed.x is None else -float(relaxed.fun) * scale
        if bound <= least:
            return Decided(None, bound, False)
    while True:
        enough = max(finest, ENOUGH * (bound - least) / abs(bound)) if np.isfinite(least) else finest
        found = solve([0, 1, 1, 0], mip_rel_gap=enough, **steps)
        dual = found.mip_dual_bound
        bound = -float(dual) * scale if dual is not None and np.isfinite(dual) else np.inf
        # Whole decisions may fall short of what the relaxation promised: then once more, with what is left.
        if found.status != 0 or enough == finest or -found.fun * scale >= least or bound <= least:
            break
    if found.x is None:
        return Decided(None, -np.inf if found.status == 2 else bound, found.status == 1)
    return Decided(model.read(found.x), bound, found.status == 1)


class _Model:
    """Variables: amount b and lent-to z of each open loan (firm, level); y = "level at least l" of each class (`of`)
    with open loans."""

    def __init__(self, board: Board, costs: Costs, room: float, proof: bool) -> None:
        self.board = board
        pool, klass, q = board.pool, board.klass, board.rates.shape[1]
        at = np.arange(q)
        self.ok = (costs.level <= room) & board.allowed
        low, high = np.argmax(self.ok, axis=1), q - 1 - np.argmax(self.ok[:, ::-1], axis=1)
        if board.chained:
            low, high = np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1]
        self.ok &= (at >= low[:, None]) & (at <= high[:, None])
        self.possible = bool(self.ok.any(axis=1).all())
        ok = self.ok[klass]
        lend, refuse = ok & (costs.lend <= room), ok & (costs.refuse <= room)
        settled = np.zeros(pool.size, dtype=bool)
        if not proof:
            settled = (lend.sum(axis=1) == 1) & ~refuse.any(axis=1) & ~(ok & (costs.resize <= room)).any(axis=1)
        self.kept = Choice(np.where(settled, costs.best.amount, 0.0), costs.best.rate, costs.best.stay)
        self.low, self.right = low, pool.right - pool.total(self.kept)
        self.firm, self.level = np.nonzero(lend & ~settled[:, None])
        self.sure = ~refuse[self.firm, self.level]
        # Classes without an open loan are refused or settled: their levels bind nobody beyond `low` and `high`.
        undecided = np.zeros(board.classes, dtype=bool)
        undecided[klass[self.firm]] = True
        has = np.flatnonzero(undecided)
        self.next = np.full(board.classes, -1)
        self.next[has[:-1]] = has[1:]
        self.of, self.least = np.nonzero((at > low[:, None]) & (at <= high[:, None]) & undecided[:, None])
        self.number = np.full((board.classes, q + 1), -1)
        self.number[self.of, self.least] = np.arange(self.of.size)

    def constraints(self) -> tuple[Lines, Floats]:
        pool, c, extra = self.board.pool, self.firm.size, self.of.size
        stay = self.board.stay[self.firm, self.level]
        lines, bottoms = Lines(2 * c + extra + 1), list[Floats]()
        every, one = np.arange(c), np.ones(c)

        def add(bottom: Floats | None, top: Floats, *parts: tuple[Ints, Ints, Floats]) -> None:
            bottoms.append(np.full(top.size, -np.inf) if bottom is None else bottom)
            lines.add(top, *parts)

        first = np.zeros(c, dtype=np.int64)
        for at in range(len(pool.rows)):
            money, drawn, count, stays = pool.coefficients(at)
            by_money = money[self.firm] + drawn[self.firm] * stay
            add(None, self.right[at : at + 1], (first, every, by_money), (first, c + every, count + stays * stay))
        add(None, np.zeros(c), (every, every, one), (every, c + every, -pool.high[self.firm]))
        add(None, np.zeros(c), (every, every, -one), (every, c + every, pool.low[self.firm]))
        # A loan at a level needs its class there, and where refusing is ruled out the class there needs the loan.
        top, parts = self._at(self.board.klass[self.firm], self.level)
        add(np.where(self.sure, top, -np.inf), top, (every, c + every, one), *parts)
        # Levels that are ruled out between others.
        klass, level = np.nonzero(~self.ok)
        inside = (level > self.low[klass]) & (self.number[klass, level] >= 0)
        _, parts = self._at(klass[inside], level[inside])
        add(None, np.zeros(int(inside.sum())), *((line, column, -value) for line, column, value in parts))
        # "At least l + 1" means "at least l"; and the next class is at least as high.
        after = [self.number[self.of, self.least + 1]]
        if self.board.chained:
            following = self.next[self.of]
            after.append(np.where(following >= 0, self.number[following, self.least], -1))
        for k, other in enumerate(after):
            has = np.flatnonzero(other >= 0)
            line, unit = np.arange(has.size), np.ones(has.size)
            small, large = (other[has], has) if k == 0 else (has, other[has])
            add(None, np.zeros(has.size), (line, 2 * c + small, unit), (line, 2 * c + large, -unit))
        forced, mine = np.unique(self.firm[pool.forced[self.firm]]), np.flatnonzero(pool.forced[self.firm])
        add(np.ones(forced.size), np.ones(forced.size), (np.searchsorted(forced, self.firm[mine]), c + mine, one[mine]))
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
        choice = Choice(self.kept.amount.copy(), self.kept.rate.copy(), self.kept.stay.copy())
        on = np.flatnonzero(x[c : 2 * c] > 0.5)
        firm, level = self.firm[on], self.level[on]
        choice.amount[firm] = np.clip(x[on], pool.low[firm], pool.high[firm])
        choice.rate[firm], choice.stay[firm] = self.board.rates[firm, level], self.board.stay[firm, level]
        return choice
