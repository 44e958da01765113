"""All plans close to the bound, by what the firms near a tie could do instead.

Under the prices of the limits every firm has a best answer: refusal, its smallest or its largest loan. A plan falls
short of the Lagrangian bound by its firms' regrets (what their decisions are worth less than their best answers) and
by what its unused limits are priced at. So a plan within `deep` of the bound differs from the best answers in few
firms, those near a tie, and all such sets of changes can be listed, one firm at a time. What is then left of the row
on money that counts most (as a rule the budget) goes to one loan of an amount in between, and all rates move together
until a ceiling on mean churn is just used up (search.settled).

One loan in between is enough. With the firms lent to fixed, the most that amounts b can earn is
``min over p of sum_i max over s of (b_i h_i(s) + p s)`` less a constant, p being the price of churn: the partial
minimum of a function jointly convex in (b, p), so convex in b, and largest at a vertex of what that row allows. Other
rows on money stay priced, which can only raise the bound. Regrets at other prices of churn, or of a number of clients,
bound a plan's distance just as well: a set is dropped once one of them, with what the firms still open and the loan in
between must add for the row to be met, reaches `deep`. So every plan not listed is worth at most the bound less `deep`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.core.allocation.search import Best, settled
from credit_udfs.types import Floats, Ints

TILTS = (0.97, 1.03, 0.9, 1.1)
"""Factors on the price of mean churn, and of a number of clients, under which regrets are counted too."""
LARGEST = 2_000
STATES = 200_000
POLISHED = 40
ROUNDS = 16
FIRST = 1e-5
"""How far below the bound plans are listed first, relative: few lie there, and often one of them will do."""
DEEPER = 2.5
CELL, CELLS = 0.01, 600
"""Grid on what is left of the row, in units of money, on which completions are bounded."""
STEPS = 12
"""Parts of a firm's range of amounts between which its regret is interpolated: from below, as it is concave."""


@dataclass(frozen=True, eq=False)
class _Ends:
    """Complete sets of changes: what they cost at least, which state they come from, the firm with a loan in between
    (-1: none) and its amount; (e,) each."""

    cost: Floats
    state: Ints
    firm: Ints
    amount: Floats


def search_core(pool: Pool, mu: Floats, best: Best, *, target: float = 0.0, states: int = STATES) -> None:
    """Offer `best` the plans near the bound under multipliers mu (k,), and lower its bound to what that proves.

    Goes deeper until the relative gap is `target`, or more than `states` sets of changes would have to be kept. Some
    milliseconds for some hundred firms. Does nothing in large pools, and where more than one limit on money has a
    price: there more than one loan may lie in between.
    """
    if pool.size > LARGEST or sum(mu[k] > 0.0 for k in range(mu.size) if _of_money(pool, k)) > 1:
        return
    core = _Core(pool, mu)
    best.bound = min(best.bound, core.bound)
    least = max(target, 1e-6) * abs(core.bound)
    deep, done, failed = min(least / 2.0, FIRST * abs(core.bound)), 0.0, np.inf
    for _ in range(ROUNDS):
        enough = 0.99 * target * abs(best.value) if best.choice is not None else 0.0
        room = core.bound - best.value - enough
        deep = min(deep, room)
        if best.gap() <= target or done >= room:
            return
        proved = core.round(best, deep, 2.0 * deep, states)
        if proved is None:
            failed, deep = deep, np.sqrt(max(done, deep / 16.0) * deep)
            if failed < 1.2 * done:
                return
            continue
        best.bound = min(best.bound, max(proved, best.value))
        done, deep = deep, DEEPER * deep if np.isinf(failed) else np.sqrt(deep * failed)


