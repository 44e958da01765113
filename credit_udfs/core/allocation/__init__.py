"""The credit plan: what is asked (problem), the optimum and its proof (solve), and what explains it."""

from credit_udfs.core.allocation.explain import Explanation, explain
from credit_udfs.core.allocation.frontier import Frontier, frontier
from credit_udfs.core.allocation.measures import Comparison, compare, named_plan
from credit_udfs.core.allocation.plan import Conflict, Infeasible, LimitUse, NoPlanYet, Plan, Totals
from credit_udfs.core.allocation.problem import BadProblem, Firms, Limits, Problem, Terms
from credit_udfs.core.allocation.ratio import RatioPlan, solve_ratio
from credit_udfs.core.allocation.rules import RulesPlan, rules_plan
from credit_udfs.core.allocation.solve import solve

__all__ = [
    "BadProblem",
    "Comparison",
    "Conflict",
    "Explanation",
    "Firms",
    "Frontier",
    "Infeasible",
    "LimitUse",
    "Limits",
    "NoPlanYet",
    "Plan",
    "Problem",
    "RatioPlan",
    "RulesPlan",
    "Terms",
    "Totals",
    "compare",
    "explain",
    "frontier",
    "named_plan",
    "rules_plan",
    "solve",
    "solve_ratio",
]
