"""What profit costs in risk, churn or money: the efficient frontier, every point with its proof and price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from credit_udfs.core.allocation.faults import kind_fault
from credit_udfs.core.allocation.plan import Infeasible, NoPlanYet, Plan
from credit_udfs.core.allocation.problem import BadProblem, Problem
from credit_udfs.core.allocation.solve import solve
from credit_udfs.types import Floats, Progress

Against: TypeAlias = Literal["expected_loss", "churn", "budget", "risk"]
_LIMIT = {"expected_loss": "loss_amount", "churn": "mean_churn", "risk": "risk_amount"}
_KEY = {"expected_loss": "loss_amount", "churn": "mean_churn", "risk": "risk", "budget": "budget"}


@dataclass(frozen=True)
class Point:
    """ceiling: of what the frontier is drawn against (yuan, or a mean churn rate); used: how much of it the
    plan uses; value and bound: the plan's, yuan; price: what easing the ceiling by one unit earns."""

    ceiling: float
    used: float
    value: float
    bound: float
    price: float
    plan: Plan

    @property
    def gap(self) -> float:
        return max(self.bound - self.value, 0.0) / max(abs(self.bound), 1e-300)


@dataclass(frozen=True)
class Frontier:
    """Points by rising ceiling; values don't fall."""

    against: Against
    points: tuple[Point, ...]

    @property
    def values(self) -> Floats:
        return np.array([point.value for point in self.points])

    @property
    def bounds(self) -> Floats:
        return np.array([point.bound for point in self.points])


def frontier(
    problem: Problem,
    against: Against = "expected_loss",
    points: int = 40,
    *,
    gap: float = 1e-3,
    progress: Progress | None = None,
) -> Frontier:
    """The most that can be earned under each of `points` rising ceilings, the problem's other limits kept.

    against: "expected_loss" (pd * lgd on offered money, yuan), "churn" (mean over clients), "budget" (yuan)
    or "risk" (P0's H, yuan). The last point is the plan without a ceiling (for "budget": the budget at which
    money has no price, or the problem's own if that is larger). With `objective="P3"` and "expected_loss"
    these are P3's two objectives. Ceilings that leave no plan are left out. Raises Infeasible when the
    problem itself has no plan. gap: relative, at which the search for a point may stop; the default, a thousandth, is
    finer than a chart shows and spares minutes that closing it point by point can take.
    """
    if (wrong := kind_fault("against", against, Against)) is not None:
        raise BadProblem([wrong])
    free = solve(problem, gap=gap)
    high = _used(problem, free, against)
    low = 0.0
    if against == "churn":
        low = _least_churn(problem)
    if against == "budget":
        ample = solve(problem.with_terms(budget=float(problem.firms.high.sum())), gap=gap)
        high = max(ample.totals.lent, problem.terms.budget)
    found: list[Point] = []
    last: Plan | None = None
    for k, ceiling in enumerate(np.linspace(low, high, points + 1)[1:]):
        if progress is not None:
            progress("allocation_frontier", k, points)
        try:
            plan = last = solve(_with_ceiling(problem, against, float(ceiling)), gap=gap, start=last, why=False)
        except (Infeasible, NoPlanYet, BadProblem):  # a budget below what is to be lent at least
            continue
        bound = plan.bound
        if found and found[-1].value > plan.value:
            # What a tighter ceiling allows a looser one allows too.
            plan = found[-1].plan
        price = next((use.price for use in plan.limits if use.key == _KEY[against]), 0.0)
        used = _used(problem, plan, against)
        found.append(Point(float(ceiling), used, plan.value, max(bound, plan.value), price, plan))
    return Frontier(against, tuple(found))


def _with_ceiling(problem: Problem, against: Against, ceiling: float) -> Problem:
    if against == "budget":
        return problem.with_terms(budget=ceiling)
    return problem.with_limits(**{_LIMIT[against]: ceiling})


def _used(problem: Problem, plan: Plan, against: Against) -> float:
    if against == "expected_loss":
        return plan.totals.committed_loss
    if against == "churn":
        return plan.totals.mean_churn if plan.totals.clients else 1.0
    if against == "risk":
        return float((plan.amount * np.where(plan.lend, problem.firms.risk_value, 0.0)).sum())
    return plan.totals.lent


def _least_churn(problem: Problem) -> float:
    """The lowest churn any one client can have."""
    lendable = problem.lendable
    if not lendable.any():
        return 0.0
    _, most = problem.terms.rates.stay_range(problem.firms.grade[lendable])
    return float(1.0 - most.max())
