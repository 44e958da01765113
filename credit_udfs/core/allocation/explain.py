"""Why each firm gets what it gets, in one sentence, and what would change it, checked by solving again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from credit_udfs.core.allocation.plan import Infeasible, LimitUse, Plan
from credit_udfs.core.allocation.problem import GRADE_D, Firms, Problem
from credit_udfs.core.allocation.solve import solve
from credit_udfs.locale import Lang, text
from credit_udfs.types import Floats, Progress

Reason: TypeAlias = Literal[
    "grade_d",
    "unknown_pd",
    "no_limit",
    "fixed",
    "fixed_refused",
    "full",
    "partial",
    "below_cut",
    "loses",
    "crowded_out",
    "by_rules",
    "not_by_rules",
]


@dataclass(frozen=True)
class Explanation:
    """One firm's case. Money in yuan, earnings and cut in yuan per yuan offered.

    reason: key of the sentence. rate: the plan's, or the best one where refused; churn: at that rate;
    earning: at that rate; cut: what a yuan must earn to be lent, the limits' charges for this firm included.
    flip_pd: the probability of default at which a plan made anew decides otherwise: the lowest for a firm
    lent to, the highest for a refused one; None where no value in [0, 1] does. flip_budget: the budget at
    which it does (the lowest for a refused firm, the highest for one lent to). rates: the range of rates at
    which the firm would still earn the cut. checked: flips were found by solving again, on both sides, with
    all else equal.
    """

    firm: str
    reason: Reason
    amount: float
    rate: float
    churn: float
    earning: float
    cut: float
    pd: float
    flip_pd: float | None
    flip_budget: float | None
    rates: tuple[float, float] | None
    limit: LimitUse | None
    checked: bool

    @property
    def lent(self) -> bool:
        return self.amount > 0.0

    def sentence(self, lang: Lang) -> str:
        """Why, in one sentence."""
        return text(
            f"allocation.why_{self.reason}",
            lang,
            rate=self.rate,
            churn=self.churn,
            fen=100.0 * self.earning,
            cut=100.0 * self.cut,
            amount=self.amount,
        )

    def change(self, lang: Lang) -> str:
        """What would change it, in one or two sentences; empty where nothing does."""
        said = []
        side = "lent" if self.lent else "refused"
        if self.flip_pd is not None:
            said.append(text(f"allocation.flip_pd_{side}", lang, flip=self.flip_pd, pd=self.pd))
        if self.flip_budget is not None:
            said.append(text(f"allocation.flip_budget_{side}", lang, budget=self.flip_budget))
        if self.rates is not None and self.lent:
            said.append(text("allocation.flip_rates", lang, low=self.rates[0], high=self.rates[1]))
        if self.limit is not None and not self.lent:
            said.append(text("allocation.flip_limit", lang, limit=self.limit.sentence(lang)))
        return ("" if lang == "zh" else " ").join(said)


def explain(
    plan: Plan,
    rows: Iterable[int] | None = None,
    *,
    check: bool = True,
    gap: float = 1e-4,
    progress: Progress | None = None,
) -> tuple[Explanation, ...]:
    """Explanations of the firms `rows` (positions; default all), in that order.

    check: look for the flips by solving again (about 25 plans for each firm: milliseconds each with a budget
    alone, a fifth of a second each under limits, so name the rows there). Without it flips are None.
    """
    wanted = list(range(len(plan.lend))) if rows is None else list(rows)
    out = []
    for done, row in enumerate(wanted):
        if progress is not None:
            progress("allocation_explain", done, len(wanted))
        out.append(_explain(plan, row, check, gap))
    return tuple(out)


def _explain(plan: Plan, row: int, check: bool, gap: float) -> Explanation:
    problem, firms = plan.problem, plan.problem.firms
    lent = bool(plan.lend[row])
    reason = _reason(plan, row)
    rate = float(plan.rate[row] if lent else plan.best_rate[row])
    stay = float("nan")
    if firms.grade[row] != GRADE_D and not np.isnan(rate):
        stay = float(problem.terms.rates.stay(np.array([rate]), firms.grade[row : row + 1])[0])
    earning = stay * float(problem.gain[row] * rate - problem.cost[row])
    best = float(plan.earning[row])
    cut = best - float(plan.margin[row])
    movable = reason in ("full", "partial", "below_cut", "loses", "crowded_out")
    flip_pd = flip_budget = None
    if movable and check and plan.method != "rules":
        flip_pd = _flip_pd(problem, row, lent, cut, gap)
        flip_budget = _flip_budget(problem, row, lent, gap) if reason != "loses" else None
    return Explanation(
        firm=firms.ids[row],
        reason=reason,
        amount=float(plan.amount[row]),
        rate=rate,
        churn=1.0 - stay,
        earning=earning,
        cut=cut,
        pd=float(firms.pd[row]),
        flip_pd=flip_pd,
        flip_budget=flip_budget,
        rates=_rates(problem, row, cut) if movable and lent else None,
        limit=_dearest(plan) if reason in ("below_cut", "crowded_out") else None,
        checked=check and movable,
    )


def _reason(plan: Plan, row: int) -> Reason:
    problem, firms = plan.problem, plan.problem.firms
    lent = bool(plan.lend[row])
    if firms.grade[row] == GRADE_D:
        return "grade_d"
    if np.isnan(firms.pd[row]):
        return "unknown_pd"
    if not np.isnan(problem.fixed_amount[row]):
        return "fixed" if lent else "fixed_refused"
    if firms.high[row] == 0.0:
        return "no_limit"
    if plan.method == "rules":
        return "by_rules" if lent else "not_by_rules"
    if lent:
        return "full" if plan.amount[row] >= firms.high[row] * (1 - 1e-9) else "partial"
    if plan.earning[row] <= 0.0:
        return "loses"
    return "below_cut" if plan.margin[row] <= 0.0 else "crowded_out"


def _dearest(plan: Plan) -> LimitUse | None:
    """The limit, the budget apart, whose easing by a hundredth would earn most."""
    priced = [use for use in plan.limits if use.price > 0.0 and use.key != "budget"]
    return max(priced, key=lambda use: use.price * max(abs(use.allowed), 1e-9), default=None)


def _rates(problem: Problem, row: int, cut: float) -> tuple[float, float] | None:
    """The lowest and the highest rate at which a yuan still earns the cut."""
    terms = problem.terms
    rates = np.linspace(terms.rate_min, terms.rate_max, 1101)
    grade = np.full(rates.size, problem.firms.grade[row])
    earned = terms.rates.stay(rates, grade) * (problem.gain[row] * rates - problem.cost[row])
    enough = np.flatnonzero(earned >= cut - 1e-12)
    return (float(rates[enough[0]]), float(rates[enough[-1]])) if enough.size else None


def _with_pd(problem: Problem, row: int, pd: float) -> Problem:
    changed: Floats = problem.firms.pd.copy()
    changed[row] = pd
    return replace(problem, firms=replace(problem.firms, pd=changed))


def _lends(problem: Problem, row: int, gap: float) -> bool:
    try:
        return bool(solve(problem, gap=gap).lend[row])
    except Infeasible:
        return False


def _flip_pd(problem: Problem, row: int, lent: bool, cut: float, gap: float) -> float | None:
    """The probability of default nearest to the firm's own at which the plan decides otherwise, to 0.01%."""
    if problem.terms.objective == "P3" and not problem.limits.any_row:
        return None  # P3's profit doesn't look at it
    now, end = float(problem.firms.pd[row]), 1.0 if lent else 0.0

    def lends(pd: float) -> bool:
        return _lends(_with_pd(problem, row, pd), row, gap)

    return _switch(lends, now, end, lent, 1e-4, _guess(problem, row, cut))


