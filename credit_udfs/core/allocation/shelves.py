"""Both sides of a firm's decision under a budget alone: the money on the shelf of the others, and what it earns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from credit_udfs.core.allocation.budget_only import EXACT, CannotSpend, Shelf, allot, lay_out
from credit_udfs.core.allocation.plan import Plan
from credit_udfs.core.allocation.problem import Firms, Problem
from credit_udfs.core.allocation.sides import PD_STEP
from credit_udfs.types import Floats, Ints


class Shelves:
    """As sides.Sides, by the solver of budget_only.py; values in yuan."""

    def __init__(self, plan: Plan, gap: float) -> None:
        self.problem, self.gap = plan.problem, gap
        _, self.fixed, self.fixed_value, self.shelf = lay_out(plan.problem)
        self.earning: dict[int, Floats] = {}
        self.rest = -1, self.shelf

    def decided(self, problem: Problem) -> Ints | None:
        """(n,) 1 where a plan with another budget lends, -1 where it refuses."""
        shelf = replace(self.shelf, budget=problem.terms.budget - float(self.fixed.sum()))
        try:
            amount, _, _ = allot(shelf, self.gap, self.fixed_value)
        except CannotSpend:
            return None
        out = np.where(self.fixed > 0.0, 1, -1)
        out[shelf.firm[amount > 0.0]] = 1
        return out

    def refused(self, row: int) -> float:
        """The value of the best plan without the firm."""
        return self._others(row, 0.0)

    def lent(self, row: int, pd: float, refused: float) -> tuple[float, float]:
        """The value of the best plan that lends to the firm at a probability of default, and how fast it falls with
        that."""
        firms, rest = self.problem.firms, self._without(row)
        low, high = float(firms.low[row]), float(firms.high[row])
        earn, k = self._earning(row), round(pd / PD_STEP)
        better = float(rest.high[: int(np.searchsorted(-rest.earn, -earn[k]))].sum())
        amounts = {low, high, min(max(rest.budget - better, low), high)}
        value, amount = max((amount * float(earn[k]) + self._others(row, amount), amount) for amount in amounts)
        return value, amount * float(earn[max(k - 1, 0)] - earn[min(k + 1, earn.size - 1)]) / (2.0 * PD_STEP)

    def guess(self, row: int, refused: float) -> float:
        """The probability of default up to which the firm's yuan earn what they must."""
        earn = self._earning(row)
        enough = int(np.searchsorted(-earn, -self._cut(row, refused), side="right"))
        return max(enough - 1, 0) * PD_STEP

    def rates(self, row: int, refused: float) -> tuple[float, float] | None:
        """The lowest and the highest rate at which a plan that lends to the firm is worth `refused`; None where there
        is none."""
        problem, terms = self.problem, self.problem.terms
        rates = np.linspace(terms.rate_min, terms.rate_max, 1101)
        stay = terms.rates.stay(rates, np.full(rates.size, problem.firms.grade[row]))
        earned = stay * (problem.gain[row] * rates - problem.cost[row])
        enough = np.flatnonzero(earned >= self._cut(row, refused) - 1e-12)
        return (float(rates[enough[0]]), float(rates[enough[-1]])) if enough.size else None

    def _cut(self, row: int, refused: float) -> float:
        """What a yuan of the firm must earn."""
        firms = self.problem.firms
        least = min((refused - self._others(row, a)) / a for a in (float(firms.low[row]), float(firms.high[row])))
        return least if self.shelf.spend_all else max(least, 0.0)

    def _without(self, row: int) -> Shelf:
        if self.rest[0] != row:
            shelf, keep = self.shelf, self.shelf.firm != row
            columns = (shelf.firm[keep], shelf.earn[keep], shelf.low[keep], shelf.high[keep])
            self.rest = row, Shelf(*columns, shelf.budget, shelf.spend_all)
        return self.rest[1]

    def _others(self, row: int, less: float) -> float:
        """What the other firms earn with the budget less some money."""
        shelf = self._without(row)
        if less > shelf.budget * (1.0 + 1e-12):
            return -np.inf
        try:
            amount, _, _ = allot(replace(shelf, budget=max(shelf.budget - less, 0.0)), EXACT, self.fixed_value)
        except CannotSpend:
            return -np.inf
        return float(amount @ shelf.earn)

    def _earning(self, row: int) -> Floats:
        """What the firm's best yuan would earn at every multiple of PD_STEP."""
        problem, grade = self.problem, int(self.problem.firms.grade[row])
        own = problem.terms.objective == "P1"
        if own or grade not in self.earning:
            there = _copies(problem, row, np.linspace(0.0, 1.0, round(1.0 / PD_STEP) + 1))
            rate, stay = there.terms.rates.best(there.cost / np.maximum(there.gain, 1e-12), there.firms.grade)
            self.earning[grade] = there.earning(rate, stay)
        return self.earning[grade]


def _copies(problem: Problem, row: int, pd: Floats) -> Problem:
    """Copies of one firm with other probabilities of default, without limits."""
    at = np.full(pd.size, row)
    firms = problem.firms
    score = None if firms.repayment is None else firms.repayment[at]
    shock = None if firms.shock is None else firms.shock[at]
    ids = tuple(map(str, range(pd.size)))
    copies = Firms(ids, pd, firms.grade[at], firms.low[at], firms.high[at], None, None, score, shock)
    return Problem(copies, problem.terms)
