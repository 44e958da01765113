"""What would change a firm's decision: the value of something at which a plan made anew decides otherwise.

With another probability of default of one firm only that firm's part of the problem changes. So its decision turns
where the best plan that lends to it is worth no more than the best that refuses it: the prices of the plan say about
where, plans made anew on both sides decide. Plans with another budget or limit serve all firms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from credit_udfs.core.allocation.plan import LimitUse, Plan, Unit
from credit_udfs.core.allocation.problem import Limits, Problem
from credit_udfs.core.allocation.quoted_sides import QuotedSides
from credit_udfs.core.allocation.search import Stop
from credit_udfs.core.allocation.shelves import Shelves
from credit_udfs.core.allocation.sides import PD_STEP, Sides
from credit_udfs.types import GRADES, Grade, Ints, Progress

GRID, FEW_GRID = 32, 12
"""Values at which a budget or a limit is looked through, closer to each other near the present one; the second for a
few firms, which go on between them."""
HALVE = 4
"""Every so many plans made anew the interval in which a probability of default turns the decision is halved."""
FEW = 8
"""Firms at most for which a budget or a limit under limits is then found to its grain."""
ABOUT = 0.01
"""How near it is found for more firms, relative to it or to the present value."""


@dataclass(frozen=True)
class Flip:
    """Where the decision turns, all else equal; None where it doesn't. pd: probability of default; rates: below the
    first and above the second a firm lent to would be refused; budget: yuan; limit: of `use`, in its own unit; about:
    whether these two are found to ABOUT only."""

    pd: float | None = None
    rates: tuple[float | None, float | None] = (None, None)
    budget: float | None = None
    limit: float | None = None
    about: bool = False


class Judge(Protocol):
    """The two sides of a firm's decision; see sides.Sides."""

    def decided(self, problem: Problem) -> Ints | None: ...
    def refused(self, row: int) -> float: ...
    def lent(self, row: int, pd: float, refused: float) -> tuple[float, float]: ...
    def guess(self, row: int, refused: float) -> float: ...
    def rates(self, row: int, refused: float) -> tuple[float, float] | None: ...


JUDGES: dict[str, Callable[[Plan, float], Judge]] = {
    "price": Shelves,
    "blocks": Sides,
    "chain": QuotedSides,
    "grade_rates": QuotedSides,
}
"""By the method of the plan; others aren't made anew."""


def checkable(plan: Plan) -> bool:
    """Whether plans of its kind are made anew: not those by rules or of other objectives."""
    return plan.method in JUDGES


def flips(
    plan: Plan, rows: Sequence[int], eased: Sequence[LimitUse | None], gap: float, progress: Progress | None = None
) -> list[Flip]:
    """One for each of `rows`, fewer where `progress` raises search.Stop; eased: the limit to ease for each firm, if
    any. Plans are made anew about as near to their bounds as `gap`."""
    turns = _Turns(plan, gap, len(rows) <= FEW)
    out = list[Flip]()
    try:
        for done, (row, use) in enumerate(zip(rows, eased, strict=True)):
            if progress is not None:
                progress("allocation_explain", done, len(rows))
            out.append(turns.flip(row, use))
    except Stop:
        pass
    return out


