"""The bank's problem with the budget as its only limit, solved by the price of a yuan.

The best rate of a firm doesn't depend on its amount, so only the money is scarce: with a price per yuan every
firm that earns more takes its full amount. Sorting by what a yuan earns gives the price and, with one firm
cut at the budget, the bound of Lagrangian duality. Where the cut firm's rest is below its smallest loan, a
few exchanges and then a small mixed-integer programme over the firms near the price repair it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, vstack
from scipy.sparse import diags_array as diagonal

from credit_udfs.core.allocation.plan import Conflict, Infeasible, LimitUse, Plan, Status, make_plan
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.types import Floats, Ints

EXACT = 1e-9
FEW = 8
"""Undecided firms whose subsets are all tried, which is quicker than a programme."""


@dataclass(frozen=True, eq=False)
class Shelf:
    """Firms by what a yuan earns, best first, and the budget left for them. Arrays (m,)."""

    firm: Ints
    earn: Floats
    low: Floats
    high: Floats
    budget: float
    spend_all: bool

    def fill(self, chosen: Ints) -> tuple[Floats, float] | None:
        """Best amounts when exactly `chosen` (positions, increasing) get loans, and their value; None if
        impossible."""
        low, high = self.low[chosen], self.high[chosen]
        rest = self.budget - float(low.sum())
        if rest < -1e-9 * max(self.budget, 1.0):
            return None
        rest = max(rest, 0.0)
        room = np.cumsum(high - low)
        extra = np.clip(rest - (room - (high - low)), 0.0, high - low)
        if self.spend_all and (room.size == 0 or room[-1] < rest * (1 - 1e-12)) and rest > 0:
            return None
        amount = np.zeros(self.firm.size)
        amount[chosen] = low + extra
        return amount, float(amount @ self.earn)


def solve_budget_only(problem: Problem, *, gap: float, prove: bool) -> Plan:
    """Optimal plan for a budget on offered money with fixed decisions; any other limit is ignored.

    gap: relative gap at which the repair of the cut firm stops; prove: close it to 1e-9.
    Equal earnings are served in order of lower probability of default, then of the list, as far as the rest of the
    budget doesn't fit others better; a firm whose best yuan earns nothing gets nothing, unless the whole budget is to
    be used. Raises Infeasible then, when it can't be.
    """
    terms = problem.terms
    best, fixed, fixed_value, shelf = lay_out(problem)
    try:
        amounts, bound, price = allot(shelf, EXACT if prove else gap, fixed_value)
    except CannotSpend as error:
        have = None if error.have is None else error.have + float(fixed.sum())
        use = budget_use(problem, have or 0.0, 0.0)
        raise Infeasible((Conflict(use, terms.budget, have),)) from None
    amount = fixed.copy()
    amount[shelf.firm] = amounts
    # Nothing sharper than the arithmetic of the sums can be claimed.
    value = fixed_value + float(amounts @ shelf.earn)
    bound = max(bound, value)
    distance = (bound - value) / max(abs(bound), 1e-300)
    status: Status = "optimal" if distance <= EXACT else "within_gap" if distance <= gap else "feasible"
    use = budget_use(problem, float(amount.sum()), price)
    return make_plan(
        problem,
        amount,
        best[0],
        best=best,
        bound=bound,
        price=price,
        limits=(use,),
        status=status,
        method="price",
    )


def lay_out(problem: Problem) -> tuple[tuple[Floats, Floats], Floats, float, Shelf]:
    """Best rates and the shares that stay there (n,), fixed amounts (n,) and what they earn, and the other firms on
    the shelf."""
    terms, firms = problem.terms, problem.firms
    kappa = problem.cost / np.maximum(problem.gain, 1e-12)
    best = terms.rates.best(kappa, firms.grade)
    earning = problem.earning(*best)
    fixed = np.where(problem.lendable, np.nan_to_num(problem.fixed_amount), 0.0)
    fixed_value = float(np.nansum(fixed * np.nan_to_num(earning)))
    rows = np.flatnonzero(problem.lendable & (fixed == 0.0))
    if not terms.use_all_budget:
        rows = rows[earning[rows] > 0.0]
    order = rows[np.lexsort((firms.pd[rows], -earning[rows]))]
    left = terms.budget - float(fixed.sum())
    shelf = Shelf(order, earning[order], firms.low[order], firms.high[order], left, terms.use_all_budget)
    return best, fixed, fixed_value, shelf


def budget_use(problem: Problem, used: float, price: float) -> LimitUse:
    """The budget as a limit."""
    name = "use_all_budget" if problem.terms.use_all_budget else "budget"
    if problem.terms.budget_basis == "drawn":
        name += "_drawn"
    budget = problem.terms.budget
    return LimitUse("budget", name, {"amount": budget}, used, budget, price=price)


class CannotSpend(Exception):
    """The whole budget can't be lent; `have` is the most that can, None where only the smallest loans forbid
    it."""

    def __init__(self, have: float | None) -> None:
        super().__init__(have)
        self.have = have


def allot(shelf: Shelf, gap: float, fixed_value: float = 0.0) -> tuple[Floats, float, float]:
    """Amounts (m,), bound of the value (with `fixed_value`, to which the gap relates, added), price of a
    yuan.

    Raises CannotSpend where the whole budget is to be lent and can't be.
    """
    tiny = 1e-12 * max(shelf.budget, 1.0)
    fits = np.flatnonzero(shelf.low <= shelf.budget + tiny)
    if fits.size < shelf.firm.size:  # the others' smallest loans exceed the budget
        columns = (shelf.firm[fits], shelf.earn[fits], shelf.low[fits], shelf.high[fits])
        amount = np.zeros(shelf.firm.size)
        amount[fits], bound, price = allot(Shelf(*columns, shelf.budget, shelf.spend_all), gap, fixed_value)
        return amount, bound, price
    total = np.cumsum(shelf.high)
    if shelf.firm.size == 0 or total[-1] <= shelf.budget + tiny:
        have = float(total[-1]) if shelf.firm.size else 0.0
        if shelf.spend_all and have < shelf.budget - tiny:
            raise CannotSpend(have)
        return shelf.high.copy(), fixed_value + float(shelf.high @ shelf.earn), 0.0
    cut = int(np.searchsorted(total, shelf.budget + tiny, side="right"))
    price = float(shelf.earn[cut])
    rest = max(shelf.budget - (float(total[cut - 1]) if cut else 0.0), 0.0)
    whole = np.arange(cut)
    bound = fixed_value + float(shelf.high[:cut] @ shelf.earn[:cut]) + rest * price
    if rest <= tiny or rest >= shelf.low[cut]:
        filled = shelf.fill(whole if rest <= tiny else np.arange(cut + 1))
        if filled is not None:
            # With several loans cut by nothing at all, whole ones come first: fill() tops up in order.
            amount = np.zeros(shelf.firm.size)
            amount[:cut] = shelf.high[:cut]
            amount[cut] = rest if rest > tiny else 0.0
            return amount, bound, price
    best = _exchange(shelf, cut, rest)
    value = best[1] if best else -np.inf
    if fixed_value + value < bound - gap * abs(bound):
        better, dual = _near_price(shelf, price, bound - fixed_value, value)
        bound = min(bound, fixed_value + dual)
        if better is not None and better[1] > value:
            best = better
    if best is None:
        if shelf.spend_all:
            raise CannotSpend(None)
        return np.zeros(shelf.firm.size), bound, price
    return best[0], bound, price


def _exchange(shelf: Shelf, cut: int, rest: float) -> tuple[Floats, float] | None:
    """The best of: leave the rest, squeeze the cut firm in, give the rest to a later firm, drop an earlier
    firm."""
    whole = np.arange(cut)
    tries = [whole, np.arange(cut + 1)]
    fits = cut + 1 + np.flatnonzero(shelf.low[cut + 1 :] <= rest)
    if fits.size:
        gain = np.minimum(rest, shelf.high[fits]) * shelf.earn[fits]
        tries.append(np.append(whole, fits[np.argmax(gain)]))
    for drop in range(max(cut - 3, 0), cut):
        tries.append(np.delete(np.arange(cut + 1), drop))
    found = [filled for chosen in tries if (filled := shelf.fill(chosen)) is not None]
    return max(found, key=lambda pair: pair[1], default=None)


def _near_price(shelf: Shelf, price: float, bound: float, value: float) -> tuple[tuple[Floats, float] | None, float]:
    """Close the gap exactly over the firms that it leaves undecided, few of them one by one, more by a small MILP; the
    bound too."""
    room = bound - value
    above = shelf.earn > price
    sure = above & (shelf.high * (shelf.earn - price) > room)
    out = ~above & (shelf.low * (price - shelf.earn) > room)
    undecided = np.flatnonzero(~sure & ~out)
    sure_rows = np.flatnonzero(sure)
    if undecided.size <= FEW:
        subsets = (undecided[np.array(pick, dtype=bool)] for pick in product((False, True), repeat=undecided.size))
        tried = (shelf.fill(np.sort(np.concatenate([sure_rows, some]))) for some in subsets)
        best = max((filled for filled in tried if filled is not None), key=lambda pair: pair[1], default=None)
        return best, bound if best is None else max(best[1], value)
    # Sure firms keep their loan; those with the lowest earnings may have to give some of it back.
    need = float(shelf.low[undecided].sum())
    slack = np.cumsum((shelf.high - shelf.low)[sure_rows][::-1])
    elastic = sure_rows[::-1][: int(np.searchsorted(slack, need)) + 1]
    kept = np.setdiff1d(sure_rows, elastic)
    rows = np.concatenate([elastic, undecided])
    m = rows.size
    budget = shelf.budget - float(shelf.high[kept].sum())
    unit = float(shelf.high[rows].max(initial=1.0))
    low, high = shelf.low[rows] / unit, shelf.high[rows] / unit
    earn = shelf.earn[rows]
    scale = float(np.abs(earn).max(initial=0.0)) or 1.0
    eye = diagonal(np.ones(m))
    matrix = vstack(
        [
            hstack([csr_array(np.ones((1, m))), csr_array((1, m))]),
            hstack([eye, -diagonal(high)]),
            hstack([-eye, diagonal(low)]),
        ]
    )
    top = np.concatenate([[budget / unit], np.zeros(2 * m)])
    bottom = np.full(2 * m + 1, -np.inf)
    if shelf.spend_all:
        bottom[0] = top[0]
    least = np.concatenate([np.zeros(m), np.repeat([1.0, 0.0], [elastic.size, undecided.size])])
    found = milp(
        np.concatenate([-earn / scale, np.zeros(m)]),
        integrality=np.repeat([0, 1], m),
        bounds=Bounds(least, np.concatenate([high, np.ones(m)])),
        constraints=LinearConstraint(matrix, bottom, top),
        options={"mip_rel_gap": EXACT},
    )
    base = float(shelf.high[kept] @ shelf.earn[kept])
    if found.x is None:
        return None, bound
    dual = base - float(found.mip_dual_bound) * scale * unit if found.mip_dual_bound is not None else bound
    chosen = np.sort(np.concatenate([kept, rows[found.x[m:] > 0.5]]))
    return shelf.fill(chosen), dual
