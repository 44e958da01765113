"""The papers' plans beside the bank's, on the same firms: what each earns by every other's measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from credit_udfs.core.allocation.measures import Comparison, compare, named_plan
from credit_udfs.core.allocation.plan import Plan
from credit_udfs.core.allocation.ratio import solve_ratio
from credit_udfs.core.allocation.rules import rules_plan
from credit_udfs.core.assess import Assessment, matrix
from credit_udfs.core.indicators import compute
from credit_udfs.core.stress import Scenario, shock
from credit_udfs.methods.p2 import STABILITY_USED, STRENGTH_USED, stability, strength
from credit_udfs.types import Progress

NAMES = ("bank", "P0", "P1", "P1_shock", "P2", "P3", "P4")


def paper_plans(assessment: Assessment, scenario: Scenario, progress: Progress | None = None) -> dict[str, Plan]:
    """The plan of the assessment ("bank"), and each paper's on the same applicants and budget, by name.

    P0: the ratio Z with rates in the order of risk; P1, P1_shock: repayment (1 - pd stands in for its o) without and
    with the scenario's factors; P2: the rules; P3: profit over the deposit rate; P4: the rate search. The limits of
    the assessment are kept by P1, P3 and P4; P0 and P2 know none.
    """
    firms = [assessment.tables.firms["firm"][int(row)] for row in assessment.applicants]
    factors = np.clip(shock(assessment, scenario).factor[assessment.applicants], 0.0, None)
    problem = assessment.plan.problem
    shocked = replace(problem, firms=replace(problem.firms, shock=factors))
    tables = assessment.tables

    def indicators(keys: tuple[str, ...]) -> np.ndarray:
        return matrix(compute(tables.purchases, tables.sales, firms, keys))

    strengths = indicators(STRENGTH_USED)
    gross_profit = strengths[:, STRENGTH_USED.index("p4_psi1")]
    plans: dict[str, Plan] = {"bank": assessment.plan}
    for done, name in enumerate(NAMES[1:]):
        if progress:
            progress("plan", done, len(NAMES) - 1)
        if name == "P0":
            plans[name] = solve_ratio(problem).plan
        elif name == "P2":
            stable = stability(indicators(STABILITY_USED))
            plans[name] = rules_plan(problem, strength(strengths), stable, ~(gross_profit < 0.0)).plan
        else:
            plans[name] = named_plan(shocked, name)
    return plans


def compare_plans(assessment: Assessment, scenario: Scenario, progress: Progress | None = None) -> Comparison:
    """Every plan of `paper_plans` in every measure of core.allocation.measures, one table."""
    plans = paper_plans(assessment, scenario, progress)
    firms = replace(
        assessment.plan.problem.firms,
        shock=np.clip(shock(assessment, scenario).factor[assessment.applicants], 0.0, None),
    )
    return compare(firms, assessment.plan.problem.terms, plans)