class _Turns:
    def __init__(self, plan: Plan, gap: float, few: bool) -> None:
        self.plan, self.problem = plan, plan.problem
        self.judge = JUDGES[plan.method](plan, gap)
        self.fine, self.grid = few or plan.method == "price", FEW_GRID if few else GRID
        self.turned: dict[tuple[object, ...], int] = {}
        self.known: dict[tuple[str, float], Ints | None] = {}

    def flip(self, row: int, use: LimitUse | None) -> Flip:
        lent, loses = bool(self.plan.lend[row]), self.plan.earning[row] <= 0.0
        refused = self.judge.refused(row)
        return Flip(
            pd=self._pd(row, lent, refused),
            rates=self._rates(row, refused) if lent else (None, None),
            budget=None if loses else self._along("budget", row, lent),
            limit=None if lent or loses or use is None else self._along(use.key, row, lent),
            about=not self.fine,
        )

    def _pd(self, row: int, lent: bool, refused: float) -> float | None:
        """Lending is worth more than `refused` at `low` steps, no more at `high`."""
        now, end = float(self.problem.firms.pd[row]) / PD_STEP, round(1.0 / PD_STEP)
        low, high = (math.floor(now + 1e-6), end + 1) if lent else (-1, math.ceil(now - 1e-6))
        alike = self._alike(row, lent)
        hint = self.turned.get(alike)
        k = math.floor(self.judge.guess(row, refused) / PD_STEP + 1e-6) if hint is None else hint
        known, tries = dict[int, float](), 0
        while high - low > 1:
            k = min(max(k, low + 1), high - 1)
            value, fall = self.judge.lent(row, k * PD_STEP, refused)
            known[k] = value - refused
            tries += 1
            if value > refused:
                low = k
            else:
                high = k
            if k == hint == low:
                k += 1
                continue
            if tries % HALVE == 0 and low in known and high in known:
                k = (low + high) // 2
                continue
            if low in known and high in known:
                ahead = known[k] * (high - low) / (known[low] - known[high])
            else:
                ahead = known[k] / (fall * PD_STEP) * 2.0 ** (tries - 1) if fall > 0.0 else math.inf
            # the last step before the line crosses, or where that is known the first one after
            k = math.floor(k + ahead) if math.isfinite(ahead) else (low + high) // 2
            k += k == low
        self.turned[alike] = low
        at = high if lent else low
        return at * PD_STEP if 0 <= at <= end else None

    def _rates(self, row: int, refused: float) -> tuple[float | None, float | None]:
        """The ends of the range of rates that matter."""
        terms, found = self.problem.terms, self.judge.rates(row, refused)
        low, high = found or (None, None)
        quoted = terms.quoted_rates if isinstance(self.judge, QuotedSides) else (terms.rate_min, terms.rate_max)
        return (None if low == quoted[0] else low, None if high == quoted[-1] else high)

    def _alike(self, row: int, lent: bool) -> tuple[object, ...]:
        """Firms whose decision turns at about the same probability of default, if at all."""
        firms = self.problem.firms
        of = (None if names is None else names[row] for names in (firms.sector, firms.group))
        own = (None if score is None else float(score[row]) for score in (firms.repayment, firms.shock))
        return (lent, int(firms.grade[row]), float(firms.low[row]), float(firms.high[row]), *of, *own)

    def _along(self, key: str, row: int, lent: bool) -> float | None:
        """Where the firm's decision turns as the budget, or the limit `key`, is moved."""
        way, wanted = self._way(key, lent), -1 if lent else 1
        before = way.now
        for value in way.values:
            found = self._decided(key, way, value)
            if found is None:
                return None
            if found[row] == wanted:
                break
            before = value
        else:
            return None
        a, b = round(before / way.step), round(value / way.step)
        # others' searches between the same values halve them in the same places
        while abs(b - a) > (1 if self.fine else max(ABOUT * max(abs(b), abs(way.now / way.step)), 1.0)):
            middle = (a + b) // 2
            found = self._decided(key, way, middle * way.step)
            if found is not None and found[row] == wanted:
                b = middle
            else:
                a = middle
        return b * way.step if abs(b * way.step - value) > 0.5 * way.step else value

    def _decided(self, key: str, way: _Way, value: float) -> Ints | None:
        if (key, value) not in self.known:
            self.known[key, value] = self.judge.decided(way.pose(value))
        return self.known[key, value]

    def _way(self, key: str, lent: bool) -> _Way:
        problem = self.problem
        if key != "budget":
            use = next(use for use in self.plan.limits if use.key == key)
            return _Way.of(
                lambda value: eased(problem, key, value), use.allowed, _loosest(problem, key), use.unit, self.grid
            )
        now = problem.terms.budget
        far = float(np.nansum(problem.fixed_amount) if lent else problem.firms.high[problem.lendable].sum())
        far = now if problem.terms.use_all_budget else far
        return _Way.of(lambda value: budgeted(problem, value), now, far if lent else max(far, now), "yuan", self.grid)


@dataclass(frozen=True)
class _Way:
    """The values at which a limit is looked at, from the present one to where it can't bind; step: their grain."""

    pose: Callable[[float], Problem]
    now: float
    values: tuple[float, ...]
    step: float

    @classmethod
    def of(cls, pose: Callable[[float], Problem], now: float, far: float, unit: Unit, grid: int) -> _Way:
        size = max(abs(now), abs(far), 1.0)
        step = {"share": 1e-4, "count": 1.0, "yuan": 10.0 ** np.floor(np.log10(1e-4 * size))}[unit]
        away = (far - now) * np.linspace(0.0, 1.0, grid + 1)[1:] ** 2
        outward = np.ceil if far > now else np.floor
        values = outward(np.round((now + away) / step, 6)) * step
        inside = (values - now) * (far - now) > 0.0
        values = np.clip(values, min(now, far), max(now, far))[inside]
        return cls(pose, now, tuple(dict.fromkeys(values.tolist())), float(step))


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
