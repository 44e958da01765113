"""Firms under a ceiling of their own (an industry's, a grade's, a group's share): their near-best plans as one turn.

With the firms lent to fixed, and the other rows on money priced, a plan is worth most where at most one loan of each
such group lies in between: one that uses the ceiling up, or, in one group only and short of its ceiling, one that uses
the budget up (rows of a laminar family: a group's loans, and all loans). So all plans of a group within a distance are
listed beforehand, and enter the search for the whole (ties.py) as the options of one turn. Where the amount depends on
what the others leave of the budget, that is in pieces of PIECE, each at what it costs at least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit_udfs.core.allocation.listing import CLOSED, Costs, Grid, Turn, filled, least, spread
from credit_udfs.core.allocation.rows import Pool, Row
from credit_udfs.types import Floats, Ints

PIECE = 0.05
HARDLY = 1e-12
UNUSED = 1.0
"""Price of what is left of the budget where only plans that use it up are looked for."""


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows on money with a price that can be kept exactly.

    row: one over all firms (-1: none), per (m,): what a loan uses of it, price: of what is left of it; ceilings: of
    groups without a firm in common, each the firms, the price of what is left of it and its right-hand side; all:
    whether these are all rows on money with a price, and none is on drawn money (what loans earn most under one isn't
    convex in their amounts); exact: whether these prices make up what is left of them.
    """

    row: int
    per: Floats
    price: float
    ceilings: tuple[tuple[Ints, float, float], ...]
    all: bool
    exact: bool


def kept_rows(pool: Pool, mu: Floats) -> Kept:
    """What can be kept exactly under multipliers mu (k,).

    A share of what is lent is at most that share of the budget M. With what is left of M at a price l, and of such
    ceilings s T at p each (T lent), ``sum p (s T - B) + l (M - T) = sum p (s M - B) + (l - sum p s) (M - T)``: what is
    left of the budget then has the lower price; where that would be negative, a part of the price of what is left of
    the ceilings bounds the sum from below.
    """
    priced = [k for k, row in enumerate(pool.rows) if mu[k] > 0.0 and _of_money(row)]
    nothing = np.zeros(pool.size)
    if len(priced) == 1:
        money, drawn, _, _ = pool.coefficients(priced[0])
        return Kept(priced[0], money, float(mu[priced[0]]), (), not np.any(drawn), True)
    lent = [
        k for k, row in enumerate(pool.rows) if row.members is None and row.key == "budget" and not np.any(row.drawn)
    ]
    taken, groups = np.zeros(pool.size, dtype=bool), list[int]()
    for k in priced:
        row = pool.rows[k]
        apart = row.members is not None and not taken[row.members].any() and bool(np.all(row.money == 1.0))
        if row.members is not None and apart and (lent or row.everyone == 0.0):
            taken[row.members] = True
            groups.append(k)
    others = [k for k in priced if k not in groups]
    budget = lent[0] if lent else -1
    price = float(mu[budget]) if lent else 0.0
    shares = -float(sum(mu[k] * pool.rows[k].everyone for k in groups))
    part = min(1.0, price / shares) if shares > 0.0 else 1.0
    right = float(pool.right[budget]) if lent else 0.0
    ceilings = list[tuple[Ints, float, float]]()
    for k in groups:
        row = pool.rows[k]
        assert row.members is not None
        left = float(mu[k]) * (part if row.everyone != 0.0 else 1.0)
        ceilings.append((np.sort(row.members), left, float(pool.right[k]) - row.everyone * right))
    exact, some = part == 1.0, others == [budget]
    left = price - shares if exact else UNUSED
    every = some or (exact and not others)
    return Kept(budget if some else -1, nothing + some, left * some, tuple(ceilings), every, exact)


def _of_money(row: Row) -> bool:
    return bool(np.any(row.money) or row.everyone or np.any(row.drawn))


