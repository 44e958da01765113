"""Why each firm gets what it gets, in one sentence, and what would change it, checked by solving again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from credit_udfs.core.allocation.faults import GRADE_D
from credit_udfs.core.allocation.flips import Flip, checkable, flips
from credit_udfs.core.allocation.plan import LimitUse, Plan
from credit_udfs.locale import Lang, text
from credit_udfs.types import GRADES, Grade, Progress

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
RatesOf: TypeAlias = Literal["own", "ordered", "grade"]
PRICED = ("full", "partial", "below_cut", "crowded_out")
MOVABLE = (*PRICED, "loses")


@dataclass(frozen=True)
class Explanation:
    """One firm's case. Money in yuan, earnings, charge and cut in yuan per yuan offered.

    reason: key of the sentence. rate: the plan's, or the best one where refused; churn: at that rate; earning: at
    that rate; cut: what a yuan must earn to be lent. priced: whether other limits than the budget have a price; then
    the cut is the firm's own: what the use it makes of the limits costs, negative where it relieves them.

    Where the decision turns, all else equal: flip_pd: at this probability of default and beyond (steps of 0.01%);
    flip_rates: a firm lent to would be refused at rates below the first and above the second; flip_budget, and
    flip_limit in the unit of `limit`, which stands most in a refused firm's way: where the firm would get a loan, or
    lose it. None where no value does.

    rates_of: whose rate that is. "own": the firm's. "ordered": the firm's, from the quoted ones, the others planned
    anew and still in the order of risk with it. "grade": with one rate per grade a firm's rate can't be moved alone, so
    it is that of its grade; the firm is lent to at every quoted one between. grade: the firm's.

    checked: found by solving again on both sides: the best plan with a loan to the firm against the best one without,
    for budgets and limits a plan at that value, and one nearer the present one that decides as now. Under limits plans
    are within `gap` of their bounds, so nearer to the turning point than what the gap is worth the decision is a tie
    that other plans as good may break otherwise. Budgets and limits are looked at in 32 steps, closer near the present
    value (12 for at most eight firms): a decision that turns and turns back between two isn't seen, and where a plan
    and its prices disagree it counts as not yet turned. Then halfway between, on to 0.01% of a share or about a
    ten-thousandth of the money, or, where flip_about, to 1% of the value or of the present one.
    """

    firm: str
    reason: Reason
    amount: float
    rate: float
    churn: float
    earning: float
    cut: float
    pd: float
    limit: LimitUse | None
    priced: bool
    checked: bool
    flip_pd: float | None
    flip_budget: float | None
    flip_limit: float | None
    flip_about: bool
    flip_rates: tuple[float | None, float | None]
    rates_of: RatesOf
    grade: Grade

    @property
    def lent(self) -> bool:
        return self.amount > 0.0

    def sentence(self, lang: Lang) -> str:
        """Why, in one sentence."""
        fen, cut = 100.0 * self.earning, 100.0 * self.cut
        said: dict[str, object] = {"rate": self.rate, "churn": self.churn, "fen": fen, "amount": self.amount}
        key = f"allocation.why_{self.reason}"
        if self.priced and self.reason in PRICED:
            after = "relieved" if cut < 0.0 else "charged"
            said["after"] = text(f"allocation.{after}", lang, charge=abs(cut), net=fen - cut)
            return text(f"{key}_limits", lang, **said)
        at_cut = self.reason == "full" and round(fen, 2) <= round(cut, 2)
        return text(f"{key}_at_cut" if at_cut else key, lang, cut=cut, **said)

    def change(self, lang: Lang) -> str:
        """What would change it, in one or two sentences; empty where nothing does."""
        said = []
        side, about = "lent" if self.lent else "refused", "_about" if self.flip_about else ""
        if self.flip_pd is not None:
            said.append(text(f"allocation.flip_pd_{side}", lang, flip=self.flip_pd, pd=self.pd))
        if self.flip_budget is not None:
            wan = self.flip_budget / 1e4
            said.append(text(f"allocation.flip_budget_{side}{about}", lang, budget=self.flip_budget, wan=wan))
        low, high = self.flip_rates
        if low is not None or high is not None:
            side = "rates" if low is not None and high is not None else "rate_low" if high is None else "rate_high"
            whose = text(f"allocation.rate_{self.rates_of}", lang, grade=self.grade)
            said.append(text(f"allocation.flip_{side}", lang, whose=whose, low=low, high=high))
        if self.limit is not None and not self.lent:
            said.append(text("allocation.flip_limit", lang, limit=self.limit.sentence(lang)))
            if self.flip_limit is not None:
                value = self.limit.said(self.flip_limit, lang, safe=True)
                said.append(text(f"allocation.flip_limit_at{about}", lang, value=value))
            elif self.checked:
                said.append(text("allocation.flip_limit_none", lang))
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

    check: look for the flips by solving again: some milliseconds a firm under a budget alone, about a tenth to half
    a second under limits. Without it flips are None. A progress callback that raises search.Stop leaves the firms
    that weren't reached unchecked.
    """
    wanted = list(range(len(plan.lend))) if rows is None else list(rows)
    reasons = [_reason(plan, row) for row in wanted]
    limits = [
        _dearest(plan, row) if why in ("below_cut", "crowded_out") else None
        for row, why in zip(wanted, reasons, strict=True)
    ]
    found: dict[int, Flip] = {}
    if check and checkable(plan):
        asked = [k for k, why in enumerate(reasons) if why in MOVABLE]
        turned = flips(plan, [wanted[k] for k in asked], [limits[k] for k in asked], gap, progress)
        found = dict(zip(asked, turned, strict=False))
    return tuple(_explain(plan, row, reasons[k], limits[k], found.get(k)) for k, row in enumerate(wanted))


def _explain(plan: Plan, row: int, reason: Reason, limit: LimitUse | None, found: Flip | None) -> Explanation:
    problem, firms, limits = plan.problem, plan.problem.firms, plan.problem.limits
    lent, flip = bool(plan.lend[row]), found or Flip()
    rate = float(plan.rate[row] if lent else plan.best_rate[row])
    stay = float("nan")
    if firms.grade[row] != GRADE_D and not np.isnan(rate):
        stay = float(problem.terms.rates.stay(np.array([rate]), firms.grade[row : row + 1])[0])
    earning = stay * float(problem.gain[row] * rate - problem.cost[row])
    priced = any(use.price > 0.0 and use.key != "budget" for use in plan.limits)
    return Explanation(
        firm=firms.ids[row],
        reason=reason,
        amount=float(plan.amount[row]),
        rate=rate,
        churn=1.0 - stay,
        earning=earning,
        cut=(earning if priced else float(plan.earning[row])) - float(plan.margin[row]),
        pd=float(firms.pd[row]),
        limit=limit,
        priced=priced,
        checked=found is not None,
        flip_pd=flip.pd,
        flip_budget=flip.budget,
        flip_limit=flip.limit,
        flip_about=flip.about,
        flip_rates=flip.rates,
        rates_of="grade" if limits.one_rate_per_grade else "ordered" if limits.rates_ordered else "own",
        grade=GRADES[int(firms.grade[row])],
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
