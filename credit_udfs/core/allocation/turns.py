"""Equal firms: whose turn it is where not all of them get the same.

Firms that are alike in everything a plan knows of them may be exchanged without any limit or the value noticing. So
which of them gets which loan is no result but a rule: in the order of the list, the larger loan first, and of equal
loans the one at the lower rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from credit_udfs.core.allocation.problem import Problem
from credit_udfs.types import Bools, Floats, Ints


def in_turn(problem: Problem, amount: Floats, rate: Floats, *, ordered: bool = False) -> tuple[Floats, Floats]:
    """Amounts and rates (n,; NaN where refused) with the loans of equal firms handed to them in the order of the list.

    Equal: the same probability of default, grade, smallest and largest loan, industry, group, repayment and shock, and
    nothing decided beforehand. ordered: rates don't fall in the order of risk; then a loan moves only to where its rate
    doesn't break that. Costs a sort of the probabilities, and more only where equal firms get different loans.
    """
    rows = np.flatnonzero(problem.lendable & np.isnan(problem.fixed_amount))
    label = np.zeros(rows.size, dtype=np.int64)
    for column in _attributes(problem, amount, rate, ordered):
        values = column(rows)
        order = np.lexsort((values, label)) if label.any() else np.argsort(values)
        rows, label = rows[order], label[order]
        same = (values[order][1:] == values[order][:-1]) & (label[1:] == label[:-1])
        if not same.any():
            return amount, rate
        label = np.concatenate([[0], np.cumsum(~same)])
        varied = np.zeros(label[-1] + 1, dtype=bool)
        varied[label[1:][same & _differ(amount[rows], rate[rows])]] = True
        kept = varied[label]
        rows, label = rows[kept], label[kept]
    rows = rows[np.lexsort((rows, label))]
    amount, rate = amount.copy(), rate.copy()
    takes = rows[np.lexsort((rate[rows], -amount[rows], label))]
    amount[rows], rate[rows] = amount[takes], rate[takes]
    return amount, rate


def _differ(amount: Floats, rate: Floats) -> Bools:
    """(m - 1,) whether a loan differs from the one before."""
    found: Bools = (amount[1:] != amount[:-1]) | ((amount[1:] > 0.0) & (rate[1:] != rate[:-1]))
    return found


def _attributes(
    problem: Problem, amount: Floats, rate: Floats, ordered: bool
) -> Iterator[Callable[[Ints], Floats | Ints]]:
    """What equal firms have in common, a look-up by rows each; what tells firms apart most comes first."""
    firms = problem.firms
    for column in (firms.pd, firms.grade, firms.high, firms.low, firms.repayment, firms.shock):
        if column is not None:
            yield column.__getitem__
    for names in (firms.sector, firms.group):
        if names is not None:
            yield partial(_codes, names)
    if ordered:
        yield _next_rate(problem, amount, rate).__getitem__


def _codes(names: Sequence[str], rows: Ints) -> Ints:
    return np.unique([names[row] for row in rows.tolist()], return_inverse=True)[1]


def _next_rate(problem: Problem, amount: Floats, rate: Floats) -> Floats:
    """(n,) the rate of the first firm lent to at or after each in the order of risk: the highest it could have."""
    firms = problem.firms
    order = np.lexsort((np.arange(len(firms)), firms.grade, firms.pd))
    rates = np.where(amount > 0.0, rate, np.inf)[order]
    out = np.empty(len(firms))
    out[order] = np.minimum.accumulate(rates[::-1])[::-1]
    return out
