"""The least that one limit can be brought to while others hold: a small mixed-integer programme.

What a loan is worth plays no part, only what it uses. A loan of b (low to high) at a rate where the share s stays
(least to most) is a mix of its four corners, so every limit is linear in the corners' weights: exactly, or where a
limit counts who stays beside one on drawn money, as a relaxation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from credit_udfs.core.allocation.lines import Lines
from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.types import Floats

FINER = 100.0
"""Loans are modelled in such parts of themselves: HiGHS keeps each row to 1e-7, which adds up over hundreds of
firms."""


def lowest(pool: Pool, rows: Sequence[int], at: int | None = None) -> Choice | None:
    """A choice within the limits `rows` of `pool`, of least activity in row `at` if given; None if there is none.

    Its rates are unknown (NaN), only the shares that stay.
    """
    m = pool.size
    least, most = pool.table.stay_range(pool.grade)
    amount, stay = np.stack([pool.low, pool.high, pool.low, pool.high]), np.stack([least, least, most, most])
    firm = np.tile(np.arange(m), 4)
    first, weights = np.zeros(4 * m, dtype=np.int64), m + np.arange(4 * m)
    ones = np.ones(4 * m)

    def used(row: int) -> Floats:
        """What row `row` charges the corners, (4 m,)."""
        money, drawn, count, stays = pool.coefficients(row)
        return (amount * (money + drawn * stay) + count + stays * stay).ravel() / FINER

    lines = Lines(5 * m)
    for row in rows:
        lines.add(pool.right[row : row + 1], (first, weights, used(row)))
    lent = np.arange(m)
    lines.add(np.zeros(m), (firm, weights, ones), (lent, lent, np.full(m, -FINER)))
    lines.add(np.zeros(m), (firm, weights, -ones), (lent, lent, np.full(m, FINER)))
    matrix, top = lines.matrix()
    found = milp(
        np.concatenate([np.zeros(m), np.zeros(4 * m) if at is None else FINER * used(at)]),
        integrality=np.repeat([1, 0], [m, 4 * m]),
        bounds=Bounds(np.concatenate([pool.forced, np.zeros(4 * m)]), np.repeat([1.0, FINER], [m, 4 * m])),
        constraints=LinearConstraint(matrix, -np.inf, top),
        options={"mip_rel_gap": 1e-9},
    )
    if found.x is None:
        return None
    lend = found.x[:m] > 0.5
    weight = np.where(lend, np.maximum(found.x[m:].reshape(4, m), 0.0), 0.0)
    # Shares by weight are right where they're counted, by money elsewhere: there a limit is about what is drawn.
    counted = weight if pool.has_stays else weight * amount
    with np.errstate(divide="ignore", invalid="ignore"):
        lent_amount = (weight * amount).sum(axis=0) / weight.sum(axis=0)
        stays = (counted * stay).sum(axis=0) / counted.sum(axis=0)
    return Choice(np.where(lend, lent_amount, 0.0), np.full(m, np.nan), np.where(lend, stays, least))
