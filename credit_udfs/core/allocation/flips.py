"""What would change a firm's decision: the value of something at which a plan made anew decides otherwise.

With a budget alone a firm's decision hangs on what its best yuan earns and on nothing else of its own, so one search
for that amount, by putting the firm back on the shelf of the others, answers for its probability of default and its
rate alike. Under other limits the prices of the plan say where to look, and plans made anew from these prices on both
sides decide; plans that many firms can share are made once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from credit_udfs.core.allocation.budget_only import CannotSpend, Shelf, allot, lay_out
from credit_udfs.core.allocation.limited import resolve
from credit_udfs.core.allocation.plan import Infeasible, LimitUse, Plan
from credit_udfs.core.allocation.problem import Firms, Limits, Problem
from credit_udfs.core.allocation.rows import pool_of
from credit_udfs.core.allocation.solve import solve
from credit_udfs.types import GRADES, Bools, Floats, Grade, Progress

PD_STEP = 1e-4
EARN_STEP = 1e-7
GRID, FINE_GRID, FEW = 64, 1024, 8
"""Steps in which a budget or a limit is looked through under limits; the finer ones for at most a few firms."""


@dataclass(frozen=True)
class Flip:
    """Where the decision turns, all else equal; None where it doesn't, or nobody looked. pd: probability of default;
    budget: yuan; limit: of `use`, in its own unit; cut: what a yuan of the firm must earn (budget alone)."""

    pd: float | None = None
    budget: float | None = None
    limit: float | None = None
    cut: float | None = None


def flips(
    plan: Plan, rows: Sequence[int], eased: Sequence[LimitUse | None], gap: float, progress: Progress | None = None
) -> list[Flip]:
    """One for each of `rows`; eased: the limit to ease for each firm, if any. Made anew within `gap`."""
    judge = _Shelves(plan, gap) if plan.method == "price" else _Plans(plan, gap, len(rows) <= FEW)
    out = []
    for done, (row, use) in enumerate(zip(rows, eased, strict=True)):
        if progress is not None:
            progress("allocation_explain", done, len(rows))
        out.append(judge.flip(row, use))
    return out


def turning(same: float, other: float, step: float, changes: Callable[[float], bool]) -> float:
    """Where `changes` turns true between `same`, where it is false, and `other`: the nearest multiple of `step`
    (counted from 0) that bisection finds true."""
    a, b = same / step, other / step
    low, high = (np.floor(a) + 1, np.floor(b)) if a < b else (np.ceil(a) - 1, np.ceil(b))
    way = 1.0 if a < b else -1.0
    if (high - low) * way < 0:
        return other
    if not changes(high * step):
        return other
    while low != high:
        middle = low + way * np.floor(abs(high - low) / 2.0)
        if changes(middle * step):
            high = middle
        else:
            low = middle + way
    return float(high * step)


class _Shelves:
    """A budget alone: exact, by the solver of budget_only.py on the shelf of all firms."""

    def __init__(self, plan: Plan, gap: float) -> None:
        self.plan, self.gap = plan, gap
        _, self.fixed, self.fixed_value, self.shelf = lay_out(plan.problem)
        self.earning: dict[int, Floats] = {}
        self.place = np.full(len(plan.lend), -1)
        self.place[self.shelf.firm] = np.arange(self.shelf.firm.size)

    def lends(self, row: int, earn: float, budget: float) -> bool:
        """Whether a plan made anew lends to the firm if its best yuan earns `earn`."""
        shelf, firms = self.shelf, self.plan.problem.firms
        if earn <= 0.0 and not shelf.spend_all:
            return False
        others = np.flatnonzero(shelf.firm != row)
        rest = shelf.earn[others]
        # Equal earnings: the safer firm first, then the list (lay_out); a tie with one's old self is none.
        at = int(np.searchsorted(-rest, -earn, side="left"))
        while at < rest.size and rest[at] == earn and self._before(int(shelf.firm[others[at]]), row):
            at += 1
        with_it = Shelf(  # not np.insert, which takes ten times as long
            np.concatenate([shelf.firm[others[:at]], [row], shelf.firm[others[at:]]]),
            np.concatenate([rest[:at], [earn], rest[at:]]),
            np.concatenate([shelf.low[others[:at]], [firms.low[row]], shelf.low[others[at:]]]),
            np.concatenate([shelf.high[others[:at]], [firms.high[row]], shelf.high[others[at:]]]),
            budget,
            shelf.spend_all,
        )
        try:
            return bool(allot(with_it, self.gap, self.fixed_value)[0][at] > 0.0)
        except CannotSpend:
            return False

    def _before(self, other: int, row: int) -> bool:
        pd = self.plan.problem.firms.pd
        return bool((pd[other], other) < (pd[row], row))

    def flip(self, row: int, _: LimitUse | None) -> Flip:
        lent, now = bool(self.plan.lend[row]), float(self.plan.earning[row])
        cut = self._cut(row, lent, now)
        budget = None if now <= 0.0 or self.shelf.spend_all else self._budget(row, lent, now)
        return Flip(pd=self._pd(row, lent, cut), budget=budget, cut=cut)

    def _cut(self, row: int, lent: bool, now: float) -> float | None:
        """What a yuan must earn at least (a firm lent to) or at most (a refused one) for the other decision."""
        shelf = self.shelf
        others = shelf.firm != row
        rest, before = shelf.earn[others], np.cumsum(shelf.high[others])
        room = shelf.budget - float(self.plan.problem.firms.low[row])
        k = int(np.searchsorted(before, room, side="right"))
        guess = float(rest[k]) if k < rest.size else 0.0
        if room < 0.0:
            return None

        def changes(earn: float) -> bool:
            return self.lends(row, earn, shelf.budget) != lent

        far = min(now, 0.0, float(rest.min(initial=0.0))) - 1e-3 if lent else 1.0
        if not changes(far):
            return None
        same, other, wide = now, far, 4.0 * EARN_STEP
        while wide < 1.0:
            for value in (guess - wide, guess + wide):
                if min(same, other) < value < max(same, other):
                    if changes(value):
                        other = value
                    else:
                        same = value
            if abs(other - same) <= 3.0 * wide:
                break
            wide *= 8.0
        return turning(same, other, EARN_STEP, changes)

    def _pd(self, row: int, lent: bool, cut: float | None) -> float | None:
        """The nearest hundredth of a per cent at which the firm's best yuan earns no more (or no less) than that."""
        if cut is None:
            return None
        firms = self.plan.problem.firms
        now, earn = float(firms.pd[row]), self._earning(row)
        turned = np.flatnonzero(earn <= cut if lent else earn >= cut)
        # More risk never earns more, so what has turned is an end of the grid.
        if not turned.size:
            return None
        k = int(turned[0] if lent else turned[-1])
        beyond = k * PD_STEP > now if lent else k * PD_STEP < now
        return k * PD_STEP if beyond and self.lends(row, float(earn[k]), self.shelf.budget) != lent else None

    def _earning(self, row: int) -> Floats:
        """What the firm's best yuan would earn at every multiple of PD_STEP."""
        problem, grade = self.plan.problem, int(self.plan.problem.firms.grade[row])
        own = problem.terms.objective == "P1"
        if own or grade not in self.earning:
            there = alike(problem, row, np.linspace(0.0, 1.0, round(1.0 / PD_STEP) + 1))
            rate, stay = there.terms.rates.best(there.cost / np.maximum(there.gain, 1e-12), there.firms.grade)
            self.earning[grade] = there.earning(rate, stay)
        return self.earning[grade]

    def _budget(self, row: int, lent: bool, now: float) -> float | None:
        shelf, place = self.shelf, int(self.place[row])
        low = float(self.plan.problem.firms.low[row])
        fixed = float(self.fixed.sum())

        def changes(budget: float) -> bool:
            return self.lends(row, now, budget - fixed) != lent

        ahead = float(shelf.high[:place].sum())
        step = 10.0 ** np.floor(np.log10(max(1e-4 * self.plan.problem.terms.budget, 1.0)))
        same = self.plan.problem.terms.budget
        other = fixed if lent else fixed + float(shelf.high.sum()) + low
        if not changes(other):
            return None
        for value in (fixed + ahead - step, fixed + ahead + low + step):
            if min(same, other) < value < max(same, other):
                if changes(value):
                    other = value
                else:
                    same = value
        return turning(same, other, step, changes)