def spared(pool: Pool, mu: Floats) -> tuple[Floats, float]:
    """(m,) by how much plans fall short of the Lagrangian bound for what groups with ceilings must lose, other than the
    firm's own; and the sum over all groups."""
    out, total = np.zeros(pool.size), 0.0
    kept = kept_rows(pool, mu)
    if kept.ceilings:
        costs = Costs(pool, mu, ())
        for one in (Ceiling(costs, *ceiling, opens=True) for ceiling in kept.ceilings):
            own = max(float(one.least[0]), 0.0)
            out[one.firms] -= own
            total += own
    return out + total, total


@dataclass(frozen=True, eq=False)
class Plans:
    """Plans of a group. cost (q, o): at least, against first choices; option (o, g): Costs.options' row of each firm;
    firm (o,): the firm with a loan in between (position in the group, -1: none); amount (o,): of that loan, the middle
    of its piece where it is left open; low, high (o,): the ends of that piece, both 0 where it isn't; base (q, o): the
    cost of all but that loan, what is left of the ceiling without it priced."""

    cost: Floats
    option: Ints
    firm: Ints
    amount: Floats
    low: Floats
    high: Floats
    base: Floats

    def take(self, keep: Ints) -> Plans:
        return Plans(
            self.cost[:, keep],
            self.option[keep],
            self.firm[keep],
            self.amount[keep],
            self.low[keep],
            self.high[keep],
            self.base[:, keep],
        )

    @staticmethod
    def joined(parts: list[Plans]) -> Plans:
        return Plans(
            np.concatenate([part.cost for part in parts], axis=1),
            np.concatenate([part.option for part in parts]),
            np.concatenate([part.firm for part in parts]),
            np.concatenate([part.amount for part in parts]),
            np.concatenate([part.low for part in parts]),
            np.concatenate([part.high for part in parts]),
            np.concatenate([part.base for part in parts], axis=1),
        )


