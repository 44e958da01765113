"""The optimal credit plan and its proof: the one entry to all solvers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np

from credit_udfs.core.allocation.budget_only import solve_budget_only
from credit_udfs.core.allocation.faults import search_faults
from credit_udfs.core.allocation.flips import eased
from credit_udfs.core.allocation.limited import CORNERED, solve_limited
from credit_udfs.core.allocation.lowest import Corners
from credit_udfs.core.allocation.plan import Conflict, Infeasible, NoPlanYet, Plan
from credit_udfs.core.allocation.problem import BadProblem, Problem
from credit_udfs.core.allocation.quoted import solve_quoted
from credit_udfs.core.allocation.rows import pool_of
from credit_udfs.core.allocation.search import FEASIBLE, Clock, within
from credit_udfs.types import Progress

TRIED = 20_000
"""Firms up to which repairs are tried."""
TRIALS, TRIAL = 6.0, 2.0
"""Seconds for trying all of them, and for one."""


def solve(
    problem: Problem,
    *,
    gap: float = 1e-4,
    prove: bool = False,
    time_limit: float | None = None,
    clock: Callable[[], float] | None = None,
    progress: Progress | None = None,
    start: Plan | None = None,
    why: bool = True,
) -> Plan:
    """The best plan within the limits, with bound, gap and prices.

    gap: relative gap at which the search may stop. prove: go on to 1e-6 (1e-9 with the budget alone).
    time_limit: seconds by `clock` (core reads none itself; time.perf_counter, say), after which the best plan
    so far is returned with its honest gap and status "time_limit"; a search without a plan goes on for its first
    one, some seconds. A progress callback that raises `search.Stop` ends the search in the same way, with status
    "interrupted". start: the plan of a like problem, from whose prices the search starts. Raises Infeasible when no
    plan keeps all limits: where `why`, with those that clash, their repairs tried by solving again. Raises NoPlanYet
    where time was too short for either, BadProblem for a gap or a time limit that is none. Equal firms get their
    loans in the order of the list, the larger first (turns.py).
    """
    if faults := search_faults(gap, prove, time_limit):
        raise BadProblem(faults)
    watch = Clock(clock, clock() + time_limit if clock is not None and time_limit is not None else np.inf)
    try:
        return _solve(problem, gap, prove, watch, progress, start, why)
    except Infeasible as error:
        conflicts = error.conflicts if why else ()
    trials = watch.anew(TRIALS)
    raise Infeasible(tuple(_tried(problem, conflict, trials, progress) for conflict in conflicts))


def _solve(
    problem: Problem,
    gap: float,
    prove: bool,
    watch: Clock,
    progress: Progress | None = None,
    start: Plan | None = None,
    why: bool = False,
) -> Plan:
    limits, terms = problem.limits, problem.terms
    if limits.one_rate_per_grade or limits.rates_ordered:
        return solve_quoted(problem, gap=gap, prove=prove, clock=watch, progress=progress)
    if limits.any_row or terms.budget_basis == "drawn":
        return solve_limited(problem, gap=gap, prove=prove, clock=watch, progress=progress, start=start, why=why)
    return solve_budget_only(problem, gap=gap, prove=prove)


def _tried(problem: Problem, conflict: Conflict, trials: Clock, progress: Progress | None) -> Conflict:
    """A conflict whose repair, as it is said, leaves a plan."""
    if conflict.need is None or conflict.group or len(problem.firms) > TRIED:
        return conflict
    limit, turn, short = conflict.limit, 0, None

    def enough(value: float) -> bool:
        nonlocal turn
        turn += 1
        if not trials.tick(progress, "allocation_clash", turn):
            raise NoPlanYet(interrupted=trials.status == "interrupted")
        try:
            return _possible(_changed(problem, limit.key, value), trials.anew(TRIAL))
        except BadProblem:
            return False

    try:
        for value in _repairs(conflict):
            if enough(value):
                break
            short = value
        else:
            return replace(conflict, need=None, known=False)
    except NoPlanYet:
        return replace(conflict, estimate=True)
    if limit.eased(conflict.need) == value:
        return replace(conflict, estimate=False)
    with suppress(NoPlanYet):  # steps between were left out
        while short is not None and abs(value - short) > 1.5 / limit.fine:
            middle = limit.eased((value + short) / 2.0)
            value, short = (middle, short) if enough(middle) else (value, middle)
    return replace(conflict, need=value, estimate=False)


def _changed(problem: Problem, key: str, value: float) -> Problem:
    return problem.with_terms(budget=value) if "budget" in key else eased(problem, key, value)


def _possible(problem: Problem, watch: Clock) -> bool:
    """Whether there is a plan. Raises NoPlanYet where that isn't found in time."""
    limits = problem.limits
    if not limits.one_rate_per_grade and not limits.rates_ordered:
        pool = pool_of(problem)
        if 0 < pool.size <= CORNERED:
            found = Corners(pool).plan(range(len(pool.rows)), seconds=watch.left(), gap=1.0)
            if found.none or (found.choice is not None and within(pool, found.choice, FEASIBLE)):
                return not found.none
    try:
        _solve(problem, 1.0, False, watch)
    except Infeasible:
        return False
    return True


def _repairs(conflict: Conflict) -> Iterator[float]:
    """Values near what a limit needs, the nearest first, then ever further to the side that eases it."""
    limit, need = conflict.limit, conflict.need
    assert need is not None
    safe, step = limit.eased(need), 1.0 / limit.fine
    if (near := round(need * limit.fine) / limit.fine) != safe:
        yield near
    yield safe
    away = 1.0 if need > conflict.have else -1.0
    parts = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 3e-2) if limit.unit == "yuan" else (0.0, 3e-3, 1e-2, 3e-2)
    for part in (*parts, *((0.1, 0.3, 0.7) if conflict.estimate else ())):
        yield limit.eased(safe + away * max(step, part * abs(safe)))
