"""The papers' plans beside the bank's, on the same firms: what each earns by every other's measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from credit_udfs.core.allocation.budget_only import EXACT, Shelf, allot, budget_use
from credit_udfs.core.allocation.measures import Comparison, compare, named_plan
from credit_udfs.core.allocation.plan import Infeasible, Plan, make_plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.ratio import RatioPlan, solve_ratio
from credit_udfs.core.allocation.rules import rules_plan
from credit_udfs.core.assess import Assessment, matrix
from credit_udfs.core.indicators import compute
from credit_udfs.core.stress import Scenario, shock
from credit_udfs.methods.p2 import STABILITY_USED, STRENGTH_USED, stability, strength
from credit_udfs.types import Floats, Progress

NAMES = ("bank", "P0", "P1", "P1_shock", "P2", "P3", "P3_least", "P4")


def compare_plans(assessment: Assessment, scenario: Scenario, progress: Progress | None = None) -> Comparison:
    """Each paper's plan on the same applicants and budget, in every measure of core.allocation.measures and in P0's Z.

    bank: the assessment's own plan. P0: the ratio Z with rates in the order of risk. P1, P1_shock: repayment (1 - pd
    stands in for its o) without and with the scenario's factors. P2: the rules. P3, P3_least: its
    two objectives, the most profit, and the least money at risk with the whole budget lent. P4: the rate search. The
    limits of the assessment are kept by P1, P3 and P4; P0, P2 and P3_least know only the budget, so that P3_least may
    carry more risk than a plan that limits keep from lending it all: `Comparison.broken` says what each breaks. P0,
    with its Z, is left out where not even the budget can be used up, as its ratio asks.
    """
    firms = [assessment.tables.firms["firm"][int(row)] for row in assessment.applicants]
    problem, tables = assessment.plan.problem, assessment.tables
    factors = np.clip(shock(assessment, scenario).factor[assessment.applicants], 0.0, None)
    shocked = replace(problem, firms=replace(problem.firms, shock=factors))

    def rules() -> Plan:
        strengths = matrix(compute(tables.purchases, tables.sales, firms, STRENGTH_USED))
        stable = stability(matrix(compute(tables.purchases, tables.sales, firms, STABILITY_USED)))
        gross_profit = strengths[:, STRENGTH_USED.index("p4_psi1")]
        return rules_plan(problem, strength(strengths), stable, ~(gross_profit < 0.0)).plan

    plans: dict[str, Plan] = {"bank": assessment.plan}
    ratio: RatioPlan | None = None
    for done, name in enumerate(NAMES[1:]):
        if progress:
            progress("plan", done, len(NAMES) - 1)
        if name == "P0":
            ratio = _ratio(problem)
            if ratio is not None:
                plans[name] = ratio.plan
        elif name == "P2":
            plans[name] = rules()
        elif name == "P3_least":
            plans[name] = least_risk(problem)
        else:
            plans[name] = named_plan(shocked, name)
    found = compare(shocked.firms, problem.terms, plans, problem.limits)
    return found if ratio is None else _with_ratio(found, ratio)


def _spendable(problem: Problem) -> Problem:
    """With no more budget than can be lent."""
    most = float(problem.firms.high[problem.lendable].sum())
    return problem.with_terms(budget=min(problem.terms.budget, most))


def _ratio(problem: Problem) -> RatioPlan | None:
    spendable = _spendable(problem)
    if spendable.terms.budget < float(problem.firms.low[problem.lendable].min(initial=np.inf)):
        return None
    try:
        return solve_ratio(spendable)
    except Infeasible:
        return None


def least_risk(problem: Problem) -> Plan:
    """P3's second objective: the whole budget lent with the least money at risk, sum of amount times pd.

    Rates are those that earn most by P3's profit. Less than the whole budget is lent only where it doesn't fit.
    """
    problem = problem.with_terms(objective="P3")
    firms, terms = problem.firms, problem.terms
    firm = np.flatnonzero(problem.lendable)
    firm = firm[np.lexsort((firm, firms.pd[firm]))]
    # 1 - pd: a yuan at risk costs, lending it never does.
    shelf = Shelf(firm, 1.0 - firms.pd[firm], firms.low[firm], firms.high[firm], terms.budget, False)
    amount = np.zeros(len(firms))
    if firm.size:
        amount[firm], _, _ = allot(shelf, EXACT)
    best = terms.rates.best(problem.cost / np.maximum(problem.gain, 1e-12), firms.grade)
    return make_plan(
        problem, amount, best[0], best=best, bound=float("nan"), price=0.0,
        limits=(budget_use(problem, float(amount.sum()), 0.0),), status="optimal", method="given",
    )  # fmt: skip


def _with_ratio(found: Comparison, ratio: RatioPlan) -> Comparison:
    """The comparison with P0's Z = (F/F*) / (0.5 (H/H*)^2 + 0.5 (W/W*)^2) as one more measure."""

    def column(measure: str) -> Floats:
        return found.values[:, found.measures.index(measure)]

    income = column("P0_income") / ratio.best_income
    risk, churn = column("P0_risk") / ratio.best_risk, column("P0_churn") / ratio.best_churn
    z = income / (0.5 * risk**2 + 0.5 * churn**2)
    return replace(found, measures=(*found.measures, "P0_Z"), values=np.column_stack([found.values, z]))
