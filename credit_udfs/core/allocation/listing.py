"""Sets of decisions that cost little against a bound, listed one turn at a time.

A turn is what one firm, or a group of firms, may do; its options use more or less of a row on money, and cost more or
less under each of some multipliers. A set of options is dropped once under one of the multipliers it, with what the
turns still to come must add for the row to be met, costs too much. What they must add is known from below by dynamic
programming over what is left of the row, on a grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from credit_udfs.core.allocation.rows import Pool
from credit_udfs.types import Floats, Ints

TILTS = (0.97, 1.03, 0.9, 1.1)
"""Factors on the price of mean churn, and of a number of clients, under which regrets are counted too."""
CELL, REACH = 0.01, 3.0
"""Grid on what is left of a row, in units of money, and how far it reaches beyond nothing and what first choices
leave."""
STEPS = 12
"""Parts of a firm's range of amounts between which its regret is interpolated: from below, as it is concave."""
CLOSED = -1


class Costs:
    """What the firms' decisions cost against their best answers, under mu and under some multipliers tilted from it;
    q of them."""

    def __init__(self, pool: Pool, mu: Floats, tilts: tuple[float, ...] = TILTS) -> None:
        self.pool, self.mu, m = pool, mu, pool.size
        tilted = [k for k, row in enumerate(pool.rows) if mu[k] > 0.0 and (row.stays or row.count)]
        self.mus = np.tile(mu, (1 + len(tilts) * len(tilted), 1))
        for at, k in enumerate(tilted):
            self.mus[1 + at * len(tilts) :][: len(tilts), k] *= tilts
        self.offered = pool.offers(mu)[0]
        everyone = np.arange(m)
        self.options = np.stack([np.zeros(m), pool.low, pool.high])
        """(3, m): amounts a firm may get, beside those in between."""
        # reduced values at 0, and at amounts evenly between the smallest and the largest
        between = self._reduced(pool.low + (pool.high - pool.low) * np.linspace(0.0, 1.0, STEPS + 1)[:, None])
        refused = np.where(pool.forced, -np.inf, 0.0)
        value = np.stack([np.broadcast_to(refused, between[:, 0].shape), between[:, 0], between[:, -1]], axis=1)
        self.first = np.argmax(value[0], axis=0)
        top = value[:, self.first, everyone]
        self.regret = top[:, None] - value
        """(q, 3, m): what an option is worth less than the first choice."""
        self.between = top[:, None] - between
        """(q, STEPS + 1, m): the same in between."""
        self.bounds = self.mus @ pool.right + top.sum(axis=1)
        """(q,): what the first choices come to; for mu, the Lagrangian bound."""
        self.bound = float(self.bounds[0])
        self.lent = self.options[self.first, everyone]

    def _reduced(self, sizes: Floats) -> Floats:
        """(q, steps, m) values of loans of amounts (steps, m)."""
        pool, gain = self.pool, np.maximum(self.pool.gain, 1e-12)
        priced = [pool.priced(mu) for mu in self.mus]
        kappa = np.stack([(pool.cost + drawn) / gain + stays / (gain * sizes) for _, drawn, _, stays in priced])
        grade = np.broadcast_to(pool.grade, kappa.shape)
        rate, stay = (part.reshape(kappa.shape) for part in pool.table.best(kappa.ravel(), grade.ravel()))
        out = np.empty(kappa.shape)
        for q, (money, drawn, count, stays) in enumerate(priced):
            each = stay[q] * (pool.gain * rate[q] - pool.cost - drawn) - money
            out[q] = sizes * each - count - stays * stay[q]
        return out

    def part(self, firm: Ints, amount: Floats) -> Floats:
        """(q, ...) the least that loans of amounts (...) to firms (...) can cost against their first choices."""
        low, high = self.pool.low[firm], self.pool.high[firm]
        at = np.clip((amount - low) / (high - low), 0.0, 1.0) * STEPS
        k = np.minimum(at.astype(np.int64), STEPS - 1)
        part = at - k
        return self.between[:, k, firm] * (1.0 - part) + self.between[:, k + 1, firm] * part

    def turns(self, firms: Ints, per: Floats, deep: float) -> tuple[Ints, list[Turn]]:
        """The firms (of `firms`) with options beside their first choice that cost less than `deep`, those with the
        largest regrets first, as few of them combine; and their turns. per: what a unit lent uses of the row."""
        other = self.regret[0][:, firms] < deep
        other[self.first[firms], np.arange(firms.size)] = False
        other[1] &= (self.pool.low < self.pool.high)[firms]
        some = np.flatnonzero(other.any(axis=0))
        dearest = np.where(other, self.regret[0][:, firms], np.inf).min(axis=0)[some]
        some = some[np.argsort(-dearest, kind="stable")]
        out = list[Turn]()
        for firm, use, others in zip(firms[some], per[some], other.T[some], strict=True):
            options = np.append(self.first[firm], np.flatnonzero(others))
            amount = self.options[options, firm]
            joins = (amount > 0.0).astype(np.int64) - int(self.lent[firm] > 0.0)
            step = use * (self.lent[firm] - amount)
            out.append(Turn(options, step, self.regret[:, options, firm], joins, np.full(options.size, CLOSED)))
        return firms[some], out


