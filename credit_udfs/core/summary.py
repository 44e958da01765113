"""The decision in a few figures: what the summary page, the command line and the JSON output all show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from credit_udfs.core.allocation.faults import GRADE_D
from credit_udfs.core.allocation.problem import Objective
from credit_udfs.core.assess import Assessment

Refusal: TypeAlias = Literal["grade_d", "unknown", "no_profit", "below_cut", "limits"]
REFUSALS: tuple[Refusal, ...] = ("grade_d", "unknown", "no_profit", "below_cut", "limits")


@dataclass(frozen=True)
class Summary:
    """Figures of an assessment. Money in yuan, rates and shares as fractions; NaN means undefined (no clients).

    firms: enterprises read; scored: those with a score; applicants: firms the plan is about; lent: how many get
    a loan; refused: how many don't, by reason. amount: offered in all; drawn: expected to be drawn. objective: what the
    plan maximises (`Terms.objective`); profit: how much of it is expected, bank_profit: what the bank expects to earn,
    the same for its own objective; expected_loss: taken off the latter. bound: no plan within the limits can have more
    of the objective; gap: (bound - profit) / bound. price_per_million: what one more million of budget would add.
    exposures: the five largest, (firm, yuan).
    """

    firms: int
    scored: int
    applicants: int
    lent: int
    refused: Mapping[Refusal, int]
    budget: float
    amount: float
    drawn: float
    objective: Objective
    profit: float
    bank_profit: float
    expected_loss: float
    mean_churn: float
    mean_rate: float
    bound: float
    gap: float
    status: str
    price_per_million: float
    exposures: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-able: NaN becomes None."""
        return {
            key: None if isinstance(value, float) and value != value else value for key, value in asdict(self).items()
        }


def refusals(assessment: Assessment) -> list[Refusal | None]:
    """Why each applicant is refused; None for those lent to. The first reason that holds, in REFUSALS' order.

    grade_d: D is never lent to. unknown: too few indicators for a score. no_profit: at no rate does the loan
    earn anything. below_cut: it earns less than the budget's last yuan. limits: another limit keeps it out.
    """
    plan, firms = assessment.plan, assessment.plan.problem.firms
    out: list[Refusal | None] = []
    for i, row in enumerate(assessment.applicants.tolist()):
        if plan.lend[i]:
            out.append(None)
        elif assessment.grade[row] is None or np.isnan(firms.pd[i]):
            out.append("unknown")
        elif firms.grade[i] == GRADE_D:
            out.append("grade_d")
        elif not plan.earning[i] > 0.0:
            out.append("no_profit")
        else:
            out.append("below_cut" if plan.margin[i] <= 0.0 else "limits")
    return out


def summarise(assessment: Assessment) -> Summary:
    """The figures of `assessment`."""
    plan, totals = assessment.plan, assessment.plan.totals
    why = refusals(assessment)
    order = np.argsort(-plan.amount, kind="stable")[:5]
    return Summary(
        firms=assessment.tables.firms.height,
        scored=int((assessment.scores.grade >= 0).sum()),
        applicants=len(plan.problem.firms),
        lent=totals.clients,
        refused={reason: why.count(reason) for reason in REFUSALS},
        budget=plan.problem.terms.budget,
        amount=totals.lent,
        drawn=totals.drawn,
        objective=plan.problem.terms.objective,
        profit=totals.profit,
        bank_profit=totals.bank_profit,
        expected_loss=totals.expected_loss,
        mean_churn=totals.mean_churn,
        mean_rate=totals.mean_rate,
        bound=plan.bound,
        gap=plan.gap,
        status=plan.status,
        price_per_million=plan.price * 1e6,
        exposures=tuple(
            (plan.problem.firms.ids[i], float(plan.amount[i])) for i in order.tolist() if plan.amount[i] > 0.0
        ),
    )