class Ceiling:
    """The firms (g,) under one ceiling on what they are lent together, and its price."""

    def __init__(self, costs: Costs, firms: Ints, price: float, right: float, *, opens: bool) -> None:
        self.costs, self.firms, self.price = costs, firms, price
        self.opens = opens
        """Whether there is a row over all firms, so that what is left of it may decide a loan."""
        self.per = np.ones(firms.size)
        self.lent = costs.lent[firms]
        self.grid = Grid(right - float(self.lent.sum()))
        self.tolerance = 1e-9 * max(right, 1.0)
        self.fill = filled(costs, firms, self.per, price, self.grid, slack=opens)
        _, turns = costs.turns(firms, self.per, np.inf)
        root, _ = least(turns, self.fill, None)[0]
        self.least = self.grid.look(root, np.array([self.grid.left]))[:, 0]
        """(q,): no plan of the group costs less."""

    def plans(self, deep: Floats, most: int, cut: bool) -> tuple[Plans, bool] | None:
        """All that cost less than `deep` (q,), None if there are more than `most`."""
        costs, firms = self.costs, self.firms
        members, turns = costs.turns(firms, self.per, float(deep[0]))
        states = spread(turns, np.zeros(deep.size), self.grid, self.fill, None, deep, most, cut)
        if states is None:
            return None
        size = states.left.size
        option = np.tile(costs.first[firms], (size, 1))
        option[:, np.searchsorted(firms, members)] = states.options(turns, np.arange(size)).T
        parts = [self._whole(option, states.cost, states.left)]
        some = np.flatnonzero(costs.pool.high[firms] > costs.pool.low[firms])
        if some.size:
            for at in np.array_split(np.arange(size), 1 + size * some.size // 20_000):
                parts += self._partial(some, option[at], states.cost[:, at], states.left[at], deep)
        out = Plans.joined(parts)
        short = (out.cost - deep[:, None]).max(axis=0)
        keep = np.flatnonzero(short < 0.0)
        if keep.size > most:
            if not cut:
                return None
            return out.take(keep[np.argpartition(short[keep], most)[:most]]), False
        return out.take(keep), states.whole

    def turn(self, plans: Plans, number: int) -> Turn:
        """The plans as options of one turn on a row where every unit lent counts one, if there is one; those that leave
        a loan open are numbered from `number`."""
        amounts = self.amounts(plans, np.arange(plans.firm.size))
        clients = (amounts > 0.0).sum(axis=1) - int((self.lent > 0.0).sum())
        opened = plans.high > 0.0
        numbers = np.where(opened, number + np.arange(plans.firm.size), CLOSED)
        step = (float(self.lent.sum()) - amounts.sum(axis=1)) * self.opens
        return Turn(np.arange(plans.firm.size), step, plans.cost, clients, numbers)

    def amounts(self, plans: Plans, these: Ints) -> Floats:
        """(o, g) loans of some plans."""
        out = self.costs.options[plans.option[these], self.firms]
        partial = np.flatnonzero(plans.firm[these] >= 0)
        out[partial, plans.firm[these][partial]] = plans.amount[these][partial]
        return out

    def exactly(self, plans: Plans, these: Ints, amount: Floats) -> Floats:
        """(q, o) what plans with an open loan cost with that loan of `amount`."""
        return plans.base[:, these] + self._moved(plans.firm[these], amount)

    def _whole(self, option: Ints, cost: Floats, left: Floats) -> Plans:
        """Plans without a loan in between."""
        at = np.flatnonzero(left >= -self.tolerance)
        total = cost[:, at] + self.price * np.maximum(left[at], 0.0)
        none = np.zeros(at.size)
        return Plans(total, option[at], np.full(at.size, -1), none, none, none, total)

    def _partial(self, some: Ints, option: Ints, cost: Floats, left: Floats, deep: Floats) -> list[Plans]:
        """Plans with one loan in between, to one of `some`: it uses the ceiling up, or leaves something of it."""
        pool, firms = self.costs.pool, self.firms
        low, high, lent = pool.low[firms], pool.high[firms], self.lent
        first = option[:, some] == self.costs.first[firms][some]
        amount = lent[some] + left[:, None]
        at, column = np.nonzero(first & (amount > low[some] + HARDLY) & (amount < high[some] - HARDLY))
        firm, amount = some[column], amount[at, column]
        none = np.zeros(at.size)
        tight = cost[:, at] + self.costs.part(firms[firm], amount)
        out = [Plans(tight, option[at], firm, amount, none, none, tight)]
        if not self.opens:
            return out
        pieces = np.maximum(np.ceil((high[some] - low[some]) / PIECE).astype(np.int64), 1)
        column = np.repeat(np.arange(some.size), pieces)
        firm, turn = some[column], np.arange(column.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        width = ((high[some] - low[some]) / pieces)[column]
        start, stop = low[firm] + width * turn, low[firm] + width * (turn + 1)
        base = cost + self.price * left
        least = np.minimum(*(self._moved(firm, end)[0] for end in (start, stop)))
        some_state, piece = np.nonzero(
            first[:, column] & (start + HARDLY < lent[firm] + left[:, None]) & (base[0][:, None] + least < deep[0])
        )
        firm, start = firm[piece], start[piece]
        stop, base = np.minimum(stop[piece], lent[firm] + left[some_state]), base[:, some_state]
        total = base + np.minimum(self._moved(firm, start), self._moved(firm, stop))
        out.append(Plans(total, option[some_state], firm, (start + stop) / 2.0, start, stop, base))
        return out

    def _moved(self, firm: Ints, amount: Floats) -> Floats:
        """(q, ...) what loans of amounts (...) to firms (...) cost against their first choices, what they use less of
        the ceiling priced."""
        cost: Floats = self.costs.part(self.firms[firm], amount) - self.price * (amount - self.lent[firm])
        return cost
