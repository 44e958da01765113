"""Why each firm gets what it gets, in one sentence, and what would change it, checked by solving again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from credit_udfs.core.allocation.faults import GRADE_D
from credit_udfs.core.allocation.flips import EARN_STEP, Flip, flips
from credit_udfs.core.allocation.plan import LimitUse, Plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.locale import Lang, text
from credit_udfs.types import GRADES, Progress

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
MOVABLE = ("full", "partial", "below_cut", "loses", "crowded_out")


@dataclass(frozen=True)
class Explanation:
    """One firm's case. Money in yuan, earnings and cut in yuan per yuan offered.

    reason: key of the sentence. rate: the plan's, or the best one where refused; churn: at that rate; earning: at
    that rate; cut: what a yuan must earn to be lent, the limits' charges for this firm included. rates: the range of
    rates at which the firm would still earn the cut; where rates_checked (a budget alone), still be lent to.

    flip_pd: the probability of default at which a plan made anew decides otherwise, all else equal: the lowest for a
    firm lent to, the highest for a refused one; flip_budget: the budget at which it does (the lowest for a refused
    firm, the highest for one lent to); limit: what stands most in a refused firm's way, flip_limit: the value of it,
    in its own unit, at which the firm would get a loan. None where no value does. checked: found by solving again on
    both sides. Steps: 0.01% of probability and a ten-thousandth of the budget; under limits, for more than eight
    firms, 0.1%, and a 64th of the way to where the budget or limit can't bind (for fewer, 0.01% and a 1,024th).
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
    flip_limit: float | None = None
    rates_checked: bool = False

    @property
    def lent(self) -> bool:
        return self.amount > 0.0

    def sentence(self, lang: Lang) -> str:
        """Why, in one sentence."""
        at_cut = self.reason == "full" and round(100.0 * self.earning, 2) <= round(100.0 * self.cut, 2)
        return text(
            "allocation.why_full_at_cut" if at_cut else f"allocation.why_{self.reason}",
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
            wan = self.flip_budget / 1e4
            said.append(text(f"allocation.flip_budget_{side}", lang, budget=self.flip_budget, wan=wan))
        if self.rates is not None and self.lent:
            key = "allocation.flip_rates_checked" if self.rates_checked else "allocation.flip_rates"
            said.append(text(key, lang, low=self.rates[0], high=self.rates[1]))
        if self.limit is not None and not self.lent:
            said.append(text("allocation.flip_limit", lang, limit=self.limit.sentence(lang)))
            if self.flip_limit is not None:
                value = self.limit.said(self.flip_limit, lang, safe=True)
                said.append(text("allocation.flip_limit_at", lang, value=value))
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

    check: look for the flips by solving again: about a millisecond a firm with a budget alone, some hundredths of a
    second under limits, some tenths where rates are quoted. Without it flips are None.
    """
    wanted = list(range(len(plan.lend))) if rows is None else list(rows)
    reasons = [_reason(plan, row) for row in wanted]
    limits = [
        _dearest(plan, row) if why in ("below_cut", "crowded_out") else None
        for row, why in zip(wanted, reasons, strict=True)
    ]
    found: dict[int, Flip] = {}
    if check and plan.method != "rules":
        asked = [k for k, why in enumerate(reasons) if why in MOVABLE]
        turned = flips(plan, [wanted[k] for k in asked], [limits[k] for k in asked], gap, progress)
        found = dict(zip(asked, turned, strict=True))
    return tuple(
        _explain(plan, row, reasons[k], limits[k], found.get(k, Flip()), check) for k, row in enumerate(wanted)
    )


def _explain(plan: Plan, row: int, reason: Reason, limit: LimitUse | None, flip: Flip, check: bool) -> Explanation:
    problem, firms = plan.problem, plan.problem.firms
    lent = bool(plan.lend[row])
    rate = float(plan.rate[row] if lent else plan.best_rate[row])
    stay = float("nan")
    if firms.grade[row] != GRADE_D and not np.isnan(rate):
        stay = float(problem.terms.rates.stay(np.array([rate]), firms.grade[row : row + 1])[0])
    earning = stay * float(problem.gain[row] * rate - problem.cost[row])
    cut = float(plan.earning[row]) - float(plan.margin[row])
    needed = cut if flip.cut is None else flip.cut + EARN_STEP
    return Explanation(
        firm=firms.ids[row],
        reason=reason,
        amount=float(plan.amount[row]),
        rate=rate,
        churn=1.0 - stay,
        earning=earning,
        cut=cut,
        pd=float(firms.pd[row]),
        flip_pd=flip.pd,
        flip_budget=flip.budget,
        rates=_rates(problem, row, needed) if reason in MOVABLE and lent else None,
        limit=limit,
        checked=check and reason in MOVABLE,
        flip_limit=flip.limit,
        rates_checked=flip.cut is not None,
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


def _dearest(plan: Plan, row: int) -> LimitUse | None:
    """The limit in the firm's way, the budget apart, whose easing by a hundredth would earn most."""
    firms = plan.problem.firms
    own = {f"grade {GRADES[int(firms.grade[row])]}"}
    if firms.sector is not None:
        own.add(f"sector {firms.sector[row]}")
    if firms.group is not None:
        own |= {f"group {firms.group[row]}", f"group share {firms.group[row]}"}

    def in_the_way(use: LimitUse) -> bool:
        return use.key in own or not (use.at_least or use.key.startswith(("sector ", "grade ", "group ", "budget")))

    priced = [use for use in plan.limits if use.price > 0.0 and in_the_way(use)]
    return max(priced, key=lambda use: use.price * max(abs(use.allowed), 1e-9), default=None)


def _rates(problem: Problem, row: int, cut: float) -> tuple[float, float] | None:
    """The lowest and the highest rate at which a yuan still earns the cut."""
    terms = problem.terms
    rates = np.linspace(terms.rate_min, terms.rate_max, 1101)
    grade = np.full(rates.size, problem.firms.grade[row])
    earned = terms.rates.stay(rates, grade) * (problem.gain[row] * rates - problem.cost[row])
    enough = np.flatnonzero(earned >= cut - 1e-12)
    return (float(rates[enough[0]]), float(rates[enough[-1]])) if enough.size else None
