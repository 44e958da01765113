"""All plans close to the bound, by what the firms near a tie could do instead.

Under the prices of the limits every firm has a best answer: refusal, its smallest or its largest loan. A plan falls
short of the Lagrangian bound by its firms' regrets (what their decisions are worth less than their best answers) and
by what its unused limits are priced at. So a plan within `deep` of the bound differs from the best answers in few
firms, those near a tie, and all such sets of changes can be listed, one firm at a time (listing.py). What is then left
of the row on money that counts most (as a rule the budget) goes to one loan of an amount in between, and all rates move
together until a ceiling on mean churn is just used up (search.settled).

One loan in between is enough. With the firms lent to fixed, the most that amounts b can earn is
``min over p of sum_i max over s of (b_i h_i(s) + p s)`` less a constant, p being the price of churn: the partial
minimum of a function jointly convex in (b, p), so convex in b, and largest at a vertex of what that row allows. Where
groups of firms have priced ceilings of their own, one more in each (ceilings.py): their plans are listed first, and
what each group's best costs already lowers the bound. Other rows on money stay priced, which can only raise the bound.
Regrets at other prices of churn, or of a number of clients, bound a plan's distance just as well: a set is dropped once
one of them reaches `deep`. So every plan not listed is worth at most the bound less `deep`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit_udfs.core.allocation.ceilings import HARDLY, PIECE, Ceiling, Kept, Plans, kept_rows
from credit_udfs.core.allocation.listing import CLOSED, Costs, Grid, States, Turn, filled, spread
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.core.allocation.search import Best, settled
from credit_udfs.types import Bools, Floats, Ints

LARGEST = 2_000
STATES = 200_000
POLISHED = 40
FEW = 1_000
ROUNDS, CUTS = 24, 4
FIRST = 1e-5
"""How far below the bound plans are listed first, relative: few lie there, and often one of them will do."""
DEEPER = 2.0


def search_core(pool: Pool, mu: Floats, best: Best, *, target: float = 0.0, states: int = STATES) -> None:
    """Offer `best` the plans near the bound under multipliers mu (k,), and lower its bound to what that proves.

    Goes deeper until the relative gap is `target`, or more than `states` sets of changes would have to be kept. Some
    milliseconds for some hundred firms. Does nothing in large pools, and where limits on money have a price that
    overlap otherwise than the budget and groups without a firm in common: more loans may lie in between there.
    """
    kept = kept_rows(pool, mu)
    if pool.size > LARGEST or not kept.all:
        return
    core = _Core(pool, mu, kept)
    best.bound = min(best.bound, max(core.bound - core.floor, best.value))
    more, done, failed = FIRST * abs(core.bound) * (5.0 if core.ceilings else 1.0), 0.0, np.inf
    few, cuts = True, 0
    for _ in range(ROUNDS):
        enough = 0.99 * target * abs(best.value) if best.choice is not None else 0.0
        room = core.bound - core.floor - best.value - enough
        more = min(more, room)
        if best.gap() <= target or done >= room or cuts == CUTS:
            return
        proved = core.round(best, core.floor + more, core.floor + 2.0 * more, FEW if few else states, few)
        if not kept.exact:  # plans that use the budget up are listed, others aren't
            if best.choice is not None and proved is None:
                return
            done, more, cuts = more, DEEPER * more, cuts + (proved is None)
        elif proved is not None:
            best.bound = min(best.bound, max(proved, best.value))
            done, more = more, DEEPER * more if np.isinf(failed) else np.sqrt(more * failed)
        elif few and best.choice is None:
            more, cuts = DEEPER * more, cuts + 1
        elif few:
            few = False
        else:
            failed, more = more, np.sqrt(max(done, more / 16.0) * more)
            if failed < 1.2 * done:
                return


@dataclass(frozen=True, eq=False)
class _Ends:
    """Complete sets of changes: what they cost at least, which state they come from, the firm with a loan in between
    (-1: none, or in a group) and its amount; (e,) each."""

    cost: Floats
    state: Ints
    firm: Ints
    amount: Floats


class _Core(Costs):
    """The search for the whole: groups under ceilings, a turn each, then the other firms, one by one."""

    def __init__(self, pool: Pool, mu: Floats, kept: Kept) -> None:
        super().__init__(pool, mu)
        self.row, self.per, self.price = kept.row, kept.per, kept.price
        right = float(pool.right[self.row]) if self.row >= 0 else 0.0
        self.grid = Grid(right - float(self.per @ self.lent) if self.row >= 0 else 0.0)
        self.tolerance = 1e-9 * max(abs(right), 1.0)
        free = np.ones(pool.size, dtype=bool)
        self.ceilings = [Ceiling(self, *one, opens=self.row >= 0) for one in kept.ceilings]
        for one in self.ceilings:
            free[one.firms] = False
        self.free = np.flatnonzero(free)
        self.partial = self.free[(pool.high > pool.low)[self.free] & (self.per[self.free] != 0.0)]
        self.fill = filled(self, self.free, self.per[self.free], self.price, self.grid, slack=False)
        self.base = self.bound - self.bounds
        """(q,): what first choices cost against the bound."""
        self.least = self.base + self.regret[:, :, self.free].min(axis=1).sum(axis=1)
        for one in self.ceilings:
            self.least = self.least + one.least
        self.floor = max(float(self.least.max()), 0.0)
        """No plan is nearer to the bound."""

    def round(self, best: Best, deep: float, more: float, states: int, cut: bool) -> float | None:
        """Look at all plans that cost less than `deep`, offer the best of them and of those met that cost less than
        `more`; return what all other plans are worth at most, or None if there are too many."""
        room = deep - self.least
        groups, turns, whole = list[Plans](), list[Turn](), True
        for one in self.ceilings:
            listed = one.plans(room + one.least, states, cut)
            if listed is None:
                return None
            plans, all_ = listed
            whole = whole and all_
            if not plans.firm.size:
                return self.bound - deep if all_ else None
            turns.append(one.turn(plans, sum(group.firm.size for group in groups)))
            groups.append(plans)
        firms, rest = self.turns(self.free, self.per[self.free], deep)
        tight = None
        if any((turn.opens != CLOSED).any() for turn in turns):
            edges = self.grid.edges
            met = (edges[:-1] <= PIECE / 2.0) & (edges[1:] >= -PIECE / 2.0)
            tight = np.tile(np.where(met, 0.0, np.inf), (self.base.size, 1))
        every = turns + rest
        found = spread(every, self.base, self.grid, self.fill, tight, np.full(self.base.size, deep), states, cut)
        if found is None:
            return None
        proved = self._offer(best, groups, firms, every, found, self._ends(found, groups, more), deep)
        return proved if whole and found.whole else None

    def _ends(self, found: States, groups: list[Plans], most: float) -> _Ends:
        """The plans that states stand for, cheaper than `most`."""
        pool, left = self.pool, found.left
        clients = found.joins + int((self.lent > 0.0).sum())
        extra, fits = self._counted(clients)
        closed = found.opens == CLOSED
        plain = (found.cost + extra).max(axis=0) + self.price * np.maximum(left, 0.0)
        whole = np.flatnonzero(closed & fits & (plain < most) & (left >= -self.tolerance))
        parts = [(plain[whole], whole, np.full(whole.size, -1), np.zeros(whole.size))]
        short = np.flatnonzero(closed & (np.abs(left) > self.tolerance))
        some = self.partial
        for state in np.array_split(short, 1 + short.size * some.size // 500_000) if some.size else ():
            amount = self.lent[some] + left[state, None] / self.per[some]
            inside = (amount > pool.low[some] + HARDLY) & (amount < pool.high[some] - HARDLY)
            which, column = np.nonzero(inside)
            firm, amounts, state = some[column], amount[which, column], state[which]
            more, fit = self._counted(clients[state] + (self.lent[firm] == 0.0))
            total = (found.cost[:, state] + more + self.part(firm, amounts)).max(axis=0)
            cheap = fit & (total < most)
            parts.append((total[cheap], state[cheap], firm[cheap], amounts[cheap]))
        number = 0
        for one, plans in zip(self.ceilings, groups, strict=True):
            state = np.flatnonzero(fits & (found.opens >= number) & (found.opens < number + plans.firm.size))
            these = found.opens[state] - number
            amounts = plans.amount[these] + left[state]
            inside = (amounts >= plans.low[these]) & (amounts <= plans.high[these])
            state, these, amounts = state[inside], these[inside], amounts[inside]
            moved = one.exactly(plans, these, amounts) - plans.cost[:, these]
            total = (found.cost[:, state] + extra[:, state] + moved).max(axis=0)
            cheap = total < most
            parts.append((total[cheap], state[cheap], one.firms[plans.firm[these]][cheap], amounts[cheap]))
            number += plans.firm.size
        return _Ends(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _counted(self, clients: Ints) -> tuple[Floats, Bools]:
        """What numbers of clients (s,) beyond limits on them are priced at, (q, s), and whether they keep them."""
        extra, fits = np.zeros((self.base.size, clients.size)), np.ones(clients.size, dtype=bool)
        for k, row in enumerate(self.pool.rows):
            if row.count and not row.stays:
                spare = self.pool.right[k] - row.count * clients
                fits &= spare >= -1e-9
                extra += self.mus[:, k : k + 1] * spare
        return extra, fits

    def _offer(
        self, best: Best, groups: list[Plans], firms: Ints, turns: list[Turn], found: States, ends: _Ends, deep: float
    ) -> float:
        """Move the rates of the cheapest plans, offer them, and return what all others are worth at most."""
        proved, tried = self.bound - deep, 0
        for at in np.argsort(ends.cost, kind="stable"):
            worth = self.bound - float(ends.cost[at])
            if worth <= best.value or tried == POLISHED:
                return max(proved, worth)
            options = found.options(turns, ends.state[at : at + 1])[:, 0]
            firm, amount = int(ends.firm[at]), self.lent.copy()
            for one, plans, option in zip(self.ceilings, groups, options[: len(groups)], strict=True):
                amount[one.firms] = one.amounts(plans, option[None])[0]
            amount[firms] = self.options[options[len(groups) :], firms]
            if firm >= 0 and found.opens[ends.state[at]] == CLOSED and amount[firm] != self.lent[firm]:
                continue  # the same loan without that change is another plan of the list
            if firm >= 0:
                amount[firm] = ends.amount[at]
            choice, worth = settled(self.pool, self.mu, Choice(amount, self.offered.rate, self.offered.stay))
            best.offer(self.pool, choice)
            proved = max(proved, worth)
            tried += 1
        return proved
