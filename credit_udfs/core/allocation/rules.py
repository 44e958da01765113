"""P2's rules: amounts by band, strength and stability, rates by grade, top-ups; no optimum, so no bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from credit_udfs.core.allocation.budget_only import budget_use
from credit_udfs.core.allocation.plan import Plan, make_plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.errors import BadInput
from credit_udfs.types import GRADES, Bools, Floats, Grade

# P2, section 2.2 (strategy 2) and section 2.3.
RATES: Mapping[Grade, float] = {"A": 0.0545, "B": 0.0585, "C": 0.0625}
TOP_UPS: Mapping[Grade, float] = {"A": 200_000.0, "B": 100_000.0, "C": 50_000.0}
MINIMUM = 100_000.0


@dataclass(frozen=True)
class RulesPlan:
    """The plan, and what had to be done to fit the budget.

    topped_up: whether section 2.3's top-ups were given; scale: factor on amounts above the smallest loan (1:
    none); dropped: firms the budget didn't reach.
    """

    plan: Plan
    topped_up: bool
    scale: float
    dropped: int


def rules_plan(
    problem: Problem,
    strength: Floats,
    stability: Floats,
    profitable: Bools,
    *,
    bands: Mapping[Grade, tuple[float, float]] | None = None,
    top_ups: bool = True,
) -> RulesPlan:
    """P2's plan: D refused; a firm with negative profit gets 100,000 yuan; the others a place in their
    grade's band.

    strength, stability: (n,) scores, larger is better; profitable: (n,). bands: smallest and largest amount
    by grade, yuan; default a firm's own range cut in thirds, A the top one (P2 prints neither its bands nor
    its formula, only that it is a softmax of the two scores: a firm's place in its band is exp of its mean
    standardised score over the largest of its grade; our reading). Amounts stay within the firm's own range.
    Top-ups are given when the plan with them stays within the budget. Raises BadInput for arrays of another
    length.
    """
    firms, n = problem.firms, len(problem.firms)
    for name, column in (("strength", strength), ("stability", stability), ("profitable", profitable)):
        if len(column) != n:
            raise BadInput("allocation.length", column=name, got=len(column), want=n)
    lent = problem.lendable
    place = np.zeros(n)
    with np.errstate(invalid="ignore"):
        score = 0.5 * (_standard(strength, lent) + _standard(stability, lent))
    amount, rate, extra = np.zeros(n), np.full(n, np.nan), np.zeros(n)
    for code, grade in enumerate(GRADES[:3]):
        mine = lent & (firms.grade == code)
        if not mine.any():
            continue
        place[mine] = np.exp(score[mine] - score[mine].max())
        low, high = firms.low[mine], firms.high[mine]
        if bands is None:
            third = (high - low) / 3.0
            least, most = low + (2 - code) * third, low + (3 - code) * third
        else:
            least, most = (np.full(low.shape, edge) for edge in bands[grade])
        amount[mine] = np.clip(least + (most - least) * place[mine], low, high)
        rate[mine] = np.clip(RATES[grade], problem.terms.rate_min, problem.terms.rate_max)
        extra[mine] = TOP_UPS[grade]
    negative = lent & ~profitable
    amount[negative] = np.clip(MINIMUM, firms.low[negative], firms.high[negative])
    budget = problem.terms.budget
    topped = np.where(lent, np.minimum(amount + extra, firms.high), 0.0)
    topped_up = bool(top_ups and topped.sum() <= budget)
    if topped_up:
        amount = topped
    amount, scale, dropped = _fit(problem, amount, score, budget)
    kappa = problem.cost / np.maximum(problem.gain, 1e-12)
    plan = make_plan(
        problem,
        amount,
        rate,
        best=problem.terms.rates.best(kappa, firms.grade),
        bound=float("nan"),
        price=0.0,
        limits=(budget_use(problem, float(amount.sum()), 0.0),),
        status="rules",
        method="rules",
    )
    return RulesPlan(plan, topped_up, scale, dropped)


def _standard(values: Floats, of: Bools) -> Floats:
    """Standardised over the firms lent to; unknown counts as the mean."""
    known = values[of & ~np.isnan(values)]
    spread = float(known.std()) if known.size else 0.0
    centre = float(known.mean()) if known.size else 0.0
    return np.nan_to_num((values - centre) / spread) if spread > 0 else np.zeros(values.shape)


def _fit(problem: Problem, amount: Floats, score: Floats, budget: float) -> tuple[Floats, float, int]:
    """Amounts scaled down to the budget above the smallest loans; where even those overshoot, the best
    first."""
    firms = problem.firms
    if amount.sum() <= budget:
        return amount, 1.0, 0
    lent = np.flatnonzero(amount > 0.0)
    low = firms.low[lent]
    if low.sum() <= budget:
        scale = float((budget - low.sum()) / (amount[lent] - low).sum())
        scaled = np.zeros(amount.shape)
        scaled[lent] = low + (amount[lent] - low) * scale
        return scaled, scale, 0
    order = lent[np.lexsort((-score[lent], firms.grade[lent]))]
    reached = order[np.cumsum(firms.low[order]) <= budget]
    least = np.zeros(amount.shape)
    least[reached] = firms.low[reached]
    return least, 0.0, int(lent.size - reached.size)