@dataclass(eq=False)
class _Plans:
    """Any limits: plans made anew, from the prices of this one."""

    plan: Plan
    gap: float
    few: bool
    lent: dict[tuple[str, float], Bools | None] = field(default_factory=dict)

    def flip(self, row: int, use: LimitUse | None) -> Flip:
        lent = bool(self.plan.lend[row])
        loses = self.plan.earning[row] <= 0.0
        return Flip(
            pd=self._pd(row, lent),
            budget=None if loses else self._shared("budget", row, lent),
            limit=None if lent or loses or use is None else self._shared(use.key, row, lent),
        )

    def decided(self, problem: Problem) -> Bools | None:
        """Who gets a loan in a plan made anew; None where no plan keeps the limits."""
        try:
            if not self.plan.prices:
                return solve(problem, gap=self.gap).lend
            return resolve(problem, self.plan, gap=self.gap).lend
        except Infeasible:
            return None

    def _pd(self, row: int, lent: bool) -> float | None:
        problem = self.plan.problem
        now, end = float(problem.firms.pd[row]), 1.0 if lent else 0.0
        known: dict[float, bool] = {}

        def changes(pd: float) -> bool:
            if pd not in known:
                changed = problem.firms.pd.copy()
                changed[row] = pd
                found = self.decided(replace(problem, firms=replace(problem.firms, pd=changed)))
                known[pd] = (found is not None and bool(found[row])) != lent
            return known[pd]

        if now == end:
            return None
        same, other = now, end
        guess = self._guess(row)
        wide = 5.0 * PD_STEP
        while wide < 1.0:
            for value in (guess + wide, guess - wide) if lent else (guess - wide, guess + wide):
                if min(same, other) < value < max(same, other):
                    if changes(value):
                        other = value
                    else:
                        same = value
            if abs(other - same) <= 2.5 * wide and other != end:
                break
            wide *= 8.0
        if other == end and not changes(end):
            return None
        return turning(same, other, PD_STEP * (1.0 if self.few else 10.0), changes)

    def _guess(self, row: int) -> float:
        """The probability of default at which lending and refusing are worth the same under the prices."""
        pd, value = self.reduced
        above = np.flatnonzero(value[:, row] > 0.0)
        if not above.size or above[-1] == pd.size - 1:
            return float(pd[-1]) if above.size else 0.0
        low, high = float(pd[above[-1]]), float(pd[above[-1] + 1])
        while high - low > PD_STEP / 2.0:
            middle = (low + high) / 2.0
            if self._reduced(middle)[row] > 0.0:
                low = middle
            else:
                high = middle
        return low

    @cached_property
    def reduced(self) -> tuple[Floats, Floats]:
        """Probabilities of default (k,) and the reduced values at each, (k, n)."""
        pd = np.linspace(0.0, 1.0, 33) ** 2
        return pd, np.stack([self._reduced(one) for one in pd.tolist()])

    def _reduced(self, pd: float) -> Floats:
        """(n,) value of a loan less the limits' charges, if this were every firm's probability of default."""
        problem = self.plan.problem
        there = replace(problem.firms, pd=np.where(np.isnan(problem.firms.pd), np.nan, pd))
        pool = pool_of(replace(problem, firms=there))
        mu = np.array([self.plan.prices.get(row.key, (0.0,))[0] for row in pool.rows])
        if not self.plan.prices:
            mu[0] = self.plan.price
        out = np.full(len(problem.firms), -1.0)
        out[pool.firm] = pool.offers(mu)[1]
        return out

    def _shared(self, key: str, row: int, lent: bool) -> float | None:
        """Where along the budget (or the limit `key` being eased) the firm's decision turns."""
        ways = self._ways(key, lent)
        if ways is None:
            return None
        pose, same, other = ways

        def changes(value: float) -> bool:
            at = (key, value)
            if at not in self.lent:
                self.lent[at] = self.decided(pose(value))
            found = self.lent[at]
            return found is not None and bool(found[row]) != lent

        grid = FINE_GRID if self.few else GRID
        step = (other - same) / grid
        low, high = 0, self._farthest(key, pose, same, step, grid)
        if step == 0.0 or high == 0 or not changes(same + high * step):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if changes(same + middle * step):
                high = middle
            else:
                low = middle
        return same + high * step

    def _farthest(self, key: str, pose: Callable[[float], Problem], same: float, step: float, grid: int) -> int:
        """The last step of the grid at which a plan keeps the limits (of a budget being cut)."""

        def keeps(k: int) -> bool:
            at = (key, same + k * step)
            if at not in self.lent:
                self.lent[at] = self.decided(pose(at[1]))
            return self.lent[at] is not None

        low, high = 0, grid
        if step > 0.0 or keeps(grid):
            return grid
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if keeps(middle) else (low, middle)
        return low

    def _ways(self, key: str, lent: bool) -> tuple[Callable[[float], Problem], float, float] | None:
        """How the problem is posed with another value of a limit, that limit's value now, and the farthest one."""
        problem = self.plan.problem
        terms = problem.terms
        if key == "budget":
            if terms.use_all_budget:
                return None
            least = float(np.nansum(problem.fixed_amount))
            most = max(2.0 * terms.budget, float(problem.firms.high.sum()))
            return (lambda value: budgeted(problem, value)), terms.budget, least if lent else most
        allowed = next(use.allowed for use in self.plan.limits if use.key == key)
        return (lambda value: eased(problem, key, value)), allowed, _loosest(problem, key)


