"""The optimal credit plan and its proof: the one entry to all solvers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit_udfs.core.allocation.budget_only import solve_budget_only
from credit_udfs.core.allocation.faults import search_faults
from credit_udfs.core.allocation.limited import solve_limited
from credit_udfs.core.allocation.plan import Plan
from credit_udfs.core.allocation.problem import BadProblem, Problem
from credit_udfs.core.allocation.quoted import solve_quoted
from credit_udfs.core.allocation.search import Clock
from credit_udfs.types import Progress


def solve(
    problem: Problem,
    *,
    gap: float = 1e-4,
    prove: bool = False,
    time_limit: float | None = None,
    clock: Callable[[], float] | None = None,
    progress: Progress | None = None,
    start: Plan | None = None,
) -> Plan:
    """The best plan within the limits, with bound, gap and prices.

    gap: relative gap at which the search may stop. prove: go on to 1e-6 (1e-9 with the budget alone).
    time_limit: seconds by `clock` (core reads none itself; time.perf_counter, say), after which the best plan
    so far is returned with its honest gap and status "time_limit". A progress callback that raises
    `search.Stop` ends the search in the same way, with status "interrupted". start: the plan of a like problem, from
    whose prices the search starts. Raises BadProblem for a gap or a time limit that is none, and Infeasible, with the
    clashing limits, when no plan keeps them all.
    """
    if faults := search_faults(gap, prove, time_limit):
        raise BadProblem(faults)
    limits, terms = problem.limits, problem.terms
    until = clock() + time_limit if clock is not None and time_limit is not None else np.inf
    watch = Clock(clock, until)
    if limits.one_rate_per_grade or limits.rates_ordered:
        return solve_quoted(problem, gap=gap, prove=prove, clock=watch, progress=progress)
    if limits.any_row or terms.budget_basis == "drawn":
        return solve_limited(problem, gap=gap, prove=prove, clock=watch, progress=progress, start=start)
    return solve_budget_only(problem, gap=gap, prove=prove)
