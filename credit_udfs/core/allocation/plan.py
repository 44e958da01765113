"""A credit plan with its proof: what each firm gets, how good the plan is, and what its limits cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.turns import in_turn
from credit_udfs.core.industry import industries
from credit_udfs.errors import NotAvailable
from credit_udfs.locale import Lang, text
from credit_udfs.types import Bools, Floats

Status: TypeAlias = Literal["optimal", "within_gap", "feasible", "time_limit", "interrupted", "rules"]
Prices: TypeAlias = "dict[str, tuple[float, ...]]"
"""Multipliers by the key of their limit's row (rows.py), several rounds' each."""
Unit: TypeAlias = Literal["yuan", "share", "count"]
Method: TypeAlias = Literal["price", "blocks", "milp", "chain", "grade_rates", "ratio", "rules", "given"]


@dataclass(frozen=True)
class LimitUse:
    """How far one limit is used, and what it costs.

    name and values: key "allocation.limit_<name>" and the values of its sentence; key: short name unique in a
    plan. used, allowed: in the limit's own unit (yuan, share or count). At least: whether the limit is a
    minimum. price: what the value of the plan gains per unit by which the limit is eased (0 where it doesn't
    bind), yuan. unit: of used and allowed.
    """

    key: str
    name: str
    values: dict[str, Any]
    used: float
    allowed: float
    at_least: bool = False
    price: float = 0.0
    unit: Unit = "yuan"

    @property
    def slack(self) -> float:
        return self.used - self.allowed if self.at_least else self.allowed - self.used

    @property
    def binding(self) -> bool:
        """Whether the limit is used up (to 1e-6 of itself) or has a price."""
        return self.price > 0.0 or self.slack <= 1e-6 * max(abs(self.allowed), 1e-9)

    @property
    def step(self) -> float:
        """A small easing to say its worth by: the power of ten next below a tenth of what is allowed; firms one by
        one."""
        if self.unit == "count":
            return 1.0
        return 10.0 ** math.floor(math.log10(self.allowed / 10.0)) if self.allowed > 0.0 else 1e-2

    def step_said(self, lang: Lang) -> str:
        """`step` in words: yuan, percentage points, or firms."""
        if self.unit == "share":
            return text("allocation.by_share", lang, points=round(100.0 * self.step, 9))
        return text(f"allocation.in_{self.unit}", lang, value=self.step)

    def sentence(self, lang: Lang) -> str:
        values = dict(self.values)
        if (industry := industries().get(str(values.get("sector")))) is not None:
            values["sector"] = industry.name(lang)
        if "share_of" in values:
            values["of"] = text(f"allocation.share_of_{values.pop('share_of')}", lang)
        return text(f"allocation.limit_{self.name}", lang, **values)

    def said(self, value: float, lang: Lang, *, safe: bool = False) -> str:
        """An amount of this limit in words: yuan, per cent, or firms. safe: rounded to the side that eases it."""
        near = self.eased(value) if safe else round(value * self.fine) / self.fine
        return text(f"allocation.in_{self.unit}", lang, value=near + 0.0)

    @property
    def fine(self) -> float:
        """How many of the steps in which it is said make one: a hundredth of a per cent, a yuan, a firm."""
        return 1e4 if self.unit == "share" else 1.0

    def eased(self, value: float) -> float:
        """`value` rounded as `said`, to the side that eases the limit from what is allowed now."""
        down = self.at_least or (self.name.startswith("use_all_budget") and value < self.allowed)
        near = value * self.fine
        return (math.floor(near + 1e-6) if down else math.ceil(near - 1e-6)) / self.fine


@dataclass(frozen=True)
class Totals:
    """Sums over the plan. Yuan unless said otherwise.

    lent: offered; drawn: expected to be drawn (offered times one minus churn); profit: by the problem's objective;
    bank_profit: interest less expected loss and funding, whatever the objective; interest: expected, r (1 - pd) on
    drawn money; expected_loss: pd * lgd on drawn money; committed_loss: the same on offered money; clients: firms lent
    to; mean_churn: over clients; mean_rate: over offered money (both NaN without clients).
    """

    lent: float
    drawn: float
    profit: float
    bank_profit: float
    interest: float
    expected_loss: float
    committed_loss: float
    clients: int
    mean_churn: float
    mean_rate: float


@dataclass(frozen=True, eq=False)
class Plan:
    """What every firm gets. Arrays of shape (n,), in the order of the problem's firms; money in yuan.

    lend: whether; amount: 0 where refused; rate: NaN where refused; best_rate: the rate at which a yuan
    offered to the firm alone earns most, limits apart (NaN for grade D and unknown probability of default);
    churn: at `rate`, NaN where refused; profit: expected, by the problem's objective; earning: per offered
    yuan at the best rate; margin: `earning` less the price of a yuan; expected_loss: pd * lgd on the drawn
    part. value: sum of profit. bound: no plan within the limits is worth more; gap: (bound - value) /
    |bound|. price: what one more yuan of budget earns. limits: the use and price of each limit, the budget
    first. prices: of the limits, for a like problem to start from; empty where there are none.
    """

    problem: Problem
    lend: Bools
    amount: Floats
    rate: Floats
    best_rate: Floats
    churn: Floats
    profit: Floats
    earning: Floats
    margin: Floats
    expected_loss: Floats
    value: float
    bound: float
    price: float
    limits: tuple[LimitUse, ...]
    status: Status
    method: Method
    prices: Prices = field(default_factory=dict, repr=False)

    @property
    def gap(self) -> float:
        """Relative distance between bound and value, never negative; NaN for a plan that proves nothing."""
        if self.bound <= self.value:
            return 0.0
        return (self.bound - self.value) / max(abs(self.bound), 1e-300)

    @property
    def binding(self) -> tuple[LimitUse, ...]:
        return tuple(limit for limit in self.limits if limit.binding)

    @cached_property
    def totals(self) -> Totals:
        drawn = self.amount[self.lend] * (1.0 - self.churn[self.lend])
        lent = float(self.amount.sum())
        pd, clients = self.problem.firms.pd[self.lend], int(self.lend.sum())
        lgd, rate = self.problem.terms.lgd, self.rate[self.lend]
        interest, loss = float((drawn * rate * (1.0 - pd)).sum()), float((drawn * pd).sum() * lgd)
        terms = self.problem.terms
        bank = interest - loss - terms.funding * float(drawn.sum())
        return Totals(
            lent=lent,
            drawn=float(drawn.sum()),
            profit=self.value,
            bank_profit=self.value if terms.objective == "bank" else bank,
            interest=interest,
            expected_loss=loss,
            committed_loss=float((self.amount[self.lend] * pd).sum() * lgd),
            clients=clients,
            mean_churn=float(self.churn[self.lend].mean()) if clients else float("nan"),
            mean_rate=float((self.amount[self.lend] * rate).sum() / lent) if lent else float("nan"),
        )


@dataclass(frozen=True)
class Conflict:
    """One of the limits that can't be kept together: what it allows, what the others need of it, and the
    smallest change of this limit alone with which a plan exists (None where none is enough).

    group: where several sets of limits clash, each for itself, the number of its set, from 1: something has to change
    in each, and a repair is that of its own set beside the limits in none. 0 where there is one set. known: whether
    the need could be told in the time there was; estimate: whether it wasn't tried on all firms."""

    limit: LimitUse
    have: float
    need: float | None
    group: int = 0
    known: bool = True
    estimate: bool = False

    @property
    def repair(self) -> float | None:
        return None if self.need is None else self.need - self.have

    def sentence(self, lang: Lang) -> str:
        limit = self.limit.sentence(lang)
        if self.group:
            limit = text("allocation.conflict_number", lang, group=self.group, limit=limit)
        if self.need is None:
            key = "rates" if self.limit.key == "rates" else "alone" if self.known else "unknown"
            return text(f"allocation.conflict_{key}", lang, limit=limit)
        have, need = self.limit.said(self.have, lang), self.limit.said(self.need, lang, safe=True)
        key = "conflict_estimate" if self.estimate else "conflict_of_several" if self.group else "conflict"
        return text(f"allocation.{key}", lang, limit=limit, have=have, need=need)