def _guess(problem: Problem, row: int, cut: float) -> float:
    """The probability of default at which the firm's best yuan earns the cut, prices as they are."""
    pd = np.linspace(0.0, 1.0, 4001)
    at = np.full(pd.size, row)
    firms = problem.firms
    score = None if firms.repayment is None else firms.repayment[at]
    shock = None if firms.shock is None else firms.shock[at]
    ids = tuple(map(str, range(pd.size)))
    alike = Firms(ids, pd, firms.grade[at], firms.low[at], firms.high[at], None, None, score, shock)
    copies = Problem(alike, problem.terms)
    rate, stay = problem.terms.rates.best(copies.cost / np.maximum(copies.gain, 1e-12), alike.grade)
    above = np.flatnonzero(copies.earning(rate, stay) >= cut)
    return float(pd[above[-1]]) if above.size else 0.0


def _flip_budget(problem: Problem, row: int, lent: bool, gap: float) -> float | None:
    if problem.terms.use_all_budget:
        return None
    now = problem.terms.budget
    least = float(np.nansum(problem.fixed_amount))
    end = least if lent else max(2.0 * now, float(problem.firms.high.sum()))
    step = max(1e-4 * now, 1.0)
    return _switch(lambda budget: _lends(_budgeted(problem, budget), row, gap), now, end, lent, step)


def _budgeted(problem: Problem, budget: float) -> Problem:
    limits = problem.limits
    least = None if limits.min_lent is None else min(limits.min_lent, budget)
    return replace(problem, terms=replace(problem.terms, budget=budget), limits=replace(limits, min_lent=least))


def _switch(
    lends: Callable[[float], bool],
    now: float,
    end: float,
    lent: bool,
    step: float,
    guess: float | None = None,
) -> float | None:
    """Where `lends` turns from `lent`, between now and end, to within `step`: the nearest value known to be
    turned."""
    if lends(end) == lent:
        return None
    same, other = now, end
    if guess is not None and min(now, end) < guess < max(now, end):
        for wide in (4.0 * step, 40.0 * step):
            for value in (guess - wide, guess + wide):
                if not min(same, other) < value < max(same, other):
                    continue
                if lends(value) == lent:
                    same = value
                else:
                    other = value
            if abs(other - same) <= 3.0 * wide:
                break
    while abs(other - same) > step:
        middle = 0.5 * (same + other)
        if lends(middle) == lent:
            same = middle
        else:
            other = middle
    return other