@dataclass(frozen=True, eq=False)
class Turn:
    """options (o,): their names; step (o,): what each leaves more of the row than first choices; change (q, o): what
    it costs; joins (o,): clients more; opens (o,): which loan it leaves open within PIECE / 2, or CLOSED."""

    options: Ints
    step: Floats
    change: Floats
    joins: Ints
    opens: Ints

    def before(self, least: Floats, opened: bool) -> Floats:
        """What this turn and all after it must add at least, from what those after it must: (q, cells) by what is
        left; by options that leave a loan open, or by the others."""
        out = np.full(least.shape, np.inf)
        these = np.flatnonzero((self.opens != CLOSED) == opened)
        if not these.size:
            return out
        low, cells = np.minimum(least.min(axis=1, keepdims=True), 0.0), least.shape[1]
        padded = np.concatenate([np.repeat(low, cells, axis=1), least, np.repeat(low, cells, axis=1)], axis=1)
        step, change = self.step[these] / CELL, self.change[:, these]
        near = np.rint(step)
        exact = np.abs(step - near) < 1e-6
        shift = np.concatenate([np.where(exact, near, np.floor(step)), np.where(exact, near, np.ceil(step))])
        at = cells + np.clip(shift, -cells, cells).astype(np.int64)
        twice = np.concatenate([change, change], axis=1)
        for start in np.unique(at):
            cheapest = twice[:, at == start].min(axis=1)
            np.minimum(out, padded[:, start : start + cells] + cheapest[:, None], out=out)
        return out


@dataclass(frozen=True, eq=False)
class Grid:
    """A grid on what is left of a row, around what first choices leave."""

    left: float

    @cached_property
    def origin(self) -> float:
        """What first choices leave, and what options change it by, are often round: in the middle of a cell."""
        return self.left - CELL * (math.ceil((max(self.left, 0.0) + REACH) / CELL) + 0.5)

    @cached_property
    def edges(self) -> Floats:
        cells = round((max(self.left, 0.0) + REACH - self.origin) / CELL)
        return self.origin + CELL * np.arange(cells + 1, dtype=np.float64)

    def look(self, table: Floats, left: Floats) -> Floats:
        """(q, s) entries of (q, cells) for what is left (s,); off the grid, less than any."""
        at = np.floor((left - self.origin) / CELL)
        cells = table.shape[1]
        out = table[:, np.clip(at, 0, cells - 1).astype(np.int64)]
        off = (at < 0) | (at >= cells)
        if off.any():
            out[:, off] = np.minimum(table.min(axis=1), 0.0)[:, None]
        return out


@dataclass(frozen=True, eq=False)
class States:
    """Sets of options: cost (q, s), what they leave of the row, clients more than by first choices, the loan left open
    (or CLOSED); and by turn, the set before and the option."""

    cost: Floats
    left: Floats
    joins: Ints
    opens: Ints
    taken: tuple[tuple[Ints, Ints], ...] = ()
    whole: bool = True

    def options(self, turns: Sequence[Turn], states: Ints) -> Ints:
        """(turns, states) the names of the options taken."""
        out = np.empty((len(turns), states.size), dtype=np.int64)
        for at in range(len(turns) - 1, -1, -1):
            parents, options = self.taken[at]
            out[at] = turns[at].options[options[states]]
            states = parents[states]
        return out


