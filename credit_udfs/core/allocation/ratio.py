"""P0's ratio Z = (F/F*) / (0.5 (H/H*)^2 + 0.5 (W/W*)^2) with rates in the order of risk.

F is income at full repayment rates by grade, H the risk carried, W the mean churn of all firms (a refused one
counts as 1). As printed H* is 0 (lend nothing), so all optima, Z's too, are taken with the whole budget used.

Bound: Z >= t asks whether F/F* - t/2 (h^2 + w^2) can reach 0. Convex combinations of plans are priced by a
linear programme with tangents to the squares; its duals give a chain programme (quoted.py) over firms and
quoted rates, whose value bounds every plan, since h and w are at least 1. Branching on "the rate up to firm i
is at most m" closes the rest.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from credit_udfs.core.allocation.budget_only import EXACT, CannotSpend, Shelf, allot, budget_use
from credit_udfs.core.allocation.faults import search_faults
from credit_udfs.core.allocation.levels import chain
from credit_udfs.core.allocation.measures import DEFAULT_RATE
from credit_udfs.core.allocation.plan import Conflict, Infeasible, Plan, make_plan
from credit_udfs.core.allocation.problem import BadProblem, Problem
from credit_udfs.types import Bools, Floats, Ints

NODES = 400
KEPT = 60
IMPROVE = 16
TURNS = 120


@dataclass(frozen=True, eq=False)
class RatioPlan:
    """The best plan found by Z, its proof, and the three optima it is measured by.

    z, bound, gap: of the ratio, over quoted rates. income, risk, churn: F, H (yuan) and W of the plan;
    best_income, best_risk, best_churn: F*, H* and W*. plan: its value is the problem's own objective (what
    the bank would earn).
    """

    plan: Plan
    z: float
    bound: float
    income: float
    risk: float
    churn: float
    best_income: float
    best_risk: float
    best_churn: float
    nodes: int

    @property
    def gap(self) -> float:
        return max(self.bound - self.z, 0.0) / self.bound


_Known: TypeAlias = "list[tuple[Floats, Ints]]"


@dataclass(frozen=True, eq=False)
class _Sums:
    """Lendable firms in order of risk, everything per unit: income (m, q) and risk (m,) of a unit lent, and
    what a client that stays takes off the churn (m, q); `refused`: w when nobody is lent to."""

    income: Floats
    risk: Floats
    ease: Floats
    refused: float
    low: Floats
    high: Floats
    forced: Bools
    budget: float

    def point(self, amount: Floats, level: Ints) -> Floats:
        """(F/F*, H/H*, W/W*, money) of a plan."""
        rows = np.arange(level.size)
        lent = amount > 0.0
        f = float(amount @ self.income[rows, level])
        w = self.refused - float(self.ease[rows, level][lent].sum())
        return np.array([f, float(amount @ self.risk), w, float(amount.sum())])

    def respond(self, by: Floats, low: Ints, high: Ints) -> tuple[Ints, Floats, Floats, float]:
        """Under prices (risk, churn, money): levels within [low, high], amounts, worth of lending, reduced
        value."""
        each = self.income - (by[0] * self.risk + by[2])[:, None]
        amount = np.where(each > 0.0, self.high[:, None], self.low[:, None])
        lending = amount * each + by[1] * self.ease
        value = np.where(self.forced[:, None], lending, np.maximum(lending, 0.0))
        q = np.arange(value.shape[1])
        value = np.where((q < low[:, None]) | (q > high[:, None]), -np.inf, value)
        level = chain(value)
        rows = np.arange(level.size)
        worth = lending[rows, level]
        lent = (worth > 0.0) | self.forced
        return level, np.where(lent, amount[rows, level], 0.0), worth, float(value[rows, level].sum())


def _ratio(point: Floats) -> float:
    return float(point[0] / (0.5 * point[1] ** 2 + 0.5 * point[2] ** 2))


@dataclass(eq=False)
class _Search:
    sums: _Sums
    gap: float
    z: float = -np.inf
    amount: Floats = field(default_factory=lambda: np.zeros(0))
    level: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    nodes: int = 0

    def complete(self, level: Ints, worth: Floats, by: Floats) -> None:
        """Use the whole budget on the firms most worth it at these levels; keep the plan if its ratio is the
        best."""
        sums = self.sums
        order = np.argsort(np.where(sums.forced, -np.inf, -worth), kind="stable")
        most, least = np.cumsum(sums.high[order]), np.cumsum(sums.low[order])
        lent = int((worth > 0.0).sum() + (sums.forced & (worth <= 0.0)).sum())
        few = int(np.searchsorted(most, sums.budget * (1 - 1e-12))) + 1
        many = int(np.searchsorted(least, sums.budget * (1 + 1e-12), side="right"))
        if few > many:
            return
        for count in {min(max(lent, few), many), few, many}:
            chosen = order[:count]
            each = sums.income[chosen, level[chosen]] - by[0] * sums.risk[chosen]
            room = sums.high[chosen] - sums.low[chosen]
            rank = np.argsort(-each, kind="stable")
            before = np.cumsum(room[rank]) - room[rank]
            rest = sums.budget - float(sums.low[chosen].sum())
            amount = np.zeros(level.size)
            amount[chosen[rank]] = sums.low[chosen[rank]] + np.clip(rest - before, 0.0, room[rank])
            z = _ratio(sums.point(amount, level))
            if z > self.z:
                self.z, self.amount, self.level = z, amount, level

    def improve(self, t: float, h: float, w: float, low: Ints, high: Ints) -> None:
        """Plans at the prices that risk h and churn w call for, with the price of money that uses the
        budget."""
        for _ in range(3):
            cheap, dear = -2.0 / self.sums.budget, 4.0 / self.sums.budget
            before = self.z
            for _ in range(18):
                money = 0.5 * (cheap + dear)
                by = np.array([t * h, t * w, money])
                level, amount, worth, _ = self.sums.respond(by, low, high)
                self.complete(level, worth, by)
                if amount.sum() > self.sums.budget:
                    cheap = money
                else:
                    dear = money
            if self.z <= before * (1 + 1e-9):
                return
            point = self.sums.point(self.amount, self.level)
            t, h, w = self.z, float(point[1]), float(point[2])

    def bound(self, low: Ints, high: Ints, known: _Known) -> tuple[float, int, int, _Known]:
        """Upper bound of Z within level bounds (m,), where to branch (firm and level), and the plans it rests
        on; known: plans met before, of which those within the bounds are used."""
        sums, m = self.sums, low.size
        levels = [low.copy(), low.copy(), np.maximum.accumulate(high)]
        levels[2] = np.minimum(levels[2], high)
        nobody = np.where(sums.forced, sums.high, 0.0)
        points = [sums.point(nobody, low), sums.point(sums.high, low), sums.point(sums.high, levels[2])]
        tangents = [(1.0, 1.0), (2.0, 1.2)]
        for point, level in known:
            if np.all(level >= low) and np.all(level <= high):
                points.append(point)
                levels.append(level)
        t, best = max(self.z, 1e-9), np.inf
        weight = np.ones(1)
        for _ in range(TURNS):
            mixed, weight, by = _mixture(np.array(points), tangents, t, sums.budget)
            ratio = _ratio(mixed)
            if ratio > t * (1 + 1e-9):
                t = ratio
                tangents.append((float(mixed[1]), float(mixed[2])))
                mixed, weight, by = _mixture(np.array(points), tangents, t, sums.budget)
            level, amount, worth, value = sums.respond(by, low, high)
            top = value + by[2] * sums.budget - by[1] * sums.refused + (by[0] ** 2 + by[1] ** 2) / (2.0 * t)
            best = min(best, t + max(top, 0.0))
            self.complete(level, worth, by)
            if best <= self.z * (1 + self.gap) or top <= 0.2 * self.gap * t:
                break
            tangents.append((float(mixed[1]), float(mixed[2])))
            points.append(sums.point(amount, level))
            levels.append(level)
        if self.nodes % IMPROVE == 0:
            self.improve(t, float(mixed[1]), float(mixed[2]), low, high)
        used = np.flatnonzero(weight > 1e-9)
        stack = np.array([levels[j] for j in used], dtype=np.float64)
        share = weight[used] / weight[used].sum()
        mean = share @ stack
        spread = share @ (stack - mean) ** 2
        firm = int(np.argmax(np.minimum(spread, 1e9)))
        cut = int(np.clip(np.floor(mean[firm]), low[firm], max(high[firm] - 1, low[firm])))
        return best, firm if m else 0, cut, list(zip(points[3:], levels[3:], strict=True))[-KEPT:]


def _mixture(
    points: Floats, tangents: list[tuple[float, float]], t: float, budget: float
) -> tuple[Floats, Floats, Floats]:
    """The best convex combination of points at t: its point, its weights, and prices of risk, churn and
    money."""
    p, k = len(points), len(tangents)
    h, w = np.array(tangents).T
    above = np.zeros((2 * k, p + 2))
    above[:k, :p], above[k:, :p] = 2.0 * h[:, None] * points[:, 1], 2.0 * w[:, None] * points[:, 2]
    above[:k, p], above[k:, p + 1] = -1.0, -1.0
    exact = np.zeros((2, p + 2))
    exact[0, :p], exact[1, :p] = 1.0, points[:, 3] / budget
    found = linprog(
        np.concatenate([-points[:, 0], [t / 2.0, t / 2.0]]),
        A_ub=above,
        b_ub=np.concatenate([h**2, w**2]),
        A_eq=exact,
        b_eq=[1.0, 1.0],
        method="highs",
    )
    price = np.maximum(-found.ineqlin.marginals, 0.0)
    by = np.array([2.0 * float(price[:k] @ h), 2.0 * float(price[k:] @ w), -float(found.eqlin.marginals[1]) / budget])
    weight = np.maximum(found.x[:p], 0.0)
    return weight @ points / weight.sum(), weight, by


def solve_ratio(
    problem: Problem, *, gap: float = 1e-4, progress: Callable[[str, int, int], None] | None = None
) -> RatioPlan:
    """The plan of the largest Z with rates from `Terms.quoted`, not decreasing in the probability of default.

    The budget (on offered money) is used to the last yuan; fixed decisions are kept, other limits are not.
    gap: relative, of Z. Raises Infeasible where the budget can't be used up.
    """
    if faults := search_faults(gap, False, None):
        raise BadProblem(faults)
    firms, terms, n = problem.firms, problem.terms, len(problem.firms)
    firm = np.flatnonzero(problem.lendable)
    firm = firm[np.lexsort((firm, firms.grade[firm], firms.pd[firm]))]
    fixed = np.nan_to_num(problem.fixed_amount)[firm]
    forced = fixed > 0.0
    low, high = np.where(forced, fixed, firms.low[firm]), np.where(forced, fixed, firms.high[firm])
    rates = terms.quoted_rates
    stay = np.stack([terms.rates.stay(np.full(firm.size, r), firms.grade[firm]) for r in rates], axis=1)
    unit = terms.budget or 1.0
    full, risk = 1.0 - DEFAULT_RATE[firms.grade[firm]], firms.risk_value[firm]
    best_income = _optimum(problem, full * rates[-1], low, high)
    best_risk = -_optimum(problem, -risk, low, high)
    best_churn = (n - _most_staying(problem, stay.max(axis=1), low, high)) / n
    sums = _Sums(
        income=full[:, None] * rates * (unit / best_income),
        risk=risk * (unit / best_risk),
        ease=stay / (n * best_churn),
        refused=1.0 / best_churn,
        low=low / unit,
        high=high / unit,
        forced=forced,
        budget=terms.budget / unit,
    )

    def go_on(done: int) -> bool:
        if progress is not None:
            progress("allocation_ratio", done, 0)
        return done < NODES

    search, bound = _branch(sums, gap, go_on)
    amount, rate = np.zeros(n), np.full(n, np.nan)
    amount[firm], rate[firm] = search.amount * unit, rates[search.level]
    kappa = problem.cost / np.maximum(problem.gain, 1e-12)
    plan = make_plan(
        problem,
        amount,
        rate,
        best=terms.rates.best(kappa, firms.grade),
        bound=float("nan"),
        price=0.0,
        limits=(budget_use(problem, float(amount.sum()), 0.0),),
        status="within_gap" if bound <= search.z * (1 + gap) else "feasible",
        method="ratio",
    )
    point = sums.point(search.amount, search.level)
    return RatioPlan(
        plan=plan,
        z=search.z,
        bound=max(bound, search.z),
        income=float(point[0]) * best_income,
        risk=float(point[1]) * best_risk,
        churn=float(point[2]) * best_churn,
        best_income=best_income,
        best_risk=best_risk,
        best_churn=best_churn,
        nodes=search.nodes,
    )


def _branch(sums: _Sums, gap: float, go_on: Callable[[int], bool]) -> tuple[_Search, float]:
    """Best-first branch and bound on running levels; the search and the bound it ends with."""
    m, q = sums.income.shape
    search = _Search(sums, gap)
    root = (np.zeros(m, dtype=np.int64), np.full(m, q - 1))
    top, firm, cut, known = search.bound(*root, [])
    heap, count = [(-top, 0, root, firm, cut, known)], 1
    search.nodes = 1
    while heap and -heap[0][0] > search.z * (1 + gap) and go_on(search.nodes):
        parent, _, (low, high), firm, cut, known = heapq.heappop(heap)
        if low[firm] == high[firm]:
            heapq.heappush(heap, (parent, count, (low, high), firm, cut, known))
            break
        below, above = high.copy(), low.copy()
        below[: firm + 1] = np.minimum(below[: firm + 1], cut)
        above[firm:] = np.maximum(above[firm:], cut + 1)
        for child in ((low, below), (above, high)):
            top, at, where, met = search.bound(*child, known)
            search.nodes += 1
            count += 1
            heapq.heappush(heap, (max(-top, parent), count, child, at, where, met))
    return search, max(-heap[0][0] if heap else search.z, search.z)


def _optimum(problem: Problem, earn: Floats, low: Floats, high: Floats) -> float:
    """Largest sum of amount times `earn` (m,) that uses the whole budget."""
    order = np.argsort(-earn, kind="stable")
    shelf = Shelf(order, earn[order], low[order], high[order], problem.terms.budget, True)
    try:
        amount, _, _ = allot(shelf, EXACT)
    except CannotSpend as error:
        have = error.have
        use = budget_use(problem, have or 0.0, 0.0)
        raise Infeasible((Conflict(use, problem.terms.budget, have),)) from None
    return float(amount @ shelf.earn)


def _most_staying(problem: Problem, stay: Floats, low: Floats, high: Floats) -> float:
    """The most clients that can be expected to stay when the budget is used: a knapsack on the smallest
    loans."""
    budget = problem.terms.budget
    if low.sum() <= budget:
        return float(stay.sum())
    found = milp(
        -stay,
        integrality=np.ones(stay.size),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(low / budget, -np.inf, 1.0),
            LinearConstraint(high / budget, 1.0, np.inf),
        ],
        options={"mip_rel_gap": 1e-9},
    )
    return -float(found.fun) if found.x is not None else 0.0