def alike(problem: Problem, row: int, pd: Floats) -> Problem:
    """Copies of one firm with other probabilities of default, without limits."""
    at = np.full(pd.size, row)
    firms = problem.firms
    score = None if firms.repayment is None else firms.repayment[at]
    shock = None if firms.shock is None else firms.shock[at]
    ids = tuple(map(str, range(pd.size)))
    copies = Firms(ids, pd, firms.grade[at], firms.low[at], firms.high[at], None, None, score, shock)
    return Problem(copies, problem.terms)


def budgeted(problem: Problem, budget: float) -> Problem:
    """The same with another budget, a minimum lent no larger than that."""
    limits = problem.limits
    least = None if limits.min_lent is None else min(limits.min_lent, budget)
    return replace(problem, terms=replace(problem.terms, budget=budget), limits=replace(limits, min_lent=least))


_SINGLE = {
    "expected_loss": "expected_loss",
    "loss_amount": "loss_amount",
    "risk": "risk_amount",
    "mean_churn": "mean_churn",
    "min_lent": "min_lent",
}


def eased(problem: Problem, key: str, value: float) -> Problem:
    """The same with the limit of that key (LimitUse.key) at another value; a group's limit for every group."""
    limits = problem.limits
    changed: Limits
    if key in _SINGLE:
        single: dict[str, Any] = {_SINGLE[key]: value}
        changed = replace(limits, **single)
    elif key == "min_clients":
        changed = replace(limits, min_clients=int(value))
    elif key.startswith("sector "):
        share = limits.sector_share
        names = [name for name in problem.firms.sector or () if name]
        every = dict(share) if isinstance(share, Mapping) else dict.fromkeys(names, share or 0.0)
        changed = replace(limits, sector_share=every | {key.removeprefix("sector "): value})
    elif key.startswith("grade "):
        grade: Grade = GRADES[GRADES.index(key.removeprefix("grade "))]
        changed = replace(limits, grade_share={**(limits.grade_share or {}), grade: value})
    elif key.startswith("group share "):
        changed = replace(limits, group_share=value)
    else:
        changed = replace(limits, group_amount=value)
    return replace(problem, limits=changed)


def _loosest(problem: Problem, key: str) -> float:
    """A value of the limit at which it can't bind."""
    if key in ("min_clients", "min_lent"):
        return 0.0
    money = float(problem.firms.high.sum())
    if key == "loss_amount":
        return float(np.nansum(problem.firms.high * problem.firms.pd)) * problem.terms.lgd
    if key == "risk" or (key.startswith("group ") and not key.startswith("group share ")):
        return money
    if key == "expected_loss":
        return problem.terms.lgd
    return 1.0