def least(turns: Sequence[Turn], fill: Floats, tight: Floats | None) -> list[tuple[Floats, Floats | None]]:
    """Before each turn, and after the last: what is still to be added at least, (q, cells), while no loan is open and
    once one is. fill, tight: the same after the last turn."""
    out = [(fill, tight)]
    for turn in turns[::-1]:
        closed, opened = out[-1]
        first = turn.before(closed, False)
        if opened is not None:
            first = np.minimum(first, turn.before(opened, True))
            opened = turn.before(opened, False)
        out.append((first, opened))
    return out[::-1]


def spread(
    turns: Sequence[Turn],
    start: Floats,
    grid: Grid,
    fill: Floats,
    tight: Floats | None,
    deep: Floats,
    most: int,
    cut: bool,
) -> States | None:
    """All sets of options that can cost less than `deep` (q,) with what the row then asks for, from `start` (q,);
    None if there are more than `most`."""
    none = np.zeros(1, dtype=np.int64)
    now = States(start[:, None], np.array([grid.left]), none, none + CLOSED)
    taken, whole = list[tuple[Ints, Ints]](), True
    for turn, (closed, opened) in zip(turns, least(turns, fill, tight)[1:], strict=True):
        count = now.left.size
        rest = (now.left + turn.step[:, None]).ravel()
        total = (now.cost[:, None] + turn.change[:, :, None]).reshape(start.size, -1)
        opens = np.maximum(now.opens, turn.opens[:, None]).ravel()
        ahead = grid.look(closed, rest)
        if opened is not None:
            ahead = np.where(opens == CLOSED, ahead, grid.look(opened, rest))
            twice = ((now.opens != CLOSED) & (turn.opens[:, None] != CLOSED)).ravel()
            ahead[:, twice] = np.inf
        short = (total + ahead - deep[:, None]).max(axis=0)
        keep = np.flatnonzero(short < 0.0)
        if keep.size > most:
            if not cut:
                return None
            keep, whole = keep[np.argpartition(short[keep], most)[:most]], False
        option, parent = np.divmod(keep, count)
        now = States(total[:, keep], rest[keep], now.joins[parent] + turn.joins[option], opens[keep])
        taken.append((parent, option))
    return States(now.cost, now.left, now.joins, now.opens, tuple(taken), whole)


def filled(costs: Costs, firms: Ints, per: Floats, price: float, grid: Grid, *, slack: bool) -> Floats:
    """(q, cells) what it costs at least to leave an amount of a row over, or have one loan to `firms` take it up; with
    `slack`, to have one loan take up a part."""
    pool, edge = costs.pool, grid.edges
    out = np.full((costs.bounds.size, edge.size - 1), np.inf)
    out[:, edge[1:] >= 0.0] = price * np.maximum(edge[:-1], 0.0)[edge[1:] >= 0.0]
    some = (pool.high[firms] > pool.low[firms]) & (per != 0.0)
    firms, per = firms[some], per[some]
    if not firms.size:
        return out
    lent = costs.lent[firms]
    if slack:
        for option in (1, 2):
            used = per * (costs.options[option, firms] - lent)
            cost = costs.regret[:, option, firms]
            for firm in range(firms.size):
                over = edge[1:] >= used[firm]
                some_cost = cost[:, firm, None] + price * np.maximum(edge[:-1] - used[firm], 0.0)[over]
                out[:, over] = np.minimum(out[:, over], some_cost)
    low, high = np.sort([per * (end[firms] - lent) for end in (pool.low, pool.high)], axis=0)
    near = slice(*np.searchsorted(edge, [low.min() - CELL, high.max() + CELL]).clip(0, edge.size - 1))
    edge = edge[near.start : near.stop + 1, None]
    met = (edge[1:] > low) & (edge[:-1] < high)
    cost = costs.part(firms, lent + np.clip(edge, low, high) / per)
    out[:, near] = np.minimum(out[:, near], np.where(met, np.minimum(cost[:, 1:], cost[:, :-1]), np.inf).min(axis=2))
    return out
