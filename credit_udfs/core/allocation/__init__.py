"""The credit plan: what is asked (problem), the optimum and its proof (solve), and what explains it."""

from credit_udfs.core.allocation.plan import Conflict, Infeasible, LimitUse, Plan, Totals
from credit_udfs.core.allocation.problem import BadProblem, Firms, Limits, Problem, Terms
from credit_udfs.core.allocation.solve import solve

__all__ = [
    "BadProblem",
    "Conflict",
    "Firms",
    "Infeasible",
    "LimitUse",
    "Limits",
    "Plan",
    "Problem",
    "Terms",
    "Totals",
    "solve",
]