class _Core:
    """What the firms' decisions cost against the bound, under mu and under some multipliers tilted from it."""

    def __init__(self, pool: Pool, mu: Floats) -> None:
        self.pool, self.mu, m = pool, mu, pool.size
        tilted = [k for k, row in enumerate(pool.rows) if mu[k] > 0.0 and (row.stays or row.count)]
        self.mus = np.tile(mu, (1 + len(TILTS) * len(tilted), 1))
        for at, k in enumerate(tilted):
            self.mus[1 + at * len(TILTS) :][: len(TILTS), k] *= TILTS
        self.offered = pool.offers(mu)[0]
        everyone = np.arange(m)
        self.options = np.stack([np.zeros(m), pool.low, pool.high])
        """(3, m): amounts a firm may get, beside those in between."""
        # reduced values at 0, and at amounts evenly between the smallest and the largest
        sizes = pool.low + (pool.high - pool.low) * np.linspace(0.0, 1.0, STEPS + 1)[:, None]
        between = self._reduced(sizes)
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
        self.primary = _primary(pool, mu)
        self.price, self.per, self.left = 0.0, np.zeros(m), 0.0
        if self.primary >= 0:
            self.price, self.per = float(mu[self.primary]), pool.coefficients(self.primary)[0]
            self.left = float(pool.right[self.primary] - self.per @ self.lent)
        self.tolerance = 1e-9 * max(abs(float(pool.right[self.primary])), 1.0)
        self.origin = self.left - CELL * (CELLS // 2 + 0.5)
        self.fill = self._fill()

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

    def _part(self, firm: Ints, amount: Floats) -> Floats:
        """(q, ...) the least that loans of amounts (...) to firms (...) can cost against their first choices."""
        low, high = self.pool.low[firm], self.pool.high[firm]
        at = np.clip((amount - low) / (high - low), 0.0, 1.0) * STEPS
        k = np.minimum(at.astype(np.int64), STEPS - 1)
        part = at - k
        return self.between[:, k, firm] * (1.0 - part) + self.between[:, k + 1, firm] * part

    def _fill(self) -> Floats:
        """(q, CELLS) what it costs at least to leave an amount over or have one loan take it up."""
        pool, edge = self.pool, self.origin + CELL * np.arange(CELLS + 1)
        out = np.full((self.bounds.size, CELLS), np.inf)
        out[:, edge[1:] >= 0.0] = self.price * np.maximum(edge[:-1], 0.0)[edge[1:] >= 0.0]
        some = self.partial = np.flatnonzero((pool.high > pool.low) & (self.per != 0.0))
        if not some.size:
            return out
        low, high = np.sort([self.per[some] * (end[some] - self.lent[some]) for end in (pool.low, pool.high)], axis=0)
        near = slice(*np.searchsorted(edge, [low.min() - CELL, high.max() + CELL]).clip(0, CELLS))
        edge = edge[near.start : near.stop + 1, None]
        met = (edge[1:] > low) & (edge[:-1] < high)
        cost = self._part(some, self.lent[some] + np.clip(edge, low, high) / self.per[some])
        out[:, near] = np.minimum(
            out[:, near], np.where(met, np.minimum(cost[:, 1:], cost[:, :-1]), np.inf).min(axis=2)
        )
        return out

    def round(self, best: Best, deep: float, more: float, states: int) -> float | None:
        """Look at all plans that cost less than `deep`, offer the best of them and of those met that cost less than
        `more`; return what all other plans are worth at most, or None if there are too many."""
        pool = self.pool
        other = self.regret[0] < deep
        other[self.first, np.arange(pool.size)] = False
        other[1] &= pool.low < pool.high
        firms = np.flatnonzero(other.any(axis=0))
        firms = firms[np.argsort(np.where(other, self.regret[0], np.inf).min(axis=0)[firms], kind="stable")]
        turns = [_Turn(self, int(firm), np.flatnonzero(other[:, firm])) for firm in firms]
        after = [self.fill]
        for turn in turns[:-1]:
            after.append(turn.before(after[-1]))
        # The firms with the largest regrets first: few of those combine.
        cost, left, clients = (self.bound - self.bounds)[:, None], np.array([self.left]), np.array([0])
        taken = list[tuple[Ints, Ints]]()
        for turn, least in zip(turns[::-1], after[::-1], strict=True) if turns else ():
            rest = (left + turn.step[:, None]).ravel()
            total = (cost[:, None] + turn.change[:, :, None]).reshape(cost.shape[0], -1)
            keep = np.flatnonzero((total + self._look(least, rest) < deep).all(axis=0))
            if keep.size > states:
                return None
            option, parent = np.divmod(keep, left.size)
            cost, left, clients = total[:, keep], rest[keep], clients[parent] + turn.joins[option]
            taken.append((parent, turn.options[option]))
        return self._offer(best, firms[::-1], taken, self._ends(cost, left, clients, more), deep)

    def _look(self, least: Floats, left: Floats) -> Floats:
        """(q, s) entries of a grid (q, CELLS) for what is left (s,); off the grid, less than any."""
        at = np.floor((left - self.origin) / CELL)
        out = least[:, np.clip(at, 0, CELLS - 1).astype(np.int64)]
        off = (at < 0) | (at >= CELLS)
        if off.any():
            out[:, off] = np.minimum(least.min(axis=1), 0.0)[:, None]
        return out

    def _ends(self, cost: Floats, left: Floats, clients: Ints, most: float) -> _Ends:
        """The plans that states stand for, cheaper than `most`."""
        pool = self.pool
        clients = clients + int((self.lent > 0.0).sum())
        fits = np.ones(left.size, dtype=bool)
        for k, row in enumerate(pool.rows):
            if row.count and not row.stays:
                spare = pool.right[k] - row.count * clients
                fits &= spare >= -1e-9
                cost = cost + self.mus[:, k : k + 1] * spare
        plain = cost.max(axis=0) + self.price * np.maximum(left, 0.0)
        whole = np.flatnonzero(fits & (plain < most) & (left >= -self.tolerance))
        parts = [(plain[whole], whole, np.full(whole.size, -1), np.zeros(whole.size))]
        short = np.flatnonzero(fits & (np.abs(left) > self.tolerance))
        some = self.partial
        for state in np.array_split(short, 1 + short.size * some.size // 500_000) if some.size else ():
            amount = self.lent[some] + left[state, None] / self.per[some]
            inside = (amount > pool.low[some] + 1e-12) & (amount < pool.high[some] - 1e-12)
            which, column = np.nonzero(inside)
            firm, amounts, state = some[column], amount[which, column], state[which]
            total = (cost[:, state] + self._part(firm, amounts)).max(axis=0)
            cheap = total < most
            parts.append((total[cheap], state[cheap], firm[cheap], amounts[cheap]))
        return _Ends(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _offer(self, best: Best, firms: Ints, taken: list[tuple[Ints, Ints]], ends: _Ends, deep: float) -> float:
        """Move the rates of the cheapest plans, offer them, and return what all others are worth at most."""
        pool = self.pool
        proved, tried = self.bound - deep, 0
        for at in np.argsort(ends.cost, kind="stable"):
            worth = self.bound - float(ends.cost[at])
            if worth <= best.value or tried == POLISHED:
                return max(proved, worth)
            option, state, firm = self.first.copy(), int(ends.state[at]), int(ends.firm[at])
            for turn in range(len(taken) - 1, -1, -1):
                parents, options = taken[turn]
                option[firms[turn]], state = options[state], parents[state]
            if firm >= 0 and option[firm] != self.first[firm]:
                continue  # the same loan without that change is another plan of the list
            amount = self.options[option, np.arange(pool.size)]
            if firm >= 0:
                amount[firm] = ends.amount[at]
            choice, worth = settled(pool, self.mu, Choice(amount, self.offered.rate, self.offered.stay))
            best.offer(pool, choice)
            proved = max(proved, worth)
            tried += 1
        return proved


class _Turn:
    """A firm's options, its first choice to begin with: how much more of the row each leaves, what it costs (q,
    options), and how many clients more it makes."""

    def __init__(self, core: _Core, firm: int, others: Ints) -> None:
        self.options = np.concatenate([core.first[firm : firm + 1], others])
        amount = core.options[self.options, firm]
        self.step = core.per[firm] * (core.lent[firm] - amount)
        self.change = core.regret[:, self.options, firm]
        self.joins = (amount > 0.0).astype(np.int64) - int(core.lent[firm] > 0.0)

    def before(self, least: Floats) -> Floats:
        """What this firm and all after it must add at least, from what those after it must; (q, CELLS) by what is
        left."""
        out = least.copy()
        low = np.minimum(least.min(axis=1, keepdims=True), 0.0)
        padded = np.concatenate([np.repeat(low, CELLS, axis=1), least, np.repeat(low, CELLS, axis=1)], axis=1)
        for step, change in zip(self.step[1:] / CELL, self.change.T[1:], strict=True):
            near = np.rint(step)
            shifts = {near} if abs(step - near) < 1e-6 else {np.floor(step), np.ceil(step)}
            for shift in shifts:
                at = CELLS + int(np.clip(shift, -CELLS, CELLS))
                np.minimum(out, padded[:, at : at + CELLS] + change[:, None], out=out)
        return out


def _of_money(pool: Pool, k: int) -> bool:
    row = pool.rows[k]
    return bool(np.any(row.money) or row.everyone or np.any(row.drawn))


def _primary(pool: Pool, mu: Floats) -> int:
    """The priced row on offered money; -1 if there is none."""
    found = [k for k in range(mu.size) if mu[k] > 0.0 and _of_money(pool, k) and not np.any(pool.rows[k].drawn)]
    return found[0] if found else -1