class Infeasible(NotAvailable):
    """No plan keeps all limits; `conflicts` says which clash and the smallest repair of each. #N/A"""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        self.conflicts = conflicts
        super().__init__("allocation.infeasible" if conflicts else "allocation.infeasible_why", count=len(conflicts))

    def text(self, lang: Lang) -> str:
        said = [super().text(lang), *(f"- {c.sentence(lang)}" for c in self.conflicts)]
        if any(one.group for one in self.conflicts):
            said.append(text("allocation.conflicts_apart", lang))
        return "\n".join(said)


class NoPlanYet(NotAvailable):
    """The search ended before it had a plan that keeps all limits, or knew that there is none. #N/A"""

    def __init__(self, *, interrupted: bool) -> None:
        super().__init__("allocation.interrupted_early" if interrupted else "allocation.time_too_short")


def make_plan(
    problem: Problem,
    amount: Floats,
    rate: Floats,
    *,
    best: tuple[Floats, Floats],
    bound: float,
    price: float,
    limits: tuple[LimitUse, ...],
    status: Status,
    method: Method,
) -> Plan:
    """Value amounts and rates (n,) by the problem; best: best rate and the share that stays there, (n,)
    each.

    Equal firms get their loans in the order of the list (turns.py), but by P2's rules, which know more of them.
    """
    rate = np.where(amount > 0.0, rate, np.nan)
    if method != "rules":
        asked = problem.limits.rates_ordered and not problem.limits.one_rate_per_grade
        amount, rate = in_turn(problem, amount, rate, ordered=asked or method == "ratio")
    lend = amount > 0.0
    churn = np.full(amount.shape, np.nan)
    table, firms = problem.terms.rates, problem.firms
    churn[lend] = 1.0 - table.stay(rate[lend], firms.grade[lend])
    profit, loss = np.zeros(amount.shape), np.zeros(amount.shape)
    stay = 1.0 - churn[lend]
    profit[lend] = amount[lend] * stay * (problem.gain[lend] * rate[lend] - problem.cost[lend])
    loss[lend] = amount[lend] * stay * firms.pd[lend] * problem.terms.lgd
    earning = problem.earning(*best)
    value = float(profit.sum())
    return Plan(
        problem=problem,
        lend=lend,
        amount=amount,
        rate=rate,
        best_rate=best[0],
        churn=churn,
        profit=profit,
        earning=earning,
        margin=earning - price,
        expected_loss=loss,
        value=value,
        bound=bound if np.isnan(bound) else max(bound, value),
        price=price,
        limits=limits,
        status=status,
        method=method,
    )
