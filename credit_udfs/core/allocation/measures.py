"""Every paper's measure of a plan, so that plans made for different objectives can be set side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from credit_udfs.core.allocation.kept import broken
from credit_udfs.core.allocation.plan import LimitUse, Plan
from credit_udfs.core.allocation.problem import Firms, Limits, Objective, Problem, Terms
from credit_udfs.core.allocation.solve import solve
from credit_udfs.types import Floats

# P0, table 4.
DEFAULT_RATE = np.array([0.0, 0.026, 0.059, 1.0])

MEASURES = (
    "lent",
    "drawn",
    "bank",
    "P1",
    "P1_shock",
    "P3",
    "P3_risk",
    "P4",
    "P2_interest",
    "P0_income",
    "P0_risk",
    "P0_churn",
    "expected_loss",
)
"""Keys of a comparison, texts in locale/comparison.toml as measure_<key>. Yuan, but P0_churn (a mean in [0, 1]), and
P0_Z (a ratio), which is there when P0's plan is."""

OWN: Mapping[str, str] = {
    "bank": "bank", "P0": "P0_Z", "P1": "P1", "P1_shock": "P1_shock", "P3": "P3", "P3_least": "P3_risk", "P4": "P4",
}  # fmt: skip
"""The measure that each plan is made for; P2's rules are made for none."""
FALLING = frozenset({"P3_risk", "P0_risk", "P0_churn", "expected_loss"})
"""Measures of which less is better."""

NAMED: Mapping[str, Objective] = {"bank": "bank", "P1": "P1", "P1_shock": "P1", "P3": "P3", "P4": "P4"}


@dataclass(frozen=True)
class Comparison:
    """Plans by name (rows) in each other's measures (columns): values (rows, columns); the plans themselves; and which
    limits each of them breaks, as no plan may that is to be called better than another."""

    names: tuple[str, ...]
    measures: tuple[str, ...]
    values: Floats
    plans: Mapping[str, Plan] = field(default_factory=dict)
    broken: Mapping[str, tuple[LimitUse, ...]] = field(default_factory=dict)

    def of(self, name: str, measure: str) -> float:
        return float(self.values[self.names.index(name), self.measures.index(measure)])

    def keeps(self, name: str) -> bool:
        """Whether the plan keeps every limit."""
        return not self.broken.get(name)


def measure(firms: Firms, terms: Terms, plan: Plan) -> dict[str, float]:
    """The plan's loans in every measure, whatever it was made for; the budget plays no part."""
    on = plan.lend
    amount, rate = plan.amount[on], plan.rate[on]
    stay = terms.rates.stay(rate, firms.grade[on])
    drawn = amount * stay

    def earned(objective: Objective, with_shock: bool = True) -> float:
        those = firms if with_shock else replace(firms, shock=None)
        problem = Problem(those, replace(terms, objective=objective))
        return float((drawn * (problem.gain[on] * rate - problem.cost[on])).sum())

    return {
        "lent": float(amount.sum()),
        "drawn": float(drawn.sum()),
        "bank": earned("bank"),
        "P1": earned("P1", with_shock=False),
        "P1_shock": earned("P1"),
        "P3": earned("P3"),
        # P3's second objective, section 4.2.4: the risk carried by the money lent.
        "P3_risk": float((amount * firms.pd[on]).sum()),
        "P4": earned("P4"),
        # P2, section 3: amount times rate, as if nobody left and nobody defaulted.
        "P2_interest": float((amount * rate).sum()),
        "P0_income": float((amount * rate * (1.0 - DEFAULT_RATE[firms.grade[on]])).sum()),
        "P0_risk": float((amount * firms.risk_value[on]).sum()),
        "P0_churn": float((len(firms) - stay.sum()) / max(len(firms), 1)),
        "expected_loss": float((drawn * firms.pd[on]).sum() * terms.lgd),
    }


def compare(firms: Firms, terms: Terms, plans: Mapping[str, Plan], limits: Limits | None = None) -> Comparison:
    """Every plan in every measure, one table; limits: what each is held against, with the budget."""
    rows = [measure(firms, terms, plan) for plan in plans.values()]
    values = np.array([[row[key] for key in MEASURES] for row in rows]).reshape(len(rows), len(MEASURES))
    problem = Problem(firms, terms, limits or Limits())
    unkept = {name: broken(problem, plan.amount, plan.rate) for name, plan in plans.items()}
    return Comparison(tuple(plans), MEASURES, values, plans, unkept)


def named_plan(problem: Problem, name: str, *, gap: float = 1e-4) -> Plan:
    """The plan optimal for a paper's objective on the same firms, terms and limits.

    name: "bank", "P1" (without shock factors), "P1_shock", "P3" (its profit; both its objectives:
    frontier.py) or "P4" (the rate search). P0's ratio is in ratio.py, P2's rules in rules.py. Raises KeyError
    for another name.
    """
    objective = NAMED[name]
    firms = replace(problem.firms, shock=None) if name == "P1" else problem.firms
    return solve(replace(problem, firms=firms, terms=replace(problem.terms, objective=objective)), gap=gap)
